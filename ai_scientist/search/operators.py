"""Operators that need nobody's judgement. Those that ask an agent live beside the agents."""

from __future__ import annotations

from collections.abc import Sequence

from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.contracts import Proposal, Stage
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Node


class Replicate:
    """The same program again, on the stage's seeds: how a result is confirmed."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints

    async def expand(self, parents: Sequence[Node], stage: Stage, journal: Journal) -> Proposal | None:
        """Return the parent's program unchanged, or None if the stage has replicated it already."""
        (parent,) = parents
        if any(child.stage == stage.name and child.operator == "replicate" for child in journal.children(parent.id)):
            return None
        return Proposal(
            files=self._checkpoints.load(parent.checkpoint).files,
            title=f"Replication of {parent.id}",
            rationale="The same program on seeds that the search has not used.",
            components=parent.components,
        )
