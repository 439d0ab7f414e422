"""What an audit found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ai_scientist.core.finding import Finding
from ai_scientist.core.values import Value

Verdict = Literal["pass", "fail"]


class Item(Value):
    """One thing that was judged: an artifact, number, cell, test, table, figure, claim, citation or reference."""

    kind: str
    where: str = Field(description="As findings name it.")
    what: str = Field(default="", description="What stands there, in the reader's eyes: “0.031” of ece/proposed/….")
    verdict: Verdict


class AuditReport(Value):
    """The verdict on a run's folder. "pass" only without any finding."""

    schema_version: int = 1
    verdict: Verdict
    checked: dict[str, int] = Field(description="How many of each kind were looked at.")
    findings: tuple[Finding, ...]
    items: tuple[Item, ...] = Field(default=(), description="Each thing that was judged by itself.")
    notes: tuple[str, ...] = Field(default=(), description="What could not be checked here, and why.")
    seconds: float
    ledger: str = Field(default="", description="Hash of the ledger's last line: a later audit must find it again.")
