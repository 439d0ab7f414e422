"""Bubblewrap: namespaces of their own, no network, and a root that holds the interpreter and nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from ai_scientist.core.errors import MissingTool, SandboxError
from ai_scientist.sandbox import ending
from ai_scientist.sandbox.cgroups import Cgroups
from ai_scientist.sandbox.contract import Command, ExecResult, Limits
from ai_scientist.sandbox.guard import FIRST_EXTRA_FD, EndedBy, Order
from ai_scientist.sandbox.interpreter import (
    LAB,
    describe_python,
    library_links,
    python_environment,
    user_packages,
    visible_paths,
)
from ai_scientist.sandbox.process import MOST_FILES, rlimits
from ai_scientist.sandbox.warden import Warden, open_output

CURE = "apt-get install bubblewrap (Debian, Ubuntu), dnf install bubblewrap (Fedora)"
_USER = "1000"


class BubblewrapSandbox:
    """Runs programs under bwrap, as the same unprivileged user inside whoever we are outside."""

    def __init__(self, *, bwrap: str | None = None, cgroups: Cgroups | None = None) -> None:
        found = bwrap or shutil.which("bwrap")
        if found is None:
            raise MissingTool("bubblewrap (bwrap) is not installed.", cure=CURE)
        self._bwrap = found
        self._cgroups = cgroups if cgroups is not None else Cgroups.find()
        self._warden = Warden()

    @property
    def name(self) -> str:
        """Always "bubblewrap"."""
        return "bubblewrap"

    @property
    def is_boundary(self) -> bool:
        """Always True."""
        return True

    async def run(self, command: Command) -> ExecResult:
        """Run a command to its end; see the contract.

        Raises:
            SandboxError: If bwrap could not make the sandbox: no user namespaces, a missing folder.
        """
        stdout, stderr = open_output(command.stdout), open_output(command.stderr)
        status = os.memfd_create("bwrap-status", os.MFD_CLOEXEC)
        try:
            report = await self._warden.run(self._order(command), stdout=stdout, stderr=stderr, extra=(status,))
            told = os.pread(status, 65536, 0).decode(errors="replace")
        finally:
            for fd in (stdout, stderr, status):
                os.close(fd)
        if report.ended_by is EndedBy.ITSELF and not _program_ran(told) and not report.oom_kills:
            said = ending.head_and_tail(command.stderr, 4000).strip()
            if not said.startswith("bwrap: execvp "):  # the sandbox stood, but what was to run in it does not exist
                raise SandboxError(f"bwrap could not make the sandbox: {said or 'it does not say why'}")
        return ending.result(report, stdout=command.stdout, stderr=command.stderr, limits=command.limits)

    def describe(self) -> dict[str, str]:
        """Return backend, version, interpreter and packages."""
        version = _answer(self._bwrap, "--version").removeprefix("bubblewrap").strip()
        return {"backend": self.name, "version": version, "limits": self._cgroups.kind, **describe_python()}

    def close(self) -> None:
        """End the process that starts programs."""
        self._warden.close()

    def _order(self, command: Command) -> Order:
        limits = command.limits
        return Order(
            argv=self._arguments(command),
            environment={},  # the program's own environment goes in as arguments, so that none of it steers bwrap
            cwd="/",
            timeout_seconds=limits.timeout_seconds,
            rlimits=rlimits(limits, gpus=bool(command.gpus)),
            groups=self._cgroups.groups(limits),
            folder=str(command.out.resolve()),
            disk_bytes=limits.disk_bytes,
            disk_files=MOST_FILES,
            memory_bytes=0 if self._cgroups.limits_memory else limits.memory_bytes,
            processes=0 if self._cgroups.limits_processes else limits.processes + 2,  # bwrap's own two
        )

    def _arguments(self, command: Command) -> list[str]:
        options = _answer(self._bwrap, "--help")
        program, *arguments = command.argv
        return [
            self._bwrap,
            *_isolation(options),
            *_root(),
            *_memory_folders(command.limits, with_sizes="--size" in options),
            *_folders(command),
            *("--remount-ro", "/"),
            *_environment(command),
            *("--json-status-fd", str(FIRST_EXTRA_FD), "--chdir", "/code", "--"),
            *(sys.executable if program == "python" else program, *arguments),
        ]


def try_bubblewrap(bwrap: str) -> str:
    """Return why bwrap cannot make a sandbox here; empty if it can. Takes a few milliseconds."""
    argv = [bwrap, *_isolation(_answer(bwrap, "--help")), *_root(), "--proc", "/proc", "--dev", "/dev"]
    argv += ["--", sys.executable, "-I", "-S", "-c", "pass"]
    try:
        tried = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False, env={})
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if tried.returncode == 0 else (tried.stderr.strip() or f"exit code {tried.returncode}")


def _program_ran(status: str) -> bool:
    """Return whether bwrap says that the program in it ended: else its own set-up failed."""
    for line in status.splitlines():
        with contextlib.suppress(ValueError):
            if "exit-code" in json.loads(line):
                return True
    return False


def _isolation(options: str) -> list[str]:
    unshared = ["--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    nested = ["--disable-userns"] if "--disable-userns" in options else []
    return [
        *unshared,
        *("--unshare-cgroup-try", "--uid", _USER, "--gid", _USER, "--hostname", "sandbox", *nested),
        *("--cap-drop", "ALL", "--die-with-parent", "--new-session"),
    ]


@cache
def _root() -> tuple[str, ...]:
    """Return binds of the interpreter, its packages and the libraries they load."""
    binds: list[str] = []
    for path in visible_paths():
        binds += ["--ro-bind", str(path), str(path)]
    for name, target in library_links().items():
        binds += ["--ro-bind", name, name] if target is None else ["--symlink", target, name]
    return tuple(binds)


def _memory_folders(limits: Limits, *, with_sizes: bool) -> list[str]:
    """Return mounts that live in memory: each is limited, because only some machines count them with the program's."""
    most = str(max(1, min(limits.disk_bytes, limits.memory_bytes // 2)))
    size = ["--size", most] if with_sizes else []
    shared = [*size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    return ["--proc", "/proc", "--dev", "/dev", *shared, *size, "--tmpfs", "/tmp"]


def _folders(command: Command) -> list[str]:
    binds = ["--ro-bind", str(command.code.resolve()), "/code", "--bind", str(command.out.resolve()), "/out"]
    binds += ["--ro-bind", str(LAB), "/lab/lab.py", "--dir", "/data"]
    for name, path in command.inputs.items():
        binds += ["--ro-bind", str(path.resolve()), f"/data/{name}"]
    return binds


def _environment(command: Command) -> list[str]:
    path = str(Path(sys.executable).parent)
    python_path = ("/lab", *user_packages())
    variables = {
        **python_environment(command.limits, home="/tmp", path=path, python_path=python_path),
        "OUT_DIR": "/out",
        "DATA_DIR": "/data",
        **command.environment,
    }
    return [word for name, value in variables.items() for word in ("--setenv", name, value)]


@cache
def _answer(bwrap: str, question: str) -> str:
    try:
        return subprocess.run([bwrap, question], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
