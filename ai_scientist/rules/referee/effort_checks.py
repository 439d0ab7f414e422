"""Checks of what an experiment's design cost and covers: tuning, search, ablations, data, margins, failed programs."""

from __future__ import annotations

from ai_scientist.analysis.cells import TestResult
from ai_scientist.core.plan import Plan
from ai_scientist.rules.referee.draft import Draft
from ai_scientist.rules.referee.notes import Note, strength, weakness

FEW_PROGRAMS = 15
"""Programs of the explore stage below which a search has seen only a part of what it could combine."""


def effort_checks(draft: Draft, plan: Plan, counts: dict[str, int], tests: tuple[TestResult, ...]) -> list[Note]:
    """Return what can be said of an experiment's effort from the plan and the counts of the search."""
    return [
        *_effort(draft, counts),
        *_ablated(counts, tests),
        *_data(draft, plan),
        *_margins(draft, tests),
        *_waste(draft, counts),
    ]


def _effort(draft: Draft, counts: dict[str, int]) -> list[Note]:
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
    return notes


def _ablated(counts: dict[str, int], tests: tuple[TestResult, ...]) -> list[Note]:
    notes: list[Note] = []
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
