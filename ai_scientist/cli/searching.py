"""`search export`, `diff`, `fork`, `rewind`: programs and pasts out of a run's tree."""

from __future__ import annotations

from pathlib import Path

import click

from ai_scientist.core.clock import SystemClock
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.ids import NodeId
from ai_scientist.core.ledger import Ledger
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.history import diff_nodes, export, fork
from ai_scientist.search.journal import Journal
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
