"""Title and abstract: the finding itself, in a title that says whether it was supported, contradicted or left open."""

from __future__ import annotations

from ai_scientist.agents.writing import FrontAnswer, FrontFacts
from ai_scientist.rules.writing.background import rationale
from ai_scientist.rules.writing.comparisons import figures_of, moves, statement
from ai_scientist.rules.writing.findings import Finding
from ai_scientist.rules.writing.foreign import usable
from ai_scientist.rules.writing.guard import guarded
from ai_scientist.rules.writing.meaning import takeaway
from ai_scientist.rules.writing.phrases import (
    clauses,
    cond,
    dataset,
    joined,
    listed,
    metric,
    small,
    unended,
    without_question_mark,
)
from ai_scientist.rules.writing.study import Study


def front(facts: FrontFacts) -> FrontAnswer:
    """Return title and abstract."""
    study = Study(facts.paper)
    return FrontAnswer(
        title=guarded(title(study), facts.paper, "title"), abstract=guarded(abstract(study), facts.paper, "abstract")
    )


def title(study: Study) -> str:
    """Return the study's own title, followed by what was found."""
    head = unended(usable(study.plan.title) or usable(study.facts.idea.title) or study.plan.title)
    joint = "" if head.endswith(("?", "!")) else "."
    return f"{head}{joint} {_found_in_title(study)}".strip()


def _found_in_title(study: Study) -> str:
    main = study.main
    if main is None:
        return "A study without its comparison"
    if main.verdict == "open":
        settled = next((f for f in study.findings if f.verdict != "open" and not f.is_equivalence), None)
        if settled is not None:
            return _claim_in_title(study, settled)
        return "A rehearsal that leaves it open" if study.facts.quick else "A registered test that leaves it open"
    tail = ", against expectation" if main.verdict == "contradicted" else ", but not everywhere" if main.dissent else ""
    return f"{_claim_in_title(study, main)}{'' if main.is_equivalence else tail}"


def _claim_in_title(study: Study, f: Finding) -> str:
    return statement(study, f) if f.is_equivalence else moves(study, f)


def abstract(study: Study) -> str:
    """Return five to eight sentences: why, what, how, what was found, what it means."""
    scale = "The run used the smallest setting and is a rehearsal of the full study." if study.facts.quick else ""
    return joined(_why(study), _ask(study), _how(study), *_found(study), _searched(study), takeaway(study), scale)


def _why(study: Study) -> str:
    """The study's own reason; the introduction goes on from there, and does not repeat it."""
    return rationale(study)[0]


def _ask(study: Study) -> str:
    asked = small(without_question_mark(usable(study.plan.question)))
    return f"{study.voice.pick('ask', 'We ask', 'The question is', 'This paper asks')}: {asked}?" if asked else ""


def _how(study: Study) -> str:
    if "nodes" not in study.facts.story.counts:
        return "The plan was locked before any result existed, and arms are compared within seeds."
    data = r"\count{datasets} data sets" if len(study.plan.datasets) > 1 else "a single data set"
    return study.voice.pick(
        "how",
        rf"In a plan that was locked before any result existed, \count{{conditions}} arms are compared on {data},"
        r" paired "
        r"by seed; a tree search over \count{nodes} programs tunes the baseline and looks for a remedy, and every"
        r" result "
        r"comes from \count{confirm_seeds} seeds that the search never saw.",
        rf"We lock \count{{conditions}} arms, {data} and all comparisons before the experiment runs, let a tree search "
        r"over \count{nodes} programs tune the baseline and look for a remedy, and take every result from "
        r"\count{confirm_seeds} seeds that the search never saw.",
    )


def _found(study: Study) -> list[str]:
    surprising, holding, unsettled = (
        study.by_verdict("contradicted"),
        study.by_verdict("supported"),
        study.by_verdict("open"),
    )
    lines: list[str] = []
    if surprising:
        f = surprising[0]
        lines.append(f"Against the prediction, {statement(study, f)}; the difference is {figures_of(f)}.")
        if len(surprising) > 1:
            lines.append(f"Nor does a further prediction hold: {statement(study, surprising[1])}.")
    if holding:
        f = holding[0]
        lines.append(
            f"{'As predicted' if surprising else 'We find that'}{',' if surprising else ''} {statement(study, f)}; the"
            f" difference is {figures_of(f)}."
        )
        if f.dissent:
            lines.append(
                f"The data sets disagree, though: on {dataset(f.dissent[0])}, the means are ordered the other way."
            )
        rest = [] if f.dissent else [g for g in holding[1:] if g is not study.repair]
        if rest and not surprising:
            lines.append(f"Likewise, {clauses(statement(study, f) for f in rest[:2])}.")
    if unsettled and lines:
        lines.append(f"The corrected test leaves open how {_pairs(unsettled[:2])}.")
    elif unsettled:
        f = unsettled[0]
        lines.append(
            "No planned comparison passes its corrected test; for the main one, the difference in the "
            f"{metric(f.metric.name)} is {figures_of(f)}."
        )
        lines.append("We report what the intervals exclude and what they do not, and conclude nothing beyond that.")
    return lines


def _pairs(found: tuple[Finding, ...]) -> str:
    pairs = [
        f"{cond(f.hypothesis.treatment)} compares with {cond(f.hypothesis.baseline)} in the {metric(f.metric.name)}"
        for f in found
    ]
    return listed(pairs, last="and how")


def _searched(study: Study) -> str:
    """What the search's own choice came to on fresh seeds, with its ablation."""
    repair, parts = study.repair, [study.title_of(part) for part in study.components]
    if not parts:
        return "The search kept none of the components that it tried." if study.stage("explore") else ""
    made = listed(parts)
    if repair is None or repair.verdict == "open":
        return f"The configuration that the search chose, with {made}, has no advantage that fresh seeds establish."
    carrying = [f for f in study.ablations if f.test.is_significant and study.carried(f) > 0]
    said = f"With {made}, {statement(study, repair)}"
    if len(parts) > 1 and carrying:
        return f"{said}, and ablations trace this to {study.title_of(study.component(carrying[0]))} above all."
    return f"{said}."
