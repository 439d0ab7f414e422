"""The parts of one run: everything that the graph's nodes work with, built once and handed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import Clock
from ai_scientist.core.ledger import Ledger
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.core.settings import Settings
from ai_scientist.literature.library import Library
from ai_scientist.models.request import Model
from ai_scientist.sandbox.contract import Sandbox
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal


class Progress(Protocol):
    """Hears what happens, while it happens."""

    def __call__(self, event: str, /, **facts: Any) -> None:  # an event's facts are plain JSON values of any kind
        """Take notice of an event, such as "stage.started" with name and nodes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the nodes of the graph work with.

    Attributes:
        fallback: The engine that finishes a run whose money ran out; None if there is none.
        sandbox: Called when the first program runs, so that a run without experiments needs no sandbox.
    """

    folder: RunFolder
    topic: str
    settings: Settings
    clock: Clock
    ledger: Ledger
    budget: Budget
    model: Model
    fallback: Model | None
    library: Library
    journal: Journal
    checkpoints: Checkpoints
    sandbox: Callable[[], Sandbox]
    progress: Progress
