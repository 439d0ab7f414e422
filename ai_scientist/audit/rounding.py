"""A printed number is rounded: it stands for all values that round to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = r"-?(?:\d+(?:\.\d+)?|\.\d+)"
"""A number as papers print it."""

Statement = tuple[str, int, str]
"""What is printed, where it begins in the text, and why it cannot be; empty if it can."""


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
