"""Planning: from an idea to what will be measured and compared, before anything is measured."""

from __future__ import annotations

from pydantic import Field

from ai_scientist.agents.ideation import Abstract
from ai_scientist.agents.offers import Offer
from ai_scientist.core.idea import Idea
from ai_scientist.core.plan import Condition, Dataset, Hypothesis, LeftOut, Metric
from ai_scientist.core.values import Value
from ai_scientist.models.request import Model, Request


class PlanFacts(Value):
    """What a plan is made from."""

    idea: Idea
    literature: tuple[Abstract, ...]
    packages: tuple[str, ...]
    data: tuple[str, ...] = ()
    offered: tuple[Offer, ...] = Field(default=(), description="The data sets to choose from.")
    timeout_seconds: float = Field(description="Longest time of one seed's run.")
    search_seeds: int
    confirm_seeds: int
    problems: tuple[str, ...] = Field(default=(), description="What was wrong with the last answer.")


class PlanAnswer(Value):
    """The scientific part of a plan; seeds, stages and budgets are added by the harness.

    Attributes of note: exactly one condition has the role "baseline" and one is named "proposed".
    """

    title: str
    question: str
    hypotheses: tuple[Hypothesis, ...] = Field(min_length=1)
    conditions: tuple[Condition, ...] = Field(min_length=2)
    datasets: tuple[Dataset, ...] = Field(min_length=1)
    metrics: tuple[Metric, ...] = Field(min_length=1)
    primary_metric: str
    stopping_rule: str
    method: str = Field(description="What will be built and why it could answer the question.")
    left_out: tuple[LeftOut, ...] = Field(default=(), description="Offered data that are not used.")


async def make_plan(model: Model, facts: PlanFacts, *, sample: int = 0) -> PlanAnswer:
    """Return the scientific part of the plan for an idea."""
    request = Request(
        role="planning", prompt="planning_plan", facts=facts, answer=PlanAnswer, stage="plan", sample=sample
    )
    return await model.ask(request)
