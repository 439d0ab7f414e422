"""Title and abstract: the finding itself, in a title that says whether it was supported, contradicted or left open."""

from __future__ import annotations

from ai_scientist.agents.writing import FrontAnswer, FrontFacts
from ai_scientist.rules.writing.comparisons import figures_of, statement
from ai_scientist.rules.writing.findings import Finding
from ai_scientist.rules.writing.foreign import usable
from ai_scientist.rules.writing.phrases import (
    cond,
    joined,
    listed,
    metric,
    sentences,
    small,
    unended,
    without_question_mark,
)
from ai_scientist.rules.writing.study import Study


def front(facts: FrontFacts) -> FrontAnswer:
    """Return title and abstract."""
    study = Study(facts.paper)
    return FrontAnswer(title=_title(study), abstract=_abstract(study))


def _title(study: Study) -> str:
    asked = usable(study.plan.title) or usable(study.facts.idea.title)
    main = study.main
    if main is None:
        return unended(asked)
    if main.verdict == "open":
        settled = next((f for f in study.findings if f.verdict != "open" and not f.is_equivalence), None)
        if settled is None:
            tail = "A Question Left Open" if not study.facts.quick else "A Rehearsal That Leaves the Question Open"
        else:
            tail = f"A Partial Answer on {_subject(settled)}"
    elif main.verdict == "contradicted":
        tail = f"Evidence Against the Expected Effect on {_subject(main)}"
    elif main.dissent:
        tail = f"It Depends on the Data: {_subject(main)} under {cond(main.hypothesis.treatment)}"
    elif main.is_equivalence:
        tail = f"Evidence of Agreement in {_subject(main)}"
    else:
        tail = f"Evidence from {_subject(main)} on Fresh Seeds"
    return _with_tail(asked, tail)


def _with_tail(head: str, tail: str) -> str:
    head = head.strip()
    return f"{head} {tail}" if head.endswith(("?", "!")) else f"{unended(head)}: {tail}"


def _subject(finding: Finding) -> str:
    return metric(finding.metric.name)


def _abstract(study: Study) -> str:
    """Return five to eight sentences: why, what, how, what was found, what follows."""
    template = study.template
    why = (
        sentences(" ".join(template.motivation.split()))[0]
        if template
        else (sentences(usable(study.facts.idea.rationale)) or [""])[0]
    )
    asked = small(without_question_mark(usable(study.plan.question)))
    ask = f"We ask: {asked}?" if asked else ""
    arms = len(study.plan.conditions)
    how = (
        rf"In a plan that was locked before any result existed, \count{{conditions}} arms are compared on "
        rf"\count{{datasets}} data set{'s' if len(study.plan.datasets) > 1 else ''}, paired by seed, and a tree search "
        rf"over \count{{nodes}} programs tunes the baseline and looks for a better proposed arm; results come from "
        rf"\count{{confirm_seeds}} seeds that the search never saw."
        if arms and "nodes" in study.facts.story.counts
        else "The plan was locked before any result existed, and arms are compared within seeds."
    )
    found = _found(study)
    follows = _follows(study)
    scale = "The run used the smallest setting and is a rehearsal of the full study." if study.facts.quick else ""
    return joined(why, ask, how, *found, follows, scale)


def _found(study: Study) -> list[str]:
    surprising = [f for f in study.findings if f.verdict == "contradicted"]
    holding = [f for f in study.findings if f.verdict == "supported"]
    unsettled = [f for f in study.findings if f.verdict == "open"]
    lines: list[str] = []
    if surprising:
        lines.append(
            f"Against the prediction, {statement(surprising[0])}; the difference is {figures_of(surprising[0])}."
        )
    if holding:
        first = holding[0]
        lines.append(f"We find that {statement(first)}; the difference is {figures_of(first)}.")
        if len(holding) > 1:
            lines.append(f"Likewise, {listed(statement(f) for f in holding[1:3])}.")
    if unsettled and lines:
        pairs = listed(f"{cond(f.hypothesis.treatment)} against {cond(f.hypothesis.baseline)}" for f in unsettled[:2])
        lines.append(f"For {pairs}, the corrected test leaves the question open.")
    elif unsettled:
        f = unsettled[0]
        lines.append(
            "No planned comparison passes its corrected test; for the main one the difference in"
            f" {metric(f.metric.name)} is {figures_of(f)}."
        )
        lines.append("We report what the intervals exclude and what they do not, and draw no conclusion beyond that.")
    return lines


def _follows(study: Study) -> str:
    main = study.main
    if study.template is None or main is None:
        return ""
    order = {"contradicted": 0, "supported": 1, "open": 2}
    first = sorted(study.findings, key=lambda f: order[f.verdict])[0]
    return study.template.implications.get(first.id, {}).get(first.verdict, "")
