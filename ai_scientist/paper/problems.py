"""A problem of a draft: where, what, and how bad."""

from __future__ import annotations

from typing import Literal

from ai_scientist.core.values import Value

ProblemKind = Literal[
    "syntax",
    "macro",
    "address",
    "number",
    "word",
    "claim",
    "formula",
    "citation",
    "reference",
    "display",
    "empty",
    "length",
    "placeholder",
    "character",
    "sentence",
    "latex",
    "layout",
]


class Problem(Value):
    """Something that must be mended before the paper may be compiled (an error), or had better be (a warning).

    Attributes of note: `place` is "title", "abstract", a section's name, "heading:SECTION", "figure:NAME" (its
    caption), "table:NAME" (its body), "caption:NAME" (a table's), or "paper.tex";
    `offset` counts characters of the text in macro form, or lines of paper.tex; None if the place as a whole is meant.
    """

    kind: ProblemKind
    place: str
    offset: int | None = None
    message: str
    excerpt: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        where = self.place if self.offset is None else f"{self.place}, character {self.offset}"
        excerpt = f" [{self.excerpt}]" if self.excerpt else ""
        return f"{where}: {self.message}{excerpt}"


def excerpt_at(text: str, start: int, end: int, *, around: int = 30) -> str:
    """Return a piece of text with a little of what stands around it, on one line."""
    piece = text[max(start - around, 0) : end + around]
    return " ".join(piece.split())


def has_errors(problems: tuple[Problem, ...]) -> bool:
    """Whether any of them forbids compiling."""
    return any(problem.severity == "error" for problem in problems)
