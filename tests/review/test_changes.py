"""What a revision changed is told in its own words."""

from __future__ import annotations

from ai_scientist.review.changes import MOST, told_change

OLD = "The shift costs coverage. The weights help. Nothing else was tried."


def test_a_rewritten_sentence_is_told_as_what_was_taken_out_and_what_was_put_in() -> None:
    told = told_change(OLD, OLD.replace("The weights help.", "Whether the weights help is open."))
    assert told == "taken out: “The weights help.”; put in: “Whether the weights help is open.”"


def test_only_what_changed_is_told() -> None:
    assert told_change(OLD, OLD + "\n\nA limit is named.") == "put in: “A limit is named.”"
    assert told_change(OLD, OLD.replace(" ", "\n", 1)) == "left as it was"


def test_a_section_written_anew_is_told_in_part() -> None:
    told = told_change("Old. " * 3, "A new sentence. " * 1000)
    assert len(told) < MOST + 40 and told.endswith("(and more)")
