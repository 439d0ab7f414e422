"""A small study that the tests of this folder share: a plan, and rows that a program might have logged."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from ai_scientist.analysis.rows import LoggedRow, Row
from ai_scientist.core.plan import Condition, Dataset, Hypothesis, Metric, Plan, StagePlan

SEEDS = tuple(range(100, 112))


def make_plan(*, seeds: Sequence[int] = SEEDS, hypotheses: Sequence[Hypothesis] = ()) -> Plan:
    default = (
        Hypothesis(
            id="H1",
            statement="Smoothing lowers the calibration error.",
            metric="ece",
            treatment="proposed",
            baseline="baseline",
            expects="lower",
        ),
        Hypothesis(
            id="H2",
            statement="Smoothing leaves the accuracy as it is.",
            metric="accuracy",
            treatment="proposed",
            baseline="baseline",
            expects="equivalent",
            margin=0.02,
        ),
    )
    return Plan(
        idea="smooth",
        title="Smoothing",
        question="Does smoothing help?",
        hypotheses=tuple(hypotheses) or default,
        conditions=(
            Condition(name="baseline", label="plain training", short="plain", role="baseline", description="."),
            Condition(name="proposed", label="smoothed training", short="smoothed", role="proposed", description="."),
        ),
        datasets=(
            Dataset(name="digits", label="digits", description=".", origin="official", source="scikit-learn"),
            Dataset(name="wine", label="wine", description=".", origin="official", source="scikit-learn"),
        ),
        metrics=(
            Metric(
                name="ece", label="calibration error", short="ECE", direction="lower", low=0, high=1, description="."
            ),
            Metric(name="accuracy", label="accuracy", short="Acc.", direction="higher", low=0, high=1, description="."),
        ),
        primary_metric="ece",
        search_seeds=(0, 1),
        confirm_seeds=tuple(seeds),
        stages=tuple(
            StagePlan(name=name, goal=name, nodes=4) for name in ("implement", "tune", "explore", "ablate", "confirm")
        ),
        stopping_rule="fixed",
        method="Smooth.",
    )


def logged(seed: int, *, conditions: Sequence[str] = ("baseline", "proposed"), shift: float = 0.05) -> list[LoggedRow]:
    """Rows of one seed; every condition but the baseline has a lower calibration error by `shift`."""
    rng = Random(seed)
    rows: list[LoggedRow] = []
    for dataset in ("digits", "wine"):
        level = rng.gauss(0.2, 0.01)
        for condition in conditions:
            ece = level - (0 if condition == "baseline" else shift) + rng.gauss(0, 0.01)
            rows += [
                LoggedRow(metric="ece", value=ece, condition=condition, dataset=dataset),
                LoggedRow(metric="accuracy", value=0.9 + rng.gauss(0, 0.005), condition=condition, dataset=dataset),
            ]
            rows += [
                LoggedRow(metric="ece", value=ece + 0.3 / step, condition=condition, dataset=dataset, step=step)
                for step in (1, 2, 3)
            ]
    return rows


def make_rows(
    *,
    seeds: Sequence[int] = SEEDS,
    conditions: Sequence[str] = ("baseline", "proposed"),
    shift: float = 0.05,
    node: str = "n0009",
) -> list[Row]:
    return [
        Row(**row.model_dump(), node=node, seed=seed, code="c0de", data="da7a", time="2026-01-01T00:00:00.000Z")
        for seed in seeds
        for row in logged(seed, conditions=conditions, shift=shift)
    ]
