"""A task with a score: find the program whose answer scores best, by a scorer that the program cannot reach.

A task is a folder:

    task.toml       name, description, direction ("higher" or "lower"), `order`: names of known answers, worst first
    program/        the program that the search begins with; experiment.py is its entry, and writes into OUT_DIR
    public/         what programs may read, seen at DATA_DIR/public
    score.py        score(answer: Path, truth: Path) -> number; raises ValueError if the answer is none
    truth/          what only the scorer reads
    held_out/       public/ and truth/ of another set, which the search cannot read; scored once, at the end
    answers/        the known answers that `order` names
"""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pydantic import ValidationError

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.hashing import canonical_json
from ai_scientist.core.values import Value
from ai_scientist.search.contracts import Checkpoint
from ai_scientist.search.node import Measurement, Node, Outcome, Status
from ai_scientist.search.scorer import ScorerProcess, Verdict

METRIC, CONDITION, SPLIT = "score", "proposed", "development"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What became of running a program once a seed.

    Attributes:
        status: Of all seeds together: ok only if each ended well.
        diagnosis: Why it is not ok.
        folders: What each seed left, in the seeds' order; empty unless the status is ok. They are removed once scored.
        wall_seconds: Of all seeds.
    """

    status: Status
    diagnosis: str
    folders: tuple[Path, ...]
    wall_seconds: float
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None


class Runner(Protocol):
    """Runs programs where they can do no harm: a sandbox, seen from the search."""

    async def __call__(
        self, files: Mapping[str, str], seeds: Sequence[int], *, folder: Path, inputs: Mapping[str, Path]
    ) -> Answers:
        """Run a program once a seed, in a folder of its own; `inputs` it may read, and nothing else of ours."""
        ...


class TaskFile(Value):
    """What task.toml says."""

    name: str
    description: str
    direction: Literal["higher", "lower"]
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredTask:
    """A task's folder, checked."""

    folder: Path
    file: TaskFile

    @classmethod
    def open(cls, folder: Path) -> ScoredTask:
        """Return the task in a folder.

        Raises:
            ConfigError: If it is no task's folder; says what is missing.
        """
        try:
            file = TaskFile.model_validate(tomllib.loads((folder / "task.toml").read_text()))
        except (OSError, ValidationError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{folder} is no task: {error}") from error
        needed = ["score.py", "program/experiment.py", *(f"answers/{name}" for name in file.order)]
        if missing := [name for name in needed if not (folder / name).exists()]:
            raise ConfigError(f"{folder} is no task: it lacks {', '.join(missing)}.")
        return cls(folder=folder, file=file)

    @property
    def program(self) -> dict[str, str]:
        """The files that the search begins with."""
        base = self.folder / "program"
        return {
            file.relative_to(base).as_posix(): file.read_text() for file in sorted(base.rglob("*")) if file.is_file()
        }

    @property
    def has_held_out(self) -> bool:
        """Whether there is a set that the search cannot read."""
        return (self.folder / "held_out" / "truth").exists()

    @property
    def sign(self) -> float:
        """What turns a score into a value of which more is better."""
        return 1.0 if self.file.direction == "higher" else -1.0


class TaskEvaluator:
    """Runs a program in the sandbox, then has its answer scored elsewhere. Whatever it says of itself is ignored."""

    def __init__(self, task: ScoredTask, *, run: Runner, scorer: ScorerProcess, nodes: Path) -> None:
        self._task, self._runner, self._scorer, self._nodes = task, run, scorer, nodes

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        """Return one score a seed, or how the program failed; an answer without a score fails it."""
        run, verdicts = await self._run(checkpoint, seeds, self._nodes / node.id, self._task.folder)
        status, why = run.status, run.diagnosis
        if status is Status.OK and (why := _problems(verdicts)):
            status = Status.REFUSED
        rows = [
            Measurement(
                metric=METRIC, condition=CONDITION, dataset=self._task.file.name, split=SPLIT, seed=seed, value=v.score
            )
            for seed, v in zip(seeds, verdicts, strict=False)
            if v.score is not None
        ]
        return Outcome(
            status=status,
            diagnosis=why,
            measurements=tuple(rows) if status is Status.OK else (),
            seeds=tuple(seeds),
            wall_seconds=run.wall_seconds,
            cpu_seconds=run.cpu_seconds,
            peak_memory_bytes=run.peak_memory_bytes,
        )

    async def score_held_out(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int], file: Path) -> HeldOut:
        """Score a node's program on the held-out set, once, and write that down.

        Raises:
            ConfigError: If the task has no held-out set, it was scored before, or the program fails on it.
        """
        folder = self._task.folder / "held_out"
        if not self._task.has_held_out:
            raise ConfigError(f"The task {self._task.file.name!r} has no held-out set.")
        try:
            # Opening for creation only is what makes it once, also for two processes.
            claim = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError as error:
            raise ConfigError(f"The held-out set was scored before: {file}. It is scored once.") from error
        work = self._nodes / node.id / "held_out"
        try:
            run, verdicts = await self._run(checkpoint, seeds, work, folder)
            scores = [verdict.score for verdict in verdicts if verdict.score is not None]
            if run.status is not Status.OK or len(scores) < len(seeds):
                raise ConfigError(f"{node.id} has no score on the held-out set: {run.diagnosis or _problems(verdicts)}")
            seen = [row.value for row in node.outcome.measurements] if node.outcome else []
            told = HeldOut(node=node.id, scores=tuple(scores), development=tuple(seen))
            os.write(claim, canonical_json(told.model_dump(mode="json")).encode() + b"\n")
            os.fsync(claim)
        finally:
            os.close(claim)
        return told

    async def _run(
        self, checkpoint: Checkpoint, seeds: Sequence[int], folder: Path, data: Path
    ) -> tuple[Answers, list[Verdict]]:
        inputs = {"public": data / "public"} if (data / "public").exists() else {}
        run = await self._runner(checkpoint.files, seeds, folder=folder, inputs=inputs)
        verdicts = [await self._scorer.score(answer, data / "truth") for answer in run.folders]
        for answer in run.folders:
            shutil.rmtree(answer, ignore_errors=True)
        return run, verdicts


def _problems(verdicts: Sequence[Verdict]) -> str:
    return "; ".join(dict.fromkeys(verdict.problem for verdict in verdicts if verdict.score is None))


class HeldOut(Value):
    """What a program is worth on a set that the search never read, beside what the search saw."""

    schema_version: int = 1
    node: str
    scores: tuple[float, ...]
    development: tuple[float, ...]

    @property
    def gap(self) -> float | None:
        """Mean score that the search saw less the mean held-out score; None if it saw none."""
        if not self.development:
            return None
        return sum(self.development) / len(self.development) - sum(self.scores) / len(self.scores)
