"""`audit`: judge a run from its folder."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from ai_scientist.audit.check import audit
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.run_folder import RunFolder


def carry_out_audit(path: Path, *, rerun: bool, as_json: bool) -> int:
    """Audit a run, print the verdict, and return the exit code: 1 if anything cannot be traced."""
    if not path.is_dir():
        raise ConfigError(f"There is no run at {path}.")
    folder = RunFolder(path)
    report = audit(folder, rerun=rerun)
    if as_json:
        click.echo(json.dumps(report.model_dump(mode="json"), ensure_ascii=False))
        return 0 if report.verdict == "pass" else 1
    console = Console()
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(report.checked.items()))
    console.print(f"{folder.path.name}: [bold]{report.verdict}[/]  ({report.seconds:.1f} s)")
    console.print(f"checked: {counts}", highlight=False)
    if report.findings:
        table = Table("kind", "where", "why", box=None, pad_edge=False)
        for finding in report.findings:
            table.add_row(finding.kind, finding.where, finding.why)
        console.print(table)
    for note in report.notes:
        console.print(f"note: {note}", style="dim", highlight=False)
    return 0 if report.verdict == "pass" else 1
