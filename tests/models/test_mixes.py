"""Tree searches over an endpoint that misbehaves in ways drawn at random: no crash, no overspend, no lost node.

A mix draws some behaviours, how often they happen, and limits of money and tokens. Its search ends as it may end; then
it is taken up again by a new session at an endpoint that is well, without limits, and must have all that it had.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from ai_scientist.agents.operators import AgentOperator
from ai_scientist.core.clock import SystemClock
from ai_scientist.core.errors import BudgetExceeded, ModelError, TransientError
from ai_scientist.core.ids import NodeId
from ai_scientist.core.ledger import read_events
from ai_scientist.core.settings import BudgetSettings
from ai_scientist.models.entries import enter_missing
from ai_scientist.models.exchange import Usage
from ai_scientist.models.store import read_calls
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.contracts import Checkpoint, Operator
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Measurement, Node, Outcome, Status
from ai_scientist.search.scheduler import Scheduler
from ai_scientist.search.stage import Stage
from ai_scientist.search.values import MetricValue
from tests.agents.requests import PLAN, PROGRAM
from tests.models.desk import PRICE, Desk, set_up
from tests.models.server import BEHAVIOURS, Body, ChatServer, chat_server

NODES = 4
STAGE = Stage(
    name="explore",
    goal="components",
    operators=("draft", "improve"),
    target="proposed",
    nodes=NODES,
    root="none",
    seeds=(0,),
    drafts=1,
)
SLOW = ("hang", "stall", "slow_drip")
"""Behaviours that end by a timeout only; one mix in ten has them."""


def answer(body: Body) -> Body:
    """Return a whole program, another one for every prompt."""
    return {
        "title": "another constant",
        "rationale": "It may matter.",
        "move": "another_constant",
        "component": "",
        "removes": "",
        "files": {"experiment.py": f"{PROGRAM}\n# {abs(hash(str(body['messages'])))}\n"},
        "edits": [],
        "nothing_left": False,
    }


class Measures:
    """Gives every program a value by its text."""

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        value = len(checkpoint.files["experiment.py"]) + node.number
        rows = tuple(
            Measurement(
                metric=PLAN.primary_metric,
                condition="proposed",
                dataset=dataset.name,
                split=PLAN.split,
                seed=seed,
                value=float(value),
            )
            for seed in seeds
            for dataset in PLAN.datasets
        )
        return Outcome(status=Status.OK, seeds=tuple(seeds), wall_seconds=0, measurements=rows)


async def search(desk: Desk, folder: Path) -> tuple[str, dict[NodeId, Outcome | None]]:
    """Search on from wherever the journal stands; return how it ended and what the journal holds."""
    checkpoints = Checkpoints(folder / "c.git")
    operators: dict[str, Operator] = {
        name: AgentOperator(
            name, model=desk.model, plan=PLAN, checkpoints=checkpoints, contract="", seed=0, printed=lambda _: ""
        )
        for name in STAGE.operators
    }
    with Journal.open(folder / "journal.jsonl", clock=SystemClock()) as journal:
        scheduler = Scheduler(
            journal=journal,
            checkpoints=checkpoints,
            operators=operators,
            evaluator=Measures(),
            value=MetricValue.of_plan(PLAN),
            slots=2,
            calls=3,
        )
        try:
            end = (await scheduler.run_stage(STAGE)).reason
        except (ModelError, TransientError, BudgetExceeded) as error:
            end = type(error).__name__
        return end, {node.id: node.outcome for node in journal.nodes if node.is_finished}


def bill(server: ChatServer) -> float:
    """Return what the endpoint truly charges for every answer that it gave, in dollars."""
    usages = (Usage(input=read, output=written, cached=read // 2) for read, written in server.tokens)
    return sum(PRICE.cost(usage) for usage in usages)


async def mix(server: ChatServer, number: int, folder: Path) -> str:
    """Carry out one mix, and return how its first session ended."""
    dice = Random(number)
    known = [name for name in BEHAVIOURS if name not in SLOW]
    drawn = dice.sample(known, dice.randint(1, 6)) + (list(SLOW) if number % 10 == 0 else [])
    often = dice.choice((0.1, 0.3, 0.6))
    limits = BudgetSettings(usd=dice.choice((0.02, 0.1, 1.0)), tokens=dice.choice((15_000, 10**6)), paper_share=0)
    server.tokens.clear()
    server.script = lambda body, asked: dice.choice(drawn) if dice.random() < often else "good"
    patience = 0.5 if number % 10 == 0 else 20.0
    desk = set_up(server.url, folder, limits=limits, timeout=patience, stall=patience, tries=2, temperature=0.2)
    end, before = await search(desk, folder)
    desk.close()
    assert limits.usd is not None and limits.tokens is not None
    assert desk.budget.spent.usd <= limits.usd and desk.budget.spent.tokens <= limits.tokens
    assert bill(server) <= desk.budget.spent.usd + 1e-12
    server.script = lambda body, asked: "good"
    desk = set_up(server.url, folder, timeout=20.0, stall=20.0, temperature=0.2)
    enter_missing(desk.ledger, desk.store)  # as every session begins
    last, after = await search(desk, folder)
    desk.close()
    assert all(after[node] == outcome for node, outcome in before.items())
    stored = {call.key for call in read_calls(folder / "calls")}
    assert stored == {event.key.removeprefix("call:") for event, _ in read_events(folder / "ledger.jsonl")}
    assert not list((folder / "calls").glob(".*.tmp"))
    if end in ("ModelError", "TransientError", "BudgetExceeded"):
        assert len(after) >= 1, last  # what an error broke off goes on; a stage that ended by itself stays ended
    return end


def run_mixes(count: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    def at_once(_: int) -> None:
        """What is written here need not survive a power cut."""

    monkeypatch.setattr("ai_scientist.search.group_sync.os.fdatasync", at_once)
    ends: Counter[str] = Counter()
    with chat_server(answer=answer) as server:
        for number in range(count):
            ends[asyncio.run(mix(server, number, folder / str(number)))] += 1
    return ends


def test_thirty_mixes_lose_no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_mixes(30, tmp_path, monkeypatch).total() == 30


@pytest.mark.slow
def test_a_thousand_mixes_lose_no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = run_mixes(1000, tmp_path, monkeypatch)
    print(f"\n1,000 mixes ended: {dict(ends)}")
    assert ends.total() == 1000
    assert ends["BudgetExceeded"] > 0
