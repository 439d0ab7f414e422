"""Policies: where the tree grows next.

All share one order of business, which is that of AIDE (arXiv:2502.13138) and The AI Scientist v2 (arXiv:2504.08066):
first some drafts; then, with some probability, the repair of a failed leaf; else a good node is grown. They differ in
which good node that is. What a stage allows, and every weight, is the stage's data; a policy holds nothing.
"""

from __future__ import annotations

import math
from random import Random
from typing import Protocol

from ai_scientist.core.ids import NodeId
from ai_scientist.core.registry import Registry
from ai_scientist.search.contracts import Policy
from ai_scientist.search.journal import Journal
from ai_scientist.search.members import FROM_ROOTS, node_id
from ai_scientist.search.ranking import Key, number_of
from ai_scientist.search.stage import Expansion, Stage
from ai_scientist.search.views import StageView

PARTNERS = 16
"""How many of the best nodes are looked at for a second parent."""


class Choice(Protocol):
    """Chooses which good node is grown."""

    def __call__(self, view: StageView, rng: Random) -> NodeId | None:
        """Return a node of the frontier, or None if there is none."""
        ...


class TreePolicy:
    """The common order of business around one choice."""

    def __init__(self, choose: Choice) -> None:
        self._choose = choose

    def select(self, journal: Journal, stage: Stage, rng: Random) -> Expansion | None:
        """Return what to expand, or None if nothing is left to expand now."""
        view = journal.stage(stage.name)
        may_draft = view.may("draft")
        if may_draft and view.drafts < stage.drafts:
            return Expansion(parents=(), operator="draft")
        leaves = view.buggy_leaves
        # The draw is made whether or not there are leaves, so that later draws do not depend on it.
        if rng.random() < stage.debug_probability and leaves:
            return Expansion(parents=(rng.choice(leaves),), operator="debug")
        if doubtful := view.doubtful():
            return Expansion(parents=(doubtful,), operator="replicate")
        if grown := self._grow(journal, view, rng):
            return grown
        if may_draft:
            return Expansion(parents=(), operator="draft")
        if leaves:
            return Expansion(parents=(rng.choice(leaves),), operator="debug")
        return None

    def _grow(self, journal: Journal, view: StageView, rng: Random) -> Expansion | None:
        for operator in view.stage.operators:
            if operator in FROM_ROOTS and not (operator == "replicate" and view.stage.spare_seeds):
                for root in view.roots:
                    if view.may(operator, root):
                        return Expansion(parents=(root,), operator=operator)
        node = self._choose(view, rng)
        if node is None:
            return None
        if "recombine" in view.stage.operators and rng.random() < view.stage.recombination:
            partner = _partner(journal, view, node)
            if partner is not None:
                return Expansion(parents=(node, partner), operator="recombine")
        growing = view.growth(node)
        return Expansion(parents=(node,), operator=growing) if growing else None


def _partner(journal: Journal, view: StageView, node: NodeId) -> NodeId | None:
    """Return the best node that is no relative in direct line and was not recombined with the node yet."""
    line = set(journal.lineage(node))
    for other in view.top(PARTNERS):
        if other not in line and node not in journal.lineage(other) and not view.was_paired(node, other):
            return other
    return None


def best(view: StageView, rng: Random) -> NodeId | None:
    """The best node that can still be grown, as AIDE and v2 do; here ties and noise never change the answer."""
    return node_id(number_of(view.frontier[-1])) if len(view.frontier) else None


def uniform(view: StageView, rng: Random) -> NodeId | None:
    """Any node of the frontier: a control."""
    return node_id(number_of(view.frontier[rng.randrange(len(view.frontier))])) if len(view.frontier) else None


def root_only(view: StageView, rng: Random) -> NodeId | None:
    """Always where the stage began, so that all attempts are independent: best-of-n, a control."""
    return next((start for start in view.starts if view.growth(start)), None)


def predictor_upper_confidence(view: StageView, rng: Random) -> NodeId | None:
    """The rule of ERA (arXiv:2509.06503): rank, from 0 to 1, plus c · prior · √(all visits) / (1 + own visits).

    The prior is one over the number of nodes; a node is visited by its own making and by each descendant's. Ranks are
    taken over nodes that have a score, and ties share theirs; the published program ranks failures too and orders ties
    by age, which spends visits on failed parents.
    """
    bonus = view.stage.exploration * math.sqrt(view.visits) / max(1, view.size)

    def value(visits: int, key: Key) -> float:
        return view.ranking.fraction_below(key[0]) + bonus / (1 + visits)

    return _best_top([(value(visits, key), key) for visits, key in view.best_by_visits()])


def upper_confidence(view: StageView, rng: Random) -> NodeId | None:
    """UCB1 (Auer, Cesa-Bianchi and Fischer, 2002): mean value of the subtree + c · √(2 ln N / n).

    Values are scaled to [0, 1] between the worst and the best score of the stage; failures count in n only.
    """
    if not len(view.ranking):
        return None
    low, high = view.ranking[0][0], view.ranking[-1][0]
    span = high - low
    log = 2 * math.log(max(1, view.size))

    def value(visits: int, key: Key) -> float:
        mean = (key[0] - low) / span if span > 0 else 0.5
        return mean + view.stage.exploration * math.sqrt(log / max(1, visits))

    return _best_top([(value(visits, key), key) for visits, key in view.best_mean_by_visits()])


def _best_top(tops: list[tuple[float, Key]]) -> NodeId | None:
    return node_id(number_of(max(tops)[1])) if tops else None


POLICIES: Registry[Policy] = Registry("policy")
POLICIES.add("best_first", TreePolicy(best))
POLICIES.add("ucb1", TreePolicy(upper_confidence))
POLICIES.add("puct", TreePolicy(predictor_upper_confidence))
POLICIES.add("random", TreePolicy(uniform))
POLICIES.add("best_of_n", TreePolicy(root_only))
