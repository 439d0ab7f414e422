r"""A test in sentences: what holds, how large and how steady it is, where it holds, and what stays open.

Every test appears with its difference, interval and corrected p-value; verbs that claim are always \claim macros.
"""

from __future__ import annotations

from collections.abc import Sequence

from ai_scientist.rules.writing.findings import Finding, base
from ai_scientist.rules.writing.phrases import Paragraph, brief, claim, cond, dataset, joined, listed, metric
from ai_scientist.rules.writing.study import Study


def compared(study: Study, finding: Finding, number: int, *, before: Finding | None = None) -> Paragraph:
    """Return the paragraph on a planned comparison; `number` counts paragraphs, so that wordings take turns."""
    if finding.is_equivalence:
        return joined(*_equivalence(study, finding, number, before))
    if finding.verdict == "open":
        return joined(*_open(study, finding, number), _divided(finding, number, study))
    return joined(*_decided(study, finding, number, before), _across_data(study, finding, number))


def compared_open(study: Study, findings: Sequence[Finding], number: int) -> Paragraph:
    """Return a paragraph on several comparisons that stay open for the same reason."""
    if len(findings) == 1:
        return compared(study, findings[0], number)
    certainty = findings[0].certainty
    pairs = dict.fromkeys((f.hypothesis.treatment, f.hypothesis.baseline) for f in findings)
    measured = joined(
        *(
            f"For {cond(pair[0])} against {cond(pair[1])}, the difference "
            + ", and that ".join(
                f"in the {metric(f.metric.name)} is {figures_of(f)}"
                for f in findings
                if (f.hypothesis.treatment, f.hypothesis.baseline) == pair
            )
            + "."
            for pair in pairs
        )
    )
    chance = ""
    if not study.components and any(f.hypothesis.treatment == study.plan.target for f in findings):
        chance = (
            f"For {cond(study.plan.target)} that is as it should be: without a component, it differs from its starting "
            "point in nothing but the random draws."
        )
    if certainty == "could not pass":
        seeds = study.count("confirm_seeds") or "so few"
        return joined(
            f"With {seeds} seeds the exact test cannot fall below the corrected threshold, whatever the data say, so"
            " that what follows is description.",
            measured,
            _leaning(findings),
        )
    lead = study.voice.pick(
        "several open",
        "The remaining comparisons stay open.",
        "On the other comparisons the data do not commit themselves.",
        "Elsewhere the corrected tests do not pass.",
    )
    if number == 0:
        lead = study.voice.pick(
            "all open", "What was measured is this.", "The differences and their intervals are the following."
        )
        return joined(lead, measured, _rooms(findings), chance)
    return joined(lead, measured, _rooms(findings), chance)


def compared_briefly(study: Study, findings: Sequence[Finding], number: int) -> Paragraph:
    """Return a paragraph on several predictions that hold, of which none is the main one."""
    lead = study.voice.turn(
        "briefly",
        number,
        "Further predictions of a direction hold too, and can be told together.",
        "Some more predictions of a direction came out as they were made.",
    )
    told = [f"{statement(study, f)}, the difference being {figures_of(f)}." for f in findings]
    steadiest = max(findings, key=lambda f: abs(f.test.effect or 0.0))
    faintest = min(findings, key=lambda f: abs(f.test.effect or 0.0))
    contrast = ""
    if steadiest.steadiness == "steady" and faintest.steadiness != "steady":
        contrast = (
            rf"They are not equally firm: the one on {cond(steadiest.hypothesis.treatment)} returns with nearly every "
            rf"seed, at \effect{{{steadiest.id}}}, while that on {cond(faintest.hypothesis.treatment)} has to be seen "
            rf"through the spread between seeds, at \effect{{{faintest.id}}}."
        )
    divided = next((text for f in findings if (text := _divided(f, number, study))), "")
    return joined(lead, *told, contrast, divided)


def statement(study: Study, finding: Finding) -> str:
    """Return a test's claim as a clause: "A raises the B relative to C"; honest by itself: the verb is a macro."""
    h = finding.hypothesis
    if finding.is_equivalence:
        verb = claim("are_equivalent_to" if study.is_plural(h.treatment) else "is_equivalent_to", finding.id)
        return f"{cond(h.treatment)} {verb} {cond(h.baseline)} in the {metric(h.metric)}"
    return f"{moves(study, finding)} relative to {cond(h.baseline)}"


def moves(study: Study, finding: Finding) -> str:
    """Return the beginning of such a clause: what the treatment does to the metric."""
    h = finding.hypothesis
    if study.is_plural(h.treatment):
        verb = "raise" if finding.is_more else "lower_plural"
    else:
        verb = "raises" if finding.is_more else "lowers"
    return f"{cond(h.treatment)} {claim(verb, finding.id)} the {metric(h.metric)}"


def figures_of(finding: Finding) -> str:
    """Return difference and corrected p-value as a clause's end."""
    return rf"\delta{{{finding.id}}}, with \pval{{{finding.id}}} after correction"


def _decided(study: Study, f: Finding, number: int, before: Finding | None) -> tuple[str, ...]:
    turn = study.voice.turn
    if f.verdict == "contradicted":
        lead = turn(
            "contradicted",
            number,
            f"The plan predicted the opposite of what was measured: {statement(study, f)}.",
            f"Here the prediction fails, and not for want of precision: {statement(study, f)}.",
            f"The sign is the reverse of the registered one: {statement(study, f)}.",
        )
    else:
        lead = f"{_opening(study, f, number, before)}{statement(study, f)}."
    effect = rf" and \effect{{{f.id}}}" if f.test.effect is not None else ""
    figures = turn(
        "figures",
        number,
        f"The difference is {figures_of(f)}{effect}.",
        rf"The paired difference amounts to {figures_of(f)}{effect}.",
        f"Seed by seed, the mean difference is {figures_of(f)}{effect}.",
    )
    return lead, figures, _magnitude(study, f, number)


def _opening(study: Study, f: Finding, number: int, before: Finding | None) -> str:
    turn = study.voice.turn
    if before is None:
        return study.voice.pick(
            "opening", "The main prediction holds: ", "As registered, ", "The plan's main claim stands: "
        )
    if f.hypothesis.treatment == study.plan.target == before.hypothesis.treatment:
        return turn("target again", number, "The remedy shows in a further respect: ", "Nor is that all it does: ")
    if f.hypothesis.treatment == study.plan.target:
        return turn(
            "target",
            number,
            "As to what the search proposes, the prediction holds too: ",
            "The question of a remedy has an answer as well: ",
        )
    if before.verdict == "supported" and not before.is_equivalence:
        same_arms = (before.hypothesis.treatment, before.hypothesis.baseline) == (
            f.hypothesis.treatment,
            f.hypothesis.baseline,
        )
        if same_arms:
            return turn("also", number, "The same arms differ in a further respect: ", "This has a companion: ")
        return turn("next", number, "The next prediction holds as well: ", "In line with the plan, ", "Likewise, ")
    return turn(
        "after",
        number,
        "Another prediction fares as it was registered: ",
        "By contrast, ",
        "In line with the plan, ",
    )


_STEADY_SIZES = {
    "minute": (
        "That is minute beside {level}, yet it returns in nearly every seed: reliable rather than important.",
        "Measured against {level}, this is a trace; it is a reliable trace, though, and hardly depends on the seed.",
    ),
    "small": (
        "Beside {level} this is small, yet it recurs in seed after seed.",
        "What the difference lacks in size, measured against {level}, it makes up in regularity between seeds.",
    ),
    "moderate": (
        "Against {level} that is a moderate shift, and a regular one: it hardly depends on the seed.",
        "It is a moderate part of {level} and shows in nearly every seed.",
        "Measured by {level}, the shift is neither a trifle nor an upheaval, and seeds agree about it.",
        "Set against {level}, that is enough to be noticed, and it is noticed in nearly every seed.",
    ),
    "large": (
        "Against {level} that is a large shift, and it hardly depends on the seed.",
        "In level as in regularity this is pronounced: it is a large part of {level}, and seeds agree about it.",
        "Seen beside {level}, it is a change that would be noticed in practice, and seeds agree about its extent.",
        "Held against {level}, nobody who looks at such values would overlook it, whichever seed is taken.",
    ),
    "very large": (
        "It is of the same order as {level}, so that the arms live in different ranges of the scale.",
        "Nothing about it is subtle: it rivals {level}, and the seeds tell the same story.",
        "Set beside {level}, it changes the picture altogether, whichever seed is taken.",
    ),
}
_LOOSE_SIZES = {
    "minute": ("That is minute beside {level}, and single seeds scatter more widely than the arms differ.",),
    "small": ("Beside {level} this is small, and single seeds vary about as much as the arms differ.",),
    "moderate": ("It is a moderate part of {level}, about whose extent seeds differ.",),
    "large": ("It is a large part of {level}; seeds, however, disagree about its extent.",),
    "very large": ("On average it rivals {level}; seeds, however, disagree about its extent.",),
}
_NO_ORIGIN = {
    "steady": "It returns with nearly every seed.",
    "clear": "It stands out clearly from the spread between seeds.",
    "visible": "It is visible beside the spread between seeds without being large.",
    "swamped": "Single seeds scatter more widely than the arms differ.",
    "unknown": "",
}


def _magnitude(study: Study, f: Finding, number: int) -> str:
    """How large the difference is for a practitioner, and how steady from seed to seed; the two can disagree."""
    if f.size == "unknown":
        return _NO_ORIGIN[f.steadiness]
    where = "all" if len(f.by_dataset) != 1 else next(iter(f.by_dataset))
    level = (
        rf"the {brief(f.metric)} of \val{{{base(study.plan, f.metric.name, f.hypothesis.baseline, where)}/mean}} under "
        rf"{cond(f.hypothesis.baseline)}"
    )
    wordings = (_STEADY_SIZES if f.steadiness in ("steady", "clear") else _LOOSE_SIZES)[f.size]
    return study.voice.turn(f"size {f.size}", number, *wordings).format(level=level)


def _open(study: Study, f: Finding, number: int) -> tuple[str, ...]:
    h, turn = f.hypothesis, study.voice.turn
    pair, name = f"{cond(h.treatment)} and {cond(h.baseline)}", metric(h.metric)
    if f.certainty == "could not pass":
        seeds = study.count("confirm_seeds")
        return (
            (
                f"Whether {pair} differ in the {name} could not be decided in this run: with {seeds or 'so few'} seeds"
                " the exact test cannot fall below the corrected threshold, whatever the data say."
            ),
            f"What was observed is a difference of {figures_of(f)}; it is reported for completeness.",
        )
    if f.certainty == "lost to correction":
        return (
            (
                f"The comparison of {pair} shows why corrections matter: by itself it would have passed, and corrected"
                " for all comparisons that were made it does not."
            ),
            f"The difference in the {name} is {figures_of(f)}, and the hypothesis stays open.",
        )
    lead = turn(
        "open",
        number,
        f"Whether {pair} differ in the {name} cannot be told: the difference is {figures_of(f)}.",
        f"The hypothesis on {pair} stays open; the difference in the {name} is {figures_of(f)}.",
        f"Between {pair}, the corrected test finds nothing to hold on to in the {name}: {figures_of(f)}.",
    )
    if h.treatment == study.plan.target and not study.components:
        return (
            lead,
            (
                "That is as it should be: without a component, the arms differ in nothing but their random draws, and"
                " the interval shows how far these alone can carry."
            ),
        )
    return lead, _rooms([f])


def _rooms(findings: Sequence[Finding]) -> str:
    """What open tests leave possible."""
    narrow = [f for f in findings if f.excludes_large]
    wide = [f for f in findings if not f.excludes_large]
    if narrow and not wide:
        return (
            f"{_leaning(findings)} The interval{' is' if len(findings) == 1 else 's are'} narrow enough that an "
            "effect, if there is any, must be a small one."
        )
    if wide and not narrow:
        return (
            f"{_leaning(findings)} The interval{' has' if len(findings) == 1 else 's have'} room for an effect worth "
            "having as well as for none: absence of evidence, not evidence of absence."
        )
    names = listed(dict.fromkeys(cond(f.hypothesis.treatment) for f in narrow))
    return (
        f"Not all of these are open in the same way: for {names} the interval leaves room for a small effect at most, "
        "whereas the rest could hide a relevant effect."
    )


def _leaning(findings: Sequence[Finding]) -> str:
    leans = {f.lean for f in findings}
    one = len(findings) == 1
    if leans == {"as predicted"}:
        return "The estimate points the predicted way." if one else "The estimates all point the predicted way."
    if leans == {"against"}:
        return (
            "The estimate points away from the prediction."
            if one
            else "The estimates all point away from the predictions."
        )
    if leans == {"none"}:
        return (
            "The estimate commits itself to neither side." if one else "None of the estimates commits itself to a side."
        )
    return "The estimates point in different directions."


def _equivalence(study: Study, f: Finding, number: int, before: Finding | None) -> tuple[str, ...]:
    h = f.hypothesis
    pair, name = f"{cond(h.treatment)} and {cond(h.baseline)}", metric(h.metric)
    if f.verdict == "supported":
        if before is None:
            lead = (
                "The main prediction is one of agreement, which has to be shown and is no default:"
                f" {statement(study, f)}."
            )
        else:
            lead = study.voice.turn(
                "same",
                number,
                f"Agreement, too, was registered, which has to be shown and is no default: {statement(study, f)}.",
                f"A claim of agreement was registered as well, and it passes: {statement(study, f)}.",
            )
        return (
            lead,
            f"The difference is {figures_of(f)}, and its interval stays inside the margin that was fixed beforehand.",
        )
    lead = (
        f"Agreement of {pair} in the {name} within the registered margin is not shown: the difference is"
        f" {figures_of(f)}."
    )
    if f.is_beyond_margin:
        return lead, "The whole interval lies beyond the margin, which makes the gap a fact and no matter of precision."
    if abs(f.test.difference) > (h.margin or 0.0):
        return lead, "The estimate itself lies beyond the margin, though the interval reaches back into it."
    return lead, "The estimate lies within the margin; the interval does not, so that a wider gap cannot be excluded."


def _across_data(study: Study, f: Finding, number: int) -> str:
    """Whether the data sets agree; where one does not, its means are shown, else the widest and the narrowest."""
    if f.agreement == "alone":
        return ""
    if f.dissent:
        return _divided(f, number, study)
    names = list(f.by_dataset)
    if f.agreement == "some level":
        return (
            f"It is not seen everywhere: on {listed(dataset(name) for name in f.level)} the arms lie within a standard"
            " error."
        )
    widest, narrowest = names[0], names[-1]
    if abs(f.by_dataset[widest]) > 2.5 * abs(f.by_dataset[narrowest]):
        return (
            f"All data sets point the same way, though not equally far: on {dataset(widest)},"
            f" {_arms(study, f, widest)}, and on {dataset(narrowest)}, {_arms(study, f, narrowest)}."
        )
    return study.voice.turn(
        "agree",
        number,
        "All data sets point the same way.",
        "No data set dissents.",
        "The direction is shared by every data set.",
    )


def _divided(f: Finding, number: int, study: Study) -> str:
    """What the data sets disagree about; empty if they do not."""
    if not f.dissent or f.certainty == "could not pass" or (f.verdict == "open" and not f.is_torn):
        return ""
    shown = f.dissent[0]
    means = f"on {dataset(shown)}, {_arms(study, f, shown)}"
    if f.agreement == "most":
        others = listed(dataset(name) for name in f.dissent)
        is_are = "is" if len(f.dissent) < 2 else "are"
        return f"Not all data sets follow: {others} {is_are} ordered the other way; {means}."
    if f.agreement == "only":
        return f"The mean hides a disagreement, because the other data sets are ordered the other way; {means}."
    return f"The data sets are divided over the direction; {means}. A mean over them describes no data set well."


def _arms(study: Study, f: Finding, name: str) -> str:
    h = f.hypothesis
    return (
        rf"the {metric(h.metric)} is \val{{{base(study.plan, h.metric, h.treatment, name)}/mean}} for"
        rf" {cond(h.treatment)} "
        rf"and \val{{{base(study.plan, h.metric, h.baseline, name)}/mean}} for {cond(h.baseline)}"
    )
