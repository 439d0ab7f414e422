"""A section on request: written from the facts, then changed by what the lint or the reviewers found in it."""

from __future__ import annotations

from collections.abc import Callable

from ai_scientist.agents.writing import SectionAnswer, SectionFacts
from ai_scientist.paper.document import SectionName
from ai_scientist.rules.writing.background import introduction, related
from ai_scientist.rules.writing.guard import guarded
from ai_scientist.rules.writing.limits import conclusion, limitations
from ai_scientist.rules.writing.method import experiments, method
from ai_scientist.rules.writing.results import results
from ai_scientist.rules.writing.revision import revised
from ai_scientist.rules.writing.study import Study

WRITERS: dict[SectionName, tuple[str, Callable[[Study], str]]] = {
    "introduction": ("Introduction", introduction),
    "related": ("Related Work", related),
    "method": ("Method", method),
    "experiments": ("Experiments", experiments),
    "results": ("Results", results),
    "limitations": ("Limitations", limitations),
    "conclusion": ("Conclusion", conclusion),
}


def section(facts: SectionFacts) -> SectionAnswer:
    """Return one section."""
    title, write = WRITERS[facts.section]
    body = revised(write(Study(facts.paper)), facts)
    return SectionAnswer(title=title, body=guarded(body, facts.paper, facts.section))
