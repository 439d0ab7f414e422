"""The index of a journal: where each node stands in the file, who its children are, and the views of each stage.

It is built from the file's lines in their order, and kept by applying each new line once. Lines that a rewind withdrew
are known (their nodes keep their names, and stay part of what was tried), but no view holds them.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from ai_scientist.core.errors import ConfigError, RunCorrupted
from ai_scientist.core.ids import NodeId
from ai_scientist.search.members import node_id, node_number
from ai_scientist.search.node import Status
from ai_scientist.search.ranking import order_key
from ai_scientist.search.records import (
    EVENTS,
    SCHEMA_VERSION,
    Event,
    ExpansionGivenUp,
    NodeFinished,
    NodeInterrupted,
    NodeProposed,
    NodeRescored,
    Opened,
    OperatorExhausted,
    ProposalRejected,
    Rewound,
    StageEntered,
    StageLeft,
)
from ai_scientist.search.stage import Expansion
from ai_scientist.search.views import StageView

_OUTCOME = b',"outcome":{'
_FAILED = frozenset(Status) - {Status.OK, Status.CANCELLED}


@dataclass(slots=True)
class Entry:
    """Where a node stands in the file, and what links it to others."""

    parents: tuple[int, ...]
    operator: str
    stage: str
    tree: str
    proposed_at: int
    is_withdrawn: bool
    finished_at: int = -1
    finished_to: int = -1
    status: Status | None = None
    children: list[int] = field(default_factory=list[int])


class TreeIndex:
    """What a journal's lines say, in memory.

    Attributes:
        entries: Of all nodes, by number less one.
        views: By stage, in the order in which the stages were entered.
        running: Numbers of the nodes without an outcome.
        finished: Numbers of those with one, in the order in which they ended.
        failed: Those of them that failed.
        by_tree: Numbers of the nodes with each program.
        interruptions: How often a node's evaluation was broken off.
        end: Where the whole lines of the file end.
        torn: What follows them.
    """

    def __init__(self, withdrawn: Sequence[tuple[int, int]] = ()) -> None:
        self.entries: list[Entry] = []
        self.views: dict[str, StageView] = {}
        self.running: dict[int, None] = {}
        self.finished: list[int] = []
        self.failed: list[int] = []
        self.by_tree: dict[str, list[int]] = {}
        self.interruptions: dict[int, int] = {}
        self.end = 0
        self.torn = b""
        self._withdrawn = tuple(withdrawn)
        self._is_loading = False

    @classmethod
    def load(cls, path: Path) -> TreeIndex:
        """Return the index of a file; an empty one if there is no file.

        Raises:
            RunCorrupted: If a whole line is not what the search wrote.
        """
        withdrawn: list[tuple[int, int]] = []
        while True:
            index = cls(withdrawn)
            try:
                if path.exists():
                    index._load(path)
            except _NewsOfRewindError as news:
                # What the lines before it mean has changed: read them again, knowing what was withdrawn.
                withdrawn.append(news.span)
            else:
                return index

    def number(self, node: NodeId) -> int:
        """Return the number of a node that is there.

        Raises:
            ConfigError: If there is none of that name.
        """
        number = node_number(node)
        if not 0 < number <= len(self.entries):
            raise ConfigError(f"There is no node named {node!r}; there are {len(self.entries)} nodes.")
        return number

    def entry(self, node: NodeId) -> Entry:
        """Return where a node stands.

        Raises:
            ConfigError: If there is none of that name.
        """
        return self.entries[self.number(node) - 1]

    def apply(self, event: Event, size: int) -> None:
        """Bring everything up to date with a line of that many bytes, which stands at the end."""
        at, self.end = self.end, self.end + size
        self._apply(event, at)

    def _load(self, path: Path) -> None:
        self._is_loading = True
        with path.open("rb") as file, _no_collection():
            for number, raw in enumerate(file, 1):
                if not raw.endswith(b"\n"):
                    self.torn = raw
                    break
                at, self.end = self.end, self.end + len(raw)
                try:
                    self._read_line(raw, at)
                except (ValueError, KeyError, TypeError, IndexError) as error:
                    raise RunCorrupted(f"{path}, line {number}, is no line of a journal: {error}") from error
            for view in self.views.values():
                view.finish_loading()
        self._is_loading = False

    def _read_line(self, raw: bytes, at: int) -> None:
        head, found, _ = raw.partition(_OUTCOME)
        event: dict[str, Any] = from_json(head + b"}" if found else raw)["event"]
        # The two kinds of line that a large tree consists of take the short way past validation.
        if event["kind"] == "node_proposed":
            node = event["node"]
            parents = tuple(map(node_number, node["parents"]))
            if node["number"] != len(self.entries) + 1 or node["outcome"] is not None:
                raise ValueError(f"node {node['id']} is out of turn")
            self._propose(parents, node["operator"], node["stage"], node["tree"], at)
        elif event["kind"] == "node_finished":
            if not found:
                raise ValueError("an outcome is missing")
            number, score, status = node_number(event["node"]), event["score"], Status(event["status"])
            key = order_key(float(score["value"]), score["stderr"], number) if score and status is Status.OK else None
            if view := self._finish(number, status, at):
                view.load_finish(number, key, is_buggy=status in _FAILED)
        else:
            self._apply(EVENTS.validate_python(event), at)

    def _apply(self, event: Event, at: int) -> None:
        match event:
            case NodeProposed(node=node):
                self._propose(tuple(map(node_number, node.parents)), node.operator, node.stage, node.tree, at)
            case NodeFinished(node=node, status=status, score=score):
                number = node_number(node)
                if view := self._finish(number, status, at):
                    view.finish(number, score if status is Status.OK else None, is_buggy=status in _FAILED)
            case NodeInterrupted(node=node):
                number = self.number(node)
                self.interruptions[number] = self.interruptions.get(number, 0) + 1
            case Opened(schema_version=version):
                if version != SCHEMA_VERSION:
                    raise ValueError(f"its version is {version}, and this program reads {SCHEMA_VERSION}")
            case Rewound(cut=cut):
                if (cut, at) not in self._withdrawn:
                    raise _NewsOfRewindError((cut, at))
            case StageEntered() if not self._is_withdrawn(at):
                self._enter(event)
            case StageLeft() | NodeRescored() | ProposalRejected() | ExpansionGivenUp() | OperatorExhausted():
                if not self._is_withdrawn(at):
                    _tell_stage(self.views[event.stage], event)
            case _:
                pass

    def _enter(self, event: StageEntered) -> None:
        stage = event.stage
        if stage.name in self.views:
            self.views[stage.name].update(stage)
            return
        roots = ((self.number(root.node), root.score) for root in event.roots)
        self.views[stage.name] = StageView(stage, roots, is_loading=self._is_loading)

    def _propose(self, parents: tuple[int, ...], operator: str, stage: str, tree: str, at: int) -> None:
        number, is_withdrawn = len(self.entries) + 1, self._is_withdrawn(at)
        if not all(0 < parent < number for parent in parents):
            raise ValueError(f"node {number} has a parent that is not there")
        self.entries.append(Entry(parents, sys.intern(operator), sys.intern(stage), tree, at, is_withdrawn))
        for parent in parents:
            self.entries[parent - 1].children.append(number)
        if not is_withdrawn:
            self.running[number] = None
            self.by_tree.setdefault(tree, []).append(number)
            self.views[stage].propose(number, parents, operator)

    def _finish(self, number: int, status: Status, at: int) -> StageView | None:
        """Note an outcome, and return the view that wants to know; None if the node was withdrawn."""
        entry = self.entries[number - 1]
        if number < 1 or entry.finished_at >= 0:
            raise ValueError(f"{node_id(number)} finished twice")
        entry.finished_at, entry.finished_to, entry.status = at, self.end, status
        self.finished.append(number)
        if status in _FAILED:
            self.failed.append(number)
        if entry.is_withdrawn:
            return None
        del self.running[number]
        return self.views[entry.stage]

    def _is_withdrawn(self, at: int) -> bool:
        return any(cut <= at < until for cut, until in self._withdrawn)


def _tell_stage(
    view: StageView, event: StageLeft | NodeRescored | ProposalRejected | ExpansionGivenUp | OperatorExhausted
) -> None:
    match event:
        case StageLeft(reason=reason, best=best):
            view.leave(reason, best)
        case NodeRescored(node=node, score=score, replicas=replicas):
            view.set_score(node_number(node), score, replicas=len(replicas))
        case ProposalRejected():
            view.reject(Expansion(parents=event.parents, operator=event.operator), event.why)
        case ExpansionGivenUp():
            view.give_up(Expansion(parents=event.parents, operator=event.operator), event.why)
        case OperatorExhausted():
            view.exhaust(Expansion(parents=event.parents, operator=event.operator))


class _NewsOfRewindError(Exception):
    """A rewind was read that nobody had known of; `span` is what it withdraws."""

    def __init__(self, span: tuple[int, int]) -> None:
        super().__init__(span)
        self.span = span


@contextmanager
def _no_collection() -> Generator[None]:
    """Spare the garbage collector a large tree that is being built and holds no garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
