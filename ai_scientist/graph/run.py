"""Starting a run and going on with one: drives the graph and says what came out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, StateSnapshot

from ai_scientist.core.clock import Clock, SystemClock
from ai_scientist.core.errors import AIScientistError, BudgetExceeded, ConfigError
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.core.settings import Settings
from ai_scientist.graph.gates import GateReply
from ai_scientist.graph.opening import look_before, open_parts, versions
from ai_scientist.graph.parts import Parts, Progress
from ai_scientist.graph.pipeline import build_graph
from ai_scientist.graph.state import State

RunStatus = Literal["done", "failed", "budget", "waiting", "stopped"]
Compiled = CompiledStateGraph[State, None, State, State]

STEPS = 1000
"""More steps of the graph than any run takes; LangGraph's own default of 25 is less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What came of a run.

    Attributes:
        run: Its folder.
        status: "waiting" means that it stands at a gate.
        pdf: None without TeX, or if the run ended before the paper.
        code: The confirmed program's repository.
        reviews: Folder of the newest round.
        audit: The report; None if the run ended before it.
        verdict: Of the audit: "pass" or "fail"; empty if there was none.
        seconds: Wall time over all sessions of the run.
        cost_usd: What model calls cost; None if the price of one is unknown.
        waiting: The gate and what stands at it.
        problem: Why it failed, in one sentence.
        exit_code: As the command line ends.
    """

    run: Path
    status: RunStatus
    pdf: Path | None
    code: Path | None
    reviews: Path | None
    audit: Path | None
    verdict: str
    seconds: float
    cost_usd: float | None
    waiting: dict[str, Any] | None = None
    problem: str = ""
    exit_code: int = 0


def silent(event: str, /, **facts: Any) -> None:
    """Take no notice."""


async def start(
    topic: str, settings: Settings, *, progress: Progress = silent, clock: Clock | None = None
) -> RunResult:
    """Do one piece of research. Once its folder exists, a failure is a result with status "failed".

    Raises:
        ConfigError: If the topic or a setting cannot be used; no folder was made.
        AIScientistError: If the model cannot be reached; no folder was made.
    """
    clock = clock or SystemClock()
    topic = " ".join(topic.split())
    if not topic:
        raise ConfigError("The topic is empty. Ask a question, such as: Does label noise hurt calibration?")
    await look_before(topic, settings)
    folder = RunFolder.create(topic, settings, clock=clock, versions=versions())
    return await _go_on(folder, None, progress, clock)


async def resume(
    path: Path, *, reply: GateReply | None = None, progress: Progress = silent, clock: Clock | None = None
) -> RunResult:
    """Go on with a run where it stopped, was killed, or waits at a gate.

    Args:
        path: Its folder.
        reply: The answer, if it waits at a gate; without one it goes on waiting.
        progress: Hears what happens.
        clock: Tells the time.

    Raises:
        ConfigError: If there is no run there, or another process works on it.
        RunCorrupted: If its folder is damaged.
    """
    return await _go_on(RunFolder.open(path), reply, progress, clock or SystemClock())


async def _go_on(folder: RunFolder, reply: GateReply | None, progress: Progress, clock: Clock) -> RunResult:
    with folder.lock(), open_parts(folder, progress, clock) as parts:
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
        run = str(parts.folder.path)
        given = State(run=run, topic=parts.topic, status="running", round=0, ends=[], refused=[])
    elif standing.interrupts:
        if reply is None:
            return
        given = Command(resume=reply.model_dump(mode="json"))
    elif not standing.next:
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
