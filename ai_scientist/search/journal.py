"""The journal: every node and every decision of the search, one line each, appended before the next step begins.

The file is the only truth. Memory holds an index of it (where each node's lines stand, who its children are) and the
views of each stage; nodes themselves are read back when they are asked for, so that a large tree stays small.
"""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, overload

from pydantic import ValidationError

from ai_scientist.core.clock import Clock, SystemClock, stamp
from ai_scientist.core.errors import ConfigError, RunCorrupted, TransientError
from ai_scientist.core.ids import NodeId
from ai_scientist.core.jsonl import Appender
from ai_scientist.search.group_sync import GroupSync
from ai_scientist.search.members import node_id, node_number
from ai_scientist.search.node import Node, Outcome, Score, Status
from ai_scientist.search.records import (
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
    Rewound,
    Root,
    StageEntered,
    StageLeft,
)
from ai_scientist.search.stage import Expansion, Stage
from ai_scientist.search.tree_index import TreeIndex
from ai_scientist.search.views import StageView

RECENT = 512
"""Nodes kept in memory."""


class Journal:
    """The append-only record of nodes.

    Attributes:
        path: The file.
        dropped: Bytes of a torn last line, which a crash left and which was cut off (or, read-only, left out).
    """

    def __init__(self, path: Path, *, clock: Clock | None, appender: Appender | None) -> None:
        self.path = path
        self._clock = clock or SystemClock()
        self._appender = appender
        self._recent: OrderedDict[int, Node] = OrderedDict()
        self._index = TreeIndex.load(path)
        self.dropped = appender.dropped if appender else self._index.torn
        self._reader = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if path.exists() else -1
        self._sync = GroupSync(self._reader) if appender else None
        if appender and (self.dropped or not self._index.end):
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
        return len(self._index.entries)

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
        number = self._index.number(node)
        if number in self._recent:
            self._recent.move_to_end(number)
            return self._recent[number]
        entry = self._index.entries[number - 1]
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
        return isinstance(node, str) and 0 < node_number(NodeId(node)) <= len(self)

    @property
    def running(self) -> tuple[Node, ...]:
        """Nodes without an outcome, oldest first: they are being evaluated, or will be again after a crash."""
        return tuple(self.node(node_id(number)) for number in sorted(self._index.running))

    def status(self, node: NodeId) -> Status | None:
        """Return what came of a node without reading it whole; None while it runs."""
        return self._index.entry(node).status

    def parents(self, node: NodeId) -> tuple[NodeId, ...]:
        """Return a node's parents without reading it whole."""
        return tuple(map(node_id, self._index.entry(node).parents))

    def children(self, node: NodeId, *, newest: int | None = None) -> tuple[Node, ...]:
        """Return a node's children, oldest first; of many, as many of the newest as are wanted."""
        children = self._index.entry(node).children
        return self._read(children if newest is None else children[-newest:])

    def newest(self, count: int) -> tuple[Node, ...]:
        """Return the nodes that ended last, the very last one at the end."""
        return self._read(self._index.finished[-count:])

    def newest_failed(self, count: int) -> tuple[Node, ...]:
        """Return the same of those that failed."""
        return self._read(self._index.failed[-count:])

    def lineage(self, node: NodeId) -> tuple[NodeId, ...]:
        """Return a node and its line of first parents, the draft first."""
        line = [self._index.number(node)]
        while parents := self._index.entries[line[-1] - 1].parents:
            line.append(parents[0])
        return tuple(map(node_id, reversed(line)))

    def is_withdrawn(self, node: NodeId) -> bool:
        """Return whether a rewind took the node out of the tree; it stays part of what was tried."""
        return self._index.entry(node).is_withdrawn

    def with_tree(self, tree: str) -> tuple[NodeId, ...]:
        """Return the nodes whose program has that hash, oldest first."""
        return tuple(map(node_id, self._index.by_tree.get(tree, ())))

    def interruptions(self, node: NodeId) -> int:
        """Return how often a node's evaluation was broken off."""
        return self._index.interruptions.get(self._index.number(node), 0)

    # Stages

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages that were entered, in order."""
        return tuple(self._index.views)

    def stage(self, name: str) -> StageView:
        """Return a stage's views.

        Raises:
            ConfigError: If the stage was not entered.
        """
        if name not in self._index.views:
            raise ConfigError(
                f"The search has not entered a stage named {name!r}; there are {', '.join(self._index.views)}."
            )
        return self._index.views[name]

    def best(self, stage: str) -> NodeId | None:
        """Return the best node of a stage, its roots included; None if it has no good node or was not entered."""
        return self._index.views[stage].best if stage in self._index.views else None

    def handed_on(self, stage: str) -> NodeId | None:
        """Return the node of a stage that a later one grows from; None if it has no good node or was not entered."""
        return self._index.views[stage].handed_on if stage in self._index.views else None

    @property
    def asked(self) -> int:
        """Proposals asked for in all stages, the one being asked for included.

        An operator that reads it before it awaits anything has a number that no other ask of the run shares, and that
        is the same when the ask is made again after a crash.
        """
        return sum(view.asked for view in self._index.views.values())

    def problem(self, stage: str, operator: str, parents: Sequence[NodeId]) -> str:
        """Return why an operator is asked again for these parents: what was wrong last time; empty on the first try."""
        if stage not in self._index.views:
            return ""
        tries = self._index.views[stage].tries(Expansion(parents=tuple(parents), operator=operator))
        return tries.problem if tries.rejected else ""

    # What happens

    def enter_stage(self, stage: Stage, roots: Mapping[NodeId, Score | None]) -> None:
        """Record that a stage begins, or goes on with other limits; roots are then those it began with."""
        if stage.name in self._index.views:
            old = self._index.views[stage.name]
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

    def begin_of(self, node: NodeId) -> int:
        """Return where in the file a node's first line begins."""
        return self._index.entry(node).proposed_at

    def end_of(self, node: NodeId) -> int:
        """Return where in the file the line of a node's outcome ends.

        Raises:
            ConfigError: If there is no such node, it has no outcome, or a rewind took it out of the tree.
        """
        entry = self._index.entry(node)
        if entry.finished_at < 0 or entry.is_withdrawn:
            raise ConfigError(f"{node} has no outcome, or is no part of the tree any more.")
        return entry.finished_to

    def rewind(self, node: NodeId) -> None:
        """Let the search forget what it proposed and decided after a node had its outcome; nothing is deleted.

        Nodes that ran at that moment keep the outcomes they got since.

        Raises:
            ConfigError: If the node has no outcome, or was itself withdrawn.
        """
        self._append(Rewound(time=self._now(), node=node, cut=self.end_of(node)))
        self.sync()
        self._index = TreeIndex.load(self.path)

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

    def _read(self, numbers: Sequence[int]) -> tuple[Node, ...]:
        return tuple(self.node(node_id(number)) for number in numbers)

    def _now(self) -> str:
        return stamp(self._clock.now())

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
        self._index.apply(event, self._append(event, outcome))

    def _append(self, event: Event, outcome: Outcome | None = None) -> int:
        """Write a line and return its length."""
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
        return len(raw) + 1


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
