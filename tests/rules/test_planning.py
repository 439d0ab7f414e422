from __future__ import annotations

import pytest

from ai_scientist.core.research_template import load_template, template_names
from tests.rules.scenarios import idea_for, plan_for


@pytest.mark.parametrize("name", template_names())
def test_every_study_of_a_template_makes_a_whole_plan(name: str) -> None:
    template = load_template(name)
    for seed in template.ideas:
        idea = idea_for(template).model_copy(update={"id": seed.id, "title": seed.title, "question": seed.question})
        plan = plan_for(template, idea)
        wanted = set(seed.hypotheses) or {h.id for h in template.hypotheses}
        assert {h.id for h in plan.hypotheses} == wanted
        assert plan.baseline.role == "baseline"
        assert any(c.name == plan.target for c in plan.conditions)


@pytest.mark.parametrize(
    ("name", "study", "main"),
    [
        ("forecasting", "whose-errors", "H3"),
        ("forecasting", "combining-forecasts", "H4"),
        ("forecasting", "short-history", "H3"),
        ("label_noise", "noise-and-calibration", "H1"),
        ("label_noise", "which-labels-are-wrong", "H4"),
        ("label_noise", "clean-validation-set", "H7"),
        ("regularisers", "help-alone-hurt-together", "H3"),
        ("regularisers", "dropout-next-to-decay", "H8"),
        ("regularisers", "scarcer-data", "H3"),
        ("schedules", "worth-of-a-schedule", "H2"),
        ("schedules", "optimiser-or-schedule", "H3"),
        ("schedules", "noisy-steps", "H2"),
    ],
)
def test_the_main_hypothesis_is_the_one_that_the_question_asks(name: str, study: str, main: str) -> None:
    template = load_template(name)
    seed = template.idea(study)
    idea = idea_for(template).model_copy(update={"id": seed.id, "title": seed.title, "question": seed.question})
    assert plan_for(template, idea).hypotheses[0].id == main


def test_the_same_idea_gives_the_same_plan() -> None:
    template = load_template("label_noise")
    assert plan_for(template, idea_for(template)).hash == plan_for(template, idea_for(template)).hash
