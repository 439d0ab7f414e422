"""A repair sees whether a program is valid, and never which way its results point."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar, cast

from ai_scientist.agents.coding import ProgramAnswer
from ai_scientist.agents.operators import AgentOperator
from ai_scientist.core.clock import FixedClock
from ai_scientist.core.values import Value
from ai_scientist.models.request import Request
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.members import node_id
from ai_scientist.search.node import Measurement, Node, Outcome, Score, Status
from ai_scientist.search.stage import Stage
from tests.agents.requests import PLAN, PROGRAM

STAGE = Stage(
    name="explore", goal="components", operators=("improve",), target="proposed", nodes=99, root="none", seeds=(0,)
)
T = TypeVar("T", bound=Value)
SCORES = [0.1 * number for number in range(30)]


class Listening:
    """A model that keeps what it is asked, and answers that nothing is left."""

    name = "listening"

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ask(self, request: Request[T]) -> T:
        self.asked.append(request.facts.model_dump_json())
        return cast("T", ProgramAnswer(title="", rationale="", nothing_left=True))


async def asked_for(operator: str, sign: float, folder: Path) -> str:
    """Return what an operator is told after a search whose effects all point one way, or the other."""
    checkpoints, model = Checkpoints(folder / "search" / "checkpoints.git"), Listening()
    with Journal.open(folder / "search" / "journal.jsonl", clock=FixedClock()) as journal:
        journal.enter_stage(STAGE, {})
        parent: Node | None = None
        for number, score in enumerate([*SCORES, None], 1):
            text = f"{PROGRAM}# {number}\n"
            stored = checkpoints.commit({"experiment.py": text}, parents=(), message="", number=number)
            node = Node(
                id=node_id(number),
                number=number,
                parents=(),
                operator="draft",
                stage="explore",
                title=f"try {number}",
                checkpoint=stored.id,
                tree=stored.tree,
            )
            journal.propose(node)
            outcome = Outcome(status=Status.REFUSED, diagnosis="No row of 'proposed'.", seeds=(0,), wall_seconds=1)
            if score is not None:
                seen = Measurement(
                    metric="ece", condition="proposed", dataset="digits", split="test", seed=0, value=sign * score
                )
                outcome = Outcome(status=Status.OK, measurements=(seen,), seeds=(0,), wall_seconds=1)
            parent = journal.finish(node.id, outcome, None if score is None else Score(value=sign * score))
        assert parent is not None
        asking = AgentOperator(
            operator,
            model=model,
            plan=PLAN,
            checkpoints=checkpoints,
            contract="",
            seed=0,
            printed=lambda asked: f"proposed: {sign * 0.9}",
        )
        assert await asking.expand((parent,), STAGE, journal) is None
    return model.asked[0]


async def test_a_repair_is_asked_for_in_the_same_words_whichever_way_every_effect_points(tmp_path: Path) -> None:
    up = await asked_for("debug", 1.0, tmp_path / "up")
    down = await asked_for("debug", -1.0, tmp_path / "down")
    assert up == down
    assert "No row of 'proposed'." in up


async def test_other_operators_do_see_results(tmp_path: Path) -> None:
    up = await asked_for("improve", 1.0, tmp_path / "up")
    down = await asked_for("improve", -1.0, tmp_path / "down")
    assert up != down
