"""Cells and tests, computed again from the rows and compared one by one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from ai_scientist.analysis.cells import Cell, Results, TestResult, read_results
from ai_scientist.analysis.family import CONFIRM, count_family
from ai_scientist.analysis.results import RowsUnusable, build_results, exploratory
from ai_scientist.analysis.rows import Row, RunConfig, read_rows
from ai_scientist.audit.brief import Tree
from ai_scientist.audit.chain import Chain
from ai_scientist.audit.notebook import Notebook
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.ids import NodeId
from ai_scientist.core.plan import Hypothesis, Plan
from ai_scientist.core.run_folder import RunFolder

TOLERANCE = 1e-9
"""Relative: the same arithmetic on another processor may differ in the last digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What displays and paper are judged by.

    Attributes:
        stored: The result store as it lies there.
        again: The same, computed anew from the rows; the judge of everything that is printed.
        rows: The rows behind it, points of curves included.
    """

    stored: Results
    again: Results
    rows: tuple[Row, ...]


def check_numbers(run: RunFolder, chain: Chain, tree: Tree, plan: Plan, book: Notebook) -> Evidence | None:
    """Return the results with their recomputation; None if there are none to judge by."""
    if not chain.of_kind("results.built") and not (run.results / "cells.jsonl").exists():
        book.note("The run has no results, so no number was checked.")
        return None
    try:
        stored = read_results(run.results)
    except (RunCorrupted, ValidationError, KeyError) as error:
        book.find("cell", "results/cells.jsonl", f"The result store cannot be read: {str(error).splitlines()[0]}")
        return None
    _check_nodes(stored, chain, tree, book)
    try:
        rows = tuple(row for node in stored.nodes for row in read_rows(run.node(NodeId(node)) / "rows.jsonl"))
        config = _config(run, stored, book)
        extra = _extra(stored, rows, plan)
        family = count_family(chain.of_kind("node.finished"), plan, rows, extra=extra)
        again = build_results(rows, plan, config, family=family, extra=extra)
    except (RunCorrupted, RowsUnusable, KeyError) as error:
        book.find("cell", "results/cells.jsonl", f"The results cannot be computed again: {str(error).splitlines()[0]}")
        return None
    if stored.config != again.config or stored.seeds != again.seeds:
        book.find(
            "cell", "results/config.json", "Configuration, data facts or seeds are not those of the confirmed node."
        )
    _compare_cells(stored.cells, again.cells, book)
    _compare_tests(stored.tests, again.tests, plan, book)
    return Evidence(stored=stored, again=again, rows=rows)


def _check_nodes(stored: Results, chain: Chain, tree: Tree, book: Notebook) -> None:
    """The results must rest on the confirmed node, and on no earlier one."""
    where = "results/config.json"
    ends = [e for e in chain.of_kind("stage.finished") if e.facts.get("name") == CONFIRM and e.facts.get("best")]
    for name in stored.nodes:
        node = tree.get(name)
        if node is None:
            book.find("cell", where, f"The results rest on {name}, which the journal does not know.")
        elif node.stage != CONFIRM:
            book.find("cell", where, f"The results rest on {name} of stage '{node.stage}', not on the confirm stage.")
        elif ends and ends[-1].facts["best"] != name:
            best = ends[-1].facts["best"]
            book.find("cell", where, f"The results rest on {name}, but {best} is the node that was confirmed.")
    confirmed = [node.id for node in tree.values() if node.stage == CONFIRM and node.status == "ok"]
    if len(confirmed) > len(stored.nodes):
        book.note(f"{len(confirmed)} nodes were confirmed; the tests are corrected for all of them.")


def _config(run: RunFolder, stored: Results, book: Notebook) -> RunConfig:
    """Return what the confirmed node's program said about itself."""
    file = run.node(NodeId(stored.nodes[0])) / "config.json" if stored.nodes else run.results / "config.json"
    try:
        return RunConfig.model_validate(json.loads(file.read_bytes()))
    except (OSError, ValueError) as error:
        book.find(
            "cell", file.relative_to(run.path).as_posix(), f"It is no configuration: {str(error).splitlines()[0]}"
        )
        return stored.config


def _extra(stored: Results, rows: tuple[Row, ...], plan: Plan) -> list[Hypothesis]:
    """Return the comparisons that were added by hand: neither planned nor an ablation's own."""
    known = {h.id for h in (*plan.hypotheses, *exploratory({row.condition for row in rows}, plan))}
    return [test.hypothesis for test in stored.tests.values() if test.id not in known]


def _compare_cells(stored: Mapping[str, Cell], again: Mapping[str, Cell], book: Notebook) -> None:
    for name in sorted(stored.keys() | again.keys()):
        where = f"results/cells.jsonl, {name}"
        book.judge("cell", where, name)
        if name not in again:
            book.find("cell", where, "No rows give this cell.")
        elif name not in stored:
            book.find("cell", where, "The rows give this cell, but it is missing.")
        else:
            for field in _differing(stored[name], again[name]):
                old, new = getattr(stored[name], field), getattr(again[name], field)
                why = "other rows" if field in ("rows", "nodes") else f"{old!r}, but the rows give {new!r}"
                book.find("cell", where, f"Its {field} is {why}." if why != "other rows" else "It names other rows.")


def _compare_tests(
    stored: Mapping[str, TestResult], again: Mapping[str, TestResult], plan: Plan, book: Notebook
) -> None:
    for name in sorted(stored.keys() | again.keys()):
        where = f"results/tests.json, {name}"
        book.judge("test", where, name)
        if name not in again:
            book.find("test", where, "The plan and the rows give no such test.")
        elif name not in stored:
            book.find("test", where, "The comparison was made, but its test is missing.")
        else:
            for field in _differing(stored[name], again[name]):
                old, new = getattr(stored[name], field), getattr(again[name], field)
                book.find("test", where, f"Its {field} is {_short(old)}, but plan and rows give {_short(new)}.")
    for hypothesis in plan.hypotheses:
        if hypothesis.id not in again:
            book.note(f"{hypothesis.id} was planned, but its conditions have no shared rows, so it was not tested.")


def _differing(old: Cell | TestResult, new: Cell | TestResult) -> list[str]:
    """Return the fields that differ; `producer` may, because it names the version of the code."""
    return [
        field
        for field in type(old).model_fields
        if field != "producer" and not _same(getattr(old, field), getattr(new, field))
    ]


def _same(old: object, new: object) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=1e-12)
    return old == new


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
