"""A revision that only makes a section longer is sent back once, then refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ai_scientist.agents.writing import SectionAnswer, SectionFacts
from ai_scientist.core.settings import ModelSettings, Settings
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.reviewing import Revised, revised_section
from ai_scientist.models.request import Request
from ai_scientist.paper.document import Section
from ai_scientist.paper.length import count_words, empty_growth
from ai_scientist.review.forms import Defect
from ai_scientist.rules.writing.sections import section
from tests.rules.scenarios import SCENARIOS, context, paper

FACTS = paper("label_noise", SCENARIOS[0])
RENDERED_FROM = context(FACTS)
DEFECT = Defect(severity="major", where="method", what="The reason of the order is not said.", remedy="Say it.")

_written = section(SectionFacts(section="method", paper=FACTS, written=()))
OLD = Section(name="method", title=_written.title, body=_written.body)
PADDING = "\n\n" + " ".join(
    f"It should be kept in mind that the {word} of the design was weighed with care before anything was run."
    for word in ("order", "form", "reach", "purpose", "extent", "manner", "course", "setting", "scope", "shape")
)


class Reviser:
    """Adds to the section that it is given, one text after the other."""

    name = "reviser"

    def __init__(self, *additions: str) -> None:
        self.additions = list(additions)
        self.asked: list[tuple[Defect, ...]] = []

    async def ask(self, request: Request[Any]) -> Any:  # of whatever type the request names
        facts = cast("SectionFacts", request.facts)
        self.asked.append(facts.defects)
        return SectionAnswer(title=OLD.title, body=OLD.body + self.additions.pop(0))


async def revised(model: Reviser) -> Revised:
    settings = Settings(model=ModelSettings(name="openai:reviser"))
    parts = cast("Parts", SimpleNamespace(model=model, fallback=None, settings=settings))
    return await revised_section(OLD, FACTS, RENDERED_FROM, [], parts, defects=[DEFECT])


async def test_words_that_tell_nothing_new_are_sent_back_once_and_then_refused() -> None:
    model = Reviser(PADDING, PADDING)
    kept, told, is_refused = await revised(model)
    assert kept == OLD
    assert is_refused
    assert told.startswith("left as it was, because")
    assert str(empty_growth(OLD.body, OLD.body + PADDING)) in told
    assert [len(defects) for defects in model.asked] == [1, 2]
    assert "words longer" in model.asked[1][1].what


async def test_a_second_answer_of_the_old_length_is_taken() -> None:
    model = Reviser(PADDING, " The order of the arms is fixed, so that each can be found again.")
    new, told, is_refused = await revised(model)
    assert not is_refused
    assert new.body.endswith("found again.")
    assert told.startswith("put in: ")
    assert len(model.asked) == 2


@pytest.mark.parametrize(
    ("added", "is_refused"),
    [
        ("", True),
        (r" See \ref{tab:nowhere} and \delta{H9}, \effect{H9}, \pval{H9}.", False),
        (r" See \citep{a,b,c,d}.", False),
        (r" Let $a = b + c$.", True),  # one thing new bears a sentence or two, not ten
        (r" Let $a = b$, $c = d$, $e = f$ and $g = h$.", False),
    ],
)
def test_what_is_new_bears_its_words(added: str, is_refused: bool) -> None:
    assert bool(empty_growth(OLD.body, OLD.body + PADDING + added)) == is_refused


def test_what_was_there_before_is_nothing_new() -> None:
    again = OLD.body.split("\n\n")[0]
    assert count_words(PADDING) > 100
    assert empty_growth(OLD.body, OLD.body + PADDING + again)


def test_a_few_sentences_are_free() -> None:
    assert not empty_growth(OLD.body, OLD.body + PADDING[: len(PADDING) // 3])
