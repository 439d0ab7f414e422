"""The seam between us and whatever runs a program: a command goes in, what happened comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class ExitKind(StrEnum):
    """How a program ended."""

    OK = "ok"
    FAILED = "failed"
    """It ended by itself with an exit code other than 0, or by a signal that it caused."""
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    OUT_OF_DISK = "out_of_disk"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a program may use.

    Attributes:
        timeout_seconds: Wall time; then its whole process tree is killed.
        memory_bytes: Of all its processes together where the backend can, else of each.
        cpus: Cores' worth of CPU time per second of wall time.
        processes: Processes and threads at once.
        disk_bytes: Everything it writes.
        output_bytes: How much of stdout, and of stderr, the result keeps: head and tail. The whole text is on disk,
            up to `disk_bytes`.
    """

    timeout_seconds: float
    memory_bytes: int
    cpus: float = 1.0
    processes: int = 64
    disk_bytes: int = 512 * 1024**2
    output_bytes: int = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run, and what it may see.

    Attributes:
        argv: Program and arguments. "python" means the sandbox's own interpreter.
        code: Folder with the program, seen read-only at the sandbox's /code, which is the working directory.
        out: Folder that it may write, seen at /out. Everything left in it is the program's output.
        inputs: Name → folder or file of ours, each seen read-only at /data/NAME.
        environment: The whole environment; nothing of ours is added but PATH, HOME, and what Python needs.
        stdout: Where the whole stdout goes.
        stderr: Where the whole stderr goes.
        limits: What it may use.
        gpus: Devices it may see; none if empty.
        packages: Folders of Python packages besides the interpreter's own, importable, read-only.
        network: Whether it may use the network: only steps that prepare something for experiments may.
    """

    argv: tuple[str, ...]
    code: Path
    out: Path
    stdout: Path
    stderr: Path
    limits: Limits
    inputs: Mapping[str, Path] = field(default_factory=dict[str, Path])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    gpus: tuple[str, ...] = ()
    packages: tuple[Path, ...] = ()
    network: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecResult:
    """What happened. A failing, killed or hanging program is this, never an exception.

    Attributes:
        kind: How it ended.
        exit_code: As the shell says it: 128 + signal if a signal ended it. None if we ended it.
        stdout: Head and tail of what it printed.
        stderr: Likewise.
        wall_seconds: From start to end.
        cpu_seconds: User and system time of all its processes; None if the backend cannot tell.
        peak_memory_bytes: Of its largest process, or of all together; None if the backend cannot tell.
    """

    kind: ExitKind
    exit_code: int | None
    stdout: str
    stderr: str
    wall_seconds: float
    cpu_seconds: float | None
    peak_memory_bytes: int | None


class Sandbox(Protocol):
    """Runs one command at a time per call; calls may overlap."""

    @property
    def name(self) -> str:
        """One of "docker", "bubblewrap", "process"."""
        ...

    @property
    def is_boundary(self) -> bool:
        """Whether it holds code that means harm; False for plain processes."""
        ...

    async def run(self, command: Command) -> ExecResult:
        """Run a command to its end; when the calling task is cancelled, everything it started is gone first.

        Raises:
            SandboxError: Only if the sandbox itself cannot work.
        """
        ...

    def describe(self) -> dict[str, str]:
        """Return what an audit wants to know: backend, version, interpreter, versions of the installed packages."""
        ...

    def close(self) -> None:
        """End whatever waits in readiness; nothing is run afterwards."""
        ...
