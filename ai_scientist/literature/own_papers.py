"""The user's own papers: a folder of PDF and .bib files, read into records whose full text can be quoted.

A PDF can be cited only if its facts are known: from an entry of a .bib file in the folder whose title stands on its
first page, or from its own metadata. Facts are never guessed from the look of a page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.values import Value
from ai_scientist.literature.keys import make_id
from ai_scientist.literature.records import Record
from ai_scientist.literature.sources.describe import arxiv_number, doi, name, plain
from ai_scientist.literature.wording import title_key

KINDS = {"article": "article", "inproceedings": "inproceedings", "conference": "inproceedings", "book": "book"}
BIGGEST_BYTES = 64 * 1024**2
MOST_PAGES = 200


class OwnPapers(Value):
    """What a folder holds.

    Attributes of note: `problems` has a sentence for each file that could not be read, or not cited, with the cure.
    """

    records: tuple[Record, ...]
    problems: tuple[str, ...]


def read_papers(folder: Path) -> OwnPapers:
    """Return the papers of a folder and its subfolders, in the order of their ids.

    Raises:
        ConfigError: If there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder of papers.")
    problems: list[str] = []
    records: dict[str, Record] = {}
    for file in sorted(folder.rglob("*.bib")):
        records.update({record.id: record for record in _read_bib(file, records, problems)})
    for file in sorted(folder.rglob("*.pdf")):
        record = _read_pdf(file, tuple(records.values()), problems)
        if record is not None:
            records[record.id] = record
    return OwnPapers(records=tuple(records[key] for key in sorted(records)), problems=tuple(problems))


def _read_bib(file: Path, taken: dict[str, Record], problems: list[str]) -> list[Record]:
    found: list[Record] = []
    try:
        entries = _entries(file.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        problems.append(f"{file.name} cannot be read: {error.strerror or error}.")
        return found
    if not entries:
        problems.append(f"{file.name} has no BibTeX entry that could be read.")
    for entry in entries:
        record = _from_entry(entry, {*taken, *(r.id for r in found)})
        if record is None:
            problems.append(f"{file.name}: the entry {entry.get('ID', '?')} lacks a title, an author or a year.")
        else:
            found.append(record)
    return found


def read_bibliography(file: Path) -> list[tuple[str, Record]]:
    """Return a .bib file's entries that say enough to be looked up, each with the key that papers cite it by."""
    taken: set[str] = set()
    found: list[tuple[str, Record]] = []
    for entry in _entries(file.read_text(encoding="utf-8", errors="replace")):
        record = _from_entry(entry, taken)
        if record is not None:
            taken.add(record.id)
            found.append((entry.get("ID", record.id), record))
    return found


def _entries(text: str) -> list[dict[str, str]]:
    """Return the entries of a BibTeX text. The border of an untyped library."""
    parser: Any = import_module("bibtexparser.bparser").BibTexParser(
        common_strings=True, ignore_nonstandard_types=False
    )
    database: Any = import_module("bibtexparser").loads(text, parser=parser)
    return [{str(key): str(value) for key, value in entry.items()} for entry in database.entries]


def _unlatex(text: str) -> str:
    """Return a BibTeX value as plain text. The border of an untyped library."""
    converter: Any = import_module("pylatexenc.latex2text").LatexNodes2Text(keep_comments=True)
    return plain(str(converter.latex_to_text(text)))


def _from_entry(entry: dict[str, str], taken: set[str]) -> Record | None:
    value = {key.lower(): _unlatex(text) for key, text in entry.items() if key not in ("ID", "ENTRYTYPE")}
    authors = tuple(name(a) for a in re.split(r"\s+and\s+", value.get("author", "")) if a.strip() and a != "others")
    year = re.search(r"\d{4}", value.get("year", "") or value.get("date", ""))
    title = value.get("title", "")
    if not (authors and year and title):
        return None
    kind = KINDS.get(entry.get("ENTRYTYPE", "").lower(), "misc")
    return Record.model_validate(
        {
            "id": make_id(authors, int(year.group()), title, taken),
            "title": title,
            "authors": authors,
            "year": int(year.group()),
            "kind": kind,
            "venue": value.get("journal") or value.get("booktitle") or value.get("howpublished", ""),
            "volume": value.get("volume", ""),
            "number": value.get("number", ""),
            "pages": value.get("pages", "").replace("--", "-").replace("–", "-"),
            "publisher": value.get("publisher", ""),
            "doi": doi(value.get("doi")),
            "arxiv": arxiv_number(f"arxiv:{value['eprint']}") if value.get("eprint") else "",
            "url": value.get("url", ""),
            "text": value.get("abstract", ""),
            "source": "own",
        }
    )


def _read_pdf(file: Path, records: Sequence[Record], problems: list[str]) -> Record | None:
    if file.stat().st_size > BIGGEST_BYTES:
        problems.append(f"{file.name} is larger than {BIGGEST_BYTES >> 20} MiB and was not read.")
        return None
    try:
        pages, title, author, made = _pdf(file)
    except _Unreadable as error:
        problems.append(f"{file.name} cannot be read as a PDF: {error}.")
        return None
    text = _joined(pages)
    if len(text) < 200:
        problems.append(f"{file.name} has no text; it is probably a scan, which would have to be recognised first.")
        return None
    first = f" {title_key(pages[0] if pages else '')} "
    matching = [record for record in records if f" {title_key(record.title)} " in first]
    if matching:
        best = max(matching, key=lambda record: len(record.title))
        return best.model_copy(update={"text": text, "checked": (*best.checked, f"full text from {file.name}")})
    people = tuple(name(part) for part in re.split(r"\s*(?:;|,|\band\b)\s*", plain(author)) if " " in part.strip())
    if title and people and made and f" {title_key(title)} " in first:
        return Record(
            id=make_id(people, made, title, {record.id for record in records}),
            title=plain(title),
            authors=people,
            year=made,
            kind="misc",
            text=text,
            source="own",
            checked=(f"the metadata of {file.name}",),
        )
    problems.append(
        f"{file.name} was left out, because its authors and year are not known: add its entry to a .bib file."
    )
    return None


class _Unreadable(Exception):
    """A PDF that the library cannot read."""


def _pdf(file: Path) -> tuple[list[str], str, str, int]:
    """Return a PDF's pages as text, and title, author and year of its metadata."""
    import pypdf
    from pypdf.errors import PyPdfError

    try:
        reader = pypdf.PdfReader(file)
        if reader.is_encrypted:
            raise _Unreadable("it is encrypted")
        pages = [page.extract_text() for page in reader.pages[:MOST_PAGES]]
        facts = reader.metadata
        made = facts.creation_date.year if facts and facts.creation_date else 0
        return pages, str((facts and facts.title) or ""), str((facts and facts.author) or ""), made
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, OSError, RecursionError) as error:
        raise _Unreadable(str(error) or type(error).__name__) from error


def _joined(pages: Sequence[str]) -> str:
    """Return pages as one text: words broken at a line's end joined, lines joined, paragraphs kept."""
    text = "\n\n".join(page.strip() for page in pages)
    text = re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", text)
    return re.sub(r"[ \t]*\n(?!\n)[ \t]*", " ", re.sub(r"\n{2,}", "\n\n", text)).replace("  ", " ").strip()
