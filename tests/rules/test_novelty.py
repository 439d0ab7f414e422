from __future__ import annotations

from ai_scientist.agents.ideation import Abstract
from ai_scientist.agents.novelty import CloseFacts, QueryFacts
from ai_scientist.core.idea import AtomicClaim
from ai_scientist.core.research_template import load_template
from ai_scientist.rules.novelty import label, queries
from tests.rules.scenarios import idea_for

TEXT = "We study trees. Temperature scaling repairs the calibration of networks trained on noisy labels. It is cheap."


def near(claim: str, text: str) -> CloseFacts:
    return CloseFacts(
        claims=(AtomicClaim(kind="finding", text=claim),),
        record=Abstract(id="a2020", title="On trees", year=2020, text=text),
    )


def test_queries_hold_the_topics_own_words_and_the_studys_terms() -> None:
    template = load_template("label_noise")
    topic = template.examples[0]
    made = queries(QueryFacts(topic=topic, idea=idea_for(template))).queries
    assert made[0] == "label noise calibration classifiers"
    assert template.field in made
    assert 3 <= len(made) <= 8
    assert len(set(made)) == len(made)


def test_a_near_copy_is_called_so_and_the_quote_is_verbatim() -> None:
    (answer,) = label(
        near("Temperature scaling repairs the calibration of networks trained on noisy labels.", TEXT)
    ).labels
    assert answer.closeness == "same method and setting"
    assert answer.quote in TEXT
    assert "Temperature scaling" in answer.quote


def test_another_subject_is_unrelated_and_quotes_nothing() -> None:
    (answer,) = label(near("Exponential smoothing of unemployment series.", TEXT)).labels
    assert (answer.closeness, answer.quote) == ("unrelated", "")


def test_a_record_without_text_proves_nothing() -> None:
    assert label(near("Temperature scaling repairs calibration.", "")).labels[0].quote == ""
