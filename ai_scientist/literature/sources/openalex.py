"""OpenAlex: an open catalogue of papers, with retractions marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ai_scientist.literature.records import Record
from ai_scientist.literature.sources.base import Answer
from ai_scientist.literature.sources.describe import Foreign, arxiv_number, doi, read, record
from ai_scientist.literature.sources.wire import Unanswered, Wire
from ai_scientist.literature.wording import words

ADDRESS = "https://api.openalex.org"
SELECT = (
    "id,doi,title,publication_year,type,authorships,primary_location,locations,biblio,abstract_inverted_index,"
    "is_retracted"
)


class _Named(Foreign):
    display_name: str | None = None
    type: str | None = None


class _Authorship(Foreign):
    author: _Named | None = None


class _Location(Foreign):
    landing_page_url: str | None = None
    source: _Named | None = None


class _Biblio(Foreign):
    volume: str | None = None
    issue: str | None = None
    first_page: str | None = None
    last_page: str | None = None


class _Work(Foreign):
    id: str | None = None
    doi: str | None = None
    title: str | None = None
    publication_year: int | None = None
    type: str | None = None
    authorships: tuple[_Authorship, ...] | None = None
    primary_location: _Location | None = None
    locations: tuple[_Location, ...] | None = None
    biblio: _Biblio | None = None
    abstract_inverted_index: dict[str, tuple[int, ...]] | None = None
    is_retracted: bool | None = None


class _Meta(Foreign):
    count: int | None = None


class _Page(Foreign):
    meta: _Meta
    results: tuple[_Work, ...]


class OpenAlexSource:
    """Papers of all fields.

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
        return "openalex"

    async def search(self, query: str, limit: int) -> Answer:
        """Return the most relevant works for a query, or why the service could not be asked."""
        params = {"search": " ".join(words(query)), "per-page": str(min(limit, 100)), "select": SELECT}
        if self._contact:
            params["mailto"] = self._contact
        try:
            body = await self._wire.get(f"{self._address}/works", params)
            page = read(_Page, body.data)
        except Unanswered as error:
            return Answer(source=self.name, query=query, failure=str(error))
        found = [_record(work, body.fetched) for work in page.results[:limit]]
        return Answer(
            source=self.name,
            query=query,
            records=tuple(r for r in found if r is not None),
            total=page.meta.count,
            cached=body.cached,
        )


def abstract_of(inverted: Mapping[str, Sequence[int]] | None) -> str:
    """Return an abstract from its inverted index, which is the form that OpenAlex may hand on.

    >>> abstract_of({"we": [0, 2], "know": [1], "find": [3]})
    'we know we find'
    """
    places = sorted((place, word) for word, where in (inverted or {}).items() for place in where)
    return " ".join(word for _, word in places)


def _record(work: _Work, fetched: str) -> Record | None:
    place, biblio = work.primary_location or _Location(), work.biblio or _Biblio()
    venue = place.source or _Named()
    landing = [where.landing_page_url or "" for where in (place, *(work.locations or ()))]
    found = record(
        source="openalex",
        fetched=fetched,
        title=work.title or "",
        authors=tuple((entry.author or _Named()).display_name or "" for entry in work.authorships or ()),
        year=work.publication_year or 0,
        kind=_kind(work.type or "", venue.type or ""),
        venue=venue.display_name or "",
        volume=biblio.volume or "",
        number=biblio.issue or "",
        pages="-".join(page for page in (biblio.first_page, biblio.last_page) if page),
        doi=doi(work.doi),
        arxiv=next((arxiv_number(url) for url in landing if "arxiv.org" in url), ""),
        url=place.landing_page_url or work.id or "",
        text=abstract_of(work.abstract_inverted_index),
    )
    return found.model_copy(update={"retracted": True}) if found and work.is_retracted else found


def _kind(work: str, venue: str) -> str:
    if venue == "conference" or work == "proceedings-article":
        return "inproceedings"
    if work in ("book", "monograph"):
        return "book"
    return "misc" if work in ("preprint", "dataset", "report") or venue == "repository" else "article"
