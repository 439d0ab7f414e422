"""Crossref: the registry of DOIs, whose facts publishers deposit; retraction notices included."""

from __future__ import annotations

from urllib.parse import quote

from pydantic import Field

from ai_scientist.literature.records import Record
from ai_scientist.literature.sources.base import Answer
from ai_scientist.literature.sources.describe import Foreign, doi, read, record
from ai_scientist.literature.sources.wire import Unanswered, Wire
from ai_scientist.literature.wording import words

ADDRESS = "https://api.crossref.org"
KINDS = {"journal-article": "article", "proceedings-article": "inproceedings", "book": "book", "monograph": "book"}
UNDONE = ("retraction", "withdrawal", "removal")
"""Kinds of updates after which a paper no longer stands."""


class _Person(Foreign):
    family: str | None = None
    given: str | None = None
    name: str | None = None


class _Date(Foreign):
    parts: tuple[tuple[int | None, ...], ...] = Field(default=(), alias="date-parts")


class _Update(Foreign):
    DOI: str = ""
    type: str = ""


class _Item(Foreign):
    DOI: str = ""
    type: str = ""
    title: tuple[str, ...] | None = None
    author: tuple[_Person, ...] | None = None
    venue: tuple[str, ...] | None = Field(default=None, alias="container-title")
    volume: str | None = None
    issue: str | None = None
    page: str | None = None
    article: str | None = Field(default=None, alias="article-number")
    publisher: str | None = None
    abstract: str | None = None
    printed: _Date | None = Field(default=None, alias="published-print")
    published: _Date | None = None
    issued: _Date | None = None
    updates: tuple[_Update, ...] | None = Field(default=None, alias="update-to")
    updated: tuple[_Update, ...] | None = Field(default=None, alias="updated-by")


class _Message(Foreign):
    total: int = Field(alias="total-results")
    items: tuple[_Item, ...]


class _Page(Foreign):
    message: _Message


class CrossrefSource:
    """Printed papers of all fields.

    Args:
        contact: An e-mail address, for the service's polite pool; empty for none.
    """

    def __init__(self, wire: Wire, *, address: str = ADDRESS, contact: str = "") -> None:
        self._wire = wire
        self._address = address
        self._contact = contact

    @property
    def name(self) -> str:
        """What it is called."""
        return "crossref"

    async def search(self, query: str, limit: int) -> Answer:
        """Return the most relevant works for a query, or why the service could not be asked."""
        try:
            message, fetched, cached = await self._ask(
                {"query.bibliographic": " ".join(words(query)), "rows": str(min(limit, 100))}
            )
        except Unanswered as error:
            return Answer(source=self.name, query=query, failure=str(error))
        found = [_record(item, fetched) for item in message.items[:limit]]
        return Answer(
            source=self.name,
            query=query,
            records=tuple(r for r in found if r is not None),
            total=message.total,
            cached=cached,
        )

    async def work(self, identifier: str) -> Record | None:
        """Return what the registry knows under a DOI; None if it knows none.

        Raises:
            Unanswered: If the registry could not be asked.
        """
        message, fetched, _ = await self._ask({"filter": f"doi:{identifier}", "rows": "1"})
        found = (_record(item, fetched) for item in message.items if doi(item.DOI) == doi(identifier))
        return next(found, None)

    async def retraction(self, identifier: str) -> str:
        """Return the DOI of the notice that retracts a work, or an empty text if the registry knows none.

        Raises:
            Unanswered: If the registry could not be asked.
        """
        message, _, _ = await self._ask({"filter": f"updates:{identifier}", "rows": "20"})
        for item in message.items:
            if any(doi(u.DOI) == doi(identifier) and u.type in UNDONE for u in item.updates or ()):
                return doi(item.DOI)
        return ""

    async def _ask(self, params: dict[str, str]) -> tuple[_Message, str, bool]:
        contact = {"mailto": self._contact} if self._contact else {}
        body = await self._wire.get(f"{self._address}/works", {**params, **contact})
        return read(_Page, body.data).message, body.fetched, body.cached


def _record(item: _Item, fetched: str) -> Record | None:
    found = record(
        source="crossref",
        fetched=fetched,
        title=(item.title or ("",))[0],
        authors=tuple(person for person in map(_name, item.author or ()) if person),
        year=_year(item),
        kind=KINDS.get(item.type, "misc"),
        venue=(item.venue or ("",))[0],
        volume=item.volume or "",
        number=item.issue or "",
        pages=item.page or item.article or "",
        publisher=item.publisher or "",
        doi=doi(item.DOI),
        url="https://doi.org/" + quote(item.DOI, safe="/:.()-;") if item.DOI else "",
        text=item.abstract or "",
    )
    undone = any(update.type in UNDONE for update in item.updated or ())
    return found.model_copy(update={"retracted": True}) if found and undone else found


def _name(person: _Person) -> str:
    if person.family:
        return f"{person.family}, {person.given or ''}".rstrip(", ")
    return person.name or ""


def _year(item: _Item) -> int:
    for date in (item.printed, item.published, item.issued):
        if date and date.parts and date.parts[0] and date.parts[0][0]:
            return date.parts[0][0]
    return 0
