"""Citations: does every reference come from a stored record, and does every quote stand in its record's text?"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version

from pydantic import ValidationError

from ai_scientist.audit.manuscript import Manuscript
from ai_scientist.audit.notebook import Notebook
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.literature.records import Record
from ai_scientist.literature.shipped import shipped_records

PACKAGE = "ai-scientist"
FACTS = ("title", "authors", "year", "venue", "volume", "number", "pages", "publisher", "doi", "arxiv", "text")
"""What a record says of a paper."""
WHERE = "paper/context.json"


def check_citations(run: RunFolder, paper: Manuscript, book: Notebook) -> None:
    """Check the records and quotes that the paper rests on."""
    is_same_version = run.record().versions.get(PACKAGE) == version(PACKAGE)
    library = _Stored(run, book)
    records, quotes = paper.context.records, paper.context.quotes
    for key in paper.source.cited:
        record = records[key]
        book.judge("reference", f"{WHERE}, {key}", record.title)
        if record.id != key:
            book.find("reference", f"{WHERE}, {key}", f"The record under this key is {record.id}.")
        if record.retracted:
            book.find("reference", f"{WHERE}, {key}", "The cited paper was retracted.")
        if not record.source:
            book.find("reference", f"{WHERE}, {key}", "The record does not say who told of it.")
        stored = library.get(key)
        if library.is_there and stored is None:
            book.find("reference", f"{WHERE}, {key}", "The run's library holds no such record: no source told of it.")
        elif stored is not None and stored != record:
            changed = [name for name in Record.model_fields if getattr(stored, name) != getattr(record, name)]
            book.find("reference", f"{WHERE}, {key}", f"Its {', '.join(changed)} is not what the run's library holds.")
        _compare_shipped(record, book, is_same_version=is_same_version)
    for name, quote in quotes.items():
        quoted = records.get(quote.record)
        where = f"{WHERE}, {name}"
        book.judge("quote", where, quote.text)
        if quoted is None:
            book.find("citation", where, f"The quoted record {quote.record} is not among the cited ones.")
        elif not quote.text.strip() or quoted.text[quote.start : quote.start + len(quote.text)] != quote.text:
            book.find("citation", where, f"The quote does not stand in the text of {quote.record}.")
    library.close()


def _compare_shipped(record: Record, book: Notebook, *, is_same_version: bool) -> None:
    """A record that says it is ours must be what we ship: the auditor holds its own copy."""
    if record.source != "shipped":
        return
    known = _shipped().get(record.id)
    if known is None:
        if is_same_version:
            book.find("reference", f"{WHERE}, {record.id}", "It says that it was shipped, but no such record is.")
        else:
            book.note(f"The record {record.id} was shipped with another version, so it was not compared.")
        return
    told = {name: getattr(record, name) for name in FACTS}
    for name in FACTS:
        if told[name] != getattr(known, name):
            why = f"Its {name} is {told[name]!r}; the shipped record says {getattr(known, name)!r}."
            book.find("reference", f"{WHERE}, {record.id}", why)


@cache
def _shipped() -> Mapping[str, Record]:
    """Return the shipped bibliography, the auditor's own copy."""
    return {record.id: record for record in shipped_records()}


class _Stored:
    """The run's library, opened so that nothing in it can change."""

    def __init__(self, run: RunFolder, book: Notebook) -> None:
        file = run.literature / "library.sqlite"
        self.is_there = file.is_file()
        self._db: sqlite3.Connection | None = None
        if not self.is_there:
            book.note("The run has no library, so references were compared with what is shipped alone.")
            return
        try:
            # As a URI, because only so SQLite opens it without ever writing.
            self._db = sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)
            self._db.execute("SELECT count(*) FROM records")
        except sqlite3.DatabaseError as error:
            book.find("citation", "literature/library.sqlite", f"The library cannot be read: {error}.")
            self.close()

    def get(self, key: str) -> Record | None:
        """Return a record; None if there is none, or if the library cannot be read."""
        if self._db is None:
            return None
        try:
            row = self._db.execute("SELECT body FROM records WHERE id = ?", (key,)).fetchone()
            return Record.model_validate_json(str(row[0])) if row else None
        except (sqlite3.DatabaseError, ValidationError):
            return None

    def close(self) -> None:
        """Let the file go."""
        if self._db is not None:
            self._db.close()
            self._db = None
