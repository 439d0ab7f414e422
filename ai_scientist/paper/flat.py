"""A text as it is read: words without markup, each character with its place in the source, macros as marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai_scientist.paper.source import Call, Comment, Environment, Group, Math, Part, Special, Text
from ai_scientist.paper.vocabulary import (
    ACCENTS,
    CITE_MACROS,
    NAME_MACROS,
    REFERENCE_MACROS,
    RESULT_MACROS,
    TEXT_MACROS,
)

RESULT, NAME, CITATION, REFERENCE, FORMULA, SETTING = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004", "\ue005"
"""What stands for a macro or a formula in flat text: characters that no draft may hold."""

BREAK = "\n\n"
_SPECIALS = {"~": " ", "&": "\n\n", "--": "–", "---": "—", "``": "“", "''": "”"}
_PLAIN = {
    **{name: "" for name in ("-", "/", "!", "@", "noindent", "left", "right")},
    **{name: " " for name in (" ", ",", ";", ":", "\n", "quad", "qquad", "newline", "\\")},
    **{name: BREAK for name in ("par", "item", "smallskip", "medskip", "toprule", "midrule", "bottomrule", "hline")},
    **{name: name for name in "%&_#${}ijlLoO"},
    **{"ldots": "…", "dots": "…", "textendash": "–", "textemdash": "—", "S": "§", "ss": "ss", "aa": "a", "AA": "A"},
    **{"ae": "ae", "AE": "AE", "LaTeX": "LaTeX", "TeX": "TeX", "textless": "<", "textgreater": ">"},
}
_HEADINGS = ("paragraph", "subsection", "subsubsection")
_MARKS = {
    **dict.fromkeys(RESULT_MACROS, RESULT),
    **dict.fromkeys(("cfg", "data", "count", "plan"), SETTING),
    **dict.fromkeys(NAME_MACROS, NAME),
    **dict.fromkeys(CITE_MACROS, CITATION),
    **dict.fromkeys(REFERENCE_MACROS, REFERENCE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """Words and marks.

    Attributes:
        text: What is read, with one mark for each macro and formula.
        offsets: For each character of `text`, where it stands in the source.
        calls: For each mark's position in `text`, its macro.
    """

    text: str
    offsets: tuple[int, ...]
    calls: dict[int, Call]

    def source_offset(self, position: int) -> int:
        """Return the place in the source of a position in the text; the text's end has the last character's."""
        if not self.offsets:
            return 0
        return self.offsets[min(position, len(self.offsets) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of a flat text."""

    start: int
    end: int
    text: str


class _Writer:
    """Collects characters with their places; footnotes are kept for the end, so that they cut no sentence."""

    def __init__(self) -> None:
        self.characters: list[str] = []
        self.offsets: list[int] = []
        self.calls: dict[int, Call] = {}
        self.later: list[Call] = []

    def put(self, text: str, offset: int, *, moving: bool = False) -> None:
        for number, character in enumerate(text):
            self.characters.append(character)
            self.offsets.append(offset + number if moving else offset)

    def parts(self, parts: Sequence[Part]) -> None:
        for part in parts:
            self.part(part)

    def part(self, part: Part) -> None:
        match part:
            case Text():
                self.put(part.text, part.start, moving=True)
            case Comment():
                pass
            case Special():
                self.put(_SPECIALS.get(part.text, " "), part.start)
            case Group():
                self.parts(part.children)
            case Math():
                self.put(FORMULA, part.start)
            case Environment():
                self.put(BREAK, part.start)
                self.parts(part.children)
                self.put(BREAK, part.end - 1)
            case Call():
                self.call(part)

    def call(self, call: Call) -> None:
        if call.name in _MARKS and call.arguments:
            self.calls[len(self.characters)] = call
            if call.name != "label":
                self.put(_MARKS[call.name], call.start)
        elif call.name == "footnote":
            self.later.append(call)
        elif call.name in _HEADINGS:
            self.put(BREAK, call.start)
            self.parts(call.arguments[-1:])
            self.put(BREAK, call.end - 1)
        elif call.name == "multicolumn":
            self.parts(call.arguments[-1:])
        elif call.name in TEXT_MACROS or call.name in ACCENTS:
            self.parts(call.arguments)
        else:
            self.put(_PLAIN.get(call.name, ""), call.start)


def flatten(parts: Sequence[Part]) -> Flat:
    """Return a tree as it is read."""
    writer = _Writer()
    writer.parts(parts)
    while writer.later:
        footnote = writer.later.pop(0)
        writer.put(BREAK, footnote.start)
        writer.parts(footnote.arguments)
    return Flat(text="".join(writer.characters), offsets=tuple(writer.offsets), calls=writer.calls)


_END = re.compile(r"[.!?][)”’'\"\ue002]*(?=\s|$)|\n\s*\n")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|al|resp|approx|Fig|Eq|Sec|Tab|w\.r\.t|[A-Z]))\.$")


def sentences(flat: Flat) -> Iterator[Sentence]:
    """Yield the sentences of a text, paragraph ends included as ends."""
    start = 0
    for found in _END.finditer(flat.text):
        end = found.end()
        if found.group().startswith(".") and _ABBREVIATION.search(flat.text[start : found.start() + 1]):
            continue
        if flat.text[start:end].strip():
            yield Sentence(start=start, end=end, text=flat.text[start:end])
        start = end
    if flat.text[start:].strip():
        yield Sentence(start=start, end=len(flat.text), text=flat.text[start:])
