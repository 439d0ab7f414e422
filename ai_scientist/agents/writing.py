"""Writing: a paper section by section, in macro form (see ai_scientist.paper.document), never with a typed result."""

from __future__ import annotations

from pydantic import Field

from ai_scientist.agents.ideation import Abstract
from ai_scientist.analysis.cells import Results
from ai_scientist.core.idea import Idea, NoveltyReport
from ai_scientist.core.plan import Plan
from ai_scientist.core.values import Value
from ai_scientist.literature.records import Quote
from ai_scientist.models.request import Model, Request
from ai_scientist.paper.document import Figure, Section, SectionName, Table
from ai_scientist.paper.problems import Problem, has_errors
from ai_scientist.review.forms import Defect


class Step(Value):
    """One node of the search, as the paper may speak of it."""

    node: str
    stage: str
    operator: str
    title: str
    move: str
    component: str = ""
    rationale: str
    status: str
    improved: bool | None = Field(description="Whether it scored better than its parent; None if it cannot be said.")
    chosen: bool = Field(description="Whether it lies on the path to the confirmed program.")


class Story(Value):
    """How the search went."""

    steps: tuple[Step, ...]
    components: tuple[str, ...] = Field(description="Of the confirmed program's proposed condition, oldest first.")
    counts: dict[str, int] = Field(description="What \\count{} can print.")
    spread: str = Field(default="", description="In words: how far the search's seeds agreed with the confirm seeds.")


class PaperFacts(Value):
    """What a paper may rest on; the same for all its parts.

    Attributes of note: `nearest` are ids of records, those that the run's searches found most first; `quick` tells that
    this was the smallest setting, which the paper must say.
    """

    topic: str
    idea: Idea
    plan: Plan
    novelty: NoveltyReport
    results: Results
    story: Story
    literature: tuple[Abstract, ...]
    nearest: tuple[str, ...] = ()
    quotes: tuple[Quote, ...]
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    quick: bool
    writer: str


class SectionFacts(Value):
    """What one section is made from.

    Attributes of note: `problems` are lint errors of the last answer; `defects` are what reviewers found in this
    section, with `before` the text that they read.
    """

    section: SectionName
    paper: PaperFacts
    written: tuple[Section, ...]
    problems: tuple[str, ...] = ()
    defects: tuple[Defect, ...] = ()
    before: str = ""


TRIES = 3
"""How often a part that does not pass the lint is written again."""


def is_good_enough(found: tuple[Problem, ...], body: str, before: str, *, attempt: int) -> bool:
    """Whether a section may stand as it was written in one of its tries, the first of which is 1.

    A doubt about a citation is worth another try, and no more: words cannot prove that a quote bears a sentence.
    """
    is_doubted = attempt < TRIES and any(problem.kind == "citation" for problem in found)
    return not has_errors(found) and (not is_doubted or body == before)


class SectionAnswer(Value):
    """One section, LaTeX in macro form."""

    title: str
    body: str


class FrontFacts(Value):
    """What title and abstract are made from: the paper itself."""

    paper: PaperFacts
    written: tuple[Section, ...]
    problems: tuple[str, ...] = ()
    defects: tuple[Defect, ...] = ()


class FrontAnswer(Value):
    """Title and abstract, in macro form."""

    title: str
    abstract: str


async def write_section(model: Model, facts: SectionFacts) -> SectionAnswer:
    """Return one section."""
    return await model.ask(
        Request(
            role="writing",
            prompt="writing_section",
            facts=facts,
            answer=SectionAnswer,
            stage="write",
            place=("section",),
        )
    )


async def write_front(model: Model, facts: FrontFacts) -> FrontAnswer:
    """Return title and abstract."""
    return await model.ask(
        Request(role="writing", prompt="writing_front", facts=facts, answer=FrontAnswer, stage="write")
    )
