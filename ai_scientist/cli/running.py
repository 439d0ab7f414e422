"""`run` and `resume`: call the graph, answer its gates, print what came out."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Literal

import click
from rich.console import Console

from ai_scientist.cli.progress import Display
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.jsonl import read_json
from ai_scientist.core.settings import Settings
from ai_scientist.graph.gates import GateReply
from ai_scientist.graph.run import resume, start
from ai_scientist.graph.run_result import RunResult

Action = Literal["approve", "edit", "redirect", "stop"]


def carry_out_run(topic: str, settings: Settings, *, as_json: bool) -> RunResult:
    """Start a run, with a live display on stderr."""
    with Display(Console(stderr=True)) as display:
        result = asyncio.run(start(topic, settings, progress=display))
    return _answer_gates(result, as_json=as_json)


def carry_out_resume(folder: Path, *, reply: str | None, text: str, edited: Path | None, as_json: bool) -> RunResult:
    """Go on with a run."""
    answer = None
    if reply is not None:
        value = read_json(edited) if edited else None
        if reply == "edit" and not isinstance(value, dict):
            raise ConfigError("--reply edit needs --file with the edited artifact: one JSON object.")
        answer = GateReply.model_validate({"action": reply, "text": text, "value": value})
    return _answer_gates(_resume(folder, answer), as_json=as_json)


def _resume(folder: Path, answer: GateReply | None) -> RunResult:
    with Display(Console(stderr=True)) as display:
        return asyncio.run(resume(folder, reply=answer, progress=display))


def _answer_gates(result: RunResult, *, as_json: bool) -> RunResult:
    """Ask a person who sits at the terminal; anybody else answers with `resume --reply`."""
    while result.status == "waiting" and result.waiting and sys.stdin.isatty() and not as_json:
        click.echo(f"\nThe run waits at the gate '{result.waiting['gate']}'.", err=True)
        click.echo(json.dumps(result.waiting["artifact"], indent=1, ensure_ascii=False), err=True)
        said: Action = click.prompt(
            "approve, redirect or stop", type=click.Choice(("approve", "redirect", "stop")), default="approve", err=True
        )
        text = click.prompt("What should be different", err=True) if said == "redirect" else ""
        result = _resume(result.run, GateReply(action=said, text=text))
    return result


def summary(result: RunResult) -> dict[str, Any]:
    """Return what --json prints."""
    return {
        "run": str(result.run),
        "status": result.status,
        "pdf": _text(result.pdf),
        "code": _text(result.code),
        "reviews": _text(result.reviews),
        "audit": _text(result.audit),
        "verdict": result.verdict,
        "ledger": ledger_head(result),
        "seconds": round(result.seconds, 1),
        "cost_usd": result.cost_usd,
        "tokens": result.spent.spent.tokens,
        "budget": result.spent.facts(),
        "waiting": result.waiting,
        "problem": result.problem,
    }


def ledger_head(result: RunResult) -> str:
    """Return the hash of the ledger's last line when the run was audited; whoever keeps it pins the run's history."""
    return str(read_json(result.audit).get("ledger", "")) if result.audit else ""


def _text(path: Path | None) -> str | None:
    return str(path) if path else None


def print_result(result: RunResult, *, as_json: bool) -> None:
    """Say where everything is, how long it took and what it cost."""
    if as_json:
        click.echo(json.dumps(summary(result), ensure_ascii=False))
        if result.problem:
            click.echo(f"ai-scientist: {result.problem}", err=True)
        return
    lines = [
        ("paper", _shown(result.pdf) or _no_paper(result)),
        ("code", _shown(result.code) or "none"),
        ("reviews", _shown(result.reviews) or "none"),
        ("audit", f"{_shown(result.audit)} ({result.verdict})" if result.audit else "none"),
        ("ledger", ledger_head(result) or "not audited"),
        ("took", f"{result.seconds:.0f} s"),
        ("spent", result.spent.words()),
    ]
    click.echo(f"\n{result.run.name}: {_status(result)}")
    for name, value in lines:
        click.echo(f"  {name:<8}{value}")
    if result.status == "waiting":
        click.echo(f"Answer the gate with: ai-scientist resume {_shown(result.run)} --reply approve|edit|redirect|stop")
    elif result.status == "failed":
        click.echo(f"Go on with: ai-scientist resume {_shown(result.run)}")


def _shown(path: Path | None) -> str:
    """Return a path as it can be typed here: short where it lies below."""
    if path is None:
        return ""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _no_paper(result: RunResult) -> str:
    return "none (see `ai-scientist doctor`)" if result.audit else "none: the run did not come so far"


def _status(result: RunResult) -> str:
    words = {
        "done": "done",
        "failed": f"failed. {result.problem}",
        "budget": f"a budget ended it. {result.problem}".rstrip(),
        "waiting": f"waits at the gate '{(result.waiting or {}).get('gate', '')}'",
        "stopped": "stopped at a gate",
    }
    return words[result.status]
