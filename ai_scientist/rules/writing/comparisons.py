r"""A test in sentences: what holds, how large and how steady it is, where it holds, and what stays open.

Every test appears with its difference, interval and corrected p-value; verbs that claim are always \claim macros.
"""

from __future__ import annotations

from ai_scientist.rules.writing.findings import Finding, base
from ai_scientist.rules.writing.phrases import Paragraph, claim, cond, dataset, joined, listed, metric
from ai_scientist.rules.writing.study import Study


def compared(study: Study, finding: Finding, number: int, *, before: Finding | None = None) -> Paragraph:
    """Return the paragraph on a planned comparison; `number` counts paragraphs, so that wordings take turns."""
    if finding.is_equivalence:
        body = _equivalence(study, finding, number)
    elif finding.verdict == "open":
        body = _open(study, finding, number)
    else:
        body = _decided(study, finding, number, before)
    return joined(*body, _across_data(study, finding, number))


def statement(finding: Finding) -> str:
    """Return a test's claim as a clause: "A raises B relative to C"; honest by itself, because the verb is a macro."""
    h = finding.hypothesis
    if finding.is_equivalence:
        return f"{cond(h.treatment)} {claim('is_equivalent_to', finding.id)} {cond(h.baseline)} in {metric(h.metric)}"
    verb = claim(finding.verb, finding.id)
    return f"{cond(h.treatment)} {verb} {metric(h.metric)} relative to {cond(h.baseline)}"


def figures_of(finding: Finding) -> str:
    """Return difference and corrected p-value as a clause's end."""
    return rf"\delta{{{finding.id}}}, with $\,$\pval{{{finding.id}}} after correction".replace(r"$\,$", "")


def _decided(study: Study, f: Finding, number: int, before: Finding | None) -> tuple[str, ...]:
    turn = study.voice.turn
    if f.verdict == "contradicted":
        lead = turn(
            "contradicted",
            number,
            f"The plan predicted the opposite of what was measured: {statement(f)}.",
            f"Here the prediction fails, and not for want of precision: {statement(f)}.",
            f"The sign is the reverse of the registered one: {statement(f)}.",
        )
    else:
        opening = _opening(study, f, number, before)
        lead = f"{opening}{statement(f)}."
    figures = turn(
        "figures",
        number,
        f"The difference is {figures_of(f)}.",
        rf"The paired difference in {metric(f.metric.name)} amounts to {figures_of(f)}.",
        f"Seed by seed, the mean difference is {figures_of(f)}.",
    )
    return lead, figures, _magnitude(study, f, number)


def _opening(study: Study, f: Finding, number: int, before: Finding | None) -> str:
    if before is None:
        return study.voice.pick(
            "opening", "The main prediction holds: ", "As registered, ", "The plan's main claim stands: "
        )
    if before.verdict == "supported" and not before.is_equivalence:
        if before.hypothesis.treatment == f.hypothesis.treatment and before.metric.name != f.metric.name:
            return study.voice.turn("also", number, "The same arm also differs elsewhere: ", "This has a companion: ")
        return study.voice.turn("next", number, "The next prediction holds as well: ", "In line with the plan, ", "")
    return study.voice.turn(
        "after",
        number,
        "Firmer ground is reached with the following comparison: ",
        "By contrast, ",
        "In line with the plan, ",
    )


_SIZES = {
    "minute": "minute beside the level of the comparison arm",
    "small": "small beside the level of the comparison arm",
    "moderate": "a moderate part of the comparison arm's level",
    "large": "a large part of the comparison arm's level",
    "very large": "of the same order as the comparison arm's level, or beyond it",
}


def _magnitude(study: Study, f: Finding, number: int) -> str:
    """How large the difference is for a practitioner, and how steady from seed to seed; the two can disagree."""
    effect = rf"\effect{{{f.id}}}" if f.test.effect is not None else ""
    if f.size == "unknown":
        return {
            "steady": f"It returns with nearly every seed ({effect}).",
            "clear": f"It stands out clearly from the spread between seeds ({effect}).",
            "visible": f"It is visible beside the spread between seeds, not large beside it ({effect}).",
            "swamped": f"Single seeds scatter more widely than the difference itself ({effect}).",
            "unknown": "",
        }[f.steadiness]
    level = rf"which lies at \valci{{{base(study.plan, f.metric.name, f.hypothesis.baseline)}}}"
    is_small, is_steady = f.size in ("minute", "small"), f.steadiness in ("steady", "clear")
    size = _SIZES[f.size]
    if not effect or f.steadiness == "unknown":
        return f"It is {size}, {level}."
    if is_small and is_steady:
        return study.voice.turn(
            "small steady",
            number,
            f"It is {size}, {level}, yet it recurs in seed after seed ({effect}): reliable rather than dramatic.",
            f"What it lacks in size it makes up in regularity: {size}, {level}, but steady between seeds ({effect}).",
        )
    if is_small:
        return f"It is {size}, {level}, and single seeds vary about as much as the arms differ ({effect})."
    if is_steady:
        return study.voice.turn(
            "large steady",
            number,
            f"It is {size}, {level}, and it hardly depends on the seed ({effect}).",
            f"Both in level and in regularity this is a pronounced difference: {size}, {level}, with {effect}.",
        ).replace("Both in level and in", "In level as in")
    return f"It is {size}, {level}; seeds, however, disagree considerably about its extent ({effect})."


def _open(study: Study, f: Finding, number: int) -> tuple[str, ...]:
    h, turn = f.hypothesis, study.voice.turn
    pair = f"{cond(h.treatment)} and {cond(h.baseline)}"
    name = metric(h.metric)
    if f.certainty == "could not pass":
        seeds = study.count("confirm_seeds")
        return (
            (
                f"Whether {pair} differ in {name} could not be decided in this run: with {seeds or 'so few'} seeds the "
                "exact test cannot fall below the corrected threshold, whatever the data say."
            ),
            f"What was observed is a difference of {figures_of(f)}; it is reported for completeness.",
        )
    if f.certainty == "lost to correction":
        return (
            (
                f"The comparison of {pair} shows why corrections matter: by itself the difference in {name} would have "
                "passed, corrected for all comparisons that were made it does not."
            ),
            f"It is {figures_of(f)}, and the hypothesis stays open.",
        )
    lead = turn(
        "open",
        number,
        f"Between {pair}, no difference in {name} is established: {figures_of(f)}.",
        f"The hypothesis on {pair} stays open. The difference in {name} is {figures_of(f)}.",
        f"Nothing can be said with confidence about {pair}: they differ in {name} by {figures_of(f)}.",
    )
    return lead, _room(f, number, study)


def _room(f: Finding, number: int, study: Study) -> str:
    """What an open test leaves possible."""
    lean = {
        "as predicted": "The estimate lies on the predicted side",
        "against": "The estimate lies on the side that was not predicted",
        "none": "The estimate lies close to where no effect would put it",
    }[f.lean]
    if f.excludes_large:
        return f"{lean}, and the interval is narrow enough that an effect, if there is any, must be a small one."
    return study.voice.turn(
        "room",
        number,
        f"{lean}, but the interval has room for an effect worth having as well as for none: absence of evidence, "
        "not evidence of absence.",
        f"{lean}; the interval is too wide to tell a relevant effect from its absence.",
    )


def _equivalence(study: Study, f: Finding, number: int) -> tuple[str, ...]:
    h = f.hypothesis
    pair, name = f"{cond(h.treatment)} and {cond(h.baseline)}", metric(h.metric)
    if f.verdict == "supported":
        return (
            study.voice.turn(
                "same",
                number,
                f"For {pair} the plan claimed agreement, which is a claim to be tested and not a default:"
                f" {statement(f)}.",
                f"That {pair} agree was registered as a claim of its own, and it passes: {statement(f)}.",
            ),
            f"The difference is {figures_of(f)}, and its interval stays inside the margin that was fixed beforehand.",
        )
    outside = h.margin is not None and (f.test.ci_low > h.margin or f.test.ci_high < -h.margin)
    lead = (
        f"Agreement of {pair} in {name} within the registered margin is not shown: the difference is {figures_of(f)}."
    )
    if outside:
        return lead, "The whole interval lies beyond the margin, so that the gap is more than a matter of precision."
    if abs(f.test.difference) > (h.margin or 0.0):
        return lead, "The estimate itself lies beyond the margin, though the interval reaches back into it."
    return lead, "The estimate lies within the margin; the interval does not, so that a larger gap cannot be excluded."


def _across_data(study: Study, f: Finding, number: int) -> str:
    """Whether the data sets agree; where one does not, its means are shown."""
    h = f.hypothesis
    if f.agreement == "alone" or (f.verdict == "open" and f.lean == "none" and not f.dissent):
        return ""
    if f.agreement == "all":
        if f.is_equivalence:
            return ""
        return study.voice.turn(
            "agree",
            number,
            "All data sets point the same way.",
            "No data set dissents.",
            "The direction is shared by every data set.",
        )
    shown = f.dissent[0]
    means = (
        rf"on {dataset(shown)}, {metric(h.metric)} is \val{{{base(study.plan, h.metric, h.treatment, shown)}/mean}}"
        r" for "
        rf"{cond(h.treatment)} and \val{{{base(study.plan, h.metric, h.baseline, shown)}/mean}} for {cond(h.baseline)}"
    )
    if f.is_equivalence:
        return f"The data sets do not lean to the same side: {means}."
    if f.agreement == "most":
        others = listed(dataset(name) for name in f.dissent)
        return (
            f"Not all data sets follow: {others} {'is' if len(f.dissent) < 2 else 'are'} ordered the other way"
            f" ({means})."
        )
    if f.agreement == "only":
        return f"The mean hides a disagreement, because most data sets are ordered the other way; {means}."
    return f"The data sets are divided over the direction; {means}. A mean over them describes no data set well."
