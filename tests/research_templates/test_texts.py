"""What a template says: it declares what it names, holds no number, claims nothing, and quotes what is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from ai_scientist.analysis.cells import Results
from ai_scientist.analysis.rows import RunConfig
from ai_scientist.core.plan import Plan
from ai_scientist.core.research_template import ResearchTemplate, load_template
from ai_scientist.literature.shipped import shipped_records
from ai_scientist.paper.context import RenderContext
from ai_scientist.paper.lint import lint_text
from tests.research_templates.programs import TEMPLATES, run

VERDICTS = {"supported", "contradicted", "open"}
PLACES = {"introduction": "introduction", "related": "related", "method": "method", "discussion": "conclusion"}


def plan_of(template: ResearchTemplate, hypotheses: tuple[str, ...] = ()) -> Plan:
    return Plan(
        idea="test",
        title=template.title,
        question=template.question,
        hypotheses=tuple(h for h in template.hypotheses if not hypotheses or h.id in hypotheses),
        conditions=template.conditions,
        datasets=template.datasets,
        metrics=template.metrics,
        primary_metric=template.primary_metric,
        target=template.target,
        search_seeds=(1,),
        confirm_seeds=(2, 3),
        stages=(),
        stopping_rule="none",
        method="none",
    )


@cache
def context(name: str) -> RenderContext:
    """What a paper of this template is rendered from, as far as its texts need it."""
    template = load_template(name)
    log = run(template.program)
    facts = {key.split("/")[1]: value for key, value in log.data.items()}
    data = {f"{d.name}/{fact}": value for d in template.datasets for fact, value in facts.items()}
    results = Results(
        cells={}, tests={}, config=RunConfig(settings=log.settings, data=data), seeds=(2, 3), nodes=("node",)
    )
    return RenderContext(results=results, plan=plan_of(template))


def declared(template: ResearchTemplate) -> Iterator[tuple[str, str, str]]:
    """Yield name, label and description of what a plan declares."""
    for condition in template.conditions:
        yield condition.name, condition.label, condition.description
    for metric in template.metrics:
        yield metric.name, metric.label, metric.description
    for dataset in template.datasets:
        yield dataset.name, dataset.label, dataset.description


def texts(template: ResearchTemplate) -> Iterator[tuple[str, str, str]]:
    """Yield where a text is printed, what it is, and the text."""
    yield "introduction", "motivation", template.motivation
    yield "introduction", "question", template.question
    yield "title", "title", template.title
    for number, paragraph in enumerate(template.method.strip().split("\n\n"), 1):
        yield "method", f"method, paragraph {number}", paragraph
    for text in template.limitations:
        yield "limitations", "limitation", text
    for hypothesis in template.hypotheses:
        yield "experiments", f"{hypothesis.id}, statement", hypothesis.statement
        for verdict, text in template.implications[hypothesis.id].items():
            yield "conclusion", f"{hypothesis.id}, {verdict}", text
    for what, label, description in declared(template):
        yield "experiments", f"{what}, label", label
        yield "experiments", f"{what}, description", description
    for move in template.moves:
        yield "method", f"{move.name}, title", move.title
        yield "method", f"{move.name}, reason", move.reason
    for idea in template.ideas:
        for text in (idea.title, idea.question, idea.rationale, idea.reasons, idea.risks):
            yield "introduction", idea.id, text
    for citation in template.citations:
        yield PLACES[citation.section], f"citation of {citation.record}", citation.sentence.replace("{cite}", "")
    for figure in template.figures:
        yield f"figure:{figure.name}", f"caption of {figure.name}", figure.caption


@pytest.mark.parametrize("name", TEMPLATES)
def test_texts_hold_no_number_no_claim_and_no_unknown_macro(name: str) -> None:
    problems = [
        f"{what}: {problem.message}"
        for place, what, text in texts(load_template(name))
        for problem in lint_text(text, context(name), place=place)
        if problem.kind != "empty"  # a label is shorter than a section
        and not ("claims a proof" in problem.message and what.startswith("citation"))  # whose it is, the paper says
    ]
    assert problems == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_texts_are_sentences(name: str) -> None:
    template = load_template(name)
    whole = [
        template.motivation,
        *template.method.strip().split("\n\n"),
        *template.limitations,
        *(h.statement for h in template.hypotheses),
        *(text for by_verdict in template.implications.values() for text in by_verdict.values()),
        *(move.reason for move in template.moves),
        *(c.sentence.replace(" {cite}", "") for c in template.citations),
        *(f.caption for f in template.figures),
        *(description for _, _, description in declared(template)),
    ]
    for text in whole:
        assert re.match(r"[A-Z\\]", text.strip()), text
        assert text.strip().endswith("."), text
        assert "  " not in text.strip(), text


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_study_makes_a_valid_plan(name: str) -> None:
    template = load_template(name)
    assert len(template.ideas) >= 3
    for idea in template.ideas:
        plan = plan_of(template, idea.hypotheses)
        assert {h.id for h in plan.hypotheses} == set(idea.hypotheses or (h.id for h in template.hypotheses))
        assert any("proposed" in (h.treatment, h.baseline) for h in plan.hypotheses), idea.id
    assert len({idea.id for idea in template.ideas}) == len(template.ideas)


@pytest.mark.parametrize("name", TEMPLATES)
def test_hypotheses_mix_directions_with_equivalence_and_each_has_three_implications(name: str) -> None:
    template = load_template(name)
    expects = [h.expects for h in template.hypotheses]
    assert len(expects) >= 3
    assert "equivalent" in expects
    assert {"higher", "lower"} & set(expects)
    assert {h: set(texts) for h, texts in template.implications.items()} == {
        h.id: VERDICTS for h in template.hypotheses
    }
    said = [text for by_verdict in template.implications.values() for text in by_verdict.values()]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_hypothesis_belongs_to_a_study(name: str) -> None:
    template = load_template(name)
    studied = {h for idea in template.ideas for h in idea.hypotheses}
    assert studied == {h.id for h in template.hypotheses}


@pytest.mark.parametrize("name", TEMPLATES)
def test_figures_show_what_the_program_logs(name: str) -> None:
    template, log = load_template(name), run(load_template(name).program)
    curves = {metric for metric, _, _, step in log.rows if step is not None}
    kinds = [figure.kind for figure in template.figures]
    assert {"bars", "steps", "paired", "tree"} <= set(kinds)
    for figure in template.figures:
        assert figure.metric in {m.name for m in template.metrics}
        assert set(figure.conditions) <= {c.name for c in template.conditions}
        assert set(figure.datasets) <= {d.name for d in template.datasets}
        if figure.kind == "steps":
            assert figure.metric in curves
        if figure.kind == "paired":
            hypothesis = next(h for h in template.hypotheses if h.id == figure.hypothesis)
            assert hypothesis.metric == figure.metric
            assert all(hypothesis.id in idea.hypotheses for idea in template.ideas), "a study would have no test for it"


@pytest.mark.parametrize("name", TEMPLATES)
def test_quotes_stand_verbatim_in_the_shipped_records(name: str) -> None:
    stored = {record.id: record for record in shipped_records()}
    template = load_template(name)
    assert len({c.record for c in template.citations}) >= 8
    for citation in template.citations:
        assert citation.quote in stored[citation.record].text, citation.record
        assert len(citation.quote.split()) >= 5
        assert citation.sentence.count("{cite}") == 1


@pytest.mark.parametrize("name", TEMPLATES)
def test_records_behind_moves_and_data_are_shipped(name: str) -> None:
    stored = {record.id for record in shipped_records()}
    template = load_template(name)
    assert {record for move in template.moves for record in move.records} <= stored
    assert {d.record for d in template.datasets if d.record} <= stored


def test_texts_are_not_shared_between_templates() -> None:
    """A paper that could stand in another template is a form letter."""
    seen: dict[str, str] = {}
    for name in TEMPLATES:
        for _, what, text in texts(load_template(name)):
            if what.endswith(("label", "title", "reason", "description")) or what.startswith("citation"):
                continue
            if not what.startswith("caption of search_tree"):
                assert text not in seen, f"{what} of {name} is also {seen.get(text)}"
            seen[text] = f"{what} of {name}"
