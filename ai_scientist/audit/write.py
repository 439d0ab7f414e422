"""The audit's report as files: JSON for programs, one self-contained HTML page for people."""

from __future__ import annotations

from pathlib import Path

from ai_scientist.audit.report import AuditReport
from ai_scientist.core.jsonl import write_json
from ai_scientist.core.run_folder import RunFolder


def write_report(report: AuditReport, run: RunFolder) -> tuple[Path, ...]:
    """Write report.json into the run's audit folder and return the paths."""
    file = run.audit / "report.json"
    write_json(file, report.model_dump(mode="json"))
    return (file,)
