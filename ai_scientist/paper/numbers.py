"""How a number is printed: rounded by its uncertainty, with its unit, as plain text and as LaTeX.

Plain text is what a reader sees and what claims.json keeps: a true minus sign, commas between thousands, "×10^−7" for
what is very small or very large. `to_latex` turns such text into source that gives the same on paper.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Decimal

from ai_scientist.core.values import Scalar
from ai_scientist.paper.escape import Tex, escape

MINUS = "\u2212"
NARROW_SPACE, NO_BREAK_SPACE = "\u202f", "\u00a0"
DIGITS_WITHOUT_UNCERTAINTY = 3
"""Significant digits of a value whose uncertainty nobody knows."""
_MOST_DECIMALS = 6
_LARGEST_PLAIN = 1e9


def decimals_for(value: float, uncertainty: float | None) -> int:
    """Return how many decimals to print; a negative count rounds to tens or hundreds.

    The last printed digit is the second significant digit of the uncertainty. Without one (None, zero, not finite),
    the value has three significant digits, and an integer none behind the point.

    >>> decimals_for(0.91234, 0.0123), decimals_for(0.91234, 0.0996), decimals_for(12345.0, 230.0)
    (3, 2, -1)
    """
    if uncertainty is not None and math.isfinite(uncertainty) and uncertainty > 0:
        return 1 - _exponent(uncertainty, 2)
    if value == 0 or float(value).is_integer():
        return 0
    return max(DIGITS_WITHOUT_UNCERTAINTY - 1 - _exponent(value, DIGITS_WITHOUT_UNCERTAINTY), 0)


def format_number(value: float, decimals: int) -> str:
    """Return a number as plain text with so many decimals.

    >>> format_number(-0.03449, 3), format_number(1234567.0, -2), format_number(1.25e-9, 11)
    ('−0.034', '1,234,600', '1.25×10^−9')

    Raises:
        ValueError: If the value is not finite: such a number is never printed.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be printed")
    if decimals > _MOST_DECIMALS or abs(value) >= _LARGEST_PLAIN:
        return _scientific(value, decimals)
    rounded = _quantize(value, decimals)
    text = f"{abs(rounded):,.{max(decimals, 0)}f}"
    return (MINUS if rounded < 0 else "") + text


def format_value(value: float, uncertainty: float | None = None, unit: str = "") -> str:
    r"""Return a number rounded by its uncertainty, with its unit.

    >>> format_value(0.91234, 0.0123), format_value(43.21, 1.1, "%"), format_value(12.0, None, "s")
    ('0.912', '43.2%', '12\u202fs')
    """
    return with_unit(format_number(value, decimals_for(value, uncertainty)), unit)


def format_interval(value: float, low: float, high: float, uncertainty: float | None, unit: str = "") -> str:
    """Return a value and its interval, all rounded alike; without uncertainty the interval's half-width decides.

    >>> format_interval(0.0512, 0.0431, 0.0593, 0.0039)
    '0.0512 [0.0431, 0.0593]'
    """
    decimals = decimals_for(value, uncertainty if uncertainty else (high - low) / 2)
    inner = f"[{format_number(low, decimals)}, {format_number(high, decimals)}]"
    return f"{with_unit(format_number(value, decimals), unit)} {inner}"


def format_p(p: float, alpha: float = 0.05) -> str:
    """Return a p-value with its relation: "= 0.034", "< 0.001". Rounding never carries it across alpha.

    >>> format_p(0.0342), format_p(0.21), format_p(2e-5), format_p(0.04996), format_p(0.9991)
    ('= 0.034', '= 0.21', '< 0.001', '= 0.04996', '> 0.99')

    Raises:
        ValueError: If it is no probability.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"{p} is no probability")
    if p < 0.001 <= alpha:
        return "< 0.001"
    if p > 0.99:
        return "> 0.99"
    decimals = 2 if p >= 0.095 else 3
    while decimals < 12 and (_quantize(p, decimals) < Decimal(repr(alpha))) != (p < alpha):
        decimals += 1
    if _quantize(p, decimals) == 0:
        return f"= {_scientific(p, 1 - _exponent(p, 2))}"
    return f"= {format_number(p, decimals) if decimals <= _MOST_DECIMALS else f'{_quantize(p, decimals):f}'}"


def format_setting(value: Scalar) -> str:
    """Return a setting exactly as it ran, not rounded.

    >>> format_setting(1797), format_setting(0.0001), format_setting(1e-06), format_setting(True)
    ('1,797', '0.0001', '10^−6', 'true')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}".replace("-", MINUS)
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return str(value)
    text = repr(value)
    if "e" not in text:
        return text.removesuffix(".0").replace("-", MINUS)
    mantissa, _, exponent = text.partition("e")
    power = f"10^{int(exponent)}".replace("-", MINUS)
    mantissa = mantissa.replace("-", MINUS)
    return power if mantissa == "1" else f"{mantissa}×{power}"


def with_unit(text: str, unit: str) -> str:
    r"""Return a printed number with its unit: a narrow space before a symbol, none before % and °.

    >>> with_unit("3.1", "ms"), with_unit("3.1", "%"), with_unit("3.1", "")
    ('3.1\u202fms', '3.1%', '3.1')
    """
    if not unit:
        return text
    if unit[0] in "%°":
        return text + unit
    return f"{text}{NARROW_SPACE if len(unit) <= 4 else NO_BREAK_SPACE}{unit}"


def _exponent(value: float, digits: int) -> int:
    """Return the power of ten of the first digit, after rounding to so many significant digits."""
    return int(f"{abs(value):.{digits - 1}e}".partition("e")[2])


def _quantize(value: float, decimals: int) -> Decimal:
    """Round the value as it is written in decimal, half to even; a rounded zero has no sign."""
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)
    return abs(rounded) if rounded == 0 else rounded


def _scientific(value: float, decimals: int) -> str:
    if value == 0:
        return "0"
    exponent = _exponent(value, 1)
    digits = min(max(exponent + decimals, 0), 15)
    mantissa, _, power = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}×10^{int(power)}".replace("-", MINUS)


_POWER = re.compile(rf"(×?)10\^({MINUS}?\d+)")


def to_latex(text: str) -> Tex:
    r"""Return LaTeX for a printed number, good inside mathematics and outside.

    >>> to_latex("−0.034"), to_latex("43.2%")
    ('\\ensuremath{-}0.034', '43.2\\%')
    >>> to_latex("1.2×10^−7")
    '1.2\\ensuremath{\\times 10^{-7}}'
    """
    parts: list[str] = []
    end = 0
    for found in _POWER.finditer(text):
        times, exponent = found.groups()
        power = "10^{" + exponent.replace(MINUS, "-") + "}"
        parts += [escape(text[end : found.start()]), r"\ensuremath{" + (r"\times " if times else "") + power + "}"]
        end = found.end()
    return Tex("".join([*parts, escape(text[end:])]))
