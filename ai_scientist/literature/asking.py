"""A search as the settings want it: which services, which store of answers, which papers of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ai_scientist.core.clock import Clock
from ai_scientist.core.settings import LiteratureSettings
from ai_scientist.literature.library import Library
from ai_scientist.literature.own_papers import read_papers
from ai_scientist.literature.search import SearchReport, search_everywhere
from ai_scientist.literature.sources.build import build_sources
from ai_scientist.literature.sources.wire import Answers


async def search_as_set(
    queries: Sequence[str], settings: LiteratureSettings, *, library: Library, folder: Path, clock: Clock
) -> SearchReport:
    """Ask the library and the services that the settings name.

    What services answer is kept in `answers.sqlite` of the folder: a resumed run asks nobody twice, and with `replay` a
    search is repeated without a network.

    Raises:
        ConfigError: If the settings name an unknown source.
    """
    if not settings.sources:
        return await search_everywhere(queries, (), library, limit=settings.limit, clock=clock)
    answers = Answers(folder / "answers.sqlite")
    try:
        sources = build_sources(
            settings.sources,
            answers=answers,
            addresses=settings.addresses,
            contact=settings.contact,
            replay=settings.replay,
            clock=clock,
        )
        return await search_everywhere(queries, sources, library, limit=settings.limit, clock=clock)
    finally:
        answers.close()


def take_in_own_papers(settings: LiteratureSettings, library: Library) -> tuple[str, ...]:
    """Put the user's own papers into the library; return a sentence for each file that could not be used.

    Raises:
        ConfigError: If the folder that the settings name does not exist.
    """
    if settings.papers is None:
        return ()
    found = read_papers(settings.papers)
    for record in found.records:
        known = library.get(record.id)
        if known is not None and library.same(record) is None:
            record = record.model_copy(update={"id": f"{record.id}-own"})
        library.add(record)
    return found.problems
