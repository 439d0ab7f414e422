"""Checks of the made PDF, as a reader gets it: pages, text, numbers, links."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pypdfium2 import PdfDocument, PdfiumError

from ai_scientist.paper.claims import Claim
from ai_scientist.paper.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfText:
    """A PDF's text, page by page."""

    pages: tuple[str, ...]

    @property
    def whole(self) -> str:
        """All pages."""
        return "\n".join(self.pages)


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfCheck:
    """What was found in a PDF, and what it was found in; no pages if it cannot be read."""

    text: PdfText
    problems: tuple[Problem, ...]


class PdfUnreadable(Exception):
    """The file is no PDF that can be read."""


def read_pdf(data: bytes) -> PdfText:
    """Return a PDF's text.

    Raises:
        PdfUnreadable: If it cannot be parsed.
    """
    try:
        with PdfDocument(data) as document:
            return PdfText(pages=tuple(_page_text(document, number) for number in range(len(document))))
    except (PdfiumError, ValueError) as error:
        raise PdfUnreadable(f"the PDF cannot be read: {error}") from error


def _page_text(document: PdfDocument, number: int) -> str:
    page = document[number]
    text = str(page.get_textpage().get_text_range())
    page.close()
    # Where TeX broke a word, PDFium tells of its hyphen by a character that Unicode does not assign.
    return text.replace("\r\n", "\n").replace("\ufffe", "-")


def check_pdf(data: bytes, claims: Sequence[Claim], titles: Sequence[str]) -> PdfCheck:
    """Return the pages of a made PDF and what is wrong with what it shows.

    Every claim's text must stand in it, as often as it was rendered; there may be no "??", and every section must
    have its heading and words under it.
    """
    try:
        text = read_pdf(data)
    except PdfUnreadable as error:
        return PdfCheck(text=PdfText(pages=()), problems=(_problem(f"{error}."),))
    problems: list[Problem] = []
    if "??" in text.whole:
        problems.append(_problem('the PDF shows "??": a reference is undefined.'))
    for number, page in enumerate(text.pages, 1):
        if not page.strip():
            problems.append(_problem(f"page {number} is empty."))
    problems += [_problem(message) for message in missing_texts(text.whole, claims)]
    squeezed = squeeze(text.whole)
    for title in titles:
        if "\\" not in title and squeeze(title) not in squeezed:
            problems.append(_problem(f"the heading {title!r} is not in the PDF."))
    return PdfCheck(text=text, problems=tuple(problems))


def missing_texts(text: str, claims: Sequence[Claim]) -> list[str]:
    """Return, for each word of a rendered number or verb that the PDF shows less often than it was rendered, how often.

    Word by word, because a page number or a figure may stand in the middle of a phrase that runs over a page's end.
    """
    squeezed = squeeze(text)
    words = (squeeze(word) for claim in claims if claim.macro != "citeq" for word in claim.text.split())
    wanted = Counter(words)
    return [
        f"{key!r} was rendered {count} times and is shown {squeezed.count(key)} times."
        for key, count in wanted.items()
        if key and squeezed.count(key) < count
    ]


def squeeze(text: str) -> str:
    """Return text for comparing: without spaces, hyphens, dashes and signs' variants, ligatures undone, lower case.

    A PDF breaks words at lines' ends and draws a minus as another character than a hyphen; signs therefore do not
    take part here. They are compared in paper.tex, from which the PDF is made.
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    plain = re.sub(r"[\s\u00ad\u2010-\u2015\u2212-]+", "", plain)
    return re.sub(r"[\^{}]", "", plain)


def _problem(message: str) -> Problem:
    return Problem(kind="layout", place="paper.pdf", message=message)
