"""Rows against the plan: what is refused, what is only odd, and that no verdict depends on who wins."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_scientist.analysis.check import Origin, RowCheck, SeedLog, check_rows, parse_logged, recheck_rows
from ai_scientist.analysis.recompute import Predictions, Truth
from ai_scientist.analysis.rows import LoggedRow
from ai_scientist.core.plan import Plan
from tests.analysis.study import SEEDS, logged, make_plan, make_rows

ORIGIN = Origin(node="n0001", code="c0de", time="2026-01-01T00:00:00.000Z")


def check(
    change: Callable[[int, list[LoggedRow]], list[LoggedRow]] = lambda _, rows: rows,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    components: Sequence[str] = (),
    plan: Plan | None = None,
    predictions: Sequence[Predictions] = (),
) -> RowCheck:
    logs = [SeedLog(seed=seed, rows=change(seed, logged(seed)), data="da7a", predictions=predictions) for seed in seeds]
    return check_rows(logs, plan or make_plan(), origin=ORIGIN, components=components)


def nothing(_: int, __: list[LoggedRow]) -> list[LoggedRow]:
    return []


def always_seven(_: int, __: list[LoggedRow]) -> list[LoggedRow]:
    return logged(7)


def alter(row: LoggedRow, **changes: object) -> LoggedRow:
    return row.model_copy(update=changes)


def test_rows_that_fit_the_plan_are_kept_with_their_origin() -> None:
    result = check()
    assert result.problems == ()
    assert len(result.rows) == 3 * len(logged(0))
    assert {(row.node, row.code, row.data) for row in result.rows} == {("n0001", "c0de", "da7a")}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metric": "magic"}, "no metric 'magic'"),
        ({"condition": "other"}, "no condition 'other'"),
        ({"dataset": "iris"}, "no dataset 'iris'"),
        ({"split": "secret"}, "no split 'secret'"),
        ({"value": math.nan}, "not a finite number"),
        ({"value": math.inf}, "not a finite number"),
        ({"value": 1.5}, "outside the declared range [0, 1]"),
        ({"value": -0.01}, "outside the declared range [0, 1]"),
    ],
)
def test_a_row_that_breaks_the_plan_is_a_problem_and_is_not_kept(change: dict[str, object], said: str) -> None:
    result = check(lambda seed, rows: [alter(rows[0], **change), *rows[1:]] if seed == 1 else rows)
    assert any(said in problem for problem in result.problems)
    assert len(result.rows) == 3 * len(logged(0)) - 1


def test_rounding_just_beyond_the_range_is_no_offence() -> None:
    assert check(lambda _, rows: [alter(rows[1], value=1.0 + 1e-12), rows[0], *rows[2:]]).problems == ()


def test_ablations_need_no_declaration() -> None:
    plan = make_plan()
    logs = [
        SeedLog(seed=seed, rows=logged(seed, conditions=("baseline", "proposed", "without_warmup"))) for seed in (0, 1)
    ]
    assert check_rows(logs, plan, origin=ORIGIN).problems == ()


def test_a_final_value_that_is_logged_twice_is_a_problem() -> None:
    result = check(lambda seed, rows: [*rows, alter(rows[0], value=0.5)] if seed == 2 else rows)
    assert any("logged 2 times by seed 2" in problem for problem in result.problems)


def test_a_missing_arm_is_a_problem() -> None:
    result = check(lambda _, rows: [row for row in rows if row.condition == "proposed"])
    assert "No row of condition 'baseline' was logged." in result.problems


def test_a_dataset_that_one_seed_left_out_is_a_problem_that_names_the_seed() -> None:
    result = check(lambda seed, rows: [r for r in rows if r.dataset == "digits" or seed != 2 or r.step is not None])
    assert any("on wine has no final value for seed 2" in problem for problem in result.problems)


def test_a_program_that_logs_nothing_is_refused() -> None:
    result = check(nothing)
    assert len(result.problems) >= 2
    assert result.rows == ()


def same_arms(_: int, rows: list[LoggedRow]) -> list[LoggedRow]:
    return [alter(r, value=twin.value) for r in rows for twin in rows if twin.condition == "baseline" and same(r, twin)]


def same(one: LoggedRow, other: LoggedRow) -> bool:
    return (one.metric, one.dataset, one.step) == (other.metric, other.dataset, other.step)


def test_equal_arms_are_allowed_until_a_component_claims_a_difference() -> None:
    before, after = check(same_arms), check(same_arms, components=("label_smoothing",))
    assert before.problems == ()
    assert any("identical values everywhere" in warning for warning in before.warnings)
    assert any("identical values everywhere" in problem for problem in after.problems)


def test_seeds_that_change_nothing_are_a_problem() -> None:
    result = check(always_seven)
    assert "All seeds gave identical values: the seed changes nothing." in result.problems


def test_a_repeated_seed_is_no_second_repetition() -> None:
    result = check(lambda seed, rows: logged(0) if seed == 2 else rows)
    assert any("Seeds 0 and 2" in problem for problem in result.problems)


def test_an_arm_that_no_seed_moves_is_a_warning() -> None:
    result = check(lambda _, rows: [alter(r, value=0.5) if r.condition == "baseline" else r for r in rows])
    assert result.problems == ()
    assert any("'baseline' gave the same values for all seeds" in warning for warning in result.warnings)


def predicted(correct: int, of: int = 100) -> Predictions:
    truth = tuple(index % 10 for index in range(of))
    wrong = tuple((label + (index >= correct)) % 10 for index, label in enumerate(truth))
    return Predictions(condition="proposed", dataset="digits", ids=tuple(range(of)), y_pred=wrong, y_true=truth)


def test_a_logged_value_that_its_predictions_do_not_give_is_a_problem() -> None:
    def honest(_: int, rows: list[LoggedRow]) -> list[LoggedRow]:
        return [alter(r, value=0.85) if is_predicted(r) else r for r in rows]

    assert check(honest, predictions=[predicted(85)]).problems == ()
    result = check(honest, predictions=[predicted(80)])
    assert any("is not what its predictions give" in problem for problem in result.problems)


def is_predicted(row: LoggedRow) -> bool:
    return (row.metric, row.condition, row.dataset, row.step) == ("accuracy", "proposed", "digits", None)


def test_the_harness_computes_what_a_program_only_predicted() -> None:
    result = check(lambda _, rows: [r for r in rows if not is_predicted(r)], predictions=[predicted(85)])
    made = [row for row in result.rows if row.recomputed]
    assert [(row.seed, row.value) for row in made] == [(0, 0.85), (1, 0.85), (2, 0.85)]


def test_the_harness_own_truth_outweighs_the_programs() -> None:
    truth: Truth = {"digits": {index: (index + 1) % 10 for index in range(100)}}
    logs = [SeedLog(seed=s, rows=logged(s), predictions=[predicted(85)]) for s in (0, 1)]
    result = check_rows(logs, make_plan(), origin=ORIGIN, truth=truth)
    assert any("is not what its predictions give" in problem for problem in result.problems)


def test_malformed_lines_are_told_by_number() -> None:
    rows, problems = parse_logged([logged(0)[0].model_dump(), {"metric": "ece"}, 7, {"value": "high"}])
    assert len(rows) == 1
    assert [problem.split(" is ")[0] for problem in problems] == ["Logged row 2", "Logged row 3", "Logged row 4"]


def test_stored_rows_get_the_verdict_that_they_got_when_they_were_logged() -> None:
    rows = make_rows()
    assert recheck_rows(rows, make_plan()).problems == ()
    shifted = [row.model_copy(update={"value": row.value + 1}) if row.seed == SEEDS[0] else row for row in rows]
    assert recheck_rows(shifted, make_plan()).problems


@given(
    shift=st.floats(-0.15, 0.15),
    scale=st.floats(0.2, 1.2),
    drop=st.sampled_from(["", "digits", "wine"]),
)
@settings(max_examples=40, deadline=None)
def test_the_verdict_does_not_depend_on_which_arm_is_better(shift: float, scale: float, drop: str) -> None:
    """Debug operators see this verdict: it must be the same when the arms' values are swapped."""

    def verdict(swapped: bool) -> tuple[int, int]:
        other = {"baseline": "proposed", "proposed": "baseline"}

        def change(_: int, rows: list[LoggedRow]) -> list[LoggedRow]:
            kept = [r for r in rows if r.dataset != drop]
            moved = [
                alter(r, value=min(1.2, r.value * scale + (shift if r.condition == "proposed" else 0))) for r in kept
            ]
            return [alter(r, condition=other[r.condition]) for r in moved] if swapped else moved

        result = check(change, components=("smoothing",))
        told = [p.replace("baseline", "X").replace("proposed", "X") for p in result.problems]
        return len(told), hash(tuple(sorted(told)))

    assert verdict(False) == verdict(True)
