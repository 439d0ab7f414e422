"""Semantic Scholar, through the package `semanticscholar`, on our wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qsl

from ai_scientist.literature.records import Record
from ai_scientist.literature.sources.base import Answer
from ai_scientist.literature.sources.describe import Foreign, doi, read, record
from ai_scientist.literature.sources.wire import Body, Unanswered, Wire
from ai_scientist.literature.wording import normal

ADDRESS = "https://api.semanticscholar.org"
FIELDS = ["title", "authors", "year", "abstract", "venue", "externalIds", "publicationTypes", "journal", "url"]


class _Author(Foreign):
    name: str | None = None


class _Journal(Foreign):
    name: str | None = None
    volume: str | None = None
    pages: str | None = None


class _Ids(Foreign):
    DOI: str | None = None
    ArXiv: str | None = None


class _Paper(Foreign):
    title: str | None = None
    authors: tuple[_Author, ...] | None = None
    year: int | None = None
    abstract: str | None = None
    venue: str | None = None
    externalIds: _Ids | None = None
    publicationTypes: tuple[str, ...] | None = None
    journal: _Journal | None = None
    url: str | None = None


class _Page(Foreign):
    total: int
    data: tuple[_Paper, ...] = ()


class SemanticScholarSource:
    """Papers of all fields, with abstracts.

    The package takes every status that it does not know for an empty answer, and sends the query unescaped; so both
    go through our wire, which knows a failure when it sees one.

    Args:
        key: Sent as a header, never stored and never in a message; empty for none.
    """

    def __init__(self, wire: Wire, *, address: str = ADDRESS, key: str = "") -> None:
        self._wire = wire
        self._address = address
        self._key = key

    @property
    def name(self) -> str:
        """What it is called."""
        return "semanticscholar"

    async def search(self, query: str, limit: int) -> Answer:
        """Return the most relevant papers for a query, or why the service could not be asked."""
        line = _Line(self._wire, {"x-api-key": self._key} if self._key else {})
        asked = "".join(c if c.isalnum() or c in " .'" else " " for c in normal(query).text)
        try:
            await _ask(self._address, " ".join(asked.split()), min(limit, 100), line)
            page, body = line.answer()
        except Unanswered as error:
            return Answer(source=self.name, query=query, failure=str(error))
        found = [_record(paper, body.fetched) for paper in page.data[:limit]]
        return Answer(
            source=self.name,
            query=query,
            records=tuple(r for r in found if r is not None),
            total=page.total,
            cached=body.cached,
        )


class _Line:
    """What the package expects of its requester, on our wire."""

    def __init__(self, wire: Wire, headers: Mapping[str, str]) -> None:
        self._wire = wire
        self._headers = headers
        self._answer: tuple[_Page, Body] | None = None

    async def get_data_async(
        self, url: str, parameters: str, headers: Mapping[str, str], payload: object = None
    ) -> dict[str, Any]:
        """Return the page that the package asks for."""
        params = dict(parse_qsl(parameters.lstrip("&"), keep_blank_values=True))
        body = await self._wire.get(url, params, self._headers)
        page = read(_Page, body.data)
        self._answer = (page, body)
        return {"total": page.total, "offset": 0, "data": [paper.model_dump() for paper in page.data]}

    def answer(self) -> tuple[_Page, Body]:
        """Return what was answered."""
        if self._answer is None:
            raise Unanswered("could not ask: the package asked nothing")
        return self._answer


async def _ask(address: str, query: str, limit: int, line: _Line) -> None:
    """Let the package ask for one page. The border of an untyped library."""
    from semanticscholar import AsyncSemanticScholar

    class Client(AsyncSemanticScholar):  # type: ignore[misc]  # the package ships no types
        def __init__(self) -> None:
            super().__init__(api_url=address, retry=False)
            self._requester = cast(Any, line)

    await Client().search_paper(query, limit=limit, fields=FIELDS)  # pyright: ignore[reportUnknownMemberType]  # untyped


def _record(paper: _Paper, fetched: str) -> Record | None:
    ids, journal = paper.externalIds or _Ids(), paper.journal or _Journal()
    venue = journal.name or paper.venue or ""
    return record(
        source="semanticscholar",
        fetched=fetched,
        title=paper.title or "",
        authors=tuple(author.name or "" for author in paper.authors or ()),
        year=paper.year or 0,
        kind="inproceedings" if "Conference" in (paper.publicationTypes or ()) else "article" if venue else "misc",
        venue=venue,
        volume=journal.volume or "",
        pages=journal.pages or "",
        doi=doi(ids.DOI),
        arxiv=ids.ArXiv or "",
        url=paper.url or "",
        text=paper.abstract or "",
    )
