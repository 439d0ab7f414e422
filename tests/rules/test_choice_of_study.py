from __future__ import annotations

import pytest

from ai_scientist.agents.ideation import ReflectionFacts, TopicFacts
from ai_scientist.rules.ideation import propose, reflect


@pytest.mark.parametrize(
    ("topic", "study"),
    [
        ("Does label noise hurt the calibration of classifiers?", "noise-and-calibration"),
        ("Are wrong labels worse than missing labels?", "noise-and-calibration"),
        ("Do ambiguous annotation errors make neural networks overconfident?", "which-labels-are-wrong"),
        ("What is a small clean validation set worth when training labels are noisy?", "clean-validation-set"),
        ("Is dropout redundant next to weight decay?", "dropout-next-to-decay"),
        ("Do regularisers that help alone hurt together?", "help-alone-hurt-together"),
        ("Does Adam still beat momentum SGD when both are tuned equally?", "optimiser-or-schedule"),
        ("Are learning rate schedules worth it when the learning rate is tuned?", "worth-of-a-schedule"),
        ("Does combining forecasts improve the weighted interval score on real series?", "combining-forecasts"),
    ],
)
def test_the_study_that_answers_the_question_is_chosen(topic: str, study: str) -> None:
    proposed = propose(TopicFacts(topic=topic, count=3, literature=(), packages=()))
    best = reflect(ReflectionFacts(topic=topic, ideas=proposed.ideas, literature=())).ideas[0]
    assert best.id == study
