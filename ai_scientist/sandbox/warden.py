"""Our end of the guards: orders go out, reports come back."""

from __future__ import annotations

import array
import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

from ai_scientist.core.errors import SandboxError
from ai_scientist.sandbox.cgroups import PREFIX
from ai_scientist.sandbox.contract import Command
from ai_scientist.sandbox.orders import READY, Order, Report
from ai_scientist.sandbox.warm import START

_GOODBYE_SECONDS = 30.0
_ROOT = Path(__file__).resolve().parents[2]
_SERVER = "import sys; sys.path.append(sys.argv[1]); from ai_scientist.sandbox.guard_server import main; main()"
_START_SECONDS = 30.0


class Warden:
    """Starts programs under guards. The serving process is started with the first order, and ends with us.

    Why a process of its own: it is small and has one thread, so that it forks fast and safely whatever the harness
    holds; and it is the parent that remains when the harness is killed.

    Args:
        warm: Environment of an interpreter that programs are forked from (see `warm`); None: programs are started.
        folder: Removed when the serving process ends, and so also when we are killed.
    """

    def __init__(self, *, warm: Mapping[str, str] | None = None, folder: Path | None = None) -> None:
        self._warm, self._folder = warm, folder
        self._lock = threading.Lock()
        self._orders: socket.socket | None = None
        self._end: weakref.finalize[[socket.socket, subprocess.Popen[bytes]], Warden] | None = None

    async def run(self, order: Order, outputs: Outputs, extra: Sequence[int] = ()) -> Report:
        """Return what became of an order; when the calling task is cancelled, everything it started is gone first.

        Args:
            order: What to start.
            outputs: Where stdout and stderr go.
            extra: Descriptors that the program gets as FIRST_EXTRA_FD and up; they stay open here.

        Raises:
            SandboxError: If the program could not be started, or its guard was killed.
        """
        with self._begin(order, outputs, extra) as connection:
            connection.setblocking(False)
            loop = asyncio.get_running_loop()
            try:
                answer = await loop.sock_recv(connection, 65536)
            except asyncio.CancelledError:
                connection.shutdown(socket.SHUT_WR)
                with contextlib.suppress(TimeoutError, OSError):
                    async with asyncio.timeout(_GOODBYE_SECONDS):
                        await loop.sock_recv(connection, 65536)
                raise
        return _report(answer)

    def run_blocking(self, order: Order, outputs: Outputs, extra: Sequence[int] = ()) -> Report:
        """Do the same where there is no event loop, for short programs of our own."""
        with self._begin(order, outputs, extra) as connection:
            answer = connection.recv(65536)
        return _report(answer)

    def close(self) -> None:
        """End the serving process; programs that run are held to their end by their guards."""
        with self._lock:
            self._stop()

    def _begin(self, order: Order, outputs: Outputs, extra: Sequence[int]) -> socket.socket:
        text = json.dumps(vars(order), default=vars).encode()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            fds = array.array("i", (theirs.fileno(), outputs.stdout, outputs.stderr, *extra))
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
            with self._lock:
                for is_last in (False, True):
                    try:
                        self._started().sendmsg([text], ancillary)
                        return ours
                    except OSError as error:
                        self._stop()
                        problem = error
                        if is_last:
                            break
        ours.close()
        raise SandboxError(f"The process that starts programs does not answer: {problem}.") from problem

    def _started(self) -> socket.socket:
        if self._orders is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1024 * 1024)
                try:
                    server = self._start(theirs)
                except OSError as error:
                    ours.close()
                    raise SandboxError(f"{sys.executable} cannot be started: {error}.") from error
            self._orders = ours
            self._end = weakref.finalize(self, _end, ours, server)
            hello = {"prefix": f"{PREFIX}{os.getpid()}-{_token()}", "folder": str(self._folder or "")}
            ours.send(json.dumps(hello).encode())
            ours.settimeout(_START_SECONDS)
            if ours.recv(len(READY)) != READY:
                raise OSError("it ended at once")
            ours.settimeout(None)
        return self._orders

    def _start(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        if self._warm is None:
            # -I -S: nothing of the user's environment, and no packages, so that it is up in a few milliseconds.
            argv = [sys.executable, "-I", "-S", "-c", _SERVER, str(_ROOT), str(theirs.fileno())]
            return subprocess.Popen(argv, pass_fds=(theirs.fileno(),), env={}, cwd="/", stdin=subprocess.DEVNULL)
        with tempfile.TemporaryFile() as said:  # a file, as programs have: what is printed by loading is seen there
            return subprocess.Popen(
                [sys.executable, "-c", START, str(_ROOT), str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                env=dict(self._warm),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    def _stop(self) -> None:
        if self._end is not None:
            self._end()
        self._orders = self._end = None


def _end(orders: socket.socket, server: subprocess.Popen[bytes]) -> None:
    orders.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(timeout=5)


def _token() -> str:
    return os.urandom(3).hex()


def _report(answer: bytes) -> Report:
    if not answer:
        raise SandboxError("The guard of a program was killed.")
    report = Report.parse(answer)
    if report.error:
        raise SandboxError(f"A program could not be started: {report.error}")
    return report


class Outputs:
    """The files that a command's stdout and stderr go to, new and open, so that all that is printed is on disk at once.

    Attributes:
        stdout: Descriptor.
        stderr: Descriptor.
    """

    def __init__(self, command: Command) -> None:
        self.stdout = _open_new(command.stdout)
        try:
            self.stderr = _open_new(command.stderr)
        except SandboxError:
            os.close(self.stdout)
            raise

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.stdout)
        os.close(self.stderr)


def _open_new(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise SandboxError(f"{path} cannot be written: {error.strerror}.") from error
