"""Values: direction, datasets, seeds, and what has no value."""

from __future__ import annotations

import math

import pytest

from ai_scientist.core.errors import ConfigError
from ai_scientist.search.composite_values import RESEARCH, SOUNDNESS, ArchitectureValue, Part, WeightedValue
from ai_scientist.search.node import Measurement, Outcome, Status
from ai_scientist.search.stage import Stage
from ai_scientist.search.values import CallableValue, LowerBound, MetricValue, pool

STAGE = Stage(name="s", goal="g", operators=("draft",), target="proposed", nodes=1, seeds=(0, 1))


def outcome(*rows: tuple[str, str, int, float], status: Status = Status.OK) -> Outcome:
    measurements = tuple(
        Measurement(metric="loss", condition=condition, dataset=dataset, split="test", seed=seed, value=value)
        for condition, dataset, seed, value in rows
    )
    return Outcome(status=status, seeds=(0, 1), wall_seconds=1, measurements=measurements)


def test_a_metric_is_averaged_over_datasets_within_a_seed_then_over_seeds() -> None:
    rows = [("proposed", "a", 0, 1.0), ("proposed", "b", 0, 3.0), ("proposed", "a", 1, 2.0), ("proposed", "b", 1, 6.0)]
    score = MetricValue(metric="loss", direction="higher").score(outcome(*rows, ("baseline", "a", 0, 99.0)), STAGE)
    assert score is not None
    assert score.value == 3.0
    assert score.stderr == pytest.approx(1.0)  # seeds have 2 and 4: their deviation is √2, over √2


def test_lower_is_better_turns_the_sign_and_one_seed_has_no_error() -> None:
    score = MetricValue(metric="loss", direction="lower").score(outcome(("proposed", "a", 0, 0.25)), STAGE)
    assert score is not None
    assert (score.value, score.stderr) == (-0.25, None)


def test_other_stages_measure_other_conditions() -> None:
    value = MetricValue(metric="loss", direction="higher")
    rows = outcome(("proposed", "a", 0, 1.0), ("baseline", "a", 0, 2.0))
    tune = STAGE.model_copy(update={"target": "baseline"})
    assert [score.value for stage in (STAGE, tune) if (score := value.score(rows, stage))] == [1.0, 2.0]


def test_a_seed_without_a_dataset_that_others_have_does_not_count() -> None:
    rows = [("proposed", "a", 0, 1.0), ("proposed", "b", 0, 3.0), ("proposed", "a", 1, 100.0)]
    score = MetricValue(metric="loss", direction="higher").score(outcome(*rows), STAGE)
    assert score is not None
    assert score.value == 2.0


@pytest.mark.parametrize(
    "nothing",
    [
        outcome(("baseline", "a", 0, 1.0)),
        outcome(("proposed", "a", 0, math.nan)),
        outcome(("proposed", "a", 0, 1.0), status=Status.CRASHED),
        outcome(),
    ],
)
def test_what_has_no_number_has_no_score(nothing: Outcome) -> None:
    assert MetricValue(metric="loss", direction="higher").score(nothing, STAGE) is None


def test_a_function_of_the_user_s_is_a_value() -> None:
    value = CallableValue(lambda found: found.measurements[0].value if found.measurements else None)
    good = value.score(outcome(("proposed", "a", 0, 1.5)), STAGE)
    assert good is not None
    assert good.value == 1.5
    assert value.score(outcome(), STAGE) is None
    assert value.score(outcome(("proposed", "a", 0, math.inf)), STAGE) is None


def test_a_lower_bound_prefers_the_surer_of_two() -> None:
    lucky = outcome(("proposed", "a", 0, 1.0), ("proposed", "a", 1, 5.0))
    sure = outcome(("proposed", "a", 0, 2.4), ("proposed", "a", 1, 2.6))
    mean, bound = (
        MetricValue(metric="loss", direction="higher"),
        LowerBound(MetricValue(metric="loss", direction="higher")),
    )

    def value(function: MetricValue | LowerBound, of: Outcome) -> float:
        score = function.score(of, STAGE)
        assert score is not None
        return score.value

    assert value(mean, lucky) > value(mean, sure)
    assert value(bound, lucky) < value(bound, sure)
    assert value(bound, outcome(("proposed", "a", 0, 3.0))) == 3.0, "one seed has no bound"


def test_pooled_outcomes_count_each_seed_once() -> None:
    first = outcome(("proposed", "a", 0, 1.0), ("proposed", "a", 1, 2.0))
    second = outcome(("proposed", "a", 1, 99.0), ("proposed", "a", 7, 6.0)).model_copy(update={"seeds": (1, 7)})
    pooled = pool([first, second])
    assert pooled.seeds == (0, 1, 7)
    assert [row.value for row in pooled.measurements] == [1.0, 2.0, 6.0]
    assert pooled.wall_seconds == 2


def constant(value: float | None) -> Part:
    return lambda found, stage: value


@pytest.mark.parametrize("weights", [RESEARCH, SOUNDNESS])
def test_a_weighted_value_is_the_sum_of_its_parts(weights: dict[str, float]) -> None:
    parts = {name: constant(position / 4) for position, name in enumerate(weights)}
    score = WeightedValue(parts, weights=weights).score(outcome(), STAGE)
    assert score is not None
    assert score.value == pytest.approx(sum(w * p / 4 for p, w in enumerate(weights.values())))
    assert score.parts == {name: position / 4 for position, name in enumerate(weights)}


@pytest.mark.parametrize("bad", [None, 1.5, -0.1, math.nan])
def test_a_missing_or_impossible_part_is_never_imputed(bad: float | None) -> None:
    parts = {name: constant(1.0) for name in RESEARCH} | {"impact": constant(bad)}
    assert WeightedValue(parts).score(outcome(), STAGE) is None


def test_weights_must_fit() -> None:
    parts = {"novelty": constant(1.0), "impact": constant(1.0)}
    with pytest.raises(ConfigError, match="feasibility, significance"):
        WeightedValue(parts)
    for weights in ({"novelty": 0.5, "impact": 0.6}, {"novelty": 1.5, "impact": -0.5}):
        with pytest.raises(ConfigError, match="sum to 1"):
            WeightedValue(parts, weights=weights)


def architecture(loss: float, benchmark: float, *, baseline_loss: float = 2.0) -> Outcome:
    rows = [("loss", "proposed", loss), ("loss", "plain", baseline_loss)]
    rows += [("bench", "proposed", benchmark), ("bench", "plain", 0.5)]
    measurements = tuple(
        Measurement(metric=metric, condition=condition, dataset="d", split="test", seed=0, value=value)
        for metric, condition, value in rows
    )
    return outcome().model_copy(update={"measurements": measurements})


def test_the_architecture_composite_is_a_half_third_at_the_baseline_and_saturates() -> None:
    value = ArchitectureValue(loss="loss", benchmark="bench", baseline="plain", judge=constant(5.5))

    def total(of: Outcome) -> float:
        score = value.score(of, STAGE)
        assert score is not None
        return score.value

    assert total(architecture(2.0, 0.5)) == pytest.approx(0.5)
    best = (2 / (1 + math.exp(-6)) + 0.5) / 3
    assert total(architecture(1.8, 0.55)) == pytest.approx(best)
    assert total(architecture(0.1, 0.99)) == pytest.approx(best), "ten per cent is as good as it gets"
    assert total(architecture(2.1, 0.5)) < 0.5 < total(architecture(1.9, 0.5))


@pytest.mark.parametrize("grade", [None, 0.0, 11.0])
def test_the_architecture_composite_needs_its_judge(grade: float | None) -> None:
    value = ArchitectureValue(loss="loss", benchmark="bench", baseline="plain", judge=constant(grade))
    assert value.score(architecture(1.9, 0.6), STAGE) is None


def test_the_architecture_composite_needs_a_baseline_to_relate_to() -> None:
    value = ArchitectureValue(loss="loss", benchmark="bench", baseline="plain", judge=constant(5.0))
    assert value.score(architecture(1.9, 0.6, baseline_loss=0.0), STAGE) is None
    other = ArchitectureValue(loss="loss", benchmark="bench", baseline="absent", judge=constant(5.0))
    assert other.score(architecture(1.9, 0.6), STAGE) is None
