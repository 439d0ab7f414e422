"""Checks of a paper's evidence: plan, corrected tests, counts, programmed checks, findings of the audit."""

from __future__ import annotations

from ai_scientist.agents.reviewing import Evidence
from ai_scientist.analysis.cells import TestResult
from ai_scientist.core.plan import Plan
from ai_scientist.review.meta import integrity
from ai_scientist.rules.referee.code_checks import code_checks
from ai_scientist.rules.referee.draft import Draft
from ai_scientist.rules.referee.effort_checks import effort_checks
from ai_scientist.rules.referee.notes import Note, strength, weakness

FEW_SEEDS = 8
"""Fewer confirming seeds than this leave wide intervals for any effect of ordinary size."""


def evidence_checks(draft: Draft, evidence: Evidence) -> list[Note]:
    """Return what can be said of a paper from its evidence; nothing for a stranger's draft."""
    notes = [*_findings(evidence), *_sound(evidence)]
    if evidence.plan is not None:
        notes += [
            *_plan(evidence.plan),
            *_seeds(evidence.plan, evidence.tests),
            *_verdicts(draft, evidence.plan, evidence.tests),
            *_resampling(draft, evidence.plan, evidence.tests),
            *_trifles(evidence.plan, evidence.tests),
            *effort_checks(draft, evidence.plan, evidence.counts, evidence.tests),
            *code_checks(evidence.code),
        ]
    return notes


def _findings(evidence: Evidence) -> list[Note]:
    """Every finding of the audit is a veto."""
    return [
        Note(
            lens="evidence",
            scale="soundness",
            weight=-3.0,
            text=f"Integrity: {finding.kind} in {finding.where} cannot be traced: {finding.why}",
            question=f"How did {finding.where} come to differ from what the run recorded?",
            defect=integrity(finding),
        )
        for finding in evidence.findings
    ]


def _sound(evidence: Evidence) -> list[Note]:
    """Checks of the experiment by programs; a failed one is among the audit's findings, and a veto there."""
    warned = [check for check in evidence.soundness if check.verdict == "warned"]
    passed = [check for check in evidence.soundness if check.verdict == "passed"]
    notes = [
        weakness(
            "method",
            "soundness",
            0.4,
            f"A check of the experiment warns that it is not so that {check.name}: {check.why}",
            where="limitations",
            remedy="Mend its cause and confirm again, or say in the paper what it means for the results.",
            severity="major",
            question=f"What does this mean for the results: {check.why}",
        )
        for check in warned[:3]
    ]
    if len(passed) > len(evidence.soundness) / 2:
        text = f"Of {len(evidence.soundness)} checks of the experiment by programs, {len(passed)} pass."
        notes.append(strength("method", "soundness", 0.3, text))
    return notes


def _plan(plan: Plan) -> list[Note]:
    count = len(plan.hypotheses)
    return [
        strength(
            "method",
            "soundness",
            0.4,
            f"{count} hypothes{'is was' if count == 1 else 'es were'} locked before any result existed, with metric and"
            " direction.",
        )
    ]


def _seeds(plan: Plan, tests: tuple[TestResult, ...]) -> list[Note]:
    n = len(plan.confirm_seeds)
    hopeless = [t for t in tests if "sign-flip" in t.method and 2.0 ** (1 - t.n) * t.family >= t.alpha]
    if hopeless:
        return [
            weakness(
                "evidence",
                "soundness",
                1.6,
                f"With {n} confirming seeds and {hopeless[0].family} comparisons, the exact test cannot pass whatever"
                " the data say.",
                where="limitations",
                remedy="Say that this setting cannot establish an effect, and repeat the confirmation with more seeds.",
                severity="major",
                question=(
                    f"How many seeds would the exact test need to pass after correction for {hopeless[0].family}"
                    " comparisons?"
                ),
                limitation=f"{n} seeds cannot establish any effect after correction; the paper is descriptive.",
            )
        ]
    if n < FEW_SEEDS:
        return [
            weakness(
                "evidence",
                "soundness",
                0.3,
                f"The conclusions rest on {n} confirming seeds.",
                where="limitations",
                remedy="Name the smallest effect that so few seeds could have shown.",
                limitation=f"{n} seeds bound only large effects.",
            )
        ]
    return [
        strength(
            "evidence",
            "soundness",
            0.4,
            f"Headline numbers come from {n} seeds that the search never used, so that they are free of its optimism.",
        )
    ]


def _verdicts(draft: Draft, plan: Plan, tests: tuple[TestResult, ...]) -> list[Note]:
    notes: list[Note] = []
    planned = [t for t in tests if t.planned]
    missing = [h.id for h in plan.hypotheses if h.id not in {t.id for t in tests}]
    if missing:
        notes.append(
            weakness(
                "evidence",
                "soundness",
                0.6,
                f"The registered comparison{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
                f" {'were' if len(missing) > 1 else 'was'} never made.",
                where="results",
                remedy="Make it, or say why it could not be made.",
                severity="major",
            )
        )
    notes += _decided(plan, planned)
    surprises = [t for t in planned if t.verdict == "contradicted"]
    if surprises:
        notes.append(
            strength(
                "evidence",
                "originality",
                0.4,
                f"A registered prediction ({surprises[0].id}) is contradicted and reported as such.",
            )
        )
    return [*notes, *_open(draft, plan, planned)]


def _decided(plan: Plan, planned: list[TestResult]) -> list[Note]:
    decided = [t for t in planned if t.verdict != "open"]
    if decided:
        largest = min(decided, key=lambda t: (t.p_corrected, -abs(t.effect or 0.0)))
        metric = plan.metric(largest.hypothesis.metric).label
        size = f", d = {largest.effect:.2f}" if largest.effect is not None else ""
        return [
            strength(
                "evidence",
                "contribution",
                0.3 + 0.4 * len(decided) / len(planned),
                f"Decided after correction: {len(decided)} of {len(planned)} registered comparisons; the clearest is"
                f" {largest.id} on {metric} (difference {largest.difference:+.3g}{size}).",
            )
        ]
    if planned:
        return [
            weakness(
                "evidence",
                "contribution",
                0.4,
                "No registered comparison is decided, so that the contribution is what the intervals exclude.",
                where="conclusion",
                remedy="Say for each open comparison which effects its interval excludes.",
                question="Which effect sizes do the intervals of the open comparisons exclude?",
            )
        ]
    return []


def _open(draft: Draft, plan: Plan, planned: list[TestResult]) -> list[Note]:
    """A question for each open comparison that an interval leaves wide."""
    notes: list[Note] = []
    for t in [t for t in planned if t.verdict == "open"][:2]:
        metric = plan.metric(t.hypothesis.metric).label
        span = f"from {t.ci_low:+.3g} to {t.ci_high:+.3g}"
        if t.hypothesis.margin:
            limitation = f"Agreement within {t.hypothesis.margin:g} in {metric} ({t.id}) is not shown."
            question = (
                f"{t.id} asks for agreement within {t.hypothesis.margin:g} in {metric}, and the interval runs"
                f" {span}: is "
            )
            question += "the gap real, or the margin too narrow for so many seeds?"
        else:
            limitation = (
                f"{t.id} cannot tell an effect of {max(abs(t.ci_low), abs(t.ci_high)):.2g} in {metric} from none."
            )
            question = (
                f"{t.id} is open with an interval {span} in {metric}: which difference would matter in practice, and "
            )
            question += "would this design have shown it?"
        text = f"{t.id} stays open: the interval of the difference in {metric} runs {span}."
        if draft.find(r"remain possible", "results", "conclusion"):
            notes.append(
                Note(
                    lens="evidence",
                    scale="soundness",
                    weight=-0.05,
                    text=text,
                    question=question,
                    limitation=limitation,
                )
            )
        else:
            notes.append(
                weakness(
                    "evidence",
                    "soundness",
                    0.1,
                    text,
                    where="results",
                    remedy=(
                        "Say which differences the intervals of open comparisons exclude, and which remain possible."
                    ),
                    question=question,
                    limitation=limitation,
                )
            )
    return notes


def _resampling(draft: Draft, plan: Plan, tests: tuple[TestResult, ...]) -> list[Note]:
    """Seeds that split the same rows anew are not independent samples, which makes differences look steadier."""
    regular = [t for t in tests if t.effect is not None and abs(t.effect) >= 3.0]
    notes: list[Note] = []
    if not draft.find(r"not the data sets themselves|new samples|same rows|resampl", "limitations"):
        notes.append(
            weakness(
                "evidence",
                "soundness",
                0.3,
                "Seeds split the same rows again and again; the paper does not say that its p-values refer to"
                " repetitions on these rows and not to new samples.",
                where="limitations",
                remedy="Say what the p-values refer to: repetitions of split and training on the same rows.",
            )
        )
    if regular:
        largest = max(regular, key=lambda t: abs(t.effect or 0.0))
        text = (
            f"A standardised effect of {abs(largest.effect or 0.0):.1f} ({largest.id}) reflects how little seeds vary"
            " on shared rows, and is not to be compared with effects between independent samples."
        )
        question = (
            f"How much of the regularity behind {largest.id} (d = {largest.effect:.1f}) is owed to seeds that share"
            " most of their rows?"
        )
        if draft.find(r"standardised effects? .*(?:share|independent)", "results", "limitations", "method"):
            notes.append(Note(lens="evidence", scale="soundness", weight=-0.05, text=text, question=question))
        else:
            notes.append(
                weakness(
                    "evidence",
                    "soundness",
                    0.15,
                    text,
                    where="results",
                    remedy=(
                        "Say what standardised effects refer to: the spread between seeds that share most of their"
                        " rows."
                    ),
                    question=question,
                )
            )
    return notes


def _trifles(plan: Plan, tests: tuple[TestResult, ...]) -> list[Note]:
    """Decided differences so small on the metric's own scale that they matter to nobody."""
    notes: list[Note] = []
    for t in tests:
        metric = plan.metric(t.hypothesis.metric)
        if t.verdict == "open" or t.hypothesis.expects == "equivalent" or metric.low is None or metric.high is None:
            continue
        if abs(t.difference) < 0.004 * (metric.high - metric.low):
            notes.append(
                weakness(
                    "evidence",
                    "contribution",
                    0.3,
                    f"{t.id} passes its test with a difference of {t.difference:+.2g} in {metric.label}, which is"
                    " steady and hardly of practical relevance.",
                    where="results",
                    remedy="Hold the difference against the level of the comparison arm, and say whether it matters.",
                    question=f"For whom would {t.difference:+.2g} in {metric.label} matter?",
                )
            )
    return notes[:2]
