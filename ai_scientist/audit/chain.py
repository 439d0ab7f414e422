"""The ledger: is every link of the chain whole, and is every recorded file still what it was?

Lines are read one by one and only what later checks need is kept, so memory grows with the number of paths and not
with the length of the ledger.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from ai_scientist.audit.notebook import Notebook
from ai_scientist.core.hashing import sha256_bytes, sha256_file
from ai_scientist.core.ledger import GENESIS, Event
from ai_scientist.core.run_folder import RunFolder

KEPT = frozenset(
    {
        "run.created",
        "model.answered",
        "agent.stood_in",
        "figures.seen",
        "plan.locked",
        "node.proposed",
        "node.finished",
        "stage.finished",
        "results.built",
        "displays.made",
        "figure.drawn",
        "table.made",
        "code.exported",
        "paper.compiled",
        "audit.done",
        "review.done",
        "sandbox.chosen",
        "checks.made",
    }
)
"""Kinds of events that later checks read."""

WRITTEN_ONCE = frozenset({"node.finished", "plan.locked"})
"""Kinds whose files never change: a second hash for one of their paths is a finding."""

OWN = "audit/"
"""The auditor's own output: written anew by each audit, so it is no evidence and is not compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What the ledger says of a file.

    Attributes:
        seq: Number of the event that made it last.
    """

    sha256: str
    seq: int
    kind: str


@dataclass(slots=True)
class Chain:
    """What a ledger holds, for later checks."""

    length: int = 0
    head: str = GENESIS
    lines: set[str] = field(default_factory=set[str])
    files: dict[str, Recorded] = field(default_factory=dict[str, Recorded])
    events: list[Event] = field(default_factory=list[Event])

    def of_kind(self, kind: str) -> list[Event]:
        """Return the events of a kind, oldest first."""
        return [event for event in self.events if event.kind == kind]


def read_chain(run: RunFolder, book: Notebook) -> Chain:
    """Return what the ledger holds; whatever breaks its chain is written down and reading goes on."""
    chain, latest = Chain(), ""
    if not run.ledger.exists():
        book.find("ledger", "ledger.jsonl", "The run has no ledger, so nothing in it can be traced.")
        return chain
    with run.ledger.open("rb") as file:
        for number, raw in enumerate(file, 1):
            where = f"ledger.jsonl, line {number}"
            book.look("ledger line")
            if not raw.endswith(b"\n"):
                book.find("ledger", where, "The last line is torn: its end is missing.")
                break
            event = _event(raw, where, book)
            line_hash = sha256_bytes(raw[:-1])
            if event is not None:
                if event.previous != chain.head:
                    book.find("ledger", where, "The line does not hold the hash of the line before: one was changed.")
                if event.seq != number - 1:
                    book.find("ledger", where, f"The event says it is number {event.seq}, but it is {number - 1}.")
                latest = _check_time(event, latest, where, book)
                _remember(event, chain, where, book)
            chain.head, chain.length = line_hash, number
            chain.lines.add(line_hash)
    return chain


def _event(raw: bytes, where: str, book: Notebook) -> Event | None:
    try:
        return Event.model_validate(json.loads(raw))
    except (ValueError, ValidationError):
        book.find("ledger", where, "The line is no event.")
        return None


def _check_time(event: Event, latest: str, where: str, book: Notebook) -> str:
    """Return the later of two times; an event that is long before its predecessor is a finding."""
    try:
        moment = datetime.fromisoformat(event.time)
    except ValueError:
        book.find("ledger", where, f"'{event.time}' is no time.")
        return latest
    # Clocks are set back by seconds when they are synchronised; a minute is no synchronisation.
    if latest and (datetime.fromisoformat(latest) - moment).total_seconds() > 60:
        book.find("ledger", where, f"The event is dated {event.time}, before the event in front of it ({latest}).")
    return max(latest, event.time)


def _remember(event: Event, chain: Chain, where: str, book: Notebook) -> None:
    if event.kind in KEPT:
        chain.events.append(event)
    for output in event.outputs:
        old = chain.files.get(output.path)
        if old and old.sha256 != output.sha256 and event.kind in WRITTEN_ONCE:
            book.find("ledger", where, f"{output.path} was recorded twice with different contents.")
        chain.files[output.path] = Recorded(sha256=output.sha256, seq=event.seq, kind=event.kind)


def check_files(run: RunFolder, chain: Chain, book: Notebook) -> None:
    """Compare every recorded file with its hash."""
    root = run.path
    for path, recorded in chain.files.items():
        if path.startswith(OWN):
            continue
        book.judge("artifact", path)
        try:
            _compare_file(root, path, recorded, book)
        except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
            book.find("artifact", path, f"The file cannot be read: {error}")


def _compare_file(root: Path, path: str, recorded: Recorded, book: Notebook) -> None:
    file = (root / path).resolve()
    if not file.is_relative_to(root):
        book.find("artifact", path, "The recorded path leads out of the run's folder.")
    elif not file.is_file():
        book.find("artifact", path, f"The file is missing; event {recorded.seq} ({recorded.kind}) made it.")
    elif sha256_file(file) != recorded.sha256:
        why = f"The file is not what event {recorded.seq} ({recorded.kind}) recorded: its hash differs."
        book.find(kind_of(path), path, why)


ANCHORS = {
    "audit/report.json": ("ledger",),
    "paper/context.json": ("provenance", "ledger"),
}
"""Files that hold the hash of the ledger's last line as it was when they were written, and where in them."""


def check_anchors(run: RunFolder, chain: Chain, book: Notebook) -> None:
    """A hash that was written down earlier must still be one of the ledger's lines: a new chain has others."""
    for path, keys in ANCHORS.items():
        try:
            value = json.loads((run.path / path).read_bytes())
            for key in keys:
                value = value.get(key, "")
        except (OSError, ValueError, AttributeError):
            continue  # absent, or said where it is read
        if value:
            book.look("anchor")
            if value not in chain.lines:
                why = f"{path} names {value[:12]} as the hash of its last line; no line has it: it was rewritten."
                book.find("ledger", "ledger.jsonl", why)


def check_expected(chain: Chain, head: str, book: Notebook) -> None:
    """A hash that was kept outside of the folder must be one of the ledger's lines: no forger could change it there."""
    if not head:
        return
    book.look("expected head")
    if not any(line.startswith(head) for line in chain.lines):
        why = f"No line has the hash {head[:16]}… that you expect: the ledger was written anew, or is another run's."
        book.find("ledger", "ledger.jsonl", why)


def check_strays(run: RunFolder, chain: Chain, book: Notebook) -> None:
    """Find results, figures, rows and papers that no event made."""
    patterns = ("results/**/*", "search/nodes/*/rows.jsonl", "search/nodes/*/config.json", "paper/paper.*")
    for pattern in patterns:
        for file in run.path.glob(pattern):
            path = file.relative_to(run.path).as_posix()
            if file.is_file() and path not in chain.files and not _is_by_product(file):
                book.find(kind_of(path), path, "No event of the ledger made this file.")


def _is_by_product(file: Path) -> bool:
    """Whether it is TeX's own scratch, or a file being written when a process died."""
    return file.name.startswith(".") or (
        file.parent.name == "paper" and file.suffix not in (".tex", ".pdf", ".bib", ".json")
    )


def kind_of(path: str) -> str:
    """Return the kind of artifact that a path is.

    >>> kind_of("search/nodes/n0001/rows.jsonl"), kind_of("results/figures/a.pdf"), kind_of("paper/references.bib")
    ('rows', 'figure', 'reference')
    """
    if path.endswith("rows.jsonl"):
        return "rows"
    places = {
        "results/figures/": "figure",
        "results/tables/": "table",
        "results/cells": "cell",
        "results/tests": "test",
        "paper/references": "reference",
        "plan.json": "plan",
        "literature/": "citation",
        "paper/": "paper",
        "reviews/": "review",
        "code/": "code",
    }
    return next((kind for start, kind in places.items() if path.startswith(start)), "artifact")
