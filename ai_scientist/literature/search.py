"""A search of the literature: every query to every source, one fused list, and a log that cannot be misread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from pydantic import Field

from ai_scientist.core.clock import Clock, SystemClock, stamp
from ai_scientist.core.values import Value
from ai_scientist.literature.fusion import Fused, fuse
from ai_scientist.literature.keys import make_id
from ai_scientist.literature.library import Library
from ai_scientist.literature.records import Record
from ai_scientist.literature.sources.base import Answer, Source

OWN = "library"
MEANING = "library by meaning"
"""What the run's own library is called in logs, asked by words and by meaning."""


class Meaning(Protocol):
    """An index that finds records by what their text means; see `literature.semantic`."""

    def search(self, query: str, limit: int = 10) -> tuple[str, ...]:
        """Return ids of records, nearest first."""
        ...


class SearchLine(Value):
    """One line of the log: what was asked of whom, when, and what came back or why nothing did."""

    source: str
    query: str
    when: str
    hits: int | None = Field(description="How many records came back; None if the source could not be asked.")
    records: tuple[str, ...] = Field(default=(), description="Ids of what came back, best first.")
    failure: str = ""
    cached: bool = False

    def __str__(self) -> str:
        """Return the line as a person reads it."""
        said = self.failure if self.hits is None else f"{self.hits} hits" + (" (stored answer)" if self.cached else "")
        return f"{self.source}: {self.query!r}: {said}"


class SearchReport(Value):
    """What a search found.

    Attributes of note: `records` are best first and in the library; `agreement` counts for each which sources named it.
    `offline` says that nobody outside was meant to be asked.
    """

    records: tuple[Record, ...]
    log: tuple[SearchLine, ...]
    agreement: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    conflicts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    offline: bool

    @property
    def failures(self) -> tuple[str, ...]:
        """Sources that could not be asked, and why, each reason once."""
        return tuple(dict.fromkeys(f"{line.source}: {line.failure}" for line in self.log if line.hits is None))

    @property
    def answered(self) -> tuple[str, ...]:
        """Sources outside the library that answered every query."""
        asked = dict.fromkeys(line.source for line in self.log if line.source not in (OWN, MEANING))
        return tuple(s for s in asked if all(line.hits is not None for line in self.log if line.source == s))


async def search_everywhere(
    queries: Sequence[str],
    sources: Sequence[Source],
    library: Library,
    *,
    meaning: Meaning | None = None,
    limit: int = 20,
    clock: Clock | None = None,
) -> SearchReport:
    """Ask the library and every source every query; what sources tell of is kept in the library.

    Without sources (offline) only the library is asked, and the report says so. Sources are asked side by side, the
    queries of one source one after the other, as their terms of use want. A source that fails costs its hits, nothing
    else.

    Args:
        queries: In words; repeated and empty ones are asked once and not at all.
        sources: Whom to ask beside the library.
        library: The run's library.
        meaning: An index of the library by meaning; its list is fused with the others like a source's.
        limit: Most records wanted per query and source.
        clock: Tells when; the machine's if None.
    """
    time = clock or SystemClock()
    asked = [query for query in dict.fromkeys(" ".join(q.split()) for q in queries) if query]
    own = [Answer(source=OWN, query=query, records=library.search(query, limit)) for query in asked]
    if meaning is not None:
        own += [_by_meaning(meaning, library, query, limit) for query in asked]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_ask_all(source, asked, limit)) for source in sources]
    answers = [*own, *(answer for task in tasks for answer in task.result())]
    fused = fuse([answer.records for answer in answers if answer.answered])
    kept = [_keep(library, paper) for paper in fused]
    ids = {_spot(record): paper.id for found, paper in zip(fused, kept, strict=True) for record in found.members}
    lines = tuple(_line(answer, ids, stamp(time.now())) for answer in answers)
    for line in lines:
        library.log(line.model_dump_json())
    return SearchReport(
        records=tuple(kept),
        log=lines,
        agreement={paper.id: found.sources for found, paper in zip(fused, kept, strict=True)},
        conflicts={paper.id: found.conflicts for found, paper in zip(fused, kept, strict=True) if found.conflicts},
        offline=not sources,
    )


def _by_meaning(meaning: Meaning, library: Library, query: str, limit: int) -> Answer:
    found = (library.get(key) for key in meaning.search(query, limit))
    return Answer(source=MEANING, query=query, records=tuple(record for record in found if record is not None))


async def _ask_all(source: Source, queries: Sequence[str], limit: int) -> list[Answer]:
    return [await source.search(query, limit) for query in queries]


def _keep(library: Library, found: Fused) -> Record:
    known = library.same(found.record)
    if known is None:
        record = found.record
        taken = library.get(record.id) is not None
        return library.add(
            record.model_copy(update={"id": make_id(record.authors, record.year, record.title, library)})
            if taken
            else record
        )
    return library.add(found.record)


def _spot(record: Record) -> tuple[str, str, str]:
    return (record.source, record.id, record.title)


def _line(answer: Answer, ids: dict[tuple[str, str, str], str], when: str) -> SearchLine:
    return SearchLine(
        source=answer.source,
        query=answer.query,
        when=when,
        hits=len(answer.records) if answer.answered else None,
        records=tuple(ids.get(_spot(record), record.id) for record in answer.records),
        failure=answer.failure,
        cached=answer.cached,
    )


RANK_SMOOTHING = 10
"""Lower: the first hits of a query count for more beside records that many queries found far down."""


def most_found(log: Iterable[SearchLine], most: int = 16) -> tuple[str, ...]:
    """Return the ids that a run's searches put highest, by reciprocal ranks: found often and early comes first.

    Equal places go by id, so that the same log gives the same order.
    """
    worth: dict[str, float] = {}
    for line in log:
        for rank, record in enumerate(line.records):
            worth[record] = worth.get(record, 0.0) + 1 / (RANK_SMOOTHING + rank)
    return tuple(sorted(worth, key=lambda record: (-worth[record], record))[:most])
