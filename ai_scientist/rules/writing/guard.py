"""Text held to the paper's own lint before it is handed in: what does not pass is left out, sentence by sentence.

Our own sentences pass by construction; a template's, a person's or a model's words (topic, plan, idea) may not.
"""

from __future__ import annotations

import re

from ai_scientist.agents.writing import PaperFacts
from ai_scientist.literature.records import Record
from ai_scientist.paper.context import RenderContext
from ai_scientist.paper.lint import lint_text
from ai_scientist.rules.writing.phrases import sentence_spans

MOST_ROUNDS = 6
"""Leaving a sentence out can make another one fail (a reference to it), so the lint is asked again."""


def guarded(text: str, facts: PaperFacts, place: str) -> str:
    """Return the text without the sentences in which the lint finds an error; whole, if it finds none."""
    context = _context(facts)
    for _ in range(MOST_ROUNDS):
        found = lint_text(text, context, place=place, figures=facts.figures, tables=facts.tables)
        offsets = {p.offset for p in found if p.severity == "error" and p.offset is not None}
        bad = [(start, end) for start, end in sentence_spans(text) if any(start <= offset < end for offset in offsets)]
        if not bad:
            return text
        for start, end in reversed(bad):
            text = text[:start] + text[end:]
        text = "\n\n".join(part.strip() for part in text.split("\n\n") if part.strip())
        text = re.sub(r"\n\\begin\{itemize\}\s*\\end\{itemize\}", "", text)
    return text


def _context(facts: PaperFacts) -> RenderContext:
    return RenderContext(
        results=facts.results,
        plan=facts.plan,
        records={
            paper.id: Record(id=paper.id, title=paper.title, authors=(), year=paper.year, text=paper.text, source="")
            for paper in facts.literature
        },
        quotes={quote.id: quote for quote in facts.quotes},
        counts=facts.story.counts,
    )
