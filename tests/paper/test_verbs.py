from __future__ import annotations

import pytest

from ai_scientist.core.plan import Metric
from ai_scientist.paper.verbs import VERBS, Standing, find_verb, nearest_verbs, speak
from tests.paper import workshop

TESTS = workshop.tests()
METRICS = {"ece": workshop.ECE, "accuracy": workshop.ACCURACY}


def said(verb: str, test: str, metric: Metric | None = None) -> tuple[str, Standing]:
    found, result = find_verb(verb), TESTS[test]
    assert found is not None
    spoken = speak(found, result, metric or METRICS[result.hypothesis.metric])
    return spoken.text, spoken.standing


@pytest.mark.parametrize(
    ("verb", "test", "text", "standing"),
    [
        ("worsens", "H1", "worsens", "holds"),
        ("improves", "H1", "worsens", "opposite"),
        ("increases", "H1", "increases", "holds"),
        ("reduces", "H1", "increases", "opposite"),
        ("improves", "H2", "improves", "holds"),
        ("lowered", "H2", "lowered", "holds"),
        ("underperforms", "H2", "outperforms", "opposite"),
        ("improves", "H4", "does not detectably change", "open"),
        ("outperformed", "H4", "did not differ detectably from", "open"),
        ("outperform", "H4", "do not differ detectably from", "open"),
        ("better", "H4", "not detectably different from", "open"),
        ("higher", "H1", "higher than", "holds"),
        ("improvement", "H2", "an improvement", "holds"),
        ("difference", "H4", "no detectable difference", "open"),
        ("matches", "H3", "is equivalent to", "holds"),
        ("matches", "H1", "differs from", "opposite"),
        ("matches", "H4", "does not differ detectably from", "open"),
        ("improves", "H3", "does not relevantly change", "open"),
        ("supports", "H1", "supports", "holds"),
        ("supports", "H4", "neither supports nor contradicts", "open"),
        ("significant", "H2", "statistically significant", "holds"),
        ("differs", "H2", "differs from", "holds"),
    ],
)
def test_a_verb_says_what_its_test_bears(verb: str, test: str, text: str, standing: Standing) -> None:
    assert said(verb, test) == (text, standing)


def test_the_metrics_direction_decides_what_is_better_but_not_what_is_more() -> None:
    flipped = workshop.ECE.model_copy(update={"direction": "higher"})
    assert said("improves", "H1", flipped) == ("improves", "holds")
    assert said("increases", "H1", flipped) == ("increases", "holds")


@pytest.mark.parametrize("name", sorted(VERBS))
def test_no_verb_claims_a_direction_without_a_passed_test(name: str) -> None:
    verb = VERBS[name]
    for test in ("H3", "H4"):
        text, standing = said(name, test)
        if verb.sense in ("better", "worse", "more", "less", "different"):
            assert standing == "open"
            assert text not in (verb.holds, verb.opposite)


@pytest.mark.parametrize("name", sorted(VERBS))
def test_every_verb_tells_both_directions_apart(name: str) -> None:
    verb = VERBS[name]
    if verb.sense in ("better", "worse", "more", "less", "hypothesis"):
        assert verb.holds != verb.opposite
    assert verb.open not in (verb.holds, verb.opposite)


def test_an_equivalence_test_that_fails_shows_nothing() -> None:
    failed = TESTS["H3"].model_copy(update={"verdict": "open", "p_corrected": 0.4})
    verb = find_verb("matches")
    assert verb is not None
    assert speak(verb, failed, workshop.ACCURACY).text == "is not shown to be equivalent to"


def test_spaces_and_hyphens_find_a_verb_too_and_an_unknown_one_gets_neighbours() -> None:
    assert find_verb("falls below") is find_verb("falls_below")
    assert find_verb("crushes") is None
    assert "outperforms" in nearest_verbs("outperfroms")
