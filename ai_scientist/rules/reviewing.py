"""A reviewer's form by rules: notes from checks, weighed by the reviewer's point of view; and the authors' answer.

A scale starts at its middle and moves by the weights of the notes on it. A note of the reviewer's own lens counts in
full, the others less: three reviewers thus read the same paper differently, and agree on what is grave.
"""

from __future__ import annotations

from ai_scientist.agents.reviewing import Rebuttal, RebuttalFacts, RebuttalPoint, ReviewFacts
from ai_scientist.paper.document import SECTIONS, SectionName
from ai_scientist.review.forms import Defect, Review
from ai_scientist.rules.referee.draft import Draft, short
from ai_scientist.rules.referee.evidence_checks import evidence_checks
from ai_scientist.rules.referee.notes import Note, Scale
from ai_scientist.rules.referee.text_checks import text_checks
from ai_scientist.rules.words import telling
from ai_scientist.rules.writing.revision import remedy_for

START: dict[Scale, float] = {"soundness": 2.0, "presentation": 2.5, "contribution": 2.0, "originality": 2.2}
"""Where each scale (1 to 4) stands before anything was checked."""

FOREIGN = 0.7
"""Weight of a note of another lens than the reviewer's own."""

ORDER = {"integrity": 0, "major": 1, "minor": 2}


def review(facts: ReviewFacts) -> Review:
    """Return one reviewer's form. Integrity findings set soundness and overall to the bottom and reject."""
    draft = Draft(facts.title, facts.text)
    notes = [*evidence_checks(draft, facts.evidence), *text_checks(draft)]
    lens = _lens(facts.lens)
    scales: dict[Scale, float] = {scale: _scale(scale, notes, lens) for scale in START}
    defects = _defects(notes, lens)
    vetoed = any(defect.severity == "integrity" for defect in defects)
    overall = 1 if vetoed else _overall(scales)
    own = [note for note in notes if note.lens == lens] or notes
    mended = _mended(facts.earlier, defects)
    return Review(
        reviewer=facts.lens,
        summary=_summary(facts, draft, notes),
        strengths=(*mended, *_texts(own, notes, good=True)),
        weaknesses=_texts(own, notes, good=False),
        questions=tuple(dict.fromkeys(n.question for n in [*own, *_grave(notes)] if n.question))[:5],
        limitations=tuple(dict.fromkeys(n.limitation for n in notes if n.limitation))[:4],
        originality=_clamped(scales["originality"]),
        soundness=1 if vetoed else _clamped(scales["soundness"]),
        presentation=_clamped(scales["presentation"]),
        contribution=_clamped(scales["contribution"]),
        overall=overall,
        confidence=4 if facts.evidence.plan is not None else 3,
        decision="accept" if overall >= 6 and not vetoed else "reject",
        defects=defects,
    )


def rebuttal(facts: RebuttalFacts) -> Rebuttal:
    """Return an answer to each defect: what was changed for it, or why nothing was."""
    return Rebuttal(points=tuple(RebuttalPoint(defect=d.what, answer=_answer(d, facts.changes)) for d in facts.defects))


def _answer(defect: Defect, changes: tuple[str, ...]) -> str:
    if defect.severity == "integrity":
        return (
            "We agree that this outweighs everything else. The artifact must be made again from the recorded rows; no "
            "wording can mend it."
        )
    rewritten = [change.partition(":")[0].strip() for change in changes if "rewritten" in change]
    place: SectionName | None = next(
        (name for name in SECTIONS if name in rewritten and name in defect.where.casefold()), None
    )
    remedy = remedy_for(defect, place) if place else None
    if remedy is not None:
        return f"We agree. {remedy.told}"
    told = _change_for(defect, changes)
    if told:
        return f"We agree. {told}"
    return (
        f"The point is fair, and this version does not meet it. What it asks for stays open: {_lowered(defect.remedy)}"
    )


def _lens(name: str) -> str:
    low = name.lower()
    return next((lens for lens in ("evidence", "method", "presentation") if lens in low), "evidence")


def _scale(scale: Scale, notes: list[Note], lens: str) -> float:
    """Return a scale's value: its start moved by the notes, with less and less effect as they pile up on one side."""
    there = [note.weight * (1.0 if note.lens == lens else FOREIGN) for note in notes if note.scale == scale]
    good, bad = sum(w for w in there if w > 0), -sum(w for w in there if w < 0)
    return START[scale] + 2.0 * good / (good + 1.0) - 2.4 * bad / (bad + 1.2)


def _overall(scales: dict[Scale, float]) -> int:
    value = (
        0.45 * scales["soundness"]
        + 0.2 * scales["presentation"]
        + 0.25 * scales["contribution"]
        + 0.1 * scales["originality"]
    )
    # A paper is not carried by its prose: soundness bounds the whole.
    value = min(value, scales["soundness"] + 0.5)
    return max(1, min(10, round(1 + 3 * (value - 1))))


def _clamped(value: float) -> int:
    return max(1, min(4, round(value)))


def _grave(notes: list[Note]) -> list[Note]:
    return [note for note in notes if note.defect is not None and note.defect.severity != "minor"]


def _texts(own: list[Note], notes: list[Note], *, good: bool) -> tuple[str, ...]:
    """Return the reviewer's own observations, heaviest first, then the grave ones of other lenses."""
    mine = sorted((n for n in own if (n.weight > 0) == good), key=lambda n: -abs(n.weight))
    others = [n for n in (notes if good else _grave(notes)) if (n.weight > 0) == good and n not in own]
    others = sorted(others, key=lambda n: -abs(n.weight))[:2]
    return tuple(dict.fromkeys(note.text for note in [*mine[:5], *others]))


def _defects(notes: list[Note], lens: str) -> tuple[Defect, ...]:
    """Return the defects that this reviewer names: all of its own lens, and the grave ones of the others."""
    named = [n.defect for n in notes if n.defect and (n.lens == lens or n.defect.severity != "minor")]
    return tuple(sorted(named, key=lambda defect: ORDER[defect.severity]))


def _mended(earlier: tuple[Defect, ...], now: tuple[Defect, ...]) -> tuple[str, ...]:
    left = {defect.what for defect in now}
    gone = [defect for defect in earlier if defect.what not in left and defect.severity != "integrity"]
    if not gone:
        return ()
    return (
        (
            f"Of the {len(earlier)} points of the last round, {len(gone)} are mended, this among them:"
            f" {short(gone[0].what)}"
        ),
    )


def _summary(facts: ReviewFacts, draft: Draft, notes: list[Note]) -> str:
    opening = _about(facts, draft)
    bad = sorted((n for n in notes if n.weight < 0), key=lambda n: n.weight)
    good = sorted((n for n in notes if n.weight > 0), key=lambda n: -n.weight)
    verdict = f" What speaks for it most: {good[0].text}" if good else ""
    against = f" What speaks against it most: {bad[0].text}" if bad else ""
    return f"{opening}{verdict}{against}"


def _about(facts: ReviewFacts, draft: Draft) -> str:
    plan, tests = facts.evidence.plan, facts.evidence.tests
    if plan is None:
        first = next((s.text for s in draft.sentences if s.section in ("abstract", "front", "introduction")), "")
        said = f" It opens: “{short(first, words=30)}”" if first else ""
        return f"The draft “{facts.title}” was read from its text alone; there is no evidence beside it to check.{said}"
    arms = len(plan.conditions)
    planned = [t for t in tests if t.planned]
    tally = {v: sum(t.verdict == v for t in planned) for v in ("supported", "contradicted", "open")}
    came = ", ".join(f"{n} {verdict}" for verdict, n in tally.items() if n)
    return (
        f"The paper asks: {plan.question} It compares {arms} arms on {len(plan.datasets)} data sets over"
        f" {len(plan.confirm_seeds)} fresh seeds, with {plan.metric(plan.primary_metric).label} as primary metric; of"
        f" its registered comparisons, {came or 'none could be made'}."
    )


def _change_for(defect: Defect, changes: tuple[str, ...]) -> str:
    """Return the change that speaks of a defect in words of its own; a bare "section: rewritten" does not."""
    asked = set(telling(f"{defect.what} {defect.remedy}"))
    shared = {change: len(asked & set(telling(change))) for change in changes}
    best = max(changes, key=lambda change: shared[change], default="")
    return best if best and shared[best] >= 2 else ""


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
