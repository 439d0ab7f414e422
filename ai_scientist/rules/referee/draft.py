"""A draft as a referee reads it: sections by what they are, sentences with their place, what they claim and show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

KINDS: dict[str, tuple[str, ...]] = {
    "abstract": ("abstract", "summary"),
    "introduction": ("introduction", "motivation"),
    "related": ("related work", "related literature", "background", "literature review", "prior work", "previous work"),
    "method": (
        "method",
        "methods",
        "methodology",
        "approach",
        "model",
        "materials and methods",
        "proposed",
        "algorithm",
    ),
    "experiments": (
        "experiment",
        "experiments",
        "experimental setup",
        "set-up",
        "setup",
        "data",
        "evaluation",
        "protocol",
    ),
    "results": ("results", "result", "findings", "analysis", "results and discussion", "discussion", "ablation"),
    "limitations": ("limitation", "limitations", "threats to validity", "broader impact"),
    "conclusion": ("conclusion", "conclusions", "concluding remarks", "outlook"),
    "references": ("references", "bibliography"),
    "appendix": ("appendix", "supplementary", "appendices", "every program"),
}
"""Kind of section → words that stand in its heading; earlier kinds win."""

_HEADING = re.compile(r"^#+\s*(.+?)\s*$")
_NUMBERING = re.compile(r"^(?:[0-9]+(?:\.[0-9]+)*|[A-Z]|[IVX]+)[.)]?\s+(?=[A-Za-z])")
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]”]*\s+(?=[A-Z“\"'(\[])")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|al|resp|approx|Fig|Figs|Eq|Sec|Tab|etc|Dr|No)|\b[A-Z])\.$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence and the kind of section that it stands in."""

    text: str
    section: str

    @property
    def low(self) -> str:
        """In lower case."""
        return self.text.lower()


@dataclass(frozen=True)
class Draft:
    """The text, read once."""

    title: str
    text: str

    @cached_property
    def sections(self) -> dict[str, str]:
        """Kind of section → its text; text before the first heading is "front", unknown headings are "other"."""
        parts: dict[str, list[str]] = {}
        kind = "front"
        for line in self.text.splitlines():
            heading = _HEADING.match(line)
            if heading:
                kind = section_kind(heading.group(1), before=kind)
                parts.setdefault(kind, [])
            else:
                parts.setdefault(kind, []).append(line)
        return {kind: "\n".join(lines).strip() for kind, lines in parts.items()}

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences but those of references and appendix, in order."""
        found: list[Sentence] = []
        for kind, text in self.sections.items():
            if kind in ("references", "appendix"):
                continue
            found += [Sentence(text=part, section=kind) for part in split_sentences(text)]
        return tuple(found)

    @cached_property
    def body(self) -> str:
        """Everything that argues, in lower case: no references, no appendix."""
        return "\n".join(s for kind, s in self.sections.items() if kind not in ("references", "appendix")).lower()

    @property
    def abstract(self) -> str:
        """The abstract; what stands before the first heading, if nothing is called so."""
        return self.sections.get("abstract") or self.sections.get("front", "")

    def has(self, *words: str) -> bool:
        """Whether one of some words or phrases stands in the text that argues."""
        return any(re.search(rf"\b{word}", self.body) for word in words)

    def find(self, pattern: str, *sections: str) -> list[Sentence]:
        """Return the sentences in which a pattern stands, in some kinds of section or in all."""
        expression = re.compile(pattern, re.IGNORECASE)
        return [s for s in self.sentences if (not sections or s.section in sections) and expression.search(s.text)]


def section_kind(heading: str, *, before: str = "") -> str:
    """Return what a heading's section is.

    >>> section_kind("4.2 Experimental Setup"), section_kind("Threats to Validity"), section_kind("Thanks")
    ('experiments', 'limitations', 'other')
    """
    low = _NUMBERING.sub("", heading.strip()).lower().strip(" .:")
    for kind, words in KINDS.items():
        if any(low == word or re.search(rf"\b{re.escape(word)}\b", low) for word in words):
            return kind
    # A sub-heading ("Search.", "Statistics") belongs to the section that it stands in.
    return before if before and before not in ("front", "abstract", "references") and len(low.split()) <= 4 else "other"


def split_sentences(text: str) -> list[str]:
    """Return the sentences of plain text; abbreviations do not end one."""
    parts: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        pending = ""
        for piece in _SENTENCE.split(" ".join(paragraph.split())):
            pending = f"{pending} {piece}".strip()
            if not _ABBREVIATION.search(pending):
                parts.append(pending)
                pending = ""
        if pending:
            parts.append(pending)
    return [part for part in parts if part]


def short(text: str, *, words: int = 18) -> str:
    """Return the beginning of a sentence, to quote it in a review."""
    parts = text.split()
    return " ".join(parts[:words]) + (" …" if len(parts) > words else "")


def place(sentence: Sentence) -> str:
    """Return where a sentence stands, as a defect says it."""
    return sentence.section if sentence.section not in ("front", "other") else "text"
