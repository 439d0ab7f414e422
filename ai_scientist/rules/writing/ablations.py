"""The ablations in sentences: which component carries the result, which harms it, and whether the parts overlap."""

from __future__ import annotations

from ai_scientist.rules.writing.comparisons import figures_of, moves
from ai_scientist.rules.writing.findings import Finding
from ai_scientist.rules.writing.phrases import Paragraph, joined, listed
from ai_scientist.rules.writing.study import Study


def ablated(study: Study) -> Paragraph:
    """Return the paragraph on the ablations, heaviest component first; none of it was registered beforehand."""
    found = study.ablations
    if not found:
        return ""
    shown = [part for part in (study.table("ablation"), study.figure("ablation")) if part]
    where = f" ({listed(shown)})" if shown else ""
    if len(found) == 1:
        lead = (
            rf"\paragraph{{Ablation.}} The configuration without its sole component was run beside it{where}; this "
            "comparison was added after the plan, and is corrected together with the planned ones."
        )
        return joined(lead, _only(study, found[0]))
    lead = (
        rf"\paragraph{{Ablations.}} Each component was left out in turn{where}. These comparisons were added after the "
        "plan, for the components that the search happened to choose; they are exploratory, and corrected together "
        "with the planned ones."
    )
    carrying = [f for f in found if f.test.is_significant and study.carried(f) > 0]
    harmful = [f for f in found if f.test.is_significant and study.carried(f) < 0]
    silent = [f for f in found if not f.test.is_significant]
    return joined(
        lead,
        _carrying(study, carrying),
        _harmful(study, harmful),
        _silent(study, silent, bool(carrying or harmful)),
        _sum(study, carrying, silent) if not harmful else "",
    )


def against(study: Study, f: Finding) -> str:
    """Return an ablation's claim as a clause that follows one which names the part."""
    return f"{moves(study, f)} relative to the same configuration without it"


def _carrying(study: Study, found: list[Finding]) -> str:
    if not found:
        return ""
    most = found[0]
    part = study.title_of(study.component(most))
    repair = study.repair
    whole = abs(repair.test.difference) if repair is not None and repair.metric.name == most.metric.name else 0.0
    if len(found) > 1:
        opening = f"The most is carried by {part}"
    elif whole and study.carried(most) >= 0.5 * whole:
        opening = f"The bulk of the effect is carried by {part}"
    else:
        opening = f"A share that can be told from chance is carried by {part} alone"
    first = f"{opening}: {against(study, most)}, by {figures_of(most)}."
    if len(found) == 1:
        return first
    rest = listed(rf"{study.title_of(study.component(f))}, at \delta{{{f.id}}}" for f in found[1:])
    return joined(first, f"Behind it, and likewise beyond chance, {'comes' if len(found) == 2 else 'come'} {rest}.")


def _harmful(study: Study, found: list[Finding]) -> str:
    if not found:
        return ""
    worst = found[-1]
    part = study.title_of(study.component(worst))
    return (
        f"In this company {part} is out of place: {against(study, worst)}, by {figures_of(worst)}. The search had"
        " admitted it on the strength of its own seeds, which the fresh ones do not bear out."
    )


def _silent(study: Study, found: list[Finding], others: bool) -> str:
    if not found:
        return ""
    names = listed(study.title_of(study.component(f)) for f in found)
    figures = listed(rf"\delta{{{f.id}}}" for f in found)
    if others:
        return (
            f"As for {names}, the arms with and without {'it' if len(found) == 1 else 'them'} cannot be told apart, at "
            f"{figures}."
        )
    text = (
        f"No component is shown to matter by itself: for {names}, the differences between the whole and the whole "
        f"without the part are {figures}, and none passes."
    )
    if study.repair is not None and study.repair.verdict == "supported":
        return (
            f"{text} Since the whole nevertheless passes its own test, the components seem able to stand in for each "
            "other: taking any of them away costs little, and taking away all of them costs the effect."
        )
    return f"{text} Nothing then speaks for keeping the more complicated configuration."


def _sum(study: Study, carrying: list[Finding], silent: list[Finding]) -> str:
    """Whether what the components carry by themselves adds up to what the whole does."""
    repair = study.repair
    if repair is None or repair.verdict == "open" or not repair.is_gain or len(carrying) + len(silent) < 2:
        return ""
    if not carrying or carrying[0].metric.name != repair.metric.name:
        return ""
    total = sum(max(0.0, study.carried(f)) for f in (*carrying, *silent))
    whole = abs(repair.test.difference)
    if total > 1.3 * whole:
        return (
            "Taken together, what the parts cost when they are missing comes to more than the whole gains, so that they"
            " depend on each other."
        )
    if total < 0.6 * whole:
        return (
            "Taken together, what the parts cost when they are missing falls short of what the whole gains, so that "
            "they can in part stand in for each other."
        )
    return "Taken together, what the parts cost when they are missing roughly adds up to what the whole gains."


def _only(study: Study, f: Finding) -> str:
    part = study.title_of(study.component(f))
    if not f.test.is_significant:
        return (
            f"For {part}, it asks the question of the remedy again: {against(study, f)}, the difference being"
            f" {figures_of(f)}."
        )
    if study.carried(f) < 0:
        return f"For {part}, leaving it out is the better choice: {against(study, f)}, by {figures_of(f)}."
    return f"For {part}, leaving it out takes the effect away: {against(study, f)}, by {figures_of(f)}."
