"""What a plan was chosen from: reasons for what is left out, and the same question with its lists turned round."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ai_scientist.agents.planning import PlanAnswer, PlanFacts
from ai_scientist.core.errors import AnswerInvalid, BudgetExceeded
from ai_scientist.core.jsonl import read_json, write_json
from ai_scientist.core.plan import Plan
from ai_scientist.core.settings import ModelSettings, Settings
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.planning import choice_checks, plan
from ai_scientist.graph.state import State
from ai_scientist.models.request import Request
from ai_scientist.paper.latex import render_paper
from tests.agents.requests import IDEA
from tests.models.scholar import PLAN
from tests.paper import workshop

REASONS = [{"datasets": ["others"], "reason": "They have no classes."}]


class Planner:
    """Takes data sets by a rule of its own, and notes what it is asked."""

    name = "planner"

    def __init__(self, *, place: int | None = None, name: str = "wine", left_out: Any = REASONS) -> None:
        self.place, self.choice, self.left_out = place, name, left_out
        self.asked: list[tuple[int, PlanFacts]] = []

    async def ask(self, request: Request[Any]) -> Any:  # of whatever type the request names
        facts = cast("PlanFacts", request.facts)
        self.asked.append((request.sample, facts))
        name = self.choice if self.place is None else facts.offered[self.place].name
        data = {"name": name, "label": name, "description": "Data.", "origin": "official", "source": "a package"}
        return PlanAnswer.model_validate({**PLAN, "datasets": [data], "left_out": self.left_out})


def nothing(question: str, *, limit: int) -> tuple[()]:
    """Find no record."""
    return ()


async def planned(tmp_path: Path, model: Any, settings: Settings | None = None) -> Plan:
    (tmp_path / "ideas").mkdir()
    write_json(tmp_path / "ideas" / f"{IDEA.id}.json", IDEA.model_dump(mode="json"))
    parts = SimpleNamespace(
        model=model,
        settings=settings or Settings(model=ModelSettings(name="openai:planner")),
        library=SimpleNamespace(search=nothing),
        folder=SimpleNamespace(ideas=tmp_path / "ideas"),
    )
    await plan(cast("State", {"idea": IDEA.id}), cast("Parts", parts))
    return Plan.model_validate(read_json(tmp_path / "ideas" / "plan.draft.json"))


async def test_a_choice_by_place_in_the_list_is_seen_by_one_call_more(tmp_path: Path) -> None:
    model = Planner(place=0)
    made = await planned(tmp_path, model)
    assert [sample for sample, _ in model.asked] == [0, 1]
    first, second = (facts.offered for _, facts in model.asked)
    assert second == first[::-1]
    assert made.choice is not None
    assert made.choice.used == (first[0].name,)
    assert made.choice.is_second_different
    assert f"used {first[-1].name} of the offered data instead of {first[0].name}" in made.choice.second
    assert any(made.choice.second in told for told in choice_checks(made))


async def test_a_choice_by_content_stands_whatever_the_order(tmp_path: Path) -> None:
    made = await planned(tmp_path, Planner(name="wine"))
    assert made.choice is not None
    assert not made.choice.is_second_different
    assert made.choice.second == "came to the same primary metric and data sets"
    assert choice_checks(made) == ()


async def test_missing_reasons_are_asked_for_once_and_then_told_as_missing(tmp_path: Path) -> None:
    model = Planner(left_out=[{"datasets": ["iris"], "reason": "Too easy."}])
    made = await planned(tmp_path, model)
    assert [sample for sample, _ in model.asked] == [0, 0, 1]
    assert "nothing says why these data sets are not used: breast_cancer" in model.asked[1][1].problems[0]
    assert made.choice is not None
    assert (made.choice.reasons["iris"], made.choice.reasons["nile"]) == ("Too easy.", "")
    assert "wine" not in made.choice.reasons
    (told,) = choice_checks(made)
    assert "left out without a reason: anes96" in told


@pytest.mark.parametrize("error", [AnswerInvalid("No answer."), BudgetExceeded("Too dear.", limit="usd")])
async def test_a_second_question_that_cannot_be_asked_ends_nothing(tmp_path: Path, error: Exception) -> None:
    class Poor(Planner):
        async def ask(self, request: Request[Any]) -> Any:
            if request.sample:
                raise error
            return await super().ask(request)

    made = await planned(tmp_path, Poor())
    assert made.choice is not None
    assert made.choice.second == f"could not be asked: {error}"
    assert not made.choice.is_second_different


async def test_rules_choose_nothing_and_say_why_a_users_data_are_not_used(tmp_path: Path) -> None:
    model = Planner(name="digits")
    (tmp_path / "mine.csv").write_text("a,b\n")
    settings = Settings(data=(tmp_path / "mine.csv",))
    made = await planned(tmp_path, model, settings)
    assert [facts.offered[0].name for _, facts in model.asked] == ["mine"]
    assert made.choice is not None
    assert made.choice.offered == ("mine",)
    assert made.choice.second == ""


def test_the_plans_appendix_prints_what_was_left_out_and_what_the_order_changed() -> None:
    choice = {
        "offered": ["iris", "wine", "nile"],
        "used": ["wine"],
        "left_out": [{"datasets": ["nile"], "reason": "It has no classes."}],
        "second": "used iris of the offered data instead of wine",
        "is_second_different": True,
    }
    context = workshop.context()
    told = Plan.model_validate({**context.plan.model_dump(mode="json"), "choice": choice})
    assert told.hash != context.plan.hash
    source = render_paper(workshop.rich_draft(), dataclasses.replace(context, plan=told))
    assert "iris: no reason was stated; nile: It has no classes" in source.tex
    assert "opposite order, used iris of the offered data instead of wine." in source.tex
    assert "Data not used" not in render_paper(workshop.rich_draft(), context).tex


def test_a_plan_without_a_choice_keeps_its_hash() -> None:
    made = workshop.plan()
    assert "choice" not in made.model_dump(mode="json")
    assert Plan.model_validate(made.model_dump(mode="json")) == made
