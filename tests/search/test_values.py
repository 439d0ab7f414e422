"""Values: direction, datasets, seeds, and what has no value."""

from __future__ import annotations

import math

import pytest

from ai_scientist.search.contracts import Stage
from ai_scientist.search.node import Measurement, Outcome, Status
from ai_scientist.search.values import CallableValue, MetricValue

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
