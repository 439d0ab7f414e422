"""The journal: every node and every decision of the search, one line each, appended before the next step begins.

The file is the only truth. Memory holds an index of it (where each node's lines stand, who its children are) and the
views of each stage; nodes themselves are read back when they are asked for, so that a large tree stays small.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections import OrderedDict
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

from pydantic import ValidationError
from pydantic_core import from_json

from ai_scientist.core.clock import Clock, SystemClock, stamp
from ai_scientist.core.errors import ConfigError, RunCorrupted, TransientError
from ai_scientist.core.ids import NodeId
from ai_scientist.core.jsonl import Appender
from ai_scientist.search.contracts import Expansion, Stage
from ai_scientist.search.group_sync import GroupSync
from ai_scientist.search.members import node_id, node_number
from ai_scientist.search.node import Node, Outcome, Score, Status
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
    Record,
    Root,
    StageEntered,
    StageLeft,
)
from ai_scientist.search.views import StageView

RECENT = 512
"""Nodes kept in memory."""

_OUTCOME = b',"outcome":{'
_FAILED = frozenset(Status) - {Status.OK, Status.CANCELLED}


@dataclass(slots=True)
class _Entry:
    """Where a node stands in the file, and what links it to others."""

    parents: tuple[int, ...]
    operator: str
    stage: str
    tree: str
    proposed_at: int
    finished_at: int = -1
    status: Status | None = None
    children: list[int] = field(default_factory=list[int])


class Journal:
    """The append-only record of nodes.

    Attributes:
        path: The file.
        dropped: Bytes of a torn last line, which a crash left and which was cut off (or, read-only, left out).
    """

    def __init__(self, path: Path, *, clock: Clock | None, appender: Appender | None) -> None:
        self.path = path
        self.dropped = appender.dropped if appender else b""
        self._clock = clock or SystemClock()
        self._appender = appender
        self._entries: list[_Entry] = []
        self._running: dict[int, None] = {}
        self._by_tree: dict[str, list[int]] = {}
        self._views: dict[str, StageView] = {}
        self._interruptions: dict[int, int] = {}
        self._recent: OrderedDict[int, Node] = OrderedDict()
        self._is_loading = True
        self._end = self._load()
        self._reader = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if path.exists() else -1
        self._sync = GroupSync(self._reader) if appender else None
        if appender and (self.dropped or not self._end):
            self._write(Opened(time=self._now(), dropped_bytes=len(self.dropped)))

    @classmethod
    def open(cls, path: Path, *, clock: Clock | None = None) -> Journal:
        """Open a journal for writing, made if it is missing; a torn last line is cut off and said.

        Raises:
            RunCorrupted: If a whole line is not what the search wrote.
            ConfigError: If the file cannot be written.
        """
        try:
            appender = Appender(path)
        except OSError as error:
            raise ConfigError(f"The journal {path} cannot be written: {error.strerror or error}.") from error
        try:
            return cls(path, clock=clock, appender=appender)
        except BaseException:
            appender.close()  # no line was written yet that a sync could still be under way for
            raise

    @classmethod
    def read(cls, path: Path) -> Journal:
        """Open a journal to look at; nothing in the file changes, and a torn last line is left out.

        Raises:
            RunCorrupted: If a whole line is not what the search wrote.
        """
        return cls(path, clock=None, appender=None)

    def close(self) -> None:
        """Let the file go."""
        if self._sync:
            self._sync.close()
            self._sync = None
        if self._appender:
            self._appender.close()
            self._appender = None
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Nodes

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def nodes(self) -> Sequence[Node]:
        """All nodes, oldest first; each is read from the file when it is looked at."""
        return _Nodes(self)

    def node(self, node: NodeId) -> Node:
        """Return a node.

        Raises:
            ConfigError: If there is none of that name.
            RunCorrupted: If its lines are not what the search wrote.
        """
        number = self._number(node)
        if number in self._recent:
            self._recent.move_to_end(number)
            return self._recent[number]
        entry = self._entries[number - 1]
        try:
            value: dict[str, Any] = json.loads(self._line(entry.proposed_at))["event"]["node"]
            if entry.finished_at >= 0:
                line = json.loads(self._line(entry.finished_at))
                value |= {"outcome": line["outcome"], "score": line["event"]["score"]}
            found = Node.model_validate(value)
        except (ValueError, KeyError, TypeError) as error:
            raise RunCorrupted(f"{self.path}: the lines of {node} cannot be read: {error}") from error
        if found.id != node or (found.outcome and found.outcome.status is not entry.status):
            raise RunCorrupted(f"{self.path}: the lines of {node} contradict themselves.")
        self._keep(found)
        return found

    def __contains__(self, node: object) -> bool:
        return isinstance(node, str) and 0 < node_number(NodeId(node)) <= len(self._entries)

    @property
    def running(self) -> tuple[Node, ...]:
        """Nodes without an outcome, oldest first: they are being evaluated, or will be again after a crash."""
        return tuple(self.node(node_id(number)) for number in sorted(self._running))

    def status(self, node: NodeId) -> Status | None:
        """Return what came of a node without reading it whole; None while it runs."""
        return self._entries[self._number(node) - 1].status

    def parents(self, node: NodeId) -> tuple[NodeId, ...]:
        """Return a node's parents without reading it whole."""
        return tuple(map(node_id, self._entries[self._number(node) - 1].parents))

    def children(self, node: NodeId) -> tuple[Node, ...]:
        """Return a node's children, oldest first."""
        return tuple(self.node(node_id(child)) for child in self._entries[self._number(node) - 1].children)

    def lineage(self, node: NodeId) -> tuple[NodeId, ...]:
        """Return a node and its line of first parents, the draft first."""
        line = [self._number(node)]
        while parents := self._entries[line[-1] - 1].parents:
            line.append(parents[0])
        return tuple(map(node_id, reversed(line)))

    def with_tree(self, tree: str) -> tuple[NodeId, ...]:
        """Return the nodes whose program has that hash, oldest first."""
        return tuple(map(node_id, self._by_tree.get(tree, ())))

    def interruptions(self, node: NodeId) -> int:
        """Return how often a node's evaluation was broken off."""
        return self._interruptions.get(self._number(node), 0)

    # Stages

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages that were entered, in order."""
        return tuple(self._views)

    def stage(self, name: str) -> StageView:
        """Return a stage's views.

        Raises:
            ConfigError: If the stage was not entered.
        """
        if name not in self._views:
            raise ConfigError(f"The search has not entered a stage named {name!r}; there are {', '.join(self._views)}.")
        return self._views[name]

    def best(self, stage: str) -> NodeId | None:
        """Return the best node of a stage, its roots included; None if it has no good node or was not entered."""
        return self._views[stage].best if stage in self._views else None

    def handed_on(self, stage: str) -> NodeId | None:
        """Return the node of a stage that a later one grows from; None if it has no good node or was not entered."""
        return self._views[stage].handed_on if stage in self._views else None

    @property
    def asked(self) -> int:
        """Proposals asked for in all stages, the one being asked for included.

        An operator that reads it before it awaits anything has a number that no other ask of the run shares, and that
        is the same when the ask is made again after a crash.
        """
        return sum(view.asked for view in self._views.values())

    def problem(self, stage: str, operator: str, parents: Sequence[NodeId]) -> str:
        """Return why an operator is asked again for these parents: what was wrong last time; empty on the first try."""
        if stage not in self._views:
            return ""
        tries = self._views[stage].tries(Expansion(parents=tuple(parents), operator=operator))
        return tries.problem if tries.rejected else ""

    # What happens

    def enter_stage(self, stage: Stage, roots: Mapping[NodeId, Score | None]) -> None:
        """Record that a stage begins, or goes on with other limits; roots are then those it began with."""
        if stage.name in self._views:
            old = self._views[stage.name]
            if old.stage == stage:
                return
            roots = {}
        self._write(
            StageEntered(
                time=self._now(), stage=stage, roots=tuple(Root(node=n, score=score) for n, score in roots.items())
            )
        )

    def leave_stage(self, stage: str, *, reason: str, best: NodeId | None) -> None:
        """Record that a stage is complete."""
        self._write(StageLeft(time=self._now(), stage=stage, reason=reason, best=best))
        self.sync()

    def sync(self) -> None:
        """Wait until every line is on the disk; a line that is not yet outlives this process, but no power cut.

        Raises:
            TransientError: If the disk refused.
        """
        try:
            if self._sync:
                self._sync.wait()
        except OSError as error:
            raise TransientError(f"The journal {self.path} cannot be written: {error.strerror or error}.") from error

    def propose(self, node: Node) -> None:
        """Record a node before it runs."""
        assert node.number == len(self) + 1, "nodes are numbered in the order of creation"
        assert node.id == node_id(node.number), "a node's name says its number"
        assert not node.is_finished, "a proposed node has no outcome yet"
        self._write(NodeProposed(time=self._now(), node=node))
        self._keep(node)

    def finish(self, node: NodeId, outcome: Outcome, score: Score | None) -> Node:
        """Record a node's outcome, once, and return the finished node."""
        before = self.node(node)
        assert not before.is_finished, "an outcome is written once"
        event = NodeFinished(time=self._now(), node=node, status=outcome.status, score=score)
        self._write(event, outcome)
        finished = before.model_copy(update={"outcome": outcome, "score": score})
        self._keep(finished)
        return finished

    def interrupt(self, node: NodeId, why: str) -> None:
        """Record that an evaluation was broken off; the node still has no outcome."""
        self._write(NodeInterrupted(time=self._now(), node=node, why=why))

    def rescore(self, node: NodeId, *, stage: str, score: Score | None, replicas: Sequence[NodeId]) -> None:
        """Record a node's score over its own outcome and those of its replications."""
        self._write(
            NodeRescored(time=self._now(), node=node, stage=stage, score=score, replicas=tuple(replicas)),
        )

    def reject(
        self, stage: str, expansion: Expansion, *, why: str, title: str = "", same_as: NodeId | None = None
    ) -> None:
        """Record that a proposal cannot be used."""
        self._write(
            ProposalRejected(
                time=self._now(),
                stage=stage,
                parents=expansion.parents,
                operator=expansion.operator,
                why=why,
                title=title,
                same_as=same_as,
            )
        )

    def give_up(self, stage: str, expansion: Expansion, *, why: str) -> None:
        """Record that an operator brought nothing usable in the tries that it had."""
        self._write(
            ExpansionGivenUp(
                time=self._now(), stage=stage, parents=expansion.parents, operator=expansion.operator, why=why
            )
        )

    def exhaust(self, stage: str, expansion: Expansion) -> None:
        """Record that an operator has nothing more for these parents in this stage."""
        self._write(
            OperatorExhausted(time=self._now(), stage=stage, parents=expansion.parents, operator=expansion.operator)
        )

    def events(self) -> Iterator[Record]:
        """Yield every line, oldest first, read and validated anew: for auditors and for replaying the growth.

        Raises:
            RunCorrupted: If a line is not what the search wrote.
        """
        with self.path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                if not raw.endswith(b"\n"):
                    return
                try:
                    yield Record.model_validate_json(raw)
                except ValidationError as error:
                    raise RunCorrupted(f"{self.path}, line {number}, is no line of a journal: {error}") from error

    # How it is kept

    def _now(self) -> str:
        return stamp(self._clock.now())

    def _number(self, node: NodeId) -> int:
        number = node_number(node)
        if not 0 < number <= len(self._entries):
            raise ConfigError(f"There is no node named {node!r}; there are {len(self)} nodes.")
        return number

    def _keep(self, node: Node) -> None:
        self._recent[node.number] = node
        self._recent.move_to_end(node.number)
        while len(self._recent) > RECENT:
            self._recent.popitem(last=False)

    def _line(self, offset: int) -> bytes:
        parts: list[bytes] = []
        while b"\n" not in (part := os.pread(self._reader, 65_536, offset)):
            if not part:
                raise RunCorrupted(f"{self.path} is shorter than it was.")
            parts.append(part)
            offset += len(part)
        return b"".join([*parts, part[: part.index(b"\n")]])

    def _write(self, event: Event, outcome: Outcome | None = None) -> None:
        if self._appender is None:
            raise ConfigError(f"The journal {self.path} is open for reading only.")
        line: dict[str, object] = {"event": event.model_dump(mode="json")}
        if outcome is not None:
            line["outcome"] = outcome.model_dump(mode="json")
        try:
            raw = self._appender.append(line, sync=False)
            if self._sync:
                self._sync.request()
        except OSError as error:
            with suppress(OSError):  # closing writes what is left over, and fails like the line itself
                self._appender.close()
            self._appender = None
            raise TransientError(f"The journal {self.path} cannot be written: {error.strerror or error}.") from error
        at, self._end = self._end, self._end + len(raw) + 1
        self._apply(event, at)

    def _load(self) -> int:
        """Read the file and return where its whole lines end."""
        at = number = 0
        if not self.path.exists():
            self._is_loading = False
            return at
        with self.path.open("rb") as file, _no_collection():
            for number, raw in enumerate(file, 1):
                if not raw.endswith(b"\n"):
                    self.dropped = raw
                    break
                try:
                    self._load_line(raw, at)
                except (ValueError, KeyError, TypeError, IndexError, AssertionError) as error:
                    raise RunCorrupted(f"{self.path}, line {number}, is no line of a journal: {error}") from error
                at += len(raw)
            for view in self._views.values():
                view.finish_loading()
        self._is_loading = False
        return at

    def _load_line(self, raw: bytes, at: int) -> None:
        head, found, _ = raw.partition(_OUTCOME)
        event: dict[str, Any] = from_json(head + b"}" if found else raw)["event"]
        # The two kinds of line that a large tree consists of take the short way past validation.
        if event["kind"] == "node_proposed":
            node = event["node"]
            parents = tuple(map(node_number, node["parents"]))
            if node["number"] != len(self._entries) + 1 or node["outcome"] is not None:
                raise ValueError(f"node {node['id']} is out of turn")
            self._apply_proposed(parents, node["operator"], node["stage"], node["tree"], at)
        elif event["kind"] == "node_finished":
            if not found:
                raise ValueError("an outcome is missing")
            number, score, status = node_number(event["node"]), event["score"], Status(event["status"])
            key = order_key(float(score["value"]), score["stderr"], number) if score and status is Status.OK else None
            stage = self._mark_finished(number, status, at)
            self._views[stage].load_finish(number, key, is_buggy=status in _FAILED)
        else:
            self._apply(EVENTS.validate_python(event), at)

    def _apply(self, event: Event, at: int) -> None:
        """Bring index and views up to date with an event whose line begins at that offset."""
        match event:
            case NodeProposed(node=node):
                parents = tuple(map(node_number, node.parents))
                self._apply_proposed(parents, node.operator, node.stage, node.tree, at)
            case NodeFinished(node=done, status=status, score=score):
                self._apply_finished(node_number(done), status, score, at)
            case NodeInterrupted(node=broken):
                number = self._number(broken)
                self._interruptions[number] = self._interruptions.get(number, 0) + 1
            case StageEntered(stage=stage) if stage.name not in self._views:
                roots = ((self._number(root.node), root.score) for root in event.roots)
                self._views[stage.name] = StageView(stage, roots, is_loading=self._is_loading)
            case StageEntered(stage=stage):
                self._views[stage.name].update(stage)
            case Opened(schema_version=version):
                if version != SCHEMA_VERSION:
                    raise ValueError(f"its version is {version}, and this program reads {SCHEMA_VERSION}")
            case _:
                self._apply_to_stage(event, self._views[event.stage])

    def _apply_to_stage(
        self, event: StageLeft | NodeRescored | ProposalRejected | ExpansionGivenUp | OperatorExhausted, view: StageView
    ) -> None:
        match event:
            case StageLeft(reason=reason, best=best):
                view.leave(reason, best)
            case NodeRescored(node=node, score=score):
                view.set_score(node_number(node), score)
            case ProposalRejected():
                view.reject(Expansion(parents=event.parents, operator=event.operator), event.why)
            case ExpansionGivenUp():
                view.give_up(Expansion(parents=event.parents, operator=event.operator), event.why)
            case OperatorExhausted():
                view.exhaust(Expansion(parents=event.parents, operator=event.operator))

    def _apply_proposed(self, parents: tuple[int, ...], operator: str, stage: str, tree: str, at: int) -> None:
        number = len(self._entries) + 1
        if not all(0 < parent < number for parent in parents):
            raise ValueError(f"node {number} has a parent that is not there")
        self._entries.append(
            _Entry(parents=parents, operator=sys.intern(operator), stage=sys.intern(stage), tree=tree, proposed_at=at)
        )
        for parent in parents:
            self._entries[parent - 1].children.append(number)
        self._running[number] = None
        self._by_tree.setdefault(tree, []).append(number)
        self._views[stage].propose(number, parents, operator)

    def _apply_finished(self, number: int, status: Status, score: Score | None, at: int) -> None:
        stage = self._mark_finished(number, status, at)
        self._views[stage].finish(number, score if status is Status.OK else None, is_buggy=status in _FAILED)

    def _mark_finished(self, number: int, status: Status, at: int) -> str:
        """Note an outcome in the index and return the node's stage."""
        entry = self._entries[number - 1]
        if number < 1 or entry.finished_at >= 0:
            raise ValueError(f"{node_id(number)} finished twice")
        entry.finished_at, entry.status = at, status
        del self._running[number]
        return entry.stage


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


class _Nodes(Sequence[Node]):
    """All nodes of a journal, each read when it is looked at."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __len__(self) -> int:
        return len(self._journal)

    @overload
    def __getitem__(self, position: int) -> Node: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[Node]: ...
    def __getitem__(self, position: int | slice) -> Node | Sequence[Node]:
        if isinstance(position, slice):
            return [self._journal.node(node_id(n + 1)) for n in range(*position.indices(len(self)))]
        number = position + 1 if position >= 0 else len(self) + position + 1
        if not 0 < number <= len(self):
            raise IndexError(position)
        return self._journal.node(node_id(number))
