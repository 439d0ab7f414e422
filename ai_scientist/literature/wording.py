"""Text made comparable without losing its place: normal form with offsets, sentences, telling words, title keys."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_FOLDED = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'",
    "“": '"', "”": '"', "„": '"', "″": '"', "«": '"', "»": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-",
    "…": "...", "\u00ad": "", "\u200b": "", "\ufeff": "",
}  # fmt: skip
"""Quotation marks, dashes and invisible characters that a copy may change without changing the words."""

_TABLE = str.maketrans(_FOLDED)

_PAIRS = {"''": '"', "``": '"', "--": "-"}

CUT = "[…]"
"""Marks words left out of a stored passage. No sentence begins with it."""

STOP = frozenset(
    """
    a about after all also an and any are as at be because been being between both but by can could do does each etc
    for from further had has have how however i if in into is it its itself may might more most much must no nor not of
    often on one only or other our out over same several shall should since so some such than that the their them then
    there these they this those through thus to too under until up upon us use used uses using very via was we were
    what when where whether which while who why will with within without would yet you your here show shows shown paper
    propose proposed proposes study studied studies work result results find found new approach method methods
    """.split()
)
"""Words that say nothing about what a text is about."""

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+(?:\.\d+)?")
_ABBREVIATIONS = ("e.g", "i.e", "et al", "cf", "vs", "resp", "fig", "eq", "sec", "approx", "no", "vol", "dr", "st")
_END = re.compile(r"[.!?]+[\"'”’)\]]*(?=\s+[\"'“‘(\[]?[A-Z0-9\\])|[.!?]+[\"'”’)\]]*\s*$|\n\s*\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """A text's normal form.

    Attributes:
        text: Lower case; runs of white space, typographic quotes, dashes and ligatures folded.
        places: For each of its characters, where it comes from in the original.
        length: Of the original.
    """

    text: str
    places: tuple[int, ...]
    length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the original's span for a non-empty span of the normal form."""
        stop = self.places[end] if end < len(self.places) else self.length
        return self.places[start], max(stop, self.places[end - 1] + 1)


def normal(text: str) -> Normal:
    """Return a text's normal form with the way back.

    >>> normal("The  ﬁrst “quote” – here").text
    'the first "quote" - here'
    """
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        folded = _FOLDED.get(character)
        if folded is None:
            folded = " " if character.isspace() else unicodedata.normalize("NFKC", character).lower()
        for letter in folded:
            if letter == " " and (not letters or letters[-1] == " "):
                continue
            if letters and letters[-1] + letter in _PAIRS:
                letters[-1] = _PAIRS[letters[-1] + letter]
                continue
            letters.append(letter)
            places.append(place)
    while letters and letters[-1] == " ":
        letters.pop()
        places.pop()
    return Normal(text="".join(letters), places=tuple(places), length=len(text))


def sentences(text: str) -> list[tuple[int, int]]:
    """Return where each sentence of a text starts and ends, in order, without the white space between them."""
    spans: list[tuple[int, int]] = []
    start = 0
    for found in _END.finditer(text):
        before = text[start : found.start()].lower()
        if found.end() < len(text) and before.endswith(_ABBREVIATIONS) and found.group().startswith("."):
            last = re.split(r"[\s(]", before)[-1] or before
            if last in _ABBREVIATIONS or before.endswith("et al"):
                continue
        _add(spans, text, start, found.end())
        start = found.end()
    _add(spans, text, start, len(text))
    return spans


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip().removeprefix(CUT).lstrip())
    if piece[left:].strip():
        spans.append((start + left, start + len(piece.rstrip())))


def words(text: str) -> list[str]:
    """Return the words and numbers of a text in order, lower-case, without accents."""
    plain = text.translate(_TABLE)
    if not plain.isascii():
        apart = unicodedata.normalize("NFKD", plain)
        plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return _WORD.findall(plain.lower())


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return a word without its English ending, so that "calibrated" and "calibration" meet.

    A light stemmer in the manner of Porter's first steps; it need not give words, only the same string for a family.

    >>> stem("calibrated") == stem("calibration") == stem("calibrating")
    True
    >>> stem("regularisation") == stem("regularization") == stem("regularizers")
    True
    """
    if len(word) <= 3 or not word.isalpha():
        return word
    word = re.sub(r"is(?=(?:ation|ations|e|es|ed|er|ers|ing)$)", "iz", word)
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word[-1] in "ei" else word


_ENDINGS = (
    "izations", "ization", "izers", "izer", "izing", "ized", "izes", "ize",
    "ations", "ation", "ating", "ated", "ates", "ators", "ator", "ate",
    "nesses", "ness", "ments", "ment", "ities", "ity", "ively", "ive", "ions", "ion",
    "ings", "ing", "edly", "ed", "ers", "er", "ies", "ally", "al", "ly", "es", "s", "y",
)  # fmt: skip


def telling(text: str) -> list[str]:
    """Return the stems of a text's telling words, in order, with repetitions."""
    return [stem(word) for word in words(text) if word not in STOP and len(word) > 1]


def title_key(title: str) -> str:
    """Return what two spellings of one title share: its words, without accents, LaTeX and punctuation.

    >>> title_key("{B}atch Normalization: Accelerating …") == title_key("Batch normalization — accelerating")
    True
    """
    bare = re.sub(r"\\[a-zA-Z]+\s?|[{}$]", "", title)
    return " ".join(words(bare))
