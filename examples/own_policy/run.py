"""A policy of one's own beside two shipped ones, on a problem whose best value (1) is known."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from random import Random

from ai_scientist.core.ids import NodeId
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.policies import POLICIES, TreePolicy, best, uniform
from ai_scientist.search.rehearsal import rehearsal_scheduler, rehearsal_stages, rehearse
from ai_scientist.search.views import StageView


def greedy_with_luck(view: StageView, rng: Random) -> NodeId | None:
    """The best node four times in five, any node of the frontier the fifth time."""
    return best(view, rng) if rng.random() < 0.8 else uniform(view, rng)


POLICIES.add("greedy_with_luck", TreePolicy(greedy_with_luck))


def best_value(policy: str, folder: Path) -> float:
    """Search with a policy and return the best value that it found."""
    with Journal.open(folder / "journal.jsonl") as journal:
        scheduler = rehearsal_scheduler(journal, Checkpoints(folder / "checkpoints.git"), seed=1)
        asyncio.run(rehearse(scheduler, rehearsal_stages(40, policy=policy)))
        found = journal.best("explore")
        score = journal.node(found).score if found else None
        return score.value if score else float("nan")


if __name__ == "__main__":
    for name in ("greedy_with_luck", "best_first", "best_of_n"):
        with tempfile.TemporaryDirectory() as place:
            print(f"{name:<18}{best_value(name, Path(place)):.4f}")
