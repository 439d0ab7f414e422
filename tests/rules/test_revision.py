from __future__ import annotations

import pytest

from ai_scientist.agents.writing import PaperFacts, SectionFacts
from ai_scientist.paper.document import MOST_WORDS, SECTIONS, Section, SectionName
from ai_scientist.paper.length import count_words, empty_growth
from ai_scientist.paper.lint import lint_text
from ai_scientist.review.forms import Defect
from ai_scientist.rules.writing.revision import REMEDIES, remedy_for
from ai_scientist.rules.writing.sections import section
from ai_scientist.rules.writing.study import Study
from tests.rules.scenarios import SCENARIOS, context, paper

ENOUGH = "These are words enough, said for no other reason than that a section with fewer of them is called empty."

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def facts(scenario: str = "main open") -> PaperFacts:
    return paper("label_noise", BY_NAME[scenario])


def body(name: SectionName, *defects: Defect, before: str = "", scenario: str = "main open") -> str:
    asked = SectionFacts(section=name, paper=facts(scenario), written=(), defects=defects, before=before)
    return section(asked).body


def defect(where: str, what: str, remedy: str = "Say so.") -> Defect:
    return Defect(severity="major", where=where, what=what, remedy=remedy)


@pytest.mark.parametrize(
    ("name", "what", "answer"),
    [
        ("results", "It is not said which effects the open comparisons exclude.", "can be read from"),
        ("experiments", "Whether the baseline was tuned with the same budget is not said.", "in search of components"),
        ("experiments", "It is not said where the code is available.", "ledger of the run"),
        ("method", "The number of comparisons behind the correction is missing.", r"\count{tests}"),
        ("method", "The metric is not defined.", "computed as follows"),
        ("experiments", "On which data choices were made is unclear: was it the test set?", "No choice was made"),
        ("conclusion", "The mechanism is asserted without evidence.", "does not show the mechanism"),
        ("results", "Is the difference of practical relevance?", "not that it matters"),
        ("related", "The prior work is thin.", "Further work in the neighbourhood"),
    ],
)
def test_an_objection_is_answered_in_the_section_that_it_was_made_to(name: SectionName, what: str, answer: str) -> None:
    scenario = "all supported" if "practical" in what else "main open"
    before = body(name, scenario=scenario)
    after = body(name, defect(name, what), before=before, scenario=scenario)
    assert answer not in before
    assert answer in after
    assert set(before.split("\n\n")) < set(after.split("\n\n"))


def test_an_objection_that_text_cannot_meet_changes_nothing() -> None:
    assert body("results", defect("results", "Use a bigger machine.", "Buy it.")) == body("results")


def test_the_same_objection_twice_is_answered_once() -> None:
    what = "The metric is not defined."
    assert body("method", defect("method", what), defect("method", what)) == body("method", defect("method", what))


def test_what_an_earlier_round_added_is_kept_in_the_next() -> None:
    first = body("method", defect("method", "The metric is not defined."))
    second = body("method", defect("method", "How many comparisons are corrected for?"), before=first)
    assert "computed as follows" in second
    assert r"\count{tests}" in second


def test_an_answer_that_another_section_holds_is_not_repeated() -> None:
    asked = defect("experiments", "The metric is not defined.")
    first = section(SectionFacts(section="method", paper=facts(), written=(), defects=(asked,)))
    assert "computed as follows" in first.body
    from_others = SectionFacts(
        section="experiments",
        paper=facts(),
        written=(Section(name="method", title=first.title, body=first.body),),
        defects=(asked,),
    )
    assert "computed as follows" not in section(from_others).body


def test_a_section_takes_no_more_answers_than_it_has_room_for() -> None:
    whats = ("mechanism", "code", "choice", "failed runs", "arms", "measures", "p-value", "tuned")
    asked = [defect("experiments", f"Something about the {what}.") for what in whats]
    before = body("experiments")
    after = body("experiments", *asked, before=before)
    assert after != before
    assert empty_growth(before, after) == 0
    for _ in range(6):
        after = body("experiments", *asked, before=after)
    assert count_words(after) <= MOST_WORDS["experiments"]


@pytest.mark.parametrize(
    "scenario", ["all supported", "everything open", "nothing helped", "quick", "divided over data"]
)
def test_every_answer_passes_the_lint_in_every_section_that_it_may_stand_in(scenario: str) -> None:
    paper_facts = facts(scenario)
    study, rendered_from = Study(paper_facts), context(paper_facts)
    for remedy in REMEDIES:
        text = remedy.text(study)
        for name in remedy.sections or SECTIONS:
            if text:
                found = lint_text(f"{text} {ENOUGH}", rendered_from, place=name)
                assert [str(problem) for problem in found if problem.severity == "error"] == []


def test_a_defect_elsewhere_has_no_remedy_here() -> None:
    asked = defect("conclusion", "The metric is not defined.")
    assert remedy_for(asked, "conclusion") is None
    assert remedy_for(asked, "method") is not None
