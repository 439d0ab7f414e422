"""What policies and completion rules ask about a stage, kept up to date event by event and never found by scanning.

Every view depends on the set of events alone, not on when they were seen: a journal that was read from disk and one
that lived through the run give the same answers, which is what makes a resumed search the same search.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ai_scientist.core.ids import NodeId
from ai_scientist.search.contracts import Expansion, Stage
from ai_scientist.search.node import Score
from ai_scientist.search.ranking import Buckets, Key, Ranking, number_of, order_key

FROM_NOTHING = frozenset({"draft"})
FROM_BUGGY = frozenset({"debug"})
FROM_ROOTS = frozenset({"ablate", "replicate"})
FROM_PAIRS = frozenset({"recombine"})
NOT_GROWTH = FROM_NOTHING | FROM_BUGGY | FROM_ROOTS | FROM_PAIRS
"""Any other operator grows one good node: improve, tune, and a user's own."""

GIVE_UPS = 3
"""An operator that was given up this often for the same parents counts as exhausted for them."""


def node_id(number: int) -> NodeId:
    """Return the identifier of the node of that number."""
    return NodeId(f"n{number:04d}")


def node_number(node: NodeId) -> int:
    """Return the number of a node; 0 if the text is no identifier of a node."""
    return int(node[1:]) if node[:1] == "n" and node[1:].isdigit() else 0


@dataclass(slots=True)
class Member:
    """A node as one stage sees it. `up` is the number of its first parent in the stage, 0 if there is none."""

    number: int
    up: int
    depth: int
    debug_depth: int
    key: Key | None = None
    is_buggy: bool = False
    grown: int = 0
    """Children but debug steps; running and reserved ones count."""
    children: int = 0
    """All children, running and reserved ones too."""
    visits: int = 1
    """Nodes in its subtree, running and reserved ones too: a running node is a visit (virtual loss)."""
    valued: int = 0
    """Nodes in its subtree that have a value."""
    total: float = 0.0
    """Sum of those values."""

    @property
    def mean(self) -> float:
        """Mean value of its subtree."""
        return self.total / self.valued if self.valued else 0.0


@dataclass(slots=True)
class Tries:
    """How an operator fared with some parents; rejections count since it last brought something or was given up."""

    rejected: int = 0
    given_up: int = 0
    problem: str = ""


@dataclass(slots=True)
class _Counts:
    made: int = 0
    finished: int = 0
    good: int = 0
    drafts: int = 0
    settled: int = 0
    rejected: int = 0
    without_gain: int = 0
    given_up_in_a_row: int = 0
    visits: int = 0


@dataclass(slots=True)
class _Sets:
    running: list[int] = field(default_factory=list[int])
    buggy_leaves: list[int] = field(default_factory=list[int])
    roots: list[int] = field(default_factory=list[int])


class StageView:
    """One stage's part of the tree: its own nodes, and the roots that it grows from."""

    def __init__(self, stage: Stage, roots: Iterable[tuple[int, Score | None]]) -> None:
        self.reason: str | None = None
        self.chosen: NodeId | None = None
        self.ranking = Ranking()
        self.frontier = Ranking()
        self._members: dict[int, Member] = {}
        self._counts, self._sets = _Counts(), _Sets()
        self._exhausted: set[Expansion] = set()
        self._tries: dict[Expansion, Tries] = {}
        self._pending: dict[Expansion, int] = {}
        self._pairs: set[tuple[int, int]] = set()
        self._by_score: Buckets | None = None
        self._by_mean: Buckets | None = None
        self._best: Key | None = None
        self._newest = 0
        self.update(stage)
        for number, score in roots:
            self._members[number] = Member(number=number, up=0, depth=0, debug_depth=0)
            self._counts.visits += 1
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
        """The best node so far, the roots included."""
        return node_id(number_of(self._best)) if self._best else None

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
        return self._counts.settled + self._counts.rejected + self.pending

    @property
    def size(self) -> int:
        """Nodes of the stage and its roots, running and reserved ones included."""
        return len(self._members) + self.pending

    @property
    def visits(self) -> int:
        """Sum of all their visits."""
        return self._counts.visits + self.pending

    def members(self) -> Iterator[Member]:
        """Yield the roots and the nodes of the stage, oldest first."""
        for number in sorted(self._members):
            yield self._members[number]

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

    def tries(self, expansion: Expansion) -> Tries:
        """Return how an operator fared with some parents so far."""
        return self._tries.get(expansion, Tries())

    def best_by_visits(self) -> Iterator[tuple[int, Key]]:
        """Yield the best node of the frontier among those of each number of visits, with its score's key."""
        if self._by_score is None:
            self._by_score = Buckets()
            for key in self.frontier:
                self._by_score.put(self._members[number_of(key)].visits, key)
        return self._by_score.tops()

    def best_mean_by_visits(self) -> Iterator[tuple[int, Key]]:
        """Yield the same by the mean value of the subtree; the key's first part is that mean."""
        if self._by_mean is None:
            self._by_mean = Buckets()
            for key in self.frontier:
                member = self._members[number_of(key)]
                self._by_mean.put(member.visits, (member.mean, 0.0, key[2]))
        return self._by_mean.tops()

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
        counts = self._counts
        counts.visits += 1
        counts.made += 1
        counts.settled += 1
        counts.given_up_in_a_row = 0
        counts.drafts += not parents
        if operator in FROM_PAIRS and len(parents) == 2:
            self._pairs.add((min(parents), max(parents)))
        asked = self._tries.get(Expansion(parents=tuple(map(node_id, parents)), operator=operator))
        if asked:
            asked.rejected = 0
        insort(self._sets.running, number)
        self._attach(parents, operator, 1)

    def finish(self, number: int, score: Score | None, *, is_buggy: bool) -> None:
        """A node has an outcome."""
        _remove(self._sets.running, number)
        counts, before = self._counts, self._best
        counts.finished += 1
        counts.good += score is not None
        self.set_score(number, score)
        counts.without_gain = 0 if self._best != before else counts.without_gain + 1
        member = self._members[number]
        member.is_buggy = is_buggy
        self._refresh_leaf(member)

    def set_score(self, number: int, score: Score | None) -> None:
        """A node's score is known, or has been taken anew."""
        member = self._members[number]
        old = member.key
        if old is not None:
            self.ranking.discard(old)
            self.frontier.discard(old)
            self._drop(number)
        member.key = order_key(score.value, score.stderr, number) if score else None
        if member.key is not None:
            self.ranking.add(member.key)
            self._newest = self._newest if number in self._sets.roots else max(self._newest, number)
        self._add_value(
            member, (score.value if score else 0.0) - (old[0] if old else 0.0), (score is not None) - (old is not None)
        )
        self._best = self.ranking[-1] if len(self.ranking) else None
        self._refresh(number)

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

    def _settle(self, expansion: Expansion, *, is_exhausted: bool) -> None:
        self._counts.settled += 1
        if is_exhausted:
            self._exhausted.add(expansion)
            for parent in expansion.parents:
                self._refresh(node_number(parent))

    def _attach(self, parents: tuple[int, ...], operator: str, sign: int) -> None:
        """Count a child of its parents (sign 1), or stop counting it (-1)."""
        mine = [p for p in parents if p in self._members]
        for number in mine:
            member = self._members[number]
            member.children += sign
            member.grown += 0 if operator in FROM_BUGGY else sign
        if mine:
            self._visit(mine[0], sign)
        for number in mine[1:]:
            self._members[number].visits += sign
            self._counts.visits += sign
        for number in mine:
            self._refresh(number)

    def _visit(self, number: int, sign: int) -> None:
        """Count a visit of a node and of the line above it. Other parents than the first get one visit themselves."""
        while number:
            member = self._members[number]
            member.visits += sign
            self._counts.visits += sign
            self._place(member)
            number = member.up

    def _add_value(self, member: Member, change: float, valued: int) -> None:
        at: Member | None = member
        while at is not None:
            at.total += change
            at.valued += valued
            self._place(at)
            at = self._members.get(at.up)

    def _refresh_leaf(self, member: Member) -> None:
        """Keep the list of failed leaves right: a child takes its parent out, a reservation only while it lasts."""
        leaves, number = self._sets.buggy_leaves, member.number
        _remove(leaves, number)
        if not member.is_buggy or member.children or member.debug_depth >= self.stage.debug_depth:
            return
        if self.may("debug", node_id(number)):
            insort(leaves, number)

    def _refresh(self, number: int) -> None:
        """Put a node into the frontier, or take it out."""
        member = self._members.get(number)
        if member is None:
            return
        if member.key is None:
            self._refresh_leaf(member)
            return
        stage = self.stage
        is_open = (
            (stage.depth is None or member.depth < stage.depth)
            and (stage.width is None or member.grown < stage.width)
            and self.growth(node_id(number)) is not None
        )
        if is_open:
            self.frontier.add(member.key)
            self._place(member)
        else:
            self.frontier.discard(member.key)
            self._drop(number)

    def _place(self, member: Member) -> None:
        """Keep the buckets of a node right, where they exist and hold it."""
        if (self._by_score is None and self._by_mean is None) or member.key is None or member.key not in self.frontier:
            return
        if self._by_score is not None:
            self._by_score.put(member.visits, member.key)
        if self._by_mean is not None:
            self._by_mean.put(member.visits, (member.mean, 0.0, -member.number))

    def _drop(self, number: int) -> None:
        for buckets in (self._by_score, self._by_mean):
            if buckets is not None:
                buckets.drop(number)


def _remove(numbers: list[int], number: int) -> None:
    at = bisect_left(numbers, number)
    if at < len(numbers) and numbers[at] == number:
        del numbers[at]
