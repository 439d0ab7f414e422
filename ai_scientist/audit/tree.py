"""The search: does the journal say what the ledger says, and do the rows say what both say?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from ai_scientist.audit.brief import Brief, Tree
from ai_scientist.audit.chain import Chain
from ai_scientist.audit.notebook import Notebook
from ai_scientist.audit.rows import check_node_rows
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.ids import CheckpointId, NodeId
from ai_scientist.core.ledger import Event
from ai_scientist.core.plan import Plan
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.node import Node, Outcome
from ai_scientist.search.records import NodeFinished, NodeProposed, Record
from ai_scientist.search.values import target_mean


def check_tree(run: RunFolder, chain: Chain, plan: Plan, book: Notebook) -> Tree:
    """Return the journal's nodes, each compared with its event, its rows and its program."""
    finished = {str(event.facts.get("node")): event for event in chain.of_kind("node.finished")}
    proposed = {str(event.facts.get("node")) for event in chain.of_kind("node.proposed")}
    checkpoints = Checkpoints(run.checkpoints)
    nodes: dict[str, Brief] = {}
    for number, record in _records(run.journal, book):
        where = f"search/journal.jsonl, line {number}"
        event = record.event
        if isinstance(event, NodeProposed):
            book.look("node")
            nodes[event.node.id] = _brief(event.node)
            _check_program(event.node, checkpoints, where, book)
        elif isinstance(event, NodeFinished):
            node = nodes.get(event.node)
            if node is None or record.outcome is None:
                book.find("node", where, f"{event.node} finished, but was never proposed or has no outcome.")
                continue
            nodes[event.node] = _finished(node, event, record.outcome, plan)
            told = finished.get(event.node)
            if told is None:
                book.find("node", where, f"The ledger knows no end of {event.node}, which the journal records.")
                continue
            _compare(nodes[event.node], told, where, book)
            with book.naming_what_cannot_be_read(run.path):
                check_node_rows(run, nodes[event.node], record.outcome.measurements, plan, book)
    for name in sorted((finished.keys() | proposed) - nodes.keys()):
        book.find("node", "search/journal.jsonl", f"The journal has lost {name}, which the ledger records.")
    for name in sorted(finished.keys() & nodes.keys()):
        if nodes[name].status is None:
            book.find(
                "node", "search/journal.jsonl", f"The journal has lost the end of {name}, which the ledger records."
            )
    return nodes


def _records(path: Path, book: Notebook) -> Iterator[tuple[int, Record]]:
    if not path.exists():
        book.find("node", "search/journal.jsonl", "The search has no journal.")
        return
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                record = Record.model_validate_json(raw)
            except ValidationError:
                if raw.endswith(b"\n"):
                    book.find("node", f"search/journal.jsonl, line {number}", "The line is not what a search writes.")
                continue
            yield number, record


def _brief(node: Node) -> Brief:
    return Brief(
        id=node.id,
        number=node.number,
        stage=node.stage,
        operator=node.operator,
        title=node.title,
        parents=tuple(node.parents),
        checkpoint=node.checkpoint,
        move=node.move,
        components=node.components,
        is_copy=node.same_as is not None,
    )


def _finished(node: Brief, event: NodeFinished, outcome: Outcome, plan: Plan) -> Brief:
    value = target_mean(outcome, plan)
    return replace(node, status=event.status.value, value=value, seeds=outcome.seeds)


def _check_program(node: Node, checkpoints: Checkpoints, where: str, book: Notebook) -> None:
    """The program must be in the repository under its hash, and be the one that the journal names."""
    try:
        stored = checkpoints.load(CheckpointId(node.checkpoint))
        named = checkpoints.of_node(NodeId(node.id))
    except (RunCorrupted, OSError) as error:
        book.find("code", "search/checkpoints.git", f"The program of {node.id} cannot be read: {error}")
        return
    if stored.tree != node.tree or named != node.checkpoint:
        book.find("code", where, f"The program of {node.id} is not the one that the journal names.")


def _compare(node: Brief, event: Event, where: str, book: Notebook) -> None:
    """The journal's outcome against the ledger's."""
    said = {"stage": node.stage, "status": node.status, "checkpoint": node.checkpoint, "seeds": list(node.seeds)}
    for name, value in said.items():
        if name in event.facts and event.facts[name] != value:
            book.find("node", where, f"{node.id}: the journal's {name} is {value}, the ledger's {event.facts[name]}.")
