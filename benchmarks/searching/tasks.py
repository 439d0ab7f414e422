"""The tasks of the search benchmark: a program is one line, `PARAMS = [...]`, and a task says what numbers are worth.

Standard library only: every system's own interpreter imports this file, so that all are scored by the same lines.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

LINE = re.compile(r"^PARAMS = (\[[^\]]*\])", re.MULTILINE)
"""Over several lines too: AIDE shows the model a program as a formatter has it."""


@dataclass(frozen=True)
class Task:
    """What is searched for.

    Attributes:
        size: How many numbers.
        low: Smallest each may be.
        high: Largest.
        truth: What the numbers are worth; more is better.
        noise: Standard deviation of what an evaluation adds to that.
    """

    name: str
    size: int
    low: float
    high: float
    truth: Callable[[Sequence[float]], float]
    noise: float = 0.0

    def observe(self, params: Sequence[float], seed: int = 0) -> float:
        """Return what one evaluation sees; the same numbers and seed always see the same."""
        drawn = Random(f"{seed}/{fingerprint(json.dumps(list(params)))}").gauss(0, 1)
        return self.truth(params) + self.noise * drawn

    def start(self) -> list[float]:
        """Return the numbers that every search begins with."""
        rng = Random(f"start {self.name}")
        return [round(rng.uniform(self.low, self.high), 6) for _ in range(self.size)]

    def mutate(self, params: Sequence[float], rng: Random) -> list[float]:
        """Return a random, always valid edit: few or many numbers, by small or large steps."""
        share = rng.choice((1 / self.size, 0.1, 0.3, 1.0))
        step = rng.choice((0.3, 0.1, 0.03, 0.01, 0.003)) * (self.high - self.low)
        touched = {rng.randrange(self.size)} | {i for i in range(self.size) if rng.random() < share}
        return [
            round(min(self.high, max(self.low, value + rng.gauss(0, step))), 6) if place in touched else value
            for place, value in enumerate(params)
        ]


def fingerprint(text: str) -> str:
    """Return a hash of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def hill(params: Sequence[float]) -> float:
    """One number; the best is 0.37. Costs nothing, so that only the search's own time is seen."""
    return 1 - (params[0] - 0.37) ** 2


def circles(params: Sequence[float]) -> float:
    """Sum of the radii of 26 circles in the unit square around given centres, grown one after the other."""
    centres = [(params[i], params[i + 1]) for i in range(0, len(params), 2)]
    border = [min(x, 1 - x, y, 1 - y) for x, y in centres]
    apart = [[math.dist(a, b) for b in centres] for a in centres]
    radii = [min(border[i], min(apart[i][j] / 2 for j in range(len(centres)) if j != i)) for i in range(len(centres))]
    for i in range(len(centres)):
        radii[i] = max(0.0, min(border[i], min(apart[i][j] - radii[j] for j in range(len(centres)) if j != i)))
    return math.fsum(radii)


def heilbronn(params: Sequence[float]) -> float:
    """Smallest triangle among 13 points, relative to the area of their convex hull."""
    points = sorted((params[i], params[i + 1]) for i in range(0, len(params), 2))

    def cross(o: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> float:
        return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])

    hull: list[tuple[float, float]] = []
    for line in (points, points[::-1]):
        half: list[tuple[float, float]] = []
        for point in line:
            while len(half) > 1 and cross(half[-2], half[-1], point) <= 0:
                half.pop()
            half.append(point)
        hull += half[:-1]
    area = abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(hull, hull[1:] + hull[:1], strict=True))) / 2
    smallest = min(
        abs(cross(points[i], points[j], points[k])) / 2 for i in range(len(points)) for j in range(i) for k in range(j)
    )
    return smallest / area if area > 0 else 0.0


def _weibull_items() -> list[int]:
    rng = Random("weibull")
    return [min(100, max(1, round(rng.weibullvariate(45, 3)))) for _ in range(300)]


ITEMS = _weibull_items()
BOUND = math.ceil(sum(ITEMS) / 100)


def packing(params: Sequence[float]) -> float:
    """Online bin packing: minus the excess over the lower bound, in per cent, of a priority with eight weights."""
    bins: list[int] = []
    for item in ITEMS:
        best, chosen = -math.inf, -1
        for place, room in enumerate(bins):
            left = room - item
            if left < 0:
                continue
            gap = left / 100
            features = (
                1 / (left + 1),
                gap,
                gap * gap,
                math.sqrt(gap),
                item / room,
                float(left == 0),
                room / 100,
                gap * item / 100,
            )
            value = sum(weight * feature for weight, feature in zip(params, features, strict=True))
            if value > best:
                best, chosen = value, place
        if chosen < 0:
            bins.append(100 - item)
        else:
            bins[chosen] -= item
    return -100 * (len(bins) - BOUND) / BOUND


def bowl(params: Sequence[float]) -> float:
    """Eight numbers; the best are 0.5, -0.5, 0.5 … Seen through noise."""
    return 1 - sum((value - (0.5 if place % 2 else -0.5)) ** 2 for place, value in enumerate(params)) / len(params)


TASKS = {
    task.name: task
    for task in (
        Task("hill", 1, -2.0, 2.0, hill),
        Task("circles", 52, 0.02, 0.98, circles),
        Task("heilbronn", 26, 0.0, 1.0, heilbronn),
        Task("packing", 8, -1.0, 1.0, packing),
        Task("noisy", 8, -2.0, 2.0, bowl, noise=0.3),
    )
}


def render(task: Task, params: Sequence[float]) -> str:
    """Return a program. Run as a script it prints what it is worth, for systems that run scripts and read them."""
    here = str(Path(__file__).resolve().parents[2])
    return (
        f"PARAMS = {json.dumps(list(params))}\n\n"
        f"import sys\nsys.path.insert(0, {here!r})\n"
        f"from benchmarks.searching import tasks\nprint('score:', tasks.evaluate({task.name!r}, PARAMS))\n"
    )


def read(program: str) -> list[float] | None:
    """Return a program's numbers, those of the last such line; None if there is none."""
    found = LINE.findall(program)
    return json.loads(re.sub(r",\s*\]$", "]", found[-1])) if found else None


def evaluate(name: str, params: Sequence[float]) -> float:
    """Return what an evaluation sees, and note it where the benchmark reads it."""
    task = TASKS[name]
    seen = task.observe(params)
    note(seen, task.truth(params))
    return seen


def note(seen: float, truth: float) -> None:
    """Note an evaluation in the file that BENCHMARK_LOG names."""
    if log := os.environ.get("BENCHMARK_LOG"):
        with open(log, "a") as file:
            file.write(json.dumps({"time": time.time(), "seen": seen, "truth": truth}) + "\n")
