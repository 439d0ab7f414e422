"""Fabrications in the literature."""

from __future__ import annotations

import json
import re
import sqlite3

from ai_scientist.literature.records import Record
from ai_scientist.paper.compile import read_context
from ai_scientist.paper.document import Draft
from benchmarks.fabrications.kinds import kind
from benchmarks.forger import Forger, NotApplicable


def _cited(f: Forger) -> Record:
    records = read_context(f.run).records
    if not records:
        raise NotApplicable("nothing is cited")
    return records[sorted(records)[f.rng.randrange(len(records))]]


def _with_record(f: Forger, record: Record, *, everywhere: bool = False, draft: Draft | None = None) -> None:
    context = read_context(f.run)
    f.write_paper(draft or f.draft, context_changes={"records": {**context.records, record.id: record}})
    if not everywhere:
        return
    library = f.run.literature / "library.sqlite"
    if library.is_file():
        with sqlite3.connect(library) as db:
            db.execute(
                "INSERT OR REPLACE INTO records (id, title_key, doi, arxiv, body) VALUES (?, ?, ?, ?, ?)",
                (record.id, record.title.lower(), record.doi, record.arxiv, record.model_dump_json()),
            )
        db.close()
    told = f.run.literature / "records.jsonl"
    if told.is_file():
        lines = [line for line in told.read_text().splitlines() if json.loads(line)["id"] != record.id]
        told.write_text("".join(line + "\n" for line in [*lines, record.model_dump_json()]))


@kind("reference with a wrong year")
def wrong_year(f: Forger) -> None:
    record = _cited(f)
    _with_record(f, record.model_copy(update={"year": record.year + 3}))


@kind("reference with a wrong author, in the library too")
def wrong_author(f: Forger) -> None:
    record = _cited(f)
    _with_record(f, record.model_copy(update={"authors": ("Smith, Jane", *record.authors[1:])}), everywhere=True)


@kind("invented reference, in the library too")
def invented_reference(f: Forger) -> None:
    record = Record(
        id="smith2024breakthrough",
        title="A Breakthrough in Everything",
        authors=("Smith, Jane",),
        year=2024,
        venue="Journal of Results",
        text="We show everything.",
        source="shipped",
    )
    sections = tuple(
        s.model_copy(update={"body": s.body + r" Others found the same \citep{smith2024breakthrough}."})
        if s.name == "related"
        else s
        for s in f.draft.sections
    )
    _with_record(f, record, everywhere=True, draft=f.draft.model_copy(update={"sections": sections}))


@kind("year changed in references.bib alone")
def wrong_year_in_bibliography(f: Forger) -> None:
    text = (f.run.paper / "references.bib").read_text()
    match = re.search(r"year = \{(\d{4})\}", text)
    if not match:
        raise NotApplicable("the bibliography is empty")
    f.change_text("paper/references.bib", match[0], f"year = {{{int(match[1]) + 1}}}")


@kind("quote that its source does not hold")
def false_quote(f: Forger) -> None:
    quotes = read_context(f.run).quotes
    if not quotes:
        raise NotApplicable("nothing is quoted")
    name = sorted(quotes)[0]
    forged = quotes[name].model_copy(update={"text": "this method is always superior"})
    f.write_paper(f.draft, context_changes={"quotes": {**quotes, name: forged}})


@kind("text of a source changed so that a quote fits")
def changed_source_text(f: Forger) -> None:
    context = read_context(f.run)
    if not context.quotes:
        raise NotApplicable("nothing is quoted")
    name = sorted(context.quotes)[0]
    quote = context.quotes[name]
    claim = "this method is always superior"
    record = context.records[quote.record]
    forged = record.model_copy(update={"text": claim + ". " + record.text})
    quotes = {**context.quotes, name: quote.model_copy(update={"text": claim, "start": 0})}
    records = {**context.records, record.id: forged}
    f.write_paper(f.draft, context_changes={"quotes": quotes, "records": records})
