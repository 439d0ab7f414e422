"""Statistics against published reference values, and intervals against what they promise."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from ai_scientist.analysis.statistics import (
    choose_test,
    cohens_d,
    equivalence_p,
    holm,
    least_p,
    mean,
    paired_p,
    paired_t_p,
    sd,
    sign_flip_p,
    t_interval,
)
from benchmarks.reference_values import CLINIC, MAIZE, Reference, differences, references

REFERENCE = 1e-9
"""What is asked: relative agreement with published values."""


@pytest.mark.parametrize("reference", [r for r in references() if not r.note], ids=lambda reference: reference.name)
def test_a_published_value_is_met(reference: Reference) -> None:
    assert reference.deviation <= reference.allowed


def test_where_nists_value_cannot_be_met_the_stored_numbers_own_value_is() -> None:
    """NumAcc4: 10000000.1 and its kin are no binary numbers, and their neighbours have another standard deviation."""
    values = [10000000.2, *([10000000.1, 10000000.3] * 500)]
    exact = [Fraction(value) for value in values]
    centre = sum(exact, Fraction()) / len(exact)
    variance = sum(((value - centre) ** 2 for value in exact), Fraction()) / (len(exact) - 1)
    assert sd(values) == pytest.approx(math.sqrt(variance), rel=REFERENCE)


def test_an_interval_ends_where_means_end() -> None:
    free, bound = t_interval([0.99, 1.0, 0.97]), t_interval([0.99, 1.0, 0.97], least=0.0, most=1.0)
    assert free.high > 1.0
    assert (bound.low, bound.high, bound.estimate) == (free.low, 1.0, free.estimate)
    assert t_interval([1.0 + 1e-12] * 3, most=1.0).high == 1.0 + 1e-12


@pytest.mark.parametrize("values", [differences(CLINIC), MAIZE])
def test_the_effect_sizes_interval_solves_the_noncentral_t_integral(values: list[float]) -> None:
    effect, n = cohens_d(values), len(values)
    assert effect is not None
    assert effect.value == pytest.approx(mean(values) / sd(values), rel=REFERENCE)
    t = effect.value * math.sqrt(n)

    def below(nc: float) -> float:
        def inner(x: float) -> float:
            return float(stats.norm.cdf(t * math.sqrt(x / (n - 1)) - nc) * stats.chi2.pdf(x, n - 1))

        return float(integrate.quad(inner, 0, 200, epsabs=1e-13, epsrel=1e-13, limit=400)[0])

    assert below(effect.low * math.sqrt(n)) == pytest.approx(0.975, rel=REFERENCE)
    assert below(effect.high * math.sqrt(n)) == pytest.approx(0.025, rel=REFERENCE)


@pytest.mark.parametrize("n", [3, 5, 10, 30])
def test_intervals_cover_what_they_promise(n: int) -> None:
    """20,000 draws: the standard error of a coverage is 0.0015, and one per cent is allowed."""
    rng = np.random.default_rng(n)
    draws = rng.normal(0.7, 2.0, size=(20_000, n))
    means, spreads = draws.mean(axis=1), draws.std(axis=1, ddof=1)
    one = t_interval([float(v) for v in draws[0]])
    factor = (one.high - one.estimate) / float(spreads[0])
    assert np.mean(np.abs(means - 0.7) <= factor * spreads) == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("n", [3, 5, 10, 30])
def test_effect_size_intervals_cover_what_they_promise(n: int) -> None:
    """The interval holds the truth exactly if the observed t lies between two quantiles at the true noncentrality."""
    delta, rng = 0.6, np.random.default_rng(100 + n)
    draws = rng.normal(delta, 1.0, size=(20_000, n))
    t = draws.mean(axis=1) / draws.std(axis=1, ddof=1) * math.sqrt(n)
    low, high = (float(stats.nct.ppf(p, n - 1, delta * math.sqrt(n))) for p in (0.025, 0.975))
    holds = [low <= value <= high for value in t.tolist()]
    assert sum(holds) / len(holds) == pytest.approx(0.95, abs=0.01)
    for row, inside in zip(draws[:40], holds[:40], strict=True):
        effect = cohens_d([float(v) for v in row])
        assert effect is not None
        assert (effect.low <= delta <= effect.high) == inside


@pytest.mark.parametrize("n", [6, 9, 12])
def test_tests_err_no_more_often_than_alpha(n: int) -> None:
    rng = np.random.default_rng(n)
    test = choose_test(n, "different")
    wrong = sum(paired_p([float(v) for v in rng.normal(size=n)], test=test) < 0.05 for _ in range(600))
    assert wrong / 600 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 600)


def test_the_plan_and_not_the_data_chooses_the_test() -> None:
    assert choose_test(9, "lower") == "exact sign-flip test"
    assert choose_test(10, "lower") == "paired t-test"
    assert choose_test(5, "equivalent") == choose_test(50, "equivalent")


def test_five_seeds_can_never_show_anything_at_five_per_cent() -> None:
    assert least_p(5) == 0.0625
    assert sign_flip_p([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(least_p(5))


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=8))
@settings(max_examples=40, deadline=None)
def test_the_sign_flip_test_enumerates_all_signs(values: list[int]) -> None:
    n, total, observed = len(values), 0, abs(sum(values))
    for mask in range(2**n):
        flipped = sum(v if mask >> i & 1 else -v for i, v in enumerate(values))
        total += abs(flipped) >= observed
    assert sign_flip_p([float(v) for v in values]) == pytest.approx(total / 2**n)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_holm_keeps_order_and_never_shrinks_a_p_value(raw: list[float], more: int) -> None:
    adjusted = holm(raw, family=len(raw) + more)
    assert all(a >= p and a <= 1 for a, p in zip(adjusted, raw, strict=True))
    order = sorted(range(len(raw)), key=lambda i: raw[i])
    assert [adjusted[i] for i in order] == sorted(adjusted)
    assert all(a >= b for a, b in zip(adjusted, holm(raw, family=0), strict=True))


def test_differences_without_spread_have_no_effect_size_and_a_defined_p_value() -> None:
    flat = [0.1] * 12
    assert cohens_d(flat) is None
    assert paired_t_p(flat) == 2.0**-11
    assert paired_t_p([0.0] * 12) == 1.0
    assert equivalence_p(flat, margin=0.05) == 1.0


@pytest.mark.parametrize("shift", [-40.0, -3.0, 0.0, 3.0, 40.0])
def test_effect_size_intervals_mirror_and_hold_their_estimate(shift: float) -> None:
    values = [shift + v for v in (-1.0, 0.4, 1.3, -0.2, 0.1, 0.9)]
    effect, mirrored = cohens_d(values), cohens_d([-v for v in values])
    assert effect is not None
    assert mirrored is not None
    assert effect.low < effect.value < effect.high
    assert (mirrored.low, mirrored.high) == pytest.approx((-effect.high, -effect.low), rel=1e-8)


def test_one_value_has_no_interval() -> None:
    with pytest.raises(ValueError, match="two values"):
        t_interval([0.5])
