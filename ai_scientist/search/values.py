"""Values: from an outcome to the number that policies compare. Higher is always better."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from ai_scientist.core.plan import Direction, Plan
from ai_scientist.search.contracts import Stage
from ai_scientist.search.node import Outcome, Score, Status


class MetricValue:
    """The declared metric of the stage's target condition: mean over datasets within a seed, then over seeds.

    Seeds that lack a dataset which others have do not count, so that means are over the same things.
    """

    def __init__(self, *, metric: str, direction: Direction, split: str = "test") -> None:
        self._metric = metric
        self._sign = 1.0 if direction == "higher" else -1.0
        self._split = split

    @classmethod
    def of_plan(cls, plan: Plan) -> MetricValue:
        """Return the value by a plan's primary metric."""
        return cls(metric=plan.primary_metric, direction=plan.metric(plan.primary_metric).direction, split=plan.split)

    def score(self, outcome: Outcome, stage: Stage) -> Score | None:
        """Return the signed mean with its standard error over seeds, or None if the target has no such metric."""
        if outcome.status is not Status.OK:
            return None
        by_seed: dict[int, dict[str, float]] = defaultdict(dict)
        for row in outcome.measurements:
            if (row.metric, row.condition, row.split) == (self._metric, stage.target, self._split):
                by_seed[row.seed][row.dataset] = row.value
        datasets = {name for values in by_seed.values() for name in values}
        means = [
            self._sign * math.fsum(by_seed[seed].values()) / len(datasets)
            for seed in sorted(by_seed)
            if len(by_seed[seed]) == len(datasets)
        ]
        if not means or not all(map(math.isfinite, means)):
            return None
        return summarise(means)


class CallableValue:
    """A user's own function: from an outcome to a number, higher is better; None if it has none."""

    def __init__(self, function: Callable[[Outcome], float | None]) -> None:
        self._function = function

    def score(self, outcome: Outcome, stage: Stage) -> Score | None:
        """Return what the function says of a valid outcome; no number, or no finite one, is no score."""
        value = self._function(outcome) if outcome.status is Status.OK else None
        return Score(value=value) if value is not None and math.isfinite(value) else None


def summarise(values: Sequence[float]) -> Score:
    """Return the mean of one value a seed, and its standard error; one seed has none."""
    n = len(values)
    mean = math.fsum(values) / n
    if n < 2:
        return Score(value=mean)
    spread = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    return Score(value=mean, stderr=math.sqrt(spread / n))
