"""Ids of records: first author, year and first telling word of the title, as a BibTeX key."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from ai_scientist.literature.wording import STOP, words


def family(author: str) -> str:
    """Return an author's family name, from 'Family, Given' or 'Given Family'."""
    return author.split(",")[0].strip() if "," in author else (author.split() or [""])[-1]


def make_id(authors: tuple[str, ...], year: int, title: str, taken: Container[str] = ()) -> str:
    """Return a new id that is not taken.

    >>> make_id(("Guo, Chuan",), 2017, "On Calibration of Modern Neural Networks")
    'guo2017calibration'
    >>> make_id(("Guo, Chuan",), 2017, "On Calibration", taken={"guo2017calibration"})
    'guo2017calibration-b'
    """
    name = _plain(family(authors[0])) if authors else ""
    first = next((word for word in words(title) if word not in STOP and word.isalpha()), "")
    stem = f"{name or 'anonymous'}{year}{_plain(first)}"
    if stem not in taken:
        return stem
    suffixes = (f"{stem}-{letter}" for letter in "bcdefghijklmnopqrstuvwxyz")
    return next((key for key in suffixes if key not in taken), f"{stem}-{abs(hash_of(title))}")


def hash_of(text: str) -> int:
    """Return a small number that depends on the text alone."""
    return sum((place + 1) * ord(letter) for place, letter in enumerate(text)) % 100_000


def _plain(text: str) -> str:
    folded = text.replace("ß", "ss").replace("ø", "o").replace("Ø", "O").replace("ł", "l").replace("Ł", "L")
    return re.sub(r"[^a-z]", "", unicodedata.normalize("NFKD", folded).lower())
