"""Novelty: what to look up for an idea, and how near each found paper comes, shown by its own words."""

from __future__ import annotations

from pydantic import Field

from ai_scientist.agents.ideation import Abstract
from ai_scientist.core.idea import AtomicClaim, Closeness, Idea
from ai_scientist.core.values import Value
from ai_scientist.models.request import Model, Request


class QueryFacts(Value):
    """What queries are made from: a topic, or an idea."""

    topic: str
    idea: Idea | None = None


class Queries(Value):
    """What to ask the literature sources."""

    queries: tuple[str, ...] = Field(min_length=1, max_length=8)


class CloseFacts(Value):
    """One claim and one paper."""

    claim: AtomicClaim
    record: Abstract


class CloseAnswer(Value):
    """How near the paper comes to the claim.

    Attributes of note: `quote` is copied from the paper's text; it is looked up there, and a label whose quote is not
    found does not count. Empty if the label is "unrelated".
    """

    closeness: Closeness
    quote: str


async def make_queries(model: Model, facts: QueryFacts) -> Queries:
    """Return what to ask the literature sources."""
    return await model.ask(
        Request(role="novelty", prompt="novelty_queries", facts=facts, answer=Queries, stage="novelty")
    )


async def label_claim(model: Model, facts: CloseFacts) -> CloseAnswer:
    """Return how near one paper comes to one claim."""
    return await model.ask(
        Request(role="novelty", prompt="novelty_label", facts=facts, answer=CloseAnswer, stage="novelty")
    )
