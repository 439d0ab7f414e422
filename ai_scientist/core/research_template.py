"""A research template: a real experiment, ready to be searched.

A folder under templates/research/ with `template.toml` (this file's values) and `experiment.py` (the program that the
first node runs). Either engine starts from it: rules draw its moves, a language model reads it and writes its own.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

from pydantic import Field, ValidationError

from ai_scientist.core.edits import Edit
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.plan import Condition, Dataset, Hypothesis, Metric
from ai_scientist.core.values import Value


class Move(Value):
    """A named edit of the program, with the reason for it.

    A move of stage "tune" changes what baseline and proposed condition share; one of stage "explore" adds one
    component to the proposed condition. Moves of different components can be applied on top of each other.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(description="As a paper names it: 'temperature scaling'.")
    stage: Literal["tune", "explore"]
    component: str = Field(default="", description="What an ablation would leave out again; empty for tune moves.")
    reason: str = Field(description="Why it could help, in one sentence.")
    records: tuple[str, ...] = Field(default=(), description="Literature records behind it.")
    edits: tuple[Edit, ...] = Field(min_length=1)
    excludes: tuple[str, ...] = Field(default=(), description="Moves that make no sense together with this one.")


class Citation(Value):
    """A sentence that a stored quote supports. `{cite}` in the sentence is where the citation is printed."""

    record: str
    quote: str = Field(description="Verbatim from the record's stored text.")
    sentence: str
    section: Literal["introduction", "related", "method", "discussion"]


class IdeaSeed(Value):
    """One study that the template can carry out: its own question, constants and subset of hypotheses."""

    id: str
    title: str
    question: str
    keywords: tuple[str, ...] = Field(description="Words in a topic that point to this study rather than to another.")
    rationale: str
    edits: tuple[Edit, ...] = Field(default=(), description="Made to experiment.py before the first node.")
    hypotheses: tuple[str, ...] = Field(default=(), description="Ids of those that it tests; empty: all.")
    interestingness: int = Field(ge=1, le=10)
    feasibility: int = Field(ge=1, le=10)
    novelty: int = Field(ge=1, le=10)
    reasons: str
    risks: str


class Curve(Value):
    """A figure's request."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Literal["bars", "steps", "paired", "tree"] = Field(
        description="bars: a metric by condition and dataset, with intervals; steps: a metric over logged steps; "
        "paired: per-seed differences of a hypothesis; tree: the search's nodes by value."
    )
    metric: str = ""
    conditions: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    hypothesis: str = ""
    caption: str = Field(description="In macro form; says what to look at.")
    steps: str = Field(default="Step", description="What a logged step is, as the axis of 'steps' says it: 'Epoch'.")


class ResearchTemplate(Value):
    """What template.toml says."""

    schema_version: int = 1
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    field: str = Field(description="The field's name as a reader knows it: 'calibration of classifiers'.")
    keywords: tuple[str, ...] = Field(description="Words and phrases of topics that this template covers.")
    examples: tuple[str, ...] = Field(description="Topics it answers, as a person would type them.")
    question: str
    motivation: str = Field(description="A paragraph: why the question matters. No results, no numbers.")
    method: str = Field(
        description="Paragraphs on the set-up, in macro form (\\cfg, \\data), separated by blank lines."
    )
    limitations: tuple[str, ...] = Field(description="Sentences that hold whatever comes out.")
    conditions: tuple[Condition, ...]
    datasets: tuple[Dataset, ...]
    metrics: tuple[Metric, ...]
    primary_metric: str
    target: str = "proposed"
    hypotheses: tuple[Hypothesis, ...]
    implications: dict[str, dict[str, str]] = Field(
        description="For each hypothesis: what a reader may conclude if it is 'supported', 'contradicted' or 'open'."
    )
    ideas: tuple[IdeaSeed, ...]
    moves: tuple[Move, ...]
    citations: tuple[Citation, ...]
    figures: tuple[Curve, ...]

    @property
    def program(self) -> str:
        """The text of experiment.py."""
        return _folder().joinpath(self.id, "experiment.py").read_text()

    def move(self, name: str) -> Move:
        """Return a move by name."""
        return next(m for m in self.moves if m.name == name)

    def idea(self, name: str) -> IdeaSeed:
        """Return a study by id."""
        return next(i for i in self.ideas if i.id == name)


def _folder() -> Traversable:
    return resources.files("ai_scientist").joinpath("templates", "research")


def template_names() -> list[str]:
    """Return the names of the shipped templates."""
    return sorted(f.name for f in _folder().iterdir() if f.joinpath("template.toml").is_file())


@cache
def load_template(name: str) -> ResearchTemplate:
    """Return a template by name.

    Raises:
        ConfigError: If there is none of that name, or it is not well-formed.
    """
    if name not in template_names():
        raise ConfigError(f"There is no research template named {name!r}; there are {', '.join(template_names())}.")
    text = _folder().joinpath(name, "template.toml").read_text()
    try:
        return ResearchTemplate.model_validate(tomllib.loads(text))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"The research template {name!r} is not well-formed: {error}") from error
