"""The result store: from the rows of the confirm stage to cells and corrected tests, and nothing by hand."""

from __future__ import annotations

import inspect
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ai_scientist.analysis import statistics
from ai_scientist.analysis.cells import Cell, Results, Stat, TestResult, Verdict, address
from ai_scientist.analysis.rows import Row, RunConfig, row_hash
from ai_scientist.core.errors import AIScientistError
from ai_scientist.core.hashing import sha256_bytes
from ai_scientist.core.plan import ABLATION_PREFIX, Hypothesis, Plan

ALL = "all"
"""The dataset of cells that are means over datasets, taken within each seed first."""


class RowsUnusable(AIScientistError):
    """The rows cannot be turned into results: none are there, or two contradict each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """One number a seed, and the rows behind it."""

    values: Mapping[int, float]
    rows: tuple[Row, ...]


PRODUCERS: Mapping[Stat, Callable[..., object]] = {
    "mean": statistics.mean,
    "sd": statistics.sd,
    "ci_low": statistics.t_interval,
    "ci_high": statistics.t_interval,
}
"""The function behind each stat; counts and extremes are taken where the cells are built."""

Key = tuple[str, str, str, str]
"""Metric, condition, dataset, split."""


def build_results(
    rows: Sequence[Row], plan: Plan, config: RunConfig, *, family: int = 0, extra: Sequence[Hypothesis] = ()
) -> Results:
    """Return every cell and test that the rows of the confirm stage give.

    Args:
        rows: Of the confirm stage; points of curves are left out.
        plan: The locked one; its hypotheses are tested if their conditions are there.
        config: What the confirmed program said about itself.
        family: Comparisons made in the whole run, as the ledger counts them; never less than those made here.
        extra: Comparisons added after results existed, beside one for each ablation.

    Raises:
        RowsUnusable: Without final rows, or if one measurement has two values.
    """
    finals = [row for row in rows if row.is_final]
    if not finals:
        raise RowsUnusable("No final value was logged, so there are no results.")
    samples = _samples(finals, plan)
    cells: dict[str, Cell] = {}
    for key in sorted(samples):
        for cell in _cells(key, samples[key], plan):
            cells[cell.id] = cell
    return Results(
        cells=cells,
        tests=_tests(samples, plan, family, extra),
        config=config,
        seeds=tuple(sorted({row.seed for row in finals})),
        nodes=tuple(sorted({row.node for row in finals})),
    )


def exploratory(conditions: Iterable[str], plan: Plan) -> tuple[Hypothesis, ...]:
    """Return a comparison for each ablation that was run: the target against the target without one component."""
    ablations = sorted(name for name in set(conditions) if name.startswith(ABLATION_PREFIX))
    planned = {condition.name for condition in plan.conditions}
    metric = plan.metric(plan.primary_metric)
    return tuple(
        Hypothesis(
            id=f"X{number}",
            statement=f"Leaving out {name.removeprefix(ABLATION_PREFIX).replace('_', ' ')} changes {metric.label}.",
            metric=metric.name,
            treatment=plan.target,
            baseline=name,
            expects="different",
        )
        for number, name in enumerate((name for name in ablations if name not in planned), 1)
    )


def _samples(finals: Sequence[Row], plan: Plan) -> dict[Key, _Sample]:
    gathered: dict[Key, dict[int, Row]] = defaultdict(dict)
    for row in finals:
        seeds = gathered[(row.metric, row.condition, row.dataset, row.split)]
        old = seeds.setdefault(row.seed, row)
        if old.value != row.value:
            raise RowsUnusable(
                f"{row.metric} of condition '{row.condition}' on {row.dataset}, seed {row.seed}, has two values: "
                f"one of node {old.node}, another of node {row.node}."
            )
    samples = {
        key: _Sample(values={seed: by[seed].value for seed in sorted(by)}, rows=tuple(by[seed] for seed in sorted(by)))
        for key, by in gathered.items()
    }
    names = [dataset.name for dataset in plan.datasets]
    for metric, condition, split in {(key[0], key[1], key[3]) for key in gathered}:
        over = _average([samples.get((metric, condition, name, split)) for name in names])
        if over is not None:
            samples[(metric, condition, ALL, split)] = over
    return samples


def _average(parts: Sequence[_Sample | None]) -> _Sample | None:
    """Return the mean over datasets within each seed, over the seeds that have all of them."""
    there = [part for part in parts if part is not None]
    if len(there) != len(parts):
        return None
    seeds = sorted(set[int].intersection(*(set(part.values) for part in there)))
    if not seeds:
        return None
    values = {seed: statistics.mean([part.values[seed] for part in there]) for seed in seeds}
    return _Sample(values=values, rows=tuple(row for part in there for row in part.rows if row.seed in values))


def _cells(key: Key, sample: _Sample, plan: Plan) -> list[Cell]:
    metric, condition, dataset, split = key
    values = list(sample.values.values())
    numbers: dict[Stat, float] = {
        "mean": statistics.mean(values),
        "n": float(len(values)),
        "min": min(values),
        "max": max(values),
    }
    stderr: float | None = None
    if len(values) > 1:
        declared = plan.metric(metric)
        interval = statistics.t_interval(values, least=declared.low, most=declared.high)
        stderr = interval.stderr
        numbers |= {"sd": statistics.sd(values), "ci_low": interval.low, "ci_high": interval.high}
    hashes, nodes = tuple(row_hash(row) for row in sample.rows), tuple(sorted({row.node for row in sample.rows}))
    return [
        Cell(
            id=address(metric, condition, dataset, split, stat),
            metric=metric,
            condition=condition,
            dataset=dataset,
            split=split,
            stat=stat,
            value=value,
            unit="" if stat == "n" else plan.metric(metric).unit,
            uncertainty=None if stat == "n" else stderr,
            nodes=nodes,
            rows=hashes,
            producer=producer(PRODUCERS.get(stat, build_results)),
        )
        for stat, value in numbers.items()
    ]


@cache
def producer(function: Callable[..., object]) -> str:
    """Return a function's name and the hash of its module's source, as cells and tests carry it.

    Pure arithmetic depends on its source alone, so an auditor can tell whether it holds the same code.
    """
    source = Path(inspect.getfile(function)).read_bytes()
    return f"{function.__module__}.{function.__qualname__}@{sha256_bytes(source)[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """A hypothesis with its paired differences."""

    hypothesis: Hypothesis
    planned: bool
    differences: tuple[float, ...]
    rows: tuple[Row, ...]


def _tests(
    samples: Mapping[Key, _Sample], plan: Plan, family: int, extra: Sequence[Hypothesis]
) -> dict[str, TestResult]:
    asked = [(hypothesis, True) for hypothesis in plan.hypotheses]
    added = exploratory((key[1] for key in samples), plan)
    asked += [(hypothesis, False) for hypothesis in (*added, *extra)]
    repeated = [h.id for h, _ in asked if sum(other.id == h.id for other, _ in asked) > 1]
    if repeated:
        raise RowsUnusable(f"Two comparisons have the id {repeated[0]}.")
    made = [c for h, planned in asked if (c := _compare(h, planned, samples, plan)) is not None]
    raw = [_p(comparison, plan) for comparison in made]
    corrected = statistics.holm(raw, family=family)
    size = max(family, len(made))
    return {
        comparison.hypothesis.id: _test(comparison, p, adjusted, size, plan)
        for comparison, p, adjusted in zip(made, raw, corrected, strict=True)
    }


def paired_differences(hypothesis: Hypothesis, rows: Sequence[Row], plan: Plan) -> dict[int, float]:
    """Return treatment minus baseline for each seed, averaged over the hypothesis's datasets within the seed.

    Empty if a condition or dataset has no rows.
    """
    comparison = _compare(hypothesis, True, _samples([row for row in rows if row.is_final], plan), plan)
    if comparison is None:
        return {}
    seeds = sorted({row.seed for row in comparison.rows})
    return dict(zip(seeds, comparison.differences, strict=True))


def _compare(hypothesis: Hypothesis, planned: bool, samples: Mapping[Key, _Sample], plan: Plan) -> _Comparison | None:
    """Return the paired differences; None if an arm is missing or fewer than two seeds are shared."""
    datasets = hypothesis.datasets or tuple(dataset.name for dataset in plan.datasets)
    arms: list[_Sample] = []
    for condition in (hypothesis.treatment, hypothesis.baseline):
        over = _average([samples.get((hypothesis.metric, condition, name, plan.split)) for name in datasets])
        if over is None:
            return None
        arms.append(over)
    treatment, baseline = arms
    seeds = sorted(set(treatment.values) & set(baseline.values))
    if len(seeds) < 2:
        return None
    return _Comparison(
        hypothesis=hypothesis,
        planned=planned,
        differences=tuple(treatment.values[seed] - baseline.values[seed] for seed in seeds),
        rows=tuple(row for arm in arms for row in arm.rows if row.seed in set(seeds)),
    )


def _test_name(comparison: _Comparison, plan: Plan) -> statistics.TestName:
    # The plan's number of seeds decides, not the number that happened to succeed.
    return statistics.choose_test(len(plan.confirm_seeds), comparison.hypothesis.expects)


def _p(comparison: _Comparison, plan: Plan) -> float:
    return statistics.paired_p(
        comparison.differences, test=_test_name(comparison, plan), margin=comparison.hypothesis.margin
    )


def _test(comparison: _Comparison, p: float, corrected: float, family: int, plan: Plan) -> TestResult:
    metric = plan.metric(comparison.hypothesis.metric)
    reach = metric.high - metric.low if metric.high is not None and metric.low is not None else None
    interval = statistics.t_interval(comparison.differences, least=None if reach is None else -reach, most=reach)
    effect = statistics.cohens_d(comparison.differences)
    return TestResult(
        id=comparison.hypothesis.id,
        hypothesis=comparison.hypothesis,
        planned=comparison.planned,
        method=_test_name(comparison, plan),
        n=len(comparison.differences),
        difference=interval.estimate,
        ci_low=interval.low,
        ci_high=interval.high,
        p=p,
        p_corrected=corrected,
        family=family,
        effect=effect.value if effect else None,
        effect_low=effect.low if effect else None,
        effect_high=effect.high if effect else None,
        alpha=plan.alpha,
        verdict=read_verdict(comparison.hypothesis, interval.estimate, corrected, plan.alpha),
        rows=tuple(row_hash(row) for row in comparison.rows),
        producer=producer(statistics.paired_p),
    )


def read_verdict(hypothesis: Hypothesis, difference: float, p_corrected: float, alpha: float) -> Verdict:
    """Return what a corrected test says of a hypothesis; "open" whenever it does not pass.

    >>> h = Hypothesis(id="H1", statement="", metric="ece", treatment="a", baseline="b", expects="lower")
    >>> read_verdict(h, -0.1, 0.01, 0.05), read_verdict(h, 0.1, 0.01, 0.05), read_verdict(h, -0.1, 0.2, 0.05)
    ('supported', 'contradicted', 'open')
    """
    if not p_corrected < alpha or not math.isfinite(difference):
        return "open"
    if hypothesis.expects in ("different", "equivalent"):
        return "supported"
    return "supported" if (difference > 0) == (hypothesis.expects == "higher") else "contradicted"
