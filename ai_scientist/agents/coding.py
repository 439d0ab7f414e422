"""Coding: what a tree operator asks for, and the whole program or the edits that come back."""

from __future__ import annotations

from pydantic import Field

from ai_scientist.core.edits import Edit
from ai_scientist.core.plan import Plan
from ai_scientist.core.values import Value
from ai_scientist.models.request import Model, Request


class Attempt(Value):
    """A node as other nodes' prompts tell it. Never its score where the operator must be blind to outcomes."""

    title: str
    operator: str
    move: str
    components: tuple[str, ...]
    status: str
    value: float | None = Field(default=None, description="Higher is better; None if it has none, or if it is hidden.")
    diagnosis: str = ""


class Program(Value):
    """A parent's program."""

    files: dict[str, str]
    attempt: Attempt
    stdout: str = Field(default="", description="The end of what it printed.")


class ProgramFacts(Value):
    """What a child is made from.

    Attributes of note: `parents` is empty for a draft, one program for most operators, two for recombine. `tried` is
    bounded: the best, the newest, and failures by kind. `running` are moves that are being tried now.
    """

    operator: str
    plan: Plan
    stage: str
    goal: str
    target: str
    parents: tuple[Program, ...]
    tried: tuple[Attempt, ...]
    running: tuple[str, ...] = ()
    contract: str = Field(description="What a program must do: the documentation of `lab` and the limits.")
    seed: int = Field(description="For rules that draw at random.")
    problem: str = Field(default="", description="Why the last answer could not be used.")


class ProgramAnswer(Value):
    """A child: whole files, or edits of the (first) parent's; or neither, if there is nothing more to try.

    Attributes of note: `component` is what this step adds to the proposed condition, so that an ablation can leave it
    out; `removes` is one that it takes out of it again (a repair may). An ablation does neither: it adds a condition
    `without_<component>` beside the proposed one, and its move has that name.
    """

    title: str
    rationale: str
    move: str = Field(default="", description="Short name of the change: lower-case words joined by underscores.")
    component: str = ""
    removes: str = ""
    files: dict[str, str] = Field(default_factory=dict, description="Path → whole text.")
    edits: tuple[Edit, ...] = ()
    nothing_left: bool = Field(default=False, description="True if there is nothing sensible left to try here.")


async def write_program(model: Model, facts: ProgramFacts) -> ProgramAnswer:
    """Return a child of the given programs."""
    prompt = f"coding_{facts.operator}"
    return await model.ask(Request(role="coding", prompt=prompt, facts=facts, answer=ProgramAnswer, stage=facts.stage))
