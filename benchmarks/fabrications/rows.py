"""Fabrications in the rows."""

from __future__ import annotations

import json
from statistics import fmean

from ai_scientist.analysis.rows import Row
from ai_scientist.core.jsonl import write_atomic
from benchmarks.fabrications.kinds import kind
from benchmarks.forger import Forger, NotApplicable


def _of(f: Forger, row: Row, condition: str) -> bool:
    return row.condition == condition and row.is_final and row.metric == f.plan.primary_metric


def _nudge(f: Forger, row: Row, *, better: bool, share: float = 0.15) -> Row:
    metric = f.plan.metric(row.metric)
    up = (metric.direction == "higher") == better
    value = row.value * (1 + share if up else 1 - share)
    bounded = min(max(value, metric.low if metric.low is not None else value), metric.high or value)
    return row.model_copy(update={"value": bounded})


@kind("one row changed, the program's own output left as it was")
def changed_row(f: Forger) -> None:
    seed = f.rng.choice(f.plan.confirm_seeds)
    f.change_rows(
        lambda r: _nudge(f, r, better=True) if _of(f, r, f.plan.target) and r.seed == seed else r, also_raw=False
    )


@kind("results of the proposed condition invented, output included", rerun=True)
def invented_rows(f: Forger) -> None:
    f.change_rows(lambda r: _nudge(f, r, better=True) if _of(f, r, f.plan.target) else r, also_raw=True)


@kind("baseline made worse, output included", rerun=True)
def fake_baseline(f: Forger) -> None:
    f.change_rows(lambda r: _nudge(f, r, better=False) if _of(f, r, f.plan.baseline.name) else r, also_raw=True)


@kind("worst seed dropped, output included")
def dropped_seed(f: Forger) -> None:
    sign = 1 if f.plan.metric(f.plan.primary_metric).direction == "higher" else -1
    mine = [r for r in f.rows if _of(f, r, f.plan.target)]
    worst = min(mine, key=lambda r: sign * r.value).seed
    f.change_rows(lambda r: None if r.seed == worst else r, also_raw=True)


@kind("a seed's rows copied to another seed, output included")
def copied_seed(f: Forger) -> None:
    first, second = f.plan.confirm_seeds[:2]
    source = {(r.metric, r.condition, r.dataset, r.split, r.step): r.value for r in f.rows if r.seed == first}

    def copy(row: Row) -> Row:
        if row.seed != second:
            return row
        return row.model_copy(update={"value": source[(row.metric, row.condition, row.dataset, row.split, row.step)]})

    f.change_rows(copy, also_raw=True)


@kind("proposed condition is the baseline under another name, output included")
def dead_arm(f: Forger) -> None:
    base = f.plan.baseline.name
    values = {(r.metric, r.dataset, r.split, r.step, r.seed): r.value for r in f.rows if r.condition == base}

    def copy(row: Row) -> Row:
        key = (row.metric, row.dataset, row.split, row.step, row.seed)
        return row.model_copy(update={"value": values.get(key, row.value)}) if row.condition == f.plan.target else row

    f.change_rows(copy, also_raw=True)


@kind("seed added that the plan does not have")
def added_seed(f: Forger) -> None:
    first, extra = f.plan.confirm_seeds[0], max(f.plan.confirm_seeds) + 1
    more = [r.model_copy(update={"seed": extra, "value": r.value * 0.999}) for r in f.rows if r.seed == first]
    rows = [*f.rows, *more]
    text = "".join(json.dumps(r.model_dump(mode="json"), sort_keys=True, separators=(",", ":")) + "\n" for r in rows)
    write_atomic(f.rows_file, text.encode())
    f.sync_journal(rows)
    f.rebuild()


@kind("value outside of the metric's range, output included")
def impossible_value(f: Forger) -> None:
    metric = f.plan.metric(f.plan.primary_metric)
    if metric.high is None and metric.low is None:
        raise NotApplicable("the metric has no range")
    wrong = metric.high + 0.7 if metric.high is not None else (metric.low or 0.0) - 0.7
    seed = f.plan.confirm_seeds[0]
    f.change_rows(
        lambda r: r.model_copy(update={"value": wrong}) if _of(f, r, f.plan.target) and r.seed == seed else r,
        also_raw=True,
    )


@kind("an arm's datasets swapped, the program's own output left as it was")
def swapped_datasets(f: Forger) -> None:
    names = [d.name for d in f.plan.datasets]
    if len(names) < 2:
        raise NotApplicable("there is one dataset")
    other = {names[0]: names[1], names[1]: names[0]}
    f.change_rows(
        lambda r: (
            r.model_copy(update={"dataset": other.get(r.dataset, r.dataset)}) if r.condition == f.plan.target else r
        ),
        also_raw=False,
    )


@kind("all of an arm's values better in the third digit, output included", rerun=True)
def slight_gain(f: Forger) -> None:
    f.change_rows(lambda r: _nudge(f, r, better=True, share=0.004) if _of(f, r, f.plan.target) else r, also_raw=True)


@kind("an arm's seeds drawn together, so that its interval is narrow, output included", rerun=True)
def less_spread(f: Forger) -> None:
    mine = [r for r in f.rows if _of(f, r, f.plan.target)]
    mean = {name: fmean(r.value for r in mine if r.dataset == name) for name in {r.dataset for r in mine}}

    def draw(row: Row) -> Row:
        if not _of(f, row, f.plan.target):
            return row
        return row.model_copy(update={"value": mean[row.dataset] + 0.3 * (row.value - mean[row.dataset])})

    f.change_rows(draw, also_raw=True)


@kind("predictions of an arm exchanged for the truth, rows left as they were")
def perfect_predictions(f: Forger) -> None:
    changed = 0
    for file in sorted((f.run.node(f.node) / "files").glob(f"seed-*/predictions/*/*/{f.plan.target}.jsonl")):
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        if not lines or "y_true" not in lines[0] or isinstance(lines[0]["y_pred"], list):
            continue
        changed += sum(line["y_pred"] != line["y_true"] for line in lines)
        write_atomic(file, "".join(json.dumps({**line, "y_pred": line["y_true"]}) + "\n" for line in lines).encode())
    if not changed:
        raise NotApplicable("the program hands over no labels as predictions")
