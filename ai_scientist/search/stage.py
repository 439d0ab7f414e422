"""What policies, operators and stages say to each other, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from ai_scientist.core.ids import NodeId, Sha256
from ai_scientist.core.values import Value


class Stage(Value):
    """A phase of the search, as data.

    Attributes:
        name: "implement", "tune", "explore", "ablate", "confirm", or a user's own.
        goal: What it is for, as operators and papers say it.
        operators: Names of those that it may use, preferred ones first.
        policy: Name of the one that chooses.
        target: Condition whose primary metric is the value here.
        nodes: Most nodes it may create.
        enough_good: It is complete with this many good nodes of its own; None: only the other limits end it.
        patience: It is complete when this many nodes in a row brought no better one; None: never.
        root: What its first nodes grow from: "none" (drafts), "best" (the best node of the last stage that has one), or
            "best:NAME" (the best node of the stage of that name).
        hand_on: What a later stage grows from: its best node, or the newest good one of its own ("newest"), for a
            stage such as ablate whose nodes measure more and do not compete.
        seeds: Seeds of each evaluation.
        drafts: Drafts that come before everything else, where the stage may draft.
        debug_probability: How often a buggy leaf is debugged rather than a good node grown.
        debug_depth: Most debug steps in a row.
        depth: Longest path from the stage's roots; None: no limit.
        width: Most children that a node gets here, debug steps not counted; None: no limit.
        exploration: Weight of the bonus for seldom visited nodes, in the policies that have one.
        recombination: How often two good nodes are recombined, where the stage may.
        prune_below: Nodes of a lower value are not grown; None: all good ones may be.
        reevaluations: How often the best node may be run again, on fresh seeds, while it is not clear that it is best;
            the operator "replicate" does it.
        spare_seeds: Where those seeds come from; a stage without any never re-evaluates.
        pilot_seeds: With so many seeds a node must first show that it may still beat the best one; 0: all at once.
        early_stop: Whether a node is ended once its curve over steps falls behind those of others.
    """

    name: str
    goal: str
    operators: tuple[str, ...]
    policy: str = "best_first"
    target: str
    nodes: int
    enough_good: int | None = None
    patience: int | None = None
    root: str = "best"
    hand_on: Literal["best", "newest"] = "best"
    seeds: tuple[int, ...]
    drafts: int = Field(default=3, ge=0)
    debug_probability: float = Field(default=0.5, ge=0, le=1)
    debug_depth: int = Field(default=3, ge=0)
    depth: int | None = Field(default=None, ge=1)
    width: int | None = Field(default=None, ge=1)
    exploration: float = Field(default=1.0, ge=0)
    recombination: float = Field(default=0.2, ge=0, le=1)
    prune_below: float | None = None
    reevaluations: int = Field(default=0, ge=0)
    spare_seeds: tuple[int, ...] = ()
    pilot_seeds: int = Field(default=0, ge=0)
    early_stop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What a policy wants: these parents (none for a draft), by this operator."""

    parents: tuple[NodeId, ...]
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What an operator made: the child's whole program, and the words about it.

    Attributes:
        files: Path → text, the whole program.
        title: What was done, in a few words.
        rationale: Why.
        move: Name of the edit, if it has one.
        components: Moves in force in the child, oldest first.
        calls: Keys of the model calls behind it.
    """

    files: Mapping[str, str]
    title: str
    rationale: str = ""
    move: str = ""
    components: tuple[str, ...] = ()
    calls: tuple[Sha256, ...] = ()
