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
from ai_scientist.sandbox import ending, owners
from ai_scientist.sandbox.cgroups import Cgroups
from ai_scientist.sandbox.contract import Command, ExecResult, ExitKind, Limits
from ai_scientist.sandbox.interpreter import (
    LAB,
    describe_python,
    interpreter_links,
    lab_bytecode,
    lab_cache,
    library_links,
    python_environment,
    user_packages,
    visible_paths,
)
from ai_scientist.sandbox.leftovers import hand_over
from ai_scientist.sandbox.orders import FIRST_EXTRA_FD, EndedBy, Order, Report
from ai_scientist.sandbox.process import MOST_FILES, rlimits, trial
from ai_scientist.sandbox.seccomp import seccomp_filter
from ai_scientist.sandbox.warden import Outputs, Warden

CURE = "apt-get install bubblewrap (Debian, Ubuntu), dnf install bubblewrap (Fedora)"
_USER = 1000
_ARGUMENTS_FD, _STATUS_FD, _FILTER_FD, _LAB_FD = range(FIRST_EXTRA_FD, FIRST_EXTRA_FD + 4)
_SETPRIV = "/lab/setpriv"
_STRANGER = 2_000_000_000
"""The user outside that programs run as when we are root: a number that no system hands out.

A program that ran as root outside, however little it may do inside, would still own root's files, /proc/sys among
them, in the kernel's eyes.
"""


class BubblewrapSandbox:
    """Runs programs under bwrap, as the same unprivileged user inside whoever we are outside."""

    def __init__(self, *, bwrap: str | None = None, cgroups: Cgroups | None = None) -> None:
        found = bwrap or shutil.which("bwrap")
        if found is None:
            raise MissingTool("bubblewrap (bwrap) is not installed.", cure=CURE)
        self._bwrap = found
        self._setpriv = find_setpriv()
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
        self._hand_over(command.out, _STRANGER)
        with Outputs(command) as outputs, _Talk(self._arguments(command)) as talk:
            report = await self._warden.run(self._order(command), outputs, extra=talk.fds)
            told = talk.heard()
        self._hand_over(command.out, os.geteuid())
        return _judge(report, told, command)

    def try_out(self) -> str:
        """Run a program that imports lab, and return why that is impossible here; empty if it is not."""
        with owners.temporary_folder() as folder:
            command = trial(folder)
            try:
                self._hand_over(command.out, _STRANGER)
                with Outputs(command) as outputs, _Talk(self._arguments(command)) as talk:
                    report = self._warden.run_blocking(self._order(command), outputs, extra=talk.fds)
                    told = talk.heard()
                result = _judge(report, told, command)
            except SandboxError as error:
                return str(error)
        return "" if result.kind is ExitKind.OK else result.stderr.strip()[-500:] or f"it ends as {result.kind}"

    def describe(self) -> dict[str, str]:
        """Return backend, version, interpreter and packages."""
        version = _answer(self._bwrap, "--version").removeprefix("bubblewrap").strip()
        walls = "namespaces, seccomp" if seccomp_filter() else "namespaces"
        return {
            "backend": self.name,
            "version": version,
            "walls": walls,
            "limits": self._cgroups.kind,
            **describe_python(),
        }

    def close(self) -> None:
        """End the process that starts programs."""
        self._warden.close()

    def _order(self, command: Command) -> Order:
        limits = command.limits
        return Order(
            argv=[self._bwrap, "--args", str(_ARGUMENTS_FD), "--", *_step_down(self._setpriv), *_program(command.argv)],
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
            user_map=f"0 0 1\n{_USER} {_STRANGER} 1\n" if self._setpriv else "",
        )

    def _arguments(self, command: Command) -> list[str]:
        options = _answer(self._bwrap, "--help")
        with_modes, with_sizes = "--perms" in options, "--size" in options
        return [
            *_isolation(options, self._setpriv, network=command.network),
            # Before the root's binds: our own interpreter may lie below /tmp, and must not be hidden by it.
            *_in_memory_folder("/tmp", command.limits, with_modes=with_modes, with_sizes=with_sizes),
            *_root(with_modes=with_modes),
            *_lab_bytecode(with_modes=with_modes),
            *(("--ro-bind", self._setpriv, _SETPRIV) if self._setpriv else ()),
            *_kernel_folders(command, with_modes=with_modes, with_sizes=with_sizes),
            *_folders(command),
            *("--remount-ro", "/"),
            *_environment(command),
            *(("--seccomp", str(_FILTER_FD)) if seccomp_filter() else ()),
            *("--json-status-fd", str(_STATUS_FD), "--chdir", "/code"),
        ]

    def _hand_over(self, folder: Path, user: int) -> None:
        """Give an output folder, and what lies in it, to the user that programs run as, or take it back."""
        if not self._setpriv:
            return
        try:
            hand_over(folder, user)
        except OSError as error:
            raise SandboxError(f"{folder} cannot be handed over: {error.strerror}.") from error


class _Talk:
    """Files in memory: in two bwrap reads its arguments and the filter of system calls, in one it says how far it came.

    Arguments are not given on the command line, because the program can read that, and would learn our paths.
    """

    def __init__(self, arguments: list[str]) -> None:
        text = b"".join(os.fsencode(word) + b"\0" for word in arguments)
        self.fds = tuple(_in_memory(content) for content in (text, b"", seccomp_filter(), lab_bytecode()))

    def heard(self) -> str:
        """Return what bwrap has said."""
        return os.pread(self.fds[_STATUS_FD - FIRST_EXTRA_FD], 65536, 0).decode(errors="replace")

    def __enter__(self) -> _Talk:
        return self

    def __exit__(self, *_: object) -> None:
        for fd in self.fds:
            os.close(fd)


def _in_memory(content: bytes) -> int:
    fd = os.memfd_create("ai-scientist", os.MFD_CLOEXEC)
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def find_setpriv() -> str:
    """Return the program that steps down from root inside a sandbox; empty if we are not root and need none.

    Raises:
        MissingTool: If we are root and it is not there.
    """
    if os.geteuid() != 0:
        return ""
    found = shutil.which("setpriv")
    if found is None:
        raise MissingTool("setpriv is not installed; root needs it for bubblewrap.", cure="apt-get install util-linux")
    return found


def _judge(report: Report, told: str, command: Command) -> ExecResult:
    if report.ended_by is EndedBy.ITSELF and not _program_ran(told) and not report.oom_kills:
        said = ending.head_and_tail(command.stderr, 4000).strip()
        if not said.startswith(("bwrap: execvp ", "setpriv: failed to execute ")):  # it stood, but lacks the program
            raise SandboxError(f"bwrap could not make the sandbox: {said or 'it does not say why'}")
    return ending.result(report, command)


def _program_ran(status: str) -> bool:
    """Return whether bwrap says that the program in it ended: else its own set-up failed."""
    for line in status.splitlines():
        with contextlib.suppress(ValueError):
            if "exit-code" in json.loads(line):
                return True
    return False


def _isolation(options: str, setpriv: str, *, network: bool) -> list[str]:
    common = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    common += [] if network else ["--unshare-net"]
    common += ["--hostname", "sandbox", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if setpriv:  # the guard has made the user namespace already
        rights = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
        return [*common, *(word for right in rights for word in ("--cap-add", right))]
    nested = ["--disable-userns"] if "--disable-userns" in options else []
    return [*common, "--unshare-user", "--uid", str(_USER), "--gid", str(_USER), *nested]


def _step_down(setpriv: str) -> list[str]:
    """Return what goes before a program so that it is nobody, with no way back."""
    if not setpriv:
        return []
    rights = ("--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all")
    return [_SETPRIV, f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups", *rights, "--"]


@cache
def _root(*, with_modes: bool) -> tuple[str, ...]:
    """Return binds of the interpreter, its packages and the libraries they load."""
    binds: list[str] = []
    made: set[Path] = {Path("/"), Path("/tmp")}
    links = [Path(name) for name in interpreter_links()]
    for path in (*visible_paths(), *links, Path("/lab/lab.py")):
        for parent in reversed(path.parents):
            if parent not in made and with_modes:  # bwrap makes them for its own user only
                binds += ["--perms", "0755", "--dir", str(parent)]
                made.add(parent)
        if path not in links:
            binds += ["--ro-bind", str(LAB if path == Path("/lab/lab.py") else path), str(path)]
    for link, hop in interpreter_links().items():
        binds += ["--symlink", hop, link]
    for name, target in library_links().items():
        binds += ["--ro-bind", name, name] if target is None else ["--symlink", target, name]
    return tuple(binds)


def _lab_bytecode(*, with_modes: bool) -> list[str]:
    folder, file = ["--dir", os.path.dirname(lab_cache("/lab"))], ["--ro-bind-data", str(_LAB_FD), lab_cache("/lab")]
    return ["--perms", "0755", *folder, "--perms", "0444", *file] if with_modes else [*folder, *file]


def _in_memory_folder(path: str, limits: Limits, *, with_modes: bool, with_sizes: bool) -> list[str]:
    """Return a mount that lives in memory: it is limited, because only some machines count it with the program's."""
    most = str(max(1, min(limits.disk_bytes, limits.memory_bytes // 2)))
    how = [*(("--perms", "1777") if with_modes else ()), *(("--size", most) if with_sizes else ())]
    return [*how, "--tmpfs", path]


def _kernel_folders(command: Command, *, with_modes: bool, with_sizes: bool) -> list[str]:
    """Return what the kernel shows, and the memory that processes share."""
    shared = _in_memory_folder("/dev/shm", command.limits, with_modes=with_modes, with_sizes=with_sizes)
    # /proc/sys and the like are root's files: should we be root outside, only the mount keeps them from being written.
    devices = [*_gpus(command), *shared, "--remount-ro", "/dev"]
    return ["--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev", *devices]


def _gpus(command: Command) -> list[str]:
    """Return binds of the GPUs that were leased, and of the devices that all of them need."""
    if not command.gpus:
        return []
    names = [f"nvidia{gpu}" for gpu in command.gpus] + ["nvidiactl", "nvidia-uvm", "nvidia-uvm-tools"]
    return [word for name in names for word in ("--dev-bind-try", f"/dev/{name}", f"/dev/{name}")]


def _folders(command: Command) -> list[str]:
    binds = ["--ro-bind", str(command.code.resolve()), "/code", "--bind", str(command.out.resolve()), "/out"]
    binds += ["--dir", "/data"]
    for name, path in command.inputs.items():
        binds += ["--ro-bind", str(path.resolve()), f"/data/{name}"]
    for number, path in enumerate(command.packages):
        binds += ["--ro-bind", str(path.resolve()), f"/lab/packages-{number}"]
    if command.network:  # how names are resolved, and whom to trust
        for name in ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/ca-certificates"):
            binds += ["--ro-bind-try", os.path.realpath(name), name]
    return binds


def _program(argv: tuple[str, ...]) -> tuple[str, ...]:
    return (sys.executable, *argv[1:]) if argv[0] == "python" else argv


def _environment(command: Command) -> list[str]:
    path = str(Path(sys.executable).parent)
    packages = [f"/lab/packages-{number}" for number in range(len(command.packages))]
    python_path = ("/lab", *packages, *user_packages())
    variables = {
        **python_environment(command.limits, home="/tmp", path=path, python_path=python_path, gpus=command.gpus),
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
