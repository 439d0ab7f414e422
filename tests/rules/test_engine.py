from __future__ import annotations

import inspect
from types import ModuleType

import pytest

from ai_scientist.agents import analysis, coding, ideation, novelty, planning, reviewing, writing
from ai_scientist.agents.coding import ProgramAnswer
from ai_scientist.agents.ideation import IdeaList, TopicFacts, propose_ideas, reflect_on_ideas
from ai_scientist.agents.novelty import QueryFacts, make_queries
from ai_scientist.core.errors import ModelError, TopicRefused
from ai_scientist.core.values import Value
from ai_scientist.models.request import Model, Request
from ai_scientist.rules.engine import RULES, RulesModel

AGENTS = (analysis, coding, ideation, novelty, planning, reviewing, writing)


class Riddle(Value):
    """A question that no rule knows."""


def facts_types(module: ModuleType) -> list[type[Value]]:
    found: list[type[Value]] = []
    for name, kind in inspect.getmembers(module, inspect.isclass):
        if kind.__module__ == module.__name__ and name.endswith("Facts") and issubclass(kind, Value):
            found.append(kind)
    return [kind for kind in found if kind is not writing.PaperFacts]


def test_every_facts_type_of_every_agent_has_a_rule() -> None:
    asked = {kind for module in AGENTS for kind in facts_types(module)}
    assert len(asked) >= 10
    assert asked == set(RULES)


async def test_an_unknown_kind_of_question_is_a_model_error() -> None:
    request = Request(role="coding", prompt="riddle", facts=Riddle(), answer=ProgramAnswer)
    with pytest.raises(ModelError, match="no rule for Riddle"):
        await RulesModel().ask(request)


async def test_a_question_whose_answer_type_does_not_fit_is_a_model_error() -> None:
    request = Request(role="novelty", prompt="x", facts=QueryFacts(topic="label noise"), answer=IdeaList)
    with pytest.raises(ModelError, match="Queries, but IdeaList was asked for"):
        await RulesModel().ask(request)


async def test_agents_can_ask_it_as_any_model() -> None:
    model: Model = RulesModel()
    assert model.name == "rules"
    facts = TopicFacts(topic="label noise and calibration", count=2, literature=(), packages=("numpy",))
    ideas = await propose_ideas(model, facts)
    again = await reflect_on_ideas(model, ideation.ReflectionFacts(topic=facts.topic, ideas=ideas.ideas, literature=()))
    assert len(again.ideas) == 2
    assert again.ideas[0].score >= again.ideas[1].score


async def test_a_topic_that_it_cannot_study_is_refused_through_the_agent_too() -> None:
    facts = TopicFacts(topic="sourdough bread", count=2, literature=(), packages=())
    with pytest.raises(TopicRefused):
        await propose_ideas(RulesModel(), facts)


async def test_queries_can_be_made_for_any_topic() -> None:
    made = await make_queries(RulesModel(), QueryFacts(topic="How do whales sleep?"))
    assert made.queries == ("whales sleep",)
