from __future__ import annotations

import pytest

from ai_scientist.agents.ideation import Abstract, ReflectionFacts, TopicFacts
from ai_scientist.core.errors import ConfigError, TopicRefused
from ai_scientist.core.idea import Idea
from ai_scientist.core.research_template import load_template, template_names
from ai_scientist.rules.ideation import propose, reflect, seed_of, template_of


def ideas(topic: str, *, count: int = 3, template: str | None = None) -> tuple[Idea, ...]:
    return propose(TopicFacts(topic=topic, count=count, literature=(), packages=("numpy",), template=template)).ideas


def chosen(topic: str) -> Idea:
    return reflect(ReflectionFacts(topic=topic, ideas=ideas(topic), literature=())).ideas[0]


@pytest.mark.parametrize(
    ("topic", "study"),
    [
        ("Does label noise hurt the calibration of classifiers?", "noise-and-calibration"),
        ("Do errors of human annotators on ambiguous rows make classifiers overconfident?", "which-labels-are-wrong"),
        ("What is a clean validation set worth for temperature scaling with noisy labels?", "clean-validation-set"),
        ("Do regularisers that help alone hurt together?", "help-alone-hurt-together"),
        ("Is dropout redundant next to weight decay?", "dropout-next-to-decay"),
        ("Which optimiser, Adam or SGD with momentum, for small networks?", "optimiser-or-schedule"),
        ("Are learning rate schedules robust to a badly tuned start?", "worth-of-a-schedule"),
        ("Does an ensemble or combination of forecasts pay?", "combining-forecasts"),
        ("Prediction intervals when the history of a time series is short", "short-history"),
    ],
)
def test_the_study_that_the_topic_points_to_comes_out_first(topic: str, study: str) -> None:
    assert chosen(topic).id == study


def test_different_topics_of_one_template_give_different_ideas() -> None:
    first = chosen("Does label noise hurt the calibration of classifiers?")
    second = chosen("What is a clean validation set worth for temperature scaling with noisy labels?")
    assert first.id != second.id
    assert first.question != second.question


def test_as_many_ideas_as_asked_for_and_never_more_than_there_are_studies() -> None:
    topic = "label noise and calibration"
    assert len(ideas(topic, count=1)) == 1
    assert len(ideas(topic, count=50)) == len(load_template("label_noise").ideas)


@pytest.mark.parametrize("name", template_names())
def test_every_idea_of_a_template_says_what_is_new_and_why_it_was_scored(name: str) -> None:
    for idea in ideas(load_template(name).examples[0], count=9, template=name):
        assert 3 <= len(idea.claims) <= 7
        assert idea.template == name
        assert idea.reasons
        assert idea.experiment
        assert seed_of(idea.id, load_template(name)).title == idea.title


def test_a_template_asked_for_by_name_is_taken_whatever_the_topic_says() -> None:
    assert ideas("something about gradient steps", template="schedules")[0].template == "schedules"


def test_an_empty_topic_is_refused_even_with_a_template() -> None:
    with pytest.raises(TopicRefused):
        ideas("  ", template="schedules")


def test_an_unknown_template_is_a_mistake_of_the_call() -> None:
    with pytest.raises(ConfigError, match="no research template named 'alchemy'"):
        ideas("label noise", template="alchemy")


def test_reflection_says_what_it_changed_and_lowers_novelty_where_abstracts_come_near() -> None:
    topic = "Does label noise hurt the calibration of classifiers?"
    proposed = ideas(topic)
    near = Abstract(id="near2020", title=proposed[0].title, year=2020, text=proposed[0].question)
    alone = reflect(ReflectionFacts(topic=topic, ideas=proposed[:1], literature=())).ideas[0]
    crowded = reflect(ReflectionFacts(topic=topic, ideas=proposed[:1], literature=(near,))).ideas[0]
    assert crowded.novelty == alone.novelty - 1
    assert "near2020" in crowded.reasons
    assert "On reflection" in alone.reasons


def test_reflection_keeps_scores_on_their_scale() -> None:
    topic = "Does label noise hurt the calibration of classifiers?"
    extreme = ideas(topic)[0].model_copy(update={"interestingness": 10, "novelty": 1, "feasibility": 1})
    near = tuple(Abstract(id=f"p{k}", title=extreme.title, year=2020, text=extreme.question) for k in range(4))
    after = reflect(ReflectionFacts(topic=topic, ideas=(extreme,), literature=near)).ideas[0]
    assert (after.interestingness, after.novelty, after.feasibility) == (10, 1, 1)


def test_an_idea_that_a_person_rewrote_without_a_template_is_placed_by_its_words() -> None:
    idea = ideas("Is dropout redundant next to weight decay?")[0].model_copy(update={"template": None})
    assert template_of(idea).id == "regularisers"
