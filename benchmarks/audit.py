"""How often the auditor is wrong: fabrications of every kind planted in finished runs, and honest runs left alone.

Two forgers plant each kind: one changes files and leaves it at that; one covers the traces (every hash taken anew, the
ledger chained anew, earlier audits removed). Kinds that a whole forgery can hide from everything but the program itself
are judged with the program run again on one seed, which the plan's hash draws. A third figure says what is caught of
the covering forger by an auditor who kept the ledger's hash elsewhere (`audit --expect-head`).

    python -m benchmarks.audit --quick           one small run, the covering forger
    python -m benchmarks.audit                   runs of four templates and of the tests' own study, both forgers
    python -m benchmarks.audit --runs DIR        finished runs that are there already
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ai_scientist.audit.chain import check_expected, read_chain
from ai_scientist.audit.check import audit
from ai_scientist.audit.notebook import Notebook
from ai_scientist.audit.rerun import Rerun
from ai_scientist.core.research_template import load_template, template_names
from ai_scientist.core.run_folder import RunFolder, find_runs
from benchmarks.fabrications import KINDS, Kind
from benchmarks.forger import Forger, NotApplicable
from tests.audit.finished import make_run

FORGERS = ("plain", "covering")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One kind, one run, one forger."""

    kind: str
    run: Path
    forger: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of a task.

    Attributes:
        caught: None if the kind could not be planted in that run.
        by: Kinds of the findings.
        anchored: Whether it is caught by whoever knows a hash of the ledger from before.
    """

    task: Task
    caught: bool | None
    by: tuple[str, ...]
    seconds: float
    anchored: bool = False
    note: str = ""


def judge(task: Task) -> Judged:
    """Plant one kind in a copy of a run, and audit the copy."""
    kind = next(k for k in KINDS if k.name == task.kind)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / task.run.name
        shutil.copytree(task.run, copy, symlinks=True)
        run = RunFolder(copy)
        head = read_chain(run, Notebook()).head
        try:
            forger = Forger(run, Random(zlib.crc32(f"{task.kind}/{task.run.name}".encode())))
            kind.plant(forger)
            if task.forger == "covering":
                forger.cover()
        except NotApplicable as why:
            return Judged(task=task, caught=None, by=(), seconds=0, note=str(why))
        report = audit(run, rerun=Rerun(seeds=1) if kind.rerun else False)
        by = tuple(sorted({finding.kind for finding in report.findings}))
        book = Notebook()
        check_expected(read_chain(run, book), head, book)
        caught = report.verdict == "fail"
        return Judged(task=task, caught=caught, by=by, seconds=report.seconds, anchored=caught or bool(book.findings))


def check_honest(path: Path) -> tuple[str, float, list[str]]:
    """Return what an audit with a re-run on one seed finds in a run that nobody touched."""
    report = audit(RunFolder(path), rerun=Rerun(seeds=1))
    return path.name, report.seconds, [f"{f.kind} | {f.where} | {f.why}" for f in report.findings]


def make_honest(folder: Path, *, quick: bool, count: int) -> list[Path]:
    """Make finished runs: small ones by the tests' own study, and whole ones of every template."""
    paths = [make_run(folder / f"study-{seed}", first_seed=100 + 50 * seed).path for seed in range(1 if quick else 2)]
    if quick:
        return paths
    names = template_names()
    for number in range(count - len(paths)):
        template = load_template(names[number % len(names)])
        topic = template.examples[number // len(names) % len(template.examples)]
        words = ["run", topic, "--template", template.id, "--quick", "--seed", str(number), "--output", str(folder)]
        print(f"making run {number + 1}: {template.id}, seed {number}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "ai_scientist.cli", *words, "--json"], check=False, capture_output=True)
    whole = [run.path for run in find_runs(folder) if (run.results / "cells.jsonl").exists()]
    return [*paths, *whole]


def measure(runs: Sequence[Path], kinds: Sequence[Kind], forgers: Sequence[str], workers: int) -> list[Judged]:
    """Plant every kind in every run by every forger."""
    tasks = [Task(kind=kind.name, run=run, forger=forger) for kind in kinds for run in runs for forger in forgers]
    with ProcessPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(judge, tasks))


def rates(judged: Sequence[Judged]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each kind with "caught of planted" by forger."""
    for kind in KINDS:
        row: dict[str, str] = {}
        for forger in FORGERS:
            mine = [j for j in judged if j.task.kind == kind.name and j.task.forger == forger and j.caught is not None]
            row[forger] = f"{sum(bool(j.caught) for j in mine)}/{len(mine)}" if mine else "-"
        covered = [
            j for j in judged if j.task.kind == kind.name and j.task.forger == "covering" and j.caught is not None
        ]
        row["anchored"] = f"{sum(j.anchored for j in covered)}/{len(covered)}" if covered else "-"
        row["by"] = ", ".join(
            sorted({by for j in judged if j.task.kind == kind.name and j.task.forger != "plain" for by in j.by})
        )
        yield kind.name, row


def share(judged: Sequence[Judged], forger: str) -> float | None:
    """Return the share of planted fabrications that was caught; None if none was planted."""
    mine = [bool(j.caught) for j in judged if j.task.forger == forger and j.caught is not None]
    return sum(mine) / len(mine) if mine else None


def main() -> int:
    """Print the table; exit code 1 if less than 95 % is caught or an honest run is accused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=Path, help="a folder of finished runs, instead of making some")
    parser.add_argument("--honest", type=int, default=50, help="how many honest runs to judge")
    parser.add_argument("--planted", type=int, default=6, help="how many of them to plant fabrications in")
    parser.add_argument("--kinds", nargs="*", help="only these kinds")
    parser.add_argument("--forgers", nargs="*", choices=FORGERS, default=FORGERS)
    parser.add_argument("--studies", type=int, default=0, help="with --runs: so many runs of the tests' study besides")
    arguments = parser.parse_args()
    kinds = [kind for kind in KINDS if not arguments.kinds or kind.name in arguments.kinds]
    workers = os.cpu_count() or 1
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.runs:
            honest = [run.path for run in find_runs(arguments.runs)]
            for seed in range(arguments.studies):
                honest.append(make_run(Path(scratch) / f"study-{seed}", first_seed=100 + 50 * seed).path)
        else:
            honest = make_honest(Path(scratch), quick=arguments.quick, count=arguments.honest)
        with ProcessPoolExecutor(max_workers=workers) as pool:
            accused = [(name, findings) for name, _, findings in pool.map(check_honest, honest) if findings]
        forgers = FORGERS[1:] if arguments.quick else arguments.forgers
        judged = measure(spread(honest, arguments.planted), kinds, forgers, workers) if arguments.planted else []
    covered = [j for j in judged if j.task.forger == "covering" and j.caught is not None]
    figures = {f"caught_{f}": share(judged, f) for f in forgers} | {
        "caught_with_head_kept": sum(j.anchored for j in covered) / len(covered) if covered else None,
        "kinds": float(len(kinds)),
        "planted": float(sum(j.caught is not None for j in judged)),
        "honest_runs": float(len(honest)),
        "false_alarms": float(len(accused)),
        "seconds": round(time.monotonic() - started, 1),
    }
    if arguments.json:
        print(json.dumps({"figures": figures}))
    else:
        show(judged, accused, figures)
    enough = all(value is None or value >= 0.95 for name, value in figures.items() if name.startswith("caught_"))
    return 0 if enough and not accused else 1


def spread(runs: Sequence[Path], count: int) -> list[Path]:
    """Return some of the runs, evenly spread, so that every template is among them."""
    step = max(1, len(runs) // max(1, count))
    return list(runs[::step][:count])


def show(judged: Sequence[Judged], accused: Sequence[tuple[str, list[str]]], figures: dict[str, float | None]) -> None:
    """Print the table for people."""
    print(f"{'kind':28} {'plain':>9} {'covering':>9} {'head kept':>9}  found as")
    for name, row in rates(judged):
        print(f"{name:28} {row['plain']:>9} {row['covering']:>9} {row['anchored']:>9}  {row['by']}")
    for name, findings in accused:
        print(f"FALSE ALARM in {name}: {findings[0]} (+{len(findings) - 1})")
    print("  ".join(f"{name} {value:.4g}" if value is not None else f"{name} -" for name, value in figures.items()))


if __name__ == "__main__":
    sys.exit(main())
