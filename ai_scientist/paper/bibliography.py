"""references.bib, rendered by a program from stored records; the writer supplies keys only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from ai_scientist.literature.records import Record
from ai_scientist.paper.escape import escape

_VENUE_FIELD = {"article": "journal", "inproceedings": "booktitle", "book": "series", "misc": "howpublished"}


def render_bibliography(records: Mapping[str, Record], keys: Iterable[str]) -> str:
    """Return the BibTeX entries of the cited records, sorted by key; the same records give the same bytes.

    Raises:
        KeyError: If a key has no record; the macros have refused it before.
    """
    return "\n".join(render_entry(records[key]) for key in sorted(set(keys)))


def render_entry(record: Record) -> str:
    """Return one record as a BibTeX entry.

    An article without a venue is a preprint and becomes a misc entry, because the style would leave a gap.
    """
    kind = record.kind if record.venue or record.kind in ("book", "misc") else "misc"
    fields = {
        "title": protect_capitals(record.title),
        "author": " and ".join(_author(name) for name in record.authors) or "{Anonymous}",
        "year": str(record.year),
        _VENUE_FIELD[kind]: str(escape(record.venue)),
        "volume": str(escape(record.volume)),
        "number": str(escape(record.number)),
        "pages": str(escape(re.sub(r"\s*[-–—]+\s*", "–", record.pages))),
        "publisher": str(escape(record.publisher)),
        "note": _note(record),
        "url": _address(record),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{record.id},", *lines, "}", ""])


def protect_capitals(title: str) -> str:
    """Return a title, escaped, with braces around the words whose capitals mean something.

    These are words with a capital behind their first letter ("ECE", "kNN"); and in a title that is otherwise in lower
    case, capitalized words after the first, which are names.

    >>> protect_capitals("Verification of forecasts: the Brier score and RMSE")
    'Verification of forecasts: the {Brier} score and {RMSE}'
    >>> protect_capitals("On Calibration of Modern Neural Networks")
    'On Calibration of Modern Neural Networks'
    """
    words = title.split()
    starts = [number == 0 or words[number - 1].endswith((":", "?", ".")) for number in range(len(words))]
    telling = [w for w, start in zip(words, starts, strict=True) if not start and len(w) > 3 and w[0].isalpha()]
    is_title_case = sum(word[0].isupper() for word in telling) * 2 > len(telling)
    out: list[str] = []
    for word, start in zip(words, starts, strict=True):
        has_inner = any(c.isupper() for c in word.lstrip("(\"'“‘")[1:])
        is_name = word[0].isupper() and not start and not is_title_case
        out.append(f"{{{escape(word)}}}" if has_inner or is_name else str(escape(word)))
    return " ".join(out)


def _author(name: str) -> str:
    """Return "Family, Given"; a name without a comma is an organisation's, or has one word, and is kept whole."""
    text = str(escape(name))
    return text if "," in name and " and " not in name else f"{{{text}}}"


def _note(record: Record) -> str:
    notes: list[str] = []
    if record.arxiv and not record.doi:
        notes.append(
            rf"\href{{https://arxiv.org/abs/{quote(record.arxiv, safe='/.-')}}}{{arXiv:{escape(record.arxiv)}}}"
        )
    if record.retracted:
        notes.append("Retracted")
    return "; ".join(notes)


def _address(record: Record) -> str:
    """Return the record's address on the web, percent-encoded, so that LaTeX's special characters cannot occur."""
    if record.doi:
        return _escaped("https://doi.org/" + quote(record.doi, safe="/:.()-;"))
    if record.arxiv or not record.url.startswith(("http://", "https://")):
        return ""
    return _escaped(quote(record.url, safe="/:.?=&+,;()-%@!*'#"))


def _escaped(address: str) -> str:
    return address.replace("%", r"\%").replace("&", r"\&").replace("#", r"\#")
