"""Whether a method is another paper's method in new words: steps laid side by side, and runs of words copied.

The first check follows Gupta and Pruthi (arXiv:2502.16487), who found that methods of machine-written papers are often
another paper's, step by step, and that detectors of copied text do not see it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ai_scientist.core.values import Value
from ai_scientist.literature.records import Record
from ai_scientist.literature.wording import sentences, telling, words

ALIGNED = 0.45
"""Likeness of two steps from which they count as the same step."""

STOP_AT = 0.8
"""Share of a method's steps found in one paper from which the method is that paper's."""

FEWEST = 3
"""Steps below which a share says nothing."""

_MARKER = re.compile(r"(?:^|\n)\s*(?:\d+[.)]|[-*•])\s+|;\s+|\bthen\b\s*,?\s+", re.IGNORECASE)


class Step(Value):
    """Two steps laid side by side."""

    ours: str
    theirs: str
    likeness: float


class Alignment(Value):
    """How much of a method one paper already has.

    Attributes of note: `share` is of our steps; `is_theirs` holds from four fifths of at least three steps.
    """

    record: str
    pairs: tuple[Step, ...]
    steps: int
    share: float

    @property
    def is_theirs(self) -> bool:
        """Whether the method is that paper's."""
        return self.steps >= FEWEST and self.share >= STOP_AT


def steps(text: str) -> tuple[str, ...]:
    """Return the steps of a method: list items, parts of a sentence that follow each other, else sentences.

    >>> steps("We flip labels. Then we train a network; finally we fit a temperature.")
    ('We flip labels.', 'we train a network', 'finally we fit a temperature.')
    """
    found: list[str] = []
    for start, end in sentences(text):
        found += [part.strip() for part in _MARKER.split(text[start:end])]
    return tuple(part for part in found if len(telling(part)) >= 2)


def align(method: str, records: Iterable[Record]) -> tuple[Alignment, ...]:
    """Return how much of a method each record's text has, the most first; records without text are left out."""
    ours = steps(method)
    shelves = [(record, steps(record.text)) for record in records if record.text]
    weights = _weights([*ours, *(step for _, theirs in shelves for step in theirs)])
    found = [_align(record.id, ours, theirs, weights) for record, theirs in shelves if theirs]
    return tuple(sorted(found, key=lambda each: (-each.share, each.record)))


def _align(key: str, ours: Sequence[str], theirs: Sequence[str], weights: Mapping[str, float]) -> Alignment:
    here, there = [_weighed(step, weights) for step in ours], [_weighed(step, weights) for step in theirs]
    scored = sorted(
        ((_likeness(one, other), n, m) for n, one in enumerate(here) for m, other in enumerate(there)),
        key=lambda each: (-each[0], each[1], each[2]),
    )
    taken: dict[int, tuple[int, float]] = {}
    used: set[int] = set()
    for likeness, n, m in scored:
        if likeness >= ALIGNED and n not in taken and m not in used:
            taken[n] = (m, likeness)
            used.add(m)
    pairs = tuple(Step(ours=ours[n], theirs=theirs[m], likeness=round(x, 4)) for n, (m, x) in sorted(taken.items()))
    return Alignment(record=key, pairs=pairs, steps=len(ours), share=len(pairs) / len(ours) if ours else 0.0)


def _weights(texts: Sequence[str]) -> dict[str, float]:
    """Return how much each stem tells: the rarer among the steps, the more."""
    seen = Counter(stem for text in texts for stem in set(telling(text)))
    return {stem: math.log(1 + len(texts) / count) for stem, count in seen.items()}


def _weighed(step: str, weights: Mapping[str, float]) -> dict[str, float]:
    return {stem: weights[stem] for stem in telling(step)}


def _likeness(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return the weighted share of stems that two steps have in common, 0 to 1."""
    both = sum(weight for stem, weight in one.items() if stem in other)
    return 2 * both / (sum(one.values()) + sum(other.values())) if one and other else 0.0


def copied_runs(text: str, source: str, *, length: int = 8) -> tuple[str, ...]:
    """Return the runs of at least `length` words that a text shares with a source, longest first.

    Quotation marks do not excuse a run; the caller leaves quotes out before.
    """
    ours, theirs = words(text), words(source)
    there = {tuple(theirs[n : n + length]) for n in range(len(theirs) - length + 1)}
    runs: list[str] = []
    place = 0
    while place + length <= len(ours):
        if tuple(ours[place : place + length]) not in there:
            place += 1
            continue
        end = place + length
        while end < len(ours) and tuple(ours[end - length + 1 : end + 1]) in there:
            end += 1
        runs.append(" ".join(ours[place:end]))
        place = end
    return tuple(sorted(dict.fromkeys(runs), key=lambda run: (-len(run.split()), run)))
