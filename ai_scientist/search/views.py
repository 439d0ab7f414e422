"""What policies and completion rules ask about a stage, kept up to date event by event and never found by scanning.

Every view depends on the set of events alone, not on when they were seen: a journal that was read from disk and one
that lived through the run give the same answers, which is what makes a resumed search the same search.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from ai_scientist.core.ids import NodeId
from ai_scientist.search.members import FROM_BUGGY, FROM_PAIRS, NOT_GROWTH, Member, Tries, node_id, node_number
from ai_scientist.search.node import Score
from ai_scientist.search.noise import CLEAR, Noise
from ai_scientist.search.ranking import Key, Ranking, number_of, order_key
from ai_scientist.search.stage import Expansion, Stage
from ai_scientist.search.visits import Visits

GIVE_UPS = 3
"""An operator that was given up this often for the same parents counts as exhausted for them."""


@dataclass(slots=True)
class _Counts:
    made: int = 0
    finished: int = 0
    good: int = 0
    drafts: int = 0
    settled: int = 0
    rejected: int = 0
    asking: int = 0
    without_gain: int = 0
    given_up_in_a_row: int = 0


@dataclass(slots=True)
class _Sets:
    running: list[int] = field(default_factory=list[int])
    buggy_leaves: list[int] = field(default_factory=list[int])
    roots: list[int] = field(default_factory=list[int])
    good_drafts: list[int] = field(default_factory=list[int])


class StageView:
    """One stage's part of the tree: its own nodes, and the roots that it grows from."""

    def __init__(self, stage: Stage, roots: Iterable[tuple[int, Score | None]], *, is_loading: bool = False) -> None:
        self.reason: str | None = None
        self.chosen: NodeId | None = None
        self.ranking = Ranking()
        self.frontier = Ranking()
        self._seen_again = Ranking()
        self._noise = Noise()
        self._members: dict[int, Member] = {}
        self._counts, self._sets = _Counts(), _Sets()
        self._exhausted: set[Expansion] = set()
        self._tries: dict[Expansion, Tries] = {}
        self._pending: dict[Expansion, int] = {}
        self._pairs: set[tuple[int, int]] = set()
        self._replicas: dict[int, list[int]] = {}
        self._unpooled: set[int] = set()
        self._visits = Visits(self._members, self.frontier)
        self._is_loading = is_loading
        self._best: Key | None = None
        self._newest = 0
        self.update(stage)
        for number, score in roots:
            self._members[number] = Member(number=number, up=0, depth=0, debug_depth=0)
            self._visits.sum += 1
            insort(self._sets.roots, number)
            self.set_score(number, score)

    def update(self, stage: Stage) -> None:
        """Take over a stage's data, which may have been given other limits; it is then not complete any more."""
        self.stage = stage
        self.reason = self.chosen = None
        self._growth = tuple(name for name in stage.operators if name not in NOT_GROWTH)
        for number in self._members:
            self._refresh(number)

    # What is asked

    @property
    def best(self) -> NodeId | None:
        """The best node so far, the roots included.

        Once any node was run again, one that was not takes its place only with a clear lead: of many single looks the
        highest is the luckiest.
        """
        return node_id(number_of(self._best)) if self._best else None

    def top(self, count: int) -> tuple[NodeId, ...]:
        """Return the nodes with the highest scores, the very highest first."""
        return tuple(node_id(number_of(key)) for key in islice(reversed(self.ranking), count))

    @property
    def handed_on(self) -> NodeId | None:
        """What a later stage grows from."""
        return node_id(self._newest) if self.stage.hand_on == "newest" and self._newest else self.best

    @property
    def best_score(self) -> Score | None:
        """Its score, as this stage sees it."""
        if self._best is None:
            return None
        value, certainty, _ = self._best
        return Score(value=value, stderr=None if certainty == float("-inf") else -certainty)

    @property
    def roots(self) -> tuple[NodeId, ...]:
        """What the stage grows from; empty if it drafts."""
        return tuple(node_id(n) for n in self._sets.roots)

    @property
    def starts(self) -> tuple[NodeId, ...]:
        """Its good roots; the first good draft if it has none."""
        if self._sets.roots:
            return tuple(node_id(n) for n in self._sets.roots if self._members[n].key is not None)
        return tuple(node_id(n) for n in self._sets.good_drafts[:1])

    @property
    def running(self) -> tuple[NodeId, ...]:
        """Nodes without an outcome, oldest first."""
        return tuple(node_id(n) for n in self._sets.running)

    @property
    def buggy_leaves(self) -> tuple[NodeId, ...]:
        """Failed nodes that nothing was made of, and that may still be debugged, oldest first."""
        return tuple(node_id(n) for n in self._sets.buggy_leaves)

    @property
    def made(self) -> int:
        """Nodes of its own."""
        return self._counts.made

    @property
    def finished(self) -> int:
        """Nodes of its own that have an outcome."""
        return self._counts.finished

    @property
    def good(self) -> int:
        """Nodes of its own that have a score."""
        return self._counts.good

    @property
    def drafts(self) -> int:
        """Drafts, reserved ones too."""
        return self._counts.drafts + sum(n for e, n in self._pending.items() if not e.parents)

    @property
    def without_gain(self) -> int:
        """Nodes that finished since the best one last changed."""
        return self._counts.without_gain

    @property
    def given_up_in_a_row(self) -> int:
        """Expansions given up since the last node was proposed."""
        return self._counts.given_up_in_a_row

    @property
    def settled(self) -> int:
        """Choices of the policy that are settled in the journal: a node, nothing to propose, or given up."""
        return self._counts.settled

    @property
    def pending(self) -> int:
        """Expansions that operators are working on now."""
        return sum(self._pending.values())

    @property
    def asked(self) -> int:
        """Proposals asked for so far, those being made included."""
        return self._counts.settled + self._counts.rejected + self._counts.asking

    @property
    def size(self) -> int:
        """Nodes of the stage and its roots, running and reserved ones included."""
        return len(self._members) + self.pending

    @property
    def visits(self) -> int:
        """Sum of all their visits."""
        return self._visits.sum + self.pending

    def members(self) -> Iterator[Member]:
        """Yield the roots and the nodes of the stage, oldest first."""
        for number in sorted(self._members):
            yield self._members[number]

    def has(self, node: NodeId) -> bool:
        """Whether the node is the stage's or a root of it."""
        return node_number(node) in self._members

    def member(self, node: NodeId) -> Member:
        """Return a node as the stage sees it.

        Raises:
            KeyError: If the node is neither the stage's nor a root of it.
        """
        return self._members[node_number(node)]

    def may(self, operator: str, *parents: NodeId) -> bool:
        """Return whether the stage has the operator and the operator is not exhausted for the parents."""
        return operator in self.stage.operators and Expansion(parents=parents, operator=operator) not in self._exhausted

    def growth(self, node: NodeId) -> str | None:
        """Return the first operator that can still grow a good node, or None."""
        return next((name for name in self._growth if self.may(name, node)), None)

    def was_paired(self, first: NodeId, second: NodeId) -> bool:
        """Return whether the two were recombined, are being, or cannot be."""
        a, b = node_number(first), node_number(second)
        orders = [
            Expansion(parents=pair, operator=name) for pair in ((first, second), (second, first)) for name in FROM_PAIRS
        ]
        return (min(a, b), max(a, b)) in self._pairs or any(e in self._pending or e in self._exhausted for e in orders)

    def doubtful(self) -> NodeId | None:
        """Return the node with the highest score if it is not clear that it is best, and it may be run again.

        It is clear when it leads the next one by two standard errors of their difference. While nothing is known about
        the noise, one node is run again to learn about it.
        """
        if len(self.ranking) < 2 or not self.stage.reevaluations:
            return None
        first, second = self.ranking[-1], self.ranking[-2]
        best = self._members[number_of(first)]
        fits = (best.replicas + 1) * len(self.stage.seeds) <= len(self.stage.spare_seeds)
        if not fits or best.replicas >= self.stage.reevaluations or not self.may("replicate", node_id(best.number)):
            return None
        noise = self._error_of_difference(first, second)
        is_doubtful = first[0] - second[0] < CLEAR * noise if math.isfinite(noise) else not self._replicas
        return node_id(best.number) if is_doubtful else None

    @property
    def unpooled(self) -> tuple[NodeId, ...]:
        """Nodes with a re-evaluation whose seeds are not in their score yet: a crash came between the two lines."""
        return tuple(node_id(n) for n in sorted(self._unpooled))

    def replicas(self, node: NodeId) -> tuple[NodeId, ...]:
        """Return the re-evaluations of a node in this stage, oldest first."""
        return tuple(map(node_id, self._replicas.get(node_number(node), ())))

    def tries(self, expansion: Expansion) -> Tries:
        """Return how an operator fared with some parents so far."""
        return self._tries.get(expansion, Tries())

    def best_by_visits(self) -> Iterator[tuple[int, Key]]:
        """Yield the best node of the frontier among those of each number of visits, with its score's key."""
        return self._visits.best()

    def best_mean_by_visits(self) -> Iterator[tuple[int, Key]]:
        """Yield the same by the mean value of the subtree; the key's first part is that mean."""
        return self._visits.best_means()

    # What happens

    def propose(self, number: int, parents: tuple[int, ...], operator: str) -> None:
        """A node was proposed."""
        up = next((p for p in parents if p in self._members), 0)
        above = self._members.get(up)
        member = Member(
            number=number,
            up=up,
            depth=above.depth + 1 if above else 0,
            debug_depth=above.debug_depth + 1 if above and operator in FROM_BUGGY else 0,
        )
        self._members[number] = member
        if up and self._is_reevaluation(operator):
            member.is_replica = True
            self._replicas.setdefault(up, []).append(number)
        counts = self._counts
        self._visits.sum += 1
        counts.made += 1
        counts.settled += 1
        counts.given_up_in_a_row = 0
        counts.drafts += not parents
        if operator in FROM_PAIRS and len(parents) == 2:
            self._pairs.add((min(parents), max(parents)))
        if self._tries:
            self._tries.get(Expansion(parents=tuple(map(node_id, parents)), operator=operator), Tries()).rejected = 0
        insort(self._sets.running, number)
        self._attach(parents, operator, 1)

    def finish(self, number: int, score: Score | None, *, is_buggy: bool) -> None:
        """A node has an outcome."""
        self._finish(number, order_key(score.value, score.stderr, number) if score else None, is_buggy)

    def load_finish(self, number: int, key: Key | None, *, is_buggy: bool) -> None:
        """The same for a node that is read back, whose score is not taken apart and put together again."""
        self._finish(number, key, is_buggy)

    def set_score(self, number: int, score: Score | None, *, replicas: int = 0) -> None:
        """A node's score is known, or has been taken anew, over so many re-evaluations too."""
        self._unpooled.discard(number)
        self._set_key(number, order_key(score.value, score.stderr, number) if score else None, replicas=replicas)

    def finish_loading(self) -> None:
        """All lines of the file were read: find what was not kept up to date meanwhile."""
        self._is_loading = False
        self._visits.finish_loading()
        self.frontier.fill(m.key for m in self._members.values() if m.key is not None and self._is_open(m))
        for member in self._members.values():
            if member.is_buggy:
                self._refresh_leaf(member)

    def reject(self, expansion: Expansion, problem: str) -> None:
        """A proposal could not be used."""
        tries = self._tries.setdefault(expansion, Tries())
        tries.rejected += 1
        tries.problem = problem
        self._counts.rejected += 1

    def give_up(self, expansion: Expansion, problem: str) -> None:
        """An operator brought nothing usable in the tries it had."""
        tries = self._tries.setdefault(expansion, Tries())
        tries.given_up += 1
        tries.rejected = 0
        tries.problem = problem
        self._counts.given_up_in_a_row += 1
        self._settle(expansion, is_exhausted=tries.given_up >= GIVE_UPS)

    def exhaust(self, expansion: Expansion) -> None:
        """An operator has nothing more for these parents."""
        self._settle(expansion, is_exhausted=True)

    def ask(self) -> None:
        """An operator is asked: from now on the number of asks is its own."""
        self._counts.asking += 1

    def answer(self) -> None:
        """An operator has answered; what came of it is told next."""
        self._counts.asking -= 1

    def reserve(self, expansion: Expansion) -> None:
        """An operator begins: until `release` it counts as a child of its parents, and as visits."""
        self._pending[expansion] = self._pending.get(expansion, 0) + 1
        self._attach(tuple(map(node_number, expansion.parents)), expansion.operator, 1)

    def release(self, expansion: Expansion) -> None:
        """Take a reservation back."""
        self._pending[expansion] -= 1
        if not self._pending[expansion]:
            del self._pending[expansion]
        self._attach(tuple(map(node_number, expansion.parents)), expansion.operator, -1)

    def leave(self, reason: str, best: NodeId | None) -> None:
        """The stage is complete."""
        self.reason, self.chosen = reason, best

    # How it is kept

    def _finish(self, number: int, key: Key | None, is_buggy: bool) -> None:
        _remove(self._sets.running, number)
        counts, before = self._counts, self._best
        counts.finished += 1
        member = self._members[number]
        if member.is_replica:
            if key is not None:
                self._unpooled.add(member.up)
            return
        counts.good += key is not None
        member.is_buggy = is_buggy
        self._set_key(number, key)
        counts.without_gain = 0 if self._best != before else counts.without_gain + 1

    def _set_key(self, number: int, key: Key | None, *, replicas: int = 0) -> None:
        member = self._members[number]
        old, member.key = member.key, key
        self._noise.add(old, self._looks(member), -1)
        member.seen_again = replicas
        self._noise.add(key, self._looks(member))
        if old is not None:
            self.ranking.discard(old)
            self._seen_again.discard(old)
            self.frontier.discard(old)
            self._visits.drop(number)
        if key is not None:
            self.ranking.add(key)
            if replicas:
                self._seen_again.add(key)
            if number not in self._sets.roots:
                self._newest = max(self._newest, number)
                if old is None and not member.up:
                    insort(self._sets.good_drafts, number)
        if key is not None or old is not None:
            change = (key[0] if key else 0.0) - (old[0] if old else 0.0)
            self._visits.add_value(number, change, (key is not None) - (old is not None))
        self._best = self._leader()
        self._refresh(number)

    def _leader(self) -> Key | None:
        top = self.ranking[-1] if len(self.ranking) else None
        if top is None or not len(self._seen_again):
            return top
        seen = self._seen_again[-1]
        return top if top[0] - seen[0] >= CLEAR * self._error_of_difference(top, seen) else seen

    def _error_of_difference(self, *keys: Key) -> float:
        return math.hypot(*(self._noise.stderr(key, self._looks(self._members[number_of(key)])) for key in keys))

    def _looks(self, member: Member) -> int:
        return len(self.stage.seeds) * (1 + member.seen_again)

    def _is_reevaluation(self, operator: str) -> bool:
        return operator == "replicate" and bool(self.stage.spare_seeds)

    def _settle(self, expansion: Expansion, *, is_exhausted: bool) -> None:
        self._counts.settled += 1
        if is_exhausted:
            self._exhausted.add(expansion)
            for parent in expansion.parents:
                self._refresh(node_number(parent))

    def _attach(self, parents: tuple[int, ...], operator: str, sign: int) -> None:
        """Count a child of its parents (sign 1), or stop counting it (-1)."""
        mine, is_reevaluation = [p for p in parents if p in self._members], self._is_reevaluation(operator)
        for number in mine:
            member = self._members[number]
            member.children += sign
            member.replicas += sign if is_reevaluation else 0
            member.grown += 0 if operator in FROM_BUGGY or is_reevaluation else sign
        self._visits.count(mine, sign, is_loading=self._is_loading)
        for number in mine:
            self._refresh(number)

    def _refresh_leaf(self, member: Member) -> None:
        """Keep the list of failed leaves right: a child takes its parent out, a reservation only while it lasts."""
        leaves, number = self._sets.buggy_leaves, member.number
        _remove(leaves, number)
        if not member.is_buggy or member.children or member.debug_depth >= self.stage.debug_depth:
            return
        if self.may("debug", node_id(number)):
            insort(leaves, number)

    def _refresh(self, number: int) -> None:
        """Put a node into the frontier or among the failed leaves, or take it out."""
        member = None if self._is_loading else self._members.get(number)
        if member is None:
            return
        if member.key is None:
            self._refresh_leaf(member)
        elif self._is_open(member):
            self.frontier.add(member.key)
            self._visits.place(member)
        else:
            self.frontier.discard(member.key)
            self._visits.drop(number)

    def _is_open(self, member: Member) -> bool:
        """Whether a good node can still be grown."""
        stage = self.stage
        return (
            (stage.prune_below is None or (member.key is not None and member.key[0] >= stage.prune_below))
            and (stage.depth is None or member.depth < stage.depth)
            and (stage.width is None or member.grown < stage.width)
            and self.growth(node_id(member.number)) is not None
        )


def _remove(numbers: list[int], number: int) -> None:
    at = bisect_left(numbers, number)
    if at < len(numbers) and numbers[at] == number:
        del numbers[at]
