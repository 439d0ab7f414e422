"""What each program itself left behind, seed by seed: a witness of its rows, its data and its settings."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ai_scientist.analysis.check import SAME
from ai_scientist.analysis.recompute import KNOWN, KNOWN_OF_PROBABILITIES, read_predictions, recompute
from ai_scientist.analysis.rows import Row
from ai_scientist.audit.brief import Brief
from ai_scientist.audit.notebook import Notebook
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.hashing import sha256_json
from ai_scientist.core.ids import NodeId
from ai_scientist.core.plan import Plan
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.sandbox.reports import Reports, read_reports

NOT_KEPT = "What some programs left was not kept, so their rows were not compared with it."

Place = tuple[str, str, str, str, int | None]
"""Metric, condition, dataset, split, step."""


def check_left(run: RunFolder, node: Brief, rows: Sequence[Row], plan: Plan, book: Notebook) -> None:
    """Compare a node's rows and settings with what its program left."""
    folder = run.node(NodeId(node.id))
    if not (folder / "files").is_dir():
        book.note(NOT_KEPT)
        return
    path = f"search/nodes/{node.id}/rows.jsonl"
    by_seed: dict[int, dict[Place, Row]] = defaultdict(dict)
    for row in rows:
        by_seed[row.seed][(row.metric, row.condition, row.dataset, row.split, row.step)] = row
    told: list[Reports] = []
    for seed in sorted(by_seed.keys() | set(node.seeds)):
        out = folder / "files" / f"seed-{seed}"
        if not out.is_dir():
            book.find("rows", path, f"Seed {seed} has left nothing: there is no {out.relative_to(run.path)}.")
            continue
        reports = read_reports(out, predictions=False)
        told.append(reports)
        _compare_rows(by_seed[seed], reports, seed, path, book)
        _compare_predictions(out, by_seed[seed], seed, plan, path, book)
    _compare_config(folder / "config.json", told, f"search/nodes/{node.id}/config.json", book)


def _compare_rows(kept: Mapping[Place, Row], reports: Reports, seed: int, path: str, book: Notebook) -> None:
    said = {(r.metric, r.condition, r.dataset, r.split, r.step): r.value for r in reports.rows}
    if any(row.recomputed or said.get(place) != row.value for place, row in kept.items()) or said.keys() - kept.keys():
        _tell_rows(kept, said, seed, path, book)
    hashes = {key: value for key, value in reports.data.items() if key.endswith("/sha256")}
    data = sha256_json(hashes) if hashes else ""
    if any(row.data != data for row in kept.values()):
        book.find("rows", path, f"Seed {seed}: the rows name other data than the program loaded.")


def _tell_rows(kept: Mapping[Place, Row], said: Mapping[Place, float], seed: int, path: str, book: Notebook) -> None:
    for place in sorted(said.keys() | kept.keys(), key=str):
        name = "/".join(str(part) for part in place if part is not None)
        if place not in kept:
            book.find("rows", path, f"{name}, seed {seed}: the program logged it, but the row is missing.")
        elif place not in said and not kept[place].recomputed:
            book.find("rows", path, f"{name}, seed {seed}: the program did not log it.")
        elif place in said and not kept[place].recomputed and said[place] != kept[place].value:
            why = f"{name}, seed {seed}: the row says {kept[place].value!r}, the program logged {said[place]!r}."
            book.find("rows", path, why)


def _compare_predictions(
    out: Path, kept: Mapping[Place, Row], seed: int, plan: Plan, path: str, book: Notebook
) -> None:
    if not (out / "predictions").is_dir():
        if any(row.recomputed for row in kept.values()):
            why = f"Seed {seed}: rows say that they were computed from predictions, but there are none."
            book.find("rows", path, why)
        return
    try:
        predictions = read_predictions(out)
    except (ValueError, RunCorrupted) as error:
        book.find("rows", path, f"Seed {seed}: {str(error).splitlines()[0]}")
        return
    metrics = [m.name for m in plan.metrics if m.name in {*KNOWN, *KNOWN_OF_PROBABILITIES}]
    for told in predictions:
        for metric in metrics:
            row = kept.get((metric, told.condition, told.dataset, told.split, None))
            try:
                value = recompute(told, metric, {}) if row else None
            except ValueError:
                continue
            if row is not None and value is not None:
                book.look("metric recomputed")
                if not math.isclose(row.value, value, rel_tol=SAME, abs_tol=SAME):
                    name = f"{metric}/{told.condition}/{told.dataset}, seed {seed}"
                    book.find("rows", path, f"{name}: the row says {row.value!r}, its predictions give {value!r}.")


def _compare_config(file: Path, told: Sequence[Reports], path: str, book: Notebook) -> None:
    """config.json must say what all seeds said alike."""
    if not file.is_file():
        return
    try:
        kept: dict[str, dict[str, object]] = json.loads(file.read_bytes())
    except ValueError:
        book.find("cell", path, "It cannot be read.")
        return
    parts = (("settings", "setting", [r.config for r in told]), ("data", "fact", [r.data for r in told]))
    for part, name, facts in parts:
        for key, value in kept.get(part, {}).items():
            book.look("setting")
            if any(fact.get(key) != value for fact in facts):
                book.find("number", path, f"The {name} '{key}' is {value!r}; the program said otherwise.")
