"""A search for the program that scores best at a task: no paper, but the tree, the sandbox and an honest last score.

On disk, in the folder given, one folder for each policy: journal.jsonl, checkpoints.git, nodes/, held_out.json. What is
there is gone on with, until the held-out set is scored: that is done once, and the search is over then.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ai_scientist.agents.task_operator import StartingProgram, TaskOperator
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.ids import NodeId
from ai_scientist.core.jsonl import read_json
from ai_scientist.core.settings import SearchSettings, Settings
from ai_scientist.graph.evaluator import STATUS
from ai_scientist.models.request import Model
from ai_scientist.sandbox.choose import choose, limits_of
from ai_scientist.sandbox.contract import ExitKind, Limits, Sandbox
from ai_scientist.sandbox.harness import run_program
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.contracts import Operator
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Status
from ai_scientist.search.operators import Replicate
from ai_scientist.search.policies import POLICIES
from ai_scientist.search.scheduler import Scheduler, no_audience
from ai_scientist.search.scored_task import (
    CONDITION,
    METRIC,
    SPLIT,
    Answers,
    HeldOut,
    Runner,
    ScoredTask,
    TaskEvaluator,
)
from ai_scientist.search.scorer import ScorerProcess
from ai_scientist.search.scorer_lint import check_scorer
from ai_scientist.search.stage import Stage
from ai_scientist.search.stage_run import Progress
from ai_scientist.search.values import MetricValue

CONTROLS = ("random", "best_of_n")
"""Policies that every comparison holds the asked ones against: choosing at random, and not building on anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one policy found.

    Attributes:
        best: The node that it hands over; None if no program had a score.
        score: Its mean score over the seeds, as the search saw it.
        held_out: What it is worth on the set that the search could not read; None if the task has none.
    """

    policy: str
    nodes: int
    good: int
    best: NodeId | None
    score: float | None
    held_out: HeldOut | None
    folder: Path


async def search_task(
    task: ScoredTask,
    into: Path,
    settings: Settings,
    *,
    model: Model,
    policies: Sequence[str],
    progress: Callable[[Progress], None] = no_audience,
    sandbox: Sandbox | None = None,
) -> list[Found]:
    """Search with each policy, with the same number of nodes, and score each one's best program on the held-out set.

    The scorer is checked before the model is asked anything.

    Args:
        task: What is searched for.
        into: Where it is kept.
        settings: Nodes, slots, calls, seeds, sandbox, limits.
        model: Makes the programs.
        policies: By name.
        progress: Told of everything that happens.
        sandbox: Taken whatever the settings name; the caller closes it.

    Raises:
        ConfigError: If a policy is unknown, the scorer is wrong, or the task's own program has no score.
    """
    for name in policies:
        POLICIES.get(name)
    box = sandbox or choose(settings.sandbox, trusted=False, run=into.name).sandbox
    try:
        run = runner_over(box, limits_of(settings.sandbox), workers=settings.search.seed_workers or 1)
        await _check(task, run)
        return [await _search(task, into / name, name, settings, model, run, progress) for name in policies]
    finally:
        if sandbox is None:
            box.close()


def runner_over(sandbox: Sandbox, limits: Limits, *, workers: int = 1) -> Runner:
    """Return what runs programs, as the search sees it."""

    async def runner(
        files: Mapping[str, str], seeds: Sequence[int], *, folder: Path, inputs: Mapping[str, Path]
    ) -> Answers:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        done = await run_program(sandbox, files, seeds, folder=folder, limits=limits, inputs=inputs, workers=workers)
        is_ok = done.kind is ExitKind.OK
        return Answers(
            status=Status.OK if is_ok else STATUS.get(done.kind, Status.CRASHED),
            diagnosis="" if is_ok else done.diagnosis,
            folders=tuple(seed.folder for seed in done.seeds) if is_ok else (),
            wall_seconds=done.wall_seconds,
            cpu_seconds=done.cpu_seconds,
            peak_memory_bytes=done.peak_memory_bytes,
        )

    return runner


async def _check(task: ScoredTask, run: Runner) -> None:
    public = task.folder / "public"
    with tempfile.TemporaryDirectory(prefix="ai-scientist-task-") as folder:
        inputs = {"public": public} if public.exists() else {}
        own = await run(task.program, (0,), folder=Path(folder), inputs=inputs)
        if own.status is not Status.OK:
            raise ConfigError(f"The task's own program does not run: {own.diagnosis}")
        await check_scorer(task, own.folders[0])


async def _search(
    task: ScoredTask,
    folder: Path,
    policy: str,
    settings: Settings,
    model: Model,
    run: Runner,
    progress: Callable[[Progress], None],
) -> Found:
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    checkpoints, scorer = Checkpoints(folder / "checkpoints.git"), ScorerProcess(task.folder / "score.py")
    evaluator = TaskEvaluator(task, run=run, scorer=scorer, nodes=folder / "nodes")
    stage = _stage(task, policy, settings.search)
    try:
        with Journal.open(folder / "journal.jsonl") as journal:
            scheduler = Scheduler(
                journal=journal,
                checkpoints=checkpoints,
                operators=_operators(task, settings, model, checkpoints),
                evaluator=evaluator,
                value=MetricValue(metric=METRIC, direction=task.file.direction, split=SPLIT),
                slots=settings.search.slots,
                calls=settings.model.calls,
                seed=settings.seed,
                progress=progress,
            )
            file = folder / "held_out.json"
            held_out = _scored_before(file)
            if held_out is None:
                await scheduler.run_stage(stage)
            view = journal.stage(stage.name)
            best = journal.node(view.best) if view.best else None
            if held_out is None and best is not None and task.has_held_out:
                program = checkpoints.load(best.checkpoint)
                held_out = await evaluator.score_held_out(best, program, stage.seeds, file)
    finally:
        await scorer.close()
    return Found(
        policy=policy,
        nodes=view.made,
        good=view.good,
        best=view.best,
        score=task.sign * best.score.value if best and best.score else None,
        held_out=held_out,
        folder=folder,
    )


def _scored_before(file: Path) -> HeldOut | None:
    return HeldOut.model_validate(read_json(file)) if file.exists() else None


def _stage(task: ScoredTask, policy: str, search: SearchSettings) -> Stage:
    return Stage(
        name="search",
        goal=task.file.description,
        operators=("draft", "improve", "debug", "replicate"),
        policy=policy,
        target=CONDITION,
        nodes=search.nodes,
        root="none",
        seeds=tuple(range(search.search_seeds)),
        drafts=1,
        depth=search.depth,
        width=None if policy in CONTROLS else search.width,
        debug_depth=search.debug_depth,
    )


def _operators(task: ScoredTask, settings: Settings, model: Model, checkpoints: Checkpoints) -> dict[str, Operator]:
    sandbox = settings.sandbox
    limits = f"A seed may take {sandbox.timeout_seconds:g} s and {sandbox.memory_bytes // 1024**2} MiB."
    step = TaskOperator(task, model=model, checkpoints=checkpoints, limits=limits, seed=settings.seed)
    return {"draft": StartingProgram(task), "improve": step, "debug": step, "replicate": Replicate(checkpoints)}
