"""The process between us and a program: starts it, limits it, watches it, and leaves nothing of it.

Forked by `guard_server` for each program. A guard owns the clock of its program, so a busy harness delays no timeout;
and it ends everything when the connection closes, so a harness that was killed leaves nothing running. Standard library
and neighbours that need no more, so that it is small and quick to fork.

A guard is a "child subreaper": whatever double-forks away from the program becomes the guard's child, and is killed and
counted with the rest.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import select
import shutil
import signal
import socket
import time
from collections.abc import Callable, Sequence
from types import FrameType

from ai_scientist.sandbox.disk import Disk
from ai_scientist.sandbox.orders import FIRST_EXTRA_FD, EndedBy, Order, Report
from ai_scientist.sandbox.watch import descendants, own_memory, proportional_memory, read, threads, usage

_TICK_SECONDS = 0.05
_LONGEST_TICK_SECONDS = 0.3
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38


def _prctl(option: int, value: int) -> None:
    _call("prctl", option, value, 0, 0, 0)


def _call(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


Begin = Callable[[Order, int], None]
"""Makes the calling process the program of an order. Whoever waits for it knows that it began when the descriptor is
closed, as all are by an exec, and that it did not by what is written there."""


class ProgramBegins(BaseException):
    """Raised in a process that goes on as the program without an exec, once it has left everything of ours behind.

    Attributes:
        tell: As `Begin` has it.
    """

    def __init__(self, order: Order, tell: int) -> None:
        super().__init__()
        self.order, self.tell = order, tell


def execute(order: Order, tell: int) -> None:
    """Become the program by exec; return only if there is no such program, which is a result and was printed."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(order.argv[0], order.argv, order.environment)
    except OSError as error:  # the caller's choice of program
        os.write(2, f"{order.argv[0]}: {error.strerror}\n".encode())


def say_why_not(tell: int, error: BaseException) -> None:
    """Say why a program could not begin."""
    os.write(tell, f"{type(error).__name__}: {error}".encode()[:4000])


class Guard:
    """Holds one program. Made before there is one: entering control groups takes longer than all the rest."""

    def __init__(self, name: str, folders: Sequence[str], begin: Begin) -> None:
        self._begin = begin
        self._order = Order(argv=[], environment={}, cwd="/", timeout_seconds=0)
        self._cpu_seconds = 0.0
        self._peak = 0
        self._exit_code: int | None = None
        self._pid = 0
        self._alarm, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        os.setsid()
        signal.signal(signal.SIGCHLD, _wake)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self._groups = {folder: f"{folder}/{name}" for folder in folders}
        for group in self._groups.values():
            os.mkdir(group)
            _write(f"{group}/cgroup.procs", "0")

    def run(self, order: Order, connection: socket.socket, stdout: int, stderr: int, extra: Sequence[int]) -> Report:
        """Start the program, wait, and leave no process of it."""
        self._order = order
        begin = time.monotonic()
        error = self._start(stdout, stderr, extra)
        ended_by = EndedBy.NOT_STARTED if error else self._watch(connection, begin + order.timeout_seconds)
        self._kill_all()
        wall_seconds = time.monotonic() - begin
        peak, kills = self._count_memory()
        if order.scratch:
            shutil.rmtree(order.scratch, ignore_errors=True)
        return Report(
            ended_by=ended_by,
            exit_code=self._exit_code if ended_by is EndedBy.ITSELF else None,
            error=error,
            wall_seconds=wall_seconds,
            cpu_seconds=self._cpu_seconds,
            peak_memory_bytes=peak or self._peak,
            oom_kills=kills,
        )

    def leave(self) -> None:
        """Remove the control groups."""
        for folder, group in self._groups.items():
            try:
                _write(f"{folder}/cgroup.procs", "0")
                os.rmdir(group)
            except OSError:
                continue  # removed by somebody, or left for a sweep
        self._groups = {}

    def _start(self, stdout: int, stderr: int, extra: Sequence[int]) -> str:
        """Start the program; return why that failed, or nothing."""
        try:
            for group in self._order.groups:
                for name, value in group.values.items():
                    _write(f"{self._groups[group.folder]}/{name}", value)
        except OSError as error:
            return f"control group: {error}"
        told, low = os.pipe2(os.O_CLOEXEC)
        tell = _move_up(low)
        ours, theirs = socket.socketpair()
        self._pid = os.fork()
        if self._pid == 0:
            ours.close()
            try:
                self._confine(stdout, stderr, extra, theirs)
                self._begin(self._order, tell)
            except ProgramBegins:
                raise
            except BaseException as error:
                say_why_not(tell, error)
            os._exit(127)
        os.close(tell)
        os.close(low)
        theirs.close()
        with ours:
            self._map_user(ours)
        for fd in (stdout, stderr, *extra):
            os.close(fd)
        with os.fdopen(told, "rb") as pipe:
            return pipe.read().decode(errors="replace")

    def _map_user(self, child: socket.socket) -> None:
        """Say who the child's users are outside, when it says that it has its namespace."""
        if self._order.user_map and child.recv(1):
            for name in ("uid_map", "gid_map"):
                _write(f"/proc/{self._pid}/{name}", self._order.user_map)
            child.send(b"m")

    def _confine(self, stdout: int, stderr: int, extra: Sequence[int], guard: socket.socket) -> None:
        """Give the process that becomes the program its place, its files and its limits."""
        os.setsid()
        # When memory runs out, it is the program that is to be killed: not its guard, and nobody else on the machine.
        _write("/proc/self/oom_score_adj", "500")
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        for place, fd in enumerate([_move_up(fd) for fd in extra]):
            os.dup2(fd, FIRST_EXTRA_FD + place)
        for name, value in self._order.rlimits.items():
            which = getattr(resource, name)
            hard = resource.getrlimit(which)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(which, (value, value))
        if self._order.user_map:
            _call("unshare", _CLONE_NEWUSER)
            guard.send(b"n")
            if not guard.recv(1):
                raise OSError("the user namespace was not mapped")
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # after the namespace, which would clear it
        if self._order.no_new_privileges:
            _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.umask(0o022)
        os.chdir(self._order.cwd)

    def _watch(self, connection: socket.socket, deadline: float) -> EndedBy:
        """Wait until the program ends, or must be ended."""
        poll = select.poll()
        poll.register(self._alarm, select.POLLIN)
        poll.register(connection, select.POLLIN | select.POLLHUP)
        order = self._order
        disk = Disk(order.folder, order.disk_bytes, order.disk_files) if order.folder else None
        pause = _TICK_SECONDS
        while True:
            self._reap()
            if self._exit_code is not None:
                return EndedBy.ITSELF
            left = deadline - time.monotonic()
            if left <= 0:
                return EndedBy.TIMEOUT
            for fd, _ in poll.poll(1000 * min(pause, left)):
                if fd == self._alarm:
                    os.read(fd, 4096)
                else:
                    return EndedBy.CANCEL
            looked = time.monotonic()
            too_much = self._too_much(disk)
            # Looking at very many files takes a while, and is not to take the machine from the program.
            pause = min(max(_TICK_SECONDS, 3 * (time.monotonic() - looked)), _LONGEST_TICK_SECONDS)
            if too_much is not None and self._exit_code is None:
                return too_much

    def _too_much(self, disk: Disk | None) -> EndedBy | None:
        order, pids = self._order, descendants(os.getpid())
        if disk is not None and disk.is_overfull(pids):
            return EndedBy.DISK
        if order.processes and sum(threads(pid) for pid in pids) > order.processes:
            return EndedBy.PROCESSES
        # Resident minus shared is quick but counts what forked processes share; only if that is too much, ask for more.
        if order.memory_bytes and sum(map(own_memory, pids)) > order.memory_bytes:
            if sum(map(proportional_memory, pids)) > order.memory_bytes:
                return EndedBy.MEMORY
        return None

    def _reap(self) -> bool:
        """Take leave of children that ended; return whether any are left."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            self._cpu_seconds += usage.ru_utime + usage.ru_stime
            self._peak = max(self._peak, usage.ru_maxrss * 1024)
            if pid == self._pid:
                code = os.waitstatus_to_exitcode(status)
                self._exit_code = code if code >= 0 else 128 - code

    def _kill_all(self) -> None:
        """Kill everything that descends from this guard, and wait until it is gone."""
        alive = [usage(pid) for pid in descendants(os.getpid())]
        # The last processes of a namespace that is killed are not waited for by anybody, so their time is noted now.
        floor = self._cpu_seconds + sum(seconds for seconds, _ in alive)
        pause = 0.0005
        while self._reap():
            for pid in descendants(os.getpid()):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(pause)
            pause = min(pause * 2, 0.02)
        self._cpu_seconds = max(self._cpu_seconds, floor)
        self._peak = max([self._peak, *(peak for _, peak in alive)])

    def _count_memory(self) -> tuple[int, int]:
        """Return the most memory that the groups have seen, and how often the kernel killed for want of it."""
        peak = kills = 0
        for group in self._order.groups:
            own = self._groups[group.folder]
            if group.peak:
                peak = max(peak, int(read(f"{own}/{group.peak}") or 0))
            if group.kills:
                lines = (line.split() for line in read(f"{own}/{group.kills}").splitlines())
                kills += sum(int(line[1]) for line in lines if line[:1] == ["oom_kill"])
        return peak, kills


def _wake(number: int, frame: FrameType | None) -> None:
    """Do nothing: that there is a handler makes the wake-up descriptor readable."""


def _move_up(fd: int) -> int:
    """Return a copy of a descriptor, closed on exec, whose number is above all those that a program gets."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100)


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
