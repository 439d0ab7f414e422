"""`audit`: judge a run from its folder, or anybody's paper from itself and its data."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from ai_scientist.audit.check import audit
from ai_scientist.audit.crate import write_crate
from ai_scientist.audit.page import render_page
from ai_scientist.audit.references import Registries
from ai_scientist.audit.report import AuditReport
from ai_scientist.audit.rerun import Rerun
from ai_scientist.audit.stranger import audit_draft
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.jsonl import write_atomic
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.literature.retractions import read_retractions
from ai_scientist.literature.sources.crossref import CrossrefSource
from ai_scientist.literature.sources.wire import Wire

HEAD = re.compile(r"[0-9a-f]{16,64}")


def carry_out_audit(
    path: Path,
    *,
    rerun: bool,
    sample: int | None,
    expect_head: str,
    html: Path | None,
    ro_crate: bool,
    as_json: bool,
) -> int:
    """Audit a run, print the verdict, and return the exit code: 1 if anything cannot be traced."""
    if not path.is_dir():
        raise ConfigError(f"There is no run at {path}.")
    if expect_head and not HEAD.fullmatch(expect_head):
        raise ConfigError("--expect-head takes the SHA-256 of a ledger's line: at least its first 16 hex digits.")
    folder = RunFolder(path)
    report = audit(folder, rerun=Rerun(seeds=sample) if rerun else False, expect_head=expect_head)
    if html is not None:
        write_atomic(html, render_page(report, folder).encode())
    if ro_crate:
        write_crate(folder)
    return _print(report, folder.path.name, as_json=as_json)


def carry_out_paper_audit(
    paper: Path, *, data: Path | None, retractions: Path | None, ask: str | None, as_json: bool
) -> int:
    """Audit a paper that was made elsewhere; the exit code is 1 if anything in it cannot be."""
    registries = Registries(
        listed=read_retractions(retractions) if retractions else None,
        crossref=CrossrefSource(Wire("crossref")) if ask == "crossref" else None,
    )
    return _print(audit_draft(paper, data, registries=registries), paper.name, as_json=as_json)


def _print(report: AuditReport, name: str, *, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps(report.model_dump(mode="json"), ensure_ascii=False))
        return 0 if report.verdict == "pass" else 1
    console = Console()
    counts = ", ".join(f"{kind} {count}" for kind, count in sorted(report.checked.items()))
    console.print(f"{name}: [bold]{report.verdict}[/]  ({report.seconds:.1f} s)")
    console.print(f"checked: {counts}", highlight=False)
    if report.findings:
        table = Table("kind", "where", "why", box=None, pad_edge=False)
        for finding in report.findings:
            table.add_row(finding.kind, finding.where, finding.why)
        console.print(table)
    if report.ledger:
        console.print(
            f"ledger: {report.ledger} (kept elsewhere, --expect-head holds any later audit to it)", style="dim"
        )
    for note in report.notes:
        console.print(f"note: {note}", style="dim", highlight=False)
    return 0 if report.verdict == "pass" else 1
