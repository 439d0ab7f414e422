"""The journal's lines: what each event of the search says.

A line is one JSON object: `event` holds everything that the derived views need; `outcome`, where there is one, holds
the rest. Keys are written in order, so that a reader who only wants the views never parses the long part.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from ai_scientist.core.ids import NodeId
from ai_scientist.core.values import Value
from ai_scientist.search.node import Node, Outcome, Score, Status
from ai_scientist.search.stage import Stage

SCHEMA_VERSION = 1


class Opened(Value):
    """The journal was opened for writing; `dropped_bytes` of a torn last line were cut off."""

    kind: Literal["opened"] = "opened"
    time: str
    schema_version: int = SCHEMA_VERSION
    dropped_bytes: int = 0


class Root(Value):
    """A node that a stage grows from, with its score as this stage's value function sees it."""

    node: NodeId
    score: Score | None


class StageEntered(Value):
    """A stage began, or was entered again with other limits."""

    kind: Literal["stage_entered"] = "stage_entered"
    time: str
    stage: Stage
    roots: tuple[Root, ...]


class StageLeft(Value):
    """A stage is complete."""

    kind: Literal["stage_left"] = "stage_left"
    time: str
    stage: str
    reason: str
    best: NodeId | None


class NodeProposed(Value):
    """A node exists: its program is committed, it waits or runs. Its outcome and score are still None."""

    kind: Literal["node_proposed"] = "node_proposed"
    time: str
    node: Node


class NodeFinished(Value):
    """A node has an outcome, which stands beside the event. `status` repeats the outcome's."""

    kind: Literal["node_finished"] = "node_finished"
    time: str
    node: NodeId
    status: Status
    score: Score | None


class NodeInterrupted(Value):
    """An evaluation was broken off without an outcome; the node will be evaluated again."""

    kind: Literal["node_interrupted"] = "node_interrupted"
    time: str
    node: NodeId
    why: str


class NodeRescored(Value):
    """A node's score, with the replications that `replicas` names taken into account."""

    kind: Literal["node_rescored"] = "node_rescored"
    time: str
    node: NodeId
    stage: str
    score: Score | None
    replicas: tuple[NodeId, ...]


class ProposalRejected(Value):
    """What an operator proposed cannot be used, and it is asked again.

    Attributes of note: `same_as` is the earlier node with the very same program, where that was the reason.
    """

    kind: Literal["proposal_rejected"] = "proposal_rejected"
    time: str
    stage: str
    parents: tuple[NodeId, ...]
    operator: str
    why: str
    title: str = ""
    same_as: NodeId | None = None


class ExpansionGivenUp(Value):
    """An operator brought nothing usable in the tries that it had."""

    kind: Literal["expansion_given_up"] = "expansion_given_up"
    time: str
    stage: str
    parents: tuple[NodeId, ...]
    operator: str
    why: str


class OperatorExhausted(Value):
    """An operator has nothing more to propose for these parents in this stage; it is never asked again."""

    kind: Literal["operator_exhausted"] = "operator_exhausted"
    time: str
    stage: str
    parents: tuple[NodeId, ...]
    operator: str


class Rewound(Value):
    """The search went back to a node: what stands between `cut` (an offset in the file) and here counts no more."""

    kind: Literal["rewound"] = "rewound"
    time: str
    node: NodeId
    cut: int


Event = Annotated[
    Opened
    | StageEntered
    | StageLeft
    | NodeProposed
    | NodeFinished
    | NodeInterrupted
    | NodeRescored
    | ProposalRejected
    | ExpansionGivenUp
    | OperatorExhausted
    | Rewound,
    Field(discriminator="kind"),
]


class Record(Value):
    """One line."""

    event: Event
    outcome: Outcome | None = None


EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
