"""Text that others wrote (a person's topic, a model's plan), made fit to stand in a paper by leaving sentences out."""

from __future__ import annotations

import re

from ai_scientist.rules.writing.phrases import joined, plain, sentences

_NUMBERS = re.compile(
    r"\d|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|half|"
    r"halves|third|quarter|twice|thrice|double|triple|first|second|once|percent|per cent)\b",
    re.IGNORECASE,
)


def usable(text: str) -> str:
    """Return the sentences of a text that hold no number; an empty string if none does not.

    >>> usable("Noise is bad. It costs 3 points.")
    'Noise is bad.'
    """
    kept = [part for part in sentences(" ".join(text.split())) if not _NUMBERS.search(part)]
    return joined(*(part if "\\" in part else plain(part) for part in kept))


def has_number(text: str) -> bool:
    """Whether a text holds a digit or a number word."""
    return bool(_NUMBERS.search(text))
