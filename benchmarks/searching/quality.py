"""How good a program each search finds with the same number of evaluations and the same synthetic model."""

from __future__ import annotations

import asyncio
import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy import stats

from benchmarks.searching import chat, tasks
from benchmarks.searching.ours import chat_server, search
from benchmarks.searching.rivals import Rival

TASKS_COMPARED = ("circles", "packing", "heilbronn", "noisy")

LOOKS = 3
"""How often a doubtful incumbent is run again, where a variant does."""

VARIANTS: dict[str, Mapping[str, object]] = {
    "best_first": {"policy": "best_first"},
    "puct": {"policy": "puct"},
    "ucb1": {"policy": "ucb1"},
    "random": {"policy": "random"},
    "best_of_n": {"policy": "best_of_n"},
}

RE_EVALUATING: dict[str, Mapping[str, object]] = {
    f"{policy}+again": {"policy": policy, "reevaluations": LOOKS, "spare_seeds": tuple(range(1, LOOKS + 1))}
    for policy in ("best_first", "puct")
}
"""Variants for noisy tasks; each re-evaluation counts as one of the evaluations."""


@dataclass(frozen=True)
class Mean:
    """Over seeds, with a 95 % t interval."""

    mean: float
    low: float
    high: float


def summarise(values: Sequence[float]) -> Mean:
    """Return the mean and its interval."""
    n, mean = len(values), math.fsum(values) / len(values)
    if n < 2:
        return Mean(mean, math.nan, math.nan)
    half = float(stats.t.ppf(0.975, n - 1)) * math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n)
    return Mean(mean, mean - half, mean + half)


def ours(task: str, variant: Mapping[str, object], *, evaluations: int, seed: int) -> float:
    """Return what the program that this search would hand over is really worth."""
    with tempfile.TemporaryDirectory() as name, chat_server(task, delay=0.0, seed=seed) as url:
        grown = search(task, Path(name), url, policy="", nodes=evaluations, seed=seed, changes=variant)
        with asyncio.run(grown) as journal:
            best = journal.best("search")
            assert best is not None
            outcome = journal.node(best).outcome
            assert outcome is not None
            return next(row.value for row in outcome.measurements if row.metric == "truth")


class Kept:
    """What the packages found, in a file beside their environments: it does not change with this project's search."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "found.jsonl"
        texts = [Path(module.__file__ or "").read_text() for module in (tasks, chat)]
        self._task_hash = tasks.fingerprint("".join(texts))
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        self._known = {tuple(key): float(truth) for key, truth in map(json.loads, lines)}

    def of(self, rival: Rival, task: str, *, evaluations: int, seed: int) -> float:
        """Return what the best program that the package saw is really worth; run it only if that is not known."""
        key = (rival.name, rival.version, self._task_hash, task, evaluations, seed)
        if key not in self._known:
            with chat_server(task, delay=0.0, seed=seed) as url:
                made = rival.run(task, url, evaluations=evaluations, seed=seed)
            self._known[key] = max(made, key=lambda evaluation: evaluation.seen).truth
            with self._file.open("a") as file:
                file.write(json.dumps([key, self._known[key]]) + "\n")
        return self._known[key]


def measure(task: str, *, evaluations: int, seeds: int, rivals: Sequence[Rival]) -> dict[str, Mean]:
    """Return the mean worth for each system."""
    numbers = range(1, seeds + 1)
    variants = VARIANTS | (RE_EVALUATING if tasks.TASKS[task].noise else {})
    found = {
        name: summarise([ours(task, variant, evaluations=evaluations, seed=seed) for seed in numbers])
        for name, variant in variants.items()
    }
    for rival in rivals:
        kept = Kept(rival.environment.parent)
        found[rival.name] = summarise([kept.of(rival, task, evaluations=evaluations, seed=seed) for seed in numbers])
    return found
