"""What a figure shows, as plain data: every drawn number with the cells or rows that it is.

This is the side file that lies beside each figure. A figure is drawn from it alone, so an auditor checks a figure in
two steps: the side file against the result store, and the picture against the side file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from ai_scientist.analysis import statistics
from ai_scientist.analysis.cells import Results, Stat, address
from ai_scientist.analysis.results import paired_differences
from ai_scientist.analysis.rows import Row, row_hash
from ai_scientist.core.errors import AIScientistError
from ai_scientist.core.hashing import sha256_json
from ai_scientist.core.ids import CellId
from ai_scientist.core.plan import Metric, Plan
from ai_scientist.core.research_template import Curve
from ai_scientist.core.values import Value

Kind = Literal["bars", "steps", "paired", "tree"]


class NothingToDraw(AIScientistError):
    """The request names a metric, condition, dataset or hypothesis for which there is no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreePoint:
    """One node of the search, as the tree's figure shows it.

    Attributes:
        value: The target's mean of the primary metric on the search seeds; None if the node gave none.
        parent: Number of its first parent; None for a root.
        chosen: Whether it lies on the path to the confirmed program.
    """

    number: int
    stage: str
    value: float | None
    parent: int | None = None
    chosen: bool = False


class Point(Value):
    """One drawn mark. `low` and `high` are the ends of its interval; None if it has none."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    label: str = ""
    parent: float | None = Field(default=None, description="x of the mark it hangs on, in a tree.")
    origins: tuple[str, ...] = Field(description="Cell ids, row hashes, test ids or node ids.")


class Series(Value):
    """Marks of one colour."""

    name: str
    label: str
    points: tuple[Point, ...]


class Panel(Value):
    """One pair of axes."""

    title: str = ""
    series: tuple[Series, ...]
    ticks: tuple[str, ...] = Field(default=(), description="Labels of the x positions 0, 1, 2 …; empty: numeric.")


class FigureData(Value):
    """Everything that a figure shows."""

    schema_version: int = 1
    request: Curve
    x_label: str
    y_label: str
    wide: bool
    low: float | None = Field(default=None, description="The metric's smallest possible value.")
    high: float | None = Field(default=None, description="The metric's largest possible value.")
    panels: tuple[Panel, ...]
    drawn_with: str = Field(default="", description="The drawing library and its version, by which pictures differ.")


def figure_data(
    curve: Curve, results: Results, rows: Sequence[Row], plan: Plan, *, points: Sequence[TreePoint] = ()
) -> FigureData:
    """Return what a requested figure shows.

    Args:
        curve: The request.
        results: The result store.
        rows: The rows that the results were built from, curves included.
        plan: Names, labels and units.
        points: The search's nodes, for a tree.

    Raises:
        NothingToDraw: If there is no value for what is asked.
    """
    if curve.kind == "bars":
        return _bars(curve, results, plan)
    if curve.kind == "steps":
        return _steps(curve, rows, plan)
    if curve.kind == "paired":
        return _paired(curve, results, rows, plan)
    return _tree(curve, plan, points)


def axis_label(metric: Metric) -> str:
    """Return a metric's name as an axis prints it, with its unit."""
    text = metric.short if len(metric.label) > 34 else metric.label
    text = text[:1].upper() + text[1:]
    return f"{text} ({metric.unit})" if metric.unit else text


def _metric(name: str, plan: Plan) -> Metric:
    found = [metric for metric in plan.metrics if metric.name == (name or plan.primary_metric)]
    if not found:
        raise NothingToDraw(f"The plan has no metric {name!r}.")
    return found[0]


def _conditions(curve: Curve, there: set[str], plan: Plan) -> list[str]:
    """The asked conditions that have values; those of the plan first, then ablations."""
    order = [c.name for c in plan.conditions] + sorted(there - {c.name for c in plan.conditions})
    wanted = [name for name in (curve.conditions or order) if name in there]
    if not wanted:
        raise NothingToDraw(f"Figure {curve.name!r}: none of its conditions has values of {curve.metric!r}.")
    return list(dict.fromkeys(wanted))


def _datasets(curve: Curve, there: set[str], plan: Plan) -> list[str]:
    declared = [dataset.name for dataset in plan.datasets]
    wanted = [name for name in (curve.datasets or declared) if name in there]
    if not wanted:
        raise NothingToDraw(f"Figure {curve.name!r}: none of its datasets has values of {curve.metric!r}.")
    return wanted


def _dataset_label(name: str, plan: Plan) -> str:
    return "mean over datasets" if name == "all" else plan.dataset(name).label


def _bars(curve: Curve, results: Results, plan: Plan) -> FigureData:
    metric = _metric(curve.metric, plan)
    cells = [c for c in results.cells.values() if c.metric == metric.name and c.split == plan.split]
    conditions = _conditions(curve, {cell.condition for cell in cells}, plan)
    datasets = _datasets(curve, {cell.dataset for cell in cells}, plan)
    series: list[Series] = []
    for condition in conditions:
        points = [_bar(results, (metric.name, condition, name, plan.split), x) for x, name in enumerate(datasets)]
        marks = tuple(point for point in points if point is not None)
        if marks:
            series.append(Series(name=condition, label=plan.condition(condition).short, points=marks))
    if not series:
        raise NothingToDraw(f"Figure {curve.name!r}: no cell has values of {metric.name!r}.")
    ticks = tuple(_dataset_label(name, plan) for name in datasets)
    return FigureData(
        request=curve,
        x_label="",
        y_label=axis_label(metric),
        wide=len(datasets) * len(series) > 8,
        low=metric.low,
        high=metric.high,
        panels=(Panel(series=tuple(series), ticks=ticks),),
    )


BAR_STATS: tuple[Stat, Stat, Stat] = ("mean", "ci_low", "ci_high")


def _bar(results: Results, key: tuple[str, str, str, str], x: float) -> Point | None:
    def at(stat: Stat) -> CellId:
        return address(*key, stat)

    mean, low, high = (results.cells.get(at(stat)) for stat in BAR_STATS)
    if mean is None:
        return None
    return Point(
        x=x,
        y=mean.value,
        low=low.value if low else None,
        high=high.value if high else None,
        origins=tuple(cell.id for cell in (mean, low, high) if cell),
    )


def _steps(curve: Curve, rows: Sequence[Row], plan: Plan) -> FigureData:
    metric = _metric(curve.metric, plan)
    logged = [row for row in rows if row.metric == metric.name and row.step is not None]
    conditions = _conditions(curve, {row.condition for row in logged}, plan)
    datasets = _datasets(curve, {row.dataset for row in logged}, plan)
    panels: list[Panel] = []
    for dataset in datasets:
        series: list[Series] = []
        for condition in conditions:
            mine = [row for row in logged if row.dataset == dataset and row.condition == condition]
            points = tuple(
                _step(mine, step, metric) for step in sorted({row.step for row in mine if row.step is not None})
            )
            if points:
                series.append(Series(name=condition, label=plan.condition(condition).short, points=points))
        if series:
            panels.append(Panel(title=_dataset_label(dataset, plan), series=tuple(series)))
    return FigureData(
        request=curve,
        x_label=curve.steps,
        y_label=axis_label(metric),
        wide=len(panels) > 1,
        low=metric.low,
        high=metric.high,
        panels=tuple(panels),
    )


def _step(rows: Sequence[Row], step: int, metric: Metric) -> Point:
    at = sorted((row for row in rows if row.step == step), key=lambda row: row.seed)
    values = [row.value for row in at]
    # Hundreds of row hashes would drown the file; one hash over them still pins them.
    origin = "rows:" + sha256_json([row_hash(row) for row in at])
    if len(values) < 2:
        return Point(x=step, y=values[0], origins=(origin,))
    interval = statistics.t_interval(values, least=metric.low, most=metric.high)
    return Point(x=step, y=interval.estimate, low=interval.low, high=interval.high, origins=(origin,))


def _paired(curve: Curve, results: Results, rows: Sequence[Row], plan: Plan) -> FigureData:
    test = results.tests.get(curve.hypothesis or plan.hypotheses[0].id)
    if test is None:
        raise NothingToDraw(f"Figure {curve.name!r}: there is no test {curve.hypothesis!r}.")
    hypothesis, metric = test.hypothesis, plan.metric(test.hypothesis.metric)
    differences = paired_differences(hypothesis, rows, plan)
    if len(differences) < 2:
        raise NothingToDraw(f"Figure {curve.name!r}: {test.id} has no shared seeds.")
    seeds = tuple(
        Point(x=0.0, y=value, label=f"seed {seed}", origins=(f"{test.id}/seed/{seed}",))
        for seed, value in sorted(differences.items())
    )
    summary = Point(x=1.0, y=test.difference, low=test.ci_low, high=test.ci_high, origins=(test.id,))
    treatment, baseline = plan.condition(hypothesis.treatment).short, plan.condition(hypothesis.baseline).short
    unit = f" ({metric.unit})" if metric.unit else ""
    series = [Series(name="seeds", label="each seed", points=seeds)]
    series.append(Series(name="mean", label="mean with interval", points=(summary,)))
    if hypothesis.margin is not None:
        bounds = tuple(Point(x=0.5, y=sign * hypothesis.margin, origins=(test.id,)) for sign in (-1, 1))
        series.append(Series(name="margin", label="equivalence margin", points=bounds))
    return FigureData(
        request=curve,
        x_label="",
        y_label=f"Difference in {metric.short}{unit}",
        wide=False,
        panels=(Panel(title=f"{treatment} minus {baseline}", series=tuple(series), ticks=("seeds", "mean")),),
    )


def _tree(curve: Curve, plan: Plan, points: Sequence[TreePoint]) -> FigureData:
    metric = _metric(curve.metric, plan)
    valued = [point for point in points if point.value is not None]
    if not valued:
        raise NothingToDraw(f"Figure {curve.name!r}: no node of the search has a value.")
    stages = list(dict.fromkeys(point.stage for point in points))
    there = {point.number for point in valued}
    series = [
        Series(
            name=stage,
            label=stage,
            points=tuple(
                Point(
                    x=point.number,
                    y=point.value,
                    label="chosen" if point.chosen else "",
                    parent=point.parent if point.parent in there else None,
                    origins=(f"n{point.number:04d}",),
                )
                for point in valued
                if point.stage == stage and point.value is not None
            ),
        )
        for stage in stages
    ]
    failed = tuple(Point(x=p.number, y=0.0, origins=(f"n{p.number:04d}",)) for p in points if p.value is None)
    if failed:
        series.append(Series(name="failed", label="no valid outcome", points=failed))
    return FigureData(
        request=curve,
        x_label="Node, in order of creation",
        y_label=axis_label(metric),
        wide=True,
        panels=(Panel(series=tuple(line for line in series if line.points)),),
    )
