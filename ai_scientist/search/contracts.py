"""The search's seams: who chooses, who changes, who measures, who judges. Each is handed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Protocol, runtime_checkable

from ai_scientist.core.ids import CheckpointId
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Node, Outcome, Score
from ai_scientist.search.stage import Expansion, Proposal, Stage


class Checkpoint(Protocol):
    """A node's program, as evaluators and operators read it."""

    @property
    def id(self) -> CheckpointId:
        """The commit."""
        ...

    @property
    def files(self) -> Mapping[str, str]:
        """Path → text."""
        ...


class Policy(Protocol):
    """Chooses where the tree grows next."""

    def select(self, journal: Journal, stage: Stage, rng: Random) -> Expansion | None:
        """Return what to expand, or None if nothing is left to expand in this stage.

        Pure: the same journal, stage and generator state give the same answer. Running nodes are in the journal.
        """
        ...


class Operator(Protocol):
    """Makes a child."""

    async def expand(self, parents: Sequence[Node], stage: Stage, journal: Journal) -> Proposal | None:
        """Return a proposal, or None if it has nothing (more) to propose for these parents.

        Debug operators read a parent's diagnosis, never its score.
        """
        ...


class Evaluator(Protocol):
    """Measures a checkpoint."""

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        """Return what happened; a program that fails is an outcome, not an exception."""
        ...


@runtime_checkable
class ValueFunction(Protocol):
    """Turns an outcome into the number that policies compare."""

    def score(self, outcome: Outcome, stage: Stage) -> Score | None:
        """Return the score, or None if the outcome has no number for this stage."""
        ...
