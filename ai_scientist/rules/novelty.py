"""What to look up for a topic or an idea, and how near a paper comes to a claim, by words alone."""

from __future__ import annotations

import re

from ai_scientist.agents.novelty import CloseAnswer, CloseFacts, Queries, QueryFacts
from ai_scientist.core.errors import TopicRefused
from ai_scientist.core.idea import Closeness
from ai_scientist.core.research_template import load_template
from ai_scientist.rules.ideation import seed_of, template_of
from ai_scientist.rules.matching import best_match
from ai_scientist.rules.words import STOP, telling, words

SAME = 0.6
"""Share of a claim's telling words in one passage from which method and setting count as the same."""

METHOD = 0.42
"""Likewise from which the method counts as the same in another setting."""

GOAL = 0.25
"""Likewise in the whole text from which the goal counts as the same."""

_SENTENCE = re.compile(r"[^.!?]+[.!?]?")


def queries(facts: QueryFacts) -> Queries:
    """Return short queries: the topic's own words, then the study's and the template's terms."""
    found = [_short(facts.topic)]
    try:
        if facts.idea is None:
            template = load_template(best_match(facts.topic).template)
        else:
            template = template_of(facts.idea)
            seed = seed_of(facts.idea.id, template)
            found += [_short(facts.idea.title), _short(facts.idea.question), " ".join(seed.keywords[:4])]
        found += [template.field, *(keyword for keyword in template.keywords if " " in keyword)]
    except TopicRefused:
        pass  # queries can be made for any topic; that it cannot be studied is said where ideas are asked for
    asked = [query for query in dict.fromkeys(found) if query]
    return Queries(queries=tuple(asked[:8]) or (facts.topic.strip() or "machine learning",))


def label(facts: CloseFacts) -> CloseAnswer:
    """Return how near the paper's nearest passage comes to the claim, with that passage as the quote."""
    claim = set(telling(facts.claim.text))
    text = facts.record.text
    if not claim or not text:
        return CloseAnswer(closeness="unrelated", quote="")
    passages = [found.group() for found in _SENTENCE.finditer(text) if len(found.group().split()) >= 4] or [text]
    shares = [len(claim & set(telling(passage))) / len(claim) for passage in passages]
    best = max(range(len(passages)), key=lambda place: (shares[place], -place))
    whole = len(claim & set(telling(f"{facts.record.title} {text}"))) / len(claim)
    closeness: Closeness
    if shares[best] >= SAME:
        closeness = "same method and setting"
    elif shares[best] >= METHOD or whole >= SAME:
        closeness = "same method, other setting"
    elif whole >= GOAL and shares[best] > 0:
        closeness = "other method, same goal"
    else:
        return CloseAnswer(closeness="unrelated", quote="")
    return CloseAnswer(closeness=closeness, quote=passages[best].strip())


def _short(text: str) -> str:
    return " ".join([word for word in words(text) if word not in STOP][:10])
