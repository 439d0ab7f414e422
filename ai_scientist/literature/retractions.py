"""Retractions: asked of Crossref, or read from a list on disk; "could not ask" is never "stands"."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.values import Value
from ai_scientist.literature.records import Record
from ai_scientist.literature.sources.crossref import CrossrefSource
from ai_scientist.literature.sources.describe import doi
from ai_scientist.literature.sources.wire import Unanswered


class RetractionReport(Value):
    """What is known about the standing of some papers.

    Attributes of note: `retracted` gives for each id the notice or its nature; `unasked` gives why a paper could not
    be looked up. A paper in neither was looked up and stands.
    """

    retracted: dict[str, str]
    unasked: dict[str, str]
    asked: tuple[str, ...]


async def check_retractions(
    records: Iterable[Record], *, crossref: CrossrefSource | None = None, listed: Mapping[str, str] | None = None
) -> RetractionReport:
    """Return which papers have been retracted, which stand, and which could not be looked up.

    Args:
        records: Each is looked up by its DOI.
        crossref: The registry; None asks nobody.
        listed: Retracted DOIs with their nature, from `read_retractions`.
    """
    retracted: dict[str, str] = {}
    unasked: dict[str, str] = {}
    asked: list[str] = []
    for record in records:
        if record.retracted:
            retracted[record.id] = f"{record.source} says so"
        elif not record.doi:
            unasked[record.id] = "it has no DOI"
        elif listed is not None and doi(record.doi) in listed:
            retracted[record.id] = listed[doi(record.doi)]
        elif crossref is not None:
            try:
                notice = await crossref.retraction(record.doi)
            except Unanswered as error:
                unasked[record.id] = str(error)
                continue
            asked.append(record.id)
            if notice:
                retracted[record.id] = f"notice {notice}"
        elif listed is not None:
            asked.append(record.id)
        else:
            unasked[record.id] = "nobody was to be asked"
    return RetractionReport(retracted=retracted, unasked=unasked, asked=tuple(asked))


def read_retractions(path: Path) -> dict[str, str]:
    """Return the retracted DOIs of a Retraction Watch table, with the nature of each notice.

    Expressions of concern and corrections are left out: such papers stand.

    Raises:
        ConfigError: If the file cannot be read or is no such table.
    """
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            rows = csv.DictReader(file)
            if not {"OriginalPaperDOI", "RetractionNature"} <= set(rows.fieldnames or ()):
                raise ConfigError(
                    f"{path} is no Retraction Watch table: it lacks OriginalPaperDOI or RetractionNature."
                )
            found = [(doi(row["OriginalPaperDOI"]), str(row["RetractionNature"])) for row in rows]
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from error
    return {key: nature for key, nature in found if key and nature.lower() == "retraction"}
