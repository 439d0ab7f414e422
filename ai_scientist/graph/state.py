"""Graph state: plain values and identifiers. The objects lie in the run's folder."""

from __future__ import annotations

from typing import TypedDict


class StageEnd(TypedDict):
    """How a stage of the search ended."""

    name: str
    why: str
    nodes: int
    best: str | None


class State(TypedDict):
    """What passes from node to node, and what survives a crash.

    Keys:
        run: The run's folder.
        topic: What was asked.
        guidance: What a person added at a gate.
        idea: Id of the chosen idea; empty before there is one.
        refused: Ids of ideas that novelty or a person turned down.
        plan: Hash of the plan; empty before it is locked.
        ends: Stages of the search that are over.
        confirmed: Node whose rows the paper rests on; None if there is none (yet).
        round: Reviews held so far.
        decision: Of the newest meta-review.
        status: "running", "redirected", "stopped", "done", "failed", "budget".
        problem: Why it failed, in one sentence.
        pdf: Path of the paper, relative to the run's folder; None without TeX.
        verdict: Of the audit.
    """

    run: str
    topic: str
    guidance: str
    idea: str
    refused: list[str]
    plan: str
    ends: list[StageEnd]
    confirmed: str | None
    round: int
    decision: str
    status: str
    problem: str
    pdf: str | None
    verdict: str


class Update(TypedDict, total=False):
    """What a node changes of it."""

    run: str
    topic: str
    guidance: str
    idea: str
    refused: list[str]
    plan: str
    ends: list[StageEnd]
    confirmed: str | None
    round: int
    decision: str
    status: str
    problem: str
    pdf: str | None
    verdict: str


def initial_state(run: str, topic: str) -> State:
    """Return the state of a run that has not begun."""
    return State(
        run=run,
        topic=topic,
        guidance="",
        idea="",
        refused=[],
        plan="",
        ends=[],
        confirmed=None,
        round=0,
        decision="",
        status="running",
        problem="",
        pdf=None,
        verdict="",
    )
