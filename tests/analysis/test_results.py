"""From rows to cells and tests: the numbers are the library's, the origins are whole, nothing is chosen by hand."""

from __future__ import annotations

import math
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ai_scientist.analysis.cells import address, read_results, write_results
from ai_scientist.analysis.family import count_family
from ai_scientist.analysis.results import RowsUnusable, build_results, exploratory, paired_differences
from ai_scientist.analysis.rows import Row, RunConfig, read_rows, row_hash, write_rows
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.ledger import Event
from ai_scientist.core.plan import Hypothesis
from tests.analysis.study import SEEDS, make_plan, make_rows

CONFIG = RunConfig(settings={"epochs": 20}, data={"digits/n_train": 1200})


def values(rows: list[Row], metric: str, condition: str, dataset: str) -> list[float]:
    return [r.value for r in rows if (r.metric, r.condition, r.dataset, r.step) == (metric, condition, dataset, None)]


def over_datasets(rows: list[Row], condition: str) -> list[float]:
    pairs = zip(values(rows, "ece", condition, "digits"), values(rows, "ece", condition, "wine"), strict=True)
    return [(a + b) / 2 for a, b in pairs]


def test_a_cell_is_the_mean_of_its_rows_and_names_them() -> None:
    rows = make_rows()
    cell = build_results(rows, make_plan(), CONFIG).cell(address("ece", "baseline", "digits", "test", "mean"))
    expected = values(rows, "ece", "baseline", "digits")
    assert cell.value == pytest.approx(np.mean(expected), rel=1e-12)
    assert cell.uncertainty == pytest.approx(stats.sem(expected), rel=1e-12)
    assert len(cell.rows) == len(SEEDS)
    assert set(cell.rows) <= {row_hash(row) for row in rows}
    assert cell.nodes == ("n0009",)


def test_the_interval_is_the_t_interval() -> None:
    rows = make_rows()
    results = build_results(rows, make_plan(), CONFIG)
    expected = values(rows, "accuracy", "proposed", "wine")
    low, high = stats.t.interval(0.95, len(expected) - 1, np.mean(expected), stats.sem(expected))
    assert results.cells["accuracy/proposed/wine/test/ci_low"].value == pytest.approx(low, rel=1e-12)
    assert results.cells["accuracy/proposed/wine/test/ci_high"].value == pytest.approx(high, rel=1e-12)
    assert results.cells["accuracy/proposed/wine/test/n"].value == len(SEEDS)


def test_all_datasets_are_averaged_within_a_seed_first() -> None:
    rows = make_rows()
    results = build_results(rows, make_plan(), CONFIG)
    per_seed = np.asarray(over_datasets(rows, "proposed"))
    assert results.cells["ece/proposed/all/test/sd"].value == pytest.approx(per_seed.std(ddof=1), rel=1e-12)


def test_a_planned_test_is_the_paired_t_test_corrected_by_holm() -> None:
    rows = make_rows(shift=0.01)
    plan = make_plan()
    results = build_results(rows, plan, CONFIG, family=7)
    test = results.tests["H1"]
    proposed, baseline = (over_datasets(rows, condition) for condition in ("proposed", "baseline"))
    assert test.p == pytest.approx(stats.ttest_rel(proposed, baseline).pvalue, rel=1e-9)
    assert test.difference == pytest.approx(sum(proposed) / 12 - sum(baseline) / 12, rel=1e-9)
    raw = sorted(t.p for t in results.tests.values())
    assert results.tests[min(results.tests, key=lambda t: results.tests[t].p)].p_corrected == pytest.approx(7 * raw[0])
    assert (test.planned, test.family, test.n, test.method) == (True, 7, 12, "paired t-test")


def test_verdicts_read_the_hypothesis() -> None:
    helped = build_results(make_rows(shift=0.05), make_plan(), CONFIG)
    harmed = build_results(make_rows(shift=-0.05), make_plan(), CONFIG)
    nothing = build_results(make_rows(shift=0.0), make_plan(), CONFIG)
    assert [r.tests["H1"].verdict for r in (helped, harmed, nothing)] == ["supported", "contradicted", "open"]
    assert nothing.tests["H2"].verdict == "supported"


def test_each_ablation_becomes_an_exploratory_comparison() -> None:
    rows = make_rows(conditions=("baseline", "proposed", "without_warmup", "without_dropout"))
    results = build_results(rows, make_plan(), CONFIG)
    assert {t: results.tests[t].hypothesis.baseline for t in results.tests if t.startswith("X")} == {
        "X1": "without_dropout",
        "X2": "without_warmup",
    }
    assert not any(results.tests[t].planned for t in ("X1", "X2"))
    assert results.tests["H1"].family == 4


def test_an_added_comparison_is_never_planned() -> None:
    extra = Hypothesis(
        id="X9", statement=".", metric="accuracy", treatment="proposed", baseline="baseline", expects="different"
    )
    results = build_results(make_rows(), make_plan(), CONFIG, extra=[extra])
    assert not results.tests["X9"].planned
    with pytest.raises(RowsUnusable, match="id H1"):
        build_results(make_rows(), make_plan(), CONFIG, extra=[make_plan().hypotheses[0]])


def test_few_seeds_use_the_exact_test_because_the_plan_says_so() -> None:
    seeds = SEEDS[:6]
    results = build_results(make_rows(seeds=seeds), make_plan(seeds=seeds), CONFIG)
    assert results.tests["H1"].method == "exact sign-flip test"
    assert results.tests["H1"].p == pytest.approx(2 / 2**6)
    # Seeds that failed do not change the test that was planned.
    fewer = build_results(make_rows(seeds=SEEDS[:6]), make_plan(), CONFIG)
    assert fewer.tests["H1"].method == "paired t-test"


def test_one_seed_gives_means_but_no_interval_and_no_test() -> None:
    results = build_results(make_rows(seeds=SEEDS[:1]), make_plan(), CONFIG)
    assert "ece/baseline/digits/test/mean" in results.cells
    assert "ece/baseline/digits/test/ci_low" not in results.cells
    assert results.tests == {}


def test_contradicting_rows_are_refused() -> None:
    rows = make_rows()
    with pytest.raises(RowsUnusable, match="two values"):
        build_results([*rows, rows[0].model_copy(update={"node": "n0010", "value": 0.9})], make_plan(), CONFIG)
    with pytest.raises(RowsUnusable, match="no results"):
        build_results([row for row in rows if not row.is_final], make_plan(), CONFIG)


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_order_of_rows_changes_nothing(random: Random) -> None:
    rows = make_rows()
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = (build_results(r, make_plan(), CONFIG) for r in (rows, shuffled))
    assert one == other


def test_results_survive_being_written_and_read(tmp_path: Path) -> None:
    results = build_results(make_rows(), make_plan(), CONFIG)
    write_results(results, tmp_path)
    assert read_results(tmp_path) == results


def test_rows_survive_being_written_and_read(tmp_path: Path) -> None:
    rows = make_rows(seeds=SEEDS[:2])
    write_rows(tmp_path / "rows.jsonl", rows)
    assert list(read_rows(tmp_path / "rows.jsonl")) == rows
    (tmp_path / "bad.jsonl").write_text('{"metric": "ece"}\n')
    with pytest.raises(RunCorrupted, match="line 1, is no row"):
        read_rows(tmp_path / "bad.jsonl")


def test_differences_of_a_hypothesis_are_paired_by_seed() -> None:
    plan, rows = make_plan(), make_rows()
    found = paired_differences(plan.hypotheses[0], rows, plan)
    assert sorted(found) == list(SEEDS)
    assert math.fsum(found.values()) / len(found) == pytest.approx(
        build_results(rows, plan, CONFIG).tests["H1"].difference, rel=1e-12
    )
    assert paired_differences(plan.hypotheses[0], [r for r in rows if r.dataset == "wine"], plan) == {}


def confirmed(checkpoint: str, *, status: str = "ok", stage: str = "confirm") -> Event:
    facts = {"node": f"n-{checkpoint}", "stage": stage, "status": status, "checkpoint": checkpoint}
    return Event(seq=0, time="", kind="node.finished", actor="harness", key="", facts=facts, previous="")


def test_a_second_confirmed_program_doubles_the_family() -> None:
    plan, rows = make_plan(), make_rows(conditions=("baseline", "proposed", "without_warmup"))
    once = [confirmed("a"), confirmed("b", stage="explore"), confirmed("c", status="crashed")]
    assert count_family(once, plan, rows) == 3
    assert count_family([*once, confirmed("a")], plan, rows) == 3
    assert count_family([*once, confirmed("d")], plan, rows) == 6


def test_ablations_that_the_plan_declares_are_not_exploratory() -> None:
    assert exploratory(["proposed", "without_warmup"], make_plan())[0].id == "X1"
    assert exploratory(["proposed", "baseline"], make_plan()) == ()
