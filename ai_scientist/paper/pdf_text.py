"""A stranger's PDF as text: title by type size, headings by their form, words that no reader would see set apart."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from ai_scientist.paper.check_pdf import PdfUnreadable
from ai_scientist.paper.words import tidy

SMALLEST_POINTS = 4.0
"""Type smaller than this is not meant for readers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfPaper:
    """A PDF as it is read; `hidden` is text that is there but is not shown."""

    title: str
    text: str
    hidden: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ink:
    """How text is drawn: PDF's rendering mode (3 draws nothing) and whether it fills with white."""

    mode: int = 0
    is_white: bool = False


@dataclass(slots=True)
class _Page:
    """What is collected while a page's text is walked through.

    Attributes:
        ink: As it is now; `saved` are those that a Q will restore.
        shown_with: As it was when text was last drawn: pypdf hands text on some operators later.
    """

    shown: list[str]
    hidden: list[str]
    sizes: list[tuple[float, str]]
    ink: _Ink
    saved: list[_Ink]
    shown_with: _Ink


def read_pdf_paper(data: bytes) -> PdfPaper:
    """Return a PDF's title and text.

    Raises:
        PdfUnreadable: If it cannot be parsed, is encrypted, or holds no text (a scan).
    """
    try:
        reader = PdfReader(io.BytesIO(data))
        pages = [_read_page(page) for page in reader.pages]
        named = str(reader.metadata.title or "").strip() if reader.metadata else ""
    except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise PdfUnreadable(f"the PDF cannot be read ({error})") from error
    text = "\n".join("".join(page.shown) for page in pages)
    if len(text.split()) < 20:
        raise PdfUnreadable("the PDF holds no text; it may be a scan")
    title = _largest(pages[0]) or named
    hidden = tuple(" ".join("".join(page.hidden).split()) for page in pages if "".join(page.hidden).strip())
    return PdfPaper(title=title, text=as_paragraphs(text), hidden=hidden)


def _read_page(page: Any) -> _Page:
    found = _Page(shown=[], hidden=[], sizes=[], ink=_Ink(), saved=[], shown_with=_Ink())

    def before(operator: bytes, operands: Any, matrix: Any, text_matrix: Any) -> None:
        _follow(found, operator, operands)

    def text(piece: str, matrix: Any, text_matrix: Any, font: Any, size: float) -> None:
        points = abs(float(size) * float(text_matrix[3] or text_matrix[1]) * float(matrix[3] or matrix[1] or 1))
        ink = found.shown_with
        if piece.strip() and (ink.mode == 3 or ink.is_white or 0 < points < SMALLEST_POINTS):
            found.hidden.append(piece)
            found.shown.append("\n" if "\n" in piece else " ")
            return
        found.shown.append(piece)
        if piece.strip():
            found.sizes.append((round(points, 1), piece))

    page.extract_text(visitor_operand_before=before, visitor_text=text)
    return found


def _follow(found: _Page, operator: bytes, operands: Any) -> None:
    """Keep track of how text is drawn."""
    if operator == b"q":
        found.saved.append(found.ink)
    elif operator == b"Q" and found.saved:
        found.ink = found.saved.pop()
    elif operator == b"Tr" and operands:
        found.ink = replace(found.ink, mode=int(operands[0]))
    elif operator in (b"g", b"rg", b"k", b"sc", b"scn"):
        found.ink = replace(found.ink, is_white=_is_white(operator, operands))
    elif operator in (b"Tj", b"TJ", b"'", b'"'):
        found.shown_with = found.ink


def _is_white(operator: bytes, operands: Any) -> bool:
    try:
        values = [float(value) for value in operands]
    except (TypeError, ValueError):
        return False
    if operator == b"k" or (operator in (b"sc", b"scn") and len(values) == 4):
        return all(value <= 0.02 for value in values)
    return bool(values) and all(value >= 0.98 for value in values)


def _largest(page: _Page) -> str:
    """Return the words of the first page that are set in the largest type; empty if they are not a title's length."""
    if not page.sizes:
        return ""
    largest = max(size for size, piece in page.sizes if len(piece.strip()) > 1 or size < 1e3)
    words = " ".join("".join(piece if size == largest else "" for size, piece in page.sizes).split())
    return words if 2 <= len(words.split()) <= 40 else ""


_KNOWN_HEADINGS = (
    "abstract|introduction|background|preliminaries|related work|methods?|methodology|approach|experiments?|"
    "experimental (?:setup|set-up|results)|results|evaluation|analysis|ablations?|discussion|limitations|conclusions?|"
    "conclusions? and future work|broader impacts?|ethics statement|reproducibility statement|acknowledge?ments|"
    "references|bibliography|appendix|supplementary material"
)
_HEADING = re.compile(
    rf"^(?:(?:\d{{1,2}}(?:\.\d{{1,2}}){{0,2}}|[A-H](?:\.\d{{1,2}})?|[IVX]{{1,4}})\.?\s+[A-Z][^.;:,]{{2,70}}|(?:{_KNOWN_HEADINGS})\s*[.:]?)$",
    re.IGNORECASE,
)


def as_paragraphs(text: str) -> str:
    """Return a PDF's lines as paragraphs: words joined that a line's end broke, headings marked by "# "."""
    out: list[str] = []
    for line in (line.strip() for line in text.replace("\u00ad", "").splitlines()):
        if not line or re.fullmatch(r"\d{1,3}", line):
            continue
        if is_heading(line):
            out.append(f"\n\n# {re.sub(r'[.:]$', '', line)}\n\n")
        elif out and out[-1].endswith("-") and line[0].islower():
            out[-1] = out[-1][:-1]
            out.append(line)
        else:
            ends = bool(out) and out[-1].endswith((".", "?", "!", ":")) and len(out[-1]) < 40
            out.append(("\n\n" if ends else "" if not out or out[-1].endswith("\n") else " ") + line)
    return tidy("".join(out))


def is_heading(line: str) -> bool:
    """Return whether a line looks like a section's heading."""
    if not _HEADING.match(line) or len(line) > 80:
        return False
    words = line.split()
    numbered = re.match(r"^[\dA-HIVX]", line) and len(words) > 1 and words[1][0].isupper()
    named = re.fullmatch(rf"(?:{_KNOWN_HEADINGS})\s*[.:]?", line, re.IGNORECASE)
    return bool((numbered and len(words) <= 9) or (named and line[0].isupper()))
