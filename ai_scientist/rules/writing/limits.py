"""Limitations and conclusion: what the results cannot bear, and what may be concluded from them all the same."""

from __future__ import annotations

from ai_scientist.rules.writing.comparisons import statement
from ai_scientist.rules.writing.findings import Finding
from ai_scientist.rules.writing.foreign import usable
from ai_scientist.rules.writing.phrases import (
    Paragraph,
    cond,
    dataset,
    joined,
    listed,
    metric,
    paragraphs,
    small,
    unended,
    without_question_mark,
)
from ai_scientist.rules.writing.search import outcomes
from ai_scientist.rules.writing.study import Study


def limitations(study: Study) -> str:
    """Return the section: what holds of the set-up whatever came out, then what this run adds."""
    own = [usable(line) or line for line in (study.template.limitations if study.template else ())]
    risks = usable(study.facts.idea.risks)
    return paragraphs(
        joined(*own), joined(risks, _precision(study)), joined(_reach(study), _searching(study)), _novelty(study)
    )


def conclusion(study: Study) -> str:
    """Return the section: the answer, what follows from each finding, what should be done next."""
    return paragraphs(_verdict(study), _implications(study), _next(study))


def _precision(study: Study) -> Paragraph:
    """How many seeds there were, and what they could not have shown."""
    seeds = study.count("confirm_seeds")
    if any(f.certainty == "could not pass" for f in study.findings):
        return (
            f"With {seeds} seeds in the confirmation, the exact test could not have passed after correction even if all"
            " seeds had agreed; in this setting the study can describe effects and cannot establish any."
        )
    wide = [f for f in study.findings if f.verdict == "open" and not f.excludes_large]
    base = (
        f"The conclusions rest on {seeds} confirming seeds, which vary the split and the draws but not the data sets"
        " themselves."
        if seeds
        else ""
    )
    if wide:
        names = listed(dict.fromkeys(metric(f.metric.name) for f in wide))
        return joined(
            base,
            f"They were too few to bound the open comparisons in {names} tightly: an effect of practical interest may "
            "lie within those intervals.",
        )
    return base


def _reach(study: Study) -> str:
    divided = [f for f in study.findings if f.agreement in ("split", "only", "most") and f.verdict != "open"]
    if divided:
        against = listed(dict.fromkeys(dataset(d) for f in divided for d in f.dissent))
        return (
            f"Means over data sets cover up a disagreement: {against}"
            f" do{'es' if against.count('dataset{') == 1 else ''} not follow the direction of the mean everywhere, so"
            " that a reader with data of that kind should not expect the mean effect."
        )
    if len(study.plan.datasets) == 1:
        return (
            f"Everything was measured on {dataset(study.plan.datasets[0].name)} alone; nothing here tells how far it"
            " carries."
        )
    return "That the data sets agree in direction is no proof for others: they were chosen because they were at hand."


def _searching(study: Study) -> str:
    found = outcomes(study)
    parts: list[str] = []
    if study.stage("explore"):
        parts.append(
            "The search was small and chose among changes that were named beforehand; a component that it did not keep"
            " may fail here for its setting rather than for its idea"
        )
        if found.failed:
            parts[-1] += f", and {listed(found.failed)} never gave valid rows at all"
        parts[-1] += "."
    if study.ablations:
        parts.append("The ablations were defined after the search had chosen, and are to be read as exploration.")
    if any(f.is_equivalence for f in study.findings):
        parts.append(
            "The margin of agreement was set by judgement before the data were seen; whoever needs a narrower margin "
            "cannot take agreement from here."
        )
    if study.facts.quick:
        parts.append(
            "Finally, this is the smallest setting: fewer seeds, fewer programs, and a search that could barely begin."
        )
    return joined(*parts)


def _novelty(study: Study) -> Paragraph:
    who = (
        "The text was written by rules from the plan, the journal and the results, not by a person or a language model"
        if study.facts.writer == "rules"
        else ""
    )
    return f"{who}; it weighs what it was given, and knows no literature beyond what it cites." if who else ""


def _verdict(study: Study) -> Paragraph:
    """The answer to the question, as plainly as the main test allows."""
    asked = small(without_question_mark(usable(study.plan.question)))
    lead = f"The question was: {asked}?" if asked else ""
    main = study.main
    if main is None:
        return joined(
            lead, "The confirming runs do not allow an answer, because the planned comparison could not be made."
        )
    if main.verdict == "open" and not main.is_equivalence:
        rest = [f for f in study.findings[1:] if f.verdict != "open"]
        if not rest:
            return joined(lead, "These data leave it open. " + _why_open(main))
        return joined(
            lead,
            f"On the main point these data leave it open, {_why_open_clause(main)}. What they do say is this:"
            f" {listed(statement(f) for f in rest[:2])}.",
        )
    if main.verdict == "contradicted":
        return joined(lead, f"The answer contradicts what was expected: {statement(main)}.")
    return joined(lead, f"On the evidence of the confirming seeds, {statement(main)}.")


def _why_open(f: Finding) -> str:
    return {
        "could not pass": "That is a matter of the setting and not of the data: so few seeds cannot decide it.",
        "lost to correction": "What there is of an effect does not survive the correction for all that was tested.",
    }.get(
        f.certainty,
        "The interval bounds the effect to a small one." if f.excludes_large else "The interval is too wide for more.",
    )


def _why_open_clause(f: Finding) -> str:
    return (
        small(unended(_why_open(f)))
        if f.certainty not in ("could not pass",)
        else "because so few seeds cannot decide it"
    )


def _implications(study: Study) -> Paragraph:
    """What a reader may conclude from each finding, by the template; contradictions first."""
    if study.template is None:
        return ""
    order = {"contradicted": 0, "supported": 1, "open": 2}
    lines: list[str] = []
    for f in sorted(study.findings, key=lambda f: order[f.verdict]):
        meaning = study.template.implications.get(f.id, {}).get(f.verdict, "")
        if meaning:
            lines.append(meaning)
    return joined(*lines[:4])


def _next(study: Study) -> Paragraph:
    """What should be done next, from what stayed open, divided or surprising."""
    surprising = [f for f in study.findings if f.verdict == "contradicted"]
    divided = [f for f in study.findings if f.dissent and f.verdict != "open"]
    unsettled = [f for f in study.findings if f.verdict == "open"]
    if surprising:
        f = surprising[0]
        return (
            f"The next step is to find out why {cond(f.hypothesis.treatment)} moves {metric(f.metric.name)} against the"
            " prediction, with an experiment that varies the supposed cause directly."
        )
    if unsettled and study.facts.quick:
        return "The next step is the same plan at its full size, for which nothing but time is needed."
    if divided:
        f = divided[0]
        return (
            f"The next step is to ask what sets {listed(dataset(d) for d in f.dissent)} apart, since the mean over data"
            " sets does not describe it."
        )
    if unsettled:
        f = unsettled[0]
        return (
            f"The next step is more seeds for {cond(f.hypothesis.treatment)} against {cond(f.hypothesis.baseline)},"
            " with their number computed from the spread reported here, before other questions are added."
        )
    return "The next step is to carry the same plan, unchanged, to data that had no part in its making."
