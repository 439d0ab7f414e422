"""Spending less on what cannot win: cheap evaluations before dear ones, and an end for runs that fall behind.

A node that is filtered out is cancelled: it is neither a failure that wants debugging nor a result, and it is not
grown. Its diagnosis says what it was compared with, which no operator is shown.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from statistics import median

from ai_scientist.search.contracts import Checkpoint, Evaluator, ValueFunction
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Node, Outcome, Score, Status
from ai_scientist.search.stage import Stage
from ai_scientist.search.values import pool

Gate = Callable[[Node, Outcome], str]
"""Why a node goes no further, after a cheap evaluation; empty if it does."""

Curve = Mapping[int, float]
"""Step → value so far, higher is better."""


class Cascade:
    """Evaluators from cheap to dear; a node reaches the next one only through the gate before it."""

    def __init__(self, steps: Sequence[tuple[Evaluator, Gate]], last: Evaluator) -> None:
        self._steps, self._last = tuple(steps), last

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        """Return the last evaluator's outcome, or the first that failed or was stopped at a gate."""
        spent = 0.0
        for evaluator, gate in self._steps:
            outcome = await evaluator.evaluate(node, checkpoint, seeds)
            spent += outcome.wall_seconds
            if outcome.status is not Status.OK:
                return outcome.model_copy(update={"wall_seconds": spent})
            if why := gate(node, outcome):
                return _filtered(outcome, why, spent)
        outcome = await self._last.evaluate(node, checkpoint, seeds)
        return outcome.model_copy(update={"wall_seconds": spent + outcome.wall_seconds})


class Pilot:
    """Runs the first seeds first, and the others only if the node may still beat the best one.

    The comparison is with the best node on the same seeds, less `slack` standard deviations of that node between its
    seeds; so noise that seeds share cancels out. Drafts, debug steps and replications always run in full: the first
    must yield something to grow from, and the last are there for their numbers.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        *,
        journal: Journal,
        value: ValueFunction,
        seeds: int = 1,
        slack: float = 2.0,
        keeps_pilot: bool = True,
    ) -> None:
        """Take the parts.

        Args:
            evaluator: Measures a node on some of its seeds.
            journal: Of the search, for the best node.
            value: By which the two are compared.
            seeds: How many the pilot runs.
            slack: In standard deviations.
            keeps_pilot: Whether only the remaining seeds are run afterwards; False for an evaluator that keeps files
                of its last call only, which then runs all seeds again.
        """
        self._evaluator, self._journal, self._value = evaluator, journal, value
        self._seeds, self._slack, self._keeps_pilot = seeds, slack, keeps_pilot

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        """Return the whole outcome, the pilot's failure, or that the node was filtered out."""
        first = tuple(seeds[: self._seeds])
        bar = self._bar(node, first)
        if bar is None or len(first) == len(seeds):
            return await self._evaluator.evaluate(node, checkpoint, seeds)
        stage = self._journal.stage(node.stage).stage
        pilot = await self._evaluator.evaluate(node, checkpoint, first)
        score = self._value.score(pilot, stage)
        if pilot.status is not Status.OK or score is None:
            return pilot
        if score.value < bar:
            why = f"On seeds {first} it scored {score.value:.6g}; the best node less the slack has {bar:.6g} there."
            return _filtered(pilot, why, pilot.wall_seconds)
        rest = await self._evaluator.evaluate(node, checkpoint, seeds[len(first) :] if self._keeps_pilot else seeds)
        if rest.status is not Status.OK or not self._keeps_pilot:
            return rest.model_copy(update={"wall_seconds": pilot.wall_seconds + rest.wall_seconds})
        return pool([pilot, rest])

    def _bar(self, node: Node, seeds: Sequence[int]) -> float | None:
        """What a pilot must reach; None if the node runs in full anyway."""
        view = self._journal.stage(node.stage)
        if view.best is None or node.operator in ("draft", "debug", "replicate"):
            return None
        outcome = self._journal.node(view.best).outcome
        if outcome is None:
            return None
        whole, part = self._on(outcome, outcome.seeds, view.stage), self._on(outcome, seeds, view.stage)
        if whole is None or part is None:
            return None
        deviation = (whole.stderr or 0.0) * math.sqrt(len(outcome.seeds))
        return part.value - self._slack * deviation

    def _on(self, outcome: Outcome, seeds: Sequence[int], stage: Stage) -> Score | None:
        rows = tuple(row for row in outcome.measurements if row.seed in seeds)
        return self._value.score(outcome.model_copy(update={"measurements": rows, "seeds": tuple(seeds)}), stage)


class EarlyStop:
    """Ends an evaluation whose curve falls behind, by the median rule of Vizier (Golovin et al., 2017).

    A run is stopped at a step when the best value it has reached by then is below the median, over the runs that have
    ended, of their mean value up to that step.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        watch: Callable[[Node], Curve],
        *,
        earlier: Callable[[str], Iterable[Curve]] = lambda stage: (),
        after_runs: int = 5,
        after_steps: int = 3,
        every_seconds: float = 1.0,
    ) -> None:
        """Take the parts.

        Args:
            evaluator: Its evaluations are cancelled when they cannot win; it must clean up when that happens.
            watch: Reads a running node's curve as far as it has come.
            earlier: Curves of a stage's nodes that ended well before this object was made.
            after_runs: Ended runs that there must be before any is stopped.
            after_steps: Steps that every run gets.
            every_seconds: How often curves are looked at.
        """
        self._evaluator, self._watch, self._earlier = evaluator, watch, earlier
        self._after_runs, self._after_steps, self._every = after_runs, after_steps, every_seconds
        self._ended: dict[str, list[Curve]] = {}

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        """Return the outcome, or that the run was stopped; a replication is there for its numbers and never stopped."""
        ended = self._ended.get(node.stage)
        if ended is None:
            ended = self._ended[node.stage] = list(self._earlier(node.stage))
        started = asyncio.get_running_loop().time()
        work = asyncio.ensure_future(self._evaluator.evaluate(node, checkpoint, seeds))
        try:
            while not (await asyncio.wait({work}, timeout=self._every))[0]:
                if node.operator != "replicate" and (why := self._cannot_win(node, ended)):
                    break
            else:
                outcome = work.result()
                if outcome.status is Status.OK:
                    ended.append(self._watch(node))
                return outcome
        finally:
            if not work.done():
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work
        seconds = asyncio.get_running_loop().time() - started
        return Outcome(status=Status.CANCELLED, diagnosis=why, seeds=tuple(seeds), wall_seconds=seconds)

    def _cannot_win(self, node: Node, ended: Sequence[Curve]) -> str:
        curve = self._watch(node)
        if len(ended) < self._after_runs or len(curve) < self._after_steps:
            return ""
        step, reached = max(curve), max(curve.values())
        means = [sum(known) / len(known) for other in ended if (known := [v for s, v in other.items() if s <= step])]
        if not means or reached >= median(means):
            return ""
        return f"Stopped at step {step}: its best value, {reached:.6g}, is below the median of others' means."


def _filtered(outcome: Outcome, why: str, seconds: float) -> Outcome:
    return outcome.model_copy(
        update={"status": Status.CANCELLED, "diagnosis": why, "measurements": (), "wall_seconds": seconds}
    )
