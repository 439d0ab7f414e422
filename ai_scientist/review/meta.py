"""The meta-review: computed from the reviews, so that no vote can outweigh an integrity finding."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from ai_scientist.core.finding import Finding
from ai_scientist.review.forms import Decision, Defect, MetaReview, Review, Severity

SCALES = ("originality", "soundness", "presentation", "contribution")
ACCEPT_AT = 6.0
"""Mean overall score from which the decision is "accept": the operating point at which the best public automatic
reviewer agreed best with ICLR decisions (balanced accuracy 0.65; its own accept/reject field reached 0.60)."""

ORDER: dict[Severity, int] = {"integrity": 0, "major": 1, "minor": 2}


def merge_defects(named: Sequence[Defect], findings: Sequence[Finding] = ()) -> tuple[Defect, ...]:
    """Return all defects once each, most severe first, else findings first and then in the order they were named."""
    seen: dict[tuple[str, str], Defect] = {}
    for defect in (*(integrity(finding) for finding in findings), *named):
        key = (defect.where.casefold(), defect.what.casefold())
        if key not in seen or ORDER[defect.severity] < ORDER[seen[key].severity]:
            seen[key] = defect
    return tuple(sorted(seen.values(), key=lambda defect: ORDER[defect.severity]))


def decide(overall: float, vetoes: Sequence[Defect]) -> Decision:
    """Return the decision: any integrity defect rejects, whatever the scores."""
    return "accept" if overall >= ACCEPT_AT and not vetoes else "reject"


def integrity(finding: Finding) -> Defect:
    """Return an audit's finding as the defect that it is, whether or not any reviewer names it."""
    return Defect(
        severity="integrity",
        where=finding.where,
        what=f"{finding.kind}: {finding.why}",
        remedy="Make the artifact again from the recorded rows; nothing else can mend it.",
    )


def meta_review(reviews: Sequence[Review], *, findings: Sequence[Finding] = ()) -> MetaReview:
    """Return what several reviews come to.

    Args:
        reviews: Of one paper.
        findings: Of the audit. Each is a veto, whatever the reviewers make of it.

    Raises:
        ValueError: If there is no review.
    """
    if not reviews:
        raise ValueError("a meta-review needs at least one review")
    defects = merge_defects([defect for review in reviews for defect in review.defects], findings)
    vetoes = tuple(defect for defect in defects if defect.severity == "integrity")
    scores = {scale: fmean(getattr(review, scale) for review in reviews) for scale in SCALES}
    overall = fmean(review.overall for review in reviews)
    return MetaReview(
        summary=_summary(reviews, defects, vetoes),
        scores=scores,
        overall=overall,
        confidence=fmean(review.confidence for review in reviews),
        decision=decide(overall, vetoes),
        vetoes=vetoes,
        defects=defects,
    )


def _summary(reviews: Sequence[Review], defects: Sequence[Defect], vetoes: Sequence[Defect]) -> str:
    spread = max(r.overall for r in reviews) - min(r.overall for r in reviews)
    agreement = "agree" if spread <= 1 else "differ by a point or two" if spread <= 2 else "disagree"
    major = sum(defect.severity == "major" for defect in defects)
    counts = f"{major} major and {len(defects) - major - len(vetoes)} minor defects"
    head = f"{len(reviews)} reviewers {agreement} on the overall score; together they name {counts}."
    if vetoes:
        return f"{head} An integrity finding vetoes acceptance: {vetoes[0].what}"
    worst = next((defect for defect in defects), None)
    return f"{head} The gravest: {worst.what}" if worst else head


def hold_to_evidence(now: MetaReview, before: MetaReview, *, same_evidence: bool) -> MetaReview:
    """Return a later round's meta-review; on the same evidence a better score is no progress and is set back.

    Presentation alone is what a revision can better without new evidence, so only its score may rise.
    """
    if not same_evidence or now.overall <= before.overall:
        return now
    scores = {
        name: score if name == "presentation" else min(score, before.scores[name]) for name, score in now.scores.items()
    }
    note = " The overall score was set back to the earlier round's: the evidence is the same."
    return now.model_copy(
        update={
            "overall": before.overall,
            "scores": scores,
            "decision": decide(before.overall, now.vetoes),
            "summary": now.summary + note,
        }
    )
