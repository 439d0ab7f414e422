"""Statistics as a paper prints them, computed again from what stands beside them.

A test statistic with its degrees of freedom fixes the p-value; an estimate lies in its own interval; a share of so many
cases is a whole number of cases; so is the sum of so many whole numbers (the GRIM test of Brown and Heathers). What is
printed is rounded, so each number stands for a range, and only what no value in the range explains is reported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scipy import stats

from ai_scientist.audit.amounts import AMOUNTS
from ai_scientist.audit.rounding import NUMBER, Range, Statement, normal

P_VALUE = rf"p(?:-value)?\s*(?P<sign>[<>=≤≥])\s*(?P<p>{NUMBER}(?:\s*[×x·]\s*10\s*\^?\s*-?\d+|e-?\d+)?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Impossible:
    """Something printed that cannot be.

    Attributes:
        excerpt: As it is printed.
        start: Offset of the excerpt in the text.
    """

    excerpt: str
    start: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What was found in a text.

    Attributes:
        checked: How many statements were computed again.
    """

    checked: int
    impossible: tuple[Impossible, ...]


def check_printed(text: str) -> Printed:
    """Return every statement of a text that can be computed again, and those that cannot be true."""
    plain = _plain(text)
    found: list[Impossible] = []
    checked = 0
    for check in (_tests, _intervals, *AMOUNTS):
        for excerpt, start, why in check(plain):
            checked += 1
            if why:
                found.append(Impossible(excerpt=" ".join(excerpt.split()), start=start, why=why))
    return Printed(checked=checked, impossible=tuple(sorted(found, key=lambda one: one.start)))


def _plain(text: str) -> str:
    """Return a text with its typographic signs made plain, each character where it was."""
    table = str.maketrans(
        {"−": "-", "–": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "∼": "~", "χ": "X", "²": "2"}
    )
    return text.translate(table)


def _p_of_t(t: float, df: float, _: float) -> float:
    return float(2 * stats.t.sf(abs(t), df))


def _p_of_f(f: float, above: float, below: float) -> float:
    return float(stats.f.sf(f, above, below))


def _p_of_chi2(chi2: float, df: float, _: float) -> float:
    return float(stats.chi2.sf(chi2, df))


def _p_of_z(z: float, _: float, __: float) -> float:
    return float(2 * stats.norm.sf(abs(z)))


def _p_of_r(r: float, df: float, _: float) -> float:
    if abs(r) >= 1:
        return 0.0
    return float(2 * stats.t.sf(abs(r) * math.sqrt(df / (1 - r * r)), df))


TESTS: tuple[tuple[str, str, Callable[[float, float, float], float]], ...] = (
    ("t", rf"\bt\s*\(\s*(?P<a>{NUMBER})\s*\)\s*=\s*(?P<x>{NUMBER})", _p_of_t),
    ("F", rf"\bF\s*\(\s*(?P<a>{NUMBER})\s*,\s*(?P<b>{NUMBER})\s*\)\s*=\s*(?P<x>{NUMBER})", _p_of_f),
    (
        "chi-square",
        rf"X\s*\^?2\s*\(\s*(?P<a>{NUMBER})\s*(?:,\s*N\s*=\s*\d+\s*)?\)\s*=\s*(?P<x>{NUMBER})",
        _p_of_chi2,
    ),
    ("z", rf"\b[zZ]\s*=\s*(?P<x>{NUMBER})", _p_of_z),
    ("r", rf"\br\s*\(\s*(?P<a>{NUMBER})\s*\)\s*=\s*(?P<x>{NUMBER})", _p_of_r),
)
"""Name, pattern, and the two-sided p-value of a statistic with its degrees of freedom."""


def _tests(text: str) -> Iterator[Statement]:
    for name, pattern, p_of in TESTS:
        for match in re.finditer(rf"{pattern}\s*[,;]?\s*{P_VALUE}", text):
            parts = match.groupdict()
            a, b = float(parts.get("a") or 1), float(parts.get("b") or 1)
            sentence = text[max(0, match.start() - 200) : match.end() + 120].lower()
            sided = 0.5 if re.search(r"one[- ](?:sided|tailed)", sentence) and name in ("t", "z", "r") else 1.0
            yield match[0], match.start(), _test_problem(parts, [p_of(x, a, b) * sided for x in _ends(parts["x"])])


def _ends(text: str) -> tuple[float, ...]:
    """Return the values between which a statistic's p-value is least and largest: zero, too, if it may be zero."""
    found = Range.of(text)
    return (found.low, 0.0, found.high) if found.low < 0 < found.high else (found.low, found.high)


def _test_problem(parts: dict[str, str | None], values: list[float]) -> str:
    low, high = min(values), max(values)
    told, sign = Range.of(parts["p"] or "0"), parts["sign"]
    if float(normal(parts["p"] or "0")) > 1:
        return "No p-value is above one."
    fits = {
        "=": low <= told.high and high >= told.low,
        "<": low < told.high,
        "≤": low <= told.high,
        ">": high > told.low,
        "≥": high >= told.low,
    }[sign or "="]
    return "" if fits else f"The statistic and its degrees of freedom give p between {low:.3g} and {high:.3g}."


_ENDS = rf"(?P<low>{NUMBER})\s*(?:,|;|to)\s*(?P<high>{NUMBER})"
INTERVALS = (
    re.compile(rf"(?P<x>{NUMBER})\s*%?\s*\[\s*{_ENDS}\s*\]"),
    re.compile(
        rf"(?P<x>{NUMBER})\s*%?\s*\(\s*9[059]\s*%\s*(?:CI|confidence interval)\s*[:=,]?\s*\[?\s*{_ENDS}\s*\]?\s*\)"
    ),
)


def _intervals(text: str) -> Iterator[Statement]:
    for pattern in INTERVALS:
        for match in pattern.finditer(text):
            low, high, value = (Range.of(match[name]) for name in ("low", "high", "x"))
            why = ""
            if low.low > high.high:
                why = "The interval's lower end is above its upper end."
            elif value.high < low.low or value.low > high.high:
                why = "The estimate lies outside of its own interval."
            yield match[0], match.start(), why
