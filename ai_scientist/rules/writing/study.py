"""Everything a section needs to know of a paper, read once: plan, template, findings, search, displays, voice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from ai_scientist.agents.writing import PaperFacts, Step
from ai_scientist.analysis.cells import Verdict
from ai_scientist.core.plan import ABLATION_PREFIX, Plan
from ai_scientist.core.research_template import IdeaSeed, Move, ResearchTemplate, load_template, template_names
from ai_scientist.rules.writing.findings import Finding, read
from ai_scientist.rules.writing.phrases import Voice, figures, tables


@dataclass(frozen=True)
class Study:
    """A paper's facts, read. `template` is None if a language model planned the study and rules only write it up."""

    facts: PaperFacts

    @property
    def plan(self) -> Plan:
        """The locked plan."""
        return self.facts.plan

    @cached_property
    def template(self) -> ResearchTemplate | None:
        """The research template that the plan came from."""
        name = self.plan.template
        return load_template(name) if name is not None and name in template_names() else None

    @cached_property
    def seed(self) -> IdeaSeed | None:
        """The template's study, if the plan's idea is one."""
        ideas = self.template.ideas if self.template else ()
        return next((seed for seed in ideas if _slug(seed.id) == _slug(self.plan.idea)), None)

    @cached_property
    def voice(self) -> Voice:
        """What chooses among wordings."""
        return Voice(plan=self.plan.hash)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The planned comparisons that could be made, in the plan's order; the first is the main one."""
        tests = self.facts.results.tests
        return tuple(read(tests[h.id], self.facts.results, self.plan) for h in self.plan.hypotheses if h.id in tests)

    def by_verdict(self, verdict: Verdict) -> tuple[Finding, ...]:
        """Return the planned comparisons of a verdict, in the plan's order."""
        return tuple(finding for finding in self.findings if finding.verdict == verdict)

    @cached_property
    def ablations(self) -> tuple[Finding, ...]:
        """The exploratory comparisons with one component left out, the weightiest component first."""
        tests = self.facts.results.tests.values()
        found = [
            read(test, self.facts.results, self.plan)
            for test in tests
            if not test.planned and test.hypothesis.baseline.startswith(ABLATION_PREFIX)
        ]
        return tuple(sorted(found, key=lambda f: (-self.carried(f), f.id)))

    @cached_property
    def others(self) -> tuple[Finding, ...]:
        """Exploratory comparisons that are no ablations."""
        shown = {finding.id for finding in (*self.findings, *self.ablations)}
        tests = self.facts.results.tests
        return tuple(read(t, self.facts.results, self.plan) for name, t in tests.items() if name not in shown)

    @property
    def main(self) -> Finding | None:
        """The main comparison; None if it could not be made."""
        return self.findings[0] if self.findings else None

    @cached_property
    def repair(self) -> Finding | None:
        """The planned comparison that asks whether the searched condition is better than another; None if none does."""
        asked = [f for f in self.findings if f.hypothesis.treatment == self.plan.target and not f.is_equivalence]
        own = [f for f in asked if f.metric.name == self.plan.primary_metric]
        return next(iter(own or asked), None)

    def is_plural(self, condition: str) -> bool:
        """Whether a condition's label takes a plural verb: "both regularisers at full dose"."""
        head = re.split(
            r" (?:with|without|of|at|on|from|for|in|by|under|next|that|which)\b", self.plan.condition(condition).label
        )
        noun = head[0].split()[-1] if head[0].split() else ""
        return head[0].startswith("both ") or (noun.endswith("s") and not noun.endswith(("ss", "us", "is", "ics")))

    def carried(self, ablation: Finding) -> float:
        """Return how much better the whole is than without the part, in units of the metric; negative if worse."""
        return -ablation.test.difference if ablation.metric.direction == "lower" else ablation.test.difference

    def component(self, ablation: Finding) -> str:
        """Return the name of the component that an ablation leaves out."""
        return ablation.hypothesis.baseline.removeprefix(ABLATION_PREFIX)

    def move_of(self, component: str) -> Move | None:
        """Return the move that brought a component: the one that the search took, else the template's first."""
        if self.template is None:
            return None
        taken = {step.move for step in self.facts.story.steps if step.chosen}
        moves = [move for move in self.template.moves if component and move.component == component]
        return next((m for m in moves if m.name in taken), moves[0] if moves else None)

    def title_of(self, component: str) -> str:
        """Return a component as a sentence names it."""
        move = self.move_of(component)
        step = next((s for s in self.facts.story.steps if component and s.component == component), None)
        return move.title if move else step.title if step else component.replace("_", " ")

    @property
    def components(self) -> tuple[str, ...]:
        """The components of the confirmed program's proposed condition, oldest first."""
        return self.facts.story.components

    def count(self, key: str) -> str:
        r"""Return the \count macro, or nothing if there is no such count."""
        return rf"\count{{{key}}}" if key in self.facts.story.counts else ""

    def stage(self, name: str) -> tuple[Step, ...]:
        """Return the steps of a stage."""
        return tuple(step for step in self.facts.story.steps if step.stage == name)

    def figure(self, *kinds: str) -> str:
        """Return a reference to the figures of some kinds that the paper has: "Figure 1"; empty if it has none."""
        return figures([f.name for f in self.facts.figures if self._kind(f.name) in kinds])

    def figure_names(self, kind: str) -> tuple[str, ...]:
        """Return the names of the figures of a kind."""
        return tuple(f.name for f in self.facts.figures if self._kind(f.name) == kind)

    def table(self, *names: str) -> str:
        """Return a reference to those of the tables that the paper has."""
        return tables([t.name for t in self.facts.tables if t.name in names])

    def _kind(self, name: str) -> str:
        known = {curve.name: curve.kind for curve in (self.template.figures if self.template else ())}
        if name == "ablation_bars":
            return "ablation"
        fixed = {"main_bars": "bars", "paired_main": "paired", "search_tree": "tree"}
        return known.get(name) or fixed.get(name) or "other"


def _slug(name: str) -> str:
    return name.lower().replace("_", "-")
