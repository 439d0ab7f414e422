"""How fast an endpoint is asked: calls at once, tokens a minute, and how long to wait before the next try."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from ai_scientist.core.clock import Clock
from ai_scientist.models.exchange import CallFailed

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """When a failed try is made again.

    Attributes:
        tries: Most tries of one call.
        first_seconds: Longest wait after the first failure; it doubles with each, and the wait is drawn from between
            half of it and all of it, so that callers do not come back together.
        longest_seconds: Longest wait of our own choice.
        longest_told_seconds: Longest wait that we accept when the endpoint names one.
    """

    tries: int = 5
    first_seconds: float = 1.0
    longest_seconds: float = 30.0
    longest_told_seconds: float = 120.0

    def wait(self, failed: CallFailed, tries_made: int, dice: Random) -> float | None:
        """Return the seconds until the next try; None if there is none."""
        if tries_made >= self.tries:
            return None
        told = failed.retry_after_seconds
        if told is not None:
            return told + dice.random() * 0.1 * min(told, 1.0) if told <= self.longest_told_seconds else None
        most = min(self.first_seconds * 2.0 ** (tries_made - 1), self.longest_seconds)
        return most * (0.5 + 0.5 * dice.random())


class Pace:
    """One provider's limits, shared by all models behind it."""

    def __init__(
        self, clock: Clock, *, calls: int, tokens_per_minute: int | None, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._calls = calls
        self._per_minute = tokens_per_minute
        self._slots: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None
        self._recent: deque[_Use] = deque()

    @asynccontextmanager
    async def slot(self, tokens: int) -> AsyncGenerator[Callable[[int], None]]:
        """Hold one of the calls at once, when the minute has room for so many tokens.

        Yields:
            What to call with the tokens that it really took.
        """
        async with self._semaphore():
            use = _Use(at=0.0, tokens=tokens)
            await self._wait_for_room(use)

            def correct(actual: int) -> None:
                use.tokens = actual

            yield correct

    def _semaphore(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if self._slots is None or self._slots[0] is not loop:
            self._slots = (loop, asyncio.Semaphore(self._calls))
        return self._slots[1]

    async def _wait_for_room(self, use: _Use) -> None:
        if self._per_minute is None:
            return
        while True:
            now = self._clock.monotonic()
            while self._recent and self._recent[0].at <= now - 60:
                self._recent.popleft()
            used = sum(earlier.tokens for earlier in self._recent)
            # One call that is larger than a whole minute's room may go alone: waiting would not make it fit.
            if not self._recent or used + use.tokens <= self._per_minute:
                use.at = now
                self._recent.append(use)
                return
            await self._sleep(max(0.01, self._recent[0].at + 60 - now))


@dataclass(slots=True)
class _Use:
    """Tokens used at a moment."""

    at: float
    tokens: int
