"""The audit of a paper that this tool did not make: what can be checked from the text and the data, and what can't."""

from __future__ import annotations

import re
import time
from pathlib import Path

from ai_scientist.audit.data_numbers import read_data
from ai_scientist.audit.formulas import check_formulas
from ai_scientist.audit.notebook import Notebook
from ai_scientist.audit.pictures import check_pictures
from ai_scientist.audit.printed import check_printed
from ai_scientist.audit.references import Registries, check_references
from ai_scientist.audit.report import AuditReport
from ai_scientist.audit.rounding import Range
from ai_scientist.paper.read import PaperText, read_paper

CANNOT = (
    "Whether the experiments were run, on these data, by the described code, cannot be seen from a paper: only a run "
    "with a ledger, rows and programs can be traced.",
    "Whether the cited works say what they are cited for was not read.",
)

OF_RESULTS = re.compile(r"abstract|result|experiment|evaluation|finding|conclusion|^$", re.I)
DECIMAL = re.compile(r"(?<![\w.,/^-])-?\d+\.\d{2,}(?![\w.]|-\d)")
NO_RESULT = re.compile(
    r"(?:\bp|\bt|\bF|\bz|\br|alpha|α|learning rate|weight decay|dropout|momentum|temperature|version|v|"
    r"section|fig(?:ure)?|table|eq(?:uation)?)\s*(?:\([^)]*\))?\s*(?:[=<>≤≥]|of|was|is|to|\.)?\s*$",
    re.I,
)
"""What stands before a number that no data hold: a statistic, a setting, a label."""


def audit_draft(draft: Path, data: Path | None = None, *, registries: Registries | None = None) -> AuditReport:
    """Return what is wrong with anybody's paper, as far as its text, its pictures and its data can tell.

    Args:
        draft: PDF, LaTeX, Markdown or text, or a folder with a LaTeX paper.
        data: A folder with the data that the paper speaks of; None: numbers are not looked up.
        registries: Whom to ask about references; None asks nobody.

    Raises:
        ConfigError: If the draft cannot be read.
    """
    started = time.monotonic()
    book = Notebook()
    paper = read_paper(draft)
    for note in (*CANNOT, *paper.notes):
        book.note(note)
    for hidden in paper.hidden:
        book.find("hidden text", draft.name, f"The PDF holds text that it does not show: “{hidden[:120]}”.")
    _check_statistics(draft, paper, book)
    check_formulas(draft, paper.text, book)
    check_pictures(draft, book)
    check_references(draft, paper, registries or Registries(), book)
    if data is None:
        book.note("No data were given, so no number was looked for in them.")
    else:
        _check_numbers(draft, paper, data, book)
    book.close()
    return AuditReport(
        verdict="fail" if book.findings else "pass",
        checked=dict(sorted(book.checked.items())),
        findings=tuple(book.findings),
        notes=tuple(book.notes),
        seconds=round(time.monotonic() - started, 3),
    )


def _check_statistics(draft: Path, paper: PaperText, book: Notebook) -> None:
    printed = check_printed(paper.text)
    book.look("printed statistic", printed.checked)
    for one in printed.impossible:
        book.find("statistic", f"{draft.name}, {paper.heading_at(one.start)}", f"“{one.excerpt}”: {one.why}")


def _check_numbers(draft: Path, paper: PaperText, data: Path, book: Notebook) -> None:
    """Decimal numbers of the results that no value, mean, spread, interval or difference in the data rounds to."""
    numbers = read_data(data)
    book.look("data file", numbers.files)
    if numbers.unread:
        some = ", ".join(numbers.unread[:5]) + (" …" if len(numbers.unread) > 5 else "")
        book.note(f"These data were not read, because they are no table, JSON or text: {some}.")
    if not len(numbers):
        book.note("The data hold no number that could be read, so none was looked up.")
        return
    for heading, text in paper.sections.items():
        if not OF_RESULTS.search(heading):
            continue
        for match in DECIMAL.finditer(text.replace("−", "-")):
            if NO_RESULT.search(text[max(0, match.start() - 40) : match.start()]):
                continue
            book.look("number")
            told = Range.of(match[0].lstrip("-"))
            if not numbers.has(told.low, told.high):
                around = " ".join(text[max(0, match.start() - 40) : match.end() + 20].split())
                where = f"{draft.name}, section “{heading}”" if heading else draft.name
                book.find(
                    "number", where, f"{match[0]} appears in no data, nor does anything that rounds to it: “{around}”."
                )
