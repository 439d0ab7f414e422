"""The confirmed program checked: read, run again with its arms turned around, run again with labels shuffled."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast

from ai_scientist.analysis.check import parse_logged
from ai_scientist.analysis.effort import Tried, tuned_alike
from ai_scientist.analysis.leaks import LEAKS, check_leaks, read_splits
from ai_scientist.analysis.probes import (
    Probe,
    arms_apart,
    beats_trivial,
    canary,
    components_ran,
    depends_on_data,
    differing,
    libraries_used,
    values,
)
from ai_scientist.analysis.program import names_of, read_program
from ai_scientist.analysis.rows import Row, RunConfig
from ai_scientist.analysis.soundness import Check, Soundness, failed, not_checked, passed, warned
from ai_scientist.core.jsonl import read_json, write_json
from ai_scientist.core.plan import Plan
from ai_scientist.graph.parts import Parts
from ai_scientist.literature.alignment import align, copied_runs
from ai_scientist.sandbox.contract import ExitKind
from ai_scientist.sandbox.harness import SeedRun
from ai_scientist.search.node import Node

FILE = "checks.json"


def soundness_of(parts: Parts) -> Soundness | None:
    """Return what the checks of the confirmed experiment found; None for a run that made none."""
    file = parts.folder.results / FILE
    return Soundness.model_validate(read_json(file)) if file.exists() else None


async def check_soundness(node: Node, rows: Sequence[Row], config: RunConfig, plan: Plan, parts: Parts) -> Soundness:
    """Check the confirmed experiment and keep what was found; entered again, it keeps what there is.

    Raises:
        SandboxError: If the sandbox itself cannot work.
    """
    kept = soundness_of(parts)
    if kept is not None and kept.node == node.id:
        return kept
    checks = [*_of_text(node, parts), *_of_rows(node, rows)]
    checks.append(tuned_alike(_tried(parts), baseline=plan.baseline.name, target=plan.target))
    checks.append(_own_method(plan, parts))
    checks += await _of_probes(node, rows, config, plan, parts)
    found = Soundness(node=node.id, checks=tuple(checks))
    file = parts.folder.results / FILE
    write_json(file, found.model_dump(mode="json"))
    facts = {verdict: len(found.of(verdict)) for verdict in ("passed", "warned", "failed", "not checked")}
    parts.ledger.record("checks.made", actor="harness", files=[file], facts=facts)
    return found


def _own_method(plan: Plan, parts: Parts) -> Check:
    """Whether the plan's method is another paper's, step by step, or in its very words."""
    name = "the method is not a known paper's, step by step"
    records = [record for record in parts.library.records() if record.text]
    known = {record.id: record for record in records}
    same = [found for found in align(plan.method, records) if found.is_theirs]
    if same:
        share = round(100 * same[0].share)
        return warned(
            name, f"{share}% of its {same[0].steps} steps stand in {same[0].record} ({known[same[0].record].title})."
        )
    copied = [(record, run) for record in records for run in copied_runs(plan.method, record.text)[:1]]
    if copied:
        return warned(name, f"It has words of {copied[0][0].id}: “{copied[0][1]}”.")
    return passed(name, f"Its steps were laid beside those of {len(records)} stored texts.")


def _of_text(node: Node, parts: Parts) -> Iterator[Check]:
    name = "nothing that is logged was made up, nothing is fitted on test rows"
    files = parts.checkpoints.load(node.checkpoint).files
    programs = {path: text for path, text in files.items() if path.endswith(".py")}
    found = [f"{path}, line {s.line}: {s.why}" for path, text in programs.items() for s in read_program(text)]
    yield failed(name, found[0]) if found else passed(name, "The program's syntax tree was read for both.")


def _of_rows(node: Node, rows: Sequence[Row]) -> Iterator[Check]:
    odd = node.outcome.warnings if node.outcome else ()
    name = "rows fit the locked plan, arms and seeds differ"
    yield warned(name, odd[0]) if odd else passed(name, f"All {len(rows)} rows do.")
    name = "metrics are computed from predictions by the harness"
    mine = [row for row in rows if row.recomputed]
    if mine:
        metrics = ", ".join(sorted({row.metric for row in mine}))
        yield passed(name, f"{metrics} in {len(mine)} of {sum(row.is_final for row in rows)} final rows.")
    else:
        yield not_checked(name, "The program hands over no predictions.")


def _tried(parts: Parts) -> list[Tried]:
    """Return every program of the search that said how it was set."""
    settings = {
        n.id: RunConfig.model_validate(read_json(file)).settings
        for n in parts.journal.nodes
        if n.stage != "confirm" and (file := parts.folder.node(n.id) / "config.json").exists()
    }
    return [
        Tried(settings=settings[n.id], before=[settings[p] for p in n.parents if p in settings])
        for n in parts.journal.nodes
        if n.id in settings
    ]


async def _of_probes(node: Node, rows: Sequence[Row], config: RunConfig, plan: Plan, parts: Parts) -> list[Check]:
    seed = min(row.seed for row in rows)
    mine = [row for row in rows if row.seed == seed]
    files = parts.checkpoints.load(node.checkpoint).files
    names = names_of(files)
    with tempfile.TemporaryDirectory(prefix=".probe-", dir=parts.folder.path) as scratch:
        place = Path(scratch)
        for kind in ("order", "labels", "again"):
            place.joinpath(kind).mkdir()
        turned = await _probe("order", node, seed, place / "order", parts)
        shuffled = await _probe("labels", node, seed, place / "labels", parts)
        again = None
        if not turned.trouble and differing(values(mine), values(turned.rows)):
            again = await _probe("", node, seed, place / "again", parts)
        leaks = look_for_leaks(place / "order", test=plan.split)
    return [
        leaks,
        canary(shuffled, plan, config.data),
        depends_on_data(mine, shuffled),
        beats_trivial(rows, turned, plan),
        arms_apart(mine, turned, again, orders_arms=names.orders_arms),
        components_ran(node.components, names.functions, names.words, turned),
        libraries_used(plan.method, _of_data(plan), names.modules, turned),
    ]


def _of_data(plan: Plan) -> str:
    """Return what a plan says of its data, in one text."""
    return " ".join(str(value) for dataset in plan.datasets for value in dataset.model_dump().values())


def look_for_leaks(folder: Path, *, test: str = "test") -> Check:
    """Return what the rows tell that an extra run of kind "order" left under its folder."""
    try:
        splits = {k: v for out in folder.glob("files/seed-*") for k, v in read_splits(out).items()}
    except ValueError as error:
        return not_checked(LEAKS, f"{error}.")
    return check_leaks(splits, test=test)


async def _probe(kind: str, node: Node, seed: int, folder: Path, parts: Parts) -> Probe:
    bench = await parts.bench()
    files = parts.checkpoints.load(node.checkpoint).files
    run = await bench.run(files, [seed], folder=folder, probe=kind)
    return read_probe(run.seeds[0], run.kind)


def read_probe(run: SeedRun, kind: ExitKind) -> Probe:
    """Return what an extra run left; whatever it wrote is no more than what the program says."""
    facts = RunConfig.model_validate({"data": _json(run.folder / "probe.json")}).data
    if kind is not ExitKind.OK:
        return Probe(facts=facts, trouble=f"An extra run ended as {kind.value}.")
    rows, malformed = parse_logged(asdict(row) for row in run.reports.rows)
    if malformed or run.reports.problems:
        return Probe(facts=facts, trouble="An extra run left rows that cannot be read.")
    told = _json(run.folder / "executed.json")
    functions, modules = (frozenset(str(name) for name in _list(told.get(key))) for key in ("functions", "modules"))
    return Probe(rows=rows, facts=facts, functions=functions, modules=modules)


def _json(file: Path) -> dict[str, object]:
    try:
        told = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", told) if isinstance(told, dict) else {}


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
