"""What a paper is rendered from: everything that its text may name, and nothing that a writer made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field

from ai_scientist.analysis.cells import Results
from ai_scientist.core.plan import Condition, Dataset, Metric, Plan
from ai_scientist.core.values import Scalar, Value
from ai_scientist.literature.records import Quote, Record

ALL_DATASETS = "all"
"""The name that stands for the mean over the plan's datasets."""


class Attempt(Value):
    """One node of the search, as the appendix lists it: what was tried and what came of it."""

    node: str
    stage: str
    operator: str
    title: str
    status: str
    chosen: bool = False


class Provenance(Value):
    """How the run can be found and made again; printed in the appendix.

    Attributes of note: `checkpoints` maps the nodes behind the results to their code (git commits); `command` makes
    the confirmed numbers again from the run's folder; `date` is ISO, and also the PDF's date; `ledger` is the hash of
    the ledger's last line when the paper was rendered: printed on paper, it pins the history down; `machine` is what
    the programs ran on, as the ledger has it; `rules` is the edition of the rules that wrote the text or would have.
    """

    run: str = ""
    date: str = ""
    command: str = ""
    attempts: tuple[Attempt, ...] = ()
    checkpoints: dict[str, str] = Field(default_factory=dict)
    ledger: str = ""
    machine: str = ""
    rules: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderContext:
    r"""What macros are replaced from.

    Attributes:
        counts: What `\count{}` can print; the plan's own counts are added to it.
    """

    results: Results
    plan: Plan
    records: Mapping[str, Record] = field(default_factory=dict[str, Record])
    quotes: Mapping[str, Quote] = field(default_factory=dict[str, Quote])
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    provenance: Provenance = field(default_factory=Provenance)

    def count(self, key: str) -> int | None:
        """Return a count of the search, or one that the plan implies; None if there is none of that name."""
        implied = {
            "conditions": len(self.plan.conditions),
            "datasets": len(self.plan.datasets),
            "metrics": len(self.plan.metrics),
            "hypotheses": len(self.plan.hypotheses),
            "confirm_seeds": len(self.plan.confirm_seeds),
            "search_seeds": len(self.plan.search_seeds),
            "tests": len(self.results.tests),
        }
        return self.counts.get(key, implied.get(key))

    def plan_fact(self, key: str) -> Scalar | None:
        r"""Return what `\plan{}` prints: alpha, level, hash, question, a hypothesis by its id; or None."""
        facts: dict[str, Scalar] = {
            "alpha": self.plan.alpha,
            "level": "95%",
            "hash": self.plan.hash[:12],
            "confirm_seeds": len(self.plan.confirm_seeds),
            "search_seeds": len(self.plan.search_seeds),
            "question": self.plan.question,
            "stopping_rule": self.plan.stopping_rule,
            **{h.id: h.statement for h in self.plan.hypotheses},
        }
        return facts.get(key)

    def metric(self, name: str) -> Metric | None:
        """Return a declared metric, or None."""
        return next((m for m in self.plan.metrics if m.name == name), None)

    def dataset(self, name: str) -> Dataset | None:
        """Return a declared dataset, or None."""
        return next((d for d in self.plan.datasets if d.name == name), None)

    def condition(self, name: str) -> Condition | None:
        """Return a declared condition or an ablation of the proposed one, or None."""
        try:
            return self.plan.condition(name)
        except KeyError:
            return None
