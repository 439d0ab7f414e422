"""Statistics: pure functions from numbers to numbers, computed by scipy and statsmodels.

Which test is used is fixed by the plan before any result exists: the number of confirm seeds and what the hypothesis
expects decide it, never the data (`choose_test`). Below ten pairs the exact sign-flip test is used, because it needs
no normal differences; from ten on the paired t-test; for an expected equivalence two one-sided paired t-tests.
Intervals are t intervals: a percentile bootstrap of three seeds covers far less than it says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

import numpy as np
from scipy import integrate, optimize, stats

from ai_scientist.core.plan import Expectation

TestName = Literal["exact sign-flip test", "paired t-test", "equivalence test (two one-sided paired t-tests)"]

EXACT_BELOW = 10
"""With fewer pairs than this the sign-flip test goes through all assignments of signs."""

Sample = Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its confidence interval. NaN never occurs: too few values raise."""

    estimate: float
    low: float
    high: float
    stderr: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectSize:
    """Cohen's d for paired samples: mean difference over the differences' standard deviation."""

    value: float
    low: float
    high: float


def mean(values: Sample) -> float:
    """Return the mean, summed exactly, so that the order of the values does not matter."""
    return math.fsum(values) / len(values)


def sd(values: Sample) -> float:
    """Return the sample standard deviation (n - 1); at least two values."""
    if len(values) < 2:
        raise ValueError("a standard deviation needs two values")
    centre = mean(values)
    return math.sqrt(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1))


def t_interval(
    values: Sample, *, level: float = 0.95, least: float | None = None, most: float | None = None
) -> Interval:
    """Return the mean with its two-sided t interval.

    Args:
        values: One a seed.
        level: How often the interval should hold the true mean.
        least: Smallest mean that there can be; the interval ends there. It holds the truth no less often for it.
        most: Largest mean that there can be.

    Raises:
        ValueError: With fewer than two values, because no spread can be known.
    """
    n, centre = len(values), mean(values)
    stderr = sd(values) / math.sqrt(n)
    half = _quantile(level, n - 1) * stderr
    # A mean a rounding error beyond its range keeps its interval around it.
    low = max(centre - half, min(least, centre)) if least is not None else centre - half
    high = min(centre + half, max(most, centre)) if most is not None else centre + half
    return Interval(estimate=centre, low=low, high=high, stderr=stderr)


@cache
def _quantile(level: float, df: int) -> float:
    """Return the t distribution's quantile behind a two-sided level."""
    return float(stats.t.ppf(0.5 + level / 2, df))


def choose_test(pairs: int, expects: Expectation) -> TestName:
    """Return the test that a plan with this many confirm seeds fixes for a hypothesis."""
    if expects == "equivalent":
        return "equivalence test (two one-sided paired t-tests)"
    return "exact sign-flip test" if pairs < EXACT_BELOW else "paired t-test"


def least_p(pairs: int, expects: Expectation = "different") -> float:
    """Return the smallest p-value that the chosen test can give; above alpha means that nothing could ever be shown.

    >>> least_p(5), least_p(6)
    (0.0625, 0.03125)
    """
    return 2.0 ** (1 - pairs) if choose_test(pairs, expects) == "exact sign-flip test" else 0.0


def sign_flip_p(differences: Sample) -> float:
    """Return the two-sided exact p-value of the differences' mean under all assignments of signs."""
    if len(differences) < 2:
        raise ValueError("a paired test needs two pairs")
    result = stats.permutation_test(
        (np.asarray(differences, dtype=float),),
        _row_mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=10**6,
    )
    return min(1.0, float(result.pvalue))


def _row_mean(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], axis: int = -1
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return cast("np.ndarray[tuple[int, ...], np.dtype[np.float64]]", np.mean(values, axis=axis))


def paired_t_p(differences: Sample) -> float:
    """Return the two-sided p-value of the paired t-test.

    Differences without any spread have no t statistic; the sign-flip test is then used, which is always defined.
    """
    spread = sd(differences)
    if _is_flat(differences, spread):
        return 1.0 if mean(differences) == 0 else 2.0 ** (1 - len(differences))
    t = mean(differences) / (spread / math.sqrt(len(differences)))
    return float(2 * stats.t.sf(abs(t), len(differences) - 1))


def equivalence_p(differences: Sample, *, margin: float) -> float:
    """Return the larger p-value of the two one-sided paired t-tests against -margin and +margin (Schuirmann's TOST)."""
    if margin <= 0:
        raise ValueError("an equivalence margin is positive")
    n, centre, spread = len(differences), mean(differences), sd(differences)
    if _is_flat(differences, spread):
        return 2.0 ** (-n) if abs(centre) < margin else 1.0
    stderr = spread / math.sqrt(n)
    above = float(stats.t.sf((centre + margin) / stderr, n - 1))
    below = float(stats.t.cdf((centre - margin) / stderr, n - 1))
    return max(above, below)


def paired_p(differences: Sample, *, test: TestName, margin: float | None = None) -> float:
    """Return the p-value of the named test."""
    if test == "exact sign-flip test":
        return sign_flip_p(differences)
    if test == "paired t-test":
        return paired_t_p(differences)
    if margin is None:
        raise ValueError("an equivalence test needs its margin")
    return equivalence_p(differences, margin=margin)


def holm(p_values: Sample, *, family: int) -> list[float]:
    """Return Holm's adjusted p-values, in the order given.

    A family larger than the list counts comparisons that were made but are not shown; they enter as if their p were 1,
    which keeps the family-wise error below alpha whatever they were.
    """
    size = max(family, len(p_values))
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (size - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def cohens_d(differences: Sample, *, level: float = 0.95) -> EffectSize | None:
    """Return Cohen's d for paired samples with its interval from the noncentral t distribution.

    None if the differences have no spread. The interval inverts the noncentral t's distribution function (Steiger and
    Fouladi's pivot); its coverage is exact for normal differences.
    """
    n, spread = len(differences), sd(differences)
    if _is_flat(differences, spread):
        return None
    value = mean(differences) / spread
    t, root = value * math.sqrt(n), math.sqrt(n)
    tail = (1 - level) / 2
    low = _noncentrality(t, n - 1, 1 - tail) / root
    high = _noncentrality(t, n - 1, tail) / root
    return EffectSize(value=value, low=low, high=high)


def _noncentrality(t: float, df: int, probability: float) -> float:
    """Return the noncentrality under which the noncentral t lies below `t` with this probability."""
    # P(T < t; nc) = P(T > -t; -nc): for negative t the mirrored problem is numerically the easier one.
    if t < 0:
        return -_noncentrality(-t, df, 1 - probability)

    def excess(nc: float) -> float:
        return _noncentral_below(t, df, nc) - probability

    reach = 10.0 + abs(t)
    low, high = t - reach, t + reach
    while excess(low) < 0:
        low -= reach
    while excess(high) > 0:
        high += reach
    return float(optimize.brentq(excess, low, high, xtol=1e-12, rtol=1e-12))


def _noncentral_below(t: float, df: int, nc: float) -> float:
    """Return the probability that a noncentral t lies below `t`."""
    below = float(stats.nct.cdf(t, df, nc))
    if not math.isnan(below):
        return below
    # For some strongly negative noncentralities the library's series breaks down; the definition always works:
    # the mean of Φ(t·u − nc) over u = √(χ² / df).
    density = stats.chi(df, scale=1 / math.sqrt(df)).pdf
    return float(integrate.quad(lambda u: stats.norm.cdf(t * u - nc) * density(u), 0, math.inf, epsabs=1e-13)[0])


def _is_flat(values: Sample, spread: float) -> bool:
    """Whether the spread is nothing but rounding."""
    return spread <= 1e-13 * max(abs(value) for value in values) or spread == 0
