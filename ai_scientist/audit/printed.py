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

NUMBER = r"-?(?:\d+(?:\.\d+)?|\.\d+)"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The values that a printed number stands for."""

    low: float
    high: float

    @classmethod
    def of(cls, text: str) -> Range:
        """Return the range that rounding leaves open.

        >>> Range.of("2.10")
        Range(low=2.095, high=2.105)
        """
        plain = normal(text)
        mantissa, _, exponent = plain.partition("e")
        half = 0.5 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
        value = float(plain)
        return cls(low=round(value - half, 12), high=round(value + half, 12))


def normal(text: str) -> str:
    """Return a printed number as Python reads it.

    >>> normal("1.2 × 10^-5"), normal(".05")
    ('1.2e-5', '.05')
    """
    return re.sub(r"\s*[×x·]\s*10\s*\^?\s*", "e", text.strip()).replace("−", "-")


def check_printed(text: str) -> Printed:
    """Return every statement of a text that can be computed again, and those that cannot be true."""
    plain = _plain(text)
    found: list[Impossible] = []
    checked = 0
    for check in (_tests, _intervals, _shares, _share_of, _whole_means, _bounded):
        for excerpt, start, why in check(plain):
            checked += 1
            if why:
                found.append(Impossible(excerpt=" ".join(excerpt.split()), start=start, why=why))
    return Printed(checked=checked, impossible=tuple(sorted(found, key=lambda one: one.start)))


Statement = tuple[str, int, str]
"""Excerpt, offset, and what is wrong with it; the last is empty if nothing is."""


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


def _ends(text: str) -> tuple[float, float]:
    found = Range.of(text)
    return (found.low, found.high)


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


def _shares(text: str) -> Iterator[Statement]:
    count = r"(?P<k>\d+)\s*(?:/|of|out of)\s*(?P<n>\d+)"
    percent = r"(?P<x>\d+(?:\.\d+)?)\s*\\?%"
    other = count.replace("?P<k>", "?P<k2>").replace("?P<n>", "?P<n2>")
    second = percent.replace("?P<x>", "?P<x2>")
    for match in re.finditer(rf"\b{count}\s*[^().\d]{{0,20}}\(\s*{percent}\s*\)|\b{second}\s*\(\s*{other}\s*\)", text):
        parts = match.groupdict()
        k, n = int(parts["k"] or parts["k2"]), int(parts["n"] or parts["n2"])
        told = Range.of(parts["x"] or parts["x2"])
        if n == 0:
            yield match[0], match.start(), "Nothing is a share of zero cases."
        elif k > n:
            yield match[0], match.start(), "A part is larger than its whole."
        else:
            share = 100 * k / n
            fits = told.low - 1e-9 <= share <= told.high + 1e-9
            yield match[0], match.start(), "" if fits else f"{k} of {n} is {share:.3g}%."


CASES = (
    r"(?:test\s+)?(?:examples|items|questions|images|cases|samples|instances|problems|patients|participants|documents)"
)


def _share_of(text: str) -> Iterator[Statement]:
    """A share of n cases, of one run, must be some whole number of them."""
    pattern = rf"(?P<x>\d+(?:\.\d+)?)\s*\\?%\s*(?:[a-z]+\s+){{0,4}}(?:on|of)\s+(?:the\s+|all\s+)?(?P<n>\d+)\s+{CASES}\b"
    for match in re.finditer(pattern, text):
        sentence = _sentence(text, match.start(), match.end())
        if re.search(r"\bmean|averag|±|\bseeds?\b|\bruns?\b|\bfolds?\b|\bstd\b", sentence, re.I):
            continue
        n, told = int(match["n"]), Range.of(match["x"])
        yield (
            match[0],
            match.start(),
            "" if _whole(told, n, scale=100) else f"No whole number of {n} cases is {match['x']}%.",
        )


def _whole(told: Range, n: int, *, scale: float) -> bool:
    """Return whether some whole number over n, times the scale, rounds to what is printed."""
    return math.floor((told.high + 1e-9) * n / scale) >= math.ceil((told.low - 1e-9) * n / scale)


MEANS = (
    re.compile(r"\bM\s*=\s*(?P<x>\d+\.\d+)[^.;]{0,40}?\b[nN]\s*=\s*(?P<n>\d+)"),
    re.compile(r"\b[nN]\s*=\s*(?P<n>\d+)[^.;]{0,40}?\bM\s*=\s*(?P<x>\d+\.\d+)"),
)


def _whole_means(text: str) -> Iterator[Statement]:
    """The mean of n whole numbers is a whole number over n."""
    for pattern in MEANS:
        for match in pattern.finditer(text):
            sentence = _sentence(text, match.start(), match.end())
            if not re.search(r"likert|rating|rated|whole number|integer|number of|count", sentence, re.I):
                continue
            fits = _whole(Range.of(match["x"]), int(match["n"]), scale=1)
            why = "" if fits else f"No {match['n']} whole numbers have the mean {match['x']}."
            yield match[0], match.start(), why


BOUNDED = r"accuracy|precision|recall|specificity|sensitivity|F1(?:[- ]score)?|AUC|AUROC"


def _bounded(text: str) -> Iterator[Statement]:
    pattern = rf"\b(?P<what>{BOUNDED})\s+(?:is|was|of|reaches|reached|=|:)\s+(?P<x>\d+(?:\.\d+)?)\s*(?P<unit>\\?%)?"
    for match in re.finditer(pattern, text, re.I):
        value = float(match["x"])
        over = value > 100 if match["unit"] or value > 1.5 else value > 1
        yield match[0], match.start(), f"No {match['what']} is that large." if over else ""


def _sentence(text: str, start: int, end: int) -> str:
    left = max(text.rfind(". ", 0, start), text.rfind("\n\n", 0, start)) + 1
    right = text.find(". ", end)
    return text[left : right if right >= 0 else len(text)]
