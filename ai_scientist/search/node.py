"""One attempt in the tree, and what came of it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from ai_scientist.core.ids import CheckpointId, NodeId, Sha256
from ai_scientist.core.values import Value


class Status(StrEnum):
    """What came of a node."""

    OK = "ok"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    REFUSED = "refused"
    """It ran, but its rows broke the plan: unknown metric, value out of range, NaN, identical arms, dead seed."""
    CANCELLED = "cancelled"


class Measurement(Value):
    """One accepted row: the final value of a metric for one seed."""

    metric: str
    condition: str
    dataset: str
    split: str
    seed: int
    value: float


class Outcome(Value):
    """What an evaluator found out about a checkpoint.

    Attributes of note: `measurements` is empty unless the status is ok; `diagnosis` speaks of validity only and never
    of which way an effect points, because debug operators read it.
    """

    status: Status
    diagnosis: str = Field(default="", description="Why the status is not ok: the traceback's end, the broken rule.")
    measurements: tuple[Measurement, ...] = ()
    seeds: tuple[int, ...]
    warnings: tuple[str, ...] = ()
    wall_seconds: float
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    environment: str = Field(default="", description="Where it ran: the sandbox, and its image's digest or a hash.")
    artifacts: dict[str, str] = Field(default_factory=dict, description="Path in the node's folder → SHA-256.")


class Score(Value):
    """What a value function makes of an outcome.

    Attributes of note: higher is always better; `stderr` is the standard error over seeds, None with one seed.
    """

    value: float
    stderr: float | None = None
    parts: dict[str, float] = Field(default_factory=dict, description="The terms of a composite value.")


class Node(Value):
    """One attempt. Written once, never changed: a running node has no outcome yet, a finished one has.

    Attributes of note: `move` names the edit where there is one (a research template's move, a model's own label);
    `components` are the moves in force in this program, oldest first; `same_as` is an earlier node whose program has
    the same tree hash.
    """

    id: NodeId
    number: int = Field(description="Order of creation, from 1.")
    parents: tuple[NodeId, ...]
    operator: str
    stage: str
    title: str
    rationale: str = ""
    move: str = ""
    components: tuple[str, ...] = ()
    checkpoint: CheckpointId
    tree: str = Field(description="Git's hash of the program's files: equal programs have equal hashes.")
    same_as: NodeId | None = None
    calls: tuple[Sha256, ...] = Field(default=(), description="Keys of the model calls that made it.")
    outcome: Outcome | None = None
    score: Score | None = Field(default=None, description="None while running, or if there is no valid outcome.")

    @property
    def is_finished(self) -> bool:
        """Whether there is an outcome."""
        return self.outcome is not None

    @property
    def is_good(self) -> bool:
        """Whether it finished and has a score."""
        return self.outcome is not None and self.outcome.status is Status.OK and self.score is not None

    @property
    def is_buggy(self) -> bool:
        """Whether it finished without a valid outcome, so that a debug step makes sense."""
        return self.outcome is not None and self.outcome.status not in (Status.OK, Status.CANCELLED)
