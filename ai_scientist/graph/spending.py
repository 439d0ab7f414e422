"""What a run has spent, what it may spend, and what is left: told while it goes on, and read from its folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from ai_scientist.core.budget import Budget, Spent
from ai_scientist.core.ledger import Event, read_events
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.core.settings import BudgetSettings, StageBudget
from ai_scientist.core.values import Value
from ai_scientist.graph.parts import Progress
from ai_scientist.models.request import Model, Request
from ai_scientist.models.store import spending

A = TypeVar("A", bound=Value)


class Account(Value):
    """One account: of the run, or of a stage.

    Attributes of note: a limit is None if there is none. What is left is never below zero: time may run over a little,
    as it cannot be reserved.
    """

    spent: Spent
    limit_usd: float | None = None
    limit_tokens: int | None = None
    limit_seconds: float | None = None

    def facts(self) -> dict[str, Any]:
        """Return it as plain JSON, with what is left of each limit."""
        pairs = (
            ("usd", self.spent.usd, self.limit_usd),
            ("tokens", self.spent.tokens, self.limit_tokens),
            ("seconds", self.spent.seconds, self.limit_seconds),
        )
        return {
            "spent": self.spent.model_dump(mode="json"),
            "limits": {name: limit for name, _, limit in pairs},
            "left": {name: None if limit is None else max(limit - spent, 0) for name, spent, limit in pairs},
        }

    def words(self) -> str:
        """Return it in words: "$0.12 of $5.00, 120K of 2M tokens"."""
        spent, parts = self.spent, list[str]()
        if spent.unpriced and not spent.usd:
            parts.append("cost unknown")
        else:
            more = " and an unknown part" if spent.unpriced else ""
            parts.append(f"${spent.usd:.2f}{more}{_of(self.limit_usd, '${:.2f}')}")
        if spent.tokens or self.limit_tokens is not None:
            limit = "" if self.limit_tokens is None else f" of {short(self.limit_tokens)}"
            parts.append(f"{short(spent.tokens)}{limit} tokens")
        if self.limit_seconds is not None:
            parts.append(f"{spent.seconds / 3600:.2g} of {self.limit_seconds / 3600:.3g} h")
        return ", ".join(parts)


def _of(limit: float | None, form: str) -> str:
    return "" if limit is None else f" of {form.format(limit)}"


def short(count: int) -> str:
    """Return a count in a few characters.

    >>> short(950), short(12_345), short(2_000_000)
    ('950', '12.3K', '2M')
    """
    for unit, size in (("M", 10**6), ("K", 10**3)):
        if count >= size:
            return f"{count / size:.3g}{unit}"
    return str(count)


def account(spent: Spent, limits: BudgetSettings | StageBudget) -> Account:
    """Return an account of what was spent under limits."""
    return Account(
        spent=spent,
        limit_usd=limits.usd,
        limit_tokens=limits.tokens,
        limit_seconds=None if limits.hours is None else limits.hours * 3600,
    )


class ReportingModel:
    """Passes requests on, and says after each what the run has spent."""

    def __init__(self, model: Model, budget: Budget, progress: Progress) -> None:
        self._model, self._budget, self._progress = model, budget, progress

    @property
    def name(self) -> str:
        """The model's own."""
        return self._model.name

    async def ask(self, request: Request[A]) -> A:
        """Return the model's answer; see `Model.ask` for what is raised."""
        try:
            return await self._model.ask(request)
        finally:
            self._progress("budget.spent", **account(self._budget.spent, self._budget.limits).model_dump(mode="json"))


SESSION = "session.began"
"""The event with which a session begins, and its key."""


def seconds_so_far(began: Event | None, last: Event | None) -> float:
    """Return the seconds that all sessions took, up to the ledger's last word; also of those that were killed.

    Args:
        began: How the newest session began; it says what those before it took.
        last: The newest event.
    """
    if began is None or last is None:
        return 0.0
    since = datetime.fromisoformat(last.time) - datetime.fromisoformat(began.time)
    return float(began.facts["seconds"]) + max(0.0, since.total_seconds())


def spent_of(folder: RunFolder) -> tuple[Account, Mapping[str, Account]]:
    """Return what a run has spent, whole and by stage, from its folder alone; also while it goes on.

    Raises:
        RunCorrupted: If its books are damaged.
    """
    limits = folder.record().settings.budget
    by_stage = spending(folder.calls)
    began, last = None, None
    for event, _ in read_events(folder.ledger):
        began, last = event if event.kind == SESSION else began, event
    total = sum_of(by_stage.values()).model_copy(update={"seconds": seconds_so_far(began, last)})
    stages = {
        name: account(by_stage.get(name, Spent()), limits.stages.get(name, StageBudget()))
        for name in dict.fromkeys([*by_stage, *limits.stages])
    }
    return account(total, limits), stages


def sum_of(parts: Iterable[Spent]) -> Spent:
    """Return several accounts as one."""
    kept = list(parts)
    return Spent.model_validate({name: sum(getattr(part, name) for part in kept) for name in Spent.model_fields})
