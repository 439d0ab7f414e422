"""Seconds per node when the model takes 0.2 s and the task nothing: what is left is the search's own time."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from benchmarks.searching.ours import chat_server, finish_times, search, steady
from benchmarks.searching.rivals import Rival

DELAY = 0.2


def measure_ours(in_flight: int, sandbox: str, *, nodes: int, slots: int | None = None) -> float:
    """Return steady seconds per node of this search."""
    with tempfile.TemporaryDirectory() as folder, chat_server("hill", delay=DELAY, seed=1) as url:
        grown = search(
            "hill",
            Path(folder),
            url,
            policy="puct",
            nodes=nodes,
            slots=slots or in_flight,
            calls=in_flight,
            sandbox=sandbox,
        )
        with asyncio.run(grown) as journal:
            times = finish_times(journal)
            assert len(times) == nodes
            # The first program costs no call, and the first answers come all at once: what counts comes after.
            return steady(times[1 + in_flight :])


def measure_rival(rival: Rival, in_flight: int, *, nodes: int) -> float:
    """Return steady seconds per evaluation of a package, from when it is under way."""
    with chat_server("hill", delay=DELAY, seed=1) as url:
        made = rival.run("hill", url, evaluations=nodes, seed=1, in_flight=in_flight)
    return steady([evaluation.time for evaluation in made][1 + in_flight :])
