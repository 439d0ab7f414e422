"""Checks of a draft's form: sections, displays, references, wording, the length of sentences."""

from __future__ import annotations

import re
from collections import Counter

from ai_scientist.rules.referee.draft import Draft, place, short
from ai_scientist.rules.referee.notes import Note, strength, weakness

_NUMBER = r"(?<![\w.])[−+-]?\d+(?:[.,]\d+)*\s*%?"
_BOLD = (
    r"\b(?:prov(?:e|es|ed|en)"
    r" that|guarantee\w*|revolution\w*|groundbreaking|unprecedented|always|undoubtedly|obviously|"
    r"clearly superior|perfect(?:ly)?|solves the problem|for the first time|drastically|remarkabl[ey])\b"
)
_PLACEHOLDER = r"\bTODO\b|\bTBD\b|\bXXX\b|lorem ipsum|\[insert|\[citation needed\]|\?\?|\[\?\]|\[missing\]|\bFIXME\b"

MUST = ("abstract", "introduction", "method", "results", "conclusion")
"""Sections without which a draft is no paper."""

ARGUING = ("introduction", "related", "method", "experiments", "results", "conclusion")
"""Sections that need some words to do their work."""


def form_checks(draft: Draft) -> list[Note]:
    """Return what can be said of a draft's form: sections, displays, references, wording, sentences."""
    return [*_structure(draft), *_displays(draft), *_references(draft), *_wording(draft), *_reading(draft)]


def _structure(draft: Draft) -> list[Note]:
    notes = [*_missing(draft), *_thin(draft)]
    return notes or [
        strength(
            "presentation",
            "presentation",
            0.4,
            "The paper is complete: every section that a reader looks for is there and carries text.",
        )
    ]


def _missing(draft: Draft) -> list[Note]:
    there = {kind for kind, text in draft.sections.items() if text or kind != "front"}
    if draft.abstract:
        there.add("abstract")
    if re.search(_NUMBER, draft.sections.get("experiments", "")):
        there.add("results")  # many papers report their results in the section on experiments
    return [
        weakness(
            "presentation",
            "presentation",
            0.5,
            f"The draft has no section that serves as {'an' if kind[0] in 'aei' else 'a'} {kind}.",
            where="structure",
            remedy=f"Add a section for the {kind}.",
            severity="major",
        )
        for kind in MUST
        if kind not in there
    ]


def _thin(draft: Draft) -> list[Note]:
    sizes = {kind: len(text.split()) for kind, text in draft.sections.items()}
    notes = [
        weakness(
            "presentation",
            "presentation",
            0.3,
            f"The section on {kind} has {sizes[kind]} words and cannot carry what a reader needs from it.",
            where=kind,
            remedy="Say what was done and why, so that the section stands by itself.",
        )
        for kind in ARGUING
        if 0 < sizes.get(kind, 0) < 40
    ]
    total = sum(size for kind, size in sizes.items() if kind not in ("references", "appendix"))
    if total < 500:
        notes.append(
            weakness(
                "presentation",
                "contribution",
                0.6,
                f"With {total} words the draft is an outline rather than a paper.",
                where="structure",
                remedy="Describe set-up, results and their limits so that somebody else could repeat the work.",
                severity="major",
            )
        )
    return notes


def _displays(draft: Draft) -> list[Note]:
    notes: list[Note] = []
    for word, kind in (("figure", r"fig(?:ure|\.)"), ("table", r"tab(?:le|\.)")):
        captions = set(re.findall(rf"^\s*{kind}\s*(\d+)\s*[:.|]", draft.text, re.IGNORECASE | re.MULTILINE))
        uses = Counter(re.findall(rf"{kind}s?[\s~]*(\d+)", draft.text, re.IGNORECASE))
        ranges = " ".join(re.findall(rf"{kind}s[\s~]*[\d, and–-]+", draft.text, re.IGNORECASE))
        lonely = sorted(n for n in captions if uses[n] < 2 and n not in re.findall(r"\d+", ranges))
        if lonely:
            notes.append(
                weakness(
                    "presentation",
                    "presentation",
                    0.25,
                    f"{word.capitalize()} {lonely[0]} is shown but never spoken of in the text.",
                    where=f"{word} {lonely[0]}",
                    remedy="Refer to it where its content matters, and say what to look at.",
                )
            )
    if not re.search(r"\b(?:fig(?:ure|s|\.)|table)", draft.text, re.IGNORECASE):
        notes.append(
            weakness(
                "presentation",
                "presentation",
                0.4,
                "No figure or table shows the results.",
                where="results",
                remedy="Show the main comparison in a table with intervals.",
            )
        )
    return notes


def _references(draft: Draft) -> list[Note]:
    entries = [
        line for line in draft.sections.get("references", "").splitlines() if re.search(r"\b(?:19|20)\d\d\b", line)
    ]
    cited = len(
        set(
            re.findall(
                r"\[\d+(?:,\s*\d+)*\]|\(?[A-Z][A-Za-z\-]+(?: et al\.?| and [A-Z][a-z]+)?,? \(?(?:19|20)\d\d", draft.text
            )
        )
    )
    known = len(entries) or cited
    if known == 0:
        return [
            weakness(
                "presentation",
                "originality",
                0.7,
                "The draft cites nothing, so that it cannot be told what is new in it.",
                where="related",
                remedy="Place the work among its neighbours, and say what each of them leaves open.",
                severity="major",
                question="Which published work comes nearest, and how does this differ from it?",
            )
        ]
    if known < 6:
        return [
            weakness(
                "presentation",
                "originality",
                0.3,
                f"Only {known} works are cited; the neighbourhood of the question is larger than that.",
                where="related",
                remedy="Cite the works whose methods are used and those that asked the same question.",
            )
        ]
    return [strength("presentation", "originality", 0.2, f"The work is placed among {known} cited sources.")]


def _wording(draft: Draft) -> list[Note]:
    notes: list[Note] = []
    left = re.search(_PLACEHOLDER, draft.text)
    if left:
        notes.append(
            weakness(
                "presentation",
                "presentation",
                0.7,
                f"A placeholder was left in the text: “{left.group()}”.",
                where="text",
                remedy="Finish the sentence or remove it.",
                severity="major",
            )
        )
    bold = [s for s in draft.find(_BOLD) if s.section != "related" and not re.search(r"\bnot\b|\bno\b", s.low)]
    if len(bold) >= 2:
        notes.append(
            weakness(
                "presentation",
                "presentation",
                0.3,
                f"The wording goes further than evidence can: “{short(bold[0].text)}” ({len(bold)} such sentences).",
                where=place(bold[0]),
                remedy="State what was measured, and leave the adjectives to the reader.",
            )
        )
    counted = Counter(s.text for s in draft.sentences if len(s.text.split()) > 8)
    twice = [text for text, n in counted.items() if n > 1]
    if twice:
        notes.append(
            weakness(
                "presentation",
                "presentation",
                0.2,
                f"A sentence stands more than once: “{short(twice[0])}”",
                where=place([s for s in draft.sentences if s.text == twice[0]][-1]),
                remedy="Say it once.",
            )
        )
    return notes


def _reading(draft: Draft) -> list[Note]:
    """Sentences that nobody can hold in mind, by their length."""
    lengths = [len(s.text.split()) for s in draft.sentences]
    if not lengths:
        return []
    longest = draft.sentences[lengths.index(max(lengths))]
    mean = sum(lengths) / len(lengths)
    if mean > 32 or max(lengths) > 75:
        return [
            weakness(
                "presentation",
                "presentation",
                0.2,
                f"Sentences are long ({mean:.0f} words on average, {max(lengths)} at most): “{short(longest.text)}”",
                where=place(longest),
                remedy="Let each sentence carry a single thought.",
            )
        ]
    return [strength("presentation", "presentation", 0.15, f"It reads easily, at {mean:.0f} words a sentence.")]
