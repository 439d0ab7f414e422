"""Plain processes: limits and a clean environment, but NO security boundary. For programs that we wrote ourselves."""

from __future__ import annotations

import math
import os
import shutil
import sys
import tempfile
from pathlib import Path

from ai_scientist.core.errors import SandboxError
from ai_scientist.sandbox import ending
from ai_scientist.sandbox.cgroups import Cgroups
from ai_scientist.sandbox.contract import Command, ExecResult, Limits
from ai_scientist.sandbox.interpreter import LAB, describe_python, python_environment, user_packages
from ai_scientist.sandbox.orders import Order
from ai_scientist.sandbox.warden import Outputs, Warden

MOST_FILES = 20_000
"""How many files and folders a program may leave in its output."""


class ProcessSandbox:
    """Runs programs as processes of ours, with limits.

    It does not hide files, keys in them, the network, or other processes, and code and inputs are only as read-only
    as their permissions make them. Descendants are found and killed also if they left session and process group.
    """

    def __init__(self, *, cgroups: Cgroups | None = None) -> None:
        self._cgroups = cgroups if cgroups is not None else Cgroups.find()
        self._warden = Warden()

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
            _furnish(scratch, command)
        except OSError as error:
            raise SandboxError(f"A working folder cannot be made: {error}.") from error
        try:
            with Outputs(command) as outputs:
                report = await self._warden.run(self._order(command, scratch), outputs)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return ending.result(report, command)

    def describe(self) -> dict[str, str]:
        """Return backend, interpreter and packages."""
        return {"backend": self.name, "limits": self._cgroups.kind, **describe_python()}

    def close(self) -> None:
        """End the process that starts programs."""
        self._warden.close()

    def _order(self, command: Command, scratch: Path) -> Order:
        limits = command.limits
        program, *arguments = command.argv
        path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
        python_path = (str(scratch / "lab"), *map(str, command.packages), *user_packages())
        return Order(
            argv=[sys.executable if program == "python" else program, *arguments],
            environment={
                **python_environment(
                    limits, home=str(scratch / "tmp"), path=path, python_path=python_path, gpus=command.gpus
                ),
                "OUT_DIR": str(command.out.resolve()),
                "DATA_DIR": str(scratch / "data"),
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


def _furnish(scratch: Path, command: Command) -> None:
    for name in ("lab", "data", "tmp"):
        (scratch / name).mkdir()
    shutil.copyfile(LAB, scratch / "lab" / "lab.py")
    for name, path in command.inputs.items():
        (scratch / "data" / name).symlink_to(path.resolve())
