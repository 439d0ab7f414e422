from __future__ import annotations

import pytest

from ai_scientist.review.forms import Defect, Review
from ai_scientist.review.meta import meta_review


def a_review(overall: int, *defects: Defect) -> Review:
    return Review(
        reviewer="r",
        summary="",
        strengths=(),
        weaknesses=(),
        questions=(),
        limitations=(),
        originality=3,
        soundness=3,
        presentation=3,
        contribution=3,
        overall=overall,
        confidence=3,
        decision="accept",
        defects=defects,
    )


def a_defect(severity: str, what: str) -> Defect:
    return Defect.model_validate({"severity": severity, "where": "results", "what": what, "remedy": ""})


def test_an_integrity_defect_rejects_whatever_the_scores() -> None:
    result = meta_review([a_review(10), a_review(10, a_defect("integrity", "a number has no origin"))])
    assert result.overall == 10
    assert result.decision == "reject"
    assert result.vetoes[0].what == "a number has no origin"


@pytest.mark.parametrize(("overall", "decision"), [((6, 6, 6), "accept"), ((5, 6, 6), "reject")])
def test_the_decision_is_computed_from_the_mean_and_not_from_the_reviewers_own(
    overall: tuple[int, ...], decision: str
) -> None:
    assert meta_review([a_review(score) for score in overall]).decision == decision


def test_the_same_defect_from_two_reviewers_is_named_once_at_its_worst() -> None:
    mild, grave = a_defect("minor", "No limits."), a_defect("major", "no limits.")
    result = meta_review([a_review(5, mild, a_defect("minor", "x")), a_review(5, grave)])
    assert [defect.severity for defect in result.defects] == ["major", "minor"]


def test_no_review_is_no_meta_review() -> None:
    with pytest.raises(ValueError, match="at least one"):
        meta_review([])
