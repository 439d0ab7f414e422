from __future__ import annotations

import re
from functools import cache
from itertools import combinations

import pytest

from ai_scientist.agents.writing import FrontFacts, PaperFacts, SectionFacts
from ai_scientist.core.research_template import load_template, template_names
from ai_scientist.paper.document import MOST_WORDS, SECTIONS, SectionName
from ai_scientist.paper.length import count_words
from ai_scientist.paper.lint import lint_text
from ai_scientist.rules.writing.front import front
from ai_scientist.rules.writing.guard import guarded
from ai_scientist.rules.writing.phrases import sentences
from ai_scientist.rules.writing.sections import WRITERS, section
from ai_scientist.rules.writing.study import Study
from tests.rules.scenarios import SCENARIOS, Scenario, context, paper

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}

EVERYWHERE = [("label_noise", scenario) for scenario in SCENARIOS] + [
    (name, scenario) for name in template_names() if name != "label_noise" for scenario in SCENARIOS[1::4]
]
"""All scenarios for one template, a spread of them for the others: the lint of a whole paper takes most of a second."""


@cache
def written(template: str, scenario: Scenario) -> dict[SectionName, str]:
    study = Study(paper(template, scenario))
    return {name: WRITERS[name][1](study) for name in SECTIONS}


def text(scenario: str, name: SectionName, template: str = "label_noise") -> str:
    return written(template, BY_NAME[scenario])[name]


def title_and_abstract(scenario: str, template: str = "label_noise") -> tuple[str, str]:
    made = front(FrontFacts(paper=paper(template, BY_NAME[scenario]), written=()))
    return made.title, made.abstract


@pytest.mark.parametrize(("template", "scenario"), EVERYWHERE, ids=lambda value: getattr(value, "name", value))
def test_every_section_passes_the_lint_without_any_help(template: str, scenario: Scenario) -> None:
    facts = paper(template, scenario)
    rendered_from = context(facts)
    for name, body in written(template, scenario).items():
        found = lint_text(body, rendered_from, place=name, figures=facts.figures, tables=facts.tables)
        assert [str(problem) for problem in found if problem.severity == "error"] == []
        assert count_words(body) < 0.75 * MOST_WORDS[name], "a budget with room for answers to reviewers"


@pytest.mark.parametrize(("template", "scenario"), EVERYWHERE, ids=lambda value: getattr(value, "name", value))
def test_title_and_abstract_pass_the_lint_and_the_abstract_has_five_to_nine_sentences(
    template: str, scenario: Scenario
) -> None:
    facts = paper(template, scenario)
    made = front(FrontFacts(paper=facts, written=()))
    for place, words in (("title", made.title), ("abstract", made.abstract)):
        found = lint_text(words, context(facts), place=place, figures=facts.figures, tables=facts.tables)
        assert [str(problem) for problem in found if problem.severity == "error"] == []
    assert 5 <= len(sentences(made.abstract)) <= 9


@pytest.mark.parametrize(("template", "scenario"), EVERYWHERE, ids=lambda value: getattr(value, "name", value))
def test_no_digit_is_typed_outside_a_macro(template: str, scenario: Scenario) -> None:
    for body in written(template, scenario).values():
        assert not re.search(r"\d", re.sub(r"\\[a-z]+\{[^{}]*\}(?:\{[^{}]*\})?", "", body))


@pytest.mark.parametrize("template", template_names())
def test_every_display_is_mentioned(template: str) -> None:
    facts = paper(template, BY_NAME["all supported"])
    results = written(template, BY_NAME["all supported"])["results"]
    for label in [f"fig:{f.name}" for f in facts.figures] + [f"tab:{t.name}" for t in facts.tables]:
        assert rf"\ref{{{label}}}" in results


@pytest.mark.parametrize("template", template_names())
def test_every_planned_test_is_reported_with_difference_and_p_value(template: str) -> None:
    for scenario in SCENARIOS[::3]:
        results = written(template, scenario)["results"]
        for test in paper(template, scenario).results.tests.values():
            assert rf"\delta{{{test.id}}}" in results
            if test.planned:
                assert rf"\pval{{{test.id}}}" in results


@pytest.mark.parametrize("name", ["results", "conclusion"])
def test_what_was_found_decides_what_is_said(name: SectionName) -> None:
    bodies = {scenario.name: written("label_noise", scenario)[name] for scenario in SCENARIOS}
    for first, second in combinations(bodies, 2):
        shared = set(sentences(bodies[first])) & set(sentences(bodies[second]))
        assert len(shared) < 0.9 * len(set(sentences(bodies[first]))), (first, second)


def test_a_contradicted_prediction_leads_the_results_the_abstract_and_the_title() -> None:
    facts = paper("label_noise", BY_NAME["main contradicted"])
    main = facts.plan.hypotheses[0].id
    assert facts.results.tests[main].verdict == "contradicted"
    first = text("main contradicted", "results").split("\n\n")[1]
    assert rf"\delta{{{main}}}" in first
    title, abstract = title_and_abstract("main contradicted")
    assert "against expectation" in title
    assert "Against the prediction" in abstract


def test_nothing_decided_is_said_plainly() -> None:
    facts = paper("label_noise", BY_NAME["everything open"], "Do ambiguous annotation errors hurt calibration?")
    assert {test.verdict for test in facts.results.tests.values()} == {"open"}
    assert "None of the registered comparisons passes" in WRITERS["results"][1](Study(facts))
    assert "stays open" in WRITERS["conclusion"][1](Study(facts))
    made = front(FrontFacts(paper=facts, written=()))
    assert "leaves it open" in made.title
    assert "conclude nothing beyond that" in made.abstract


def test_data_sets_that_disagree_are_named_in_results_limitations_conclusion_and_abstract() -> None:
    last = load_template("label_noise").datasets[-1].name
    for name in ("results", "limitations", "conclusion"):
        assert rf"\dataset{{{last}}}" in text("divided over data", name)
    title, abstract = title_and_abstract("divided over data")
    assert "but not everywhere" in title
    assert rf"\dataset{{{last}}}" in abstract


def test_a_search_that_kept_nothing_is_told_as_such() -> None:
    assert "holds no component" in text("nothing helped", "method")
    assert "in nothing but the random draws" in text("nothing helped", "results")
    assert "Ablation" not in text("nothing helped", "results")
    assert "kept none of the components" in title_and_abstract("nothing helped")[1]


def test_a_component_that_came_along_without_a_gain_is_told_as_such() -> None:
    facts = paper("label_noise", BY_NAME["all supported"])
    first = facts.story.components[0]
    steps = tuple(
        step.model_copy(update={"improved": False}) if step.component == first and step.stage == "explore" else step
        for step in facts.story.steps
    )
    story = facts.story.model_copy(update={"steps": steps})
    said = section(SectionFacts(section="results", paper=facts.model_copy(update={"story": story}), written=())).body
    assert re.search(r"Of these, .* did not carry the program forward to which it was added", said)
    assert "Of these" not in text("all supported", "results")


def test_an_advantage_that_fresh_seeds_do_not_bear_out_is_called_selection() -> None:
    assert "best of several noisy values" in text("did not hold up", "results")
    assert "no advantage that fresh seeds establish" in title_and_abstract("did not hold up")[1]


def test_a_confirmed_advantage_is_said_to_have_survived() -> None:
    said = text("all supported", "results")
    assert "held up" in said or "survives the change to fresh seeds" in said


def test_ablations_name_what_carries_and_what_harms() -> None:
    said = text("all supported", "results")
    assert r"\paragraph{Ablations.}" in said
    assert "is carried by" in said
    assert "out of place" in said


def test_a_quick_run_says_that_it_cannot_establish_anything_and_is_a_rehearsal() -> None:
    assert "cannot fall below the corrected threshold" in text("quick", "results")
    assert "cannot establish any" in text("quick", "limitations")
    assert "rehearsal" in text("quick", "experiments")
    assert "rehearsal" in title_and_abstract("quick")[1]


def test_a_full_run_does_not_call_itself_a_rehearsal() -> None:
    assert "rehearsal" not in " ".join(written("label_noise", BY_NAME["all supported"]).values())


def test_the_paper_says_that_rules_wrote_it_only_if_they_did() -> None:
    assert re.search("[Rr]ules", text("all supported", "limitations").split("\n\n")[-1])
    facts = paper("label_noise", BY_NAME["all supported"]).model_copy(update={"writer": "openai:x"})
    assert "by rules" not in WRITERS["limitations"][1](Study(facts))


def test_the_method_lists_every_component_with_its_reason_and_its_settings() -> None:
    facts = paper("label_noise", BY_NAME["all supported"])
    method = text("all supported", "method")
    assert facts.story.components
    for part in facts.story.components:
        move = next(m for m in load_template("label_noise").moves if m.component == part)
        assert move.title[1:] in method
        assert move.reason[1:-1] in method


def test_the_statistics_paragraph_names_the_test_that_was_used() -> None:
    assert "paired t-test" in text("all supported", "method")
    assert "exact sign-flip test" in text("quick", "method")
    assert "paired t-test" not in text("quick", "method")


def test_related_work_cites_with_quotes_from_stored_records() -> None:
    facts = paper("label_noise", BY_NAME["all supported"])
    cited = re.findall(r"\\citeq\{([^}]+)\}\{([^}]+)\}", text("all supported", "related"))
    assert len(cited) >= 3
    quotes = {quote.id: quote.record for quote in facts.quotes}
    assert all(quotes[quote] == record for record, quote in cited)


def test_a_citation_whose_record_is_not_at_hand_is_left_out() -> None:
    facts = paper("label_noise", BY_NAME["all supported"]).model_copy(update={"quotes": ()})
    assert r"\citeq" not in WRITERS["related"][1](Study(facts))


def test_a_novelty_check_that_saw_too_little_is_not_read_as_novelty() -> None:
    facts = paper("label_noise", BY_NAME["all supported"])
    blind = facts.novelty.model_copy(update={"verdict": "not established"})
    said = WRITERS["related"][1](Study(facts.model_copy(update={"novelty": blind})))
    assert "not established" in said
    assert "nothing found is not the same as nothing there" in said


def test_the_same_facts_give_the_same_words_and_another_plan_other_words() -> None:
    facts = paper("label_noise", BY_NAME["all supported"])
    asked = SectionFacts(section="conclusion", paper=facts, written=())
    assert section(asked) == section(asked)
    hypotheses = "schedules", "forecasting"
    bodies = {name: written(name, BY_NAME["all supported"])["introduction"] for name in hypotheses}
    assert not set(sentences(bodies["schedules"])[:8]) & set(sentences(bodies["forecasting"])[:8])


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
@pytest.mark.parametrize("template", template_names())
def test_no_sentence_of_some_length_stands_in_two_places(template: str, scenario: Scenario) -> None:
    seen: dict[str, str] = {}
    abstract = front(FrontFacts(paper=paper(template, scenario), written=())).abstract
    for name, body in [("abstract", abstract), *written(template, scenario).items()]:
        for sentence in sentences(body):
            if len(sentence.split()) > 9 and not sentence.startswith("\\"):
                assert seen.setdefault(sentence, name) == name, sentence


def without_template(facts: PaperFacts) -> PaperFacts:
    return facts.model_copy(update={"plan": facts.plan.model_copy(update={"template": None, "idea": "my-own"})})


@pytest.mark.parametrize("scenario", ["all supported", "everything open", "nothing helped"])
def test_a_study_that_a_language_model_planned_can_be_written_up_by_rules(scenario: str) -> None:
    facts = without_template(paper("label_noise", BY_NAME[scenario]))
    for name in SECTIONS:
        made = section(SectionFacts(section=name, paper=facts, written=()))
        found = lint_text(
            made.body,
            context(paper("label_noise", BY_NAME[scenario])),
            place=name,
            figures=facts.figures,
            tables=facts.tables,
        )
        assert [str(problem) for problem in found if problem.severity == "error"] == []


def test_a_planned_comparison_that_could_not_be_made_is_said() -> None:
    facts = paper("label_noise", BY_NAME["all supported"])
    facts = facts.model_copy(update={"results": facts.results.model_copy(update={"tests": {}})})
    assert "could be made" in WRITERS["results"][1](Study(facts))
    assert "do not allow an answer" in WRITERS["conclusion"][1](Study(facts))


def test_words_of_others_that_break_the_lint_are_left_out_and_the_rest_stays() -> None:
    facts = paper("label_noise", BY_NAME["all supported"])
    said = "Labels are written by people. Accuracy rose by 17 points. Nobody checks them all & nobody can. So it goes."
    assert guarded(said, facts, "introduction") == "Labels are written by people. So it goes."


def test_an_item_that_breaks_the_lint_leaves_a_list_that_compiles() -> None:
    facts = paper("label_noise", BY_NAME["all supported"])
    said = "These are the reasons.\n\\begin{itemize}\n\\item It cost 12 hours.\n\\end{itemize}\nThat is all there is."
    left = guarded(said, facts, "introduction")
    assert "12" not in left
    assert left.count("\\begin{itemize}") == left.count("\\end{itemize}") == 0
