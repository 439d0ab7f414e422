"""Statistics against published reference values, and intervals against what they promise."""

from __future__ import annotations

import math

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

# NIST Statistical Reference Datasets, univariate: Mavro (filter transmittance), with its certified values.
MAVRO = [
    *(2.00180, 2.00170, 2.00180, 2.00190, 2.00180, 2.00170, 2.00150, 2.00140, 2.00150, 2.00150),
    *(2.00170, 2.00180, 2.00180, 2.00190, 2.00190, 2.00210, 2.00200, 2.00160, 2.00140, 2.00130),
    *(2.00130, 2.00150, 2.00150, 2.00160, 2.00150, 2.00140, 2.00130, 2.00140, 2.00150, 2.00140),
    *(2.00150, 2.00160, 2.00150, 2.00160, 2.00190, 2.00200, 2.00200, 2.00210, 2.00220, 2.00230),
    *(2.00240, 2.00250, 2.00270, 2.00260, 2.00260, 2.00260, 2.00270, 2.00260, 2.00250, 2.00240),
]

# Variable 1 of the clinic data that statsmodels checks itself against R with; first and second group paired.
CLINIC = (
    [2.84, 2.51, 2.41, 2.95, 3.14, 3.79, 4.14, 3.85, 3.02, 3.45, 5.37, 3.81, 4.19, 3.16, 3.84],
    [2.60, 2.82, 2.18, 3.46, 4.01, 3.04, 3.47, 4.06, 2.91, 3.59, 4.51, 3.16, 3.86, 3.31, 3.02],
)
# Darwin's maize: cross-fertilised minus self-fertilised, in eighths of an inch.
MAIZE = [49.0, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]

REFERENCE = 1e-9
"""What issue and plan ask: relative agreement with published values."""


def differences(pair: tuple[list[float], list[float]]) -> list[float]:
    return [a - b for a, b in zip(*pair, strict=True)]


def test_mean_and_standard_deviation_are_those_certified_by_nist() -> None:
    assert mean(MAVRO) == pytest.approx(2.00185600000000, rel=REFERENCE)
    assert sd(MAVRO) == pytest.approx(0.000429123454003053, rel=REFERENCE)


def test_the_interval_of_a_mean_difference_is_that_of_r() -> None:
    interval = t_interval(differences(CLINIC))
    assert interval.estimate == pytest.approx(0.1646666666666667, rel=REFERENCE)
    assert interval.stderr == pytest.approx(0.1357514067862445, rel=REFERENCE)
    assert interval.low == pytest.approx(-0.1264911434745851, rel=REFERENCE)
    assert interval.high == pytest.approx(0.4558244768079186, rel=REFERENCE)
    ninety = t_interval(differences(CLINIC), level=0.90)
    assert (ninety.low, ninety.high) == pytest.approx((-0.0744336620516462, 0.4037669953849797), rel=REFERENCE)


def test_the_paired_t_test_is_that_of_r() -> None:
    assert paired_t_p(differences(CLINIC)) == pytest.approx(0.245199929713149, rel=REFERENCE)


def test_the_equivalence_test_is_that_of_r() -> None:
    assert equivalence_p(differences(CLINIC), margin=0.6) == pytest.approx(0.003166881489265175, rel=REFERENCE)
    logs = [math.log(a) - math.log(b) for a, b in zip(*CLINIC, strict=True)]
    assert equivalence_p(logs, margin=math.log(1.25)) == pytest.approx(0.0001664157928976468, rel=REFERENCE)


def test_holms_correction_is_that_of_r() -> None:
    # R's multtest, as statsmodels keeps it for its own tests.
    raw = [0.838541367553, 0.642193923795, 0.680845947633, 0.967833824309, 0.71626938238, 0.177096952723]
    raw += [5.23656777208e-005, 0.0202732688798, 0.00028140506198, 0.0149877310796]
    adjusted = holm(raw, family=10)
    assert [adjusted[i] for i in (6, 8, 9, 7)] == pytest.approx(
        [5.2365677720800005e-04, 2.5326455578199999e-03, 1.1990184863680001e-01, 1.4191288215860001e-01], rel=REFERENCE
    )
    assert adjusted[0] == 1.0


def test_the_sign_flip_test_counts_what_fisher_counted_for_darwins_maize() -> None:
    assert sign_flip_p(MAIZE) == pytest.approx(1726 / 32768, rel=REFERENCE)


def test_the_noncentrality_interval_is_that_of_mbess() -> None:
    # conf.limits.nct(ncp=2.83, df=126), which searches to about 1e-8.
    n = 127
    values = np.linspace(-1, 1, n)
    values = values / values.std(ddof=1) + 2.83 / math.sqrt(n)
    effect = cohens_d([float(v) for v in values])
    assert effect is not None
    assert effect.low * math.sqrt(n) == pytest.approx(0.8337502600, rel=1e-7)
    assert effect.high * math.sqrt(n) == pytest.approx(4.8153591405, rel=1e-7)


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
