from __future__ import annotations

import pytest

from ai_scientist.agents.analysis import DisplayAnswer, DisplayFacts
from ai_scientist.core.research_template import template_names
from ai_scientist.paper.lint import lint_text
from ai_scientist.rules.analysis import displays
from tests.rules.scenarios import SCENARIOS, context, paper

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def shown(
    template: str, scenario: str = "all supported", *, curves: bool = True, problems: tuple[str, ...] = ()
) -> DisplayAnswer:
    facts = paper(template, BY_NAME[scenario])
    metrics = tuple(metric.name for metric in facts.plan.metrics) if curves else ()
    return displays(DisplayFacts(plan=facts.plan, results=facts.results, curves=metrics, problems=problems))


@pytest.mark.parametrize("template", template_names())
@pytest.mark.parametrize("scenario", ["all supported", "nothing helped", "quick"])
def test_every_display_shows_only_what_was_measured(template: str, scenario: str) -> None:
    facts = paper(template, BY_NAME[scenario])
    measured = {cell.condition for cell in facts.results.cells.values()}
    made = shown(template, scenario)
    for figure in made.figures:
        assert set(figure.conditions) <= measured
        assert not figure.hypothesis or figure.hypothesis in facts.results.tests
    for table in made.tables:
        assert set(table.conditions) <= measured
        assert set(table.datasets) <= {"all", *(d.name for d in facts.plan.datasets)}


@pytest.mark.parametrize("template", template_names())
def test_every_paper_has_a_paired_figure_a_tree_and_a_main_table(template: str) -> None:
    made = shown(template)
    kinds = [figure.kind for figure in made.figures]
    assert kinds.count("tree") == 1
    assert "paired" in kinds
    assert made.tables[0].name == "main"
    names = [figure.name for figure in made.figures] + [table.name for table in made.tables]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("template", template_names())
def test_captions_pass_the_lint(template: str) -> None:
    facts = paper(template, BY_NAME["all supported"])
    made = shown(template)
    captions = [(f"figure:{f.name}", f.caption) for f in made.figures]
    captions += [(f"table:{t.name}", t.caption) for t in made.tables]
    for place, caption in captions:
        found = lint_text(caption, context(facts), place=place)
        assert [str(problem) for problem in found if problem.severity == "error"] == []


def test_ablations_are_shown_if_there_are_any_and_only_then() -> None:
    assert any(table.name == "ablation" for table in shown("label_noise").tables)
    assert not any("ablation" in table.name for table in shown("label_noise", "nothing helped").tables)


def test_curves_are_drawn_only_if_steps_were_logged() -> None:
    assert any(figure.kind == "steps" for figure in shown("label_noise").figures)
    assert not any(figure.kind == "steps" for figure in shown("label_noise", curves=False).figures)


def test_what_could_not_be_made_is_not_asked_for_again() -> None:
    first = shown("label_noise").figures[0].name
    again = shown("label_noise", problems=(f"{first}: nothing to draw", "main: too wide"))
    assert first not in {figure.name for figure in again.figures}
    assert "main" not in {table.name for table in again.tables}
    assert again.tables
