"""The paper: section by section, linted, then compiled."""

from __future__ import annotations

from collections.abc import Sequence

from ai_scientist.agents.writing import (
    FrontAnswer,
    FrontFacts,
    PaperFacts,
    SectionFacts,
    write_front,
    write_section,
)
from ai_scientist.core.errors import AnswerInvalid
from ai_scientist.core.jsonl import read_json
from ai_scientist.graph.ideas import abstract, chosen_idea, novelty_of
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.planning import locked_plan
from ai_scientist.graph.results import displays, results_of, story_of
from ai_scientist.graph.state import State
from ai_scientist.literature.citations import citable
from ai_scientist.paper.compile import compile_paper
from ai_scientist.paper.document import SECTIONS, Draft, Section, SectionName
from ai_scientist.paper.lint import lint_text
from ai_scientist.paper.macros import RenderContext
from ai_scientist.review.forms import Defect

TRIES = 3
"""How often a section that does not pass the lint is asked again."""
