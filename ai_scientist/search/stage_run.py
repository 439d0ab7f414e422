"""One stage while it runs: slots are kept busy and the journal true, whatever nodes, models and processes do.

One event loop. An expansion lives through four states: the policy chooses it (its place in the tree is reserved, so
that the next choice sees it as a visit); an operator makes a proposal (no slot is held); the checkpoint is committed
and the node recorded (it is paid for, and survives any crash from here); a slot evaluates it and its outcome is
recorded. Whenever one of these ends, as many are chosen as there is room for.
"""

from __future__ import annotations

import asyncio
import math
import traceback
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import cast

from ai_scientist.core.clock import Clock
from ai_scientist.core.errors import (
    AIScientistError,
    AnswerInvalid,
    BudgetExceeded,
    EditRejected,
)
from ai_scientist.core.ids import NodeId
from ai_scientist.search.checkpoints import Checkpoints, tree_hash
from ai_scientist.search.contracts import Checkpoint, Evaluator, Operator, Policy, ValueFunction
from ai_scientist.search.journal import Journal
from ai_scientist.search.members import node_id
from ai_scientist.search.node import Node, Outcome, Score, Status
from ai_scientist.search.operators import next_seeds, seeds_of_replica
from ai_scientist.search.stage import Expansion, Proposal, Stage
from ai_scientist.search.values import pool
from ai_scientist.search.views import StageView

GIVEN_UP_IN_A_ROW = 8
"""A stage ends when this many expansions in a row were given up: operators have run dry, or a model babbles."""

NEGLIGIBLE = 0.01
"""A proposal that takes less than this part of an evaluation is not asked for ahead of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What just happened in a stage, for whoever watches.

    Attributes:
        event: "stage_entered", "proposed", "finished", "rejected", "exhausted", "given_up", "stage_left".
        node: The node that it happened to, if one.
        nodes: Most nodes that the stage makes.
        running: Nodes being evaluated or waiting for a slot.
        proposing: Operators at work.
    """

    event: str
    stage: str
    node: Node | None
    made: int
    nodes: int
    running: int
    proposing: int
    best: NodeId | None
    best_score: Score | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a search works with; the scheduler's constructor says what each is."""

    journal: Journal
    checkpoints: Checkpoints
    operators: Mapping[str, Operator]
    evaluator: Evaluator
    value: ValueFunction
    slots: int
    calls: int
    seed: int
    tries: int
    evaluation_seconds: float | None
    proposal_seconds: float | None
    check_budget: Callable[[], None]
    progress: Callable[[Progress], None]
    clock: Clock


def tell(parts: Parts, view: StageView, event: str, node: Node | None = None) -> None:
    """Tell whoever watches what happened."""
    parts.progress(
        Progress(
            event=event,
            stage=view.stage.name,
            node=node,
            made=view.made,
            nodes=view.stage.nodes,
            running=len(view.running),
            proposing=view.pending,
            best=view.best,
            best_score=view.best_score,
        )
    )


class StageRun:
    """The work of one stage.

    Attributes:
        busy_seconds: Slot time that evaluations took.
    """

    def __init__(self, parts: Parts, view: StageView, policy: Policy) -> None:
        self.busy_seconds = 0.0
        self._parts, self._journal, self._view, self._policy = parts, parts.journal, view, policy
        self._stage: Stage = view.stage
        self._slots = asyncio.Semaphore(parts.slots)
        self._changed = asyncio.Event()
        self._under_way = 0
        self._stop: BudgetExceeded | None = None
        self._proposal_time, self._evaluation_time = _Average(), _Average()

    async def run(self) -> str:
        """Run the stage to its end and return why it ended."""
        try:
            async with asyncio.TaskGroup() as group:
                ending = await self._drive(group)
        except BaseExceptionGroup as failed:
            raise _first(failed) from None
        if self._stop:
            raise self._stop
        return ending

    async def _drive(self, group: asyncio.TaskGroup) -> str:
        """Start what there is room for whenever something has changed; return when nothing is left."""
        for original in self._view.unpooled:
            self._pool(original)
        for node in self._view.running:
            self._start(group, self._evaluate(self._journal.node(node), None))
        while True:
            self._changed.clear()
            while self._ending() is None and self._has_room():
                expansion = self._choose()
                if expansion is None:
                    break
                self._view.reserve(expansion)
                self._start(group, self._expand(expansion))
            if not self._under_way:
                return self._ending() or "exhausted"
            await self._changed.wait()

    def _start(self, group: asyncio.TaskGroup, work: Coroutine[object, object, None]) -> None:
        self._under_way += 1
        group.create_task(work).add_done_callback(self._ended)

    def _ended(self, _: asyncio.Task[None]) -> None:
        self._under_way -= 1
        self._changed.set()

    def _ending(self) -> str | None:
        """Why the stage is complete, judged by the journal alone; None if it goes on."""
        stage, view = self._stage, self._view
        if self._stop:
            return "budget"
        if stage.enough_good is not None and view.good >= stage.enough_good:
            return "enough_good"
        if stage.patience is not None and view.best and view.without_gain >= stage.patience:
            return "patience"
        if view.made + view.pending >= stage.nodes:
            return "nodes"
        return "given_up" if view.given_up_in_a_row >= GIVEN_UP_IN_A_ROW else None

    def _has_room(self) -> bool:
        """Whether another expansion may begin: bounded by slots, and by as many proposals ahead as keep them busy."""
        slots, proposing = self._parts.slots, self._view.pending
        under_way = proposing + len(self._view.running)
        if slots == 1:
            return under_way == 0
        return proposing < self._parts.calls and under_way < slots + self._ahead()

    def _ahead(self) -> int:
        """How many proposals to have under way beyond the slots: as many as become due while one is being made."""
        proposal, evaluation = self._proposal_time.seconds, self._evaluation_time.seconds
        if evaluation is None or proposal is None or proposal < NEGLIGIBLE * evaluation:
            return 0
        due = self._parts.slots * proposal / evaluation if evaluation else math.inf
        return self._parts.calls if due >= self._parts.calls else math.ceil(due)

    def _choose(self) -> Expansion | None:
        try:
            self._parts.check_budget()
        except BudgetExceeded as reached:
            self._end_by(reached)
            return None
        # One generator a choice, so that a resumed search draws what the unbroken one would have drawn.
        rng = Random(f"{self._parts.seed}/{self._stage.name}/{self._view.settled + self._view.pending}")
        return self._policy.select(self._journal, self._stage, rng)

    def _end_by(self, reached: BudgetExceeded) -> None:
        """Begin nothing new; what runs is paid for and may finish, unless time itself has run out."""
        if reached.limit.endswith("seconds"):
            raise reached
        self._stop = self._stop or reached

    async def _expand(self, expansion: Expansion) -> None:
        try:
            proposal = await self._ask(expansion)
        except BudgetExceeded as reached:
            self._end_by(reached)
            proposal = None
        finally:
            self._view.release(expansion)
        if proposal is not None:
            # Nothing is awaited between the check for twins in `_ask` and the record here.
            node, checkpoint = self._record(expansion, proposal)
            tell(self._parts, self._view, "proposed", node)
            self._changed.set()
            await self._evaluate(node, checkpoint)

    async def _ask(self, expansion: Expansion) -> Proposal | None:
        """Return a proposal that is a program of its own, or None after recording why there is none."""
        parts, stage, problem = self._parts, self._stage, "It was interrupted."
        operator, parents = parts.operators[expansion.operator], [self._journal.node(p) for p in expansion.parents]
        while self._view.tries(expansion).rejected < parts.tries:
            title, twin = "", None
            started = parts.clock.monotonic()
            self._view.ask()
            try:
                async with asyncio.timeout(parts.proposal_seconds):
                    proposal = await operator.expand(parents, stage, self._journal)
                if proposal is None:
                    self._journal.exhaust(stage.name, expansion)
                    tell(parts, self._view, "exhausted")
                    return None
                title, twin = proposal.title, self._twin(expansion, proposal)
                if twin is None:
                    return proposal
                problem = f"The program is the very same as that of {twin}, which has been evaluated on these seeds."
            except (EditRejected, AnswerInvalid) as error:
                problem = str(error)
            except AIScientistError:
                raise
            except TimeoutError:
                problem = "The proposal took too long."
            except Exception as error:  # an operator may be anybody's; it must not end the run
                problem = f"The operator failed: {_last_line(error)}"
            finally:
                self._view.answer()
                self._proposal_time.add(parts.clock.monotonic() - started)
            self._journal.reject(stage.name, expansion, why=problem, title=title, same_as=twin)
            tell(parts, self._view, "rejected")
        self._journal.give_up(stage.name, expansion, why=self._view.tries(expansion).problem or problem)
        tell(parts, self._view, "given_up")
        return None

    def _twin(self, expansion: Expansion, proposal: Proposal) -> NodeId | None:
        """Return an earlier node with the same program that these seeds would tell nothing new about, or None."""
        if not proposal.files:
            raise EditRejected("The program has no files.")
        wanted = set(self._stage.seeds)
        if expansion.operator == "replicate":
            wanted = set(next_seeds(self._journal, self._stage, expansion.parents[0]) or ())
        for other in self._journal.with_tree(tree_hash(proposal.files)):
            if self._journal.status(other) is Status.CANCELLED:
                continue
            node = self._journal.node(other)
            wanted -= set(node.outcome.seeds if node.outcome else self._journal.stage(node.stage).stage.seeds)
            if not wanted:
                return other
        return None

    def _record(self, expansion: Expansion, proposal: Proposal) -> tuple[Node, Checkpoint]:
        """Commit the program and record the node: ref first, then the line that names it."""
        journal, number = self._journal, len(self._journal) + 1
        stored = self._parts.checkpoints.commit(
            proposal.files,
            parents=[journal.node(parent).checkpoint for parent in expansion.parents],
            message=f"{node_id(number)} {expansion.operator}: {proposal.title}\n\n{proposal.rationale}",
            number=number,
        )
        node = Node(
            id=node_id(number),
            number=number,
            parents=expansion.parents,
            operator=expansion.operator,
            stage=self._stage.name,
            title=proposal.title,
            rationale=proposal.rationale,
            move=proposal.move,
            components=proposal.components,
            checkpoint=stored.id,
            tree=stored.tree,
            same_as=next(iter(journal.with_tree(stored.tree)), None),
            calls=proposal.calls,
        )
        journal.propose(node)
        return node, stored

    async def _evaluate(self, node: Node, checkpoint: Checkpoint | None) -> None:
        async with self._slots:
            started = self._parts.clock.monotonic()
            try:
                outcome = await self._measure(node, checkpoint or self._parts.checkpoints.load(node.checkpoint))
            except BudgetExceeded as reached:
                self._interrupt(node, reached)
                self._end_by(reached)
                return
            except BaseException as error:
                self._interrupt(node, error)
                raise
            finally:
                seconds = self._parts.clock.monotonic() - started
                self.busy_seconds += seconds
                self._evaluation_time.add(seconds)
            outcome, score = self._judge(outcome)
            finished = self._journal.finish(node.id, outcome, score)
            if self._view.member(node.id).is_replica:
                self._pool(node.parents[0])
        tell(self._parts, self._view, "finished", finished)

    async def _measure(self, node: Node, checkpoint: Checkpoint) -> Outcome:
        """Return what the evaluator says; if it fails itself, that is this node's outcome and nobody else's."""
        parts, seeds = self._parts, self._seeds(node)
        started = parts.clock.monotonic()
        try:
            async with asyncio.timeout(parts.evaluation_seconds):
                return await parts.evaluator.evaluate(node, checkpoint, seeds)
        except AIScientistError:
            raise
        except TimeoutError:
            status, why = Status.TIMED_OUT, "The evaluation took too long and was ended."
        except Exception as error:  # an evaluator may be anybody's; it must not end the run
            status, why = Status.CRASHED, f"The evaluator failed: {_last_line(error)}"
        return Outcome(status=status, diagnosis=why, seeds=seeds, wall_seconds=parts.clock.monotonic() - started)

    def _seeds(self, node: Node) -> tuple[int, ...]:
        """The seeds that a node is evaluated on: the stage's, or the next spare ones for a re-evaluation."""
        if not self._view.member(node.id).is_replica:
            return self._stage.seeds
        index = self._view.replicas(node.parents[0]).index(node.id)
        return seeds_of_replica(self._stage, index) or self._stage.seeds

    def _pool(self, original: NodeId) -> None:
        """Score a node over its own seeds and those of its re-evaluations."""
        own = self._journal.node(original).outcome
        replicas = [
            (replica, outcome)
            for replica in self._view.replicas(original)
            if (outcome := self._journal.node(replica).outcome) and outcome.status is Status.OK
        ]
        if own is None or not replicas:
            return
        _, score = self._judge(pool([own, *(outcome for _, outcome in replicas)]))
        names = [replica for replica, _ in replicas]
        self._journal.rescore(original, stage=self._stage.name, score=score, replicas=names)

    def _judge(self, outcome: Outcome) -> tuple[Outcome, Score | None]:
        """Return the outcome with its score; a program that ran but has no value here is refused, and so debugged."""
        if outcome.status is not Status.OK:
            return outcome, None
        why = f"The program ran, but gave no value for {self._stage.target!r}, which is what this stage measures."
        try:
            score = self._parts.value.score(outcome, self._stage)
        except Exception as error:  # a value function may be anybody's; it must not end the run
            score, why = None, f"The value function failed: {_last_line(error)}"
        if score is not None:
            return outcome, score
        return outcome.model_copy(update={"status": Status.REFUSED, "diagnosis": why, "measurements": ()}), None

    def _interrupt(self, node: Node, error: BaseException) -> None:
        why = "cancelled" if isinstance(error, asyncio.CancelledError) else _last_line(error)
        with suppress(AIScientistError):  # the journal itself may be what failed
            self._journal.interrupt(node.id, why)


class _Average:
    """A running mean of durations that forgets slowly."""

    def __init__(self) -> None:
        self.seconds: float | None = None

    def add(self, seconds: float) -> None:
        self.seconds = seconds if self.seconds is None else 0.9 * self.seconds + 0.1 * seconds


def _last_line(error: BaseException) -> str:
    return traceback.format_exception_only(error)[-1].strip()


def _first(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group that is no group itself."""
    first = failed.exceptions[0]
    return _first(cast("BaseExceptionGroup[BaseException]", first)) if isinstance(first, BaseExceptionGroup) else first
