"""What an audit found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ai_scientist.core.finding import Finding
from ai_scientist.core.values import Value


class AuditReport(Value):
    """The verdict on a run's folder. "pass" only without any finding."""

    schema_version: int = 1
    verdict: Literal["pass", "fail"]
    checked: dict[str, int] = Field(description="How many of each kind were looked at.")
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = Field(default=(), description="What could not be checked here, and why.")
    seconds: float
    ledger: str = Field(default="", description="Hash of the ledger's last line: a later audit must find it again.")
