"""Prompts: pinned word for word, complete, blind where they must be, and flat however large a run is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from ai_scientist.agents.ideation import Abstract
from ai_scientist.agents.writing import SectionFacts
from ai_scientist.core.values import Value
from ai_scientist.models.answers import form_of
from ai_scientist.models.prompts import CUT_LEVELS, Prompt, prompt_names, render
from ai_scientist.models.request import Request
from ai_scientist.paper.document import MOST_WORDS
from ai_scientist.paper.length import MOST_WORDS_ELSEWHERE
from ai_scientist.paper.verbs import VERBS
from ai_scientist.paper.vocabulary import CITE_MACROS, NAME_MACROS, RESULT_MACROS
from tests.agents.requests import CHILD, FAILED, coding, every_request

GOLDEN = Path(__file__).parent / "golden"
REQUESTS = every_request()


def as_file(prompt: Prompt) -> str:
    return f"version {prompt.version}\n\n===== system =====\n{prompt.system}\n===== user =====\n{prompt.user}"


def rendered(name: str) -> Prompt:
    return render(name, REQUESTS[name].facts)


def test_every_prompt_file_is_asked_for_by_an_agent_and_the_other_way_round() -> None:
    source = "".join(file.read_text() for file in Path("ai_scientist/agents").glob("*.py"))
    named = set(re.findall(r'prompt="([a-z_]+)"', source))
    named |= {f"coding_{name}" for name in ("draft", "debug", "improve", "tune", "ablate", "recombine")}
    assert set(prompt_names()) == named == set(REQUESTS)


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_a_prompt_is_what_its_golden_file_says(name: str) -> None:
    """Set UPDATE_GOLDEN=1 to write new files; a changed text needs a higher version in the prompt's front matter."""
    prompt, file = rendered(name), GOLDEN / f"{name}.md"
    text = as_file(prompt)
    if os.environ.get("UPDATE_GOLDEN"):
        old = file.read_text() if file.exists() else ""
        assert old == text or f"version {prompt.version}\n" not in old, f"{name}: changed under the same version"
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text)
    assert file.read_text() == text


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_a_prompt_says_what_an_answer_is_and_what_to_do_without_one(name: str) -> None:
    text = rendered(name).system
    assert "## Form of the answer" in text
    assert "it cannot be done" in text or "nothing_left" in text
    assert "MUST" not in text


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_a_prompt_names_every_field_of_its_answer(name: str) -> None:
    prompt = rendered(name)
    fields = REQUESTS[name].answer.model_fields
    assert [field for field in fields if f"`{field}`" not in prompt.system + prompt.user] == []


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_the_system_part_is_the_same_whatever_the_facts(name: str) -> None:
    facts = REQUESTS[name].facts
    other = facts.model_copy(update={"topic": "another"} if "topic" in type(facts).model_fields else {})
    assert render(name, other).system == rendered(name).system


def test_the_budget_of_each_section_is_told_as_the_lint_holds_it() -> None:
    told = dict(re.findall(r"- \*\*(\w+)\*\* \(at most (\d+) words\)", rendered("writing_section").system))
    assert told == {name: str(most) for name, most in MOST_WORDS.items()}
    assert f"At most {MOST_WORDS_ELSEWHERE['abstract']} words" in rendered("writing_front").system


def test_prompts_put_no_pressure_on_the_result() -> None:
    pressing = re.compile(
        r"must (beat|outperform|improve)|as long as possible|MUST BE LONG|state-of-the-art results", re.I
    )
    assert [name for name in REQUESTS if pressing.search(as_file(rendered(name)))] == []


def test_debug_never_sees_a_score() -> None:
    text = rendered("coding_debug").user
    assert "value" not in text.split("## The program that failed")[1].split("## Your task")[0]
    assert "91.25" not in text


def test_the_program_contract_is_stated_in_every_coding_prompt() -> None:
    for name in REQUESTS:
        if name.startswith("coding_"):
            text = rendered(name).system
            for word in (
                "lab.log(",
                "lab.config(",
                "lab.dataset(",
                "lab.predictions(",
                "`SEED`",
                "`OUT_DIR`",
                "`DATA_DIR`",
            ):
                assert word in text
            assert "without_<component>" in text and "no network" in text


def test_writing_prompts_explain_every_macro_that_there_is() -> None:
    text = rendered("writing_section").system
    missing = [macro for macro in (*RESULT_MACROS, *NAME_MACROS, *CITE_MACROS) if f"\\{macro}" not in text]
    assert missing == []


def test_writing_prompts_name_only_claim_verbs_that_exist() -> None:
    text = rendered("writing_section").system
    listed = text.split("Verbs that compare two conditions:")[1].split("About a hypothesis")[0]
    words = {word for word in re.findall(r"[a-z_]+", listed) if "_" in word or word in VERBS}
    assert {"outperforms", "improves", "difference", "better", "is_equivalent_to"} <= words <= set(VERBS)


def test_writing_prompts_list_every_address() -> None:
    text = rendered("writing_section").user
    for address in (
        "accuracy/full/digits/test",
        "`epochs`",
        "`proposed/patience`",
        "`digits/n_train`",
        "`confirm_seeds`",
    ):
        assert address in text
    for name in (r"\ref{fig:main}", r"\ref{tab:all}", r"\citeq{smith2019stopping}{smith2019stopping-q1}"):
        assert name in text


def test_a_coding_prompt_stays_flat_as_the_journal_grows() -> None:
    def size(count: int) -> int:
        tried = tuple(
            (CHILD if n % 3 else FAILED).model_copy(update={"title": f"attempt {n:04d}"}) for n in range(count)
        )
        return len(render("coding_improve", coding("improve", tried=tried)).user)

    assert size(1000) == size(100)


def test_writing_prompts_show_the_records_that_the_searches_found_with_their_quotes_and_stay_bounded() -> None:
    facts = REQUESTS["writing_section"].facts
    assert isinstance(facts, SectionFacts)
    dull = tuple(
        Abstract(id=f"dull{n}", title="Soil chemistry", year=2000, text="Acid rain and the chemistry of soils. " * 40)
        for n in range(300)
    )
    paper = facts.paper.model_copy(update={"literature": (*dull, *facts.paper.literature)})
    text = render("writing_section", facts.model_copy(update={"paper": paper})).user
    assert tuple(re.findall(r'<record id="(\w+)"', text)) == facts.paper.nearest
    assert "smith2019stopping-q1" in text
    assert len(text) < 25_000


def test_a_long_diagnosis_is_shortened_in_the_history() -> None:
    noisy = FAILED.model_copy(update={"diagnosis": "x" * 100_000})
    text = render("coding_improve", coding("improve", tried=(noisy,))).user
    assert len(text) < 10_000
    assert "characters left out" in text


def test_cutting_shortens_marked_parts_says_so_and_leaves_the_rest() -> None:
    facts = REQUESTS["reviewing_review"].facts.model_copy(update={"text": "word " * 20_000})
    whole, cut = render("reviewing_review", facts), render("reviewing_review", facts, level=2)
    assert whole.cuts == ()
    assert {part.part for part in cut.cuts} == {"paper"}
    assert cut.cuts[0].kept == cut.cuts[0].length // 9
    assert "characters left out" in cut.user
    assert cut.user.endswith(whole.user[-500:])
    assert len(render("reviewing_review", facts, level=CUT_LEVELS).user) < len(cut.user)


def test_marks_of_cuttable_parts_never_reach_a_model() -> None:
    facts = REQUESTS["novelty_label"].facts
    for name, request in REQUESTS.items():
        prompt = render(name, request.facts)
        assert not re.search("[\ue000-\ue002]", prompt.system + prompt.user)
    record = facts.model_dump()["record"] | {"text": "a \ue002 b \ue000x\ue001 c"}
    hostile = type(facts).model_validate({**facts.model_dump(), "record": record})
    assert not re.search("[\ue000-\ue002]", render("novelty_label", hostile).user)


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_every_answer_has_a_form(name: str) -> None:
    request: Request[Value] = REQUESTS[name]
    assert form_of(request.answer).schema["type"] == "object"
