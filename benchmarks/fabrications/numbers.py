"""Fabrications in cells and tests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ai_scientist.analysis.cells import Cell, TestResult, write_results
from ai_scientist.analysis.results import build_results
from ai_scientist.analysis.rows import RunConfig, read_rows
from ai_scientist.core.jsonl import read_json
from benchmarks.fabrications.kinds import kind
from benchmarks.forger import Forger, NotApplicable


def _with_cells(f: Forger, change: Callable[[dict[str, Cell]], dict[str, Cell]]) -> None:
    results = f.results
    f.rebuild(results=results.model_copy(update={"cells": change(dict(results.cells))}))


def _mean(f: Forger, condition: str, stat: str = "mean") -> str:
    plan = f.plan
    names = [dataset.name for dataset in plan.datasets]
    dataset = "all" if len(names) > 1 else names[0]
    return f"{plan.primary_metric}/{condition}/{dataset}/{plan.split}/{stat}"


@kind("cells of two conditions swapped")
def swapped_cells(f: Forger) -> None:
    one, other = _mean(f, f.plan.target), _mean(f, f.plan.baseline.name)

    def swap(cells: dict[str, Cell]) -> dict[str, Cell]:
        a, b = cells[one], cells[other]
        return {**cells, one: a.model_copy(update={"value": b.value}), other: b.model_copy(update={"value": a.value})}

    _with_cells(f, swap)


@kind("best seed reported as the mean")
def best_seed_as_mean(f: Forger) -> None:
    better = "max" if f.plan.metric(f.plan.primary_metric).direction == "higher" else "min"
    mean, best = _mean(f, f.plan.target), _mean(f, f.plan.target, better)
    _with_cells(f, lambda cells: {**cells, mean: cells[mean].model_copy(update={"value": cells[best].value})})


@kind("confidence interval narrowed")
def narrowed_interval(f: Forger) -> None:
    def narrow(cells: dict[str, Cell]) -> dict[str, Cell]:
        out = dict(cells)
        for name, cell in cells.items():
            if cell.stat in ("ci_low", "ci_high"):
                middle = cells[name.rpartition("/")[0] + "/mean"].value
                out[name] = cell.model_copy(update={"value": middle + (cell.value - middle) / 2})
        return out

    _with_cells(f, narrow)


@kind("unit changed")
def wrong_unit(f: Forger) -> None:
    name = _mean(f, f.plan.target)
    _with_cells(f, lambda cells: {**cells, name: cells[name].model_copy(update={"unit": "ms"})})


@kind("n of a cell inflated")
def inflated_n(f: Forger) -> None:
    name = _mean(f, f.plan.target, "n")
    _with_cells(f, lambda cells: {**cells, name: cells[name].model_copy(update={"value": cells[name].value + 20})})


def _with_test(f: Forger, change: Callable[[TestResult], dict[str, Any]]) -> None:
    results = f.results
    if not results.tests:
        raise NotApplicable("there is no test")
    name = sorted(results.tests)[0]
    test = results.tests[name]
    forged = {**results.tests, name: test.model_copy(update=change(test))}
    f.rebuild(results=results.model_copy(update={"tests": forged}))


@kind("p-value not corrected")
def uncorrected_test(f: Forger) -> None:
    tests = {
        name: test.model_copy(update={"p_corrected": test.p, "family": 1}) for name, test in f.results.tests.items()
    }
    f.rebuild(results=f.results.model_copy(update={"tests": tests}))


@kind("verdict of a test flipped")
def flipped_verdict(f: Forger) -> None:
    _with_test(f, lambda test: {"verdict": "open" if test.verdict == "supported" else "supported"})


@kind("p-value made small")
def small_p(f: Forger) -> None:
    _with_test(f, lambda _: {"p": 1e-6, "p_corrected": 1e-5, "verdict": "supported"})


@kind("effect size inflated")
def inflated_effect(f: Forger) -> None:
    _with_test(f, lambda test: {"effect": 2 * (test.effect or 1.0)})


@kind("unwelcome comparison left out")
def dropped_test(f: Forger) -> None:
    results = f.results
    if not results.tests:
        raise NotApplicable("there is no test")
    name = sorted(results.tests)[-1]
    kept = {key: test for key, test in results.tests.items() if key != name}
    spoken = rf"\{{{name}\}}"
    if re.search(spoken, json.dumps([s.body for s in f.draft.sections])):
        sections = tuple(
            s.model_copy(update={"body": re.sub(rf"\\\w+(?:\{{\w+\}})?\{{{name}\}}", "", s.body)})
            for s in f.draft.sections
        )
        f.write_paper(f.draft.model_copy(update={"sections": sections}))
    f.rebuild(results=results.model_copy(update={"tests": kept}))


@kind("results of an earlier stage shown as confirmed")
def stale_run(f: Forger) -> None:
    nodes = sorted(path.parent for path in (f.run.path / "search" / "nodes").glob("*/rows.jsonl"))
    older = [path for path in nodes if path.name != f.node]
    if not older:
        raise NotApplicable("no other node has rows")
    rows = read_rows(older[-1] / "rows.jsonl")
    config = RunConfig.model_validate(read_json(older[-1] / "config.json"))
    made = build_results(rows, f.plan, config, family=len(f.plan.hypotheses))
    write_results(made, f.run.results)
    f.write_paper(f.draft)
