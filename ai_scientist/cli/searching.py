"""`search export`, `search diff`, `search fork`: programs and pasts out of a run's tree."""

from __future__ import annotations

from pathlib import Path

import click

from ai_scientist.core.ids import NodeId
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.history import diff_nodes, export, fork
from ai_scientist.search.journal import Journal


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
