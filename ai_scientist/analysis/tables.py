r"""Tables: conditions against metrics and datasets, every entry a macro, so that no number is ever typed.

An entry is bold only if a planned test bears it out: the best mean alone is no reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ai_scientist.analysis.cells import Results, TestResult, address
from ai_scientist.analysis.results import ALL
from ai_scientist.core.errors import AIScientistError
from ai_scientist.core.plan import Plan

NARROW_COLUMNS, WIDE_COLUMNS = 2, 4
"""How many columns of a mean with its interval fit one column of text, and a page."""


class NothingToShow(AIScientistError):
    """The request names metrics, conditions or datasets for which there is no cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableText:
    """A table in macro form.

    Attributes:
        columns: The tabular's column letters.
        body: The inside of the tabular.
        wide: Whether it should span both columns.
        cells: What the entries' macros name.
    """

    columns: str
    body: str
    wide: bool
    cells: tuple[str, ...]


def make_table(
    metrics: Sequence[str], conditions: Sequence[str], datasets: Sequence[str], results: Results, plan: Plan
) -> TableText:
    """Return a table with a row for each condition and a column for each metric on each dataset.

    With several datasets the metrics stand below each other, so that the table fits the page. What has no cell at all
    is left out; a single missing entry is a dash.

    Args:
        metrics: Empty: all of the plan's.
        conditions: Empty: all that were run.
        datasets: Empty: each of the plan's, and their mean if there are several. "all" is the mean.
        results: The result store.
        plan: Names and labels.

    Raises:
        NothingToShow: If nothing is left.
    """
    keys = {(cell.metric, cell.condition, cell.dataset) for cell in results.cells.values() if cell.split == plan.split}
    shown = _Shown(
        metrics=[m for m in _metrics(metrics, plan) if any(key[0] == m for key in keys)],
        datasets=[d for d in _datasets(datasets, plan) if any(key[2] == d for key in keys)],
        conditions=_conditions(conditions, {key[1] for key in keys}, plan),
        results=results,
        plan=plan,
    )
    if not (shown.metrics and shown.datasets and shown.conditions):
        raise NothingToShow("None of the table's metrics, conditions and datasets has a cell.")
    is_flat = len(shown.datasets) == 1 and len(shown.metrics) <= WIDE_COLUMNS
    blocks = _flat(shown) if is_flat else _stacked(shown)
    columns = len(shown.metrics) if is_flat else len(shown.datasets)
    return TableText(
        columns="l" + "r" * columns,
        body="\n".join([r"\toprule", *blocks, r"\bottomrule"]),
        wide=columns > NARROW_COLUMNS,
        cells=tuple(address for line in blocks for address in re.findall(r"\\val(?:ci)?{([^}]*)}", line)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What a table shows."""

    metrics: list[str]
    datasets: list[str]
    conditions: list[str]
    results: Results
    plan: Plan


def _flat(shown: _Shown) -> list[str]:
    """One dataset: a column for each metric."""
    dataset = shown.datasets[0]
    head = " & ".join(["", *(_metric_head(metric, shown.plan) for metric in shown.metrics)]) + r" \\"
    rows = [_row(condition, [(metric, dataset) for metric in shown.metrics], shown) for condition in shown.conditions]
    return [head, r"\midrule", *rows]


def _stacked(shown: _Shown) -> list[str]:
    """Several datasets: a column for each, and a block of rows for each metric."""
    lines = [" & ".join(["", *(rf"\dataset{{{name}}}" for name in shown.datasets)]) + r" \\"]
    for metric in shown.metrics:
        span = 1 + len(shown.datasets)
        lines += [r"\midrule", rf"\multicolumn{{{span}}}{{l}}{{\emph{{{_metric_head(metric, shown.plan)}}}}} \\"]
        lines += [_row(condition, [(metric, d) for d in shown.datasets], shown) for condition in shown.conditions]
    return lines


def _row(condition: str, columns: Sequence[tuple[str, str]], shown: _Shown) -> str:
    entries = [rf"\cond{{{condition}}}"]
    for metric, dataset in columns:
        where = f"{metric}/{condition}/{dataset}/{shown.plan.split}"
        if f"{where}/mean" not in shown.results.cells:
            entries.append("---")
            continue
        # Intervals need room; without it the means stay, and a figure shows the intervals.
        has_interval = f"{where}/ci_low" in shown.results.cells and len(columns) <= WIDE_COLUMNS
        entry = rf"\valci{{{where}}}" if has_interval else rf"\val{{{where}/mean}}"
        is_best = _borne_out(metric, dataset, shown.conditions, shown.results, shown.plan) == condition
        entries.append(rf"\textbf{{{entry}}}" if is_best else entry)
    return " & ".join(entries) + r" \\"


def _conditions(asked: Sequence[str], there: set[str], plan: Plan) -> list[str]:
    order = [condition.name for condition in plan.conditions]
    order += sorted(there - set(order))
    return [name for name in dict.fromkeys(asked or order) if name in there]


def _metrics(asked: Sequence[str], plan: Plan) -> list[str]:
    return list(dict.fromkeys(asked or [metric.name for metric in plan.metrics]))


def _datasets(asked: Sequence[str], plan: Plan) -> list[str]:
    declared = [dataset.name for dataset in plan.datasets]
    return list(dict.fromkeys(asked or (declared if len(declared) == 1 else [*declared, ALL])))


def _metric_head(name: str, plan: Plan) -> str:
    metric = plan.metric(name)
    arrow = r"$\uparrow$" if metric.direction == "higher" else r"$\downarrow$"
    return rf"\metric{{{name}}} {arrow}"


def _borne_out(metric: str, dataset: str, shown: Sequence[str], results: Results, plan: Plan) -> str | None:
    """Return the condition that has the best mean and that a planned, passed test puts before another one shown."""
    direction = 1 if plan.metric(metric).direction == "higher" else -1
    means = {
        condition: direction * results.cells[at].value
        for condition in shown
        if (at := address(metric, condition, dataset, plan.split, "mean")) in results.cells
    }
    if not means:
        return None
    best = max(means, key=lambda condition: means[condition])
    tests = [t for t in results.tests.values() if t.planned and _covers(t, metric, dataset, plan)]
    return best if any(_winner(test, direction) == best and _rival(test, best) in means for test in tests) else None


def _covers(test: TestResult, metric: str, dataset: str, plan: Plan) -> bool:
    everything = tuple(d.name for d in plan.datasets)
    tested = test.hypothesis.datasets or everything
    column = everything if dataset == ALL else (dataset,)
    return test.hypothesis.metric == metric and set(tested) == set(column)


def _winner(test: TestResult, direction: int) -> str | None:
    if test.hypothesis.expects == "equivalent" or not test.is_significant or test.difference == 0:
        return None
    return test.hypothesis.treatment if test.difference * direction > 0 else test.hypothesis.baseline


def _rival(test: TestResult, condition: str) -> str:
    h = test.hypothesis
    return h.baseline if condition == h.treatment else h.treatment
