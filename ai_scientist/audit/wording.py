"""Two renderings of one paper compared by words and numbers, for an auditor whose renderer is another edition.

Layout may differ, and so may the number of digits; a number that says something else may not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

TOKEN = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|[A-Za-z]+|\\[A-Za-z]+|\S")
LAYOUT = re.compile(
    r"\\allowbreak\{\}|\\(?:place|hypertarget|hyperlink|entry|label)\{[^{}]*\}"
    r"|\d*\.?\d+(?:\\(?:text|line|column)(?:width|height)|(?:pt|em|ex|cm|mm|bp)\b)"
)
"""Anchors and lengths: nothing that a reader reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A number or word that the other rendering does not have.

    Attributes:
        line: In the stored text, from 1.
        stored: What stands there.
        made: What is rendered now; empty if nothing corresponds.
    """

    line: int
    stored: str
    made: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    text: str
    line: int

    @property
    def is_number(self) -> bool:
        return self.text[0].isdigit()


def compare_words(stored: str, made: str, *, known: Collection[float] = ()) -> list[Mismatch]:
    """Return the numbers of the stored text that say something else than the text that is made now.

    Args:
        stored: LaTeX as it lies there.
        made: LaTeX as it is rendered now.
        known: Numbers of the evidence: one that stands where nothing corresponds must be one of them.
    """
    found: list[Mismatch] = []
    old, new = list(_tokens(stored)), list(_tokens(made))
    old_lines, new_lines = _by_line(old), _by_line(new)
    matcher = SequenceMatcher(None, [_shape(line) for line in old_lines], [_shape(line) for line in new_lines], False)
    for tag, a, b, c, d in matcher.get_opcodes():
        before = [token for line in old_lines[a:b] for token in line]
        after = [token for line in new_lines[c:d] for token in line]
        if tag == "equal":
            found += _unequal(before, after)
        elif tag != "insert":
            found += _compare_pieces(before, after, known)
    return found


def agrees(stored: str, made: str) -> bool:
    """Return whether two printed numbers are one number, rounded to the fewer digits of the two.

    >>> agrees("0.0674182", "0.06742"), agrees("0.0675", "0.06742"), agrees("12", "12.0")
    (True, False, True)
    """
    one, other = _decimals(stored), _decimals(made)
    a, b = _value(stored), _value(made)
    return abs(a - b) <= 0.5000001 * 10.0 ** -min(one, other)


def _tokens(text: str) -> Iterator[_Token]:
    """Yield what a reader reads: the preamble defines macros, and those of another edition are others."""
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if line.startswith(r"\begin{document}")), 0)
    for number, line in enumerate(lines[start:], start + 1):
        for match in TOKEN.finditer(LAYOUT.sub("", line)):
            yield _Token(text=match[0], line=number)


def _by_line(tokens: Sequence[_Token]) -> list[list[_Token]]:
    lines: list[list[_Token]] = []
    for token in tokens:
        if lines and lines[-1][-1].line == token.line:
            lines[-1].append(token)
        else:
            lines.append([token])
    return lines


def _shape(tokens: Sequence[_Token]) -> str:
    """Return a line with its numbers taken out, so that lines are found again whatever numbers they hold."""
    return " ".join("#" if token.is_number else token.text for token in tokens)


def _unequal(before: Sequence[_Token], after: Sequence[_Token]) -> Iterator[Mismatch]:
    for one, other in zip(before, after, strict=True):
        if one.is_number and not agrees(one.text, other.text):
            yield Mismatch(line=one.line, stored=one.text, made=other.text)


def _compare_pieces(before: list[_Token], after: list[_Token], known: Collection[float]) -> Iterator[Mismatch]:
    old, new = (["#" if token.is_number else token.text for token in side] for side in (before, after))
    for tag, a, b, c, d in SequenceMatcher(None, old, new, False).get_opcodes():
        if tag == "equal":
            yield from _unequal(before[a:b], after[c:d])
        elif tag != "insert":
            for token in before[a:b]:
                if token.is_number and "." in token.text and not is_known(token.text, known):
                    yield Mismatch(line=token.line, stored=token.text, made="")


def is_known(text: str, known: Collection[float]) -> bool:
    """Return whether a printed number is one of the evidence's, rounded to its digits; signs stand apart."""
    value, slack = _value(text), 0.5000001 * 10.0 ** -_decimals(text)
    return any(abs(abs(number) - value) <= slack for number in known if math.isfinite(number))


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def _value(text: str) -> float:
    return float(text.replace(",", ""))
