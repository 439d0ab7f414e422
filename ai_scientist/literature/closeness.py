"""How near a record comes to a claim by its words alone: deterministic, for engines that cannot read."""

from __future__ import annotations

from itertools import pairwise

from ai_scientist.core.idea import AtomicClaim, Closeness
from ai_scientist.core.values import Value
from ai_scientist.literature.records import Record
from ai_scientist.literature.wording import sentences, telling

SAME = 0.75
"""Share of a claim's telling words in one passage from which method and setting count as the same."""

METHOD = 0.5
"""Likewise from which the method counts as the same."""

GOAL = 0.3
"""Share in title, summary and text together from which the goal counts as the same."""

FEWEST = 3
"""Telling words below which a claim cannot be judged by words."""


class Nearness(Value):
    """A label with the passage that shows it; the passage is empty for "unrelated" and where there is no text."""

    closeness: Closeness
    quote: str
    share: float


def lexical_closeness(claim: AtomicClaim, record: Record) -> Nearness:
    """Return how near a record comes to a claim.

    A passage is one sentence or two in a row. Sharing words is weak evidence: the label that could refuse an idea asks
    for three quarters of the claim's telling words within one passage, so that it names near copies only.
    """
    wanted = set(telling(claim.text))
    if len(wanted) < FEWEST:
        return Nearness(closeness="unrelated", quote="", share=0.0)
    quote, share = _best_passage(wanted, record.text)
    whole = len(wanted & set(telling(f"{record.title} {record.summary} {record.text}"))) / len(wanted)
    if share >= SAME:
        label: Closeness = "same method and setting"
    elif share >= METHOD:
        label = "same method, other setting"
    elif whole >= GOAL:
        label = "other method, same goal"
    else:
        label, quote = "unrelated", ""
    return Nearness(closeness=label, quote=quote, share=round(max(share, whole), 4))


def _best_passage(wanted: set[str], text: str) -> tuple[str, float]:
    spans = sentences(text)
    passages = [(start, end) for start, end in spans]
    passages += [(first[0], second[1]) for first, second in pairwise(spans)]
    best, share = "", 0.0
    for start, end in passages:
        found = len(wanted & set(telling(text[start:end]))) / len(wanted)
        if found > share:
            best, share = text[start:end], found
    return best, share
