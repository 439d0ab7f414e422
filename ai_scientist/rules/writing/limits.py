"""Limitations and conclusion: what the results cannot bear, and what may be concluded from them all the same."""

from __future__ import annotations

from ai_scientist.rules.writing.comparisons import statement
from ai_scientist.rules.writing.findings import Finding
from ai_scientist.rules.writing.foreign import usable
from ai_scientist.rules.writing.meaning import meanings
from ai_scientist.rules.writing.phrases import Paragraph, clauses, cond, dataset, joined, listed, metric, paragraphs
from ai_scientist.rules.writing.search import outcomes
from ai_scientist.rules.writing.study import Study


def limitations(study: Study) -> str:
    """Return the section: what holds of the set-up whatever came out, then what this run adds."""
    own = study.template.limitations if study.template else ()
    risks = usable(study.facts.idea.risks)
    return paragraphs(
        joined(*own, risks),
        joined(precision(study), reach(study)),
        joined(_searching(study), _margin(study)),
        _author(study),
    )


def conclusion(study: Study) -> str:
    """Return the section: the answer, what follows from each finding, what should be done next."""
    return paragraphs(_verdict(study), joined(_implications(study), _takeover(study)), _next(study))


def precision(study: Study) -> Paragraph:
    """How many seeds there were, and what they could not have shown."""
    seeds = study.count("confirm_seeds")
    if any(f.certainty == "could not pass" for f in study.findings):
        return (
            f"With {seeds or 'so few'} seeds in the confirmation, the exact test could not have passed after correction"
            " even if all seeds had agreed; in this setting the study can describe effects and cannot establish any."
        )
    base = (
        f"The conclusions rest on {seeds} confirming seeds, which vary the split and the draws but not the data sets "
        "themselves; the p-values refer to such repetitions and not to new samples."
        if seeds
        else ""
    )
    wide = [f for f in study.findings if f.verdict == "open" and not f.excludes_large]
    if not wide:
        return base
    names = listed(dict.fromkeys(metric(f.metric.name) for f in wide))
    return joined(
        base,
        f"They were too few to bound the open comparisons in {names} tightly: an effect of practical interest may lie "
        "within those intervals.",
    )


def reach(study: Study) -> str:
    """How far the findings carry beyond the data they come from."""
    divided = [f for f in study.findings if f.dissent and f.verdict != "open" and not f.is_equivalence]
    if divided:
        against = list(dict.fromkeys(d for f in divided for d in f.dissent))
        follow = "does" if len(against) == 1 else "do"
        return (
            f"Means over data sets cover up a disagreement: {listed(dataset(d) for d in against)} {follow} not follow "
            "them everywhere, and a reader with data of that kind should not expect the mean effect."
        )
    if len(study.plan.datasets) == 1:
        return (
            f"Everything was measured on {dataset(study.plan.datasets[0].name)} alone; nothing here tells how far it"
            " carries."
        )
    if any(f.agreement == "all" for f in study.findings):
        return (
            "That the data sets agree in direction is no proof for others: they were chosen because they were at hand."
        )
    return "The data sets were chosen because they were at hand, and stand for no population of data sets."


def _searching(study: Study) -> str:
    """What the search and its ablations cannot show."""
    if not study.stage("explore"):
        return ""
    failed = outcomes(study).failed
    rest = f", and {listed(failed)} never gave valid rows at all" if failed else ""
    small = " At the smallest setting, which this run used, the search could barely begin." if study.facts.quick else ""
    exploring = (
        " The ablations were defined after it had chosen, and are to be read as exploration." if study.ablations else ""
    )
    return (
        "The search was short and chose among changes that had been named beforehand; a component that it did not keep "
        f"may fail here for its setting rather than for its idea{rest}.{exploring}{small}"
    )


def _margin(study: Study) -> str:
    if not any(f.is_equivalence for f in study.findings):
        return ""
    return (
        "The margin of agreement was set by judgement before the data were seen; whoever needs a narrower margin cannot"
        " take agreement from here."
    )


def _author(study: Study) -> Paragraph:
    if study.facts.writer != "rules":
        return ""
    return study.voice.pick(
        "author",
        "The text was written by rules from the plan, the journal and the results, neither by a person nor by a "
        "language model. It weighs what it was given, and knows no literature beyond what it cites.",
        "Rules, and not a person or a language model, wrote this text from the plan, the journal and the results. They "
        "cannot see what nobody measured, and know no literature beyond what is cited.",
    )


def _verdict(study: Study) -> Paragraph:
    """The answer to the question, as plainly as the main test allows, and what else is settled."""
    main = study.main
    if main is None:
        return "The confirming runs do not allow an answer, because the planned comparison could not be made."
    others = [f for f in study.findings if f is not main and f.verdict != "open"]
    also = f"Also established is that {clauses(statement(study, f) for f in others[:3])}." if others else ""
    if main.verdict == "contradicted":
        lead = study.voice.pick(
            "answer against",
            f"The answer is not the expected one: {statement(study, main)}.",
            f"The expectation with which this study set out does not survive it: {statement(study, main)}.",
        )
        return joined(lead, also)
    if main.verdict == "supported":
        lead = study.voice.pick(
            "answer",
            f"To the question that was asked, the confirming seeds give an answer: {statement(study, main)}.",
            f"As far as these data can tell, {statement(study, main)}.",
            f"The study set out with a prediction that fresh seeds bear out: {statement(study, main)}.",
        )
        return joined(lead, also)
    if not others:
        return joined("The question that was asked stays open.", _why_open(main))
    what = f"What is settled is something else: {clauses(statement(study, f) for f in others[:3])}."
    return joined("On the main point the question stays open.", _why_open(main), what)


def _why_open(f: Finding) -> str:
    if f.is_equivalence:
        return "Agreement within the margin would have had to be shown, and was not."
    return {
        "could not pass": "That is a matter of the setting and not of the data: so few seeds cannot decide it.",
        "lost to correction": "What there is of an effect does not survive the correction for all that was tested.",
    }.get(
        f.certainty,
        (
            "What can be said is that an effect, if there is any, is a small one."
            if f.excludes_large
            else "The interval is too wide to say more, and a wider claim would be made of hope."
        ),
    )


def _implications(study: Study) -> Paragraph:
    """What a reader may conclude from each finding, by the template; contradictions first."""
    told = meanings(study)
    torn = [f for f in study.findings if f.dissent and f.verdict != "open" and not f.is_equivalence]
    caution = ""
    if torn:
        caution = (
            f"None of this may be read into data such as {dataset(torn[0].dissent[0])}, where the means are ordered the"
            " other way."
        )
    return joined(*told[:4], caution)


def _takeover(study: Study) -> str:
    """Which components a reader could take over, by the ablations; empty if the searched arm is not shown to gain."""
    repair = study.repair
    if repair is None or repair.verdict == "open" or not repair.is_gain or not study.components:
        return ""
    if len(study.components) == 1:
        return f"In the present case that comes down to {study.title_of(study.components[0])}."
    carrying = [f for f in study.ablations if f.test.is_significant and study.carried(f) > 0]
    harmful = [f for f in study.ablations if f.test.is_significant and study.carried(f) < 0]
    if not carrying:
        return (
            "Since no component is shown to matter by itself, there is nothing to single out; the set is what was"
            " tested."
        )
    kept = listed(study.title_of(study.component(f)) for f in carrying)
    left = listed(study.title_of(study.component(f)) for f in harmful)
    return f"In the present case the part to keep is {kept}{f', and the part to drop is {left}' if left else ''}."


def _next(study: Study) -> Paragraph:
    """What should be done next, from what stayed open, divided or surprising."""
    surprising = study.by_verdict("contradicted")
    divided = [f for f in study.findings if f.dissent and f.verdict != "open" and not f.is_equivalence]
    unsettled = study.by_verdict("open")
    if unsettled and study.facts.quick:
        return "The next step is the same plan at its full size, for which nothing but time is needed."
    if surprising:
        f = surprising[0]
        move = "move" if study.is_plural(f.hypothesis.treatment) else "moves"
        return (
            f"The next step is to find out why {cond(f.hypothesis.treatment)} {move} the {metric(f.metric.name)}"
            " against the prediction, with an experiment that varies the supposed cause directly."
        )
    if divided:
        f = divided[0]
        return (
            f"The next step is to ask what sets {listed(dataset(d) for d in f.dissent)} apart, since the mean over data"
            " sets does not describe it."
        )
    if unsettled:
        f = unsettled[0]
        if f.excludes_large and not f.is_equivalence:
            return (
                f"For {cond(f.hypothesis.treatment)} against {cond(f.hypothesis.baseline)}, more seeds would add"
                " little, since the interval is narrow already; the next step is other data."
            )
        return (
            f"The next step is more seeds for {cond(f.hypothesis.treatment)} against {cond(f.hypothesis.baseline)},"
            " with their number computed from the spread reported here, before other questions are added."
        )
    return study.voice.pick(
        "next",
        "The next step is to carry the same plan, unchanged, to data that had no part in its making.",
        "What would test this further is the same plan, unchanged, on data that somebody else chooses.",
    )
