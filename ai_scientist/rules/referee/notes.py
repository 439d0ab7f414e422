"""What a check found: good or bad, on which scale it weighs, and what would mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ai_scientist.review.forms import Defect, Severity

Lens = Literal["evidence", "method", "presentation"]
Scale = Literal["soundness", "presentation", "contribution", "originality"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One observation.

    Attributes:
        lens: The point of view that it belongs to; a reviewer with that view weighs it more.
        weight: What it adds to its scale (1 to 4); negative for a weakness.
        text: As a strength or a weakness, a whole sentence.
        question: What the authors are asked because of it.
        limitation: What the review names as a limitation because of it.
        defect: What has to be mended, and how.
    """

    lens: Lens
    scale: Scale
    weight: float
    text: str
    question: str = ""
    limitation: str = ""
    defect: Defect | None = None


def strength(lens: Lens, scale: Scale, weight: float, text: str) -> Note:
    """Return a good observation."""
    return Note(lens=lens, scale=scale, weight=weight, text=text)


def weakness(
    lens: Lens,
    scale: Scale,
    weight: float,
    text: str,
    *,
    where: str,
    remedy: str,
    severity: Severity = "minor",
    question: str = "",
    limitation: str = "",
) -> Note:
    """Return a bad observation, which is a defect as well."""
    return Note(
        lens=lens,
        scale=scale,
        weight=-weight,
        text=text,
        question=question,
        limitation=limitation,
        defect=Defect(severity=severity, where=where, what=text, remedy=remedy),
    )
