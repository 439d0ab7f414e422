"""`search export`, `diff`, `fork`, `rewind`: programs and pasts out of a run's tree."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import SystemClock
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.ids import NodeId
from ai_scientist.core.ledger import Ledger
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.core.settings import Settings
from ai_scientist.graph.scored_search import CONTROLS, Found, search_task
from ai_scientist.models.build import build_model
from ai_scientist.models.check import check_model
from ai_scientist.models.names import is_language_model
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.history import diff_nodes, export, fork
from ai_scientist.search.journal import Journal
from ai_scientist.search.scored_task import ScoredTask
from ai_scientist.search.stages import CONFIRM


def export_node(run: Path, node: str, folder: Path) -> None:
    """Write a node's program into a folder and print its files."""
    place = RunFolder.open(run)
    with Journal.read(place.journal) as journal:
        for file in export(journal, Checkpoints(place.checkpoints), NodeId(node), folder):
            click.echo(str(file))


def show_diff(run: Path, before: str, after: str) -> None:
    """Print a unified diff of two nodes' programs."""
    place = RunFolder.open(run)
    with Journal.read(place.journal) as journal:
        click.echo(diff_nodes(journal, Checkpoints(place.checkpoints), NodeId(before), NodeId(after)), nl=False)


def fork_at(run: Path, node: str, folder: Path) -> None:
    """Copy a search up to a node, and print where it lies."""
    place = RunFolder.open(run)
    with Journal.read(place.journal) as journal:
        fork(journal, Checkpoints(place.checkpoints), NodeId(node), folder)
    click.echo(str(folder))


def rewind_to(run: Path, node: str) -> None:
    """Let a run's search forget what it did after a node had its outcome; `resume` then goes on from there.

    Raises:
        ConfigError: If the search is over and its results are in use, another process works on the run, or there is
            no such node.
    """
    place = RunFolder.open(run)
    with place.lock(), Journal.open(place.journal) as journal:
        if CONFIRM in journal.stages and journal.stage(CONFIRM).reason:
            raise ConfigError(f"The search of {run} is over and its results are in use; `search fork` makes another.")
        before = len(journal)
        journal.rewind(NodeId(node))
        ledger = Ledger(place.path, SystemClock())
        ledger.record("search.rewound", actor="human", key=f"rewind:{before}:{node}", facts={"to": node})
        ledger.close()
        withdrawn = sum(journal.is_withdrawn(other.id) for other in journal.nodes)
        click.echo(f"{withdrawn} of {len(journal)} nodes are withdrawn; `ai-scientist resume {run}` goes on.")


def carry_out_task(
    folder: Path, into: Path, settings: Settings, *, policies: Sequence[str], with_controls: bool, as_json: bool
) -> None:
    """Search for the program that scores best at a task, and print what each policy found.

    Raises:
        ConfigError: If the folder holds no task, its scorer is wrong, or no language model is named.
    """
    task = ScoredTask.open(folder)
    if not is_language_model(settings.model):
        raise ConfigError("A task's programs are changed by a language model: name one with --model.")
    asyncio.run(check_model(settings.model))
    clock = SystemClock()
    budget = Budget(settings.budget, clock)
    names = list(dict.fromkeys([*policies, *(CONTROLS if with_controls else ())]))
    with ExitStack() as closing:
        calls = into / "calls"
        model = build_model(
            settings.model, budget=budget, ledger=None, calls=calls, clock=clock, rules=None, closing=closing
        )
        found = asyncio.run(search_task(task, into, settings, model=model, policies=names))
    print_found(found, as_json=as_json)


def print_found(found: Sequence[Found], *, as_json: bool) -> None:
    """Print a table: what each policy found, what it is worth on the held-out set, and the gap between the two."""
    if as_json:
        told = [
            asdict(one)
            | {
                "folder": str(one.folder),
                "held_out": one.held_out.model_dump() if one.held_out else None,
                "gap": one.held_out.gap if one.held_out else None,
            }
            for one in found
        ]
        click.echo(json.dumps({"policies": told}))
        return
    table = Table("policy", "nodes", "good", "best", "score", "held out", "gap")
    for one in found:
        held = one.held_out
        mean = sum(held.scores) / len(held.scores) if held else None
        numbers = (
            f"{value:.6g}" if value is not None else "–" for value in (one.score, mean, held.gap if held else None)
        )
        table.add_row(one.policy, str(one.nodes), str(one.good), one.best or "–", *numbers)
    Console().print(table)
