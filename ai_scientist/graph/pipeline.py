"""The state machine: which step follows which.

    ideate → check novelty ⟲ → gate → plan → gate → lock → EXPERIMENTS → analyse → look → gate → write → review ⟲ revise
                                                                                    → gate → audit → done

Each step is a plain async function of (state, parts); this file binds them to LangGraph and nothing else.
"""

# pyright: reportUnknownMemberType=false
# LangGraph's own signatures hold types that it does not name.

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from langgraph.graph import END, START, StateGraph
from langgraph.types import RetryPolicy

from ai_scientist.core.errors import AIScientistError, BudgetExceeded, TransientError
from ai_scientist.graph import auditing, experiments, ideas, looking, planning, results, reviewing, writing
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.state import State, Update


class Step(Protocol):
    """One step of the pipeline. Entering it again after a crash must do no harm."""

    __name__: str

    def __call__(self, state: State, parts: Parts) -> Awaitable[Update]:
        """Return what changes in the state."""
        ...


class Bound(Protocol):
    """A step as LangGraph calls it."""

    async def __call__(self, state: State) -> Update:
        """Return what changes in the state."""
        ...


class Begin(Protocol):
    """Makes a run for a state that has only a topic."""

    async def __call__(self, state: State) -> State:
        """Return the whole state."""
        ...


OpenParts = Callable[[State], Parts]
Graph = StateGraph[State, None, State, State]

RETRY = RetryPolicy(max_attempts=2, retry_on=(TransientError,))
"""The library's own default would not retry OSError yet would retry a failed assertion, so it is always said."""


def bind(step: Step, open_parts: OpenParts) -> Bound:
    """Return a LangGraph node for a step; when money runs out, the step is finished by the fallback engine."""

    async def node(state: State) -> Update:
        parts = open_parts(state)
        parts.progress("step.started", step=step.__name__)
        try:
            return await step(state, parts)
        except BudgetExceeded as exceeded:
            if parts.fallback is None:
                raise
            facts = {"limit": exceeded.limit, "step": step.__name__}
            parts.ledger.record("budget.reached", actor="harness", key=f"budget:{step.__name__}", facts=facts)
            parts.progress("budget.reached", limit=exceeded.limit)
            try:
                done = await step(state, replace(parts, model=parts.fallback, fallback=None, eyes=""))
            except AIScientistError:
                raise exceeded from None  # rules cannot do it: there is nothing yet that a paper could be made of
            done["status"] = "budget"
            return done

    node.__name__ = step.__name__
    return node


def build_experiments(open_parts: OpenParts) -> Graph:
    """Return the experiment manager: one turn of the loop is one stage of the tree search."""
    graph: Graph = StateGraph(State)

    def more_stages(state: State) -> str:
        return "next" if experiments.has_more(state, open_parts(state)) else "done"

    graph.add_node("run_stage", bind(experiments.run_stage, open_parts), retry_policy=RETRY)
    graph.add_edge(START, "run_stage")
    graph.add_conditional_edges(
        "run_stage",
        more_stages,
        {"next": "run_stage", "done": END},
    )
    return graph


def build_graph(open_parts: OpenParts, *, begin: Begin | None = None) -> Graph:
    """Return the whole state machine, not compiled.

    Args:
        open_parts: Gives the parts of the run that a state belongs to.
        begin: Makes a run's folder for a state that has only a topic, where nobody else does.
    """
    graph: Graph = StateGraph(State)

    def another_idea(state: State) -> str:
        return "again" if ideas.needs_another_look(state, open_parts(state)) else "go"

    def another_round(state: State) -> str:
        return "revise" if reviewing.wants_revision(state, open_parts(state)) else "go"

    for step in (
        ideas.ideate,
        ideas.check_novelty,
        ideas.gate_idea,
        planning.plan,
        planning.gate_plan,
        planning.lock,
        results.analyse,
        looking.look,
        results.gate_results,
        writing.write,
        reviewing.review,
        reviewing.revise,
        reviewing.gate_paper,
        auditing.audit_run,
    ):
        graph.add_node(step.__name__, bind(step, open_parts), retry_policy=RETRY)
    graph.add_node("experiments", build_experiments(open_parts).compile())

    if begin is None:
        graph.add_edge(START, "ideate")
    else:
        graph.add_node("begin", begin)
        graph.add_edge(START, "begin")
        graph.add_edge("begin", "ideate")
    graph.add_edge("ideate", "check_novelty")
    graph.add_conditional_edges(
        "check_novelty",
        another_idea,
        {"again": "check_novelty", "go": "gate_idea"},
    )
    graph.add_conditional_edges("gate_idea", after_gate, {"go": "plan", "back": "ideate", "stop": END})
    graph.add_edge("plan", "gate_plan")
    graph.add_conditional_edges("gate_plan", after_gate, {"go": "lock", "back": "plan", "stop": END})
    graph.add_edge("lock", "experiments")
    graph.add_conditional_edges("experiments", after_experiments, {"go": "analyse", "failed": "audit_run"})
    graph.add_edge("analyse", "look")
    graph.add_edge("look", "gate_results")
    graph.add_conditional_edges("gate_results", after_gate, {"go": "write", "back": "write", "stop": END})
    graph.add_edge("write", "review")
    graph.add_conditional_edges(
        "review",
        another_round,
        {"revise": "revise", "go": "gate_paper"},
    )
    graph.add_edge("revise", "review")
    graph.add_conditional_edges("gate_paper", after_gate, {"go": "audit_run", "back": "revise", "stop": END})
    graph.add_edge("audit_run", END)
    return graph


def after_gate(state: State) -> str:
    """Say where a gate leads: on, back to the step before it, or out."""
    return {"redirected": "back", "stopped": "stop"}.get(state["status"], "go")


def after_experiments(state: State) -> str:
    """Say whether there is anything to write about."""
    return "go" if state["confirmed"] else "failed"
