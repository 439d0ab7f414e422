"""Sorted sets that answer "who is best" and "which rank" without scanning, whatever the order of insertion."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from operator import itemgetter

Key = tuple[float, float, int]
"""(value, minus standard error, minus number): the greatest is the best node, and no two are equal."""


def order_key(value: float, stderr: float | None, number: int) -> Key:
    """Return how a node compares: by value, then by the smaller standard error, then by age.

    A score without a standard error is less certain than any that has one.
    """
    return value, -stderr if stderr is not None else float("-inf"), -number


def number_of(key: Key) -> int:
    """Return the number of the node that a key belongs to."""
    return -key[2]


class Ranking:
    """Nodes in the order of their keys, worst first. Insertion moves memory, but compares only log n times."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: list[Key] = []

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, position: int) -> Key:
        return self._keys[position]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def __contains__(self, key: Key) -> bool:
        at = bisect_left(self._keys, key)
        return at < len(self._keys) and self._keys[at] == key

    def add(self, key: Key) -> None:
        """Put a key in, unless it is there."""
        if key not in self:
            insort(self._keys, key)

    def fill(self, keys: Iterable[Key]) -> None:
        """Put these in place of what is there, at once."""
        self._keys[:] = sorted(keys)

    def discard(self, key: Key) -> None:
        """Take a key out, if it is there."""
        at = bisect_left(self._keys, key)
        if at < len(self._keys) and self._keys[at] == key:
            del self._keys[at]

    def fraction_below(self, value: float) -> float:
        """Return the rank of a value, from 0 (worst) to 1 (best); ties share their average rank.

        A lone node has 0.5, as in the ERA search (arXiv:2509.06503).
        """
        if len(self._keys) < 2:
            return 0.5
        low = bisect_left(self._keys, value, key=itemgetter(0))
        high = bisect_right(self._keys, value, key=itemgetter(0))
        return (low + high - 1) / 2 / (len(self._keys) - 1)


class Buckets:
    """Rankings of nodes by how often each was visited: for a rule that falls with visits, only the tops can win."""

    __slots__ = ("_by_visits", "_place")

    def __init__(self) -> None:
        self._by_visits: dict[int, Ranking] = {}
        self._place: dict[int, tuple[int, Key]] = {}

    def put(self, visits: int, key: Key) -> None:
        """Put a node in, or move it to where it belongs now."""
        number = number_of(key)
        if self._place.get(number) == (visits, key):
            return
        self.drop(number)
        self._place[number] = (visits, key)
        self._by_visits.setdefault(visits, Ranking()).add(key)

    def drop(self, number: int) -> None:
        """Take a node out, if it is in."""
        if number not in self._place:
            return
        visits, key = self._place.pop(number)
        ranking = self._by_visits[visits]
        ranking.discard(key)
        if not ranking:
            del self._by_visits[visits]

    def tops(self) -> Iterator[tuple[int, Key]]:
        """Yield, for each number of visits that occurs, that number and the best key among those nodes."""
        for visits, ranking in self._by_visits.items():
            yield visits, ranking[-1]
