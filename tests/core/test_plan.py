from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ai_scientist.core.plan import Plan

GOOD: dict[str, Any] = {
    "idea": "i",
    "title": "t",
    "question": "q",
    "hypotheses": [
        {
            "id": "H1",
            "statement": "s",
            "metric": "acc",
            "treatment": "proposed",
            "baseline": "base",
            "expects": "higher",
        }
    ],
    "conditions": [
        {"name": "base", "label": "b", "short": "b", "role": "baseline", "description": ""},
        {"name": "proposed", "label": "p", "short": "p", "role": "proposed", "description": ""},
    ],
    "datasets": [{"name": "digits", "label": "d", "description": "", "origin": "official", "source": "scikit-learn"}],
    "metrics": [{"name": "acc", "label": "accuracy", "short": "acc", "direction": "higher", "description": ""}],
    "primary_metric": "acc",
    "search_seeds": [0, 1],
    "confirm_seeds": [5, 6],
    "stages": [],
    "stopping_rule": "r",
    "method": "m",
}


def test_a_good_plan_keeps_its_hash_through_a_round_trip() -> None:
    plan = Plan.model_validate(GOOD)
    assert Plan.model_validate_json(plan.model_dump_json()).hash == plan.hash


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"primary_metric": "loss"}, "primary metric"),
        ({"target": "nobody"}, "target"),
        ({"confirm_seeds": [1, 2]}, "confirm seed"),
        ({"conditions": [GOOD["conditions"][1], {**GOOD["conditions"][1], "name": "other"}]}, "baseline"),
        ({"hypotheses": [{**GOOD["hypotheses"][0], "metric": "loss"}]}, "does not declare"),
        ({"hypotheses": [{**GOOD["hypotheses"][0], "expects": "equivalent"}]}, "margin"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_plan_whose_names_do_not_agree_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Plan.model_validate({**GOOD, **change})


def test_an_ablation_is_a_condition_by_its_prefix() -> None:
    plan = Plan.model_validate(GOOD)
    assert plan.condition("without_label_smoothing").short == "w/o label smoothing"
    with pytest.raises(KeyError):
        plan.condition("unheard_of")
