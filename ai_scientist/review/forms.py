"""The review form, in the manner of NeurIPS, and what follows from several of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ai_scientist.core.values import Value

Decision = Literal["accept", "reject"]
Severity = Literal["integrity", "major", "minor"]


class Defect(Value):
    """One thing that is wrong, where, and what would mend it.

    Attributes of note: severity "integrity" is a veto: no score outweighs it.
    """

    severity: Severity
    where: str = Field(description="Section, figure, table or artifact.")
    what: str
    remedy: str

    def concerns(self, part: str) -> bool:
        """Whether it stands in a part of the paper, by the name that the reviewer gave."""
        where = self.where.casefold()
        return part in where or where in ("paper", "everywhere") or (part == "related" and "literature" in where)


class Review(Value):
    """One reviewer's form. Scales as in NeurIPS: 1 to 4, overall 1 to 10, confidence 1 to 5."""

    schema_version: int = 1
    reviewer: str = Field(description="Which point of view: 'evidence', 'method', 'presentation' …")
    summary: str
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]
    questions: tuple[str, ...]
    limitations: tuple[str, ...]
    originality: int = Field(ge=1, le=4)
    soundness: int = Field(ge=1, le=4)
    presentation: int = Field(ge=1, le=4)
    contribution: int = Field(ge=1, le=4)
    overall: int = Field(ge=1, le=10)
    confidence: int = Field(ge=1, le=5)
    decision: Decision
    defects: tuple[Defect, ...] = ()


class MetaReview(Value):
    """What the reviews come to. Scores are means over reviewers; the decision is computed, not voted.

    Attributes of note: `probability` is that of acceptance, from the calibration; None where there is none.
    """

    schema_version: int = 1
    summary: str
    scores: dict[str, float]
    overall: float
    confidence: float
    decision: Decision
    probability: float | None = None
    vetoes: tuple[Defect, ...]
    defects: tuple[Defect, ...] = Field(description="All reviewers', merged, most severe first.")
