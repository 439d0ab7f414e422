r"""Citations in a text: which records it names, whether each exists, and how well they cover the text.

Citations stay ids until the last step: `\citep{a,b}`, `\citet{a}`, `\citeq{record}{quote}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ai_scientist.core.finding import Finding
from ai_scientist.core.values import Value
from ai_scientist.literature.quotes import is_verbatim
from ai_scientist.literature.records import Quote, Record
from ai_scientist.literature.wording import sentences

_CITE = re.compile(r"\\(citep|citet|citeq)\s*\{([^{}]*)\}(?:\s*\{([^{}]*)\})?")
_COMMENT = re.compile(r"(?<!\\)%.*")


class Cited(Value):
    """One record, cited once.

    Attributes of note: `quote` is empty unless the citation carries one; `start` is the offset in the text.
    """

    record: str
    quote: str = ""
    start: int


def citations(text: str) -> tuple[Cited, ...]:
    r"""Return the citations of a text in order.

    >>> [c.record for c in citations(r"Old news~\citep{guo2017calibration, brier1950verification}.")]
    ['guo2017calibration', 'brier1950verification']
    """
    found: list[Cited] = []
    for each in _CITE.finditer(_without_comments(text)):
        command, keys, quote = each.group(1), each.group(2), each.group(3) or ""
        if command == "citeq":
            found.append(Cited(record=keys.strip(), quote=quote.strip(), start=each.start()))
        else:
            found += [Cited(record=key.strip(), start=each.start()) for key in keys.split(",")]
    return tuple(found)


def _without_comments(text: str) -> str:
    return _COMMENT.sub(lambda found: " " * len(found.group()), text)


def check_citations(
    text: str, records: Mapping[str, Record], quotes: Mapping[str, Quote], *, where: str = "paper"
) -> tuple[Finding, ...]:
    """Return what is wrong with a text's citations: unknown records, quotes that are not there, retracted papers."""
    out: list[Finding] = []
    for each in citations(text):
        line = text.count("\n", 0, each.start) + 1
        place = f"{where}, line {line}"
        record = records.get(each.record)
        if record is None:
            why = f"{each.record!r} is not a stored record." if each.record else "A citation names no record."
            out.append(Finding(kind="citation", where=place, why=why))
            continue
        if record.retracted:
            out.append(Finding(kind="citation", where=place, why=f"{record.id} has been retracted."))
        if each.quote:
            out += _check_quote(each, record, quotes, place)
    return tuple(out)


def _check_quote(each: Cited, record: Record, quotes: Mapping[str, Quote], place: str) -> list[Finding]:
    quote = quotes.get(each.quote)
    if quote is None:
        return [Finding(kind="citation", where=place, why=f"{each.quote!r} is not a stored quote.")]
    if quote.record != record.id:
        return [Finding(kind="citation", where=place, why=f"{quote.id} is of {quote.record}, not of {record.id}.")]
    if not is_verbatim(record, quote):
        return [Finding(kind="citation", where=place, why=f"{quote.id} does not stand in the text of {record.id}.")]
    return []


class Coverage(Value):
    """How well citations cover a text.

    Attributes of note: `share` is the part of sentences with a citation; `newest` and `oldest` are years, None without
    citations.
    """

    sentences: int
    cited_sentences: int
    records: tuple[str, ...]
    quoted: int
    share: float
    newest: int | None
    oldest: int | None


def coverage(text: str, records: Mapping[str, Record]) -> Coverage:
    """Return how well the citations of a text cover it; unknown records count for nothing."""
    spans = sentences(_without_comments(text))
    known = [each for each in citations(text) if each.record in records]
    hit = sum(any(start <= each.start < end for each in known) for start, end in spans)
    years = [records[each.record].year for each in known]
    return Coverage(
        sentences=len(spans),
        cited_sentences=hit,
        records=tuple(sorted({each.record for each in known})),
        quoted=sum(bool(each.quote) for each in known),
        share=hit / len(spans) if spans else 0.0,
        newest=max(years, default=None),
        oldest=min(years, default=None),
    )


def lost(before: str, after: str) -> tuple[str, ...]:
    r"""Return the records that a rewriting no longer cites, as often as it lost them.

    >>> lost(r"A \citep{a,b}. B \citep{a}.", r"A \citep{a}.")
    ('a', 'b')
    """
    left = [each.record for each in citations(after)]
    gone: list[str] = []
    for each in citations(before):
        if each.record in left:
            left.remove(each.record)
        else:
            gone.append(each.record)
    return tuple(sorted(gone))
