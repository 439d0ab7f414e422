"""A run that is killed at random moments pays for nothing twice."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import traceback
from pathlib import Path
from random import Random

import pytest

from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import FixedClock, SystemClock
from ai_scientist.core.ledger import read_events
from ai_scientist.core.settings import BudgetSettings
from ai_scientist.models.store import CallStore, read_calls
from tests.models.desk import question, set_up
from tests.models.server import Body, ChatServer, chat_server

QUESTIONS = 60


def _child(url: str, folder: Path) -> None:
    """Ask all questions, six at a time; in a process of its own."""
    desk = set_up(url, folder, calls=6, by_courier=True)

    async def everything() -> None:
        await asyncio.gather(*(desk.model.ask(question(f"question {number}")) for number in range(QUESTIONS)))

    asyncio.run(everything())
    desk.close()


def _fork(url: str, folder: Path) -> int:
    """Start a child without paying for the imports again."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _child(url, folder)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return child


def _kill_and_resume(server: ChatServer, folder: Path, kills: int, dice: Random) -> None:
    for _ in range(kills):
        child = _fork(server.url, folder)
        time.sleep(0.02 + dice.random() * 0.5)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    _, status = os.waitpid(_fork(server.url, folder), 0)
    assert os.waitstatus_to_exitcode(status) == 0


def _malformed_at_first(body: Body, number: int) -> str:
    """Some questions need a correction, which is a call of its own."""
    messages = body["messages"]
    return "missing_keys" if len(messages) == 2 and "question 7" in messages[1]["content"] else "good"


def _check(folder: Path, *, kills: int) -> None:
    with chat_server(_malformed_at_first) as server:
        server.latency = 0.02
        _kill_and_resume(server, folder, kills, Random(5))
        stored = {call.key: call for call in read_calls(folder / "calls")}
        assert len(stored) >= QUESTIONS
        assert set(server.answered.values()) == {1}
        assert len(server.asked) == len(stored)
        budget = Budget(BudgetSettings(paper_share=0), FixedClock())
        CallStore(folder / "calls", budget)
        lost = sum('"lost":true' in line for line in (folder / "calls" / "spent.jsonl").read_text().splitlines())
        assert budget.spent.usd - budget.spent.lost_usd == pytest.approx(
            sum(call.cost_usd or 0 for call in stored.values())
        )
    events = [event.key for event, _ in read_events(folder / "ledger.jsonl")]
    assert sorted(events) == sorted(f"call:{key}" for key in stored)
    assert lost <= kills * 6  # begun in the books, and killed before a courier had it
    assert not list((folder / "calls" / "replies").glob("*.reply"))


def test_three_kills_pay_nothing_twice(tmp_path: Path) -> None:
    set_up("http://127.0.0.1:9/v1", tmp_path / "warm").close()
    _check(tmp_path / "run", kills=3)


@pytest.mark.slow
def test_thirty_kills_pay_nothing_twice(tmp_path: Path) -> None:
    set_up("http://127.0.0.1:9/v1", tmp_path / "warm").close()
    _check(tmp_path / "run", kills=30)


def test_the_clock_of_the_budget_runs() -> None:
    budget = Budget(BudgetSettings(hours=1), SystemClock())
    assert (budget.seconds_left("write") or 0) <= 3600
