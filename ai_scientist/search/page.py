"""The tree as one HTML page that needs nothing else: no network, no server, no library.

Everything that programs and models wrote goes into the page as JSON and from there into text nodes, never into markup;
the page's own policy forbids it to load anything.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.ids import NodeId, Sha256
from ai_scientist.core.jsonl import read_json
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Node, Outcome
from ai_scientist.search.records import NodeFinished, NodeProposed

MOST_NODES = 4000
"""Nodes on the page: with more, the newest are left out and the page says so."""

TEXT_CHARACTERS = 20_000
"""Of a diff, a prompt, an answer, a log: head and tail are kept."""

PAGE_BYTES = 24 * 1024**2
"""About how much the details of all nodes may take together; best nodes and their lines are told first."""

FIGURE_BYTES = 512 * 1024
"""A figure larger than this is named, not shown."""

Talk = tuple[str, str]
"""A prompt and its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a node's details come from, apart from journal and checkpoints.

    Attributes:
        folder: A node's folder, with stdout.txt, stderr.txt and files/; None if there is none.
        talk: A model call by its key; None if it is not there.
    """

    folder: Callable[[NodeId], Path | None] = field(default=lambda node: None)
    talk: Callable[[Sha256], Talk | None] = field(default=lambda key: None)


def run_page(folder: RunFolder) -> str:
    """Return the page of a run's tree.

    Raises:
        RunCorrupted: If journal or checkpoints are not what the run left there.
    """
    sources = Sources(folder=folder.node, talk=lambda key: _read_talk(folder.calls / f"{key}.json"))
    with Journal.read(folder.journal) as journal:
        return tree_page(journal, Checkpoints(folder.checkpoints), title=folder.record().topic, sources=sources)


def tree_page(journal: Journal, checkpoints: Checkpoints, *, title: str, sources: Sources | None = None) -> str:
    """Return the page of a tree."""
    sources = sources or Sources()
    bests = {best: name for name in journal.stages if (best := journal.best(name))}
    kept = list(journal.nodes[:MOST_NODES])
    detailed = _details(journal, checkpoints, kept, bests, sources)
    hidden = len(journal) - len(kept)
    data = {
        "title": title + (f" (the first {len(kept)} of {len(journal)} nodes)" if hidden else ""),
        "nodes": [_basics(journal, node, bests) | detailed.get(node.id, _NOTHING) for node in kept],
        "events": list(_growth(journal, len(kept))),
    }
    page = resources.files("ai_scientist.search").joinpath("tree_page.html").read_text()
    return page.replace("/*DATA*/", json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"))


_NOTHING: dict[str, Any] = {
    "has_details": False,
    "rationale": "",
    "diff": "",
    "rows": [],
    "figures": [],
    "talks": [],
    "stdout": "",
    "stderr_text": "",
}


def _basics(journal: Journal, node: Node, bests: dict[NodeId, str]) -> dict[str, Any]:
    outcome = node.outcome
    return {
        "id": node.id,
        "parents": node.parents,
        "operator": node.operator,
        "stage": node.stage,
        "title": node.title,
        "move": node.move,
        "components": node.components,
        "same_as": node.same_as,
        "checkpoint": node.checkpoint,
        "withdrawn": journal.is_withdrawn(node.id),
        "best": bests.get(node.id, ""),
        "status": outcome.status.value if outcome else "running",
        "value": node.score.value if node.score else None,
        "stderr": node.score.stderr if node.score else None,
        "parts": node.score.parts if node.score else {},
        "diagnosis": _shorten(outcome.diagnosis) if outcome else "",
        "warnings": outcome.warnings if outcome else (),
        "seeds": outcome.seeds if outcome else (),
        "seconds": outcome.wall_seconds if outcome else None,
        "memory": outcome.peak_memory_bytes if outcome else None,
    }


def _details(
    journal: Journal, checkpoints: Checkpoints, nodes: Sequence[Node], bests: dict[NodeId, str], sources: Sources
) -> dict[NodeId, dict[str, Any]]:
    """The long parts, of as many nodes as fit: the best ones with their lines first, then the newest."""
    here = {node.id: node for node in nodes}
    order = dict.fromkeys(member for best in bests for member in reversed(journal.lineage(best)) if member in here)
    order.update(dict.fromkeys(node.id for node in reversed(nodes)))
    found: dict[NodeId, dict[str, Any]] = {}
    room = PAGE_BYTES
    for name in order:
        node = here[name]
        parent = journal.node(node.parents[0]).checkpoint if node.parents else None
        folder = sources.folder(name)
        detail: dict[str, Any] = {
            "has_details": True,
            "rationale": node.rationale,
            "diff": _shorten(checkpoints.diff(parent, node.checkpoint)),
            "rows": list(_rows(node.outcome)) if node.outcome else [],
            "figures": list(_figures(folder)) if folder else [],
            "talks": [tuple(map(_shorten, talk)) for key in node.calls if (talk := sources.talk(key))],
            "stdout": _log(folder, "stdout.txt"),
            "stderr_text": _log(folder, "stderr.txt"),
        }
        room -= len(json.dumps(detail))
        if room < 0:
            break
        found[name] = detail
    return found


def _growth(journal: Journal, most: int) -> Iterator[tuple[str, str]]:
    """What happened to which node, in order."""
    for record in journal.events():
        match record.event:
            case NodeProposed(node=node) if node.number <= most:
                yield node.id, "proposed"
            case NodeFinished(node=name) if int(name[1:]) <= most:
                yield name, "finished"
            case _:
                pass


def _rows(outcome: Outcome) -> Iterator[tuple[str, str, str, int, float]]:
    groups: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in outcome.measurements:
        groups[row.metric, row.condition, row.dataset].append(row.value)
    for (metric, condition, dataset), values in groups.items():
        yield metric, condition, dataset, len(values), sum(values) / len(values)


def _figures(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted((folder / "files").rglob("*.png")):
        if file.is_file() and not file.is_symlink() and file.stat().st_size <= FIGURE_BYTES:
            data = base64.b64encode(file.read_bytes()).decode()
            yield file.relative_to(folder).as_posix(), f"data:image/png;base64,{data}"


def _log(folder: Path | None, name: str) -> str:
    file = folder / name if folder else None
    if file is None or not file.is_file():
        return ""
    with file.open("rb") as stream:
        head = stream.read(2 * TEXT_CHARACTERS)
        size = stream.seek(0, 2)
        stream.seek(max(len(head), size - 2 * TEXT_CHARACTERS))
        tail = stream.read()
    return _shorten((head + (b"\n" if size > len(head) + len(tail) else b"") + tail).decode("utf-8", "replace"))


def _read_talk(file: Path) -> Talk | None:
    """A stored model call as prompt and answer; None if it is not there or has another form."""
    try:
        call = read_json(file)
        turns = [f"[{turn['role']}]\n{turn['text']}" for turn in call["address"]["messages"]]
        return "\n\n".join(turns), str(call["answer"]["text"])
    except (RunCorrupted, KeyError, TypeError):
        return None


def _shorten(text: str) -> str:
    if len(text) <= TEXT_CHARACTERS:
        return text
    half = TEXT_CHARACTERS // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
