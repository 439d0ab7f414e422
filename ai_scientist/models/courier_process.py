"""The process that carries requests to endpoints, and outlives the session that sent them.

The harness hands it one end of a socket pair for each request, over a socket of its own. When that one closes, the
harness is gone: what is under way is then waited for all the same, since it is paid for, and kept in `Replies`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from ai_scientist.models.replies import HttpReply, Replies

HEAD, DATA, FAILED, END = b"H", b"D", b"F", b"E"
"""Kinds of frame that go back: status and headers, a piece of the body, what went wrong, the end."""

FRAME = struct.Struct(">cI")
"""Before each frame: its kind and its length in bytes."""

KEPT_HEADERS = ("content-type", "content-encoding", "x-request-id")
"""What is written down of an answer's headers; the others go back to the harness only."""

OUR_OWN = ("set-cookie", "connection", "transfer-encoding", "content-length")
"""Headers that are between the endpoint and this process."""

GRACE_SECONDS = 2.0
"""How long a call that nobody listens to may still end, so that an answer which was read to its end is kept."""

MOST_BYTES = 64 * 1024 * 1024
"""Of one answer. The harness gives up long before."""


def _frame(kind: bytes, data: bytes) -> bytes:
    return FRAME.pack(kind, len(data)) + data


class Carrier:
    """Carries requests."""

    def __init__(self, replies: Replies, client: httpx.AsyncClient) -> None:
        self._replies, self._client = replies, client
        self._harness_is_gone = False
        self._at_work: set[asyncio.Task[None]] = set()

    async def serve(self, orders: socket.socket) -> None:
        """Take requests until the harness is gone and the last one has ended."""
        loop, closed = asyncio.get_running_loop(), asyncio.Event()
        orders.setblocking(False)

        def take() -> None:
            try:
                said, fds, _, _ = socket.recv_fds(orders, 1, 8)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                said, fds = b"", []
            for fd in fds:
                task = loop.create_task(self._carry(socket.socket(fileno=fd)))
                self._at_work.add(task)
                task.add_done_callback(self._at_work.discard)
            if not said:
                loop.remove_reader(orders)
                self._harness_is_gone = True
                closed.set()

        loop.add_reader(orders, take)
        await closed.wait()
        while self._at_work:
            await asyncio.gather(*self._at_work, return_exceptions=True)

    async def _carry(self, link: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=link, limit=MOST_BYTES)
        try:
            order: dict[str, Any] = json.loads(await reader.readline())
            body = await reader.readexactly(order["length"])
            fetching = asyncio.create_task(self._fetch(order, body, writer))
            watching = asyncio.create_task(self._abandoned(reader))
            await asyncio.wait((fetching, watching), return_when=asyncio.FIRST_COMPLETED)
            for task in (fetching, watching):
                task.cancel()
            await asyncio.gather(fetching, watching, return_exceptions=True)
        except asyncio.IncompleteReadError:  # the harness was killed before it had said everything
            pass
        finally:
            writer.close()

    async def _abandoned(self, reader: asyncio.StreamReader) -> None:
        """Return when nobody wants the answer any more: the harness hung up, but is still there."""
        await reader.read()
        await asyncio.sleep(GRACE_SECONDS)
        if self._harness_is_gone:
            await asyncio.Event().wait()  # whoever goes on with the run will want it

    async def _fetch(self, order: Mapping[str, Any], content: bytes, writer: asyncio.StreamWriter) -> None:
        request = self._client.build_request(
            order["method"],
            order["url"],
            headers=order["headers"],
            content=content,
            timeout=httpx.Timeout(order["seconds"]),
        )
        try:
            async with asyncio.timeout(order["seconds"]):
                await self._stream(request, str(order["key"]), writer)
        except TimeoutError:
            await _tell(writer, FAILED, {"kind": "ReadTimeout", "message": "the call's time is over"})
        except (httpx.HTTPError, OSError) as error:
            kind = type(error).__name__ if isinstance(error, httpx.HTTPError) else "NetworkError"
            await _tell(writer, FAILED, {"kind": kind, "message": str(error)})

    async def _stream(self, request: httpx.Request, key: str, writer: asyncio.StreamWriter) -> None:
        body = bytearray()
        response = await self._client.send(request, stream=True)
        try:
            headers = {name: value for name, value in response.headers.items() if name not in OUR_OWN}
            await _tell(writer, HEAD, {"status": response.status_code, "headers": headers})
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > MOST_BYTES:
                    raise httpx.ReadError("the answer is too long")
                await _send(writer, _frame(DATA, piece))
        finally:
            await response.aclose()
        if response.is_success and key:
            clean = _without_key(bytes(body), request.headers)
            kept = {name: value for name, value in headers.items() if name in KEPT_HEADERS}
            self._replies.write(key, HttpReply(status=response.status_code, headers=kept, body=clean))
        await _send(writer, _frame(END, b""))


def _without_key(body: bytes, headers: httpx.Headers) -> bytes:
    """Return an answer without the secret that the request carried, should the endpoint have repeated it."""
    for name in ("authorization", "api-key"):
        secret = headers.get(name, "").removeprefix("Bearer ").strip().encode()
        if len(secret) >= 8:
            body = body.replace(secret, b"[key removed]")
    return body


async def _tell(writer: asyncio.StreamWriter, kind: bytes, value: object) -> None:
    await _send(writer, _frame(kind, json.dumps(value).encode()))


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send, if somebody is there."""
    with contextlib.suppress(ConnectionError):
        writer.write(data)
        await writer.drain()


async def serve(orders: socket.socket, folder: Path) -> None:
    """Serve a harness to its end, and beyond that until everything under way has come."""
    # Proxies and certificates come from the environment, as they would in the harness.
    async with httpx.AsyncClient() as client:
        await Carrier(Replies(folder), client).serve(orders)


def main() -> None:
    """Serve the socket and the folder that the command line names."""
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2])))
