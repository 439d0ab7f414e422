"""The statistics of the paper, measured: agreement with published values, and what every interval and test keeps.

    python benchmarks/statistics.py [--quick] [--json]

Coverage is simulated with the functions that make the paper's numbers, for every interval that a paper prints: the mean
of a condition, the difference of two conditions paired by seed, and the standardised effect. Normal data are what these
intervals are made for. The others say what to expect of data that are not: skewed, near an end of their range,
in steps.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ai_scientist.analysis.statistics import choose_test, cohens_d, equivalence_p, holm, paired_p, t_interval
from benchmarks.reference_values import references

SIZES = (3, 5, 10, 30)
ALLOWED = 0.01
"""Distance from the nominal coverage that is allowed for normal data."""

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What seeds are drawn from.

    Attributes:
        mean: The true one, which an interval should hold.
    """

    name: str
    draw: Draw
    mean: float


ITEMS = 50
"""Test rows behind a share of correct answers."""

POPULATIONS = (
    Population(name="normal", draw=lambda rng, shape: rng.normal(0.7, 0.1, shape), mean=0.7),
    Population(
        name="skewed (log-normal, sigma 0.5)",
        draw=lambda rng, shape: rng.lognormal(0, 0.5, shape),
        mean=math.exp(0.125),
    ),
    Population(name="skewed (exponential)", draw=lambda rng, shape: rng.exponential(1.0, shape), mean=1.0),
    Population(name="bounded (beta 38, 2)", draw=lambda rng, shape: rng.beta(38, 2, shape), mean=0.95),
    Population(name="bounded (beta 9.5, 0.5)", draw=lambda rng, shape: rng.beta(9.5, 0.5, shape), mean=0.95),
    Population(
        name="in steps (share of 50 at 0.9)",
        draw=lambda rng, shape: rng.binomial(ITEMS, 0.9, shape) / ITEMS,
        mean=0.9,
    ),
    Population(
        name="in steps (share of 50 at 0.99)",
        draw=lambda rng, shape: rng.binomial(ITEMS, 0.99, shape) / ITEMS,
        mean=0.99,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What an interval or a test keeps at one size.

    Attributes:
        share: Coverage of an interval, error rate of a test.
        promised: What it should be.
        is_bound: Whether the promise is a bound from above (a test) and no equality.
        counts: Whether it must be kept: on normal data. The rest is told.
        draws: Of a test's error rate, which is uncertain by that.
    """

    what: str
    population: str
    n: int
    share: float
    promised: float
    counts: bool
    is_bound: bool = False
    draws: int = 0

    @property
    def is_kept(self) -> bool:
        """Whether the promise is kept within what is allowed."""
        if self.is_bound:
            return self.share <= self.promised + 3 * math.sqrt(self.promised * (1 - self.promised) / self.draws)
        return abs(self.share - self.promised) <= ALLOWED


def coverage(draws: int) -> Iterator[Kept]:
    """Yield the coverage of every interval that a paper prints."""
    for number, population in enumerate(POPULATIONS):
        for n in SIZES:
            rng = np.random.default_rng([number, n])
            counts = population.name == "normal"
            values = population.draw(rng, (draws, n))
            share = _mean_coverage(values, population.mean)
            yield Kept(what="mean", population=population.name, n=n, share=share, promised=0.95, counts=counts)
            # Two arms that share a part that the seed decides: what pairing removes.
            common = rng.normal(0, 0.1, (draws, n))
            arms = [population.draw(rng, (draws, n)) + common for _ in range(2)]
            share = _mean_coverage(arms[0] - arms[1], 0.0)
            yield Kept(
                what="paired difference", population=population.name, n=n, share=share, promised=0.95, counts=counts
            )
            if counts:
                yield from _effects(n, draws)


def _mean_coverage(values: Array, truth: float) -> float:
    held = 0
    for row in values.tolist():
        interval = t_interval(row)
        held += interval.low <= truth <= interval.high
    return held / len(values)


def _effects(n: int, draws: int) -> Iterator[Kept]:
    """Yield the coverage of the effect size's interval for small, medium and very large effects.

    An interval holds the truth if and only if the observed t lies between two quantiles at the true noncentrality;
    that is what is counted. On the first draws the interval itself is made, and must agree.
    """
    for delta in (0.0, 0.8, 3.0):
        rng = np.random.default_rng([n, round(10 * delta)])
        values = rng.normal(delta, 1.0, (draws, n))
        t = values.mean(axis=1) / values.std(axis=1, ddof=1) * math.sqrt(n)
        low, high = (float(stats.nct.ppf(p, n - 1, delta * math.sqrt(n))) for p in (0.025, 0.975))
        holds = (low <= t) & (t <= high)
        for row, inside in zip(values[:50].tolist(), holds[:50].tolist(), strict=True):
            effect = cohens_d(row)
            assert effect is not None and (effect.low <= delta <= effect.high) == inside
        share = float(holds.mean())
        yield Kept(what=f"effect d = {delta:g}", population="normal", n=n, share=share, promised=0.95, counts=True)


def errors(draws: int) -> Iterator[Kept]:
    """Yield how often tests err where nothing is to be found, and the whole family after Holm's correction."""
    for n in (5, 8, 10, 30):
        test = choose_test(n, "different")
        rng = np.random.default_rng([7, n])
        for population in POPULATIONS[:3]:
            # Differences of two arms alike: symmetric, whatever the arms are.
            values = population.draw(rng, (draws, n)) - population.draw(rng, (draws, n))
            wrong = sum(paired_p(row, test=test) < 0.05 for row in values.tolist()) / draws
            yield Kept(
                what=test,
                population=population.name,
                n=n,
                share=wrong,
                promised=0.05,
                is_bound=True,
                draws=draws,
                counts=population.name == "normal",
            )
        at_the_margin = rng.normal(1.0, 1.0, (draws, n))
        wrong = sum(equivalence_p(row, margin=1.0) < 0.05 for row in at_the_margin.tolist()) / draws
        yield Kept(
            what="equivalence test at its margin",
            population="normal",
            n=n,
            share=wrong,
            promised=0.05,
            is_bound=True,
            draws=draws,
            counts=True,
        )
    for n in (8, 10):
        rng, test = np.random.default_rng([8, n]), choose_test(n, "different")
        families = max(50, draws // 6)
        wrong = 0
        for _ in range(families):
            shared = rng.normal(size=n)  # comparisons of one study share their baseline
            raw = [paired_p((rng.normal(size=n) - shared).tolist(), test=test) for _ in range(6)]
            wrong += min(holm(raw, family=6)) < 0.05
        yield Kept(
            what="Holm, six comparisons with one baseline",
            population="normal",
            n=n,
            share=wrong / families,
            promised=0.05,
            is_bound=True,
            draws=families,
            counts=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer draws, within 45 seconds")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args()
    figures = _references()
    kept = [*coverage(4_000 if asked.quick else 40_000), *errors(200 if asked.quick else 5_000)]
    _print(kept)
    intervals = [k for k in kept if k.counts and not k.is_bound]
    tests = [k for k in kept if k.counts and k.is_bound]
    figures |= {
        "intervals_on_normal_data": len(intervals),
        "intervals_within_one_per_cent": sum(k.is_kept for k in intervals),
        "largest_miss_of_coverage": max(abs(k.share - k.promised) for k in intervals),
        "lowest_coverage_on_other_data": min(k.share for k in kept if not k.counts and not k.is_bound),
        "tests_on_normal_data": len(tests),
        "tests_within_alpha": sum(k.is_kept for k in tests),
    }
    if asked.json:
        print(json.dumps({"figures": figures}))


def _references() -> dict[str, float]:
    print(f"{'published value':<42}{'relative deviation':>19}  source", file=sys.stderr)
    agreeing = full = 0
    compared = references()
    for reference in compared:
        is_kept = reference.deviation <= reference.allowed
        agreeing += is_kept
        full += reference.deviation <= 1e-9
        mark = "" if is_kept else "  *"
        rounded = (
            f" ({reference.digits} digits published: held to {reference.allowed:.0e})"
            if reference.allowed > 1e-9
            else ""
        )
        note = f"; {reference.note}" if reference.note else ""
        print(
            f"{reference.name:<42}{reference.deviation:>19.1e}{mark}  {reference.source}{rounded}{note}",
            file=sys.stderr,
        )
    return {
        "references": len(compared),
        "references_within_1e-9": full,
        "references_within_what_was_published": agreeing,
    }


def _print(kept: list[Kept]) -> None:
    print(f"\n{'what':<50}{'data':<34}{'n':>4}{'kept':>8}{'promised':>10}", file=sys.stderr)
    for k in kept:
        bound = "≤ " if k.is_bound else ""
        mark = "" if k.is_kept else "  *"
        print(
            f"{k.what:<50}{k.population:<34}{k.n:>4}{k.share:>8.4f}{bound + format(k.promised, 'g'):>10}{mark}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
