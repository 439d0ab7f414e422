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

NARROW_COLUMNS = 3
"""With more columns of means and intervals than this a table spans the page."""


class NothingToShow(AIScientistError):
    """The request names metrics, conditions or datasets for which there is no cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableText:
    """A table in macro form.

    Attributes:
        columns: The tabular's column letters.
        body: The inside of the tabular.
        wide: Whether it should span both columns.
        cells: Addresses, without the stat, of the entries.
    """

    columns: str
    body: str
    wide: bool
    cells: tuple[str, ...]


def make_table(
    metrics: Sequence[str], conditions: Sequence[str], datasets: Sequence[str], results: Results, plan: Plan
) -> TableText:
    """Return a table with a row for each condition and a column for each metric on each dataset.

    What has no cell at all is left out; a single missing entry is a dash.

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
    columns = [(m, d) for m in _metrics(metrics, plan) for d in _datasets(datasets, plan) if _has(keys, m, d)]
    order = [condition.name for condition in plan.conditions]
    order += sorted({key[1] for key in keys} - set(order))
    rows = [c for c in (conditions or order) if any((m, c, d) in keys for m, d in columns)]
    if not columns or not rows:
        raise NothingToShow("None of the table's metrics, conditions and datasets has a cell.")
    lines = [*_head(columns, plan), r"\midrule"]
    used: list[str] = []
    bold = {column: _borne_out(*column, rows, results, plan) for column in columns}
    for condition in dict.fromkeys(rows):
        entries = [_escape(plan.condition(condition).short)]
        for metric, dataset in columns:
            if (metric, condition, dataset) not in keys:
                entries.append("---")
                continue
            where = f"{metric}/{condition}/{dataset}/{plan.split}"
            used.append(where)
            entry = rf"\valci{{{where}}}" if f"{where}/ci_low" in results.cells else rf"\val{{{where}/mean}}"
            entries.append(rf"\textbf{{{entry}}}" if bold[(metric, dataset)] == condition else entry)
        lines.append(" & ".join(entries) + r" \\")
    body = "\n".join([r"\toprule", *lines, r"\bottomrule"])
    return TableText(columns="l" + "r" * len(columns), body=body, wide=len(columns) > NARROW_COLUMNS, cells=tuple(used))


def _metrics(asked: Sequence[str], plan: Plan) -> list[str]:
    return list(dict.fromkeys(asked or [metric.name for metric in plan.metrics]))


def _datasets(asked: Sequence[str], plan: Plan) -> list[str]:
    declared = [dataset.name for dataset in plan.datasets]
    return list(dict.fromkeys(asked or (declared if len(declared) == 1 else [*declared, ALL])))


def _has(keys: set[tuple[str, str, str]], metric: str, dataset: str) -> bool:
    return any(key[0] == metric and key[2] == dataset for key in keys)


def _head(columns: Sequence[tuple[str, str]], plan: Plan) -> list[str]:
    """One line of metrics over one line of datasets; one line only if there is a single dataset."""
    if len({dataset for _, dataset in columns}) == 1:
        return [" & ".join(["", *(_metric_head(metric, plan) for metric, _ in columns)]) + r" \\"]
    groups: list[tuple[str, int]] = []
    for metric, _ in columns:
        if groups and groups[-1][0] == metric:
            groups[-1] = (metric, groups[-1][1] + 1)
        else:
            groups.append((metric, 1))
    top, rules, start = [""], list[str](), 2
    for metric, span in groups:
        top.append(rf"\multicolumn{{{span}}}{{c}}{{{_metric_head(metric, plan)}}}")
        rules.append(rf"\cmidrule(lr){{{start}-{start + span - 1}}}")
        start += span
    names = ["", *("mean" if d == ALL else _escape(plan.dataset(d).label) for _, d in columns)]
    return [" & ".join(top) + r" \\", " ".join(rules), " & ".join(names) + r" \\"]


def _metric_head(name: str, plan: Plan) -> str:
    metric = plan.metric(name)
    arrow = r"$\uparrow$" if metric.direction == "higher" else r"$\downarrow$"
    return f"{_escape(metric.short)} {arrow}"


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


_ESCAPES = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def _escape(text: str) -> str:
    return re.sub(r"[\\~^&%$#_{}]", lambda m: _ESCAPES.get(m[0], "\\" + m[0]), text)
