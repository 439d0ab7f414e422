"""What counts as an answer, and what is sent back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_scientist.agents.coding import ProgramAnswer
from ai_scientist.agents.ideation import IdeaList
from ai_scientist.agents.planning import PlanAnswer
from ai_scientist.agents.writing import SectionAnswer
from ai_scientist.models.answers import Malformed, form_of, parse, repair_request, text_instructions
from ai_scientist.review.forms import Review
from tests.models.desk import Small

FINE = Small(text="fine", count=3)
JSON = '{"text": "fine", "count": 3}'


@pytest.mark.parametrize(
    "text",
    [
        JSON,
        f"  \n{JSON}\n",
        f"```json\n{JSON}\n```",
        f"```\n{JSON}\n```",
        f"Here {{you}} are: {JSON} Anything else?",
        f"First I thought {{}} and then {JSON}",
        '{"text": "fine", "count": 3,}',
        f"[{JSON}]",
        '{"text": "fine", "count": 3.0}',
    ],
)
def test_an_answer_is_read_wherever_it_stands(text: str) -> None:
    assert parse(text, Small) == FINE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("I do not know.", "no JSON object"),
        ('{"text": "fine", "count": 3', "no valid JSON"),
        ('{"text": "fine"}', "count: Field required"),
        ('{"text": "fine", "count": "many"}', "count: Input should be a valid integer"),
        ('{"text": "fine", "count": 3, "sure": true}', "sure: Extra inputs"),
        ('{"text": "fine", "count": NaN}', "no valid JSON"),
        ('{"text": "\\beta", "count": 3}', "backslash is written twice"),
        ('{"text": "\\textbf{x}", "count": 3}', "backslash is written twice"),
        ('{"text": "\\ref{fig:a}", "count": 3}', "backslash is written twice"),
        ('{"text": "@block:body", "count": 3}', "no such block"),
        ("{" * 5000, "no valid JSON"),
        ('{"text":' * 3000, ""),
    ],
)
def test_what_is_no_answer_says_why(text: str, why: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(text, Small)
    assert why in str(caught.value)


def test_an_answer_that_is_not_the_longest_object_is_found_too() -> None:
    text = f'Example: {{"text": "an example that is longer than the answer", "number": 17}}. Answer: {JSON}'
    assert parse(text, Small) == FINE


def test_tabs_of_a_program_are_no_damage() -> None:
    text = json.dumps({"text": "if x:\n\treturn\n\ttry_it()", "count": 1})
    assert parse(text, Small).text == "if x:\n\treturn\n\ttry_it()"


def test_long_texts_may_stand_in_blocks_unescaped() -> None:
    text = r"""{"title": "Results", "body": "@block:BODY"}

<<<BODY
On \dataset{digits}, \cond{proposed} \claim{outperforms}{H1} "the baseline"; $\beta \in \{0, 1\}$.

A second paragraph with {braces}.
BODY>>>
"""
    answer = parse(text, SectionAnswer)
    assert answer.body.startswith(r"On \dataset{digits}, \cond{proposed} \claim{outperforms}{H1}")
    assert answer.body.endswith("{braces}.\n")


def test_a_program_may_stand_in_a_block() -> None:
    text = '{"title": "t", "rationale": "r", "files": {"experiment.py": "@block:experiment.py"}}\n' + (
        '<<<experiment.py\nprint({"text": "fine"})\nexperiment.py>>>'
    )
    assert parse(text, ProgramAnswer).files == {"experiment.py": 'print({"text": "fine"})\n'}


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    for candidate in (text, JSON + text, text + JSON, "{" + text, "```json\n" + text + "\n```"):
        try:
            parse(candidate, Small)
        except Malformed as bad:
            assert str(bad)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5), st.text())
def test_what_is_written_as_json_is_read_back_or_refused(value: object, prose: str) -> None:
    try:
        answer = parse(prose.replace("{", "") + json.dumps({"text": str(value), "count": 1}), Small)
    except Malformed:
        return
    assert answer.count == 1


@pytest.mark.parametrize("answer", [PlanAnswer, IdeaList, Review])
def test_a_type_without_free_keys_has_a_strict_form(answer: type[PlanAnswer]) -> None:
    form = form_of(answer)
    assert form.is_strict
    assert form.schema["additionalProperties"] is False
    assert form.schema["required"] == list(form.schema["properties"])
    for part in form.schema["$defs"].values():
        assert part.get("type") != "object" or part["additionalProperties"] is False
    assert '"default"' not in json.dumps(form.schema)


def test_a_type_with_free_keys_has_none() -> None:
    assert not form_of(ProgramAnswer).is_strict


def test_a_model_in_plain_text_is_shown_the_schema_and_how_to_write_long_texts() -> None:
    told = text_instructions(form_of(SectionAnswer))
    assert '"body"' in told and "@block:NAME" in told


def test_a_repair_shows_the_reasons_and_asks_for_nothing_made_up() -> None:
    told = repair_request("- count: Field required", form_of(Small), is_left=False)
    assert "count: Field required" in told and "last time" in told and "do not make anything up" in told
