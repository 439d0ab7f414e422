"""The parts of one run: everything that the graph's nodes work with, built once and handed in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import Clock
from ai_scientist.core.ledger import Ledger
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.core.settings import Settings
from ai_scientist.literature.library import Library
from ai_scientist.models.request import Model
from ai_scientist.sandbox.bench import Bench
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.contracts import ValueFunction
from ai_scientist.search.journal import Journal


class Progress(Protocol):
    """Hears what happens, while it happens."""

    def __call__(self, event: str, /, **facts: Any) -> None:  # an event's facts are plain JSON values of any kind
        """Take notice of an event, such as "stage.started" with name and nodes."""
        ...


class LazyBench:
    """The bench of a run, set up by the first who asks for it."""

    def __init__(self, set_up: Callable[[], Awaitable[Bench]], progress: Progress) -> None:
        self._set_up = set_up
        self._progress = progress
        self._turn = asyncio.Lock()
        self._bench: Bench | None = None

    async def __call__(self) -> Bench:
        """Return it; errors are those of setting it up."""
        async with self._turn:
            if self._bench is None:
                self._bench = await self._set_up()
                choice = self._bench.choice
                self._progress("sandbox.chosen", name=choice.sandbox.name, why=choice.why)
            return self._bench

    def close(self) -> None:
        """End what waits in it, if it was ever set up."""
        if self._bench is not None:
            self._bench.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the nodes of the graph work with.

    Attributes:
        fallback: The engine that finishes a run whose money ran out; None if there is none.
        eyes: Name of the model that looks at pictures; empty if none does.
        value: What the search goes by, if not by the plan's primary metric.
        bench: Set up when the first program runs, so that a run without experiments needs no sandbox.
    """

    folder: RunFolder
    topic: str
    settings: Settings
    clock: Clock
    ledger: Ledger
    budget: Budget
    model: Model
    fallback: Model | None
    eyes: str
    library: Library
    journal: Journal
    checkpoints: Checkpoints
    bench: LazyBench
    progress: Progress
    value: ValueFunction | None = None
