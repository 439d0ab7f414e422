"""An idea: a question worth an experiment, with the reasons and the scores it was chosen by."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ai_scientist.core.values import Value

ClaimKind = Literal["problem", "mechanism", "setting", "finding", "combination"]
Closeness = Literal["same method and setting", "same method, other setting", "other method, same goal", "unrelated"]
NoveltyVerdict = Literal["novel", "partly known", "known", "not established"]


class AtomicClaim(Value):
    """One thing that an idea says is new, small enough to be looked up."""

    kind: ClaimKind
    text: str


class Idea(Value):
    """What could be studied.

    The three scores are 1 (low) to 10 (high); each comes with its reason in `reasons`.
    """

    id: str = Field(description="Lower-case words joined by hyphens.")
    title: str
    question: str
    rationale: str = Field(description="Why the question is worth asking, in two or three sentences.")
    experiment: str = Field(description="What would be run and compared.")
    claims: tuple[AtomicClaim, ...] = Field(default=(), description="What would be new, as three to seven claims.")
    interestingness: int = Field(ge=1, le=10)
    feasibility: int = Field(ge=1, le=10)
    novelty: int = Field(ge=1, le=10)
    reasons: str = Field(description="Why these scores.")
    risks: str = Field(default="", description="What could make the result worthless.")
    template: str | None = Field(default=None, description="The research template it starts from, if any.")

    @property
    def score(self) -> float:
        """The mean of the three scores."""
        return (self.interestingness + self.feasibility + self.novelty) / 3


class ClaimEvidence(Value):
    """How near one stored record comes to one claim, shown by its own words."""

    claim: AtomicClaim
    record: str
    closeness: Closeness
    quote: str = Field(description="Verbatim from the record's stored text.")
    verified: bool = Field(description="Whether the quote was found there.")


class NoveltyReport(Value):
    """What a search of the literature says about an idea.

    "not established" is the verdict when the search failed or saw too little: absence of hits is not novelty.
    """

    idea: str
    verdict: NoveltyVerdict
    evidence: tuple[ClaimEvidence, ...]
    queries: tuple[str, ...] = Field(
        description="What was asked of which source, with the number of hits or the failure."
    )
    failures: tuple[str, ...] = Field(description="Sources that could not be asked, and why.")
    summary: str
