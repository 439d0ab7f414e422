"""The audit's time and memory as a run grows: search trees of 10, 100 and 1,000 programs that really ran.

Each run is made by the parts that make every run (harness, ledger, journal, checkpoints, result store, paper), on a
small experiment whose programs differ in one constant. Each audit is a process of its own, so that its peak memory is
its own; the first of them reads files that were just written, so nothing here measures a disk.

    python -m benchmarks.audit_scale             10, 100 and 1,000 nodes, 18 files a node
    python -m benchmarks.audit_scale --seeds 1   the same with 11 files a node
    python -m benchmarks.audit_scale --quick     10 and 60 nodes
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.analysis.study import make_plan
from tests.audit.finished import PROGRAM, Maker

AUDIT = """
import json, resource, sys, time
from pathlib import Path
from ai_scientist.audit.check import audit
from ai_scientist.core.run_folder import RunFolder
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started, begun = time.perf_counter(), time.process_time()
report = audit(RunFolder(Path(sys.argv[1])))
seconds, cpu = time.perf_counter() - started, time.process_time() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak / 1024, "grown_mb": (peak - before) / 1024,
                  "verdict": report.verdict, "findings": [str(f) for f in report.findings[:3]]}))
"""
REPEATS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run and the median of its audits.

    Attributes:
        artifacts: Files under the run's folder, without those of its git repositories.
        recorded: Files that the ledger names.
        peak_mb: Most memory of the auditing process; `grown_mb` of it after the package was imported.
    """

    nodes: int
    artifacts: int
    recorded: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    grown_mb: float

    @property
    def ms_per_artifact(self) -> float:
        """Milliseconds of processor time for each artifact: what else the machine does is not in it."""
        return 1000 * self.cpu_seconds / self.artifacts


def make_long_run(folder: Path, nodes: int, seeds: int = 2) -> Path:
    """Make a finished run whose search has that many nodes, each run on that many seeds, and return its folder."""
    plan = make_plan(seeds=range(100, 112))
    maker = Maker(folder, plan.model_copy(update={"search_seeds": plan.search_seeds[:seeds]}))
    try:
        maker.enter("implement")
        root = maker.node("implement", PROGRAM.format(shrink=1.0, ablate=False))
        maker.enter("explore")
        best = root
        for number in range(nodes - 3):
            shrink = round(0.9 - 0.6 * number / nodes, 6)
            best = maker.node(
                "explore", PROGRAM.format(shrink=shrink, ablate=False), parent=root, components=["shrink"]
            )
        maker.enter("ablate")
        program = PROGRAM.format(shrink=0.5, ablate=True)
        ablated = maker.node("ablate", program, parent=best, components=["shrink"])
        maker.enter("confirm")
        confirmed = maker.node("confirm", program, parent=ablated, components=["shrink"])
        end = {"name": "confirm", "why": "complete", "nodes": 1, "best": confirmed.id}
        maker.ledger.record("stage.finished", actor="search", key="stage:confirm", facts=end)
        maker.export(confirmed)
        maker.write(maker.analyse(confirmed), None)
    finally:
        maker.journal.close()
        maker.ledger.close()
    return maker.run.path


def count_artifacts(run: Path) -> tuple[int, int]:
    """Return how many files the run has, git's own left out, and how many of them the ledger names."""
    files = sum(
        len(names) for place, _, names in os.walk(run) if ".git" not in place and "checkpoints.git" not in place
    )
    events = (json.loads(line) for line in (run / "ledger.jsonl").open(encoding="utf-8"))
    return files, len({output["path"] for event in events for output in event["outputs"]})


def measure(run: Path, nodes: int) -> Measured:
    """Audit a run in processes of its own, and return the median."""
    told: list[dict[str, float]] = []
    for _ in range(REPEATS):
        done = subprocess.run([sys.executable, "-c", AUDIT, str(run)], capture_output=True, text=True, check=True)
        answer = json.loads(done.stdout)
        if answer["verdict"] != "pass":
            raise SystemExit(f"An honest run of {nodes} nodes was accused: {answer['findings']}")
        told.append(answer)
    median = sorted(told, key=lambda one: one["seconds"])[len(told) // 2]
    artifacts, recorded = count_artifacts(run)
    return Measured(
        nodes=nodes,
        artifacts=artifacts,
        recorded=recorded,
        seconds=median["seconds"],
        cpu_seconds=median["cpu"],
        peak_mb=median["peak_mb"],
        grown_mb=median["grown_mb"],
    )


def main() -> int:
    """Print the table; exit code 1 if the largest run takes 10 seconds or more."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, choices=(1, 2), default=2, help="on which every program is run")
    parser.add_argument("--nodes", type=int, nargs="*", help="other sizes")
    asked = parser.parse_args()
    sizes = asked.nodes or ((10, 60) if asked.quick else (10, 100, 1000))
    found: list[Measured] = []
    with tempfile.TemporaryDirectory() as scratch:
        for nodes in sizes:
            started = time.monotonic()
            run = make_long_run(Path(scratch) / str(nodes), nodes, asked.seeds)
            print(f"{nodes} nodes ran and were written up in {time.monotonic() - started:.0f} s", file=sys.stderr)
            found.append(measure(run, nodes))
    first, last = found[0], found[-1]
    figures = {f"seconds_{m.nodes}_nodes": round(m.seconds, 3) for m in found}
    figures |= {f"cpu_seconds_{m.nodes}_nodes": round(m.cpu_seconds, 3) for m in found}
    figures |= {f"ms_per_artifact_{m.nodes}_nodes": round(m.ms_per_artifact, 4) for m in found}
    figures |= {
        "time_per_artifact_last_to_first": round(last.ms_per_artifact / first.ms_per_artifact, 3),
        "peak_mb_last_to_first": round(last.peak_mb / first.peak_mb, 3),
    }
    if asked.json:
        print(json.dumps({"figures": figures}))
        return 0 if last.seconds < 10 else 1
    print(
        "".join(f"{name:>11}" for name in ("nodes", "artifacts", "in ledger", "seconds", "CPU s", "ms each", "peak MB"))
    )
    for m in found:
        print(
            f"{m.nodes:>11}{m.artifacts:>11}{m.recorded:>11}{m.seconds:>11.2f}{m.cpu_seconds:>11.2f}"
            f"{m.ms_per_artifact:>11.3f}{m.peak_mb:>11.0f}"
        )
    return 0 if last.seconds < 10 else 1


if __name__ == "__main__":
    sys.exit(main())
