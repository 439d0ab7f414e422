"""The one seam to whatever thinks: a typed question goes in, a typed answer comes out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, Protocol, TypeVar

from ai_scientist.core.values import Value

A = TypeVar("A", bound=Value)

Role = Literal["ideation", "novelty", "planning", "coding", "analysis", "writing", "reviewing", "vision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Generic[A]):
    """A question.

    Attributes:
        role: Who is asked; settings may give roles different models.
        prompt: Name of the prompt file in agents/prompts/, without its ending: "coding_improve". It is rendered with
            the facts as variables. Rules ignore it and answer from the facts.
        facts: Everything the answer may rest on.
        answer: Type of the answer.
        images: Pictures to look at.
        sample: Tells deliberate repeats of a question apart (members of an ensemble); 0 for the first.
        stage: Stage of the search or node of the graph that asks, for budgets and the ledger.
        place: Names of the facts that say which of several like questions this is (the section, the reviewer's lens):
            an answer to another of them would be wrong, however alike the rest is.
    """

    role: Role
    prompt: str
    facts: Value
    answer: type[A]
    images: tuple[Path, ...] = ()
    sample: int = 0
    stage: str = ""
    place: tuple[str, ...] = ()


class Model(Protocol):
    """Answers requests."""

    @property
    def name(self) -> str:
        """What a paper says wrote it: "rules", or "provider:model"."""
        ...

    async def ask(self, request: Request[A]) -> A:
        """Return the answer.

        Raises:
            AnswerInvalid: If the answer stays malformed after repair; the agent has a fallback.
            ModelError: If the model cannot be asked at all.
            TransientError: If it stayed unreachable through all tries.
            BudgetExceeded: If the worst case of the call does not fit; nothing was spent.
        """
        ...
