from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_scientist.paper.numbers import (
    MINUS,
    decimals_for,
    format_interval,
    format_number,
    format_p,
    format_setting,
    format_value,
    to_latex,
)
from ai_scientist.paper.source import parse

FINITE = st.floats(min_value=-1e8, max_value=1e8, allow_nan=False)
UNCERTAINTY = st.floats(min_value=1e-5, max_value=1e4)


def read(text: str) -> float:
    return float(text.replace(",", "").replace(MINUS, "-").replace("×10^", "e"))


@given(FINITE, UNCERTAINTY)
def test_rounding_moves_a_value_by_at_most_a_twentieth_of_its_uncertainty(value: float, uncertainty: float) -> None:
    printed = read(format_number(value, decimals_for(value, uncertainty)))
    assert abs(printed - value) <= 0.0501 * uncertainty + 1e-9 * abs(value)


@given(UNCERTAINTY)
def test_the_uncertainty_itself_keeps_two_significant_digits(uncertainty: float) -> None:
    printed = read(format_number(uncertainty, decimals_for(1.0, uncertainty)))
    assert printed == pytest.approx(float(f"{uncertainty:.1e}"), rel=1e-9)


@given(st.floats(min_value=-1e12, max_value=1e12), st.integers(-3, 9))
def test_what_is_printed_reads_back_as_a_number_and_never_as_minus_zero(value: float, decimals: int) -> None:
    text = format_number(value, decimals)
    assert "-" not in text
    assert not (text.startswith(MINUS) and read(text) == 0)


@given(st.floats(min_value=1e-5, max_value=1e8), st.floats(min_value=1e-5, max_value=1e3))
def test_a_value_and_its_negative_print_alike_but_for_the_sign(value: float, uncertainty: float) -> None:
    decimals = decimals_for(value, uncertainty)
    positive, negative = format_number(value, decimals), format_number(-value, decimals)
    assert negative in (positive, MINUS + positive)


@given(st.floats(0, 1), st.sampled_from([0.05, 0.01, 0.001, 0.0005]))
def test_a_printed_p_value_is_on_the_side_of_alpha_where_it_is(p: float, alpha: float) -> None:
    relation, text = format_p(p, alpha).split(" ")
    printed = read(text)
    if relation == "=":
        assert (printed < alpha) == (p < alpha)
        assert printed > 0 or p == 0
    elif relation == "<":
        assert p < printed <= alpha or p < 0.001
    else:
        assert p > printed


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_never_printed(bad: float) -> None:
    with pytest.raises(ValueError, match="cannot be printed"):
        format_number(bad, 2)


@pytest.mark.parametrize("bad", [-0.01, 1.01, math.nan])
def test_what_is_no_probability_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="no probability"):
        format_p(bad)


@pytest.mark.parametrize(
    ("value", "uncertainty", "unit", "text"),
    [
        (0.5, 0.0, "", "0.500"),
        (0.0, None, "", "0"),
        (12.0, None, "", "12"),
        (0.000123456, None, "", "0.000123"),
        (123456.7, 2345.0, "", "123,500"),
        (-0.00004, 0.001, "", "0.0000"),
        (99.96, 0.95, "%", "99.96%"),
        (3.14159, 0.1, "s", "3.14\u202fs"),
        (1.5e10, 2e8, "", "1.500×10^10"),
        (3.2e-9, 1e-10, "", f"3.20×10^{MINUS}9"),
    ],
)
def test_values_print_as_a_physicist_would(value: float, uncertainty: float | None, unit: str, text: str) -> None:
    assert format_value(value, uncertainty, unit) == text


def test_an_interval_is_rounded_like_its_value() -> None:
    assert format_interval(91.234, 90.1, 92.4, 0.42, "%") == "91.23% [90.10, 92.40]"
    assert format_interval(0.5, 0.4, 0.6, None) == "0.50 [0.40, 0.60]"


@given(st.one_of(st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)))
def test_a_setting_prints_as_parsable_latex_without_losing_a_digit(value: float) -> None:
    text = format_setting(value)
    parse(to_latex(text))
    if not isinstance(value, bool):
        plain = text.replace(",", "").replace(MINUS, "-")
        plain = f"1e{plain[3:]}" if plain.startswith("10^") else plain.replace("×10^", "e")
        assert float(plain) == float(value)
