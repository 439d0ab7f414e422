"""A plan from a template and one of its studies: nothing in it is decided after a result exists."""

from __future__ import annotations

from ai_scientist.agents.planning import PlanAnswer, PlanFacts
from ai_scientist.core.plan import Hypothesis
from ai_scientist.core.research_template import IdeaSeed, ResearchTemplate
from ai_scientist.rules.ideation import seed_of, template_of
from ai_scientist.rules.words import telling

STOPPING = (
    "Every stage of the search ends with its budget of nodes or with nothing left to try, never because of what was "
    "found. The confirmed program, the comparisons and the fresh seeds are fixed here; the confirming runs are made "
    "once, all of them, and none is repeated or left out after its result is known."
)


def plan(facts: PlanFacts) -> PlanAnswer:
    """Return the scientific part of the plan for an idea.

    The study's hypotheses keep the study's order: the first is the main one, which the paper leads with.
    """
    template = template_of(facts.idea)
    seed = seed_of(facts.idea.id, template)
    return PlanAnswer(
        title=facts.idea.title,
        question=facts.idea.question,
        hypotheses=_hypotheses(template, seed),
        conditions=template.conditions,
        datasets=template.datasets,
        metrics=template.metrics,
        primary_metric=template.primary_metric,
        stopping_rule=STOPPING,
        method=f"{facts.idea.experiment} {seed.rationale}",
    )


def _hypotheses(template: ResearchTemplate, seed: IdeaSeed) -> tuple[Hypothesis, ...]:
    by_id = {h.id: h for h in template.hypotheses}
    chosen = [by_id[name] for name in seed.hypotheses if name in by_id] or list(template.hypotheses)
    asked = set(telling(seed.question))
    # A claim of agreement qualifies a claim of difference, and so does not lead.
    main = max(chosen, key=lambda h: (h.expects != "equivalent", _share(asked, h), -chosen.index(h)))
    return (main, *(h for h in chosen if h is not main))


def _share(asked: set[str], hypothesis: Hypothesis) -> float:
    said = set(telling(hypothesis.statement))
    return len(asked & said) / len(asked | said)
