"""Quotes: found word for word in a record's stored text, or not quotes at all."""

from __future__ import annotations

from difflib import SequenceMatcher

from ai_scientist.core.values import Value
from ai_scientist.literature.records import Quote, Record
from ai_scientist.literature.wording import Normal, normal

NEARLY = 0.95
"""Share of characters from which a span counts as the quote, copied with slips. As in the study of peers, 4.3."""

SHORTEST = 12
"""Characters of normal form below which a match would say nothing."""


class Match(Value):
    """Where a quote was found.

    Attributes of note: `text` is the record's own wording, which replaces the copy; `likeness` is 1 for an exact match
    of the normal forms.
    """

    start: int
    text: str
    likeness: float


def match(text: str, wanted: str) -> Match | None:
    """Return where a text says what is wanted, or None.

    Exact after normalisation of white space, ligatures, case and typographic marks; else the best span whose
    characters agree to at least 0.95.
    """
    whole, part = normal(text), normal(wanted.strip().strip("\"'“”‘’ "))
    if len(part.text) < SHORTEST:
        return None
    place = whole.text.find(part.text)
    if place >= 0:
        return _found(text, whole, place, place + len(part.text), 1.0)
    return _nearly(text, whole, part.text)


def _found(text: str, whole: Normal, start: int, end: int, likeness: float) -> Match:
    first, last = whole.span(start, end)
    span = text[first:last]
    return Match(start=first, text=span.rstrip(), likeness=round(likeness, 4))


def _nearly(text: str, whole: Normal, part: str) -> Match | None:
    """Look around the longest runs that both share, and let the window grow or shrink by what the slips may cost."""
    size = len(part)
    if size > len(whole.text) * 1.06:
        return None
    matcher = SequenceMatcher(None, whole.text, part, autojunk=False)
    longest = matcher.find_longest_match(0, len(whole.text), 0, size)
    if longest.size < max(8, size // 12):
        return None
    guess = longest.a - longest.b
    slack = max(2, int(size * (1 - NEARLY)) + 1)
    best: tuple[float, int, int] | None = None
    for start in range(max(0, guess - slack), min(len(whole.text), guess + slack) + 1):
        if start > 0 and whole.text[start - 1].isalnum() and whole.text[start].isalnum():
            continue  # a quote begins with a word
        for end in _ends(whole.text, start + size, slack):
            likeness = SequenceMatcher(None, whole.text[start:end], part, autojunk=False).ratio()
            if best is None or likeness > best[0]:
                best = (likeness, start, end)
    if best is None or best[0] < NEARLY:
        return None
    return _found(text, whole, best[1], best[2], best[0])


def _ends(text: str, middle: int, slack: int) -> list[int]:
    """Return the ends of words near a place."""
    near = range(max(1, middle - slack), min(len(text), middle + slack) + 1)
    return [end for end in near if end == len(text) or not (text[end].isalnum() and text[end - 1].isalnum())]


def find_quote(record: Record, wanted: str, *, number: int = 1) -> Quote | None:
    """Return the quote if the record's stored text says it, else None; the quote's words are the record's."""
    found = match(record.text, wanted)
    if found is None:
        return None
    return Quote(id=f"{record.id}-q{number}", record=record.id, text=found.text, start=found.start)


def is_verbatim(record: Record, quote: Quote) -> bool:
    """Whether a stored quote is exactly where it says it is, as the audit asks."""
    return quote.record == record.id and record.text[quote.start : quote.start + len(quote.text)] == quote.text
