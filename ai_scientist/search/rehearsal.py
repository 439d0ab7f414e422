"""A rehearsal: the whole search on a problem whose best answer is known, with no model and no sandbox.

It shows the four seams in a page (an operator, an evaluator, a value, a stage), and is what tests, benchmarks and
`python -m ai_scientist.search.rehearsal FOLDER` run. A program is two numbers; the value is highest, 1, at TOP.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.contracts import Checkpoint, Evaluator
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Measurement, Node, Outcome, Status
from ai_scientist.search.operators import Replicate
from ai_scientist.search.scheduler import Scheduler, no_audience
from ai_scientist.search.stage import Proposal, Stage
from ai_scientist.search.stage_run import Progress
from ai_scientist.search.values import MetricValue

TOP = (0.37, -0.62)
FILE = "point.json"


class Step:
    """An operator: a random step from the parent's point, its size falling with depth; a draft is a random point."""

    def __init__(self, checkpoints: Checkpoints, *, seconds: Callable[[int], float] = lambda asked: 0.0) -> None:
        self._checkpoints = checkpoints
        self._seconds = seconds

    async def expand(self, parents: Sequence[Node], stage: Stage, journal: Journal) -> Proposal | None:
        """Return a point near the first parent's, or between the parents' if there are two."""
        asked = journal.asked
        rng = Random(asked)
        if seconds := self._seconds(asked):
            await asyncio.sleep(seconds)
        points = [json.loads(self._checkpoints.load(parent.checkpoint).files[FILE]) for parent in parents]
        if not points:
            point = [round(rng.uniform(-2, 2), 6) for _ in TOP]
        else:
            size = rng.choice((0.5, 0.1, 0.02))
            middle = [sum(values) / len(points) for values in zip(*points, strict=True)]
            point = [round(value + rng.gauss(0, size), 6) for value in middle]
        return Proposal(files={FILE: json.dumps(point)}, title=f"point {point}", rationale=f"The step of ask {asked}.")


class Height:
    """An evaluator: the height at a point, a little different for each seed; some points crash, as programs do."""

    def __init__(self, *, noise: float = 0.0, crash_share: float = 0.0, seconds: Callable[[Node], float] | None = None):
        self._noise, self._crash_share, self._seconds = noise, crash_share, seconds

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        """Return one measurement a seed; the same point and seed always give the same."""
        if self._seconds:
            await asyncio.sleep(self._seconds(node))
        text = checkpoint.files[FILE]
        if Random(text).random() < self._crash_share:
            return Outcome(status=Status.CRASHED, diagnosis="ValueError: unlucky", seeds=tuple(seeds), wall_seconds=0)
        height = 1 - sum((a - b) ** 2 for a, b in zip(json.loads(text), TOP, strict=True))
        rows = tuple(
            Measurement(
                metric="height",
                condition="proposed",
                dataset="hill",
                split="test",
                seed=seed,
                value=height + Random(f"{text}/{seed}").gauss(0, self._noise),
            )
            for seed in seeds
        )
        return Outcome(status=Status.OK, measurements=rows, seeds=tuple(seeds), wall_seconds=0)


def rehearsal_stages(nodes: int, *, policy: str = "best_first", seeds: Sequence[int] = (0,)) -> tuple[Stage, ...]:
    """Return three stages: some drafts, an exploration of that many nodes, a confirmation on other seeds."""
    implement = Stage(
        name="implement",
        goal="Find a point at all.",
        operators=("draft", "debug"),
        target="proposed",
        nodes=6,
        enough_good=3,
        root="none",
        seeds=tuple(seeds),
    )
    explore = Stage(
        name="explore",
        goal="Climb.",
        operators=("improve", "recombine", "debug"),
        policy=policy,
        target="proposed",
        nodes=nodes,
        seeds=tuple(seeds),
    )
    confirm = Stage(
        name="confirm",
        goal="Measure the best point anew.",
        operators=("replicate",),
        target="proposed",
        nodes=1,
        seeds=tuple(seed + 1000 for seed in seeds),
    )
    return implement, explore, confirm


def rehearsal_scheduler(
    journal: Journal,
    checkpoints: Checkpoints,
    *,
    slots: int = 1,
    calls: int = 4,
    seed: int = 0,
    step: Step | None = None,
    height: Evaluator | None = None,
    progress: Callable[[Progress], None] = no_audience,
) -> Scheduler:
    """Return a scheduler over the rehearsal's parts."""
    climb = step or Step(checkpoints)
    return Scheduler(
        journal=journal,
        checkpoints=checkpoints,
        operators={name: climb for name in ("draft", "debug", "improve", "recombine")}
        | {"replicate": Replicate(checkpoints)},
        evaluator=height or Height(crash_share=0.15),
        value=MetricValue(metric="height", direction="higher"),
        slots=slots,
        calls=calls,
        seed=seed,
        progress=progress,
    )


async def rehearse(scheduler: Scheduler, stages: Sequence[Stage]) -> None:
    """Run the stages, or what is left of them."""
    for stage in stages:
        await scheduler.run_stage(stage)


def main(folder: Path, *, slots: int, nodes: int, policy: str, seconds: float) -> None:
    """Rehearse in a folder, or take up the rehearsal that is there."""
    with Journal.open(folder / "journal.jsonl") as journal:
        checkpoints = Checkpoints(folder / "checkpoints.git")
        step = Step(checkpoints, seconds=lambda asked: Random(asked).random() * seconds)
        height = Height(crash_share=0.15, noise=0.01, seconds=lambda node: Random(node.number).random() * seconds)
        scheduler = rehearsal_scheduler(journal, checkpoints, slots=slots, step=step, height=height)
        asyncio.run(rehearse(scheduler, rehearsal_stages(nodes, policy=policy, seeds=(0, 1))))
        best = journal.best("confirm")
        print(f"{len(journal)} nodes; best {best}: {journal.node(best).score if best else None}", file=sys.stderr)


if __name__ == "__main__":
    FOLDER, SLOTS, NODES, POLICY, SECONDS = (sys.argv[1:] + ["1", "40", "puct", "0.0"][len(sys.argv) - 2 :])[:5]
    main(Path(FOLDER), slots=int(SLOTS), nodes=int(NODES), policy=POLICY, seconds=float(SECONDS))
