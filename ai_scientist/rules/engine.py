"""The model that is none: answers every request of the agents by rules over research templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ai_scientist.agents.analysis import DisplayFacts
from ai_scientist.agents.coding import ProgramFacts
from ai_scientist.agents.ideation import ReflectionFacts, TopicFacts
from ai_scientist.agents.novelty import CloseFacts, QueryFacts
from ai_scientist.agents.planning import PlanFacts
from ai_scientist.agents.reviewing import RebuttalFacts, ReviewFacts
from ai_scientist.agents.writing import FrontFacts, SectionFacts
from ai_scientist.core.errors import ModelError
from ai_scientist.core.values import Value
from ai_scientist.models.request import A, Request
from ai_scientist.rules import analysis, coding, ideation, novelty, planning, reviewing
from ai_scientist.rules.writing import front, sections

F = TypeVar("F", bound=Value)

Rule = Callable[[Value], Value]
"""From the facts of a request to its answer. The same facts give the same answer."""

RULES: dict[type[Value], Rule] = {}


class RulesModel:
    """Answers requests from their facts alone; prompt, images and sample are ignored.

    A topic that no template covers raises TopicRefused, from whichever request meets it first.
    """

    @property
    def name(self) -> str:
        """What a paper says wrote it."""
        return "rules"

    async def ask(self, request: Request[A]) -> A:
        """Return the answer.

        Raises:
            ModelError: If there is no rule for this kind of question.
            TopicRefused: If no template covers the topic.
        """
        rule = RULES.get(type(request.facts))
        if rule is None:
            raise ModelError(f"The rule engine has no rule for {type(request.facts).__name__}; a language model may.")
        answer = rule(request.facts)
        if not isinstance(answer, request.answer):
            raise ModelError(
                f"The rule for {type(request.facts).__name__} gives {type(answer).__name__}, "
                f"but {request.answer.__name__} was asked for."
            )
        return answer


def _add(facts: type[F], rule: Callable[[F], Value]) -> None:
    def answer(value: Value) -> Value:
        assert isinstance(value, facts)
        return rule(value)

    RULES[facts] = answer


_add(TopicFacts, ideation.propose)
_add(ReflectionFacts, ideation.reflect)
_add(QueryFacts, novelty.queries)
_add(CloseFacts, novelty.label)
_add(PlanFacts, planning.plan)
_add(ProgramFacts, coding.program)
_add(DisplayFacts, analysis.displays)
_add(SectionFacts, sections.section)
_add(FrontFacts, front.front)
_add(ReviewFacts, reviewing.review)
_add(RebuttalFacts, reviewing.rebuttal)
