"""Budgets: what a run may spend, reserved before it is spent.

A step that costs money first reserves the most that it can cost. What does not fit raises `BudgetExceeded` before
anything is spent; what fits is settled afterwards with what it really cost. As long as no step costs more than it
reserved, no limit is ever passed, however many steps run at once.

Time cannot be given back, so it is not reserved: a step may start while time is left, and `Reservation.seconds_left`
tells it when to stop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, floor
from types import TracebackType

from ai_scientist.core.clock import Clock
from ai_scientist.core.errors import BudgetExceeded
from ai_scientist.core.settings import BudgetSettings
from ai_scientist.core.values import Value

PAPER_STAGES = frozenset({"analyse", "write", "review", "revise", "audit"})
"""Stages that make the paper. They alone may touch the share of each limit that is kept for it."""

_PICO = 10**12  # money is counted in whole 10^-12 dollars, so that sums are exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a step costs, or could cost at most.

    Attributes:
        usd: None if its price is not known.
        tokens: Of input and output together.
    """

    usd: float | None
    tokens: int


class Spent(Value):
    """What has been spent so far.

    Attributes of note: `usd` leaves out what has no known price, of which there were `unpriced` steps. `lost_usd` and
    `lost_tokens`, which are part of the sums, are the most that steps can have cost whose end was never seen.
    """

    usd: float = 0.0
    tokens: int = 0
    seconds: float = 0.0
    steps: int = 0
    unpriced: int = 0
    lost_usd: float = 0.0
    lost_tokens: int = 0


@dataclass(slots=True)
class _Account:
    """Exact sums of one stage, or of the whole run."""

    pico: int = 0
    tokens: int = 0
    reserved_pico: int = 0
    reserved_tokens: int = 0
    seconds: float = 0.0
    steps: int = 0
    unpriced: int = 0
    lost_pico: int = 0
    lost_tokens: int = 0

    def view(self) -> Spent:
        return Spent(
            usd=self.pico / _PICO,
            tokens=self.tokens,
            seconds=self.seconds,
            steps=self.steps,
            unpriced=self.unpriced,
            lost_usd=self.lost_pico / _PICO,
            lost_tokens=self.lost_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """One limit on one account; None: none of that kind."""

    name: str
    account: _Account
    pico: int | None
    tokens: int | None
    seconds: float | None


class Reservation:
    """Room that is kept for one step. Use it as a context: leaving it unsettled gives everything back."""

    def __init__(
        self,
        worst: Cost,
        stage: str,
        *,
        close: Callable[[Cost | None, bool], None],
        seconds_left: Callable[[], float | None],
    ) -> None:
        """Keep room; `Budget` makes these, and is told how each ended."""
        self._close: Callable[[Cost | None, bool], None] | None = close
        self._seconds_left = seconds_left
        self.worst = worst
        self.stage = stage

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the first time limit; None without one."""
        return self._seconds_left()

    def settle(self, actual: Cost, *, lost: bool = False) -> None:
        """Replace what was reserved by what it cost; once.

        Args:
            actual: What it cost.
            lost: Whether this is only the most that it can have cost, because its end was not seen.
        """
        close, self._close = self._close, None
        if close is not None:
            close(actual, lost)

    def release(self) -> None:
        """Give everything back; nothing was spent."""
        close, self._close = self._close, None
        if close is not None:
            close(None, False)

    def __enter__(self) -> Reservation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Budget:
    """The limits of a run and what has been spent of them. Safe to use from several threads and event loops."""

    def __init__(self, limits: BudgetSettings, clock: Clock, *, seconds: float = 0.0) -> None:
        """Open the accounts.

        Args:
            limits: Of the run, and of stages.
            clock: Tells how long it has been working.
            seconds: What earlier sessions of the run worked; money and tokens come back through `restore`.
        """
        self.limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._total = _Account(seconds=seconds)
        self._stages: dict[str, _Account] = {}
        self._stage, self._touched = "", clock.monotonic()

    @property
    def spent(self) -> Spent:
        """What the whole run has spent."""
        with self._lock:
            self._tick(self._stage)
            return self._total.view()

    @property
    def spent_by_stage(self) -> Mapping[str, Spent]:
        """What each stage has spent."""
        with self._lock:
            self._tick(self._stage)
            return {name: account.view() for name, account in self._stages.items()}

    @property
    def has_usd_limit(self) -> bool:
        """Whether money is limited anywhere, so that an unknown price would make the limit worthless."""
        return self.limits.usd is not None or any(s.usd is not None for s in self.limits.stages.values())

    def restore(self, stage: str, actual: Cost, *, lost: bool = False) -> None:
        """Count what an earlier session of the run spent."""
        with self._lock:
            self._charge(actual, stage, lost=lost)

    def check(self, stage: str) -> None:
        """Go on only while there is time; for steps that cost nothing else.

        Raises:
            BudgetExceeded: If a time limit is used up.
        """
        with self._lock:
            self._tick(stage)
            self._refuse(Cost(usd=0.0, tokens=0), stage)

    def seconds_left(self, stage: str) -> float | None:
        """Return the seconds until the first time limit that holds for a stage; None without one."""
        with self._lock:
            self._tick(self._stage)
            left = [limit.seconds - limit.account.seconds for limit in self._limits(stage) if limit.seconds is not None]
        return max(0.0, min(left)) if left else None

    def reserve(self, worst: Cost, stage: str = "") -> Reservation:
        """Return room for a step that costs at most this, now.

        Raises:
            BudgetExceeded: If it does not fit. Nothing was reserved.
        """
        with self._lock:
            self._tick(stage)
            self._refuse(worst, stage)
            return self._room(worst, stage)

    async def acquire(self, worst: Cost, stage: str = "") -> Reservation:
        """Return room for a step; wait for steps under way if it would fit once they gave back what they don't use.

        Raises:
            BudgetExceeded: If it does not fit even if all steps under way turn out to be free.
        """
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        while True:
            with self._lock:
                self._tick(stage)
                try:
                    self._refuse(worst, stage)
                except BudgetExceeded:
                    self._refuse(worst, stage, reserved=False)
                    event.clear()
                    self._waiting.append((loop, event))
                else:
                    return self._room(worst, stage)
            await event.wait()

    def _account(self, stage: str) -> _Account:
        return self._stages.setdefault(stage, _Account())

    def _tick(self, stage: str) -> None:
        """Book the time since the last look to the stage that was at work."""
        now = self._clock.monotonic()
        passed = now - self._touched
        self._total.seconds += passed
        self._account(self._stage).seconds += passed
        self._stage, self._touched = stage, now

    def _limits(self, stage: str) -> list[_Limit]:
        share = 1.0 if stage in PAPER_STAGES else 1.0 - self.limits.paper_share
        whole, own = self.limits, self.limits.stages.get(stage)
        limits = [
            _Limit(
                name="",
                account=self._total,
                pico=None if whole.usd is None else floor(whole.usd * share * _PICO),
                tokens=None if whole.tokens is None else floor(whole.tokens * share),
                seconds=None if whole.hours is None else whole.hours * share * 3600,
            )
        ]
        if own is not None:
            limits.append(
                _Limit(
                    name=stage,
                    account=self._account(stage),
                    pico=None if own.usd is None else floor(own.usd * _PICO),
                    tokens=own.tokens,
                    seconds=None if own.hours is None else own.hours * 3600,
                )
            )
        return limits

    def _refuse(self, worst: Cost, stage: str, *, reserved: bool = True) -> None:
        """Raise BudgetExceeded if the worst case does not fit beside what is spent (and reserved)."""
        for limit in self._limits(stage):
            kept = limit.account.reserved_pico if reserved else 0
            left = None if limit.pico is None else limit.pico - limit.account.pico - kept
            if left is not None and left < _pico(worst.usd):
                raise _exceeded(limit, stage, "usd", _money(worst.usd or 0.0), _money(max(left, 0) / _PICO))
            kept = limit.account.reserved_tokens if reserved else 0
            count = None if limit.tokens is None else limit.tokens - limit.account.tokens - kept
            if count is not None and count < worst.tokens:
                raise _exceeded(limit, stage, "tokens", f"{worst.tokens:,} tokens", f"{max(count, 0):,}")
            if limit.seconds is not None and limit.account.seconds >= limit.seconds:
                raise _exceeded(limit, stage, "seconds", "some time", "none")

    def _hold(self, worst: Cost, stage: str, *, sign: int) -> None:
        for account in (self._total, self._account(stage)):
            account.reserved_pico += sign * _pico(worst.usd)
            account.reserved_tokens += sign * worst.tokens

    def _charge(self, actual: Cost, stage: str, *, lost: bool) -> None:
        for account in (self._total, self._account(stage)):
            account.pico += _pico(actual.usd)
            account.tokens += actual.tokens
            account.steps += 1
            account.unpriced += actual.usd is None
            if lost:
                account.lost_pico += _pico(actual.usd)
                account.lost_tokens += actual.tokens

    def _room(self, worst: Cost, stage: str) -> Reservation:
        """Hold room and hand it out; the lock is held by the caller."""

        def close(actual: Cost | None, lost: bool) -> None:
            with self._lock:
                self._hold(worst, stage, sign=-1)
                if actual is not None:
                    self._charge(actual, stage, lost=lost)
                self._wake()

        self._hold(worst, stage, sign=1)
        return Reservation(worst, stage, close=close, seconds_left=lambda: self.seconds_left(stage))

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)


def _pico(usd: float | None) -> int:
    """Return money as whole 10^-12 dollars, rounded up; nothing for an unknown price."""
    return 0 if usd is None else ceil(usd * _PICO)


def _money(usd: float) -> str:
    return f"${usd:.2f}" if usd >= 0.01 else f"${usd:.6f}".rstrip("0").rstrip(".")


def _exceeded(limit: _Limit, stage: str, kind: str, needed: str, left: str) -> BudgetExceeded:
    whose = f"the budget of the stage {limit.name!r}" if limit.name else "the budget of the run"
    if kind == "seconds":
        said = f"The time in {whose} is used up."
        return BudgetExceeded(said, limit=f"{limit.name} seconds".strip(), stage=limit.name)
    kept = "" if limit.name or stage in PAPER_STAGES else " (beside what is kept for the paper)"
    said = f"The next step could take {needed}, and {left} of {whose} is left{kept}."
    return BudgetExceeded(said, limit=f"{limit.name} {kind}".strip(), stage=limit.name)
