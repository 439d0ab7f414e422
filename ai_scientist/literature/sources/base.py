"""The seam of literature sources: a query goes in, records or a reason come out; a failure is never "no hits"."""

from __future__ import annotations

from typing import Protocol

from pydantic import Field

from ai_scientist.core.values import Value
from ai_scientist.literature.records import Record


class Answer(Value):
    """What one source said to one query.

    Attributes of note: `failure` is empty if the source answered; then no records means that it knows none. If it is
    not empty, the records say nothing.
    """

    source: str
    query: str
    records: tuple[Record, ...] = ()
    total: int | None = Field(default=None, description="How many papers the source counts; None if it does not say.")
    failure: str = Field(default="", description="'could not ask: …', for a person to read.")
    cached: bool = Field(default=False, description="Whether a stored answer was used.")

    @property
    def answered(self) -> bool:
        """Whether the source was asked and answered."""
        return not self.failure


class Source(Protocol):
    """Knows papers."""

    @property
    def name(self) -> str:
        """What it is called in logs and in records: "arxiv", "openalex" …."""
        ...

    async def search(self, query: str, limit: int) -> Answer:
        """Return the best records for a query, or why it could not be asked. Never raises for what the source does."""
        ...
