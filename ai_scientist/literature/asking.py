"""A search as the settings want it: which services, which store of answers, which papers of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ai_scientist.core.clock import Clock
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.settings import LiteratureSettings
from ai_scientist.literature.library import Library
from ai_scientist.literature.own_papers import read_papers
from ai_scientist.literature.retractions import RetractionReport, check_retractions
from ai_scientist.literature.search import SearchReport, search_everywhere
from ai_scientist.literature.semantic import SemanticIndex, sentence_transformer
from ai_scientist.literature.sources.build import SOURCES, build_sources
from ai_scientist.literature.sources.crossref import CrossrefSource
from ai_scientist.literature.sources.wire import Answers


def check_literature(settings: LiteratureSettings) -> None:
    """Fail before anything is made, if a search as the settings want it cannot work.

    Raises:
        ConfigError: For an unknown source, or a folder of papers that is none.
        MissingTool: For a model of meanings that cannot be loaded.
    """
    for name in settings.sources:
        SOURCES.get(name)
    if settings.papers is not None and not settings.papers.is_dir():
        raise ConfigError(f"{settings.papers} is no folder of papers.")
    if settings.semantic is not None:
        sentence_transformer(settings.semantic)


async def search_as_set(
    queries: Sequence[str], settings: LiteratureSettings, *, library: Library, folder: Path, clock: Clock
) -> SearchReport:
    """Ask the library and the services that the settings name.

    What services answer is kept in `answers.sqlite` of the folder: a resumed run asks nobody twice, and with `replay` a
    search is repeated without a network.

    Raises:
        ConfigError: If the settings name an unknown source.
        MissingTool: If they name a model of meanings that cannot be loaded.
    """
    meaning = _by_meaning(settings, library, folder)
    if not settings.sources:
        return await search_everywhere(queries, (), library, meaning=meaning, limit=settings.limit, clock=clock)
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
        return await search_everywhere(queries, sources, library, meaning=meaning, limit=settings.limit, clock=clock)
    finally:
        answers.close()


def _by_meaning(settings: LiteratureSettings, library: Library, folder: Path) -> SemanticIndex | None:
    """Return the index that the settings ask for, with everything in it that the library holds by now."""
    if settings.semantic is None:
        return None
    index = SemanticIndex(folder / "meaning", sentence_transformer(settings.semantic))
    index.add(library.records())
    return index


async def retractions_as_set(
    settings: LiteratureSettings, *, library: Library, folder: Path, clock: Clock
) -> RetractionReport:
    """Ask about every paper of the library whether it was retracted, and mark those that were.

    Crossref is asked if it is among the sources of the settings; without it, what sources said stands, and the report
    says that nobody was asked.
    """
    records = library.records()
    if "crossref" not in settings.sources:
        return await check_retractions(records)
    answers = Answers(folder / "answers.sqlite")
    try:
        sources = build_sources(
            ("crossref",),
            answers=answers,
            addresses=settings.addresses,
            contact=settings.contact,
            replay=settings.replay,
            clock=clock,
        )
        registry = next(source for source in sources if isinstance(source, CrossrefSource))
        report = await check_retractions(records, crossref=registry)
    finally:
        answers.close()
    for record in records:
        if record.id in report.retracted and not record.retracted:
            library.add(record.model_copy(update={"retracted": True}))
    return report


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
