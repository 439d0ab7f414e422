"""How good a program each search finds with the same number of evaluations and the same synthetic model."""

from __future__ import annotations

import asyncio
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy import stats

from ai_scientist.search.policies import POLICIES
from benchmarks.searching.ours import chat_server, search
from benchmarks.searching.rivals import Rival

TASKS_COMPARED = ("circles", "packing", "heilbronn", "noisy")

RE_EVALUATING = "puct + re-evaluation"
"""`puct` that runs a doubtful incumbent again; each such run counts as an evaluation."""


@dataclass(frozen=True)
class Mean:
    """Over seeds, with a 95 % t interval."""

    mean: float
    low: float
    high: float
    values: tuple[float, ...]


def summarise(values: Sequence[float]) -> Mean:
    """Return the mean and its interval."""
    n, mean = len(values), math.fsum(values) / len(values)
    if n < 2:
        return Mean(mean, math.nan, math.nan, tuple(values))
    half = float(stats.t.ppf(0.975, n - 1)) * math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n)
    return Mean(mean, mean - half, mean + half, tuple(values))


def systems(rivals: Sequence[Rival]) -> list[str]:
    """Return what is compared: every policy, then the packages."""
    return [*POLICIES, *(rival.name for rival in rivals if rival.name != "shinka")]


def once(system: str, task: str, *, evaluations: int, seed: int, rivals: Sequence[Rival]) -> float:
    """Return what the program that a system would hand over is really worth."""
    with tempfile.TemporaryDirectory() as name, chat_server(task, delay=0.0, seed=seed) as url:
        rival = next((r for r in rivals if r.name == system), None)
        if rival is not None:
            made = rival.run(task, url, evaluations=evaluations, seed=seed)
            return max(made, key=lambda evaluation: evaluation.seen).truth
        grown = search(task, Path(name), url, policy=system, nodes=evaluations, seed=seed)
        with asyncio.run(grown) as journal:
            best = journal.best("search")
            assert best is not None
            outcome = journal.node(best).outcome
            assert outcome is not None
            return next(row.value for row in outcome.measurements if row.metric == "truth")


def measure(task: str, *, evaluations: int, seeds: int, rivals: Sequence[Rival]) -> dict[str, Mean]:
    """Return the mean worth for each system."""
    return {
        system: summarise(
            [once(system, task, evaluations=evaluations, seed=seed, rivals=rivals) for seed in range(1, seeds + 1)]
        )
        for system in systems(rivals)
    }
