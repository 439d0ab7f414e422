"""A node as one stage sees it, and the families of operators that decide what a child does to its parents."""

from __future__ import annotations

from dataclasses import dataclass

from ai_scientist.core.ids import NodeId
from ai_scientist.search.ranking import Key

FROM_NOTHING = frozenset({"draft"})
FROM_BUGGY = frozenset({"debug"})
FROM_ROOTS = frozenset({"ablate", "replicate"})
FROM_PAIRS = frozenset({"recombine"})
NOT_GROWTH = FROM_NOTHING | FROM_BUGGY | FROM_ROOTS | FROM_PAIRS
"""Any other operator grows one good node: improve, tune, and a user's own."""


def node_id(number: int) -> NodeId:
    """Return the identifier of the node of that number."""
    return NodeId(f"n{number:04d}")


def node_number(node: NodeId) -> int:
    """Return the number of a node; 0 if the text is no identifier of a node."""
    return int(node[1:]) if node[:1] == "n" and node[1:].isdigit() else 0


@dataclass(slots=True)
class Member:
    """A node as one stage sees it. `up` is the number of its first parent in the stage, 0 if there is none."""

    number: int
    up: int
    depth: int
    debug_depth: int
    key: Key | None = None
    is_buggy: bool = False
    is_replica: bool = False
    """A re-evaluation of its parent: it has no value of its own, but counts in the parent's."""
    replicas: int = 0
    """Re-evaluations, running and reserved ones too."""
    seen_again: int = 0
    """Re-evaluations that its score is taken over."""
    grown: int = 0
    """Children but debug steps and re-evaluations; running and reserved ones count."""
    children: int = 0
    """All children, running and reserved ones too."""
    visits: int = 1
    """Nodes in its subtree, running and reserved ones too: a running node is a visit (virtual loss)."""
    valued: int = 0
    """Nodes in its subtree that have a value; kept only once somebody asked for means."""
    total: float = 0.0
    """Sum of those values."""

    @property
    def mean(self) -> float:
        """Mean value of its subtree."""
        return self.total / self.valued if self.valued else 0.0


@dataclass(slots=True)
class Tries:
    """How an operator fared with some parents; rejections count since it last brought something or was given up."""

    rejected: int = 0
    given_up: int = 0
    problem: str = ""
