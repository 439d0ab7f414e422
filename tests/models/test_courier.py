"""Requests that outlive the session that sent them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import FixedClock
from ai_scientist.core.settings import BudgetSettings
from ai_scientist.models.courier import KEY_HEADER, Courier, CourierTransport
from ai_scientist.models.replies import HttpReply, Replies
from ai_scientist.models.store import CallStore
from tests.models.desk import KEY, question, set_up
from tests.models.server import chat_server


def _processes(folder: Path) -> list[int]:
    """The couriers of a folder."""
    found = subprocess.run(["pgrep", "-f", str(folder / "calls" / "replies")], capture_output=True, text=True).stdout
    return [int(line) for line in found.split()]


def _killed_while_waiting(url: str, folder: Path, topic: str, *, after: float) -> None:
    """Ask in a process of its own, and kill that, its whole group, when the request has been sent."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        asyncio.run(set_up(url, folder, by_courier=True).model.ask(question(topic)))
        os._exit(0)
    time.sleep(after)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)


async def test_an_answer_that_came_after_a_kill_is_found_and_costs_what_it_costs(tmp_path: Path) -> None:
    with chat_server() as server:
        server.latency = 1.5
        folder = tmp_path / "run"
        set_up(server.url, folder).close()
        await asyncio.to_thread(_killed_while_waiting, server.url, folder, "one", after=1.2)
        assert len(server.asked) == 1
        desk = set_up(server.url, folder, by_courier=True)
        assert desk.budget.spent.tokens == 0
        assert (await desk.model.ask(question("one"))).count == 3
        assert len(server.asked) == 1
        (key,) = desk.store.keys()
        stored = desk.store.get(key)
        assert stored is not None
        assert desk.budget.spent.usd == pytest.approx(stored.cost_usd or 0)
        assert desk.budget.spent.lost_tokens == 0
        assert desk.store.replies.keys() == []
        desk.close()


async def test_what_was_answered_uselessly_is_asked_again(tmp_path: Path) -> None:
    with chat_server() as server:
        desk = set_up(server.url, tmp_path / "run", by_courier=True)
        await desk.model.ask(question("two"))
        (key,) = desk.store.keys()
        desk.store.path(key).unlink()
        desk.store.replies.folder.mkdir(exist_ok=True)
        reply = HttpReply(status=200, headers={"content-type": "text/event-stream"}, body=b"data: nonsense\n\n")
        desk.store.replies.write(key, reply)
        desk.close()
        again = set_up(server.url, tmp_path / "run", by_courier=True)
        assert (await again.model.ask(question("two"))).count == 3
        assert len(server.asked) == 2
        assert again.store.keys() == [key]
        assert again.store.replies.keys() == []
        again.close()


def test_a_reply_of_a_stored_call_is_cleared_away(tmp_path: Path) -> None:
    store = CallStore(tmp_path / "calls", Budget(BudgetSettings(), FixedClock()))
    store.replies.folder.mkdir()
    for name in ("a", "b"):
        store.replies.write(name * 64, HttpReply(status=200, headers={}, body=b""))
    store.path("a" * 64).write_text("{}")
    again = CallStore(tmp_path / "calls", Budget(BudgetSettings(), FixedClock()))
    assert again.replies.keys() == ["b" * 64]


async def test_the_process_ends_with_us_and_is_replaced_if_it_is_killed(tmp_path: Path) -> None:
    with chat_server() as server:
        desk = set_up(server.url, tmp_path / "run", by_courier=True)
        await desk.model.ask(question("three"))
        (first,) = _processes(tmp_path / "run")
        os.kill(first, signal.SIGKILL)
        await desk.model.ask(question("four"))
        (second,) = _processes(tmp_path / "run")
        assert first != second
        desk.close()
        desk.store.replies.wait()
        assert _processes(tmp_path / "run") == []


async def test_no_secret_is_kept_that_the_endpoint_repeats(tmp_path: Path) -> None:
    with chat_server("tell_the_key") as server:
        replies = Replies(tmp_path / "replies")
        courier = Courier(replies, timeout_seconds=10)
        async with httpx.AsyncClient(transport=CourierTransport(courier)) as client:
            body = {"model": "some-model", "messages": [{"role": "user", "content": "?"}]}
            headers = {"Authorization": f"Bearer {KEY}", KEY_HEADER: "k" * 64}
            answer = await client.post(f"{server.url}/chat/completions", json=body, headers=headers)
        courier.close()
        replies.wait()
        assert KEY in answer.text
        kept = replies.read("k" * 64)
        assert kept is not None and kept.status == 200
        assert KEY.encode() not in kept.body and b"[key removed]" in kept.body
