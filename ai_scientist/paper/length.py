"""How long a text may be, and whether a rewritten one is longer for a reason.

Reviewed papers grow with every round, by words that tell a reader nothing new. What tells something new can be seen:
a result, a setting, a count, a citation, a display or a formula that was not there before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ai_scientist.paper.document import MOST_WORDS
from ai_scientist.paper.flat import flatten
from ai_scientist.paper.problems import Problem
from ai_scientist.paper.source import Call, Math, SourceError, parse, walk
from ai_scientist.paper.structure import Piece
from ai_scientist.paper.vocabulary import CITE_MACROS, REFERENCE_MACROS, RESULT_MACROS

FEWEST_WORDS = {"abstract": 20, "section": 25, "title": 2, "figure": 4, "caption": 4}
"""Fewer words than these make a part empty."""

MOST_WORDS_ELSEWHERE = {"abstract": 300, "caption": 120}

FREE_SHARE = 0.1
FREE_WORDS = 100
"""A rewritten section may be longer by a tenth, or by a few sentences, and need not say why."""

WORDS_EACH = 40
"""What it takes to say one new thing: a sentence or two about a result, a cited work, a display."""

_WORD = re.compile(r"[^\W_]+(?:[-’'][^\W_]+)*|[\ue000-\ue005]")
_INFORMING = {*RESULT_MACROS, *CITE_MACROS, *REFERENCE_MACROS} - {"label"}


def length_problems(piece: Piece, text: str) -> Iterator[Problem]:
    """Yield that a part is empty, or longer than its budget.

    Args:
        piece: The part.
        text: As it is read, with a mark for each macro and formula.
    """
    telling = re.findall(r"[^\W\d_]{2,}|[\ue000\ue001\ue005]", text)
    fewest = FEWEST_WORDS.get("section" if piece.kind == "section" else piece.place.partition(":")[0], 1)
    if piece.kind in ("heading", "body"):
        fewest = 1
    if len(telling) < fewest:
        message = f"the {piece.kind} has {len(telling)} words, fewer than {fewest}."
        yield Problem(kind="empty", place=piece.place, message=message)
    most, count = most_words(piece), len(_WORD.findall(text))
    if most is not None and count > most:
        message = (
            f"the {piece.kind} has {count} words, more than the {most} that it may have; leave out what adds nothing."
        )
        yield Problem(kind="length", place=piece.place, message=message)


def most_words(piece: Piece) -> int | None:
    """Return the budget of a part, in words; None if it has none."""
    if piece.kind != "section":
        return MOST_WORDS_ELSEWHERE.get(piece.kind)
    return next((most for name, most in MOST_WORDS.items() if name == piece.place), None)


def count_words(text: str) -> int:
    """Return how many words a text in macro form has; a macro or a formula counts as one. 0 if it is no LaTeX."""
    try:
        return len(_WORD.findall(flatten(parse(text)).text))
    except SourceError:
        return 0


def empty_growth(old: str, new: str) -> int:
    """Return by how many words a rewritten text grew beyond what its new contents bear; 0 if it did not.

    Args:
        old: In macro form, as it was.
        new: In macro form, as it shall be.
    """
    before = count_words(old)
    fresh = set(_contents(new)) - set(_contents(old))
    allowed = max(FREE_SHARE * before, FREE_WORDS) + WORDS_EACH * len(fresh)
    grown = count_words(new) - before
    return grown if grown > allowed else 0


def _contents(text: str) -> Iterator[str]:
    """Yield what a text tells beside its words: addresses, cited records, displays, formulas."""
    try:
        parts = parse(text)
    except SourceError:
        return
    for part in walk(parts):
        if isinstance(part, Call) and part.name in _INFORMING and part.arguments:
            yield from _named(part)
        elif isinstance(part, Math):
            yield f"formula {''.join(text[part.start : part.end].split())}"


def _named(call: Call) -> Iterator[str]:
    """Yield what a macro names; a claim about a test is the same one in whatever words."""
    if call.name in CITE_MACROS:
        yield from (f"cite {key.strip()}" for key in call.argument(0).split(","))
    else:
        yield f"{call.name} {call.argument(1 if call.name == 'claim' else 0)}"
