"""What came of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ai_scientist.graph.spending import Account

RunStatus = Literal["done", "failed", "budget", "waiting", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What came of a run.

    Attributes:
        run: Its folder.
        status: "waiting" means that it stands at a gate.
        pdf: None without TeX, or if the run ended before the paper.
        code: The confirmed program's repository.
        reviews: Folder of the newest round.
        audit: The report; None if the run ended before it.
        verdict: Of the audit: "pass" or "fail"; empty if there was none.
        seconds: Wall time over all sessions of the run.
        cost_usd: What model calls cost; None if the price of one is unknown.
        spent: What was spent, and under which limits.
        waiting: The gate and what stands at it.
        problem: Why it failed, in one sentence.
        exit_code: As the command line ends.
    """

    run: Path
    status: RunStatus
    pdf: Path | None
    code: Path | None
    reviews: Path | None
    audit: Path | None
    verdict: str
    seconds: float
    cost_usd: float | None
    spent: Account
    waiting: dict[str, Any] | None = None
    problem: str = ""
    exit_code: int = 0
