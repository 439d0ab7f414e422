"""The rows of one node: against the plan, against the journal, and against what the program itself left behind."""

from __future__ import annotations

from collections.abc import Sequence

from ai_scientist.analysis.check import recheck_rows
from ai_scientist.analysis.family import CONFIRM
from ai_scientist.analysis.rows import Row, read_rows
from ai_scientist.audit.brief import Brief
from ai_scientist.audit.left import check_left
from ai_scientist.audit.notebook import Notebook
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.ids import NodeId
from ai_scientist.core.plan import Plan
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.search.node import Measurement, Status


def check_node_rows(run: RunFolder, node: Brief, measured: Sequence[Measurement], plan: Plan, book: Notebook) -> None:
    """Check the rows of a finished node; they are read once and let go."""
    file = run.node(NodeId(node.id)) / "rows.jsonl"
    path = f"search/nodes/{node.id}/rows.jsonl"
    if node.status != Status.OK:
        if file.exists():
            book.find("rows", path, f"{node.id} ended as {node.status}, so it can have no rows.")
        return
    try:
        rows = read_rows(file)
    except (RunCorrupted, UnicodeDecodeError) as error:
        book.find("rows", path, str(error).splitlines()[0])
        return
    book.look("row", len(rows))
    if not rows:
        book.find("rows", path, f"{node.id} ended well, but has no rows.")
        return
    for row in rows:
        if row.node != node.id or row.code != node.checkpoint:
            book.find("rows", path, f"A row is of {row.node} and program {row.code[:12]}, not of {node.id}'s own.")
            break
    _check_seeds(rows, node, plan, path, book)
    for problem in recheck_rows(rows, plan, components=node.components).problems:
        book.find("rows", path, problem)
    _compare_journal(rows, measured, path, book)
    check_left(run, node, rows, plan, book)


def _compare_journal(rows: Sequence[Row], measured: Sequence[Measurement], path: str, book: Notebook) -> None:
    finals = {(r.metric, r.condition, r.dataset, r.split, r.seed): r.value for r in rows if r.is_final}
    said = {(m.metric, m.condition, m.dataset, m.split, m.seed): m.value for m in measured}
    if finals == said:
        return
    for key in sorted(finals.keys() | said.keys()):
        if finals.get(key) != said.get(key):
            name = "/".join(map(str, key))
            book.find("rows", path, f"{name}: the rows say {finals.get(key)}, the journal {said.get(key)}.")


def _check_seeds(rows: Sequence[Row], node: Brief, plan: Plan, path: str, book: Notebook) -> None:
    there = {row.seed for row in rows}
    if there != set(node.seeds):
        missing = sorted(set(node.seeds) - there)
        why = (
            f"seeds {missing} have no rows"
            if missing
            else f"rows of seeds {sorted(there - set(node.seeds))} were added"
        )
        book.find("rows", path, f"{node.id} was run on {len(node.seeds)} seeds, but {why}.")
    if node.stage == CONFIRM and there != set(plan.confirm_seeds):
        book.find("rows", path, f"{node.id} was confirmed on other seeds than the plan's {len(plan.confirm_seeds)}.")
    if node.stage != CONFIRM and there & set(plan.confirm_seeds):
        book.find("rows", path, f"{node.id} of stage '{node.stage}' used seeds that are kept for confirming.")
