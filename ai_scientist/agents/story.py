"""How the search went, as a paper may tell it: computed from the journal alone."""

from __future__ import annotations

from ai_scientist.agents.operators import StageValues
from ai_scientist.agents.writing import Step, Story
from ai_scientist.core.ids import NodeId
from ai_scientist.core.plan import Plan
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Node, Status


def tell(journal: Journal, plan: Plan, confirmed: NodeId) -> Story:
    """Return the story of a finished search."""
    chosen = set(journal.lineage(confirmed))
    steps = tuple(_step(node, journal, node.id in chosen) for node in journal.nodes if node.is_finished)
    finished = [node for node in journal.nodes if node.outcome is not None]
    counts = {
        "nodes": len(finished),
        "failed_nodes": sum(node.outcome is not None and node.outcome.status is not Status.OK for node in finished),
        "good_nodes": sum(node.is_good for node in finished),
        "runs": sum(len(node.outcome.seeds) for node in finished if node.outcome and not node.same_as),
        "search_seeds": len(plan.search_seeds),
        "confirm_seeds": len(plan.confirm_seeds),
        "hypotheses": len(plan.hypotheses),
        "conditions": len(plan.conditions),
        "datasets": len(plan.datasets),
        "moves": len({node.move for node in finished if node.move}),
        "components": len(journal.node(confirmed).components),
    }
    for stage in plan.stages:
        counts[f"nodes_{stage.name}"] = sum(node.stage == stage.name for node in finished)
    return Story(steps=steps, components=journal.node(confirmed).components, counts=counts)


def _step(node: Node, journal: Journal, chosen: bool) -> Step:
    parent = journal.node(node.parents[0]) if node.parents else None
    added = [part for part in node.components if parent is None or part not in parent.components]
    return Step(
        node=node.id,
        stage=node.stage,
        operator=node.operator,
        title=node.title,
        move=node.move,
        component=added[0] if added else "",
        rationale=node.rationale,
        status=node.outcome.status.value if node.outcome else "running",
        improved=_improved(node, parent, journal),
        chosen=chosen,
    )


def _improved(node: Node, parent: Node | None, journal: Journal) -> bool | None:
    """Whether a node is better than its parent, as the stage that made it sees both; None where it cannot be said."""
    if parent is None:
        return None
    values = StageValues(journal, node.stage)
    mine, before = values.of(node), values.of(parent)
    return None if mine is None or before is None else mine > before
