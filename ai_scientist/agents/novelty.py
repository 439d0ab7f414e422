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
    """The claims of an idea and one paper."""

    claims: tuple[AtomicClaim, ...]
    record: Abstract


class ClaimLabel(Value):
    """How near the paper comes to one claim."""

    claim: int = Field(ge=1, description="The claim's number.")
    closeness: Closeness
    quote: str = Field(
        description="Copied from the paper's text. It is looked up there, and a label whose quote is not found does "
        'not count. Empty if the label is "unrelated".'
    )


class CloseAnswer(Value):
    """How near the paper comes to each claim."""

    labels: tuple[ClaimLabel, ...] = Field(description="One for each claim, in their order.")


async def make_queries(model: Model, facts: QueryFacts) -> Queries:
    """Return what to ask the literature sources."""
    return await model.ask(
        Request(role="novelty", prompt="novelty_queries", facts=facts, answer=Queries, stage="novelty")
    )


async def label_claims(model: Model, facts: CloseFacts) -> tuple[tuple[AtomicClaim, ClaimLabel], ...]:
    """Return how near one paper comes to each claim; a claim that the answer leaves out was not compared."""
    answer = await model.ask(
        Request(
            role="novelty",
            prompt="novelty_label",
            facts=facts,
            answer=CloseAnswer,
            stage="novelty",
            place=("record",),
        )
    )
    labels = {label.claim: label for label in answer.labels}
    return tuple((claim, labels[n]) for n, claim in enumerate(facts.claims, 1) if n in labels)
