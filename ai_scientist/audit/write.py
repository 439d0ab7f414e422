"""The audit's report as files: JSON for programs, one self-contained HTML page for people."""

from __future__ import annotations

from pathlib import Path

from ai_scientist.audit.page import render_page
from ai_scientist.audit.report import AuditReport
from ai_scientist.core.jsonl import write_atomic, write_json
from ai_scientist.core.run_folder import RunFolder


def write_report(report: AuditReport, run: RunFolder, *, folder: Path | None = None) -> tuple[Path, ...]:
    """Write report.json and report.html and return their paths.

    Args:
        report: The verdict.
        run: What it is on.
        folder: Where to; None: the run's own audit folder, which no audit takes for evidence.
    """
    target = folder or run.audit
    data, page = target / "report.json", target / "report.html"
    write_json(data, report.model_dump(mode="json"))
    write_atomic(page, render_page(report, run).encode())
    return data, page
