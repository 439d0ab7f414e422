"""The results: what surprised first, then the plan's comparisons in order, the search, the ablations, the rest."""

from __future__ import annotations

from ai_scientist.core.plan import Metric
from ai_scientist.rules.writing.comparisons import compared, figures_of, statement
from ai_scientist.rules.writing.findings import Finding, base, mean_of
from ai_scientist.rules.writing.phrases import Paragraph, capital, claim, cond, joined, listed, metric, paragraphs
from ai_scientist.rules.writing.search import explored, held_up
from ai_scientist.rules.writing.study import Study


def results(study: Study) -> str:
    """Return the section."""
    return paragraphs(
        _overview(study),
        *_comparisons(study),
        joined(_tree(study), explored(study), held_up(study)),
        *_ablations(study),
        _untested(study),
    )


def _overview(study: Study) -> Paragraph:
    """Which of the plan's predictions held, with the displays that show it."""
    found = study.findings
    if not found:
        return (
            "None of the planned comparisons could be made, because the confirming runs left an arm or a data set "
            "without rows. What was measured is shown without a test, and nothing is concluded from it."
        )
    verdicts = {finding.verdict for finding in found}
    shows = _displays(study)
    if verdicts == {"supported"}:
        tally = study.voice.pick(
            "overview",
            "Everything that the plan predicted was borne out on the confirming seeds.",
            "On seeds that no earlier stage had used, all registered predictions hold.",
        )
    elif verdicts == {"contradicted"}:
        tally = "None of the plan's predictions survived: every comparison came out, beyond chance, the other way."
    elif verdicts == {"open"}:
        tally = (
            "None of the registered comparisons passes its corrected test. The section therefore reports what was "
            "measured, and how large an effect could have been missed."
        )
    elif "contradicted" in verdicts:
        tally = "The plan was wrong in part, and this section begins there."
    elif len([f for f in found if f.verdict == "open"]) * 2 > len(found):
        tally = "Less was settled than was asked: the larger part of the registered comparisons stays open."
    else:
        tally = "Most of what was predicted was borne out; what was not is reported beside it and not explained away."
    return joined(tally, shows)


def _displays(study: Study) -> str:
    bars, paired, steps = study.figure("bars"), study.figure("paired"), study.figure("steps")
    main, single = study.table("main"), study.table("datasets")
    where: list[str] = []
    if main:
        where.append(
            f"{main} gives all arms on all metrics" + (f", {single} the data sets by themselves" if single else "")
        )
    if bars:
        where.append(
            f"{bars} show{'' if 'Figures' in bars else 's'} the same as bars" if main else f"{bars} shows the arms"
        )
    if paired:
        where.append(f"{paired} the differences from which the conclusion is drawn")
    if steps:
        where.append(f"{steps} the course over training")
    return f"{', '.join(where[:-1])}{' and ' if len(where) > 1 else ''}{where[-1]}." if where else ""


def _comparisons(study: Study) -> list[Paragraph]:
    """Contradicted predictions first; the others in the plan's order."""
    surprising = [f for f in study.findings if f.verdict == "contradicted"]
    rest = [f for f in study.findings if f.verdict != "contradicted"]
    made: list[Paragraph] = []
    before: Finding | None = None
    for number, finding in enumerate([*surprising, *rest]):
        made.append(compared(study, finding, number, before=before))
        before = finding
    return made


def _tree(study: Study) -> str:
    tree = study.figure("tree")
    return f"{tree} shows every program that was tried." if tree else ""


def _ablations(study: Study) -> list[Paragraph]:
    """Which components carry the result, in the order of what they carry; none of it was registered beforehand."""
    found = study.ablations
    if not found:
        return []
    shown = listed(part for part in (study.table("ablation"), study.figure("ablation")) if part)
    passing = [f for f in found if f.test.is_significant]
    carrying = [f for f in passing if study.carried(f) > 0]
    harmful = [f for f in passing if study.carried(f) < 0]
    silent = [f for f in found if not f.test.is_significant]
    lead = (
        f"{shown or 'The ablation'} take{'' if ' and ' in shown else 's'} the proposed configuration apart. "
        "These comparisons were added after the plan, for the components that the search happened to choose; they are "
        "exploratory, and corrected together with the planned ones."
    )
    if len(found) == 1:
        return [joined(lead, _only(study, found[0]))]
    first = ""
    if carrying:
        most = carrying[0]
        first = (
            f"Most of the effect is carried by {study.title_of(study.component(most))}: compared with "
            f"{cond(most.hypothesis.baseline)}, {cond(most.hypothesis.treatment)} {claim(most.verb, most.id)} "
            f"{metric(most.metric.name)}, by {figures_of(most)}."
        )
        if len(carrying) > 1:
            rest = listed(f"{study.title_of(study.component(f))} (\\delta{{{f.id}}})" for f in carrying[1:])
            first += f" Behind it, and also beyond chance, come {rest}."
    hurts = ""
    if harmful:
        worst = harmful[-1]
        hurts = (
            f"In this company {study.title_of(study.component(worst))} is out of place: {statement(worst)}, by "
            f"{figures_of(worst)}. The search had admitted it on the search seeds, which fresh seeds do not bear out."
        )
    quiet = ""
    if silent and passing:
        names = listed(f"{study.title_of(study.component(f))} (\\delta{{{f.id}}}, \\pval{{{f.id}}})" for f in silent)
        quiet = f"For {names}, it makes no difference that could be established whether the part is there."
    elif silent:
        names = listed(f"{study.title_of(study.component(f))} (\\delta{{{f.id}}})" for f in silent)
        quiet = (
            f"No part is shown to matter by itself: for {names}, the whole with and without the part cannot be told"
            " apart."
        )
        if study.repair is not None and study.repair.verdict == "supported":
            quiet += (
                " Since the whole nevertheless passes its test, the parts seem able to stand in for each other; taking "
                "all of them away is what costs."
            )
        else:
            quiet += " Nothing then speaks for keeping the more complicated configuration."
    return [joined(lead, first, hurts, quiet)]


def _only(study: Study, f: Finding) -> str:
    part = study.title_of(study.component(f))
    if not f.test.is_significant:
        return (
            f"With {part} as the sole addition, its ablation asks the main question of the search again: {statement(f)}"
            f" ({figures_of(f)}).".replace(f"({figures_of(f)})", f"; the difference is {figures_of(f)}").replace(
                " ;", ";"
            )
        )
    return (
        f"With {part} as the sole addition, leaving it out takes everything away: {statement(f)}, by {figures_of(f)}."
    )


def _untested(study: Study) -> Paragraph:
    """Metrics that no hypothesis was registered for: described, not tested."""
    plan, target = study.plan, study.plan.target
    tested = {h.metric for h in plan.hypotheses}
    other = study.repair.hypothesis.baseline if study.repair else plan.baseline.name
    lines = [_described(study, m, target, other) for m in plan.metrics if m.name not in tested]
    lines = [line for line in lines if line]
    if not lines:
        return ""
    lead = study.voice.pick(
        "untested",
        "The remaining metrics were declared without a hypothesis and are described only.",
        "What else was measured had no hypothesis attached; it is context for the tests and not evidence beside them.",
    )
    return joined(lead, *lines)


def _described(study: Study, m: Metric, treatment: str, baseline: str) -> str:
    results, plan = study.facts.results, study.plan
    if mean_of(results, plan, m.name, treatment) is None or mean_of(results, plan, m.name, baseline) is None:
        return ""
    return (
        rf"{capital(metric(m.name))} is \valci{{{base(plan, m.name, treatment)}}} for {cond(treatment)} and "
        rf"\valci{{{base(plan, m.name, baseline)}}} for {cond(baseline)}."
    )
