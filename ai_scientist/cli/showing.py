"""`show` and `runs`: what lies in the runs folder, in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ai_scientist.core.ids import TestId
from ai_scientist.core.jsonl import read_json, write_atomic
from ai_scientist.core.ledger import read_events
from ai_scientist.core.run_folder import RunFolder, find_runs
from ai_scientist.graph.spending import spent_of


def state_of(folder: RunFolder) -> dict[str, Any]:
    """Return what the files of a run say about it, without opening its graph state."""
    record = folder.record()
    kinds = [event.kind for event, _ in read_events(folder.ledger)] if folder.ledger.exists() else []
    report = folder.audit / "report.json"
    pdf = folder.paper / "paper.pdf"
    plan: dict[str, Any] = read_json(folder.plan) if folder.plan.exists() else {}
    if "audit.done" in kinds:
        status = "done"
    elif kinds and kinds[-1] == "session.ended" and len(kinds) > 1 and kinds[-2] == "run.failed":
        status = "failed"
    else:
        status = "unfinished"
    return {
        "run": str(folder.path),
        "topic": record.topic,
        "created": record.created,
        "model": record.settings.model.name,
        "seed": record.settings.seed,
        "status": status,
        "title": plan.get("title", ""),
        "pdf": str(pdf) if pdf.exists() else None,
        "verdict": read_json(report)["verdict"] if report.exists() else "",
    }


def list_runs(output: Path, *, as_json: bool) -> None:
    """Print the runs under a folder, oldest first."""
    found = [state_of(folder) for folder in find_runs(output)]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    if not found:
        click.echo(f"No runs in {output}.", err=True)
        return
    table = Table("run", "topic", "status", "audit", box=None, pad_edge=False)
    for run in found:
        table.add_row(Path(run["run"]).name, escape(run["topic"]), run["status"], run["verdict"])
    Console().print(table)


def show_run(path: Path, *, tree: bool, as_json: bool) -> None:
    """Print what a run asked, did and found; or its tree."""
    folder = RunFolder.open(path)
    told = state_of(folder)
    if tree:
        from ai_scientist.search.journal import Journal
        from ai_scientist.search.view import tree_text

        Console().print(tree_text(Journal.read(folder.journal)))
        return
    tests = folder.results / "tests.json"
    told["tests"] = _tests(read_json(tests)) if tests.exists() else {}
    meta = sorted(folder.path.glob("reviews/round-*/meta.json"))
    told["review"] = read_json(meta[-1]) if meta else None
    total, stages = spent_of(folder)
    told["budget"] = {**total.facts(), "stages": {name: stage.facts() for name, stage in stages.items()}}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    console = Console()
    for key in ("title", "topic", "status", "created", "model", "seed", "pdf", "verdict"):
        console.print(f"[dim]{key:<9}[/dim]{escape(str(told[key]))}", highlight=False, soft_wrap=True)
    console.print(f"[dim]spent    [/dim]{total.words()}", highlight=False, soft_wrap=True)
    for name, stage in stages.items():
        calls = f"{stage.spent.steps} {'call' if stage.spent.steps == 1 else 'calls'}"
        console.print(f"           {name:<10} {calls:>10}  {stage.words()}", highlight=False, style="dim")
    table = Table("", "hypothesis", "difference", "corrected p", "verdict", box=None, pad_edge=False)
    for name, test in told["tests"].items():
        interval = f"{test['difference']:+.4g} [{test['ci_low']:+.4g}, {test['ci_high']:+.4g}]"
        table.add_row(name, escape(test["statement"]), interval, f"{test['p_corrected']:.3g}", test["verdict"])
    if told["tests"]:
        console.print(table)
    if told["review"]:
        review = f"{told['review']['decision']}: {told['review']['summary']}"
        console.print(f"[dim]review   [/dim]{escape(review)}", highlight=False)


def write_page(path: Path, file: Path) -> None:
    """Write the page of a run's tree."""
    from ai_scientist.search.page import run_page

    write_atomic(file, run_page(RunFolder.open(path)).encode())
    click.echo(str(file))


def _tests(tests: dict[str, Any]) -> dict[TestId, dict[str, Any]]:
    kept = ("difference", "ci_low", "ci_high", "p_corrected", "verdict", "n", "method")
    return {
        TestId(name): {"statement": test["hypothesis"]["statement"], **{key: test[key] for key in kept}}
        for name, test in tests.items()
    }
