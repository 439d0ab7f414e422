"""arXiv, through the package `arxiv`: it builds the query and reads the Atom feed, our wire carries both."""

from __future__ import annotations

import asyncio
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from ai_scientist.literature.records import Record
from ai_scientist.literature.sources.base import Answer
from ai_scientist.literature.sources.describe import arxiv_number, doi, record
from ai_scientist.literature.sources.wire import Body, Unanswered, Wire
from ai_scientist.literature.wording import words

ADDRESS = "https://export.arxiv.org/api/query"
_ATOM = "{http://www.w3.org/2005/Atom}"
_OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"


class ArxivSource:
    """Preprints. One question every three seconds, as arXiv's terms of use ask."""

    def __init__(self, wire: Wire, *, address: str = ADDRESS) -> None:
        self._wire = wire
        self._address = address

    @property
    def name(self) -> str:
        """What it is called."""
        return "arxiv"

    async def search(self, query: str, limit: int) -> Answer:
        """Return the most relevant preprints for a query, or why arXiv could not be asked."""
        loop = asyncio.get_running_loop()
        seen: list[Body] = []

        def fetch(url: str) -> bytes:
            body = asyncio.run_coroutine_threadsafe(self._wire.get(url), loop).result()
            seen.append(body)
            return body.data

        try:
            results = await asyncio.to_thread(_results, self._address, query, limit, fetch)
            totals = [_total(body.data) for body in seen]
        except Unanswered as error:
            return Answer(source=self.name, query=query, failure=str(error))
        fetched = seen[-1].fetched if seen else ""
        found = [_record(result, fetched) for result in results]
        return Answer(
            source=self.name,
            query=query,
            records=tuple(r for r in found if r is not None),
            total=totals[0] if totals else None,
            cached=all(body.cached for body in seen),
        )


@dataclass(frozen=True, slots=True)
class _Page:
    """What the package expects of an HTTP response."""

    content: bytes
    status_code: int = 200


class _Session:
    """What the package expects of a session, on our wire."""

    def __init__(self, fetch: Callable[[str], bytes]) -> None:
        self._fetch = fetch
        self.entries = 0

    def get(self, url: str, headers: object = None) -> _Page:
        """Return a page, once it is known to be a feed: an error page must not read as "no hits"."""
        data = self._fetch(url)
        _total(data)
        self.entries = data.count(b"<entry")
        return _Page(data)


def _results(address: str, query: str, limit: int, fetch: Callable[[str], bytes]) -> list[Any]:
    """Ask through the package. The border of an untyped library: what it gives is read in `_record` alone."""
    import arxiv

    session = _Session(fetch)

    class Client(arxiv.Client):  # type: ignore[misc]  # the package ships no types
        query_url_format = address + "?{}"

        def __init__(self) -> None:
            super().__init__(page_size=limit, delay_seconds=0, num_retries=0)
            self._session = cast(Any, session)

    terms = " AND ".join(f"all:{word}" for word in dict.fromkeys(words(query)) if len(word) > 2)
    if not terms:
        return []
    search = arxiv.Search(query=terms, max_results=limit, sort_by=arxiv.SortCriterion.Relevance)
    found: list[Any] = []
    try:
        for result in Client().results(search):
            found.append(result)
            if len(found) >= session.entries:
                break  # the package would go on asking page after page; one holds all that is wanted
    except arxiv.ArxivError as error:
        raise Unanswered(f"could not ask: {error.message}") from error
    return found


def _total(data: bytes) -> int:
    """Return how many hits a feed counts.

    Raises:
        Unanswered: If it is no feed, or a feed that reports an error.
    """
    try:
        feed = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise Unanswered(f"could not ask: the answer is no feed ({error})") from error
    total = feed.findtext(f"{_OPENSEARCH}totalResults")
    if feed.tag != f"{_ATOM}feed" or total is None or not total.strip().isdigit():
        raise Unanswered("could not ask: the answer is no arXiv feed")
    for entry in feed.iter(f"{_ATOM}entry"):
        if "/api/errors" in (entry.findtext(f"{_ATOM}id") or ""):
            raise Unanswered(f"could not ask: arXiv says {(entry.findtext(f'{_ATOM}summary') or '').strip()!r}")
    return int(total)


def _record(result: Any, fetched: str) -> Record | None:
    number = arxiv_number(str(result.entry_id))
    comment = f"{result.comment or ''}"
    found = record(
        source="arxiv",
        fetched=fetched,
        title=str(result.title),
        authors=tuple(str(author.name) for author in result.authors),
        year=int(result.published.year),
        kind="misc",
        venue="arXiv preprint",
        arxiv=number,
        doi=doi(result.doi),
        url=f"https://arxiv.org/abs/{number}",
        text=str(result.summary),
    )
    withdrawn = re.search(
        r"\bwithdrawn\b|\bretracted\b", f"{comment} {found.text[:200] if found else ''}", re.IGNORECASE
    )
    return found.model_copy(update={"retracted": True}) if found and withdrawn else found
