"""Runs a program once a seed, in a fresh copy each time, and collects what it reported. Seeds and time are ours."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ai_scientist.core.errors import SandboxError
from ai_scientist.sandbox.contract import Command, ExecResult, ExitKind, Limits, Sandbox
from ai_scientist.sandbox.gpus import lease
from ai_scientist.sandbox.leftovers import make_plain
from ai_scientist.sandbox.orders import ENTRY
from ai_scientist.sandbox.reports import Reports, read_reports

SCRATCH = ".running-"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRun:
    """One run of the program.

    Attributes:
        seed: What it was told as SEED.
        result: How it ended; None if it was not started, because an earlier seed failed.
        reports: What it reported through `lab`, as it stands: nothing here has been checked against a plan.
        files: Everything else it left, by path below its folder.
        folder: Where that lies.
    """

    seed: int
    result: ExecResult | None
    reports: Reports
    folder: Path

    @property
    def is_ok(self) -> bool:
        """Whether the program ended well."""
        return self.result is not None and self.result.kind is ExitKind.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramRun:
    """A program over all its seeds, in the order that the seeds were given.

    Attributes:
        problems: What is wrong with the files, or with what the program left; empty if nothing is.
        stdout: All seeds' stdout, under a headline each.
        stderr: Likewise.
    """

    seeds: tuple[SeedRun, ...]
    problems: tuple[str, ...]
    stdout: Path
    stderr: Path

    @property
    def kind(self) -> ExitKind:
        """How it ended: the first kind other than ok, or ok."""
        if not self.seeds:
            return ExitKind.FAILED
        kinds = [run.result.kind for run in self.seeds if run.result is not None]
        return next((kind for kind in kinds if kind is not ExitKind.OK), ExitKind.OK)

    @property
    def diagnosis(self) -> str:
        """What a debug step needs to read: the last words of the first seed that did not end well; empty if all did."""
        for run in self.seeds:
            if run.result is not None and run.result.kind is not ExitKind.OK:
                words = (
                    run.result.stderr.strip() or _without_numbers(run.result.stdout.strip()) or "It printed nothing."
                )
                return f"Seed {run.seed} ended as {run.result.kind.value}.\n{words[-4000:]}"
        return "" if self.seeds else "\n".join(self.problems)

    @property
    def wall_seconds(self) -> float:
        """Sum over the seeds."""
        return sum(run.result.wall_seconds for run in self.seeds if run.result is not None)

    @property
    def cpu_seconds(self) -> float | None:
        """Sum over the seeds; None if the sandbox cannot tell."""
        told = [run.result.cpu_seconds for run in self.seeds if run.result is not None]
        known = [seconds for seconds in told if seconds is not None]
        return sum(known) if known else None

    @property
    def peak_memory_bytes(self) -> int | None:
        """Highest of the seeds; None if the sandbox cannot tell."""
        told = [run.result.peak_memory_bytes for run in self.seeds if run.result is not None]
        return max((peak for peak in told if peak is not None), default=None)


def _without_numbers(text: str) -> str:
    """Return printed text with its numbers masked: what repairs a program must not see how an arm did."""
    return re.sub(r"[-+]?\d[\d.,]*(?:[eE][-+]?\d+)?", "#", text)


async def run_program(
    sandbox: Sandbox,
    files: Mapping[str, str],
    seeds: Sequence[int],
    *,
    folder: Path,
    limits: Limits,
    inputs: Mapping[str, Path] | None = None,
    workers: int = 1,
    arguments: Sequence[str] = (),
    gpus: tuple[str, ...] = (),
    packages: tuple[Path, ...] = (),
    probe: str = "",
) -> ProgramRun:
    """Run `experiment.py` once a seed and return what happened; never raises for what the program does.

    When a seed does not end well, those that were not started yet are not started. Afterwards `folder` has stdout.txt
    and stderr.txt (all seeds, each under a headline) and files/seed-N/ (what the program left; links, pipes and
    devices are removed before anything is read). When the calling task is cancelled, no process is left.

    Args:
        sandbox: Where it runs.
        files: Path → text, the whole program.
        seeds: Each is run once, in this order.
        folder: The node's folder; what an earlier try left there is replaced.
        limits: Of each seed.
        inputs: Name → folder or file, read-only for the program.
        workers: Seeds at once.
        arguments: Command line of the program.
        gpus: Devices to lease from: each seed gets one for itself.
        packages: Folders of packages that it may import besides the interpreter's own.
        probe: What `lab` does to the program in an extra run, to find out what its results depend on: "order" or
            "labels"; empty: nothing.

    Raises:
        SandboxError: If the sandbox itself cannot work, or the folder cannot be written.
    """
    outputs = folder / "files"
    try:
        _clear(folder)
        outputs.mkdir(parents=True)
        scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=folder))
        try:
            problem = _check(files)
            job = _Job(
                sandbox=sandbox,
                files={} if problem else files,
                limits=limits,
                inputs=inputs or {},
                argv=("python", ENTRY, *arguments),
                gpus=gpus,
                packages=packages,
                outputs=outputs,
                scratch=scratch,
                environment={"PROBE": probe} if probe else {},
            )
            runs = [] if problem else await _run_seeds(job, seeds, workers)
            stdout = _join(folder / "stdout.txt", job, runs, "stdout")
            stderr = _join(folder / "stderr.txt", job, runs, "stderr", note=problem)
        finally:  # in a thread: some disks take their time, and other programs are waiting to be started
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
    except OSError as error:
        raise SandboxError(f"{folder} cannot be written: {error.strerror or error}.") from error
    problems = [problem] if problem else []
    problems += [f"Seed {run.seed}: {text}" for run in runs for text in run.reports.problems]
    return ProgramRun(seeds=tuple(runs), problems=tuple(problems), stdout=stdout, stderr=stderr)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    sandbox: Sandbox
    files: Mapping[str, str]
    limits: Limits
    inputs: Mapping[str, Path]
    argv: tuple[str, ...]
    gpus: tuple[str, ...]
    packages: tuple[Path, ...]
    outputs: Path
    scratch: Path
    environment: Mapping[str, str]

    def text(self, seed: int, stream: str) -> Path:
        return self.scratch / f"seed-{seed}.{stream}.txt"


async def _run_seeds(job: _Job, seeds: Sequence[int], workers: int) -> list[SeedRun]:
    runs = {seed: SeedRun(seed=seed, result=None, reports=Reports(), folder=_home(job, seed)) for seed in seeds}
    free = asyncio.Semaphore(max(1, workers))

    async def run(seed: int) -> None:
        async with free:
            if all(done.result is None or done.is_ok for done in runs.values()):
                runs[seed] = await _run_seed(job, seed)

    try:
        async with asyncio.TaskGroup() as group:
            for seed in seeds:
                group.create_task(run(seed))
    except BaseExceptionGroup as failed:
        # Not `except*`: before Python 3.11.4, what is raised in one comes out in a group.
        errors, others = failed.split(SandboxError)
        if errors is None or others is not None:
            raise
        raise errors.exceptions[0] from None
    return [runs[seed] for seed in seeds]


async def _run_seed(job: _Job, seed: int) -> SeedRun:
    code, out = job.scratch / f"seed-{seed}", _home(job, seed)
    out.mkdir()
    _write(job.files, code)
    async with lease(job.gpus) as gpus:
        command = Command(
            argv=job.argv,
            code=code,
            out=out,
            stdout=job.text(seed, "stdout"),
            stderr=job.text(seed, "stderr"),
            limits=job.limits,
            inputs=job.inputs,
            environment={**job.environment, "SEED": str(seed)},
            gpus=gpus,
            packages=job.packages,
        )
        result = await job.sandbox.run(command)
    removed = await asyncio.to_thread(make_plain, out)
    reports = await asyncio.to_thread(read_reports, out)
    return SeedRun(seed=seed, result=result, reports=reports.with_problems(removed), folder=out)


def _clear(folder: Path) -> None:
    """Remove what an earlier try left, also one that was killed."""
    for left in (folder / "files", *folder.glob(f"{SCRATCH}*")):
        shutil.rmtree(left, ignore_errors=True)


def _write(files: Mapping[str, str], code: Path) -> None:
    """Write a program so that anybody may read it, whatever our umask: it does not run as us."""
    for name, text in files.items():
        file = code / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o644)
        for parent in file.relative_to(code).parents:
            (code / parent).chmod(0o755)


def _check(files: Mapping[str, str]) -> str:
    """Return why these files are no program; empty if they are."""
    for name, text in files.items():
        if any("\ud800" <= letter <= "\udfff" for letter in name + text):
            return f"{name!a} holds half characters and is no text."
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
            return f"{name!r} is no path within the program's folder."
        if any(len(os.fsencode(part)) > 255 for part in path.parts):
            return f"{name[:40]!r}… is too long a name."
        if any(str(parent) in files for parent in path.parents):
            return f"{name!r} lies in what is both a file and a folder."
        if path.parts[0].partition(".")[0] == "lab":
            return f"{name!r} would take the place of the harness's own module lab."
    return "" if ENTRY in files else f"The program has no {ENTRY}."


def _home(job: _Job, seed: int) -> Path:
    return job.outputs / f"seed-{seed}"


def _join(target: Path, job: _Job, runs: Sequence[SeedRun], stream: str, note: str = "") -> Path:
    """Write all seeds' texts into one file, each under a headline."""
    with target.open("wb") as whole:
        if note:
            whole.write(f"{note}\n".encode())
        for run in runs:
            if run.result is None:
                whole.write(f"===== seed {run.seed}: not started, because an earlier seed failed =====\n".encode())
                continue
            whole.write(f"===== seed {run.seed}: {run.result.kind.value} =====\n".encode())
            with job.text(run.seed, stream).open("rb") as part:
                shutil.copyfileobj(part, whole)
            whole.write(b"\n")
    return target
