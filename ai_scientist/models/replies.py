"""Paid answers that came after the session that asked for them was killed: kept until somebody asks again.

On disk, below the call store: `replies/<key>.reply`, one HTTP response a call, whole or absent, without secrets; and
`replies/lock`, held by every courier for as long as it lives. Standard library only: the courier's process imports it.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

_log = logging.getLogger("ai_scientist.models")

_SUFFIX = ".reply"
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An endpoint's answer as it came: status, the headers that say how to read it, body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Replies:
    """The folder of one run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self._folder

    def wait(self) -> None:
        """Wait until no courier of an earlier session is at work: what was under way has arrived then, or never will.

        A courier gives each of its calls no more time than the call's own timeout. Whoever has one closes it first.
        """
        if not self._folder.exists():
            return
        with self._lock() as handle:
            said = False
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                except OSError:
                    if not said:
                        _log.warning("waiting for answers that were under way when an earlier session ended")
                        said = True
                    time.sleep(_PAUSE_SECONDS)

    @contextmanager
    def held(self) -> Generator[int]:
        """Yield a descriptor to hand on; whoever has it keeps `wait` waiting."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock() as handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
            yield handle

    def has(self, key: str) -> bool:
        """Whether an answer is kept."""
        return self._path(key).exists()

    def read(self, key: str) -> HttpReply | None:
        """Return a kept answer; None if there is none, or it cannot be read."""
        try:
            head, _, body = self._path(key).read_bytes().partition(b"\n")
            told = json.loads(head)
            return HttpReply(status=int(told["status"]), headers=dict(told["headers"]), body=body)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, key: str, reply: HttpReply) -> None:
        """Keep an answer; when this returns, it is on disk."""
        head = {name: value for name, value in asdict(reply).items() if name != "body"}
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
            file.write(json.dumps(head).encode() + b"\n" + reply.body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, self._path(key))

    def forget(self, key: str) -> None:
        """Keep an answer no longer."""
        self._path(key).unlink(missing_ok=True)

    def keys(self) -> list[str]:
        """Return what is kept."""
        return sorted(path.stem for path in self._folder.glob(f"*{_SUFFIX}"))

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"

    @contextmanager
    def _lock(self) -> Generator[int]:
        handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield handle
        finally:
            os.close(handle)
