"""The PDF as a reader gets it: every rendered result shown, linked to its own entry, and no number beside them."""

from __future__ import annotations

import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdfium2 import PdfDocument

from ai_scientist.audit.notebook import Notebook
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.jsonl import read_json
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.paper.check_pdf import PdfUnreadable, check_pdf, read_pdf, squeeze
from ai_scientist.paper.claims import Claim, ClaimsFile, use_anchor
from ai_scientist.paper.document import Draft

DECIMAL = re.compile(r"(?<![\d.,])\d+\.\d+(?![\d.])")
EVIDENCE = re.compile(r"\\evidence\{(at:[^{}]*)\}\{([^{}]*)\}")
WHERE = "paper/paper.pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link inside a PDF: what is printed under it, and the name of what it leads to."""

    page: int
    target: str
    text: str


def check_pdf_file(run: RunFolder, draft: Draft, tex: str, book: Notebook, *, is_same_edition: bool = True) -> None:
    """Check what a reader sees against the rendered paper.

    Args:
        run: The folder.
        draft: The paper in macro form.
        tex: The paper as the evidence renders it: links are judged by it.
        book: Takes what is found.
        is_same_edition: Whether this auditor's renderer made the paper. Links of earlier ones could run on over a page
            break, through footer and figures, so that what stands under them is told and not held against the run.
    """
    file = run.paper / "paper.pdf"
    if not file.is_file():
        book.note("There is no PDF, so only its source was checked.")
        return
    try:
        claims = ClaimsFile.model_validate(read_json(run.paper / "claims.json")).claims
        texts = [(run.paper / name).read_text(encoding="utf-8") for name in ("paper.tex", "references.bib")]
        data = file.read_bytes()
    except (RunCorrupted, ValidationError, OSError, UnicodeDecodeError):
        return  # said where they are compared
    checked = check_pdf(data, claims, [section.title for section in draft.sections])
    pages = checked.text.pages
    book.look("page", len(pages))
    for problem in checked.problems:
        if problem.severity == "error":
            book.find("paper", WHERE, problem.message)
    if not pages:
        return
    _check_links(data, tex, claims, book, is_same_edition=is_same_edition)
    known = {token for text in texts for token in DECIMAL.findall(_plain(text))} | _figure_numbers(run, draft)
    for number, page in enumerate(pages, 1):
        for token in DECIMAL.findall(_plain(page)):
            if token not in known:
                book.find("number", f"{WHERE}, page {number}", f"It shows {token}, which paper.tex does not hold.")


def _check_links(data: bytes, tex: str, claims: Sequence[Claim], book: Notebook, *, is_same_edition: bool) -> None:
    """Each rendered result is a link to its entry, and under each such link stands a result of that entry."""
    at = {use_anchor(claim.place, claim.offset): claim.text for claim in claims}
    wanted: Counter[str] = Counter()
    rendered: dict[str, Counter[str]] = defaultdict(Counter)
    for here, entry in EVIDENCE.findall(tex):
        wanted[entry] += 1
        rendered[entry].update(_numbers(at.get(here, "")))
    try:
        links, names = read_links(data)
    except PdfUnreadable as error:
        book.find("paper", WHERE, f"{error}.")
        return
    there = Counter(link.target for link in links)
    under: dict[str, Counter[str]] = defaultdict(Counter)
    for link in links:
        under[link.target].update(_numbers(link.text))
    for entry, count in wanted.items():
        book.look("link", count)
        if entry not in names:
            book.find("number", WHERE, f"Nothing in it is the entry '{entry}', so its {count} results lead nowhere.")
        elif there[entry] < count:
            book.find("number", WHERE, f"{count} results should lead to '{entry}'; {there[entry]} do.")
        for number in sorted(rendered[entry] - under[entry]):
            book.find("number", WHERE, f"A result {number} should lead to '{entry}', and does not.")
    for link in links:
        # A link's rectangle may take in a bracket or a comma beside it, so numbers are compared and not the text.
        foreign = set(_numbers(link.text)) - rendered[link.target].keys() if link.target in rendered else set[str]()
        for number in sorted(foreign):
            why = f"It shows {number} as a link to '{link.target}', whose evidence gives no such number there."
            if is_same_edition:
                book.find("number", f"{WHERE}, page {link.page}", why)
            else:
                book.note("Links of this PDF take in numbers beside them, as those of earlier editions may.")


def _numbers(text: str) -> list[str]:
    """Return the numbers of a text; signs are left out, because a PDF draws them in several ways."""
    return re.findall(r"\d+(?:[.,]\d+)*", squeeze(text.replace(" ", "|")))


def read_links(data: bytes) -> tuple[list[Link], frozenset[str]]:
    """Return a PDF's links inside itself with the text under them, and the names that links can lead to.

    Raises:
        PdfUnreadable: If its objects cannot be read.
    """
    try:
        reader = PdfReader(io.BytesIO(data))
        names = frozenset(reader.named_destinations)
        with PdfDocument(data) as document:
            links = [
                link
                for number, page in enumerate(reader.pages)
                for link in _links_of(number + 1, page, document[number].get_textpage())
            ]
    except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise PdfUnreadable(f"the PDF's links cannot be read: {error}") from error
    return links, names


def _links_of(number: int, page: Any, text: Any) -> Iterator[Link]:
    for reference in page.annotations or ():
        annotation = reference.get_object()
        action: Mapping[str, Any] = annotation["/A"].get_object() if "/A" in annotation else {}
        if annotation.get("/Subtype") == "/Link" and action.get("/S") == "/GoTo":
            left, bottom, right, top = (float(value) for value in annotation["/Rect"])
            under = str(text.get_text_bounded(left, bottom, right, top))
            yield Link(page=number, target=str(action.get("/D", "")), text=under)


def _plain(text: str) -> str:
    """Return text whose numbers stand alone: macros' braces and thin spaces set apart."""
    return re.sub(r"[{}\\~]|\u202f|\u2009", " ", text)


def _figure_numbers(run: RunFolder, draft: Draft) -> set[str]:
    """Return the decimal numbers on the figures' axes, which a PDF shows as text."""
    found: set[str] = set()
    for figure in draft.figures:
        path: Path = run.path / figure.file
        try:
            pages = read_pdf(path.read_bytes()).pages if path.suffix == ".pdf" else ()
        except (OSError, PdfUnreadable):
            continue
        found.update(token for page in pages for token in DECIMAL.findall(_plain(page)))
    return found
