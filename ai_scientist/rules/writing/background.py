"""Introduction and related work: why the question is asked, what is known, and where this study stands to it."""

from __future__ import annotations

from ai_scientist.core.plan import Metric
from ai_scientist.core.research_template import Citation
from ai_scientist.rules.writing.comparisons import statement
from ai_scientist.rules.writing.foreign import usable
from ai_scientist.rules.writing.phrases import (
    Paragraph,
    brief,
    clauses,
    cond,
    dataset,
    joined,
    listed,
    metric,
    paragraphs,
    sentences,
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
    return " ".join(study.template.motivation.split()) if study.template else ""


def _question(study: Study) -> Paragraph:
    known = [sentence for c in _citations(study, "introduction") if (sentence := cited(study, c))]
    asked = usable(study.plan.question)
    lead = (
        study.voice.pick(
            "asks",
            "This paper asks a narrower question.",
            "The question put here is the following.",
            "What is asked here is this.",
        )
        if asked
        else ""
    )
    return joined(*known, lead, asked, *rationale(study)[1])


def rationale(study: Study) -> tuple[str, list[str]]:
    """Return why the question is worth asking: a sentence for the abstract, and the rest for the introduction."""
    said = sentences(usable(study.seed.rationale if study.seed else study.facts.idea.rationale))
    return (said[0] if said else ""), said[1:]


def _approach(study: Study) -> Paragraph:
    plan = study.plan
    others = listed(cond(c.name) for c in plan.conditions if c.name != plan.baseline.name)
    seeds = study.count("confirm_seeds")
    where = listed(dataset(d.name) for d in plan.datasets)
    return joined(
        f"To answer it, {cond(plan.baseline.name)} is compared with {others} on {where}. Comparisons are made within "
        f"seeds, and the {_introduced(plan.metric(plan.primary_metric))} comes before every other measure.",
        study.voice.pick(
            "locked",
            "Hypotheses, metrics, comparisons and seeds were fixed and hashed before any result existed.",
            "What would be compared, by which measure and on which seeds was locked, with a hash, before the experiment"
            " had run at all.",
        ),
        f"An automatic search then looked for components of {cond(plan.target)} that carry it further. The best of many"
        " attempts looks good by luck alone; whatever is reported here as a result was therefore measured anew, on"
        f" {seeds + ' ' if seeds else ''}seeds that the search had never used.",
    )


def _introduced(m: Metric) -> str:
    """A metric's name with its acronym, for its first mention."""
    return metric(m.name) if brief(m) == metric(m.name) else f"{metric(m.name)} ({brief(m)})"


def _answer(study: Study) -> Paragraph:
    """What was found, in a paragraph: contradicted predictions first, then what holds, then what stays open."""
    surprising, holding, unsettled = (
        study.by_verdict("contradicted"),
        study.by_verdict("supported"),
        study.by_verdict("open"),
    )
    parts: list[str] = []
    if surprising:
        parts.append(
            f"What came out is {'partly ' if holding or unsettled else ''}not what was expected:"
            f" {clauses(statement(study, f) for f in surprising[:2])}."
        )
    if holding:
        opening = (
            "Beside that, "
            if parts
            else (
                "What we find is this: "
                if len(holding) == 1
                else study.voice.pick("brief", "In brief, we find the following: ", "The main findings are these: ")
            )
        )
        parts.append(f"{opening}{clauses(statement(study, f) for f in holding[:3])}.")
    if unsettled and not parts:
        parts.append(
            "The answer is that these data do not give any: no registered comparison passes its corrected test. The "
            "intervals say how large an effect could have gone unnoticed, and that is what the paper has to offer."
        )
    elif unsettled:
        pairs = [
            f"{cond(f.hypothesis.treatment)} with {cond(f.hypothesis.baseline)} in {brief(f.metric)}"
            for f in unsettled[:3]
        ]
        parts.append(f"What stays open is how to compare {clauses(pairs)}.")
    return joined(*parts, _remedy(study))


def _remedy(study: Study) -> str:
    """What the search came to, for readers who look for a remedy."""
    parts = [study.title_of(part) for part in study.components]
    if not parts:
        return "The search itself came back without anything that was worth keeping." if study.stage("explore") else ""
    carrying = [f for f in study.ablations if f.test.is_significant and study.carried(f) > 0]
    if carrying and len(parts) > 1:
        return (
            f"Of what the search put together, namely {listed(parts)}, the ablations single out "
            f"{study.title_of(study.component(carrying[0]))}."
        )
    if len(parts) > 1 and study.ablations:
        return f"Of what the search put together, namely {listed(parts)}, the ablations single out nothing."
    return f"What the search put together comes down to {listed(parts)}."


def _borrowed(study: Study) -> Paragraph:
    """What the components in force come from."""
    at_hand = {paper.id for paper in study.facts.literature}
    parts: list[str] = []
    for part in study.components:
        move = study.move_of(part)
        records = [record for record in (move.records if move else ()) if record in at_hand]
        if move and records:
            parts.append(rf"{move.title}~\citep{{{','.join(records)}}}")
    if not parts:
        return ""
    return joined(
        f"What the confirmed configuration is made of has a history of its own: {listed(parts)}.",
        study.voice.pick(
            "company",
            (
                "The present question is how these fare in each other's company and under the conditions set here."
                if len(parts) > 1
                else "The present question is how it fares under the conditions set here."
            ),
            "None of that is claimed as a contribution; how it behaves under the conditions set here is what is"
            " tested.",
        ),
    )


_NEAR = (
    ("same method and setting", "work that shares both the method and the setting of a part of this study"),
    ("same method, other setting", "work that shares a method with this study and applies it in another setting"),
    ("other method, same goal", "work that pursues the same goal by other means"),
)


def _distance(study: Study) -> Paragraph:
    """How near the literature comes, as the novelty check saw it."""
    report = study.facts.novelty
    at_hand = {paper.id for paper in study.facts.literature}
    near = [e for e in report.evidence if e.verified and e.record in at_hand]
    for closeness, words in _NEAR:
        records = list(dict.fromkeys(e.record for e in near if e.closeness == closeness))[:3]
        if records and report.verdict != "not established":
            lead = rf"Nearest to the present question comes {words}~\citep{{{','.join(records)}}}."
            return joined(lead, _NEW[report.verdict])
    return (
        "Whether the question has been put in this form before is not established: the search of the literature "
        "behind this paper saw too little to say, and nothing found is not the same as nothing there."
    )


_NEW = {
    "known": (
        "What is asked here has thus been answered in parts before; what this paper adds is a test that was fixed in "
        "advance and corrected."
    ),
    "partly known": (
        "Parts of the question are thus known; what is added is their joint comparison on common seeds, registered "
        "beforehand and corrected."
    ),
    "novel": (
        "No record that was compared asks the question in this form, which is a statement about those records and not "
        "about all there are."
    ),
}


def discussed(study: Study) -> Paragraph:
    """What earlier work lets one think of the findings."""
    said = [sentence for c in _citations(study, "discussion") if (sentence := cited(study, c))]
    return joined(r"\paragraph{In the light of earlier work.}", *said) if said else ""
