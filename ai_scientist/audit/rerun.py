"""The confirmed program, run again in a clean sandbox, and compared with what the paper rests on."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ai_scientist.analysis.rows import Row, RunConfig
from ai_scientist.audit.brief import Tree
from ai_scientist.audit.notebook import Notebook
from ai_scientist.audit.numbers import Evidence
from ai_scientist.audit.waiting import wait
from ai_scientist.core.errors import ConfigError, RunCorrupted, SandboxError
from ai_scientist.core.hashing import sha256_json
from ai_scientist.core.ids import CheckpointId
from ai_scientist.core.plan import Plan
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.core.settings import Settings
from ai_scientist.sandbox.bench import Bench, set_up
from ai_scientist.sandbox.contract import ExitKind, Sandbox
from ai_scientist.sandbox.harness import ProgramRun, SeedRun
from ai_scientist.search.checkpoints import Checkpoints

TOLERANCE = 1e-6
"""Relative: the same packages on another processor differ in the last digits; more is another result."""

PATIENCE = 3
"""A re-run may take this many times the limit of the run itself: the auditor's machine may be slower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """How the confirmed program is run again.

    Attributes:
        seeds: How many of the confirm seeds, drawn by the plan's hash, so that nobody can choose them; None: all.
        sandbox: Where; None: the strongest that works here. Never a plain process unless it is handed in.
        workers: Seeds at once.
    """

    seeds: int | None = None
    sandbox: Sandbox | None = None
    workers: int = 1


def sample_seeds(plan: Plan, count: int | None) -> tuple[int, ...]:
    """Return the confirm seeds to run again; which ones follows from the plan's hash."""
    if count is None or count >= len(plan.confirm_seeds):
        return plan.confirm_seeds
    return tuple(sorted(Random(plan.hash).sample(plan.confirm_seeds, max(1, count))))


def check_rerun(
    run: RunFolder, tree: Tree, evidence: Evidence, plan: Plan, how: Rerun, book: Notebook
) -> ProgramRun | None:
    """Run the confirmed program again and compare every value; None if that cannot be done here."""
    settings = run.record().settings
    nodes = [tree[name] for name in evidence.stored.nodes if name in tree]
    if not nodes:
        return None
    try:
        files = Checkpoints(run.checkpoints).load(CheckpointId(nodes[0].checkpoint)).files
        bench = wait(_set_up(settings, how))
    except (ConfigError, SandboxError) as error:
        book.note(f"The program was not run again, because what it needs is not here. {error}")
        return None
    except RunCorrupted:
        return None  # said where programs are checked
    seeds = sample_seeds(plan, how.seeds)
    with tempfile.TemporaryDirectory(prefix="ai-scientist-rerun-") as scratch:
        try:
            made = wait(bench.run(files, seeds, folder=Path(scratch), workers=how.workers))
        except SandboxError as error:
            book.note(f"The program could not be run again here: {error}")
            return None
        finally:
            if how.sandbox is None:
                bench.close()
        _compare(made, evidence, nodes[0].id, book)
    return made


async def _set_up(settings: Settings, how: Rerun) -> Bench:
    """Return what the run ran on, or the strongest that is here. Nothing is fetched on a stranger's word."""
    longer = {"timeout_seconds": settings.sandbox.timeout_seconds * PATIENCE, "name": "auto"}
    asked = settings.sandbox.model_copy(update=longer)
    return await set_up(asked, trusted=False, data=settings.data, sandbox=how.sandbox, make=False)


def _compare(made: ProgramRun, evidence: Evidence, node: str, book: Notebook) -> None:
    where = f"search/nodes/{node}/rows.jsonl"
    if made.kind is not ExitKind.OK:
        last = made.diagnosis.strip().splitlines()
        book.find("rerun", where, f"Run again, the program ended as {made.kind.value}: {last[-1] if last else ''}")
        return
    for seed in made.seeds:
        book.look("seed run again")
        mine = [row for row in evidence.rows if row.seed == seed.seed]
        _compare_seed(seed, mine, where, book)
        _compare_said(seed, evidence.stored.config, f"search/nodes/{node}/config.json", book)


def _compare_said(seed: SeedRun, stored: RunConfig, where: str, book: Notebook) -> None:
    """Numbers that the program says of itself and of its data; words may name what is installed here."""
    for kept, now in ((stored.settings, seed.reports.config), (stored.data, seed.reports.data)):
        for key, value in kept.items():
            if isinstance(value, str):
                continue
            book.look("setting said again")
            again = now.get(key)
            if isinstance(again, str | None) or not math.isclose(value, again, rel_tol=TOLERANCE, abs_tol=1e-9):
                why = f"{key}: the run's record says {value!r}, run again the program says {again!r}."
                book.find("rerun", where, why)


Place = tuple[str, str, str, str, int | None]


def _compare_seed(seed: SeedRun, stored: Sequence[Row], where: str, book: Notebook) -> None:
    before: Mapping[Place, float] = {(r.metric, r.condition, r.dataset, r.split, r.step): r.value for r in stored}
    now: Mapping[Place, float] = {
        (r.metric, r.condition, r.dataset, r.split, r.step): r.value for r in seed.reports.rows
    }
    recomputed = {(r.metric, r.condition, r.dataset, r.split, r.step) for r in stored if r.recomputed}
    for place in sorted(before.keys() | now.keys(), key=str):
        name = "/".join(str(part) for part in place[:4]) + ("" if place[4] is None else f"/step {place[4]}")
        if place not in now:
            if place not in recomputed:
                book.find("rerun", where, f"{name}, seed {seed.seed}: run again, the program does not log it.")
        elif place not in before:
            book.find("rerun", where, f"{name}, seed {seed.seed}: run again, the program logs it; the rows lack it.")
        elif not math.isclose(before[place], now[place], rel_tol=TOLERANCE, abs_tol=1e-9):
            why = f"{name}, seed {seed.seed}: the rows say {before[place]!r}, run again it is {now[place]!r}."
            book.find("rerun", where, why)
        else:
            book.look("value made again")
    hashes = {key: value for key, value in seed.reports.data.items() if key.endswith("/sha256")}
    data = sha256_json(hashes) if hashes else ""
    if stored and stored[0].data != data:
        book.find("rerun", where, f"Seed {seed.seed}: run again, the program loaded other data than the rows say.")
