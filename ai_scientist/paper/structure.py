"""The draft as a whole: its texts, what they may refer to, and whether its parts are there once each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai_scientist.paper.document import SECTIONS, Draft, Figure, Table
from ai_scientist.paper.problems import Problem
from ai_scientist.paper.source import Call, Part, SourceError, Special, parse, walk

APPENDICES = ("app:runs", "app:evidence", "app:plan", "app:quotes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One text of the draft.

    Attributes:
        place: As problems name it.
        kind: "title", "abstract", "section", "heading", "caption" or "body" (a table's).
    """

    place: str
    kind: str
    text: str


def pieces(draft: Draft) -> Iterator[Piece]:
    """Yield every text of a draft, in the order of the paper."""
    yield Piece(place="title", kind="title", text=draft.title)
    yield Piece(place="abstract", kind="abstract", text=draft.abstract)
    for section in draft.sections:
        yield Piece(place=f"heading:{section.name}", kind="heading", text=section.title)
        yield Piece(place=section.name, kind="section", text=section.body)
    for figure in draft.figures:
        yield Piece(place=f"figure:{figure.name}", kind="caption", text=figure.caption)
    for table in draft.tables:
        yield Piece(place=f"caption:{table.name}", kind="caption", text=table.caption)
        yield Piece(place=f"table:{table.name}", kind="body", text=table.body)


def known_labels(figures: Sequence[Figure], tables: Sequence[Table]) -> set[str]:
    r"""Return what \ref may name."""
    return {f"fig:{f.name}" for f in figures} | {f"tab:{t.name}" for t in tables} | _standing_labels()


def _standing_labels() -> set[str]:
    return {f"sec:{name}" for name in SECTIONS} | set(APPENDICES)


def labels_in(parts: Sequence[Part]) -> Iterator[str]:
    r"""Yield the labels that a text defines by \label."""
    return (call.argument(0) for call in calls_in(parts) if call.name == "label")


def calls_in(parts: Sequence[Part]) -> Iterator[Call]:
    """Yield all macros of a text."""
    return (part for part in walk(parts) if isinstance(part, Call))


def unmentioned_displays(draft: Draft, mentioned: set[str]) -> Iterator[Problem]:
    """Yield the figures and tables that no text refers to."""
    for label in sorted(known_labels(draft.figures, draft.tables) - mentioned - _standing_labels()):
        place = label.replace("fig:", "figure:").replace("tab:", "table:")
        yield Problem(kind="display", place=place, message=rf"no text mentions it; write \ref{{{label}}}.")


def structure_problems(draft: Draft) -> Iterator[Problem]:
    """Yield missing, doubled and repeated parts, and tables whose rows do not fit their columns."""
    names = [section.name for section in draft.sections]
    for name in SECTIONS:
        if names.count(name) != 1:
            message = "the section is missing." if name not in names else "the section is there more than once."
            yield Problem(kind="empty", place=name, message=message)
    for group, kind in ((draft.figures, "figure"), (draft.tables, "table")):
        display_names = [display.name for display in group]
        for twice in sorted({n for n in display_names if display_names.count(n) > 1}):
            yield Problem(kind="display", place=f"{kind}:{twice}", message=f"there are two {kind}s of this name.")
    for table in draft.tables:
        yield from _columns(table)
    yield from _doubled_paragraphs(draft)


def _columns(table: Table) -> Iterator[Problem]:
    place = f"table:{table.name}"
    if not re.fullmatch(r"[lrc|]+", table.columns):
        yield Problem(kind="display", place=place, message=f"columns {table.columns!r} are not made of l, r, c and |.")
        return
    wanted = len(table.columns.replace("|", ""))
    try:
        parts = parse(table.body)
    except SourceError:
        return
    count = 1
    for part in parts:
        if isinstance(part, Special) and part.text == "&":
            count += 1
        elif isinstance(part, Call) and part.name == "multicolumn" and part.argument(0).isdigit():
            count += int(part.argument(0)) - 1
        elif isinstance(part, Call) and part.name == "\\":
            if count > wanted:
                message = f"a row has {count} cells, more than the {wanted} columns."
                yield Problem(kind="display", place=place, offset=part.start, message=message)
            count = 1


def _doubled_paragraphs(draft: Draft) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for section in draft.sections:
        for paragraph in re.split(r"\n\s*\n", section.body):
            words = " ".join(paragraph.split()).lower()
            if len(words) < 80:
                continue
            if words in seen:
                message = f"a paragraph stands in {seen[words]} already: {words[:60]!r}."
                yield Problem(kind="placeholder", place=section.name, message=message)
            seen.setdefault(words, section.name)
