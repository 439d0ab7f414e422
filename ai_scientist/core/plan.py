"""The plan: what will be measured and compared, fixed and hashed before any result exists."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from ai_scientist.core.hashing import sha256_json
from ai_scientist.core.ids import Sha256
from ai_scientist.core.values import Value

Direction = Literal["higher", "lower"]
Expectation = Literal["higher", "lower", "different", "equivalent"]

ABLATION_PREFIX = "without_"
"""A condition that leaves one component out of the proposed one is named by this prefix and the component."""


class Metric(Value):
    """A declared metric. Rows of any other metric are refused, and so are values outside its range."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str = Field(description="As a paper prints it: 'expected calibration error'.")
    short: str = Field(description="As a table's head or an axis prints it: 'ECE'.")
    unit: str = Field(default="", description="Printed behind values; empty if it has none.")
    direction: Direction = Field(description="Which way is better.")
    low: float | None = Field(default=None, description="Smallest possible value.")
    high: float | None = Field(default=None, description="Largest possible value.")
    description: str = Field(description="How it is computed, in one sentence.")


class Condition(Value):
    """An arm of the experiment: rows carry its name."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str = Field(description="As a paper names it in a sentence: 'training on noisy labels'.")
    short: str = Field(description="As a table or a legend names it.")
    role: Literal["baseline", "proposed", "control"]
    description: str


class Dataset(Value):
    """Where the data come from."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    description: str
    origin: Literal["official", "sampled", "synthetic"]
    source: str = Field(description="Who ships it: 'scikit-learn'.")
    record: str | None = Field(default=None, description="Literature record that describes it.")


class Hypothesis(Value):
    """One registered comparison: treatment against baseline on one metric.

    Rows of the two conditions are paired by seed. Over several datasets, each seed's differences are averaged.
    """

    id: str = Field(pattern=r"^[HX][0-9]+$")
    statement: str = Field(description="As one sentence that a result can contradict.")
    metric: str
    treatment: str
    baseline: str
    datasets: tuple[str, ...] = Field(default=(), description="Empty: all of the plan's.")
    expects: Expectation = Field(description="What the hypothesis says of the treatment's metric.")
    margin: float | None = Field(
        default=None, description="Equivalence margin in the metric's unit; needed for 'equivalent'."
    )

    @model_validator(mode="after")
    def _margin_is_there(self) -> Hypothesis:
        if self.expects == "equivalent" and not (self.margin and self.margin > 0):
            raise ValueError(f"{self.id} expects equivalence, so it needs a positive margin")
        return self


class LeftOut(Value):
    """Data that were offered and are not used, and why."""

    datasets: tuple[str, ...] = Field(description="Names as they were offered; 'others' for all that are not named.")
    reason: str


class Choice(Value):
    """Which data sets whoever planned could choose from, and what it came to.

    Attributes of note: `second` says what the same question came to with its lists in the opposite order: the same, or
    what was chosen instead; empty if it was not asked.
    """

    offered: tuple[str, ...]
    used: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    second: str = ""
    is_second_different: bool = False

    @property
    def reasons(self) -> dict[str, str]:
        """For each data set that is not used the reason why; empty where none was given."""
        told = {name: left.reason for left in self.left_out for name in left.datasets}
        others = told.get("others", "")
        return {name: told.get(name, others) for name in self.offered if name not in self.used}


class StagePlan(Value):
    """What one stage of the search may spend."""

    name: str
    goal: str
    nodes: int = Field(ge=0)


class Plan(Value):
    """Everything that is decided before the first result.

    Attributes of note: `target` is the condition that the search improves; `search_seeds` are used by every stage
    but confirm, `confirm_seeds` by confirm alone, and the two never meet.
    """

    schema_version: int = 1
    idea: str
    title: str
    question: str
    template: str | None = None
    hypotheses: tuple[Hypothesis, ...] = Field(min_length=1)
    conditions: tuple[Condition, ...] = Field(min_length=2)
    datasets: tuple[Dataset, ...] = Field(min_length=1)
    metrics: tuple[Metric, ...] = Field(min_length=1)
    primary_metric: str
    split: str = "test"
    target: str = Field(default="proposed", description="Condition that the search may change and tries to improve.")
    search_seeds: tuple[int, ...] = Field(min_length=1)
    confirm_seeds: tuple[int, ...] = Field(min_length=2)
    stages: tuple[StagePlan, ...]
    alpha: float = 0.05
    correction: Literal["holm"] = "holm"
    stopping_rule: str
    method: str = Field(description="What will be built and why it could answer the question.")
    choice: Choice | None = Field(default=None, description="None in plans from before choices were written down.")

    @model_serializer(mode="wrap")
    def _without_no_choice(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out a choice that is not there, so that older plans keep their hashes."""
        made: dict[str, Any] = dump(self)
        return {name: value for name, value in made.items() if name != "choice" or value is not None}

    @model_validator(mode="after")
    def _names_agree(self) -> Plan:
        metrics, conditions = {m.name for m in self.metrics}, {c.name for c in self.conditions}
        datasets = {d.name for d in self.datasets}
        if self.primary_metric not in metrics:
            raise ValueError(f"the primary metric {self.primary_metric!r} is not declared")
        if self.target not in conditions:
            raise ValueError(f"the target {self.target!r} is no condition")
        if sum(c.role == "baseline" for c in self.conditions) != 1:
            raise ValueError("exactly one condition has the role 'baseline'")
        if set(self.search_seeds) & set(self.confirm_seeds):
            raise ValueError("a confirm seed was used by the search")
        for h in self.hypotheses:
            unknown = ({h.metric} - metrics) | ({h.treatment, h.baseline} - conditions) | (set(h.datasets) - datasets)
            if unknown:
                raise ValueError(f"{h.id} names what the plan does not declare: {', '.join(sorted(unknown))}")
        return self

    @property
    def hash(self) -> Sha256:
        """The plan's identity; the ledger holds it before any node runs."""
        return sha256_json(self.model_dump(mode="json"))

    @property
    def baseline(self) -> Condition:
        """The condition with the role 'baseline'."""
        return next(c for c in self.conditions if c.role == "baseline")

    def metric(self, name: str) -> Metric:
        """Return a declared metric by name."""
        return next(m for m in self.metrics if m.name == name)

    def condition(self, name: str) -> Condition:
        """Return a declared condition by name, or the ablation that the name's prefix says."""
        for c in self.conditions:
            if c.name == name:
                return c
        if not name.startswith(ABLATION_PREFIX):
            raise KeyError(name)
        part = name.removeprefix(ABLATION_PREFIX).replace("_", " ")
        return Condition(
            name=name,
            label=f"the proposed configuration without {part}",
            short=f"w/o {part}",
            role="control",
            description=f"The proposed configuration with {part} left out.",
        )

    def dataset(self, name: str) -> Dataset:
        """Return a declared dataset by name."""
        return next(d for d in self.datasets if d.name == name)
