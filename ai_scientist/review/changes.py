"""What a revision changed, sentence by sentence, so that a rebuttal can say it instead of guessing it."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

MOST = 3000
"""Characters of one section's changes that are told."""

_END = re.compile(r"(?<=[.?!])\s+|\n\s*\n")


def told_change(old: str, new: str) -> str:
    """Return what became of a section: each passage that was taken out or put in, in order, in its own words."""
    before, after = _sentences(old), _sentences(new)
    told: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        if b > a:
            told.append(f"taken out: “{' '.join(before[a:b])}”")
        if d > c:
            told.append(f"put in: “{' '.join(after[c:d])}”")
    if not told:
        return "left as it was"
    text = "; ".join(told)
    return text if len(text) <= MOST else f"{text[:MOST]} … (and more)"


def _sentences(text: str) -> list[str]:
    return [" ".join(part.split()) for part in _END.split(text) if part.strip()]
