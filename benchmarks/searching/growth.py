"""What a node costs as the tree grows: processor time, bytes on disk, memory; and what opening a large tree costs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.rehearsal import Height, rehearsal_scheduler, rehearsal_stages
from ai_scientist.search.stage_run import Progress

WINDOW = 100
"""Nodes over which a cost is averaged, before each size."""

OPEN = """
import sys, time
from pathlib import Path
from ai_scientist.search.journal import Journal
started, cpu = time.perf_counter(), time.process_time()
with Journal.read(Path(sys.argv[1])) as journal:
    view = journal.stage("explore")
    best = view.best
    tops = len(list(view.best_by_visits()))
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    print(seconds, cpu, pages * 4096 / 1e6, len(journal))
"""


@dataclass(frozen=True)
class Cost:
    """Of one node at some size, means over the nodes before it."""

    cpu_seconds: float
    wall_seconds: float
    journal_bytes: float


@dataclass(frozen=True)
class Opening:
    """Of the largest tree, in a process of its own."""

    seconds: float
    cpu_seconds: float
    memory_mb: float
    nodes: int


class Meter:
    """Watches a search and notes costs at the sizes asked for."""

    def __init__(self, journal: Path, sizes: tuple[int, ...]) -> None:
        self._journal, self._sizes = journal, sizes
        self._marks: dict[int, tuple[float, float, int]] = {}

    def watch(self, progress: Progress) -> None:
        """Note what has been spent so far, at the edges of the windows."""
        made = progress.made
        if progress.event == "finished" and made not in self._marks:
            if any(made in (size, size - WINDOW) for size in self._sizes):
                self._marks[made] = (time.process_time(), time.perf_counter(), self._journal.stat().st_size)

    def costs(self) -> dict[int, Cost]:
        """Return the costs by size."""
        found: dict[int, Cost] = {}
        for size in self._sizes:
            if size in self._marks and size - WINDOW in self._marks:
                spent = [b - a for a, b in zip(self._marks[size - WINDOW], self._marks[size], strict=True)]
                found[size] = Cost(*(value / WINDOW for value in spent))
        return found


def measure(sizes: tuple[int, ...], policy: str) -> tuple[dict[int, Cost], Opening]:
    """Grow one tree through all the sizes, then open it anew."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "journal.jsonl"
        meter = Meter(path, sizes)
        with Journal.open(path) as journal:
            checkpoints = Checkpoints(Path(name) / "c.git")
            scheduler = rehearsal_scheduler(journal, checkpoints, height=Height(noise=0.01), progress=meter.watch)
            first, explore, _ = rehearsal_stages(max(sizes), policy=policy, seeds=(0, 1, 2, 3))
            limits = {"depth": 30, "width": 8, "operators": ("improve", "debug")}
            for stage in (first, explore.model_copy(update=limits)):
                asyncio.run(scheduler.run_stage(stage))
        told = subprocess.run(
            [sys.executable, "-c", OPEN, str(path)], capture_output=True, text=True, check=True
        ).stdout
        seconds, cpu, memory, nodes = told.split()
        return meter.costs(), Opening(float(seconds), float(cpu), float(memory), int(nodes))
