"""From the confirmed rows to cells, tests, figures and tables."""

from __future__ import annotations

from collections.abc import Sequence

from ai_scientist.agents.analysis import DisplayAnswer, DisplayFacts, choose_displays
from ai_scientist.agents.story import tell
from ai_scientist.agents.writing import Story
from ai_scientist.analysis.cells import Results, read_results, write_results
from ai_scientist.analysis.family import count_family
from ai_scientist.analysis.figure_data import NothingToDraw, TreePoint
from ai_scientist.analysis.figures import draw_figure
from ai_scientist.analysis.results import build_results
from ai_scientist.analysis.rows import Row, RunConfig
from ai_scientist.analysis.tables import NothingToShow, make_table
from ai_scientist.core.errors import AnswerInvalid
from ai_scientist.core.ids import NodeId
from ai_scientist.core.jsonl import read_json, read_lines, write_json
from ai_scientist.core.ledger import read_events
from ai_scientist.core.plan import Plan
from ai_scientist.core.values import Value
from ai_scientist.graph.gates import ask
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.planning import locked_plan
from ai_scientist.graph.soundness import check_soundness
from ai_scientist.graph.state import State, Update
from ai_scientist.paper.document import Figure, Table
from ai_scientist.search.values import target_mean

TRIES = 3
"""How often displays that cannot be made are asked for again."""


class Displays(Value):
    """What results/displays.json holds."""

    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]


def confirmed_node(state: State) -> NodeId:
    """Return the node whose rows the paper rests on."""
    return NodeId(state["confirmed"] or "")


def rows_of(node: NodeId, parts: Parts) -> tuple[Row, ...]:
    """Return the rows that the harness kept of a node."""
    return tuple(Row.model_validate(line.value) for line in read_lines(parts.folder.node(node) / "rows.jsonl"))


def config_of(node: NodeId, parts: Parts) -> RunConfig:
    """Return what a node's program said about itself."""
    return RunConfig.model_validate(read_json(parts.folder.node(node) / "config.json"))


def results_of(parts: Parts) -> Results:
    """Return the result store."""
    return read_results(parts.folder.results)


def displays_of(parts: Parts) -> Displays:
    """Return the figures and tables that were made."""
    return Displays.model_validate(read_json(parts.folder.results / "displays.json"))


def story_of(state: State, parts: Parts) -> Story:
    """Return how the search went."""
    return tell(parts.journal, locked_plan(parts), confirmed_node(state))


async def analyse(state: State, parts: Parts) -> Update:
    """Compute cells and tests from the confirmed rows alone, and draw what shows them."""
    plan, node = locked_plan(parts), confirmed_node(state)
    rows, config = rows_of(node, parts), config_of(node, parts)
    events = [event for event, _ in read_events(parts.folder.ledger)]
    results = build_results(rows, plan, config, family=count_family(events, plan, rows))
    files = write_results(results, parts.folder.results)
    facts = {"node": node, "cells": len(results.cells), "tests": len(results.tests)}
    parts.ledger.record("results.built", actor="harness", inputs=[plan.hash], files=files, facts=facts)
    await check_soundness(parts.journal.node(node), rows, config, plan, parts)
    await show(state, parts)
    return {}


async def show(state: State, parts: Parts, *, problems: tuple[str, ...] = ()) -> None:
    """Have figures and tables chosen, and make them.

    Args:
        state: Says which node was confirmed.
        parts: What it is made with.
        problems: What is wrong with those that there are.
    """
    plan, results = locked_plan(parts), results_of(parts)
    rows = rows_of(confirmed_node(state), parts)
    curves = tuple(sorted({row.metric for row in rows if not row.is_final}))
    made = Displays(figures=(), tables=())
    for _ in range(TRIES):
        wanted = await choose_displays(
            parts.model, DisplayFacts(plan=plan, results=results, curves=curves, problems=problems)
        )
        made, problems = _make(wanted, results, rows, plan, state, parts)
        if not problems:
            break
    if not made.figures or not made.tables:
        raise AnswerInvalid(f"No figure or no table could be made: {'; '.join(problems)}")
    file = parts.folder.results / "displays.json"
    write_json(file, made.model_dump(mode="json"))
    parts.ledger.record("displays.made", actor="harness", files=[file])


def _make(
    wanted: DisplayAnswer, results: Results, rows: Sequence[Row], plan: Plan, state: State, parts: Parts
) -> tuple[Displays, tuple[str, ...]]:
    """Make what can be made; say of the rest why it can't."""
    figures: list[Figure] = []
    tables: list[Table] = []
    problems: list[str] = []
    points = tree_points(state, parts)
    for curve in wanted.figures:
        try:
            drawn = draw_figure(curve, results, rows, plan, parts.folder.results / "figures", points=points)
        except NothingToDraw as error:
            problems.append(f"{curve.name}: {error}")
            continue
        parts.ledger.record("figure.drawn", actor="harness", files=drawn.files)
        file = drawn.pdf.relative_to(parts.folder.path).as_posix()
        figures.append(Figure(name=curve.name, file=file, caption=curve.caption, wide=drawn.wide))
    for request in wanted.tables:
        try:
            text = make_table(request.metrics, request.conditions, request.datasets, results, plan)
        except NothingToShow as error:
            problems.append(f"{request.name}: {error}")
            continue
        table = Table(name=request.name, columns=text.columns, body=text.body, caption=request.caption, wide=text.wide)
        path = parts.folder.results / "tables" / f"{table.name}.json"
        write_json(path, table.model_dump(mode="json"))
        parts.ledger.record("table.made", actor="harness", files=[path])
        tables.append(table)
    return Displays(figures=tuple(figures), tables=tuple(tables)), tuple(problems)


def tree_points(state: State, parts: Parts) -> tuple[TreePoint, ...]:
    """Return the search's nodes as its figure shows them: the target's values on search seeds, confirm left out."""
    plan = locked_plan(parts)
    chosen = set(parts.journal.lineage(confirmed_node(state)))
    number = {node.id: node.number for node in parts.journal.nodes}
    return tuple(
        TreePoint(
            number=node.number,
            stage=node.stage,
            value=target_mean(node.outcome, plan) if node.outcome else None,
            parent=number[node.parents[0]] if node.parents else None,
            chosen=node.id in chosen,
        )
        for node in parts.journal.nodes
        if node.is_finished and node.stage != "confirm"
    )


async def gate_results(state: State, parts: Parts) -> Update:
    """Let a person see the results before anything is written; results themselves cannot be edited."""
    results = results_of(parts)
    artifact = {name: test.model_dump(mode="json", exclude={"rows"}) for name, test in results.tests.items()}
    reply = ask("results", parts.settings, artifact)
    if reply.action == "stop":
        return {"status": "stopped"}
    return {"guidance": reply.text} if reply.action == "redirect" else {}
