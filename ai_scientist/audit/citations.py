"""Citations: does every reference come from a stored record, and does every quote stand in its record's text?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.metadata import version

from ai_scientist.audit.manuscript import Manuscript
from ai_scientist.audit.notebook import Notebook
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.literature.records import Record

PACKAGE = "ai-scientist"
WHERE = "paper/context.json"


def check_citations(run: RunFolder, paper: Manuscript, book: Notebook) -> None:
    """Check the records and quotes that the paper rests on."""
    is_same_version = run.record().versions.get(PACKAGE) == version(PACKAGE)
    records, quotes = paper.context.records, paper.context.quotes
    for key in paper.source.cited:
        book.look("reference")
        record = records[key]
        if record.id != key:
            book.find("reference", f"{WHERE}, {key}", f"The record under this key is {record.id}.")
        if record.retracted:
            book.find("reference", f"{WHERE}, {key}", "The cited paper was retracted.")
        if not record.source:
            book.find("reference", f"{WHERE}, {key}", "The record does not say who told of it.")
        _compare_shipped(record, book, is_same_version=is_same_version)
    for name, quote in quotes.items():
        book.look("quote")
        quoted = records.get(quote.record)
        where = f"{WHERE}, {name}"
        if quoted is None:
            book.find("citation", where, f"The quoted record {quote.record} is not among the cited ones.")
        elif not quote.text.strip() or quoted.text[quote.start : quote.start + len(quote.text)] != quote.text:
            book.find("citation", where, f"The quote does not stand in the text of {quote.record}.")


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
    told = record.model_dump(mode="json")
    for name in ("title", "authors", "year", "venue", "volume", "number", "pages", "doi", "arxiv"):
        if name in known and told[name] != known[name]:
            why = f"Its {name} is {told[name]!r}; the shipped record says {known[name]!r}."
            book.find("reference", f"{WHERE}, {record.id}", why)


@cache
def _shipped() -> Mapping[str, Mapping[str, object]]:
    """Return the shipped bibliography as plain values."""
    folder = resources.files("ai_scientist").joinpath("literature", "bibliography")
    found: dict[str, Mapping[str, object]] = {}
    if not folder.is_dir():
        return found
    for file in folder.iterdir():
        if file.name.endswith(".jsonl"):
            for line in file.read_text(encoding="utf-8").splitlines():
                value = json.loads(line)
                found[value["id"]] = value
    return found
