"""Shares, means, spreads and changes as papers print them: which of them cannot be."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence

from ai_scientist.audit.rounding import NUMBER, Range, Statement


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


SPREAD = re.compile(
    rf"""\b(?P<what>{BOUNDED})\s+(?:is|was|of|reaches|reached|=|:)\s+
    (?P<x>\d+(?:\.\d+)?)\s*\\?(?P<unit>%)?\s*(?:±|\+/-)\s*(?P<s>\d+(?:\.\d+)?)""",
    re.IGNORECASE | re.VERBOSE,
)


def _spreads(text: str) -> Iterator[Statement]:
    """Values between zero and one spread the more the nearer their mean is to the middle, and no further."""
    for match in SPREAD.finditer(text):
        whole = 100.0 if match["unit"] or float(match["x"]) > 1 else 1.0
        mean, spread = Range.of(match["x"]), Range.of(match["s"])
        middle = min(max(whole / 2, mean.low), mean.high)
        # The variance of n such values is n / (n - 1) times mean * (whole - mean) at most: twice that for two values.
        most = math.sqrt(2 * max(0.0, middle * (whole - middle)))
        why = f"Values up to {whole:g} with this mean spread by {most:.3g} at most." if spread.low > most else ""
        yield match[0], match.start(), why


NOUN = "(?:improvement|reduction|increase|decrease|gain|drop|rise|decline)"
PERCENT = r"\d+(?:\.\d+)?"
CHANGE = re.compile(
    rf"""\bfrom\s+(?P<x>{NUMBER})\s*(?P<unit>\\?%)?\s+to\s+(?P<y>{NUMBER})\s*\\?%?,?\s*
    (?:\(\s*)?(?:an?\s+)?(?:relative\s+)?
    (?:{NOUN}\s+of\s+(?P<z>{PERCENT})\s*\\?%|(?P<z2>{PERCENT})\s*\\?%\s+(?:relative\s+)?{NOUN})""",
    re.VERBOSE,
)


def _changes(text: str) -> Iterator[Statement]:
    """A change in per cent, beside the two values between which it happened: relative to the first, or in points."""
    for match in CHANGE.finditer(text):
        before, after = Range.of(match["x"]), Range.of(match["y"])
        told = Range.of(match["z"] or match["z2"])
        if before.low <= 0:
            continue
        gaps = (after.low - before.high, after.high - before.low)
        points = [gap * (1.0 if match["unit"] else 100.0) for gap in gaps]
        relative = [100 * gap / base for gap in gaps for base in (before.low, before.high)]
        fits = any(low <= told.high and high >= told.low for low, high in (_sizes(points), _sizes(relative)))
        yield match[0], match.start(), "" if fits else f"From {match['x']} to {match['y']} is no such change."


def _sizes(changes: Sequence[float]) -> tuple[float, float]:
    """Return the least and the largest size of a change, whichever way it goes."""
    low, high = min(changes), max(changes)
    return (0.0 if low < 0 < high else min(abs(low), abs(high)), max(abs(low), abs(high)))


def _sentence(text: str, start: int, end: int) -> str:
    left = max(text.rfind(". ", 0, start), text.rfind("\n\n", 0, start)) + 1
    right = text.find(". ", end)
    return text[left : right if right >= 0 else len(text)]


AMOUNTS: tuple[Callable[[str], Iterator[Statement]], ...] = (
    _shares,
    _share_of,
    _whole_means,
    _bounded,
    _spreads,
    _changes,
)
