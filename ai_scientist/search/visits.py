"""How often each node of a stage was visited, and what its subtree is worth: what the policies with a bonus ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ai_scientist.search.members import Member
from ai_scientist.search.ranking import Buckets, Key, Ranking, number_of


class Visits:
    """Counts along the lines of first parents. Another parent than the first gets one visit itself, its line none.

    Attributes:
        sum: Of all nodes' visits.
    """

    def __init__(self, members: Mapping[int, Member], frontier: Ranking) -> None:
        self.sum = 0
        self._members, self._frontier = members, frontier
        self._log: list[tuple[int, float, int]] = []
        """Changes of values in the order they came, since sums of floats depend on it."""
        self._by_score: Buckets | None = None
        self._by_mean: Buckets | None = None

    def best(self) -> Iterator[tuple[int, Key]]:
        """Yield, for each number of visits that occurs in the frontier, that number and the best score's key."""
        if self._by_score is None:
            self._by_score = Buckets()
            for key in self._frontier:
                self._by_score.put(self._members[number_of(key)].visits, key)
        return self._by_score.tops()

    def best_means(self) -> Iterator[tuple[int, Key]]:
        """Yield the same by the mean value of the subtree; the key's first part is that mean."""
        if self._by_mean is None:
            self._by_mean = Buckets()
            for change in self._log:
                self._add_value(*change)
            for key in self._frontier:
                self.place(self._members[number_of(key)])
        return self._by_mean.tops()

    def count(self, parents: Sequence[int], sign: int, *, is_loading: bool) -> None:
        """Count a child of its parents (sign 1), or stop counting it (-1)."""
        for number in parents[1:]:
            self._members[number].visits += sign
            self.sum += sign
        number = parents[0] if parents and not is_loading else 0
        while number:
            member = self._members[number]
            member.visits += sign
            self.sum += sign
            self.place(member)
            number = member.up

    def finish_loading(self) -> None:
        """Count all lines at once, after nodes were loaded without counting theirs."""
        below: dict[int, int] = {}
        for number in sorted(self._members, reverse=True):
            member = self._members[number]
            lines = below.pop(number, 0)
            member.visits += lines
            self.sum += lines
            below[member.up] = below.get(member.up, 0) + 1 + lines

    def add_value(self, number: int, change: float, valued: int) -> None:
        """A node's value has come, or has changed."""
        self._log.append((number, change, valued))
        if self._by_mean is not None:
            self._add_value(number, change, valued)

    def place(self, member: Member) -> None:
        """Keep a node's place right, if it is in the frontier and anybody asked for places."""
        if (self._by_score is None and self._by_mean is None) or member.key is None or member.key not in self._frontier:
            return
        if self._by_score is not None:
            self._by_score.put(member.visits, member.key)
        if self._by_mean is not None:
            self._by_mean.put(member.visits, (member.mean, 0.0, -member.number))

    def drop(self, number: int) -> None:
        """A node left the frontier."""
        for buckets in (self._by_score, self._by_mean):
            if buckets is not None:
                buckets.drop(number)

    def _add_value(self, number: int, change: float, valued: int) -> None:
        while number:
            member = self._members[number]
            member.total += change
            member.valued += valued
            self.place(member)
            number = member.up
