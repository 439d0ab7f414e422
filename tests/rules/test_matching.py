from __future__ import annotations

import pytest

from ai_scientist.core.errors import TopicRefused
from ai_scientist.core.research_template import load_template, template_names
from ai_scientist.rules.matching import best_match, rank
from ai_scientist.rules.words import stems, telling

STUDIED = {
    "label_noise": (
        "Does label noise hurt the calibration of classifiers?",
        "noisy annotations and confidence",
        "Are neural nets trained on mislabelled examples overconfident?",
        "wrong labels and calibrated probabilities",
        "temperature scaling when the labels are noisy",
        "What do annotation errors do to the confidence of a classifier?",
        "how reliable are predicted probabilities of a network if crowdsourcing labels are wrong",
        "calibration",
        "Is it better to drop suspicious labels or to keep them, for calibration?",
        "mislabeling vs. miscalibration",
        "Robustness of confidence estimates to corrupted labels",
        "Does training on mislabeled data make classifiers overconfident",
    ),
    "regularisers": (
        "Do regularisers that help alone hurt together?",
        "does dropout plus weight decay help",
        "Does dropout help small networks generalise?",
        "combining regularization techniques for neural networks",
        "Is mixup redundant with weight decay?",
        "overfitting of small networks with little data: which regularizer",
        "Interaction of L2 penalty and dropout",
        "How much data augmentation and dropout is too much regularisation?",
        "stacking regularizers",
        "early stopping or weight decay against overfitting",
    ),
    "schedules": (
        "Which matters more for small networks: the optimiser or the learning-rate schedule?",
        "Adam vs SGD",
        "is cosine annealing worth it",
        "warm-up and learning rate decay under a fixed budget",
        "Does the choice of optimizer matter if learning rates are tuned?",
        "step size schedules for stochastic gradient descent",
        "momentum, Adam and RMSprop compared fairly",
        "learning rate",
        "How sensitive is Adam to its learning rate?",
        "training neural networks with restarts of the learning rate",
    ),
    "forecasting": (
        "Are prediction intervals made from in-sample residuals too narrow?",
        "probabilistic forecasts of sunspots",
        "Does combining forecasts improve the weighted interval score?",
        "conformal prediction intervals for time series",
        "how to forecast unemployment with honest uncertainty",
        "forecast combination for short time series",
        "quantile forecasts and their coverage",
        "Can ensembles of exponential smoothing models give sharper intervals?",
        "time series forecasting",
        "El Nino sea surface temperature forecasts with intervals",
    ),
}

REFUSED = (
    "",
    "   ",
    "???",
    "asdf qwertz uiop",
    "machine learning",
    "make the model better",
    "noise cancelling headphones",
    "calibration of weather sensors in the arctic",
    "school dropout rates among teenagers in Brazil",
    "Does dropout help patients adhere to chemotherapy?",
    "protein folding with diffusion models",
    "What is the best recipe for sourdough bread?",
    "reinforcement learning from human feedback for dialogue agents",
    "Graph neural networks for molecule generation",
    "the schedule of trains between Paris and Lyon",
    "How do large language models plan?",
    "momentum investing in emerging markets",
    "Is there life on Mars?",
    "vaccination coverage in rural areas",
    "the history of short stories",
)


@pytest.mark.parametrize(("topic", "template"), [(topic, name) for name, topics in STUDIED.items() for topic in topics])
def test_a_topic_finds_its_template_however_it_is_put(topic: str, template: str) -> None:
    assert best_match(topic).template == template


@pytest.mark.parametrize("topic", REFUSED)
def test_a_topic_that_no_template_covers_is_refused(topic: str) -> None:
    with pytest.raises(TopicRefused):
        best_match(topic)


@pytest.mark.parametrize("name", template_names())
def test_every_example_of_a_template_finds_it(name: str) -> None:
    for topic in load_template(name).examples:
        assert best_match(topic).template == name


def test_a_refusal_names_the_nearest_with_an_example_and_how_to_use_a_model() -> None:
    with pytest.raises(TopicRefused) as refused:
        best_match("calibration of weather sensors in the arctic")
    text = str(refused.value)
    assert "calibration of classifiers" in text
    assert load_template("label_noise").examples[0] in text
    assert "--model openai:NAME" in text
    assert "--base-url" in text
    assert "“weather”" in text
    assert refused.value.exit_code == 2


def test_a_refusal_without_any_near_template_names_all() -> None:
    with pytest.raises(TopicRefused) as refused:
        best_match("sourdough bread")
    assert all(load_template(name).field in str(refused.value) for name in template_names())


def test_a_match_tells_which_words_it_rests_on_and_which_are_nobodys() -> None:
    found = best_match("Does label noise hurt the calibration of dermatology classifiers?")
    assert {"label", "noise", "calibration"} <= set(found.matched)
    assert found.unmatched == ("dermatology",)


def test_ranking_is_the_same_every_time_and_names_every_template_once() -> None:
    first, again = rank("dropout and learning rates"), rank("dropout and learning rates")
    assert first == again
    assert sorted(match.template for match in first) == template_names()


def test_british_and_american_spelling_and_forms_of_a_word_meet() -> None:
    assert stems("regularisers") == stems("regularization") == stems("regularizing")
    assert telling("calibrated")[0] == telling("calibration")[0]
    assert stems("forecasts") == stems("forecasting")
