"""Requests that outlive us: an HTTP transport whose connections are held by a process of its own.

A client that is killed while an endpoint computes loses an answer that is paid for. Here another process waits for it,
and the next session finds it in `Replies`. What no process survives, as a power cut, still loses what was under way.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx

from ai_scientist.models.courier_process import DATA, END, FAILED, FRAME, HEAD
from ai_scientist.models.replies import HttpReply, Replies

KEY_HEADER = "Idempotency-Key"

_ROOT = Path(__file__).resolve().parents[2]
_START = """
import os, sys
if os.fork():
    os._exit(0)  # whoever started it has no child to look after
sys.path.insert(0, sys.argv[3])
from ai_scientist.models.courier_process import main
main()
"""


class Courier:
    """Starts the process with the first request, and hands it the others. Usable from any event loop and thread."""

    def __init__(self, replies: Replies, *, timeout_seconds: float) -> None:
        """Start nothing yet.

        Args:
            replies: Where answers are kept that nobody waited for.
            timeout_seconds: Of one call; afterwards the process gives it up, whoever waits or not.
        """
        self._replies, self._timeout_seconds = replies, timeout_seconds
        self._lock = threading.Lock()
        self._orders: socket.socket | None = None
        self._end: weakref.finalize[[], Courier] | None = None
        self._served: set[str] = set()

    def kept(self, key: str) -> HttpReply | None:
        """Return an answer that an earlier session paid for, once; asked again, it was of no use and is forgotten."""
        with self._lock:
            is_new = key not in self._served
            self._served.add(key)
        if is_new:
            return self._replies.read(key)
        self._replies.forget(key)
        return None

    def connect(self) -> socket.socket:
        """Return a connection for one request.

        Raises:
            httpx.ConnectError: If the process cannot be started.
        """
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            for _ in range(2):  # it may have been killed
                try:
                    socket.send_fds(self._started(), [b"r"], [theirs.fileno()])
                    return ours
                except (OSError, subprocess.CalledProcessError):
                    self._stop()
        ours.close()
        raise httpx.ConnectError("the process that carries requests cannot be started")

    def order(self, request: httpx.Request, content: bytes) -> bytes:
        """Return a request as the process reads it."""
        head = {
            "method": request.method,
            "url": str(request.url),
            "headers": [
                *((name, value) for name, value in request.headers.multi_items() if name != "accept-encoding"),
                ("accept-encoding", "identity"),
            ],
            "key": request.headers.get(KEY_HEADER, ""),
            "seconds": self._timeout_seconds,
            "length": len(content),
        }
        return json.dumps(head).encode() + b"\n" + content

    def close(self) -> None:
        """Let the process end once nothing is under way."""
        with self._lock:
            self._stop()

    def _started(self) -> socket.socket:
        if self._orders is None:
            ours, theirs = socket.socketpair()
            with theirs, self._replies.held() as lock:
                arguments = [str(theirs.fileno()), str(self._replies.folder.resolve()), str(_ROOT)]
                try:
                    subprocess.run(
                        [sys.executable, "-P", "-c", _START, *arguments],
                        check=True,
                        pass_fds=(theirs.fileno(), lock),
                        start_new_session=True,  # what kills our group is not meant for it
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                    )
                except (OSError, subprocess.CalledProcessError):
                    ours.close()
                    raise
            self._orders = ours
            self._end = weakref.finalize(self, ours.close)
        return self._orders

    def _stop(self) -> None:
        if self._end is not None:
            self._end()
        self._orders = self._end = None


class CourierTransport(httpx.AsyncBaseTransport):
    """Sends a client's requests by courier."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response, from an earlier session if it was paid for there; see httpx for what is raised."""
        kept = self._courier.kept(request.headers.get(KEY_HEADER, ""))
        if kept is not None:
            return httpx.Response(kept.status, headers=kept.headers, content=kept.body, request=request)
        content = await request.aread()
        reader, writer = await asyncio.open_connection(sock=self._courier.connect())
        try:
            writer.write(self._courier.order(request, content))
            await writer.drain()
            kind, data = await _frame(reader)
            if kind != HEAD:
                raise _error(kind, data)
            told = json.loads(data)
            body = _Body(reader, writer)
            return httpx.Response(told["status"], headers=told["headers"], stream=body, request=request)
        except BaseException:
            writer.close()
            raise


class _Body(httpx.AsyncByteStream):
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            kind, data = await _frame(self._reader)
            if kind == END:
                return
            if kind != DATA:
                raise _error(kind, data)
            yield data

    async def aclose(self) -> None:
        self._writer.close()


async def _frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    try:
        kind, length = FRAME.unpack(await reader.readexactly(FRAME.size))
        return kind, await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError) as error:
        raise httpx.ReadError("the process that carries requests was killed") from error


def _error(kind: bytes, data: bytes) -> httpx.HTTPError:
    """Return the error that the other process met with, as if it had been met with here."""
    told: dict[str, Any] = json.loads(data) if kind == FAILED else {}
    found = getattr(httpx, str(told.get("kind", "")), None)
    is_error = isinstance(found, type) and issubclass(found, httpx.TransportError)
    return cast("type[httpx.TransportError]", found if is_error else httpx.NetworkError)(str(told.get("message", "")))
