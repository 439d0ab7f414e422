"""Checks of a paper's evidence: plan, corrected tests, counts, programmed checks, findings of the audit."""

from __future__ import annotations

from ai_scientist.agents.reviewing import Evidence
from ai_scientist.analysis.cells import TestResult
from ai_scientist.core.plan import Plan
from ai_scientist.review.forms import Defect
from ai_scientist.rules.referee.code_checks import code_checks
from ai_scientist.rules.referee.draft import Draft
from ai_scientist.rules.referee.notes import Note, strength, weakness

FEW_SEEDS = 8
"""Fewer confirming seeds than this leave wide intervals for any effect of ordinary size."""

FEW_PROGRAMS = 15
"""Programs of the explore stage below which a search has seen only a part of what it could combine."""


def evidence_checks(draft: Draft, evidence: Evidence) -> list[Note]:
    """Return what can be said of a paper from its evidence; nothing for a stranger's draft."""
    notes = [*_findings(evidence), *_programmed(evidence)]
    if evidence.plan is not None:
        notes += [
            *_plan(evidence.plan),
            *_seeds(evidence.plan, evidence.tests),
            *_verdicts(draft, evidence.plan, evidence.tests),
            *_effort(draft, evidence.plan, evidence.counts, evidence.tests),
            *_data(draft, evidence.plan),
            *_resampling(draft, evidence.plan, evidence.tests),
            *_margins(draft, evidence.tests),
            *_trifles(evidence.plan, evidence.tests),
            *_waste(draft, evidence.counts),
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
            defect=Defect(
                severity="integrity",
                where=finding.where,
                what=f"{finding.kind}: {finding.why}",
                remedy="Make the artifact again from the recorded rows; nothing else can mend it.",
            ),
        )
        for finding in evidence.findings
    ]


def _programmed(evidence: Evidence) -> list[Note]:
    """Programmed checks, in words; one that failed says so."""
    failed = [
        c
        for c in evidence.checks
        if any(
            word in c.lower()
            for word in ("fail", "leak", "duplicate rows", "identical arms", "not reproduced", "worse than trivial")
        )
    ]
    failed = [
        c
        for c in failed
        if not any(good in c.lower() for good in ("no leak", "none fail", "0 fail", "no duplicate", "did not fail"))
    ]
    notes = [
        weakness(
            "method",
            "soundness",
            0.8,
            f"A programmed check did not pass: {check}",
            where="experiments",
            remedy="Mend its cause and run the confirmation again, or say in the paper what it means for the results.",
            severity="major",
            question=f"What does this mean for the results: {check}",
        )
        for check in failed[:3]
    ]
    passed = len(evidence.checks) - len(failed)
    if passed > 0 and not failed:
        notes.append(
            strength(
                "method",
                "soundness",
                0.3,
                (
                    "The programmed check of the experiment passes."
                    if passed == 1
                    else f"All {passed} programmed checks of the experiment pass."
                ),
            )
        )
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
    decided = [t for t in planned if t.verdict != "open"]
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
    if planned and decided:
        largest = min(decided, key=lambda t: (t.p_corrected, -abs(t.effect or 0.0)))
        metric = plan.metric(largest.hypothesis.metric).label
        size = f", d = {largest.effect:.2f}" if largest.effect is not None else ""
        notes.append(
            strength(
                "evidence",
                "contribution",
                0.3 + 0.4 * len(decided) / len(planned),
                f"{len(decided)} of {len(planned)} registered comparisons are decided after correction; the clearest is"
                f" {largest.id} on {metric} (difference {largest.difference:+.3g}{size}).",
            )
        )
    elif planned:
        notes.append(
            weakness(
                "evidence",
                "contribution",
                0.4,
                "No registered comparison is decided, so that the contribution is what the intervals exclude.",
                where="conclusion",
                remedy="Say for each open comparison which effects its interval excludes.",
                question="Which effect sizes do the intervals of the open comparisons exclude?",
            )
        )
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


def _effort(draft: Draft, plan: Plan, counts: dict[str, int], tests: tuple[TestResult, ...]) -> list[Note]:
    notes: list[Note] = []
    tuned = counts.get("nodes_tune", 0)
    explored = counts.get("nodes_explore", 0)
    if tuned:
        notes.append(
            strength(
                "method",
                "soundness",
                0.2,
                f"The baseline had {tuned} programs of tuning before anything was compared with it.",
            )
        )
    elif explored:
        notes.append(
            weakness(
                "method",
                "soundness",
                0.4,
                f"The proposed condition was searched with {explored} programs and the baseline with none.",
                where="experiments",
                remedy="Tune the baseline with the same budget.",
                severity="major",
                question="What would the baseline reach with the same budget of search?",
            )
        )
    if 0 < explored < FEW_PROGRAMS and not draft.find(r"\bshort\b|\bsmall\b|barely", "limitations"):
        notes.append(
            weakness(
                "method",
                "contribution",
                0.2,
                f"{explored} programs were tried in search of components; what was not tried is unknown.",
                where="limitations",
                remedy="Say how small the search was, and that a component it passed over may still be worth having.",
            )
        )
    components = counts.get("components", 0)
    ablated = sum(not t.planned and t.hypothesis.baseline.startswith("without_") for t in tests)
    if components > ablated:
        notes.append(
            weakness(
                "method",
                "soundness",
                0.3,
                f"Of {components} components of the confirmed configuration, {ablated} were ablated.",
                where="results",
                remedy="Say that the remaining components were not ablated, and that their share is unknown.",
                question="What do the components contribute that were not ablated?",
            )
        )
    elif components:
        notes.append(
            strength("method", "soundness", 0.2, "Every component of the confirmed configuration was ablated.")
        )
    return notes


def _data(draft: Draft, plan: Plan) -> list[Note]:
    if len(plan.datasets) == 1:
        return [
            weakness(
                "method",
                "contribution",
                0.5,
                "A single data set carries the whole paper.",
                where="limitations",
                remedy="Say that nothing is known beyond it, or add another.",
                limitation="One data set; nothing is known beyond it.",
                question="Is there a reason to expect the same on other data?",
            )
        ]
    names = ", ".join(dataset.label for dataset in plan.datasets[:4])
    notes = [
        Note(
            lens="method",
            scale="contribution",
            weight=-0.25,
            text=(
                f"{len(plan.datasets)} data sets ({names}) are few, and the tests treat them as fixed: the p-values"
                " speak of these and of no others."
            ),
            question=f"Which property do {names} share that would let the findings carry over to other data?",
            limitation="The data sets are fixed and few; the tests do not speak of data sets in general.",
        )
    ]
    if not draft.find(r"population of data|at hand|other data|stand for no", "limitations", "conclusion"):
        notes.append(
            weakness(
                "method",
                "soundness",
                0.2,
                "The paper does not say that its tests treat the data sets as fixed.",
                where="limitations",
                remedy="Say that the data sets stand for no population of data sets.",
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


def _margins(draft: Draft, tests: tuple[TestResult, ...]) -> list[Note]:
    asked = [t for t in tests if t.hypothesis.expects == "equivalent" and t.hypothesis.margin]
    if not asked:
        return []
    t = asked[0]
    notes = [
        Note(
            lens="method",
            scale="soundness",
            weight=-0.05 if draft.has("judgement", "chosen because", "smallest relevant") else -0.25,
            text=f"The margin of {t.hypothesis.margin:g} in {t.hypothesis.metric} for {t.id} rests on judgement.",
            question=(
                f"Why {t.hypothesis.margin:g} in {t.hypothesis.metric} for {t.id}, and does the verdict change at "
                f"{(t.hypothesis.margin or 0.0) / 2:g}?"
            ),
        )
    ]
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


def _waste(draft: Draft, counts: dict[str, int]) -> list[Note]:
    nodes, failed = counts.get("nodes", 0), counts.get("failed_nodes", 0)
    if not nodes or failed * 4 < nodes or draft.find(r"no valid rows|failed|invalid", "experiments", "limitations"):
        return []
    return [
        weakness(
            "method",
            "soundness",
            0.25,
            f"{failed} of {nodes} programs of the search gave no valid rows, and the paper does not say what became of"
            " them.",
            where="experiments",
            remedy="Say how failed programs were treated, and that their repair did not see results.",
        )
    ]
