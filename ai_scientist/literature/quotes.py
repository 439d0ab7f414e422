"""Quotes: found word for word in a record's stored text, or not quotes at all."""

from __future__ import annotations

from collections import Counter
from difflib import SequenceMatcher

from ai_scientist.core.values import Value
from ai_scientist.literature.records import Quote, Record
from ai_scientist.literature.wording import STOP, Normal, normal, stem, words

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

    Exact after normalisation of white space, ligatures, case and typographic marks; else the nearest span whose
    characters agree to at least 0.95 and whose telling words are the same.
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
    """Return the span nearest to a copy with slips; never one that says something else.

    Nearest by edit distance, at most a twentieth of the copy's length. Numbers and telling words must be the same on
    both sides up to their spelling, so that "are well calibrated" is not found in "are poorly calibrated".
    """
    most = int(len(part) * (1 - NEARLY))
    end, distance = _nearest(part, whole.text, anchored=False)
    if most == 0 or distance > most:
        return None
    before = whole.text[max(0, end - len(part) - most) : end]
    start = end - _nearest(part[::-1], before[::-1], anchored=True)[0]
    while start > 0 and whole.text[start].isalnum() and whole.text[start - 1].isalnum():
        start -= 1  # a quote begins and ends with a word
    while end < len(whole.text) and whole.text[end].isalnum() and whole.text[end - 1].isalnum():
        end += 1
    if not _same_telling_words(part, whole.text[start:end]):
        return None
    return _found(text, whole, start, end, 1 - distance / len(part))


def _same_telling_words(one: str, other: str) -> bool:
    here, there = _counted(one), _counted(other)
    left, right = here - there, there - here
    for word in list(left):
        twin = next((w for w in right if _spelled_alike(word, w)), None)
        if twin is None:
            return False
        right -= Counter({twin: left[word]})
    return not right


def _counted(text: str) -> Counter[str]:
    return Counter(word for word in words(text) if word in _DECISIVE or (word not in STOP and len(word) > 1))


def _spelled_alike(one: str, other: str) -> bool:
    if not (one.isalpha() and other.isalpha()):
        return False
    return stem(one) == stem(other) or SequenceMatcher(None, one, other, autojunk=False).ratio() >= 0.8


_DECISIVE = frozenset("not no nor never without only both all more most less than under over before after".split())
"""Small words that turn a sentence around."""


def _nearest(part: str, text: str, *, anchored: bool) -> tuple[int, int]:
    """Return where the span nearest to a part ends, and its edit distance.

    Myers' bit-vector algorithm (Journal of the ACM 46(3), 1999), on Python's long integers: one step a character.

    Args:
        part: Not empty.
        text: Where it is looked for.
        anchored: Whether the span begins where the text does; else it begins anywhere.
    """
    size = len(part)
    high, full = 1 << (size - 1), (1 << size) - 1
    masks: dict[str, int] = {}
    for place, letter in enumerate(part):
        masks[letter] = masks.get(letter, 0) | 1 << place
    up, down, score = full, 0, size
    nearest, distance = 0, size
    for end, letter in enumerate(text, 1):
        equal = masks.get(letter, 0)
        vertical = equal | down
        across = (((equal & up) + up) ^ up) | equal
        rise, fall = down | (full & ~(across | up)), up & across
        score += 1 if rise & high else -1 if fall & high else 0
        rise, fall = ((rise << 1) | anchored) & full, (fall << 1) & full
        up, down = fall | (full & ~(vertical | rise)), rise & vertical
        if score < distance:
            nearest, distance = end, score
    return nearest, distance


def find_quote(record: Record, wanted: str, *, number: int = 1) -> Quote | None:
    """Return the quote if the record's stored text says it, else None; the quote's words are the record's."""
    found = match(record.text, wanted)
    if found is None:
        return None
    return Quote(id=f"{record.id}-q{number}", record=record.id, text=found.text, start=found.start)


def is_verbatim(record: Record, quote: Quote) -> bool:
    """Whether a stored quote is exactly where it says it is, as the audit asks."""
    return quote.record == record.id and record.text[quote.start : quote.start + len(quote.text)] == quote.text
