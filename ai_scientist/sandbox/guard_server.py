"""The process that hands orders to guards, a guard for each; it ends, and they with it, when the other end closes.

Run in an interpreter of its own, with the standard library and its neighbours `guard`, `orders`, `watch` and `disk`
only, so that it is small and quick to fork.
"""

from __future__ import annotations

import array
import gc
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ai_scientist.sandbox.guard import Begin, Guard, ProgramBegins, execute
from ai_scientist.sandbox.orders import MESSAGE_BYTES, READY, EndedBy, Order, Report, receive

LookAt = Callable[[dict[str, Any]], bool]


def _stand_by(name: str, folders: Sequence[str], begin: Begin, inbox: socket.socket) -> None:
    """Be a guard: get ready, take one order, hold its program, report, and clean up."""
    guard, error = None, ""
    try:
        guard = Guard(name, folders, begin)
    except OSError as problem:
        error = f"control group: {problem}"
    text, fds = receive(inbox)
    if text:
        connection = socket.socket(fileno=fds[0])
        report = Report(ended_by=EndedBy.NOT_STARTED, error=error)
        if guard is not None:
            try:
                report = guard.run(Order.parse(text), connection, fds[1], fds[2], fds[3:])
            except Exception as problem:
                report = Report(ended_by=EndedBy.NOT_STARTED, error=f"guard: {type(problem).__name__}: {problem}")
        try:
            connection.send(report.dump())
        except OSError:
            pass  # nobody waits any more: the harness is gone
        connection.close()
    if guard is not None:
        guard.leave()


class _Server:
    """Hands orders to guards, and has one in readiness: what it does beforehand, nobody waits for."""

    def __init__(self, orders: socket.socket, prefix: str, begin: Begin, look_at: LookAt) -> None:
        self._orders = orders
        self._prefix = prefix
        self._begin, self._look_at = begin, look_at
        self._count = 0
        self._folders: list[str] = []
        self._spare: socket.socket | None = None

    def serve(self) -> None:
        """Go on until the other end closes."""
        while True:
            text, fds = receive(self._orders)
            if not text:
                return
            told = json.loads(text)
            folders = [group["folder"] for group in told["groups"]]
            is_changed = self._look_at(told) or folders != self._folders
            if is_changed and self._spare is not None:
                self._spare.close()  # it then leaves, with its groups
                self._spare = None
            self._folders = folders
            self._hand_over(text, fds)
            for fd in fds:
                os.close(fd)
            self._spare = self._new_guard()

    def _hand_over(self, text: bytes, fds: list[int]) -> None:
        for ready in (self._spare, None):
            self._spare = None
            with ready or self._new_guard() as guard:
                try:
                    guard.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
                    return
                except OSError:
                    continue  # the spare one was killed

    def _new_guard(self) -> socket.socket:
        self._count += 1
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MESSAGE_BYTES)
        if os.fork() == 0:
            self._orders.close()
            ours.close()
            try:
                _stand_by(f"{self._prefix}-{self._count}", self._folders, self._begin, theirs)
            except ProgramBegins:
                raise
            except BaseException:
                os._exit(1)
            os._exit(0)
        theirs.close()
        return ours


def serve(orders: socket.socket, begin: Begin = execute, look_at: LookAt = lambda told: False) -> None:
    """Serve orders until the other end closes.

    The first message says what the names of control groups begin with, and which folder to remove in the end; it is
    answered when all is ready.

    Args:
        orders: Where they come from.
        begin: What makes a process the program of an order.
        look_at: Shown each order before a guard gets it; returns whether guards forked until now are out of date.
    """
    orders.set_inheritable(False)
    os.setsid()
    hello = json.loads(receive(orders)[0])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # guards that ended leave no zombies
    gc.freeze()  # guards share what is here already
    orders.send(READY)
    _Server(orders, hello["prefix"], begin, look_at).serve()
    if hello["folder"]:
        shutil.rmtree(hello["folder"], ignore_errors=True)


def main() -> None:
    """Serve the socket that the command line names."""
    serve(socket.socket(fileno=int(sys.argv[2])))
