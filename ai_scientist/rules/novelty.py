"""What to look up for a topic or an idea, and how near a paper comes to a claim, by words alone."""

from __future__ import annotations

from ai_scientist.agents.novelty import ClaimLabel, CloseAnswer, CloseFacts, Queries, QueryFacts
from ai_scientist.core.errors import TopicRefused
from ai_scientist.core.research_template import load_template
from ai_scientist.literature.closeness import lexical_closeness
from ai_scientist.literature.records import Record
from ai_scientist.rules.ideation import seed_of, template_of
from ai_scientist.rules.matching import best_match
from ai_scientist.rules.words import STOP, words


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
    """Return how near the paper comes to each claim by words alone, with its nearest passage as the quote."""
    paper = facts.record
    record = Record(id=paper.id, title=paper.title, authors=(), year=paper.year, text=paper.text, source="")
    near = [lexical_closeness(claim, record) for claim in facts.claims]
    return CloseAnswer(
        labels=tuple(ClaimLabel(claim=n, closeness=x.closeness, quote=x.quote) for n, x in enumerate(near, 1))
    )


def _short(text: str) -> str:
    return " ".join([word for word in words(text) if word not in STOP][:10])
