"""`kill -9` at random moments: a search that is resumed often enough is the search that was never killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import time
from pathlib import Path
from random import Random

import pytest

from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.rehearsal import main

# A server that has everything imported forks each victim, so that a kill hits the search and not Python's start.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["ai_scientist.search.rehearsal"])


def run_and_kill(folder: Path, after_seconds: float, *, slots: int, nodes: int) -> bool:
    """Run a rehearsal in a process of its own and kill it; return whether it had ended before."""
    keywords = {"slots": slots, "nodes": nodes, "policy": "puct", "seconds": 0.01}
    victim = PROCESSES.Process(target=main, args=(folder,), kwargs=keywords)
    victim.start()
    victim.join(after_seconds)
    assert victim.pid is not None
    if victim.exitcode is None:
        os.kill(victim.pid, signal.SIGKILL)
    victim.join()
    assert victim.exitcode in (0, -signal.SIGKILL)
    return victim.exitcode == 0


def check_whole(folder: Path) -> None:
    """After a kill: whole lines, each node once, each checkpoint complete."""
    path = folder / "journal.jsonl"
    if not path.exists():
        return
    with Journal.read(path) as journal:
        checkpoints = Checkpoints(folder / "checkpoints.git")
        finished = [r.event.node for r in journal.events() if r.event.kind == "node_finished"]
        assert len(finished) == len(set(finished))
        for node in journal.nodes:
            assert checkpoints.of_node(node.id) == node.checkpoint
            assert checkpoints.load(node.checkpoint).tree == node.tree


def tree(folder: Path) -> list[tuple[object, ...]]:
    with Journal.read(folder / "journal.jsonl") as journal:
        return [(n.id, n.parents, n.operator, n.title, n.checkpoint, n.outcome, n.score) for n in journal.nodes]


def ordeal(folder: Path, rng: Random, *, kills: int, slots: int, nodes: int) -> int:
    """Kill and resume until the search ends by itself, or the kills are used up and it is let end."""
    done = 0
    while done < kills:
        if run_and_kill(folder, rng.uniform(0.0, 0.12), slots=slots, nodes=nodes):
            break
        done += 1
        check_whole(folder)
    assert run_and_kill(folder, 120.0, slots=slots, nodes=nodes)
    check_whole(folder)
    checked = subprocess.run(
        ["git", "--git-dir", folder / "checkpoints.git", "fsck", "--full", "--strict"], capture_output=True, check=True
    )
    # What a kill left half-way is named by nothing, and git calls it dangling.
    lines = (checked.stdout + checked.stderr).decode().splitlines()
    assert [line for line in lines if not line.startswith("dangling ")] == []
    return done


def test_a_search_that_is_killed_again_and_again_is_the_search_that_was_not(tmp_path: Path) -> None:
    main(tmp_path / "unbroken", slots=1, nodes=20, policy="puct", seconds=0.0)
    ordeal(tmp_path / "killed", Random(5), kills=8, slots=1, nodes=20)
    assert tree(tmp_path / "killed") == tree(tmp_path / "unbroken")


def test_with_four_slots_no_node_is_lost_or_counted_twice(tmp_path: Path) -> None:
    ordeal(tmp_path, Random(6), kills=6, slots=4, nodes=30)
    with Journal.read(tmp_path / "journal.jsonl") as journal:
        assert journal.stage("explore").finished == 30
        assert journal.running == ()
        assert journal.stage("confirm").good == 1


@pytest.mark.slow
@pytest.mark.parametrize("slots", [1, 4])
def test_a_hundred_kills(tmp_path: Path, slots: int) -> None:
    """The two together are the two hundred that the search is held to; about a minute and a half."""
    main(tmp_path / "unbroken", slots=1, nodes=40, policy="puct", seconds=0.0)
    rng, kills, begun = Random(slots), 0, time.monotonic()
    while kills < 100:
        folder = tmp_path / f"killed-{kills}"
        kills += ordeal(folder, rng, kills=min(20, 100 - kills), slots=slots, nodes=40)
        if slots == 1:
            assert tree(folder) == tree(tmp_path / "unbroken")
        assert time.monotonic() - begun < 600
