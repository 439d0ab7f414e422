"""Figures are their side file and nothing else; tables are macros and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ai_scientist.analysis.cells import Results
from ai_scientist.analysis.figure_data import FigureData, NothingToDraw, TreePoint, figure_data
from ai_scientist.analysis.figures import draw_figure, render
from ai_scientist.analysis.results import build_results
from ai_scientist.analysis.rows import Row, RunConfig
from ai_scientist.analysis.tables import NothingToShow, make_table
from ai_scientist.core.plan import Plan
from ai_scientist.core.research_template import Curve
from tests.analysis.study import make_plan, make_rows

CONDITIONS = ("baseline", "proposed", "without_warmup")
POINTS = tuple(
    TreePoint(
        number=number,
        stage="explore" if number > 4 else "implement",
        value=None if number == 3 else number / 10,
        parent=number - 1 if number > 1 else None,
        chosen=number in (1, 2, 5),
    )
    for number in range(1, 9)
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan()


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return make_rows(conditions=CONDITIONS)


@pytest.fixture(scope="module")
def results(rows: list[Row], plan: Plan) -> Results:
    return build_results(rows, plan, RunConfig())


def curve(kind: str, **more: object) -> Curve:
    return Curve.model_validate({"name": f"a_{kind}", "kind": kind, "metric": "ece", "caption": ".", **more})


@pytest.mark.parametrize("kind", ["bars", "steps", "paired", "tree"])
def test_a_figure_is_drawn_again_from_its_side_file_byte_by_byte(
    kind: str, tmp_path: Path, rows: list[Row], results: Results, plan: Plan
) -> None:
    drawn = draw_figure(curve(kind), results, rows, plan, tmp_path, points=POINTS)
    data = FigureData.model_validate(json.loads(drawn.data.read_text()))
    assert data.model_copy(update={"drawn_with": ""}) == figure_data(curve(kind), results, rows, plan, points=POINTS)
    assert render(data) == (drawn.pdf.read_bytes(), drawn.png.read_bytes())
    assert drawn.pdf.read_bytes().startswith(b"%PDF")
    assert b"CreationDate" not in drawn.pdf.read_bytes()


def test_every_bar_is_a_cell(rows: list[Row], results: Results, plan: Plan) -> None:
    data = figure_data(curve("bars"), results, rows, plan)
    points = [point for series in data.panels[0].series for point in series.points]
    assert len(points) == 6
    for point in points:
        assert [results.cells[name].value for name in point.origins] == [point.y, point.low, point.high]
    assert [series.label for series in data.panels[0].series] == ["plain", "smoothed", "w/o warmup"]


def test_a_figure_changes_when_a_number_does(rows: list[Row], results: Results, plan: Plan) -> None:
    changed = [row.model_copy(update={"value": row.value * 0.98}) if row.seed == 100 else row for row in rows]
    for kind in ("bars", "paired", "steps"):
        before = figure_data(curve(kind), results, rows, plan)
        after = figure_data(curve(kind), build_results(changed, plan, RunConfig()), changed, plan)
        assert before != after
    assert render(before)[1] != render(after)[1]


def test_a_node_without_a_value_is_shown_without_one(rows: list[Row], results: Results, plan: Plan) -> None:
    data = figure_data(curve("tree"), results, rows, plan, points=POINTS)
    by_name = {series.name: series for series in data.panels[0].series}
    assert [point.origins for point in by_name["failed"].points] == [("n0003",)]
    assert data.y_label == "Calibration error"


def test_an_equivalence_shows_its_margin(rows: list[Row], results: Results, plan: Plan) -> None:
    data = figure_data(curve("paired", hypothesis="H2"), results, rows, plan)
    margin = next(series for series in data.panels[0].series if series.name == "margin")
    assert [point.y for point in margin.points] == [-0.02, 0.02]


@pytest.mark.parametrize(
    "wrong",
    [
        curve("bars", metric="magic"),
        curve("bars", conditions=("nobody",)),
        curve("steps", metric="accuracy"),
        curve("paired", hypothesis="H9"),
        curve("tree"),
    ],
)
def test_what_has_no_value_is_not_drawn(wrong: Curve, rows: list[Row], results: Results, plan: Plan) -> None:
    with pytest.raises(NothingToDraw):
        figure_data(wrong, results, rows, plan)


def test_a_table_holds_no_digit_outside_addresses_and_layout(results: Results, plan: Plan) -> None:
    table = make_table((), (), (), results, plan)
    bare = re.sub(r"\\(?:valci|val|cond|metric|dataset)\{[^}]*\}|\\multicolumn\{\d\}\{l\}", "", table.body)
    assert not re.search(r"\d", bare)
    assert len(table.cells) == 2 * 3 * 3
    assert {f"{cell}/mean" for cell in table.cells} <= set(results.cells)


def test_bold_needs_a_planned_test_that_passes(rows: list[Row], plan: Plan, results: Results) -> None:
    helped = make_table(["ece"], (), ["all"], results, plan)
    assert r"\textbf{\valci{ece/proposed/all/test}}" in helped.body
    nothing = build_results(make_rows(shift=0.0), plan, RunConfig())
    assert r"\textbf" not in make_table(["ece"], (), ["all"], nothing, plan).body
    # The test spoke about all datasets together, so a single one is not set in bold.
    assert r"\textbf" not in make_table(["ece"], (), ["digits"], results, plan).body


def test_an_ablation_that_does_best_takes_the_bold_from_no_one(plan: Plan) -> None:
    rows = make_rows(conditions=CONDITIONS)
    better = [
        r.model_copy(update={"value": 0.01 + r.seed / 1e6}) if r.condition == "without_warmup" else r for r in rows
    ]
    table = make_table(["ece"], (), ["all"], build_results(better, plan, RunConfig()), plan)
    assert r"\textbf" not in table.body


def test_a_missing_entry_is_a_dash(plan: Plan) -> None:
    rows = [
        r for r in make_rows(conditions=CONDITIONS) if not (r.condition == "without_warmup" and r.dataset == "wine")
    ]
    table = make_table(["ece"], (), (), build_results(rows, plan, RunConfig()), plan)
    (line,) = [line for line in table.body.splitlines() if "without_warmup" in line]
    assert line.count("---") == 2


def test_a_table_of_nothing_is_refused(results: Results, plan: Plan) -> None:
    with pytest.raises(NothingToShow):
        make_table(["magic"], (), (), results, plan)
