"""Reviewing: one reviewer's form over the paper and its evidence; the authors' answer to it."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ai_scientist.analysis.cells import TestResult
from ai_scientist.analysis.soundness import Check
from ai_scientist.core.finding import Finding
from ai_scientist.core.plan import Plan
from ai_scientist.core.values import Value
from ai_scientist.models.request import Model, Request
from ai_scientist.review.forms import Defect, Review


class Evidence(Value):
    """What a reviewer may look at beside the text. None of it exists for a stranger's draft.

    Attributes of note: `checks` are remarks of the harness and what the audit could not check; `soundness` are checks
    of the experiment by programs, of which a failed one is an integrity finding; `log` is the end of the confirmed
    program's output.
    """

    plan: Plan | None = None
    tests: tuple[TestResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    checks: tuple[str, ...] = ()
    soundness: tuple[Check, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict)
    code: str = ""
    log: str = ""


class ReviewFacts(Value):
    """What a review rests on.

    Attributes of note: `text` is the paper's text as a reader sees it, section headings on lines of their own that
    begin with "# "; `lens` is the reviewer's point of view.
    """

    title: str
    text: str
    lens: str
    evidence: Evidence
    earlier: tuple[Defect, ...] = Field(default=(), description="What was found in the round before.")
    pages: int = Field(default=0, description="How many of its pages are there as pictures.")


class RebuttalFacts(Value):
    """Defects, and what was changed because of each."""

    defects: tuple[Defect, ...]
    changes: tuple[str, ...]


class RebuttalPoint(Value):
    """An answer to one defect."""

    defect: str
    answer: str


class Rebuttal(Value):
    """The authors' answer."""

    points: tuple[RebuttalPoint, ...]


async def review_paper(model: Model, facts: ReviewFacts, *, sample: int, images: tuple[Path, ...] = ()) -> Review:
    """Return one reviewer's form."""
    return await model.ask(
        Request(
            role="reviewing",
            prompt="reviewing_review",
            facts=facts,
            answer=Review,
            images=images,
            sample=sample,
            stage="review",
            place=("lens",),
        )
    )


async def write_rebuttal(model: Model, facts: RebuttalFacts) -> Rebuttal:
    """Return the authors' answer to the defects."""
    return await model.ask(
        Request(role="reviewing", prompt="reviewing_rebuttal", facts=facts, answer=Rebuttal, stage="revise")
    )
