"""Plain processes: limits and a clean environment, but NO security boundary. For programs that we wrote ourselves."""

from __future__ import annotations

import math
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ai_scientist.core.errors import SandboxError
from ai_scientist.sandbox import ending
from ai_scientist.sandbox.cgroups import Cgroups
from ai_scientist.sandbox.contract import Command, ExecResult, Limits
from ai_scientist.sandbox.interpreter import (
    LAB,
    describe_python,
    lab_bytecode,
    lab_cache,
    python_environment,
    user_packages,
)
from ai_scientist.sandbox.orders import ENTRY, Order
from ai_scientist.sandbox.warden import Outputs, Warden

MOST_FILES = 20_000
"""How many files and folders a program may leave in its output."""

_MOST_WARM = 2
"""Warm interpreters kept at once: one for each environment, of which a run has one as a rule."""


class ProcessSandbox:
    """Runs programs as processes of ours, with limits.

    It does not hide files, keys in them, the network, or other processes, and code and inputs are only as read-only
    as their permissions make them. Descendants are found and killed also if they left session and process group.
    """

    def __init__(self, *, cgroups: Cgroups | None = None) -> None:
        self._cgroups = cgroups if cgroups is not None else Cgroups.find()
        self._cold = _Starter()
        self._warm: dict[frozenset[tuple[str, str]], _Starter] = {}

    @property
    def name(self) -> str:
        """Always "process"."""
        return "process"

    @property
    def is_boundary(self) -> bool:
        """Always False."""
        return False

    async def run(self, command: Command) -> ExecResult:
        """Run a command to its end; see the contract.

        The program sees its folders under their own paths, and `inputs` as links in a folder of their own, which is
        DATA_DIR.

        Raises:
            SandboxError: If the program could not be started.
        """
        try:
            scratch = Path(tempfile.mkdtemp(prefix="ai-scientist-"))
            home = _furnish(scratch, command)
            starter = self._starter(command)
            starter.furnish()
        except OSError as error:
            raise SandboxError(f"A working folder cannot be made: {error}.") from error
        try:
            with Outputs(command) as outputs:
                report = await starter.warden.run(self._order(command, scratch, home, starter.folder), outputs)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return ending.result(report, command)

    def describe(self) -> dict[str, str]:
        """Return backend, interpreter and packages."""
        return {"backend": self.name, "limits": self._cgroups.kind, **describe_python()}

    def close(self) -> None:
        """End the processes that start programs."""
        for starter in (self._cold, *self._warm.values()):
            starter.close()

    def _starter(self, command: Command) -> _Starter:
        """Return who starts a program: one with our own interpreter is forked from a warm one where it can be.

        Libraries read the environment when they are loaded, so a warm interpreter serves one environment, but for
        what differs from program to program and is read by `lab` alone.
        """
        is_plain = command.argv[:2] == ("python", ENTRY) and not command.gpus and set(command.environment) <= {"SEED"}
        if not is_plain:
            return self._cold
        environment = _environment(command, home="/nonexistent", packages=())
        key = frozenset(environment.items())
        if key not in self._warm:
            if len(self._warm) == _MOST_WARM:
                self._warm.pop(next(iter(self._warm))).close()  # what it started goes on under its guards
            self._warm[key] = _Starter(warm=environment)
        return self._warm[key]

    def _order(self, command: Command, scratch: Path, home: Path, shared: Path) -> Order:
        limits = command.limits
        program, *arguments = command.argv
        return Order(
            argv=[sys.executable if program == "python" else program, *arguments],
            environment={
                **_environment(command, home=str(home), packages=(str(shared / "lab"),)),
                "OUT_DIR": str(command.out.resolve()),
                "DATA_DIR": str(scratch / "data" if command.inputs else shared / "data"),
                **command.environment,
            },
            cwd=str(command.code.resolve()),
            timeout_seconds=limits.timeout_seconds,
            rlimits=rlimits(limits, gpus=bool(command.gpus)),
            groups=self._cgroups.groups(limits),
            folder=str(command.out.resolve()),
            disk_bytes=limits.disk_bytes,
            disk_files=MOST_FILES,
            memory_bytes=0 if self._cgroups.limits_memory else limits.memory_bytes,
            processes=0 if self._cgroups.limits_processes else limits.processes,
            no_new_privileges=True,
            scratch=str(scratch),
        )


def _environment(command: Command, *, home: str, packages: tuple[str, ...]) -> dict[str, str]:
    """Return what the interpreter and its libraries read; `packages` stand before all others."""
    return python_environment(
        command.limits,
        home=home,
        path=os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        python_path=(*packages, *map(str, command.packages), *user_packages()),
        gpus=command.gpus,
    )


def rlimits(limits: Limits, *, gpus: bool) -> dict[str, int]:
    """Return the limits that the kernel holds each single process to.

    RLIMIT_DATA rather than RLIMIT_AS: it counts what can really be written, not the address space that threads and
    numerical libraries reserve. Drivers of GPUs map far more than they use, so there it is left out. RLIMIT_NPROC is
    not used: it counts all processes of the user, and does not hold for root.
    """
    found = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": limits.disk_bytes,
        "RLIMIT_CPU": math.ceil(limits.timeout_seconds * max(1.0, limits.cpus)) + 1,
        "RLIMIT_NOFILE": 4096,
        "RLIMIT_MEMLOCK": 64 * 1024,
    }
    return found if gpus else {**found, "RLIMIT_DATA": limits.memory_bytes}


def trial(folder: Path, program: str = "import lab") -> Command:
    """Return a command that imports lab and ends, to see whether a sandbox works; or another short one."""
    (folder / "code").mkdir()
    (folder / "out").mkdir()
    (folder / "code" / "experiment.py").write_text(program)
    return Command(
        argv=("python", "experiment.py"),
        code=folder / "code",
        out=folder / "out",
        stdout=folder / "stdout.txt",
        stderr=folder / "stderr.txt",
        limits=Limits(timeout_seconds=20, memory_bytes=512 * 1024**2),
    )


def _furnish(scratch: Path, command: Command) -> Path:
    """Make what a program has for itself, and return its home, which is its place for temporary files too.

    As few folders as can be: on a disk with a log, each costs more than the program's own start.
    """
    if not command.inputs:
        return scratch
    for name in ("data", "tmp"):
        (scratch / name).mkdir()
    for name, path in command.inputs.items():
        (scratch / "data" / name).symlink_to(path.resolve())
    return scratch / "tmp"


class _Starter:
    """A process that starts programs, and the folder of what they all read: `lab`, and an empty one in place of inputs.

    Attributes:
        folder: The process removes it in the end, and so also when we are killed.
    """

    def __init__(self, *, warm: Mapping[str, str] | None = None) -> None:
        self.folder = Path(tempfile.gettempdir(), f"ai-scientist-{os.getpid()}-{secrets.token_hex(6)}")
        self.warden = Warden(warm=warm, folder=self.folder)
        self._is_furnished = False

    def furnish(self) -> None:
        """Make the folder, the first time."""
        if self._is_furnished:
            return
        self._is_furnished = True
        self.folder.mkdir(mode=0o700)
        bytecode = Path(lab_cache(f"{self.folder}/lab"))
        for folder in (self.folder / "lab", bytecode.parent, self.folder / "data"):
            folder.mkdir()
        shutil.copyfile(LAB, self.folder / "lab" / "lab.py")
        bytecode.write_bytes(lab_bytecode())

    def close(self) -> None:
        """End the process and remove the folder."""
        self.warden.close()
        self._is_furnished = False
        shutil.rmtree(self.folder, ignore_errors=True)
