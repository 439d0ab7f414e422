"""A plan from a template and one of its studies: nothing in it is decided after a result exists."""

from __future__ import annotations

import re
from collections import Counter
from math import log, sqrt

from ai_scientist.agents.planning import PlanAnswer, PlanFacts
from ai_scientist.core.plan import Hypothesis, LeftOut
from ai_scientist.core.research_template import IdeaSeed, ResearchTemplate
from ai_scientist.rules.ideation import seed_of, template_of
from ai_scientist.rules.words import telling

STOPPING = (
    "Every stage of the search ends with its budget of nodes or with nothing left to try, never because of what was "
    "found. The confirmed program, the comparisons and the fresh seeds are fixed here; the confirming runs are made "
    "once, all of them, and none is repeated or left out after its result is known."
)


OWN_DATA = "a study from a template is carried out on the template's own data, all of them"


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
        left_out=(LeftOut(datasets=("others",), reason=OWN_DATA),) if facts.data else (),
    )


def _hypotheses(template: ResearchTemplate, seed: IdeaSeed) -> tuple[Hypothesis, ...]:
    by_id = {h.id: h for h in template.hypotheses}
    chosen = [by_id[name] for name in seed.hypotheses if name in by_id] or list(template.hypotheses)
    told = {h.id: set(telling(h.statement)) for h in chosen}
    common = Counter(word for words in told.values() for word in words)
    titled, asked = set(telling(seed.title)), set(telling(seed.question))
    asks_for_remedy = bool(_REMEDY.match(_SUBORDINATE.sub("", seed.question)))

    def nearness(h: Hypothesis) -> float:
        weight = {word: log(1 + len(chosen) / common[word]) for word in told[h.id]}
        shared = sum(weight[word] for word in told[h.id] & asked) + sum(weight[word] for word in told[h.id] & titled)
        primary = 0.3 if h.metric == template.primary_metric else 0.0
        remedy = 1.0 if asks_for_remedy and h.treatment == template.target else 0.0
        agreement = -0.3 if h.expects == "equivalent" else 0.0  # it mostly qualifies a claim of difference
        return shared / sqrt(sum(weight.values()) or 1.0) + primary + remedy + agreement

    main = max(chosen, key=lambda h: (round(nearness(h), 6), -chosen.index(h)))
    return (main, *(h for h in chosen if h is not main))


_SUBORDINATE = re.compile(r"^(?:if|when|at|with|in|under|among)\b[^,]*,\s*", re.IGNORECASE)
_REMEDY = re.compile(r"^(?:can|could)\b", re.IGNORECASE)
"""A question that asks what can be done is about what the search proposes."""
