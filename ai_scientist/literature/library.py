"""The library of one run: a SQLite file of records, full-text searchable, with quotes and the log of searches.

Full-text search is SQLite's own FTS5 with its bm25 ranking: one file, no server, and the same answer every time. The
file is opened with the shipped bibliography in it; records that sources tell of are added, never changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from ai_scientist.core.errors import ConfigError, RunCorrupted
from ai_scientist.core.jsonl import write_atomic
from ai_scientist.literature.quotes import match
from ai_scientist.literature.records import Quote, Record
from ai_scientist.literature.shipped import shipped_records
from ai_scientist.literature.wording import sentences, telling, title_key

SCHEMA = """
CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, title_key TEXT NOT NULL, doi TEXT NOT NULL,
                                    arxiv TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS records_title ON records (title_key);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(id UNINDEXED, title, summary, body, tokenize = 'unicode61');
CREATE TABLE IF NOT EXISTS quotes (id TEXT PRIMARY KEY, record TEXT NOT NULL, start INTEGER NOT NULL,
                                   text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS quotes_record ON quotes (record);
CREATE TABLE IF NOT EXISTS searches (seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
"""

WEIGHTS = "0.0, 4.0, 2.0, 1.0"
"""Of id, title, summary and text in the ranking: a word in the title says most about what a paper is about."""


class Library:
    """Records, quotes and searches of one run.

    What it holds survives a crash at any moment: each change is one SQLite transaction.

    Args:
        path: The file; made if it is missing, together with its folder. ":memory:" keeps nothing.
        shipped: Whether the shipped bibliography is part of it.

    Raises:
        ConfigError: If the file cannot be written, or this SQLite has no FTS5.
        RunCorrupted: If the file is no library.
    """

    def __init__(self, path: Path | str, *, shipped: bool = True) -> None:
        self.path = path
        try:
            if str(path) != ":memory:":
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(SCHEMA)
        except (OSError, sqlite3.OperationalError) as error:
            raise ConfigError(f"The library {path} cannot be opened: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise RunCorrupted(f"{path} is not a library: {error}.") from error
        if shipped:
            self._put(record for record in shipped_records() if self.get(record.id) is None)

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    def add(self, record: Record) -> Record:
        """Keep a record and return the one that stands for it: an earlier one of the same paper wins.

        The same paper is the same DOI, the same arXiv number, or the same title within two years. If the earlier one
        has no text and this one has, the text is taken over, with its source named.

        Raises:
            ValueError: If another paper has this id.
        """
        known = self.same(record)
        if known is not None:
            if record.text and not known.text:
                known = known.model_copy(
                    update={"text": record.text, "checked": (*known.checked, f"text from {record.source}")}
                )
                self._replace(known)
            if record.retracted and not known.retracted:
                known = known.model_copy(update={"retracted": True})
                self._replace(known)
            return known
        if self.get(record.id) is not None:
            raise ValueError(f"The id {record.id} is taken by another paper.")
        self._put([record])
        return record

    def same(self, record: Record) -> Record | None:
        """Return the record of the same paper that is already here."""
        for column, value in (("doi", record.doi.lower()), ("arxiv", _bare(record.arxiv))):
            if value:
                found = self._one(f"SELECT body FROM records WHERE {column} = ? ORDER BY id", value)
                if found is not None:
                    return found
        rows = self._db.execute("SELECT body FROM records WHERE title_key = ? ORDER BY id", (title_key(record.title),))
        near = [Record.model_validate_json(str(row[0])) for row in rows]
        return next((other for other in near if abs(other.year - record.year) <= 2), None)

    def get(self, key: str) -> Record | None:
        """Return the record of that id."""
        return self._one("SELECT body FROM records WHERE id = ?", key)

    def records(self) -> tuple[Record, ...]:
        """Return all records, by id."""
        rows = self._db.execute("SELECT body FROM records ORDER BY id")
        return tuple(Record.model_validate_json(str(row[0])) for row in rows)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM records").fetchone()[0])

    def search(self, query: str, limit: int = 10) -> tuple[Record, ...]:
        """Return the records nearest to a query's words, best first; the same library gives the same order.

        Any of the words may be missing; rare words weigh more than common ones (bm25). Nothing telling in the query:
        nothing found.
        """
        terms = list(dict.fromkeys(telling(query)))
        if not terms:
            return ()
        expression = " OR ".join(f'"{term}"' for term in terms)
        rows = self._db.execute(
            f"SELECT r.body FROM words JOIN records AS r ON r.id = words.id WHERE words MATCH ? "
            f"ORDER BY round(bm25(words, {WEIGHTS}), 6), words.id LIMIT ?",
            (expression, limit),
        )
        return tuple(Record.model_validate_json(str(row[0])) for row in rows)

    def quote(self, record: str, wanted: str) -> Quote | None:
        """Return the quote of a record that says what is wanted, kept from now on; None if its text does not say it."""
        source = self.get(record)
        found = match(source.text, wanted) if source else None
        if found is None:
            return None
        rows = self._db.execute(
            "SELECT id, start, text FROM quotes WHERE record = ? ORDER BY rowid", (record,)
        ).fetchall()
        for key, start, text in rows:
            if (start, text) == (found.start, found.text):
                return Quote(id=str(key), record=record, start=found.start, text=found.text)
        quote = Quote(id=f"{record}-q{len(rows) + 1}", record=record, start=found.start, text=found.text)
        self._db.execute("INSERT INTO quotes VALUES (?, ?, ?, ?)", (quote.id, record, quote.start, quote.text))
        return quote

    def quotes(self) -> tuple[Quote, ...]:
        """Return all quotes, by record: each sentence of a stored text, then what was quoted beside that."""
        rows = self._db.execute("SELECT id, record, start, text FROM quotes ORDER BY record, length(id), id")
        return tuple(Quote(id=str(a), record=str(b), start=int(c), text=str(d)) for a, b, c, d in rows)

    def log(self, line: str) -> None:
        """Keep one line (JSON) of the log of searches."""
        self._db.execute("INSERT INTO searches (body) VALUES (?)", (line,))

    def searches(self) -> Iterator[str]:
        """Yield the lines of the log of searches, oldest first."""
        for row in self._db.execute("SELECT body FROM searches ORDER BY seq"):
            yield str(row[0])

    def write_evidence(self, folder: Path, cited: Iterable[str] | None = None) -> list[Path]:
        """Write what the audit reads: records.jsonl, quotes.jsonl and searches.jsonl; return the files.

        Args:
            folder: The run's literature folder.
            cited: Ids to write; None: all.
        """
        keep = None if cited is None else set(cited)
        records = [r.model_dump_json() for r in self.records() if keep is None or r.id in keep]
        quotes = [q.model_dump_json() for q in self.quotes() if keep is None or q.record in keep]
        files = {"records.jsonl": records, "quotes.jsonl": quotes, "searches.jsonl": list(self.searches())}
        for name, lines in files.items():
            write_atomic(folder / name, "".join(line + "\n" for line in lines).encode())
        return [folder / name for name in files]

    def _put(self, records: Iterable[Record]) -> None:
        with _transaction(self._db):
            for record in records:
                self._insert(record)

    def _replace(self, record: Record) -> None:
        with _transaction(self._db):
            for table, column in (("records", "id"), ("words", "id"), ("quotes", "record")):
                self._db.execute(f"DELETE FROM {table} WHERE {column} = ?", (record.id,))
            self._insert(record)

    def _insert(self, record: Record) -> None:
        self._db.execute(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?)",
            (record.id, title_key(record.title), record.doi.lower(), _bare(record.arxiv), record.model_dump_json()),
        )
        fields = (record.title, record.summary, record.text)
        self._db.execute(
            "INSERT INTO words VALUES (?, ?, ?, ?)", (record.id, *(" ".join(telling(field)) for field in fields))
        )
        for number, (start, end) in enumerate(sentences(record.text), 1):
            quote = (f"{record.id}-q{number}", record.id, start, record.text[start:end])
            self._db.execute("INSERT INTO quotes VALUES (?, ?, ?, ?)", quote)

    def _one(self, statement: str, value: str) -> Record | None:
        row = self._db.execute(statement, (value,)).fetchone()
        return Record.model_validate_json(str(row[0])) if row else None


class _transaction:
    """All of the block's changes, or none."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


def _bare(arxiv: str) -> str:
    """Return an arXiv number without its version."""
    number, version, tail = arxiv.lower().removeprefix("arxiv:").rpartition("v")
    return number if version and tail.isdigit() and number else arxiv.lower().removeprefix("arxiv:")
