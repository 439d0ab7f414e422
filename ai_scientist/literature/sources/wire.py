"""Asking over HTTP: answers stored, failures tried again a bounded number of times, a dead service left alone.

Every answer of a service is kept under a hash of address and parameters, so that a run can be replayed without a
network and a resumed run asks nobody twice. Only whole answers with status 200 are kept.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from ssl import SSLContext
from typing import TYPE_CHECKING

from ai_scientist.core.clock import Clock, SystemClock, stamp
from ai_scientist.core.errors import ConfigError, RunCorrupted, TransientError
from ai_scientist.core.hashing import sha256_json

if TYPE_CHECKING:
    import httpx

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same question may be answered later."""

LONGEST_WAIT_SECONDS = 20.0
"""No service can make us wait longer than this between two tries; it counts as down instead."""


class Unanswered(TransientError):
    """A service could not be asked; the message says why, without the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a service answered.

    Attributes:
        fetched: When, also for a stored answer.
        cached: Whether it was stored before.
    """

    data: bytes
    fetched: str
    cached: bool


class Answers:
    """Stored answers, in one SQLite file; each is one transaction.

    Raises:
        ConfigError: If the file cannot be written.
        RunCorrupted: If it is no such store.
    """

    def __init__(self, path: Path | str) -> None:
        try:
            if str(path) != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, address TEXT NOT NULL, "
                "fetched TEXT NOT NULL, body BLOB NOT NULL)"
            )
        except (OSError, sqlite3.OperationalError) as error:
            raise ConfigError(f"The store of answers {path} cannot be opened: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise RunCorrupted(f"{path} is not a store of answers: {error}.") from error

    def get(self, address: str, params: Mapping[str, str]) -> Body | None:
        """Return the stored answer to a question, or None."""
        row = self._db.execute("SELECT body, fetched FROM answers WHERE key = ?", (_key(address, params),)).fetchone()
        return Body(data=bytes(row[0]), fetched=str(row[1]), cached=True) if row else None

    def put(self, address: str, params: Mapping[str, str], body: Body) -> None:
        """Keep an answer; an earlier one to the same question is replaced."""
        self._db.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)",
            (_key(address, params), address, body.fetched, body.data),
        )

    def close(self) -> None:
        """Let the file go."""
        self._db.close()


def _key(address: str, params: Mapping[str, str]) -> str:
    return sha256_json([address, sorted(params.items())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How politely and how stubbornly a service is asked.

    Attributes:
        tries: At most this many for one question.
        pause_seconds: Between two questions, as terms of use want it; doubled and added before each further try.
        patience: After so many questions in a row that failed, the service is not asked again.
        replay: Only stored answers are used.
    """

    tries: int = 3
    pause_seconds: float = 1.0
    patience: int = 2
    timeout_seconds: float = 30.0
    replay: bool = False


class Wire:
    """The line to one service.

    Args:
        service: Its name, for messages.
        answers: Where answers are kept; None keeps none.
        manners: How it is asked.
        sleep: Waits; handed in, so that tests need not.
    """

    def __init__(
        self,
        service: str,
        *,
        answers: Answers | None = None,
        manners: Manners | None = None,
        clock: Clock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._service = service
        self._answers = answers
        self._manners = manners or Manners()
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._failed = 0
        self._last: float | None = None

    async def get(
        self, address: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Body:
        """Return what a service answers with status 200.

        Raises:
            Unanswered: If it could not be asked, or does not want to answer.
        """
        asked = dict(params or {})
        stored = self._answers.get(address, asked) if self._answers else None
        if stored is not None:
            return stored
        if self._manners.replay:
            raise Unanswered("could not ask: there is no stored answer, and this is a replay")
        if self._failed >= self._manners.patience:
            raise Unanswered(f"not asked: it failed {self._failed} times in a row")
        try:
            data = await self._fetch(address, asked, dict(headers or {}))
        except Unanswered:
            self._failed += 1
            raise
        self._failed = 0
        body = Body(data=data, fetched=stamp(self._clock.now()), cached=False)
        if self._answers:
            self._answers.put(address, asked, body)
        return body

    async def _fetch(self, address: str, params: dict[str, str], headers: dict[str, str]) -> bytes:
        import httpx

        why = ""
        wait = self._manners.pause_seconds
        patience = self._manners.timeout_seconds
        async with httpx.AsyncClient(timeout=patience, follow_redirects=True, verify=_trust()) as client:
            for attempt in range(self._manners.tries):
                await self._pace()
                try:
                    answer = await client.get(address, params=params or None, headers=headers)
                except httpx.TimeoutException:
                    why = f"could not ask: no answer within {self._manners.timeout_seconds:g} s"
                except httpx.HTTPError as error:
                    why = f"could not ask: {type(error).__name__}: {error}"
                else:
                    if answer.status_code == 200:
                        return answer.content
                    why = f"could not ask: HTTP {answer.status_code}{_said(answer)}"
                    if answer.status_code not in AGAIN:
                        raise Unanswered(why)
                    wait = max(wait, _retry_after(answer, self._clock) or 0.0)
                if wait > LONGEST_WAIT_SECONDS:
                    raise Unanswered(f"{why}; it asks for {wait:.0f} s of patience")
                if attempt + 1 < self._manners.tries:
                    await self._sleep(wait)
                    wait *= 2
        raise Unanswered(f"{why}, {self._manners.tries} times")

    async def _pace(self) -> None:
        now = self._clock.monotonic()
        if self._last is not None and now - self._last < self._manners.pause_seconds:
            await self._sleep(self._manners.pause_seconds - (now - self._last))
        self._last = self._clock.monotonic()


@cache
def _trust() -> SSLContext:
    """Return whom we trust; read once, because reading the certificates takes longer than a short question."""
    import httpx

    return httpx.create_ssl_context()


def _said(answer: httpx.Response) -> str:
    text = " ".join(answer.text.split())[:120] if "html" not in answer.headers.get("content-type", "") else ""
    return f" ({text})" if text else ""


def _retry_after(answer: httpx.Response, clock: Clock) -> float | None:
    said = answer.headers.get("retry-after", "")
    if said.isdigit():
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - clock.now()).total_seconds()) if said else None
    except (TypeError, ValueError):
        return None
