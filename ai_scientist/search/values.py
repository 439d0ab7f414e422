"""Values: from an outcome to the number that policies compare. Higher is always better."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from ai_scientist.core.plan import Direction, Plan
from ai_scientist.search.contracts import ValueFunction
from ai_scientist.search.node import Measurement, Outcome, Score, Status
from ai_scientist.search.stage import Stage


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
        means = seed_means(outcome, metric=self._metric, condition=stage.target, split=self._split)
        return summarise([self._sign * mean for mean in means]) if means else None


def seed_means(outcome: Outcome, *, metric: str, condition: str, split: str) -> list[float]:
    """Return a condition's mean over datasets, seed by seed; empty if the outcome is not valid or lacks the metric."""
    if outcome.status is not Status.OK:
        return []
    by_seed: dict[int, dict[str, float]] = defaultdict(dict)
    for row in outcome.measurements:
        if (row.metric, row.condition, row.split) == (metric, condition, split):
            by_seed[row.seed][row.dataset] = row.value
    datasets = {name for values in by_seed.values() for name in values}
    means = [
        math.fsum(by_seed[seed].values()) / len(datasets)
        for seed in sorted(by_seed)
        if len(by_seed[seed]) == len(datasets)
    ]
    return means if all(map(math.isfinite, means)) else []


def target_mean(outcome: Outcome, plan: Plan) -> float | None:
    """Return the primary metric's mean for the plan's target, in its own unit, whatever the stage looked at."""
    means = seed_means(outcome, metric=plan.primary_metric, condition=plan.target, split=plan.split)
    return math.fsum(means) / len(means) if means else None


class CallableValue:
    """A user's own function: from an outcome to a number, higher is better; None if it has none."""

    def __init__(self, function: Callable[[Outcome], float | None]) -> None:
        self.function = function

    def score(self, outcome: Outcome, stage: Stage) -> Score | None:
        """Return what the function says of a valid outcome; no number, or no finite one, is no score."""
        value = self.function(outcome) if outcome.status is Status.OK else None
        return Score(value=value) if value is not None and math.isfinite(value) else None


def as_value(given: ValueFunction | Callable[[Outcome], float | None]) -> ValueFunction:
    """Return a user's value function as the search asks it: a plain callable is wrapped."""
    return given if isinstance(given, ValueFunction) else CallableValue(given)


def describe_value(value: ValueFunction) -> str:
    """Return how a ledger names a value function: where its class, or the function that it wraps, is defined."""
    given = value.function if isinstance(value, CallableValue) else type(value)
    return f"{given.__module__}.{getattr(given, '__qualname__', type(given).__qualname__)}"


class LowerBound:
    """Another value less some standard errors: what a node is worth at least, so that luck with few seeds wins less.

    A score without a standard error has no bound and is left as it is; as a key it loses ties to any that has one.
    """

    def __init__(self, value: ValueFunction, *, deviations: float = 1.0) -> None:
        self._value, self._deviations = value, deviations

    def score(self, outcome: Outcome, stage: Stage) -> Score | None:
        """Return the bound, with the mean among its parts."""
        score = self._value.score(outcome, stage)
        if score is None or score.stderr is None:
            return score
        bound = score.value - self._deviations * score.stderr
        return score.model_copy(update={"value": bound, "parts": {**score.parts, "mean": score.value}})


def pool(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome of one program over all the seeds that several of its nodes ran.

    A seed that ran twice counts as it came first.
    """
    seen: set[int] = set()
    rows: list[Measurement] = []
    for outcome in outcomes:
        rows += [row for row in outcome.measurements if row.seed not in seen]
        seen.update(outcome.seeds)
    first = outcomes[0]
    seeds = tuple(dict.fromkeys(seed for outcome in outcomes for seed in outcome.seeds))
    seconds = math.fsum(outcome.wall_seconds for outcome in outcomes)
    return first.model_copy(update={"measurements": tuple(rows), "seeds": seeds, "wall_seconds": seconds})


def summarise(values: Sequence[float]) -> Score:
    """Return the mean of one value a seed, and its standard error; one seed has none."""
    n = len(values)
    mean = math.fsum(values) / n
    if n < 2:
        return Score(value=mean)
    spread = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    return Score(value=mean, stderr=math.sqrt(spread / n))
