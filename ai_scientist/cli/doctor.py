"""`doctor`: what this machine has and lacks, with the cure for each."""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.util import find_spec

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ai_scientist.core.research_template import template_names
from ai_scientist.paper.latexmk import CURE, find_latex
from ai_scientist.sandbox.choose import Check, probe
from ai_scientist.sandbox.sweep import sweep_leftovers

NEEDED = ("python", "git", "sandbox")
"""Without one of these a run cannot work; the others cost something, but not the run."""


def checks() -> tuple[Check, ...]:
    """Return every fact that a run depends on."""
    return (_python(), _git(), *probe(), _leftovers(), _latex(), _templates(), _key(), _semantic())


def examine(*, as_json: bool) -> int:
    """Print the facts and return the exit code: 0 if a run can work."""
    found = checks()
    ready = all(check.ok for check in found if check.name in NEEDED)
    if as_json:
        told = [{"name": c.name, "ok": c.ok, "found": c.found, "cure": c.cure} for c in found]
        click.echo(json.dumps({"ready": ready, "checks": told}, ensure_ascii=False))
        return 0 if ready else 1
    table = Table("", "", "found", "cure", box=None, pad_edge=False)
    for check in found:
        mark = "[green]ok[/]" if check.ok else "[red]no[/]" if check.name in NEEDED else "[yellow]—[/]"
        table.add_row(mark, check.name, escape(check.found), escape(check.cure))
    console = Console()
    console.print(table)
    console.print("Ready." if ready else "Not ready: a run cannot work here yet.")
    return 0 if ready else 1


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check(name="python", ok=sys.version_info >= (3, 11), found=version, cure="")


def _git() -> Check:
    path = shutil.which("git")
    return Check(name="git", ok=bool(path), found=path or "not found", cure="" if path else "apt-get install git")


def _leftovers() -> Check:
    """Clear away what dead runs left."""
    swept = sweep_leftovers()
    return Check(name="leftovers", ok=True, found=f"removed {', '.join(swept)}" if swept else "dead runs left nothing")


def build(variant: str, base: str | None) -> None:
    """Build a standard image, and say what it is.

    Raises:
        MissingTool: If no Docker engine answers.
        SandboxError: If it cannot be built.
    """
    from ai_scientist.sandbox.docker import connect
    from ai_scientist.sandbox.docker_image import build_image

    client = connect()
    try:
        click.echo(f"Building the image {variant}; this takes some minutes …", err=True)
        image = build_image(client, variant, base=base)
    finally:
        client.close()
    click.echo(f"{image.name} is {image.id}", err=True)


def _latex() -> Check:
    found = find_latex()
    return Check(name="latex", ok=found.is_ready, found=found.found, cure="" if found.is_ready else CURE)


def _templates() -> Check:
    names = template_names()
    return Check(name="research templates", ok=bool(names), found=", ".join(names) or "none", cure="")


def _key() -> Check:
    is_set = bool(os.environ.get("OPENAI_API_KEY"))
    cure = "" if is_set else "only for a language model: export OPENAI_API_KEY=…, or use --base-url"
    return Check(name="language model key", ok=is_set, found="set" if is_set else "not set; rules need none", cure=cure)


def _semantic() -> Check:
    there = all(find_spec(name) for name in ("chromadb", "sentence_transformers"))
    cure = "" if there else "only for semantic search: pip install 'ai-scientist[semantic]'"
    return Check(name="semantic search", ok=there, found="installed" if there else "not installed", cure=cure)
