"""Values made of several judgements. A part that is missing is never imputed: without it there is no value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.plan import Direction
from ai_scientist.search.node import Outcome, Score
from ai_scientist.search.stage import Stage
from ai_scientist.search.values import MetricValue

Part = Callable[[Outcome, Stage], float | None]
"""A judgement of a valid outcome, from 0 to 1; None if it cannot be made."""

RESEARCH = {"novelty": 0.3, "significance": 0.4, "feasibility": 0.1, "impact": 0.2}
"""What a result is worth to a field."""

SOUNDNESS = {"novelty": 0.3, "significance": 0.3, "reproducibility": 0.2, "code_quality": 0.2}
"""What a result is worth to those who must build on it."""


class WeightedValue:
    """A weighted sum of parts."""

    def __init__(self, parts: Mapping[str, Part], *, weights: Mapping[str, float] = RESEARCH) -> None:
        """Take the parts and their weights.

        Raises:
            ConfigError: If a weight has no part, is negative, or the weights do not sum to 1.
        """
        if missing := sorted(weights.keys() - parts.keys()):
            raise ConfigError(f"The value needs parts that are not there: {', '.join(missing)}.")
        if min(weights.values(), default=0.0) < 0 or not math.isclose(math.fsum(weights.values()), 1, abs_tol=1e-9):
            raise ConfigError(f"The weights of a value are positive and sum to 1, not {dict(weights)}.")
        self._parts, self._weights = dict(parts), dict(weights)

    def score(self, outcome: Outcome, stage: Stage) -> Score | None:
        """Return the sum and its parts, or None if a part is missing or lies outside [0, 1]."""
        found: dict[str, float] = {}
        for name in self._weights:
            part = self._parts[name](outcome, stage)
            if part is None or not 0 <= part <= 1:
                return None
            found[name] = part
        return Score(value=math.fsum(self._weights[name] * part for name, part in found.items()), parts=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitectureValue:
    """The fitness of ASI-ARCH (arXiv:2507.18074): (σ(Δ loss) + σ(Δ benchmark) + judge) / 3, from 0 to 1.

    Each Δ is the improvement over the baseline relative to the baseline's own value, cut off at `span` and scaled so
    that σ sees at most ± `steepness`. The published program puts 0.5 in place of a part that failed; this does not.

    Attributes:
        loss: Metric of which less is better.
        benchmark: Metric of which more is better.
        baseline: Condition of the same outcome that both are compared with.
        judge: A grade from 1 to 10, or None.
        split: Of the rows that count.
        span: Relative improvement beyond which more counts no more.
        steepness: What σ is given there.
    """

    loss: str
    benchmark: str
    baseline: str
    judge: Callable[[Outcome, Stage], float | None]
    split: str = "test"
    span: float = 0.1
    steepness: float = 6.0

    def score(self, outcome: Outcome, stage: Stage) -> Score | None:
        """Return the composite and its parts, or None if any of them is missing."""
        loss = self._improvement(self.loss, "lower", outcome, stage)
        benchmark = self._improvement(self.benchmark, "higher", outcome, stage)
        grade = self.judge(outcome, stage)
        if loss is None or benchmark is None or grade is None or not 1 <= grade <= 10:
            return None
        parts = {"loss": loss, "benchmark": benchmark, "judge": (grade - 1) / 9}
        return Score(value=math.fsum(parts.values()) / 3, parts=parts)

    def _improvement(self, metric: str, direction: Direction, outcome: Outcome, stage: Stage) -> float | None:
        value = MetricValue(metric=metric, direction=direction, split=self.split)
        here = value.score(outcome, stage)
        there = value.score(outcome, stage.model_copy(update={"target": self.baseline}))
        if here is None or there is None or there.value == 0:
            return None
        change = (here.value - there.value) / abs(there.value) / self.span
        return 1 / (1 + math.exp(-self.steepness * max(-1.0, min(1.0, change))))
