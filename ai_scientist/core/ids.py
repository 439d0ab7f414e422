"""Identifiers: strings that must not be mixed up."""

from __future__ import annotations

import re
from typing import NewType

Sha256 = NewType("Sha256", str)
"""64 lower-case hexadecimal digits."""

RunId = NewType("RunId", str)
"""Name of a run's folder: date, slug of the topic, four hexadecimal digits."""

NodeId = NewType("NodeId", str)
"""A node of the tree: "n0001", "n0002", in the order of creation."""

CheckpointId = NewType("CheckpointId", str)
"""A node's code: the hash of a git commit in search/checkpoints.git."""

CellId = NewType("CellId", str)
"""Address of one number: "metric/condition/dataset/split/stat"."""

TestId = NewType("TestId", str)
"""A registered comparison: the hypothesis's id for planned ones ("H1"), "X1", "X2" … for exploratory ones."""

RecordId = NewType("RecordId", str)
"""A literature record, usable as a BibTeX key: "guo2017calibration"."""

QuoteId = NewType("QuoteId", str)
"""A verbatim span of a record's stored text: "guo2017calibration-q1"."""


def slug(text: str, *, words: int = 4) -> str:
    """Return the first telling words of a text, joined by hyphens, in lower-case ASCII.

    >>> slug("Does label noise hurt the calibration of classifiers?")
    'label-noise-hurt-calibration'
    """
    dull = {"a", "an", "and", "are", "can", "do", "does", "for", "how", "in", "is", "it", "of", "on", "or"}
    dull |= {"the", "to", "what", "when", "which", "why", "with"}
    found = re.findall(r"[a-z0-9]+", text.lower())
    telling = [word for word in found if word not in dull] or found or ["run"]
    return "-".join(telling[:words])[:48]
