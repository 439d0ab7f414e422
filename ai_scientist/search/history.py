"""Going back: a node's program as a working copy, the difference of two, and a second search that begins at a node."""

from __future__ import annotations

import os
import shutil
from bisect import bisect_left
from pathlib import Path

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.ids import NodeId
from ai_scientist.core.jsonl import write_atomic
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.members import node_id, node_number


def export(journal: Journal, checkpoints: Checkpoints, node: NodeId, folder: Path) -> list[Path]:
    """Write a node's program into a folder and return the files, sorted.

    Raises:
        ConfigError: If there is no such node, or the folder has something in it or cannot be written.
    """
    checkpoint = journal.node(node).checkpoint
    _must_be_empty(folder)
    try:
        checkpoints.materialise(checkpoint, folder)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror or error}.") from error
    return sorted(folder / name for name in checkpoints.load(checkpoint).files)


def diff_nodes(journal: Journal, checkpoints: Checkpoints, before: NodeId, after: NodeId) -> str:
    """Return what changed from one node's program to another's, as a unified diff.

    Raises:
        ConfigError: If there is no such node.
    """
    return checkpoints.diff(journal.node(before).checkpoint, journal.node(after).checkpoint)


def fork(journal: Journal, checkpoints: Checkpoints, node: NodeId, folder: Path) -> None:
    """Make a second search that has the first one's past up to a node's outcome, and a future of its own.

    The folder gets journal.jsonl and checkpoints.git. Nodes that ran at that moment are evaluated again there.

    Raises:
        ConfigError: If there is no such node, it has no outcome, or the folder has something in it.
    """
    end = journal.end_of(node)
    _must_be_empty(folder)
    try:
        _copy_repository(checkpoints.path, folder / "checkpoints.git", last=node_number(_last_before(journal, end)))
        with journal.path.open("rb") as file:
            write_atomic(folder / "journal.jsonl", file.read(end))
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror or error}.") from error


def _last_before(journal: Journal, end: int) -> NodeId:
    """The newest node that was proposed before an offset of the file."""
    return node_id(bisect_left(range(1, len(journal) + 1), end, key=lambda n: journal.begin_of(node_id(n))))


def _copy_repository(source: Path, target: Path, *, last: int) -> None:
    """Copy a bare repository. Objects never change, so that they are linked where the file system can."""

    def keep(folder: str, names: list[str]) -> list[str]:
        if Path(folder) != source / "refs" / "nodes":
            return [name for name in names if name.startswith("tmp_")]
        return [name for name in names if node_number(NodeId(name)) > last]

    def link(old: str, new: str) -> str:
        if "/objects/" in old:
            try:
                os.link(old, new)
                return new
            except OSError:
                pass
        return shutil.copy2(old, new)

    shutil.copytree(source, target, ignore=keep, copy_function=link)


def _must_be_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is not an empty folder.")
