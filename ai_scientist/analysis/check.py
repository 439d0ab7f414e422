"""Rows against the locked plan: what is kept, what breaks the plan, what is odd.

Problems make a node REFUSED, and debug operators read them. They speak of validity only: nothing here depends on which
arm is better, and nothing says so. A test swaps the arms' values and expects the same verdict.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from pydantic import ValidationError

from ai_scientist.analysis.recompute import KNOWN, KNOWN_OF_PROBABILITIES, Predictions, Truth, recompute
from ai_scientist.analysis.rows import LoggedRow, Row
from ai_scientist.core.plan import ABLATION_PREFIX, Metric, Plan

SAME = 1e-6
"""A logged metric may differ from the recomputed one by this much, relatively: programs compute in single precision."""

TELLING = 4
"""Two arms or seeds that agree in at least this many numbers do so because nothing changed, not by chance."""


OTHER_SPLITS = ("train", "validation", "calibration")
"""Splits that a program may log beside the plan's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedLog:
    """What one seed's run left.

    Attributes:
        rows: In the order in which they were logged.
        data: Hash of the data that the program loaded.
        predictions: Through `lab.predictions`.
    """

    seed: int
    rows: Sequence[LoggedRow]
    data: str = ""
    predictions: Sequence[Predictions] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the harness knows about a node and writes into its rows."""

    node: str
    code: str
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCheck:
    """The verdict on a node's rows.

    Attributes:
        rows: Those that may be kept; what a problem concerns is left out.
        problems: Each makes the node REFUSED.
        warnings: Odd, but allowed; they go into the outcome.
    """

    rows: tuple[Row, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def parse_logged(values: Iterable[object]) -> tuple[tuple[LoggedRow, ...], tuple[str, ...]]:
    """Return the rows that a program's log lines are, and a problem for each line that is none."""
    rows: list[LoggedRow] = []
    problems: list[str] = []
    for number, value in enumerate(values, 1):
        try:
            rows.append(LoggedRow.model_validate(value))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "row"
            problems.append(f"Logged row {number} is malformed: {place}: {first['msg']}.")
    return tuple(rows), tuple(problems)


def check_rows(
    logs: Sequence[SeedLog],
    plan: Plan,
    *,
    origin: Origin,
    components: Sequence[str] = (),
    required: Sequence[str] | None = None,
    truth: Truth | None = None,
) -> RowCheck:
    """Return which rows of a node may be kept, and what breaks the plan.

    Args:
        logs: One for each seed that was run.
        plan: The locked one.
        origin: What the harness adds to each row.
        components: Moves in force in the program. Without any, the target may equal the baseline; with one, a target
            that is byte-identical to the baseline is a dead arm.
        required: Conditions that must be there; None: the target and the baseline.
        truth: True labels, where the harness holds them.
    """
    found = _Findings()
    kept: list[Row] = []
    for log in logs:
        kept += _seed_rows(log, plan, origin, truth or {}, found)
    needed = tuple(required) if required is not None else (plan.target, plan.baseline.name)
    _missing(kept, plan, needed, [log.seed for log in logs], found)
    _dead_arms(kept, plan, bool(components), found)
    _dead_seeds(kept, found)
    return RowCheck(rows=tuple(kept), problems=tuple(found.problems), warnings=tuple(found.warnings))


def recheck_rows(rows: Sequence[Row], plan: Plan, *, components: Sequence[str] = ()) -> RowCheck:
    """Return the same verdict on rows that are already stored, for an audit."""
    by_seed: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_seed[row.seed].append(row)
    logs = [SeedLog(seed=seed, rows=mine) for seed, mine in sorted(by_seed.items())]
    return check_rows(logs, plan, origin=Origin(node="", code="", time=""), components=components)


@dataclass(slots=True)
class _Findings:
    """Problems and warnings, each told once."""

    problems: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])

    def problem(self, text: str) -> None:
        if text not in self.problems:
            self.problems.append(text)

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


def _seed_rows(log: SeedLog, plan: Plan, origin: Origin, truth: Truth, found: _Findings) -> list[Row]:
    allowed = _Allowed.by(plan)
    valid = [row for row in log.rows if _fits(row, allowed, log.seed, found)]
    finals = Counter(_place(row) for row in valid)
    for place, count in finals.items():
        if count > 1:
            found.problem(f"{_name(place)} was logged {count} times by seed {log.seed}; each value is logged once.")
    unique = [row for row in valid if finals[_place(row)] == 1]
    computed = _recomputed(log, plan, truth, found)
    rows: list[Row] = []
    for row in unique:
        mine = computed.pop(_place(row), None) if row.step is None else None
        if mine is not None and not math.isclose(mine, row.value, rel_tol=SAME, abs_tol=SAME):
            found.problem(f"{_name(_place(row))}, seed {log.seed}: the logged value is not what its predictions give.")
            continue
        rows.append(_kept(row, log, origin, recomputed=mine is not None))
    logged = set(finals)
    for place, value in computed.items():
        if place not in logged:
            row = LoggedRow(metric=place[0], value=value, condition=place[1], dataset=place[2], split=place[3])
            if _fits(row, allowed, log.seed, found):
                rows.append(_kept(row, log, origin, recomputed=True))
    return rows


def _kept(row: LoggedRow, log: SeedLog, origin: Origin, *, recomputed: bool) -> Row:
    if isinstance(row, Row):
        return row  # stored already, with its origin
    return Row(
        metric=row.metric,
        value=row.value,
        condition=row.condition,
        dataset=row.dataset,
        split=row.split,
        step=row.step,
        node=origin.node,
        seed=log.seed,
        code=origin.code,
        data=log.data,
        time=origin.time,
        recomputed=recomputed,
    )


Place = tuple[str, str, str, str, int | None]
"""Metric, condition, dataset, split, step."""


def _place(row: LoggedRow) -> Place:
    return (row.metric, row.condition, row.dataset, row.split, row.step)


def _name(place: Place) -> str:
    metric, condition, dataset, split, step = place
    at = "" if step is None else f" at step {step}"
    return f"{metric} of condition '{condition}' on {dataset} ({split}){at}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Allowed:
    """What a plan lets a row say."""

    metrics: Mapping[str, Metric]
    conditions: frozenset[str]
    datasets: frozenset[str]
    split: str

    @classmethod
    def by(cls, plan: Plan) -> _Allowed:
        return cls(
            metrics={metric.name: metric for metric in plan.metrics},
            conditions=frozenset(condition.name for condition in plan.conditions),
            datasets=frozenset(dataset.name for dataset in plan.datasets),
            split=plan.split,
        )


def _fits(row: LoggedRow, allowed: _Allowed, seed: int, found: _Findings) -> bool:
    """Whether a row is one that the plan allows; what is wrong with it goes to the findings."""
    if row.metric not in allowed.metrics:
        declared = ", ".join(sorted(allowed.metrics))
        found.problem(f"The plan declares no metric '{row.metric}'; it declares {declared}.")
        return False
    if row.condition not in allowed.conditions and not row.condition.startswith(ABLATION_PREFIX):
        found.problem(
            f"The plan declares no condition '{row.condition}'; it declares {', '.join(sorted(allowed.conditions))} "
            f"(and ablations, named {ABLATION_PREFIX}…)."
        )
        return False
    if row.dataset not in allowed.datasets:
        declared = ", ".join(sorted(allowed.datasets))
        found.problem(f"The plan declares no dataset '{row.dataset}'; it declares {declared}.")
        return False
    if row.split not in {allowed.split, *OTHER_SPLITS}:
        found.problem(f"The plan measures on the split '{allowed.split}'; there is no split '{row.split}'.")
        return False
    metric = allowed.metrics[row.metric]
    return _in_range(row, metric.low, metric.high, seed, found)


def _in_range(row: LoggedRow, low: float | None, high: float | None, seed: int, found: _Findings) -> bool:
    if not math.isfinite(row.value):
        found.problem(f"{_name(_place(row))}, seed {seed}: the value is not a finite number.")
        return False
    floor, ceiling = -math.inf if low is None else low, math.inf if high is None else high
    slack = 1e-9 * max(1.0, abs(row.value))
    if not floor - slack <= row.value <= ceiling + slack:
        where = f"{_name(_place(row))}, seed {seed}"
        found.problem(f"{where}: {row.value:.6g} is outside the declared range [{floor:g}, {ceiling:g}].")
        return False
    return True


def _recomputed(log: SeedLog, plan: Plan, truth: Truth, found: _Findings) -> dict[Place, float]:
    metrics = [metric.name for metric in plan.metrics if metric.name in {*KNOWN, *KNOWN_OF_PROBABILITIES}]
    computed: dict[Place, float] = {}
    for predictions in log.predictions:
        for metric in metrics:
            place = (metric, predictions.condition, predictions.dataset, predictions.split, None)
            try:
                value = recompute(predictions, metric, truth)
            except ValueError as error:
                found.problem(f"Predictions of condition '{predictions.condition}' on {predictions.dataset}: {error}.")
                continue
            if value is not None:
                computed[place] = value
    return computed


def _missing(rows: Sequence[Row], plan: Plan, needed: Sequence[str], seeds: Sequence[int], found: _Findings) -> None:
    there = {(r.condition, r.metric, r.dataset, r.seed) for r in rows if r.is_final and r.split == plan.split}
    present = {row.condition for row in rows}
    for condition in needed:
        if condition not in present:
            found.problem(f"No row of condition '{condition}' was logged.")
    compared = {plan.primary_metric, *(h.metric for h in plan.hypotheses)}
    for condition in sorted(present):
        for metric in (metric.name for metric in plan.metrics):
            for dataset in (dataset.name for dataset in plan.datasets):
                absent = [seed for seed in seeds if (condition, metric, dataset, seed) not in there]
                if not absent:
                    continue
                text = (
                    f"{metric} of condition '{condition}' on {dataset} has no final value for {_seeds(absent, seeds)}."
                )
                if metric in compared:
                    found.problem(text)
                else:
                    found.warn(text)


def _seeds(absent: Sequence[int], seeds: Sequence[int]) -> str:
    if len(absent) == len(seeds):
        return "any seed"
    return ("seed " if len(absent) == 1 else "seeds ") + ", ".join(str(seed) for seed in absent)


def _dead_arms(rows: Sequence[Row], plan: Plan, has_components: bool, found: _Findings) -> None:
    """Arms that agree to the last bit everywhere are one arm under two names."""
    arms: dict[str, dict[tuple[object, ...], float]] = defaultdict(dict)
    for row in rows:
        arms[row.condition][(row.metric, row.dataset, row.split, row.step, row.seed)] = row.value
    may_agree = {plan.target, plan.baseline.name} if not has_components else set[str]()
    for first, second in combinations(sorted(arms), 2):
        if arms[first] != arms[second]:
            continue
        text = f"Conditions '{first}' and '{second}' gave identical values everywhere: one of them does nothing."
        # An ablation that changes nothing is a finding about its component, and is reported as one.
        is_inert = plan.target in (first, second) and ABLATION_PREFIX in (first + second)
        if {first, second} == may_agree or is_inert or len(arms[first]) < TELLING:
            found.warn(text)
        else:
            found.problem(text)


def _dead_seeds(rows: Sequence[Row], found: _Findings) -> None:
    """Seeds that agree to the last bit are no independent repetitions."""
    by_seed: dict[int, dict[Place, float]] = defaultdict(dict)
    by_arm: dict[str, dict[int, dict[Place, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        by_seed[row.seed][_place(row)] = row.value
        by_arm[row.condition][row.seed][_place(row)] = row.value
    if len(by_seed) < 2:
        return
    if _all_equal(by_seed):
        found.problem("All seeds gave identical values: the seed changes nothing.")
        return
    for first, second in combinations(sorted(by_seed), 2):
        if by_seed[first] == by_seed[second]:
            text = f"Seeds {first} and {second} gave identical values: they are one repetition, not two."
            if len(by_seed[first]) < TELLING:
                found.warn(text)
            else:
                found.problem(text)
    for condition, seeds in sorted(by_arm.items()):
        if _all_equal(seeds):
            found.warn(f"Condition '{condition}' gave the same values for all seeds, while others changed.")


def _all_equal(seeds: Mapping[int, Mapping[Place, float]]) -> bool:
    first = next(iter(seeds.values()))
    return len(seeds) > 1 and all(values == first for values in seeds.values())
