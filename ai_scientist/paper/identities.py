"""Equalities in formulas, computed: both sides at random values of their symbols, or as rounded numbers.

An equality is one of numbers alone, or has the same symbols on both sides; a lone symbol on either side makes it a
definition. It is called wrong only if it fails wherever it can be computed: one that holds somewhere (of roots, for
positive values) is left alone, and so is one that the words before it call a condition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from ai_scientist.paper.expressions import Expression, Unreadable, read_expression
from ai_scientist.paper.source import Part
from ai_scientist.paper.tokens import Token, factors_in, tokens_of

POINTS = 24
FEWEST_POINTS = 8
"""How often a side is computed, and how often it must have a value before anything is said."""

_CLOSE = 1e-6
_MOST_ROUNDED = 6
"""Rounded numbers of which every combination of their ends is tried."""

_IMAGINARY = frozenset({"i", "j"})
"""Symbols whose square may be negative, if they stand as factors."""

_CONDITION = re.compile(
    r"\b(?:if|when(?:ever)?|where|such that|satisf\w+|solv\w+|solutions?|roots?|zeros?|suppos\w+|assum\w+|equations?|"
    r"constrain\w+|conditions?|unless|requir\w+|impos\w+|equilibri\w+|fixed points?|stationar\w+|derivatives?|optim\w+|"
    r"let|choos\w+|cho[sz]en?|set(?:s|ting)?|for which|mod(?:ulo)?|boolean|logical|binary|fields?|rings?|idempotent|"
    r"characteristic|prime|homomorphisms?|"
    r"wrong\w*|not|never|false)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equality:
    """An equality that could be computed. `why` says what speaks against it; empty if it holds."""

    start: int
    end: int
    why: str


def sentence_before(text: str, start: int) -> str:
    """Return what stands before a formula in its sentence, or in the one that a displayed formula ends."""
    return re.split(r"[.?!]\s|\n\s*\n", text[max(0, start - 240) : start].rstrip())[-1]


def check_equalities(parts: Sequence[Part], *, before: str = "") -> Iterator[Equality]:
    """Yield the equalities of a formula that can be computed, each between neighbours in a chain.

    Args:
        parts: The formula.
        before: The words before it, which may say that it is a condition.
    """
    tokens = tokens_of(parts)
    factors = factors_in(tokens)
    capitals = {name[0] for name in factors if name[0].isupper()}
    if _CONDITION.search(before) or len(capitals) > 1 or factors & _IMAGINARY:
        return  # several capitals may be matrices, whose products do not commute
    if capitals and _is_transposed(tokens):
        return
    for left, right in _equated(tokens):
        try:
            one, other = read_expression(left, factors), read_expression(right, factors)
        except Unreadable:
            continue
        if one.symbols != other.symbols or (one.symbols and (one.is_lone or other.is_lone)):
            continue
        why = _of_symbols(one, other) if one.symbols else _of_numbers(one, other)
        if why is not None:
            yield Equality(start=left[0].start, end=right[-1].end, why=why)


def _is_transposed(tokens: Sequence[Token]) -> bool:
    raised = [token.inner[0] for token in tokens if token.kind == "power"]
    return any(len(script) == 1 and script[0].text in ("T", "t", "H") for script in raised)


def _equated(tokens: Sequence[Token]) -> Iterator[tuple[list[Token], list[Token]]]:
    """Yield the two sides of each equals sign that stands in no bracket."""
    sides: list[list[Token]] = [[]]
    joints: list[bool] = []  # whether an equals sign stands between a side and the one before it
    depth = 0
    for number, token in enumerate(tokens):
        depth += (token.kind == "open") - (token.kind == "close")
        following = tokens[number + 1].kind if number + 1 < len(tokens) else ""
        if token.kind == "break" and token.text == "\\" and following in ("equals", "relation"):
            continue  # a chain that goes on in the next row
        if depth == 0 and token.kind in ("equals", "relation", "break"):
            joints.append(token.kind == "equals")
            sides.append([])
        else:
            sides[-1].append(token)
    for number, is_equality in enumerate(joints):
        if is_equality and sides[number] and sides[number + 1]:
            yield sides[number], sides[number + 1]


def _of_symbols(one: Expression, other: Expression) -> str | None:
    """Return what speaks against an equality of symbols; None if that depends on their values."""
    names = sorted(one.symbols)
    dice = Random(",".join(names))
    numbers = {name: float(text) for side in (one, other) for name, text in side.numbers.items()}
    failed, values = 0, dict[str, float]()
    tried = 0
    for _ in range(POINTS):
        point = {name: dice.uniform(0.2, 3.0) for name in names}
        try:
            left, right = one.value(point | numbers), other.value(point | numbers)
        except (ValueError, ZeroDivisionError, OverflowError):
            continue
        tried += 1
        if abs(left - right) > _CLOSE * max(1.0, abs(left), abs(right)):
            failed, values = failed + 1, point
    if tried < FEWEST_POINTS or 0 < failed < tried:
        return None
    return f"it fails {_at(one, other, values, numbers)}" if failed else ""


def _at(one: Expression, other: Expression, point: Mapping[str, float], numbers: Mapping[str, float]) -> str:
    shown = {name: round(value, 1) for name, value in point.items()}
    where = ", ".join(f"{name} = {value:g}" for name, value in shown.items())
    try:
        left, right = one.value(shown | dict(numbers)), other.value(shown | dict(numbers))
    except (ValueError, ZeroDivisionError, OverflowError):
        return "at every value that was tried"
    return f"at {where}, where the left side is {left:.4g} and the right side {right:.4g}"


def _of_numbers(one: Expression, other: Expression) -> str | None:
    """Return what speaks against an equality of numbers, each of which stands for all that rounds to it."""
    ends = {**_ends(one, is_result=one.is_lone), **_ends(other, is_result=other.is_lone)}
    rounded = [name for name, (low, high) in ends.items() if low < high]
    if len(rounded) > _MOST_ROUNDED or (one.is_lone and other.is_lone):
        return None
    lefts: list[float] = []
    rights: list[float] = []
    for corner in product((0, 1), repeat=len(rounded)):
        point = {name: low for name, (low, _) in ends.items()}
        point |= {name: ends[name][end] for name, end in zip(rounded, corner, strict=True)}
        try:
            lefts.append(one.value(point))
            rights.append(other.value(point))
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
    room = _CLOSE * max(1.0, *map(abs, lefts), *map(abs, rights))
    if min(lefts) <= max(rights) + room and min(rights) <= max(lefts) + room:
        return ""
    return f"the left side is {sum(lefts) / len(lefts):.6g}, the right side {sum(rights) / len(rights):.6g}"


def _ends(side: Expression, *, is_result: bool) -> dict[str, tuple[float, float]]:
    """Return the ends between which each printed number may lie: decimals are rounded, and a result may be."""
    found: dict[str, tuple[float, float]] = {}
    for name, text in side.numbers.items():
        places = len(text.partition(".")[2])
        half = 0.5 * 10.0**-places if places else 0.0
        if is_result and not places:
            half = 0.5 * 10.0 ** (len(text) - len(text.rstrip("0")) if text.strip("0") else 0)
        found[name] = (float(text) - half, float(text) + half)
    return found
