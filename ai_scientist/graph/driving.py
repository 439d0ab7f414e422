"""Driving the graph: from wherever a run stands until it ends or waits, and what came out."""

# pyright: reportUnknownMemberType=false
# LangGraph's own signatures hold types that it does not name.

from __future__ import annotations

from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, StateSnapshot

from ai_scientist.core.clock import Clock
from ai_scientist.core.errors import AIScientistError, BudgetExceeded
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.graph.gates import GateReply
from ai_scientist.graph.opening import open_parts
from ai_scientist.graph.parts import Parts, Progress
from ai_scientist.graph.pipeline import build_graph
from ai_scientist.graph.run_result import RunResult, RunStatus
from ai_scientist.graph.spending import account
from ai_scientist.graph.state import State, initial_state
from ai_scientist.search.contracts import ValueFunction

Compiled = CompiledStateGraph[State, None, State, State]

STEPS = 1000
"""More steps of the graph than any run takes; LangGraph's own default of 25 is less."""


async def drive(
    folder: RunFolder, reply: GateReply | None, progress: Progress, clock: Clock, value: ValueFunction | None
) -> RunResult:
    """Hold the run, go on as far as it goes, and return what came of it; `run.resume` says what is raised."""
    with folder.lock(), open_parts(folder, progress, clock, value=value) as parts:
        async with AsyncSqliteSaver.from_conn_string(str(folder.state)) as saver:
            graph = build_graph(lambda _: parts).compile(checkpointer=saver, name="ai-scientist")
            config: RunnableConfig = {"configurable": {"thread_id": folder.path.name}, "recursion_limit": STEPS}
            problem: AIScientistError | None = None
            try:
                await _drive(graph, config, parts, reply)
            except AIScientistError as error:
                parts.ledger.record("run.failed", actor="harness", facts={"problem": str(error)})
                problem = error
            return _result(parts, await graph.aget_state(config), problem)


async def _drive(graph: Compiled, config: RunnableConfig, parts: Parts, reply: GateReply | None) -> None:
    """Run the graph from wherever it stands until it ends or waits."""
    standing = await graph.aget_state(config)
    given: State | Command[Any] | None = None
    if not standing.values:
        given = initial_state(str(parts.folder.path), parts.topic)
    elif standing.interrupts:
        if reply is None:
            return
        given = Command(resume=reply.model_dump(mode="json"))
    elif not standing.tasks:
        # Not `next`: it is empty too where a step's result is stored and the graph was killed before it went on.
        return
    await graph.ainvoke(given, config, durability="sync")


def _result(parts: Parts, standing: StateSnapshot, problem: AIScientistError | None) -> RunResult:
    folder, spent = parts.folder, parts.budget.spent
    values: dict[str, Any] = standing.values
    waiting = standing.interrupts[0].value if standing.interrupts else None
    rounds = sorted((folder.path / "reviews").glob("round-*"))
    pdf, report = folder.paper / "paper.pdf", folder.audit / "report.json"
    return RunResult(
        run=folder.path,
        status=_status(values, standing, problem),
        pdf=pdf if pdf.exists() else None,
        code=folder.code if folder.code.exists() else None,
        reviews=rounds[-1] if rounds else None,
        audit=report if report.exists() else None,
        verdict=str(values.get("verdict", "")),
        seconds=spent.seconds,
        cost_usd=None if spent.unpriced else spent.usd,
        spent=account(spent, parts.budget.limits),
        waiting=waiting,
        problem=str(problem or values.get("problem", "")),
        exit_code=_exit_code(values, problem),
    )


def _status(values: dict[str, Any], standing: StateSnapshot, problem: AIScientistError | None) -> RunStatus:
    if isinstance(problem, BudgetExceeded) or values.get("status") == "budget":
        return "budget"
    if problem is not None or values.get("status") == "failed":
        return "failed"
    if standing.interrupts:
        return "waiting"
    return "stopped" if values.get("status") == "stopped" else "done"


def _exit_code(values: dict[str, Any], problem: AIScientistError | None) -> int:
    if problem is not None:
        return problem.exit_code
    return {"budget": BudgetExceeded.exit_code, "failed": 1}.get(str(values.get("status")), 0)
