"""Files of one JSON object a line, appended so that a crash can cost at most the line being written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.hashing import canonical_json


def write_atomic(path: Path, data: bytes) -> None:
    """Write a whole file so that a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def write_json(path: Path, value: object) -> None:
    """Write a plain value as indented JSON, atomically."""
    write_atomic(
        path, (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()
    )


def read_json(path: Path) -> Any:  # what JSON holds has no narrower type; callers validate it
    """Return what a JSON file holds.

    Raises:
        RunCorrupted: If the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RunCorrupted(f"{path} cannot be read: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a file.

    Attributes:
        raw: The bytes, without the line's end.
        value: What they say.
    """

    raw: bytes
    value: dict[str, Any]


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the whole lines of a file; a torn last line (no line end) is left out.

    Raises:
        RunCorrupted: If a whole line is not a JSON object.
    """
    for number, raw in enumerate(read_raw(path), 1):
        try:
            value = json.loads(raw)
        except ValueError as error:
            raise RunCorrupted(f"{path}, line {number}, is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise RunCorrupted(f"{path}, line {number}, is not an object.")
        yield Line(raw=raw, value=value)  # pyright: ignore[reportUnknownArgumentType]  # JSON


def read_raw(path: Path) -> Iterator[bytes]:
    """Yield the whole lines of a file as they are, without their ends; none if there is no such file."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for raw in file:
            if not raw.endswith(b"\n"):
                return
            yield raw[:-1]


class Appender:
    """The writing end of such a file.

    Opening it cuts off a torn last line, which a crash of the writer left.

    Attributes:
        dropped: The torn bytes that were cut off; empty nearly always.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.dropped = b""
        self._file = path.open("ab+")
        self._cut_torn_line()

    def _cut_torn_line(self) -> None:
        end = self._file.seek(0, os.SEEK_END)
        start, tail = end, b""
        while start > 0 and b"\n" not in tail:
            step = min(4096, start)
            start -= step
            self._file.seek(start)
            tail = self._file.read(step) + tail
        self.dropped = tail[tail.rfind(b"\n") + 1 :]
        if self.dropped:
            self._file.truncate(end - len(self.dropped))
        self._file.seek(0, os.SEEK_END)

    def append(self, value: object, *, sync: bool = True) -> bytes:
        """Write one object as a line and return the line's bytes.

        Args:
            value: The object.
            sync: Whether to wait until it is on disk. Without, it survives a kill but perhaps not a power cut.
        """
        raw = canonical_json(value).encode()
        self._file.write(raw + b"\n")
        self._file.flush()
        if sync:
            os.fsync(self._file.fileno())
        return raw

    def close(self) -> None:
        """Let the file go."""
        self._file.close()
