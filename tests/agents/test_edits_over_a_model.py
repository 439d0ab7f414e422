"""An edit that does not apply, or changes nothing, is sent back with the reason, and in the end refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_scientist.agents.operators import AgentOperator, StageValues
from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import SystemClock
from ai_scientist.core.errors import EditRejected
from ai_scientist.core.ids import CheckpointId
from ai_scientist.core.settings import BudgetSettings, ModelSettings
from ai_scientist.models.build import build_model
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.members import node_id
from ai_scientist.search.node import Node, Outcome, Score, Status
from ai_scientist.search.stage import Proposal, Stage
from tests.agents.requests import PLAN, PROGRAM
from tests.models.server import Body, ChatServer, chat_server

STAGE = Stage(
    name="explore", goal="components", operators=("improve",), target="proposed", nodes=9, root="none", seeds=(0,)
)


def program(search: str, replace: str, *, component: str = "longer") -> Body:
    return {
        "title": "longer",
        "rationale": "More epochs.",
        "move": "longer",
        "component": component,
        "removes": "",
        "files": {},
        "edits": [{"search": search, "replace": replace, "file": "experiment.py"}],
        "nothing_left": False,
    }


GOOD = program("EPOCHS = 30", "EPOCHS = 40")


async def expand(server: ChatServer, folder: Path) -> Proposal | None:
    model = build_model(
        ModelSettings(name="openai:some-model", base_url=server.url),
        budget=Budget(BudgetSettings(), SystemClock()),
        ledger=None,
        calls=folder / "calls",
        clock=SystemClock(),
        rules=None,
    )
    checkpoints = Checkpoints(folder / "checkpoints.git")
    stored = checkpoints.commit({"experiment.py": PROGRAM}, parents=(), message="first", number=1)
    with Journal.open(folder / "journal.jsonl", clock=SystemClock()) as journal:
        journal.enter_stage(STAGE, {})
        node = Node(
            id=node_id(1),
            number=1,
            parents=(),
            operator="draft",
            stage="explore",
            title="first",
            checkpoint=stored.id,
            tree=stored.tree,
        )
        journal.propose(node)
        outcome = Outcome(status=Status.OK, seeds=(0,), wall_seconds=1)
        parent = journal.finish(node.id, outcome, Score(value=1.0))
        operator = AgentOperator(
            "improve",
            model=model,
            plan=PLAN,
            checkpoints=checkpoints,
            contract="",
            seed=0,
            printed=lambda asked: "",
        )
        return await operator.expand((parent,), STAGE, journal)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (program("EPOCH = 30", "EPOCH = 40"), "stands 0 times"),
        (program("EPOCHS", "ROUNDS"), "stands 2 times"),
        (program("EPOCHS = 30", "EPOCHS = 30"), "change nothing"),
        (program("", "x = 1"), "which exists"),
        ({**GOOD, "edits": []}, "neither files nor edits"),
    ],
)
async def test_an_edit_that_cannot_be_used_is_asked_again_with_the_reason(bad: Body, why: str, tmp_path: Path) -> None:
    answers = iter([bad, GOOD])
    with chat_server(answer=lambda body: next(answers)) as server:
        proposal = await expand(server, tmp_path)
        assert proposal is not None
        assert "EPOCHS = 40" in proposal.files["experiment.py"] and proposal.components == ("longer",)
        told = str(server.asked[1].body["messages"][1]["content"])
        assert "Your last answer could not be used" in told and why in told


async def test_edits_that_never_apply_are_refused_in_the_end(tmp_path: Path) -> None:
    with chat_server(answer=lambda body: program("nowhere", "x")) as server:
        with pytest.raises(EditRejected, match="could be applied"):
            await expand(server, tmp_path)
        assert len(server.asked) >= 2


async def test_nothing_left_is_an_answer(tmp_path: Path) -> None:
    with chat_server(answer=lambda body: {**GOOD, "edits": [], "nothing_left": True}) as server:
        assert await expand(server, tmp_path) is None


async def test_a_value_that_an_earlier_stage_gave_is_not_shown_beside_this_stages(tmp_path: Path) -> None:
    """A root's score is about the earlier stage's target; a tuning agent would take it for the one to beat."""
    tune = STAGE.model_copy(update={"name": "tune", "target": "full"})
    with Journal.open(tmp_path / "journal.jsonl", clock=SystemClock()) as journal:
        journal.enter_stage(STAGE, {})
        first = Node(
            id=node_id(1),
            number=1,
            parents=(),
            operator="draft",
            stage=STAGE.name,
            title="first",
            checkpoint=CheckpointId("0" * 40),
            tree="0" * 40,
        )
        journal.propose(first)
        outcome = Outcome(status=Status.OK, seeds=(0,), wall_seconds=1)
        node = journal.finish(first.id, outcome, Score(value=0.9))
        assert StageValues(journal, STAGE.name).of(node) == 0.9
        assert StageValues(journal, tune.name).of(node) is None
        journal.enter_stage(tune, {node.id: Score(value=0.4)})
        assert StageValues(journal, tune.name).of(node) == 0.4
