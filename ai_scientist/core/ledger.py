"""The ledger: everything that happened in a run, one line an event, each line holding the hash of the one before.

A line's hash is the SHA-256 of its bytes, so a line that is changed, dropped or moved breaks every later link.
After a crash the file ends with a whole line (a torn one is cut when the ledger is opened) and the chain goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from ai_scientist.core.clock import Clock, stamp
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.hashing import sha256_bytes, sha256_file
from ai_scientist.core.ids import Sha256
from ai_scientist.core.jsonl import Appender, read_lines
from ai_scientist.core.values import Value

GENESIS = Sha256("0" * 64)
"""What the first line holds as the hash of the line before."""


class Output(Value):
    """A file that an event made. Path relative to the run's folder."""

    path: str
    sha256: str


class Event(Value):
    """One line.

    Attributes of note: `key` makes an event happen once: recording a key again with the same outputs adds nothing,
    so a step that is entered again after a crash leaves no double entry.
    """

    seq: int
    time: str
    kind: str = Field(description="What happened: 'plan.locked', 'node.finished', 'figure.drawn' …")
    actor: str = Field(description="Which part did it: 'harness', 'agent:writing', 'human' …")
    key: str
    inputs: tuple[str, ...] = Field(default=(), description="Hashes of what it was made from.")
    outputs: tuple[Output, ...] = ()
    facts: dict[str, Any] = Field(default_factory=dict, description="Plain JSON.")
    previous: str


class Ledger:
    """The writing end of a run's ledger, and its index in memory."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        path = folder / "ledger.jsonl"
        self._head, self._count = GENESIS, 0
        self._latest: dict[str, Event] = {}
        self._last: Event | None = None
        for event, line_hash in read_events(path):
            if event.previous != self._head:
                raise RunCorrupted(f"{path}: the chain breaks at line {self._count + 1}.")
            self._head, self._count = line_hash, self._count + 1
            self._latest[event.key] = self._last = event
        self._appender = Appender(path)

    @property
    def head(self) -> Sha256:
        """The hash of the last line."""
        return self._head

    def __len__(self) -> int:
        return self._count

    def record(
        self,
        kind: str,
        *,
        actor: str,
        key: str = "",
        inputs: Iterable[str] = (),
        files: Iterable[Path] = (),
        facts: Mapping[str, Any] | None = None,
    ) -> Event:
        """Append an event and return it; with files, their hashes are taken now.

        Args:
            kind: What happened.
            actor: Which part did it.
            key: What makes it the same event if it is recorded again; empty means kind and file names.
            inputs: Hashes of what it was made from.
            files: Files it made, inside the run's folder.
            facts: More, as plain JSON.
        """
        outputs = tuple(
            Output(path=file.relative_to(self._folder).as_posix(), sha256=sha256_file(file)) for file in files
        )
        key = key or ":".join([kind, *(output.path for output in outputs)])
        old, facts = self._latest.get(key), dict(facts or {})
        if old and old.kind == kind and old.outputs == outputs and old.facts == facts:
            return old
        event = Event(
            seq=self._count,
            time=stamp(self._clock.now()),
            kind=kind,
            actor=actor,
            key=key,
            inputs=tuple(inputs),
            outputs=outputs,
            facts=facts,
            previous=self._head,
        )
        self._head = sha256_bytes(self._appender.append(event.model_dump(mode="json")))
        self._count += 1
        self._latest[key] = self._last = event
        return event

    @property
    def last(self) -> Event | None:
        """The newest event of all."""
        return self._last

    def latest(self, key: str) -> Event | None:
        """Return the newest event of that key."""
        return self._latest.get(key)

    def close(self) -> None:
        """Let the file go."""
        self._appender.close()


def read_events(path: Path) -> Iterator[tuple[Event, Sha256]]:
    """Yield each event with the hash of its line.

    Raises:
        RunCorrupted: If a line is no event. The chain is the caller's to check.
    """
    for number, line in enumerate(read_lines(path), 1):
        try:
            event = Event.model_validate(line.value)
        except ValidationError as error:
            raise RunCorrupted(f"{path}, line {number}, is no event: {error}") from error
        yield event, sha256_bytes(line.raw)
