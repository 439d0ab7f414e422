"""How busy the slots are when experiments take log-normal times, beside the same work batch by batch as v2 does it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.contracts import Checkpoint
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Node, Outcome
from ai_scientist.search.rehearsal import Height, Step, rehearsal_scheduler, rehearsal_stages

SIGMA = 1.2
"""Of the logarithm of the times: the longest of a hundred is some twenty times the median."""


def duration(number: int, median: float) -> float:
    """Return how long a node's experiment takes."""
    return median * Random(f"duration {number}").lognormvariate(0, SIGMA)


@dataclass(frozen=True)
class Busy:
    """How the slots were used.

    Attributes:
        steady: Share of slot time in use until no more nodes could be begun.
        whole: The same to the very end, when the last experiments run out.
        seconds: All in all.
        batch_seconds: The same experiments in batches of as many as there are slots.
    """

    steady: float
    whole: float
    seconds: float
    batch_seconds: float


class Times:
    """An evaluator that takes its time and notes when it worked."""

    def __init__(self, median: float) -> None:
        self._median, self._height = median, Height()
        self.spans: list[tuple[float, float]] = []

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        """Sleep, then measure."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.sleep(duration(node.number, self._median))
        self.spans.append((started, loop.time()))
        return await self._height.evaluate(node, checkpoint, seeds)


async def _batches(slots: int, nodes: int, median: float) -> float:
    loop = asyncio.get_running_loop()
    started = loop.time()
    for first in range(1, nodes + 1, slots):
        batch = range(first, min(first + slots, nodes + 1))
        await asyncio.gather(*(asyncio.sleep(duration(number, median)) for number in batch))
    return loop.time() - started


async def _search(slots: int, nodes: int, median: float, call: float) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory() as name, Journal.open(Path(name) / "journal.jsonl") as journal:
        checkpoints = Checkpoints(Path(name) / "c.git")
        times = Times(median)
        step = Step(checkpoints, seconds=lambda asked: call)
        scheduler = rehearsal_scheduler(journal, checkpoints, slots=slots, calls=slots, step=step, height=times)
        stage = rehearsal_stages(nodes, policy="puct")[0].model_copy(
            update={
                "name": "all",
                "operators": ("draft", "improve"),
                "nodes": nodes,
                "enough_good": None,
                "drafts": slots,
            }
        )
        await scheduler.run_stage(stage)
    begin, last = min(start for start, _ in times.spans), max(start for start, _ in times.spans)
    end = max(stop for _, stop in times.spans)
    steady = sum(min(stop, last) - min(start, last) for start, stop in times.spans) / (slots * (last - begin))
    return steady, sum(stop - start for start, stop in times.spans) / (slots * (end - begin)), end - begin


def measure(slots: int, *, nodes: int, median: float, call: float) -> Busy:
    """Run the same experiments both ways. `call` is what a proposal takes, which the batches are spared."""
    steady, whole, seconds = asyncio.run(_search(slots, nodes, median, call))
    return Busy(steady=steady, whole=whole, seconds=seconds, batch_seconds=asyncio.run(_batches(slots, nodes, median)))
