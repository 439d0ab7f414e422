"""Operators that need nobody's judgement. Those that ask an agent live beside the agents."""

from __future__ import annotations

from collections.abc import Sequence

from ai_scientist.core.ids import NodeId
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Node
from ai_scientist.search.stage import Proposal, Stage


def next_seeds(journal: Journal, stage: Stage, node: NodeId) -> tuple[int, ...] | None:
    """Return the seeds of the next replication of a node in a stage, or None if there are no more.

    A stage with spare seeds hands them out in turn; another replicates once, on its own seeds.
    """
    if stage.spare_seeds:
        return seeds_of_replica(stage, len(journal.stage(stage.name).replicas(node)))
    for child in journal.children(node):
        if child.stage == stage.name and child.operator == "replicate" and not journal.is_withdrawn(child.id):
            return None
    return stage.seeds


def seeds_of_replica(stage: Stage, index: int) -> tuple[int, ...] | None:
    """Return the spare seeds of a node's replica number `index`, from 0; None if they do not reach that far."""
    size = len(stage.seeds)
    seeds = stage.spare_seeds[index * size : (index + 1) * size]
    return seeds if len(seeds) == size else None


class Replicate:
    """The same program again, on the stage's seeds: how a result is confirmed."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints

    async def expand(self, parents: Sequence[Node], stage: Stage, journal: Journal) -> Proposal | None:
        """Return the parent's program unchanged, or None if the stage has no seeds for another replication."""
        (parent,) = parents
        if next_seeds(journal, stage, parent.id) is None:
            return None
        return Proposal(
            files=self._checkpoints.load(parent.checkpoint).files,
            title=f"Replication of {parent.id}",
            rationale="The same program on seeds that the search has not used.",
            components=parent.components,
        )
