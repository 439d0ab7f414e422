"""claims.json: every place of the paper where a program, not the writer, put a result; and what it rests on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ai_scientist.core.values import Scalar, Value
from ai_scientist.paper.verbs import Standing

ClaimMacro = Literal[
    "val",
    "valci",
    "delta",
    "effect",
    "pval",
    "claim",
    "cfg",
    "data",
    "count",
    "plan",
    "citeq",
    "cond",
    "metric",
    "dataset",
]
"""Names are claims only if their label holds a number ("20% label noise")."""

PLAN_ENTRY = "plan:names"
"""The appendix entry of the plan's names."""


class Claim(Value):
    """One rendered macro.

    Attributes of note: `address` is a cell, a test, or a key; `text` is what the reader sees, as plain text; `verb`
    and `standing` say for a claim verb what was asked for, and whether the test bears it; `rows` are the hashes of
    the rows behind the number, empty for what is no measurement.
    """

    place: str
    offset: int = Field(description="Characters from the start of the place's text in macro form.")
    macro: ClaimMacro
    address: str
    value: Scalar | None
    text: str
    verb: str = ""
    standing: Standing | None = None
    rows: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    producer: str = ""


class ClaimsFile(Value):
    """What claims.json holds."""

    schema_version: int = 1
    plan: str = Field(description="The locked plan's hash.")
    claims: tuple[Claim, ...]


def anchor(kind: str, address: str) -> str:
    """Return the name of an appendix entry as a PDF destination: letters, digits, points and hyphens only.

    Injective for addresses, which are made of [a-z0-9_] and "/".

    >>> anchor("cell", "top_5/proposed/digits/test/mean")
    'cell:top-5.proposed.digits.test.mean'
    """
    safe = address.replace("_", "-").replace("/", ".")
    return f"{kind}:" + "".join(c if c.isascii() and (c.isalnum() or c in ".-") else f"x{ord(c):x}" for c in safe)


def is_title(place: str) -> bool:
    """Whether a place is a title or a heading, where numbers are no links."""
    return place == "title" or place.startswith("heading:")


def use_anchor(place: str, offset: int) -> str:
    """Return the name of the place in the text where a macro stands, as a PDF destination.

    >>> use_anchor("figure:loss_curve", 17)
    'at:figure.loss-curve.17'
    """
    return anchor("at", place.replace(":", "/")) + f".{offset}"
