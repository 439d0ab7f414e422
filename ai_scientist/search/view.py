"""The tree in a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from ai_scientist.core.ids import NodeId
from ai_scientist.search.journal import Journal
from ai_scientist.search.members import node_id
from ai_scientist.search.node import Node, Status
from ai_scientist.search.views import StageView

MOST = 400
"""Nodes that are shown; the best, their lines and the newest come first, the others are counted."""

COLOURS = {
    Status.OK: "green",
    Status.CRASHED: "red",
    Status.TIMED_OUT: "magenta",
    Status.OUT_OF_MEMORY: "magenta",
    Status.REFUSED: "yellow",
    Status.CANCELLED: "dim",
}


def tree_text(journal: Journal, *, most: int = MOST) -> RenderableType:
    """Return a journal's tree, and above it a line for each stage. A long tree is cut, and says how much."""
    heads = [_stage_line(journal.stage(name)) for name in journal.stages]
    bests = {best: name for name in journal.stages if (best := journal.best(name))}
    shown = _choose(journal, bests, most)
    root = Tree(Text(f"{len(journal)} nodes", style="bold"), guide_style="dim")
    branches: dict[NodeId, Tree] = {}
    for node in shown:
        above = journal.parents(node)
        trunk = branches.get(above[0], root) if above else root
        branches[node] = trunk.add(_node_line(journal.node(node), bests.get(node, "")))
    if hidden := len(journal) - len(shown):
        root.add(Text(f"… and {hidden} more", style="dim"))
    return Group(*heads, root)


def _choose(journal: Journal, bests: dict[NodeId, str], most: int) -> list[NodeId]:
    """The nodes to show, parents before children: all if they are few enough."""
    if len(journal) <= most:
        return [node_id(number) for number in range(1, len(journal) + 1)]
    wanted: dict[NodeId, None] = {}
    newest = (node_id(number) for number in range(len(journal), 0, -1))
    top = (node_id(-key[2]) for name in journal.stages for key in list(journal.stage(name).ranking)[: -most // 4 : -1])
    for candidate in (*bests, *top, *newest):
        line = journal.lineage(candidate)
        if len(wanted.keys() | set(line)) > most:
            break
        wanted.update(dict.fromkeys(line))
    return sorted(wanted, key=lambda node: int(node[1:]))


def _stage_line(view: StageView) -> Text:
    line = Text.assemble((f"{view.stage.name:<11}", "bold cyan"), f"{view.made:>5} nodes, {view.good} good")
    if view.best and view.best_score:
        line.append(f", best {view.best} at {view.best_score.value:.6g}")
    line.append(f"  ({view.reason})" if view.reason else "  (unfinished)", style="dim")
    return line


def _node_line(node: Node, best_of: str) -> Text:
    status = node.outcome.status if node.outcome else None
    line = Text.assemble(
        (node.id, f"bold {COLOURS[status]}" if status else "bold blue"), " ", (f"{node.stage}/{node.operator} ", "dim")
    )
    if node.score:
        spread = f" ± {node.score.stderr:.2g}" if node.score.stderr is not None else ""
        line.append(f"{node.score.value:.6g}{spread} ")
    elif status is None:
        line.append("running ", style="blue")
    else:
        line.append(f"{status.value.replace('_', ' ')} ", style=COLOURS[status])
    line.append(node.title)
    if len(node.parents) > 1:
        line.append(f"  (with {', '.join(node.parents[1:])})", style="dim")
    if node.same_as:
        line.append(f"  = {node.same_as}", style="dim")
    if best_of:
        line.append(f"  ★ best of {best_of}", style="bold yellow")
    return line
