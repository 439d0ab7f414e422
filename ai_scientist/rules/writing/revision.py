"""What reviewers found, mended where text can mend it: the sentences that answer a kind of objection."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ai_scientist.agents.writing import SectionFacts
from ai_scientist.paper.document import MOST_WORDS, SectionName
from ai_scientist.paper.length import count_words, empty_growth
from ai_scientist.review.forms import Defect
from ai_scientist.rules.words import telling
from ai_scientist.rules.writing.findings import base
from ai_scientist.rules.writing.limits import precision, reach
from ai_scientist.rules.writing.phrases import cond, joined, listed, metric
from ai_scientist.rules.writing.search import outcomes, tuned
from ai_scientist.rules.writing.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """How one kind of objection is met.

    Attributes:
        asked: What the defect speaks of, as a pattern over its words.
        sections: Where the answer belongs; empty: wherever the defect stands.
        text: The sentences that are added; empty if this study has nothing to say to it.
        told: What the rebuttal says was done.
    """

    asked: str
    sections: tuple[SectionName, ...]
    text: Callable[[Study], str]
    told: str


def revised(body: str, facts: SectionFacts) -> str:
    """Return a section with the answers to the defects that were found in it; each answer once, none repeated.

    What an earlier round added is kept: an answer that stood in the text before stays. An answer for which the section
    has no room left, or that would make it longer than its new contents bear, is not given.
    """
    study = Study(facts.paper)
    added = [text for remedy in REMEDIES if (text := remedy.text(study)) and text in facts.before and text not in body]
    for defect in facts.defects:
        remedy = remedy_for(defect, facts.section)
        text = remedy.text(study) if remedy else ""
        if not text or _is_there(text, [body, *added, *(section.body for section in facts.written)]):
            continue
        longer = _joined(body, [*added, text], facts.section)
        has_room = count_words(longer) <= MOST_WORDS[facts.section]
        if has_room and not (facts.before and empty_growth(facts.before, longer)):
            added.append(text)
    return _joined(body, added, facts.section)


def _joined(body: str, added: list[str], name: SectionName) -> str:
    paragraphs = body.split("\n\n")
    if name == "conclusion":
        return "\n\n".join([*paragraphs[:-1], *dict.fromkeys(added), paragraphs[-1]])  # it ends with the next step
    return "\n\n".join([*paragraphs, *dict.fromkeys(added)])


def remedy_for(defect: Defect, section: SectionName | None = None) -> Remedy | None:
    """Return how a defect can be met in a section (or in any, if None is given); None if text cannot mend it."""
    said = f"{defect.what} {defect.remedy}".lower()
    for remedy in REMEDIES:
        if (section is None or not remedy.sections or section in remedy.sections) and re.search(remedy.asked, said):
            return remedy
    return None


def _is_there(text: str, others: list[str]) -> bool:
    """Whether the answer is given already, most of its words in one place."""
    own = set(text.split())
    return any(
        len(own & set(paragraph.split())) > 0.8 * len(own) for body in others for paragraph in body.split("\n\n")
    )


def _sensitivity(study: Study) -> str:
    unsettled = study.by_verdict("open")
    if not unsettled:
        return precision(study)
    parts = [
        rf"for {cond(f.hypothesis.treatment)} against {cond(f.hypothesis.baseline)} in the {metric(f.metric.name)}, "
        rf"\delta{{{f.id}}}"
        for f in unsettled
    ]
    lead = r"\paragraph{What the open comparisons exclude.} It can be read from their intervals"
    if len(parts) == 1:
        return (
            f"{lead}: {parts[0]}. Effects beyond this interval are excluded at the stated level; effects within it are"
            " not."
        )
    return (
        f"{lead}: {'; '.join(parts[:-1])}; and {parts[-1]}. Effects beyond these intervals are excluded at the stated"
        " level; effects within them are not."
    )


def _tuning(study: Study) -> str:
    explored = study.count("nodes_explore")
    spent = study.count("nodes_tune")
    said = tuned(study)
    if not said or not spent or not explored:
        return said
    return joined(
        said,
        f"This took {spent} programs, against {explored} in search of components; the arms share every setting that "
        "tuning touched, so that none keeps an advantage to itself.",
    )


def _ablation(study: Study) -> str:
    done = {study.component(f) for f in study.ablations}
    left = [study.title_of(part) for part in study.components if part not in done]
    if left:
        return (
            f"For {listed(left)} no ablation was run, so that"
            f" {'its share is' if len(left) == 1 else 'their shares are'} unknown."
        )
    if not study.components:
        return "There is no component left to ablate: the confirmed configuration holds none."
    return "Every component of the confirmed configuration was left out in turn; none rests on a single search seed."


def _choices(study: Study) -> str:
    return (
        "No choice was made on the data that the results come from: programs were chosen by their values on the search"
        " seeds, whose splits and draws differ from those of the confirming seeds, and the confirming runs were made"
        " once."
    )


def _code(study: Study) -> str:
    return (
        "The confirmed program, every program that the search tried, every logged row and the ledger of the run are"
        " kept together with this paper; the appendix names the command that makes the results again."
    )


def _correction(study: Study) -> str:
    return (
        r"The correction covers \count{tests} comparisons, planned and exploratory; their uncorrected values are never "
        "used for a statement in this paper."
    )


def _measures(study: Study) -> str:
    told = " ".join(
        f"{metric(m.name)[:1]}{metric(m.name)[1:]} is computed as follows:"
        f" {m.description[:1].lower()}{m.description[1:]}"
        for m in study.plan.metrics
    )
    return rf"\paragraph{{Measures.}} {told}"


def _arms(study: Study) -> str:
    items = "\n".join(
        rf"\item \emph{{{c.short[:1].upper()}{c.short[1:]}}}: {c.description}" for c in study.plan.conditions
    )
    return f"The arms, once more and by themselves, are these.\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}"


def _practice(study: Study) -> str:
    main = study.main
    if main is None:
        return ""
    h = main.hypothesis
    return (
        rf"To judge what that means in practice, the difference of \delta{{{main.id}}} has to be held against the "
        rf"{metric(h.metric)} of \valci{{{base(study.plan, h.metric, h.baseline)}}} under {cond(h.baseline)}; the test "
        "says that it is not chance, not that it matters."
        if main.verdict != "open"
        else ""
    )


def _causes(study: Study) -> str:
    return (
        "The design shows that arms differ, and by their construction what they differ in; it does not show the "
        "mechanism. Explanations given here are reasons for which a comparison was made, and not results of it."
    )


def _failures(study: Study) -> str:
    failed = outcomes(study).failed
    return (
        f"Changes that gave no valid rows ({listed(failed)}) were not judged; the repairs that were tried saw only"
        " whether a program ran, never what it showed."
        if failed
        else ""
    )


def _works(study: Study) -> str:
    """Records near the question that the paper does not cite yet, by shared words."""
    cited = {c.record for c in (study.template.citations if study.template else ())}
    asked = set(telling(f"{study.plan.title} {study.plan.question}"))
    shared = {paper.id: len(asked & set(telling(f"{paper.title} {paper.text}"))) for paper in study.facts.literature}
    near = sorted((name for name in shared if name not in cited and shared[name] > 1), key=lambda n: (-shared[n], n))
    if not near:
        return ""
    return (
        "Further work in the neighbourhood of the question, found by its words and not discussed here, is listed for"
        " the "
        rf"reader's own comparison~\citep{{{','.join(near[:4])}}}."
    )


def _standardised(study: Study) -> str:
    return (
        "Standardised effects are relative to the spread between seeds, and seeds share most of their rows; they tell"
        " how regular a difference is, and are not to be compared with effects between independent samples."
        if any(f.test.effect is not None for f in study.findings)
        else ""
    )


REMEDIES = (
    Remedy(
        asked=r"standardised|standardized|cohen|share most of their rows",
        sections=("results", "method", "limitations"),
        text=_standardised,
        told="The text says what standardised effects refer to, and what they are not to be compared with.",
    ),
    Remedy(
        asked=(
            r"exclude|smallest effect|power|sensitivity|detect|interval of the difference|how many seeds|so few"
            r" seeds|more seeds|confirming seeds"
        ),
        sections=("results", "limitations", "conclusion"),
        text=_sensitivity,
        told=(
            "The text says for every open comparison which values its interval leaves possible, and what so many"
            " seeds can show."
        ),
    ),
    Remedy(
        asked=r"tun(?:ed|ing)|same budget|straw|neglected|baseline",
        sections=("method", "experiments", "results", "limitations"),
        text=_tuning,
        told="The text says how many programs the tuning of the shared settings took, and what it changed.",
    ),
    Remedy(
        asked=r"ablat|component",
        sections=("results", "limitations", "experiments"),
        text=_ablation,
        told="The text says which components were ablated and which were not.",
    ),
    Remedy(
        asked=r"test (?:set|data|split)|leak|select|choice|choos|chosen|validation",
        sections=("method", "experiments", "limitations"),
        text=_choices,
        told="The text says on which seeds choices were made, and that none was made on those that are reported.",
    ),
    Remedy(
        asked=r"\bcode\b|reproduc|available|repository|publish",
        sections=("experiments", "conclusion", "method"),
        text=_code,
        told="The text says where program, rows and ledger lie, and where the command to repeat the results is found.",
    ),
    Remedy(
        asked=r"multiple|correct(?:ed|ion)|holm|bonferroni|p-value",
        sections=("method", "results", "experiments"),
        text=_correction,
        told="The text says how many comparisons the correction covers.",
    ),
    Remedy(
        asked=r"generali[sz]|data ?sets?|beyond|single data|carry over|other data|population",
        sections=("limitations", "conclusion"),
        text=reach,
        told="The limitations say how far the findings carry beyond these data sets.",
    ),
    Remedy(
        asked=r"practical|relevan|\bmatter\b|effect size|magnitude|how large",
        sections=("results", "conclusion", "limitations"),
        text=_practice,
        told="The text holds the difference against the level of the comparison arm.",
    ),
    Remedy(
        asked=r"mechanis|caus|why |explain|explanation",
        sections=("results", "conclusion", "limitations"),
        text=_causes,
        told="The text separates what the design shows from the reasons for which comparisons were made.",
    ),
    Remedy(
        asked=r"fail(?:ed|ure)|crash|invalid|timed out",
        sections=("results", "experiments", "limitations"),
        text=_failures,
        told="The text says what became of the programs that gave no valid rows.",
    ),
    Remedy(
        asked=r"metric|measure|how .* computed|definition of|bins",
        sections=("method", "experiments"),
        text=_measures,
        told="The text defines every metric.",
    ),
    Remedy(
        asked=r"unclear|arms?\b|conditions?|define|definition|describe|section on",
        sections=("method", "experiments"),
        text=_arms,
        told="The text lists the arms with their definitions.",
    ),
    Remedy(
        asked=r"cite|citation|literature|related|prior work|neighbo",
        sections=("related", "introduction"),
        text=_works,
        told="Related work names further records that the search of the literature brought up.",
    ),
)
"""Kinds of objection, tried in order."""
