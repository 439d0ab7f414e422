"""The audit of a paper that this tool did not make: what can be checked from the text and the data, and what can't."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from ai_scientist.audit.data_numbers import read_data
from ai_scientist.audit.notebook import Notebook
from ai_scientist.audit.printed import Range, check_printed
from ai_scientist.audit.report import AuditReport
from ai_scientist.literature.shipped import shipped_records
from ai_scientist.literature.wording import title_key
from ai_scientist.paper.read import PaperText, gather_inputs, read_paper

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif")
SMALLEST_PICTURE = 64
"""Pictures with a side shorter than this are icons."""

CANNOT = (
    "Whether the experiments were run, on these data, by the described code, cannot be seen from a paper: only a run "
    "with a ledger, rows and programs can be traced.",
    "Whether each reference exists was not looked up: that needs a source of literature.",
    "Vector drawings were not compared, only pictures.",
)

OF_RESULTS = re.compile(r"abstract|result|experiment|evaluation|finding|conclusion|^$", re.I)
DECIMAL = re.compile(r"(?<![\w.,/^-])-?\d+\.\d{2,}(?![\w.]|-\d)")
NO_RESULT = re.compile(
    r"(?:\bp|\bt|\bF|\bz|\br|alpha|α|learning rate|weight decay|dropout|momentum|temperature|version|v|"
    r"section|fig(?:ure)?|table|eq(?:uation)?)\s*(?:\([^)]*\))?\s*(?:[=<>≤≥]|of|was|is|to|\.)?\s*$",
    re.I,
)
"""What stands before a number that no data hold: a statistic, a setting, a label."""


def audit_draft(draft: Path, data: Path | None = None) -> AuditReport:
    """Return what is wrong with anybody's paper, as far as its text, its pictures and its data can tell.

    Args:
        draft: PDF, LaTeX, Markdown or text, or a folder with a LaTeX paper.
        data: A folder with the data that the paper speaks of; None: numbers are not looked up.

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
    _check_pictures(draft, book)
    _check_references(draft, paper, book)
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
        book.find("statistic", f"{draft.name}, {_place(paper, one.start)}", f"“{one.excerpt}”: {one.why}")


def _place(paper: PaperText, offset: int) -> str:
    """Return the heading that an offset of the text stands under."""
    headings = re.findall(r"^# (.*)$", paper.text[:offset], flags=re.MULTILINE)
    return f"section “{headings[-1]}”" if headings else "before the first section"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    name: str
    image: Image.Image


def _check_pictures(draft: Path, book: Notebook) -> None:
    """Find pictures that are shown twice, also when one was scaled or saved anew."""
    seen: list[tuple[str, int]] = []
    for picture in _pictures(draft, book):
        book.look("picture")
        print_of = fingerprint(picture.image)
        if print_of is None:
            continue
        for name, other in seen:
            if (print_of ^ other).bit_count() <= NEAR:
                book.find("figure", picture.name, f"It shows the same as {name}.")
                break
        else:
            seen.append((picture.name, print_of))


NEAR = 6
"""Of 256 bits: more differ between two pictures of different things."""


def fingerprint(image: Image.Image) -> int | None:
    """Return 256 bits that survive scaling and saving anew; None for a picture of one colour."""
    small = image.convert("L").resize((17, 16), Image.Resampling.BOX)
    values = list(small.tobytes())
    if max(values) - min(values) < 8:
        return None
    bits = 0
    for row in range(16):
        for column in range(16):
            left, right = values[row * 17 + column], values[row * 17 + column + 1]
            bits = bits << 1 | (left > right + 2)
    return bits


def _pictures(draft: Path, book: Notebook) -> Iterator[_Picture]:
    if draft.suffix.lower() == ".pdf":
        yield from _pictures_of_pdf(draft, book)
        return
    folder = draft if draft.is_dir() else draft.parent
    text = _source(draft)
    named = re.findall(r"\\includegraphics\s*(?:\[[^\]]*\])?\s*\{([^{}]+)\}|!\[[^\]]*\]\(([^)\s]+)", text)
    for name in dict.fromkeys(one or other for one, other in named):
        file = _find_picture(folder, name)
        if file is None:
            book.find("figure", name, "The paper shows a picture that is not there.")
        elif file.suffix.lower() in PICTURES:
            try:
                with Image.open(file) as image:
                    image.load()
                    yield _Picture(name=name, image=image.copy())
            except (OSError, ValueError):
                book.find("figure", name, "The picture cannot be read.")


def _find_picture(folder: Path, name: str) -> Path | None:
    if name.startswith(("http://", "https://")):
        return None
    for candidate in (folder / name, *(folder / f"{name}{suffix}" for suffix in (".pdf", ".eps", ".svg", *PICTURES))):
        if candidate.resolve().is_relative_to(folder.resolve()) and candidate.is_file():
            return candidate
    found = sorted(folder.rglob(Path(name).name + ("" if Path(name).suffix else ".*")))
    return next((file for file in found if file.is_file()), None)


def _pictures_of_pdf(draft: Path, book: Notebook) -> Iterator[_Picture]:
    try:
        reader = PdfReader(BytesIO(draft.read_bytes()))
        for number, page in enumerate(reader.pages, 1):
            for found in page.images:
                with Image.open(BytesIO(found.data)) as image:
                    if min(image.size) >= SMALLEST_PICTURE:
                        yield _Picture(name=f"{draft.name}, page {number}, {found.name}", image=image.copy())
    except (PyPdfError, OSError, ValueError, KeyError, NotImplementedError) as error:
        book.note(f"The PDF's pictures could not all be read: {error}")


def _source(draft: Path) -> str:
    """Return a draft's source; empty for a PDF."""
    if draft.suffix.lower() == ".pdf":
        return ""
    files = sorted(draft.glob("*.tex")) if draft.is_dir() else [draft]
    texts = [gather_inputs(file)[0] if file.suffix == ".tex" else file.read_text(errors="replace") for file in files]
    return "\n".join(texts)


def _check_references(draft: Path, paper: PaperText, book: Notebook) -> None:
    """Citations without an entry, entries that were retracted, marks of references that were not found."""
    for mark in re.finditer(r"\[\?\]|\(\?\)|\?\?", paper.text):
        where = f"{draft.name}, {_place(paper, mark.start())}"
        book.find("reference", where, f"A reference was not found: it is printed as {mark[0]}.")
    body, _, listed = _split_references(paper)
    _check_numbered(draft, body, listed, book)
    _check_keys(draft, book)
    retracted = {title_key(record.title): record for record in shipped_records() if record.retracted}
    for key, record in retracted.items():
        if key and key in title_key(listed):
            book.find("reference", f"{draft.name}, references", f"“{record.title}” was retracted.")


def _split_references(paper: PaperText) -> tuple[str, str, str]:
    match = re.search(r"^# (?:References|Bibliography|Literature)\s*$", paper.text, flags=re.MULTILINE | re.IGNORECASE)
    return (paper.text[: match.start()], match[0], paper.text[match.end() :]) if match else (paper.text, "", "")


def _check_numbered(draft: Path, body: str, listed: str, book: Notebook) -> None:
    """Numbered citations against the numbered list."""
    entries = {int(number) for number in re.findall(r"^\s*\[(\d{1,3})\]", listed, flags=re.MULTILINE)}
    if not entries:
        return
    cited: set[int] = set()
    for group in re.findall(r"\[(\d{1,3}(?:\s*[,–-]\s*\d{1,3})*)\]", body):
        cited |= _numbers(group)
    book.look("reference", len(entries))
    for number in sorted(cited - entries):
        book.find(
            "reference", f"{draft.name}, [{number}]", "The paper cites it, but the list of references ends without it."
        )


def _numbers(group: str) -> set[int]:
    found: set[int] = set()
    for part in group.split(","):
        ends = [int(number) for number in re.findall(r"\d+", part)]
        found |= set(range(ends[0], ends[-1] + 1)) if 0 < ends[-1] - ends[0] < 60 else set(ends)
    return found


def _check_keys(draft: Path, book: Notebook) -> None:
    r"""LaTeX's \cite keys against the .bib files and \bibitem entries."""
    source = _source(draft)
    if "\\cite" not in source:
        return
    folder = draft if draft.is_dir() else draft.parent
    defined = set(re.findall(r"\\bibitem\s*(?:\[[^\]]*\])?\s*\{([^{}]+)\}", source))
    for file in [*folder.rglob("*.bib"), *folder.rglob("*.bbl")]:
        text = file.read_text(errors="replace")
        defined |= set(re.findall(r"@\w+\s*\{\s*([^,\s]+)\s*,", text))
        defined |= set(re.findall(r"\\bibitem\s*(?:\[[^\]]*\])?\s*\{([^{}]+)\}", text))
    cited: Sequence[str] = re.findall(r"\\[a-zA-Z]*cite[a-zA-Z]*\*?\s*(?:\[[^\]]*\]\s*)*\{([^{}]+)\}", source)
    keys = dict.fromkeys(key.strip() for group in cited for key in group.split(","))
    book.look("reference", len(keys))
    for key in keys:
        if key and key != "*" and key not in defined:
            book.find("reference", f"{draft.name}, {key}", "The paper cites it, but no bibliography defines it.")


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
