"""How far one look at a program may lie from the next, learned from all programs of a stage that were seen again."""

from __future__ import annotations

import math

from ai_scientist.search.ranking import Key

CLEAR = 2.0
"""Standard errors of their difference by which a node leads another when it is clear that it is better."""


class Noise:
    """The variance of single looks, pooled. A score from one look has no standard error of its own: it borrows this."""

    def __init__(self) -> None:
        self._squares, self._freedom = 0.0, 0

    def add(self, key: Key | None, looks: int, sign: int = 1) -> None:
        """Take a score into account that is the mean of some looks; with sign -1, forget it again."""
        if key is None or looks < 2 or math.isinf(key[1]):
            return
        self._squares = max(0.0, self._squares + sign * key[1] ** 2 * looks * (looks - 1))
        self._freedom += sign * (looks - 1)

    def stderr(self, key: Key, looks: int) -> float:
        """Return a score's standard error; infinite if nothing is known about it."""
        if not math.isinf(key[1]):
            return -key[1]
        return math.sqrt(self._squares / self._freedom / looks) if self._freedom else math.inf
