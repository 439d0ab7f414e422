"""The references of anybody's paper: lost ones, retracted ones, and ones whose facts are not what a registry knows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ai_scientist.audit.notebook import Notebook
from ai_scientist.audit.waiting import wait
from ai_scientist.literature.own_papers import read_bibliography
from ai_scientist.literature.records import Record
from ai_scientist.literature.retractions import check_retractions
from ai_scientist.literature.shipped import shipped_records
from ai_scientist.literature.sources.crossref import CrossrefSource
from ai_scientist.literature.sources.wire import Unanswered
from ai_scientist.literature.wording import title_key
from ai_scientist.paper.read import PaperText, draft_source

DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"'<>{}\\]+")
LIST = re.compile(r"^# (?:[\dIVX.]+\s+)?(?:References|Bibliography|Literature)\s*$", re.MULTILINE | re.IGNORECASE)
REGISTERED_ELSEWHERE = ("10.48550/", "10.5281/", "10.6084/", "10.17605/")
"""Prefixes of DOIs (arXiv, Zenodo, figshare, OSF) that Crossref does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registries:
    """Whom to ask about references.

    Attributes:
        listed: Retracted DOIs with their nature, from a Retraction Watch table; None: there is no table.
        crossref: The registry of DOIs; None asks nobody.
    """

    listed: Mapping[str, str] | None = None
    crossref: CrossrefSource | None = None


def check_references(draft: Path, paper: PaperText, registries: Registries, book: Notebook) -> None:
    """Check what the paper cites: in the text, in its list, and against whoever may be asked."""
    for mark in re.finditer(r"\[\?\]|\(\?\)|\?\?", paper.text):
        where = f"{draft.name}, {paper.heading_at(mark.start())}"
        book.find("reference", where, f"A reference was not found: it is printed as {mark[0]}.")
    body, listed = split_references(paper)
    _check_numbered(draft, body, listed, book)
    _check_keys(draft, book)
    records = _records_of(draft, listed)
    book.look("record", len(records))
    if not records:
        book.note("No reference could be read as a record: neither a .bib file nor a DOI in the list was found.")
    _compare_shipped(draft, records, listed, book)
    _ask(draft, records, registries, book)


def split_references(paper: PaperText) -> tuple[str, str]:
    """Return a paper's text before its list of references, and the list; the list is empty if none was found."""
    match = re.search(
        r"^# (?:[\dIVX.]+\s+)?(?:References|Bibliography|Literature)\s*$",
        paper.text,
        flags=re.MULTILINE | re.IGNORECASE,
    )
    return (paper.text[: match.start()], paper.text[match.end() :]) if match else (paper.text, "")


def _records_of(draft: Path, listed: str) -> list[Record]:
    """Return what the paper's references say of themselves: entries of .bib files, else the list's DOIs alone."""
    if draft.suffix.lower() != ".pdf":
        folder = draft if draft.is_dir() else draft.parent
        cited = set(_cited_keys(draft_source(draft)))
        entries = {key: record for file in sorted(folder.rglob("*.bib")) for key, record in read_bibliography(file)}
        records = [record for key, record in entries.items() if key in cited or not cited]
        if records:
            return records
    # A PDF breaks a DOI at a hyphen or a point; the rest is lost, and it is then not known to any registry.
    found = dict.fromkeys(match[0].rstrip(".,;)]") for match in DOI.finditer(listed))
    return [
        Record(id=f"doi-{number}", title="", authors=(), year=0, doi=name, source="printed")
        for number, name in enumerate(found, 1)
    ]


def _compare_shipped(draft: Path, records: Sequence[Record], listed: str, book: Notebook) -> None:
    """Our own bibliography holds some retracted papers, and the facts of many that stand."""
    ours = {title_key(record.title): record for record in shipped_records()}
    printed = title_key(listed)
    for key, known in ours.items():
        if key and known.retracted and key in printed:
            book.find("reference", f"{draft.name}, references", f"“{known.title}” was retracted.")
    for record in records:
        same = ours.get(title_key(record.title)) if record.title else None
        if same is not None:
            _compare_facts(draft, record, same, "the shipped bibliography", book)


def _compare_facts(draft: Path, told: Record, known: Record, who: str, book: Notebook) -> None:
    where = f"{draft.name}, “{told.title}”"
    if told.authors and known.authors and _family(told.authors[0]) not in set(map(_family, known.authors)):
        why = f"Its first author is {told.authors[0]}; {who} names {known.authors[0]}."
        book.find("reference", where, why)
    # A preprint and its printed version may be a year apart, seldom more than two.
    if told.year and abs(told.year - known.year) > 2:
        book.find("reference", where, f"Its year is {told.year}; {who} says {known.year}.")


def _family(author: str) -> str:
    return title_key(author.split(",")[0])


def _ask(draft: Path, records: Sequence[Record], registries: Registries, book: Notebook) -> None:
    """Ask the registries; what they could not say becomes a note, never a finding."""
    report = wait(check_retractions(records, crossref=registries.crossref, listed=registries.listed))
    named = {record.id: record.title or record.doi for record in records}
    for key, why in report.retracted.items():
        book.find("reference", f"{draft.name}, “{named[key]}”", f"It was retracted: {why}.")
    book.look("reference asked for", len(report.asked))
    if report.unasked:
        some = "; ".join(f"“{named[key]}”: {why}" for key, why in list(report.unasked.items())[:3])
        more = f" and {len(report.unasked) - 3} more" if len(report.unasked) > 3 else ""
        book.note(f"Whether these were retracted was not looked up ({some}{more}).")
    if registries.crossref is None:
        book.note("Whether the references exist was not looked up: --ask crossref does.")
        return
    for record in records:
        if record.doi and not record.doi.startswith(REGISTERED_ELSEWHERE):
            _look_up(draft, record, registries.crossref, book)


def _look_up(draft: Path, record: Record, crossref: CrossrefSource, book: Notebook) -> None:
    where = f"{draft.name}, “{record.title or record.doi}”"
    try:
        known = wait(crossref.work(record.doi))
    except Unanswered as error:
        book.note(f"{where} could not be looked up: {error}")
        return
    if known is None:
        book.find("reference", where, f"Crossref knows no work with the DOI {record.doi}.")
        return
    ours, theirs = title_key(record.title), title_key(known.title)
    if ours and theirs and ours not in theirs and theirs not in ours:
        book.find("reference", where, f"The DOI {record.doi} is that of another work: “{known.title}”.")
    else:
        _compare_facts(draft, record, known, "Crossref", book)


def _check_numbered(draft: Path, body: str, listed: str, book: Notebook) -> None:
    """Numbered citations against the numbered list."""
    entries = {int(number) for number in re.findall(r"^\s*\[(\d{1,3})\]", listed, flags=re.MULTILINE)}
    entries |= {int(number) for number in re.findall(r"(?<=\s)\[(\d{1,3})\](?=\s+[A-Z])", listed)}
    if not entries:
        return
    cited: set[int] = set()
    for group in re.findall(r"\[(\d{1,3}(?:\s*[,–-]\s*\d{1,3})*)\]", body):
        cited |= _numbers(group)
    book.look("reference", len(entries))
    for number in sorted(cited - entries):
        why = "The paper cites it, but the list of references ends without it."
        book.find("reference", f"{draft.name}, [{number}]", why)


def _numbers(group: str) -> set[int]:
    found: set[int] = set()
    for part in group.split(","):
        ends = [int(number) for number in re.findall(r"\d+", part)]
        found |= set(range(ends[0], ends[-1] + 1)) if 0 < ends[-1] - ends[0] < 60 else set(ends)
    return found


def _cited_keys(source: str) -> list[str]:
    r"""Return the keys of LaTeX's \cite and its kin, and of Markdown's [@key], in the order of the text."""
    groups: list[str] = re.findall(r"\\[a-zA-Z]*cite[a-zA-Z]*\*?\s*(?:\[[^\]]*\]\s*)*\{([^{}]+)\}", source)
    keys = [key.strip() for group in groups for key in group.split(",")]
    keys += re.findall(r"(?<=[\[;\s])-?@([A-Za-z][\w:.-]*\w)(?=[\];,\s])", source) if "[@" in source else []
    return [key for key in dict.fromkeys(keys) if key and key != "*"]


def _check_keys(draft: Path, book: Notebook) -> None:
    """Keys that are cited against the .bib files and bibitem entries."""
    source = draft_source(draft)
    keys = _cited_keys(source)
    if not keys:
        return
    folder = draft if draft.is_dir() else draft.parent
    bibitem = r"\\bibitem\s*(?:\[[^\]]*\])?\s*\{([^{}]+)\}"
    defined = set(re.findall(bibitem, source))
    for file in [*folder.rglob("*.bib"), *folder.rglob("*.bbl")]:
        text = file.read_text(errors="replace")
        defined |= set(re.findall(r"@\w+\s*\{\s*([^,\s]+)\s*,", text)) | set(re.findall(bibitem, text))
    book.look("reference", len(keys))
    for key in keys:
        if key not in defined:
            book.find("reference", f"{draft.name}, {key}", "The paper cites it, but no bibliography defines it.")
