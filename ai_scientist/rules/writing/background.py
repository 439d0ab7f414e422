"""Introduction and related work: why the question is asked, what is known, and where this study stands to it."""

from __future__ import annotations

from ai_scientist.core.research_template import Citation
from ai_scientist.rules.writing.comparisons import statement
from ai_scientist.rules.writing.foreign import usable
from ai_scientist.rules.writing.phrases import (
    Paragraph,
    capital,
    cond,
    joined,
    listed,
    metric,
    paragraphs,
    plain,
    small,
    unended,
    without_question_mark,
)
from ai_scientist.rules.writing.study import Study


def introduction(study: Study) -> str:
    """Return the section: motivation, what is known and is not, what is done, what is found."""
    return paragraphs(_motivation(study), _question(study), _approach(study), _answer(study))


def related(study: Study) -> str:
    """Return the section: neighbouring work by its own words, and the distance to the nearest of it."""
    said = [sentence for c in _citations(study, "related") if (sentence := cited(study, c))]
    groups = [joined(*said[start : start + 4]) for start in range(0, len(said), 4)]
    return paragraphs(*groups, _borrowed(study), _distance(study))


def cited(study: Study, citation: Citation) -> str:
    """Return a template's sentence with its citation in place; empty if the record or the quote is not at hand."""
    quote = next(
        (q for q in study.facts.quotes if q.record == citation.record and citation.quote.strip() in q.text), None
    ) or next((q for q in study.facts.quotes if q.record == citation.record and q.text in citation.quote), None)
    if quote is None:
        return ""
    return (
        citation.sentence.strip()
        .replace(" {cite}", "~{cite}")
        .replace("{cite}", rf"\citeq{{{quote.record}}}{{{quote.id}}}")
    )


def _citations(study: Study, section: str) -> list[Citation]:
    return [c for c in (study.template.citations if study.template else ()) if c.section == section]


def _motivation(study: Study) -> Paragraph:
    text = study.template.motivation if study.template else usable(study.facts.idea.rationale)
    return joined(*(" ".join(part.split()) for part in text.strip().split("\n\n")))


def _question(study: Study) -> Paragraph:
    known = [sentence for c in _citations(study, "introduction") if (sentence := cited(study, c))]
    asked = usable(study.plan.question)
    rationale = usable(study.seed.rationale) if study.seed else ""
    lead = (
        study.voice.pick("asks", "This paper asks a narrower question.", "The question put here is the following.")
        if asked
        else ""
    )
    return joined(*known, lead, asked, rationale)


def _approach(study: Study) -> Paragraph:
    plan = study.plan
    arms = listed(cond(c.name) for c in plan.conditions)
    seeds = study.count("confirm_seeds")
    what = (
        rf"To answer it, {arms} are compared on \count{{datasets}} data sets"
        if len(plan.datasets) > 1
        else f"To answer it, {arms} are compared on {plan.datasets[0].label}"
    )
    return joined(
        f"{what}, by {metric(plan.primary_metric)} first and paired by seed.",
        "Hypotheses, metrics, comparisons and seeds were fixed and hashed before any result existed.",
        f"An automatic search then looked for a configuration of {cond(plan.target)} that does better; since the best"
        " of many attempts looks good by luck alone, everything reported as a result was measured once more, on"
        f" {seeds + ' ' if seeds else ''}seeds that the search had never used.",
    )


def _answer(study: Study) -> Paragraph:
    """What was found, in a paragraph: contradicted predictions first, then what holds, then what stays open."""
    by = {
        verdict: [f for f in study.findings if f.verdict == verdict]
        for verdict in ("contradicted", "supported", "open")
    }
    parts: list[str] = []
    if by["contradicted"]:
        parts.append(
            f"What came out is partly not what was expected: {listed(statement(f) for f in by['contradicted'][:2])}."
        )
    if by["supported"]:
        opening = "Beside that, " if parts else "The findings in brief: "
        parts.append(f"{opening}{listed(statement(f) for f in by['supported'][:3])}.")
    if by["open"] and not parts:
        parts.append(
            "The answer is that these data do not give one: no registered comparison passes its corrected test. The "
            "intervals say how large an effect could have gone unnoticed, and that is what the paper has to offer."
        )
    elif by["open"]:
        pairs = [
            f"{cond(f.hypothesis.treatment)} against {cond(f.hypothesis.baseline)} in {metric(f.metric.name)}"
            for f in by["open"]
        ]
        parts.append(f"Left open {'is' if len(pairs) == 1 else 'are'} {listed(pairs[:3])}.")
    return joined(*parts)


def _borrowed(study: Study) -> Paragraph:
    """What the components in force come from."""
    at_hand = {paper.id for paper in study.facts.literature}
    lines: list[str] = []
    for part in study.components:
        move = study.move_of(part)
        records = [record for record in (move.records if move else ()) if record in at_hand]
        if move and records:
            lines.append(rf"{capital(move.title)} follows \citet{{{','.join(records)}}}.")
    if not lines:
        return ""
    return joined(
        "The parts of the confirmed configuration are not new.",
        *lines,
        "What is tested here is how they fare in this company and under this question.",
    )


def _distance(study: Study) -> Paragraph:
    """How near the literature comes, as the novelty check saw it."""
    report = study.facts.novelty
    ranks = {"same method and setting": 0, "same method, other setting": 1, "other method, same goal": 2}
    titles = {paper.id: paper.title for paper in study.facts.literature}
    near = sorted(
        (e for e in report.evidence if e.verified and e.closeness in ranks and e.record in titles),
        key=lambda e: (ranks[e.closeness], e.record),
    )
    if report.verdict == "not established" or not near:
        return (
            "Whether the question has been put in this form before is not established: the search of the literature "
            "behind this paper saw too little to say, and nothing found is not the same as nothing there."
        )
    records = list(dict.fromkeys(e.record for e in near))[:3]
    named = rf"\citet{{{','.join(records)}}}"
    how = {
        0: "share both the method and the setting of a part of this study",
        1: "share a method with this study but apply it in another setting",
        2: "pursue the same goal by other means",
    }[ranks[near[0].closeness]]
    if len(records) == 1:
        how = how.replace("share ", "shares ").replace("pursue ", "pursues ").replace("apply it", "applies it")
    verdict = {
        "known": (
            "What is asked here has thus been answered in parts before; the contribution is a test that was fixed in"
            " advance and corrected."
        ),
        "partly known": (
            "Parts of the question are thus known; what is added is their joint, pre-registered and corrected"
            " comparison on common seeds."
        ),
        "novel": (
            "None of the records that were compared asks the question in this form; that is a statement about those"
            " records and not about all."
        ),
    }[report.verdict]
    return joined(f"Nearest to the present question, {named} {how}.", verdict)


def topic_sentence(study: Study) -> str:
    """Return the topic as it was asked, for the abstract; empty if it cannot be printed."""
    asked = usable(plain(study.facts.topic))
    return small(unended(without_question_mark(asked)))
