"""The results: what surprised first, then the plan's comparisons in order, the search, the ablations, the rest."""

from __future__ import annotations

from ai_scientist.core.plan import Metric
from ai_scientist.rules.writing.ablations import ablated
from ai_scientist.rules.writing.background import discussed
from ai_scientist.rules.writing.comparisons import compared, compared_briefly, compared_open
from ai_scientist.rules.writing.findings import Finding, base, mean_of
from ai_scientist.rules.writing.phrases import Paragraph, cond, joined, listed, metric, paragraphs
from ai_scientist.rules.writing.search import explored, held_up
from ai_scientist.rules.writing.study import Study


def results(study: Study) -> str:
    """Return the section."""
    return paragraphs(
        _overview(study),
        *_comparisons(study),
        joined(explored(study), held_up(study)),
        ablated(study),
        _untested(study),
        discussed(study),
        _unmentioned(study),
    )


def _overview(study: Study) -> Paragraph:
    """Which of the plan's predictions held, with the displays that show it."""
    found = study.findings
    if not found:
        return (
            "None of the planned comparisons could be made, because the confirming runs left an arm or a data set "
            "without rows. What was measured is shown without a test, and nothing is concluded from it."
        )
    return joined(_tally(study), _displays(study))


def _tally(study: Study) -> str:
    found = study.findings
    verdicts = {finding.verdict for finding in found}
    pick = study.voice.pick
    if len(found) == 1:
        return {
            "supported": "The plan made a single prediction, and it is borne out.",
            "contradicted": "The plan made a single prediction, and the data reverse it.",
            "open": "The plan made a single prediction, on which the data do not decide.",
        }[found[0].verdict]
    if verdicts == {"supported"} and any(f.dissent for f in found if not f.is_equivalence):
        return (
            "On average over the data sets, everything that the plan predicted was borne out; the data sets, however,"
            " do not speak with a common voice."
        )
    if verdicts == {"supported"}:
        return pick(
            "overview",
            "Everything that the plan predicted was borne out on the confirming seeds.",
            "On seeds that no earlier stage had used, all registered predictions hold.",
        )
    if verdicts == {"contradicted"}:
        return "None of the plan's predictions survived: every comparison came out, beyond chance, the other way."
    if verdicts == {"open"}:
        return (
            "None of the registered comparisons passes its corrected test. What follows reports what was measured, and "
            "how large an effect could have been missed."
        )
    if "contradicted" in verdicts:
        return pick(
            "wrong",
            "The plan was wrong in part, and this section begins there.",
            "The surprises come at the head of this section.",
        )
    if sum(f.verdict == "open" for f in found) * 2 > len(found):
        return "Less was settled than was asked: the larger part of the registered comparisons stays open."
    return "Most of what was predicted was borne out; what was not is reported beside it and not explained away."


def _displays(study: Study) -> str:
    """A sentence that sends the reader to the displays, by what each is for."""
    bars, paired, steps = study.figure("bars"), study.figure("paired"), study.figure("steps")
    main, single = study.table("main"), study.table("datasets")
    where: list[str] = []
    if main:
        where.append(f"{main} gives every arm on every metric")
    if single:
        where.append(f"{single} the data sets by themselves")
    if bars:
        many = "Figures" in bars
        where.append(f"{bars} {'draw' if many else 'draws'} the arms data set by data set")
    if paired:
        where.append(f"{paired} the differences seed by seed")
    if steps:
        where.append(f"{steps} the curves behind these values")
    return f"{listed(where)}." if where else ""


def _comparisons(study: Study) -> list[Paragraph]:
    """Contradicted predictions first, then what was decided, in the plan's order; what stays open together."""
    order = {"contradicted": 0, "supported": 1, "open": 1}
    ranked = sorted(study.findings, key=lambda f: order[f.verdict])
    together = [f for f in ranked if _is_plainly_open(f)]
    briefly = [f for f in ranked if _is_further(study, f)]
    briefly = briefly if len(briefly) > 2 else []
    made: list[Paragraph] = []
    before: Finding | None = None
    for finding in ranked:
        if finding in briefly:
            made += [compared_briefly(study, briefly, len(made))] if finding is briefly[0] else []
        elif finding in together and len(together) > 1:
            if finding is together[0]:
                certainties = dict.fromkeys(f.certainty for f in together)
                groups = [[f for f in together if f.certainty == certainty] for certainty in certainties]
                made += [compared_open(study, group, len(made) + place) for place, group in enumerate(groups)]
        else:
            made.append(compared(study, finding, len(made), before=before))
        before = finding
    return made


def _is_further(study: Study, f: Finding) -> bool:
    """Whether a prediction with a direction holds and is neither the main one nor about what the search proposes."""
    directed = f.verdict == "supported" and not f.is_equivalence
    return directed and f is not study.main and f.hypothesis.treatment != study.plan.target


def _is_plainly_open(f: Finding) -> bool:
    return f.verdict == "open" and not f.is_equivalence and f.certainty != "lost to correction"


def _untested(study: Study) -> Paragraph:
    """Metrics that no hypothesis was registered for: described, not tested."""
    plan, target = study.plan, study.plan.target
    tested = {h.metric for h in plan.hypotheses}
    other = study.repair.hypothesis.baseline if study.repair else plan.baseline.name
    untested = [m for m in plan.metrics if m.name not in tested]
    lines = [line for n, m in enumerate(untested) if (line := _described(study, m, target, other, n))]
    if not lines:
        return ""
    lead = study.voice.pick(
        "untested",
        "What else was measured had no hypothesis attached; it is context for the tests and not evidence beside them.",
        "Metrics without a registered hypothesis are described and not tested.",
    )
    return joined(rf"\paragraph{{Beyond the plan.}} {lead}", *lines)


def _described(study: Study, m: Metric, treatment: str, baseline: str, number: int) -> str:
    results, plan = study.facts.results, study.plan
    if mean_of(results, plan, m.name, treatment) is None or mean_of(results, plan, m.name, baseline) is None:
        return ""
    first, second = rf"\valci{{{base(plan, m.name, treatment)}}}", rf"\valci{{{base(plan, m.name, baseline)}}}"
    return study.voice.turn(
        "described",
        number,
        f"The {metric(m.name)} is {first} for {cond(treatment)} and {second} for {cond(baseline)}.",
        f"For the {metric(m.name)}, the means are {first} under {cond(treatment)} and {second} under {cond(baseline)}.",
    )


def _unmentioned(study: Study) -> Paragraph:
    """A reference to displays of a kind that no sentence above speaks of."""
    others = study.figure("other")
    known = {"main", "datasets", "ablation"}
    tables = study.table(*(t.name for t in study.facts.tables if t.name not in known))
    left = listed(part for part in (others, tables) if part)
    return f"{left} complete{'' if ' and ' in left or 's~' in left else 's'} the picture." if left else ""
