"""Measuring a checkpoint: the sandbox runs it, the harness checks its rows, the node's folder keeps everything."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from ai_scientist.analysis.check import Origin, SeedLog, check_rows, parse_logged
from ai_scientist.analysis.recompute import Predictions
from ai_scientist.analysis.rows import Row, RunConfig
from ai_scientist.core.clock import stamp
from ai_scientist.core.disk import require_room
from ai_scientist.core.hashing import canonical_json, sha256_file, sha256_json
from ai_scientist.core.jsonl import write_atomic, write_json
from ai_scientist.core.plan import Plan
from ai_scientist.core.values import Scalar
from ai_scientist.graph.parts import Parts
from ai_scientist.sandbox import reports
from ai_scientist.sandbox.bench import Bench
from ai_scientist.sandbox.contract import ExitKind
from ai_scientist.sandbox.harness import ProgramRun, SeedRun
from ai_scientist.search.contracts import Checkpoint, Evaluator
from ai_scientist.search.node import Measurement, Node, Outcome, Status

STATUS = {
    ExitKind.FAILED: Status.CRASHED,
    ExitKind.OUT_OF_DISK: Status.CRASHED,
    ExitKind.TIMED_OUT: Status.TIMED_OUT,
    ExitKind.OUT_OF_MEMORY: Status.OUT_OF_MEMORY,
    ExitKind.CANCELLED: Status.CANCELLED,
}


class ProgramEvaluator:
    """Runs a node's program over seeds and keeps what it reported, if that is what the plan declared."""

    def __init__(self, parts: Parts, plan: Plan, bench: Bench) -> None:
        self._parts = parts
        self._plan = plan
        self._bench = bench
        self._workers = parts.settings.search.seed_workers or os.cpu_count() or 1

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        """Return what happened; whatever the program does is an outcome.

        Raises:
            SandboxError: If the sandbox itself cannot work.
            DiskFull: If there is no room for what the program writes.
        """
        folder = self._parts.folder.node(node.id)
        folder.mkdir(parents=True, exist_ok=True)
        require_room(folder)
        run = await self._bench.run(checkpoint.files, seeds, folder=folder, workers=self._workers)
        return self._judge(node, checkpoint, seeds, run, folder)

    def _judge(
        self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int], run: ProgramRun, folder: Path
    ) -> Outcome:
        status, diagnosis = STATUS.get(run.kind), run.diagnosis
        rows: tuple[Row, ...] = ()
        warnings: tuple[str, ...] = ()
        if run.kind is ExitKind.OK:
            rows, status, diagnosis, warnings = self._check(node, checkpoint, run)
        elif run.problems and not diagnosis:
            diagnosis = "\n".join(run.problems)
        _keep(rows, run, folder)
        names = [name for name in ("rows.jsonl", "config.json", "stdout.txt", "stderr.txt") if (folder / name).exists()]
        return Outcome(
            status=status or Status.CRASHED,
            diagnosis=diagnosis,
            measurements=tuple(_measurement(row) for row in rows if row.is_final),
            seeds=tuple(seeds),
            warnings=warnings,
            environment=self._bench.environment,
            wall_seconds=run.wall_seconds,
            cpu_seconds=run.cpu_seconds,
            peak_memory_bytes=run.peak_memory_bytes,
            artifacts={name: sha256_file(folder / name) for name in names},
        )

    def _check(
        self, node: Node, checkpoint: Checkpoint, run: ProgramRun
    ) -> tuple[tuple[Row, ...], Status, str, tuple[str, ...]]:
        """Return the rows that may be kept, and what the plan says of them."""
        logs: list[SeedLog] = []
        problems = list(run.problems)
        for seed in run.seeds:
            parsed, malformed = parse_logged(asdict(row) for row in seed.reports.rows)
            problems += [f"Seed {seed.seed}: {problem}" for problem in malformed]
            predictions = tuple(_predictions(told) for told in seed.reports.predictions)
            logs.append(SeedLog(seed=seed.seed, rows=parsed, data=_data_hash(seed), predictions=predictions))
        origin = Origin(node=node.id, code=checkpoint.id, time=stamp(self._parts.clock.now()))
        check = check_rows(logs, self._plan, origin=origin, components=node.components)
        problems += check.problems
        if problems:
            return (), Status.REFUSED, "\n".join(problems), check.warnings
        return check.rows, Status.OK, "", check.warnings


class Tidied:
    """An evaluator after which a node that was filtered out on the way leaves no rows."""

    def __init__(self, evaluator: Evaluator, parts: Parts) -> None:
        self._evaluator, self._parts = evaluator, parts

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        """Return the outcome; of one that was cancelled the rows are removed."""
        outcome = await self._evaluator.evaluate(node, checkpoint, seeds)
        if outcome.status is not Status.CANCELLED:
            return outcome
        folder = self._parts.folder.node(node.id)
        _keep((), None, folder)
        left = {name: sha for name, sha in outcome.artifacts.items() if (folder / name).exists()}
        return outcome.model_copy(update={"artifacts": left})


def record_outcome(node: Node, plan: Plan, parts: Parts) -> None:
    """Let the ledger say what came of a node, once the journal has it.

    The other way round, a crash between the two would have the node run again and recorded with other files.
    """
    if node.outcome is None:
        return
    parts.journal.sync()
    folder = parts.folder.node(node.id)
    facts = {
        "node": node.id,
        "stage": node.stage,
        "status": node.outcome.status.value,
        "seeds": list(node.outcome.seeds),
        "checkpoint": node.checkpoint,
        "environment": node.outcome.environment,
    }
    parts.ledger.record(
        "node.finished",
        actor="harness",
        key=f"node:{node.id}",
        inputs=[plan.hash, node.checkpoint],
        files=[path for path in (folder / name for name in node.outcome.artifacts) if path.exists()],
        facts=facts,
    )


def _keep(rows: Sequence[Row], run: ProgramRun | None, folder: Path) -> None:
    """Write the rows and the program's configuration; a node without valid rows has neither."""
    if not rows or run is None:
        for name in ("rows.jsonl", "config.json"):
            (folder / name).unlink(missing_ok=True)
        return
    lines = "".join(canonical_json(row.model_dump(mode="json")) + "\n" for row in rows)
    write_atomic(folder / "rows.jsonl", lines.encode())
    told = [seed.reports for seed in run.seeds]
    config = RunConfig(settings=_agreed([r.config or {} for r in told]), data=_agreed([r.data or {} for r in told]))
    write_json(folder / "config.json", config.model_dump(mode="json"))


def _agreed(told: Sequence[Mapping[str, Scalar]]) -> dict[str, Scalar]:
    """Return what all seeds said alike; what differs by seed is no configuration."""
    first: Mapping[str, Scalar] = told[0] if told else {}
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in told)}


def _data_hash(seed: SeedRun) -> str:
    """Return the hash of everything that a seed loaded, by dataset; empty if it reported nothing."""
    hashes = {key: value for key, value in (seed.reports.data or {}).items() if key.endswith("/sha256")}
    return sha256_json(hashes) if hashes else ""


def _predictions(told: reports.Predictions) -> Predictions:
    truths = [item.y_true for item in told.items]
    return Predictions.model_validate(
        {
            "condition": told.condition,
            "dataset": told.dataset,
            "split": told.split,
            "ids": [item.id for item in told.items],
            "y_pred": [item.y_pred for item in told.items],
            "y_true": None if any(truth is None for truth in truths) else truths,
        }
    )


def _measurement(row: Row) -> Measurement:
    return Measurement(
        metric=row.metric,
        condition=row.condition,
        dataset=row.dataset,
        split=row.split,
        seed=row.seed,
        value=row.value,
    )
