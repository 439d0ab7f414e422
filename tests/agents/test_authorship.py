"""The box on the first page says who wrote the paper, stand-ins and all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_scientist.agents.authorship import PIECES, author_note
from ai_scientist.core.clock import FixedClock
from ai_scientist.core.ledger import Ledger, read_events
from ai_scientist.core.settings import ModelSettings, Settings
from ai_scientist.models.routing import STAND_INS


def note(tmp_path: Path, events: list[tuple[str, dict[str, object]]], *, writer: str, asked: str) -> str:
    ledger = Ledger(tmp_path, FixedClock())
    for number, (kind, facts) in enumerate(events):
        ledger.record(kind, actor="test", key=str(number), facts=facts)
    ledger.close()
    recorded = [event for event, _ in read_events(tmp_path / "ledger.jsonl")]
    return author_note(recorded, Settings(model=ModelSettings(name=asked)), writer=writer)


def test_rules_say_that_no_model_wrote(tmp_path: Path) -> None:
    said = note(tmp_path, [], writer="rules", asked="rules")
    assert "no language model and no person" in said
    assert "mechanical checks only" in said


def test_a_model_is_named_and_what_rules_wrote_in_its_place(tmp_path: Path) -> None:
    events: list[tuple[str, dict[str, object]]] = [
        ("agent.stood_in", {"prompt": "writing_section"}),
        ("agent.stood_in", {"prompt": "reviewing_review"}),
    ]
    said = note(tmp_path, events, writer="openai:x", asked="openai:x")
    assert "by the language model openai:x" in said
    assert "stood in, for some of: sections and reviews." in said


def test_a_model_that_answered_everything_is_not_doubted(tmp_path: Path) -> None:
    assert "stood in" not in note(tmp_path, [], writer="openai:x", asked="openai:x")


def test_rules_that_finish_when_the_money_is_gone_name_the_model_before_them(tmp_path: Path) -> None:
    said = note(tmp_path, [("model.answered", {"model": "openai:x"})], writer="rules", asked="openai:x")
    assert "rules" in said and "openai:x did the work before it" in said and "budget was used up" in said


@pytest.mark.parametrize(("by", "words"), [("openai:sees", "openai:sees looked at"), ("", "mechanical checks only")])
def test_who_looked_at_the_figures_is_said(tmp_path: Path, by: str, words: str) -> None:
    assert words in note(tmp_path, [("figures.seen", {"by": by})], writer="openai:x", asked="openai:x")


def test_everything_that_rules_can_stand_in_for_has_words() -> None:
    assert set(PIECES) == STAND_INS
