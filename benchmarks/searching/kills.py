"""`kill -9` at random moments of a search that runs programs: what is lost, counted twice, or left over."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Node
from ai_scientist.search.scheduler import Scheduler
from ai_scientist.search.stage import Proposal, Stage
from ai_scientist.search.values import MetricValue
from benchmarks.searching.ours import RunsAndScores, sandbox_named
from benchmarks.searching.tasks import TASKS, render

TASK = TASKS["hill"]
MARK = "ai-scientist-kill-benchmark"
ORPHANS = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(30)", "{MARK}"])
"""
"""Every program leaves a child behind that would live for half a minute."""

STAGE = Stage(
    name="search",
    goal="g",
    operators=("draft", "improve"),
    policy="puct",
    target="proposed",
    nodes=30,
    root="none",
    seeds=(0,),
    drafts=1,
)


@dataclass(frozen=True)
class Toll:
    """What the kills cost.

    Attributes:
        kills: How many hit a search at work.
        lost: Finished nodes that were gone afterwards.
        doubled: Nodes with two outcomes.
        damaged: Checkpoints that git or the journal complains about.
        other_trees: Searches with one slot whose tree was not that of the unbroken search.
        orphans: Processes of a search that lived on.
    """

    kills: int
    lost: int
    doubled: int
    damaged: int
    other_trees: int
    orphans: int


class Draws:
    """An operator whose answers depend on the number of the ask alone."""

    async def expand(self, parents: Sequence[Node], stage: Stage, journal: Journal) -> Proposal | None:
        """Return a random program."""
        rng = Random(journal.asked)
        return Proposal(files={"experiment.py": render(TASK, TASK.mutate(TASK.start(), rng))}, title="a draw")


async def _run(folder: Path, slots: int) -> None:
    async with sandbox_named("process") as sandbox:
        assert sandbox is not None
        with Journal.open(folder / "journal.jsonl") as journal:
            draws = Draws()
            scheduler = Scheduler(
                journal=journal,
                checkpoints=Checkpoints(folder / "checkpoints.git"),
                operators={"draft": draws, "improve": draws},
                evaluator=RunsAndScores(TASK, sandbox, folder / "nodes", prelude=lambda node: ORPHANS),
                value=MetricValue(metric="score", direction="higher"),
                slots=slots,
                calls=slots,
            )
            await scheduler.run_stage(STAGE)


def run(folder: Path, slots: int) -> None:
    """Run a search to its end, or take up the one that is there."""
    asyncio.run(_run(folder, slots))


def _tree(folder: Path) -> list[tuple[object, ...]]:
    with Journal.read(folder / "journal.jsonl") as journal:
        return [(n.parents, n.tree, n.score, n.outcome and n.outcome.status) for n in journal.nodes]


def _finished(folder: Path) -> list[str]:
    path = folder / "journal.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    events = [json.loads(line)["event"] for line in lines]
    return [event["node"] for event in events if event["kind"] == "node_finished"]


def _complaints(folder: Path) -> int:
    if not (folder / "checkpoints.git" / "HEAD").exists():
        return 0
    argv = ["git", "--git-dir", str(folder / "checkpoints.git"), "fsck", "--full", "--strict"]
    checked = subprocess.run(argv, capture_output=True, text=True, check=False)
    lines = (checked.stdout + checked.stderr).splitlines()
    return sum(not line.startswith(("dangling ", "notice: HEAD")) for line in lines)


def _orphans() -> int:
    found = subprocess.run(["pgrep", "-f", f"sleep.30.*{MARK}"], capture_output=True, text=True, check=False).stdout
    return len(found.split())


def measure(kills: int) -> Toll:
    """Kill searches with one slot and with four, in turn, until that many kills have hit."""
    context, rng = multiprocessing.get_context("forkserver"), Random(7)
    context.set_forkserver_preload(["benchmarks.searching.kills"])
    hits = lost = doubled = damaged = other = rounds = 0
    with tempfile.TemporaryDirectory() as name:
        run(Path(name) / "unbroken", 1)
        expected = _tree(Path(name) / "unbroken")
        while hits < kills:
            slots, folder = (1, 4)[rounds % 2], Path(name) / str(rounds)
            rounds += 1
            before: list[str] = []
            while True:
                victim = context.Process(target=run, args=(folder, slots))
                victim.start()
                victim.join(rng.uniform(0.05, 0.9) if hits < kills else None)
                if victim.exitcode is None:
                    assert victim.pid is not None
                    os.kill(victim.pid, signal.SIGKILL)
                    hits += 1
                victim.join()
                after = _finished(folder)
                lost += len(set(before) - set(after))
                doubled += len(after) - len(set(after))
                before = after
                if victim.exitcode == 0:
                    break
            damaged += _complaints(folder)
            other += slots == 1 and _tree(folder) != expected
            lost += STAGE.nodes - len(set(after))
        deadline = time.monotonic() + 5
        while (left := _orphans()) and time.monotonic() < deadline:
            time.sleep(0.1)
    return Toll(kills=hits, lost=lost, doubled=doubled, damaged=damaged, other_trees=other, orphans=left)
