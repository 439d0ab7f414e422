"""The graph as LangGraph's own tools open it (langgraph.json): a state with only a topic gets a run with defaults."""

# pyright: reportUnknownMemberType=false
# LangGraph's own signatures hold types that it does not name.

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from langgraph.graph.state import CompiledStateGraph

from ai_scientist.core.clock import SystemClock
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.core.settings import Settings
from ai_scientist.graph.opening import look_before, open_parts, versions
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.pipeline import build_graph
from ai_scientist.graph.run import silent
from ai_scientist.graph.state import State, initial_state


class OpenRuns:
    """Parts of the runs that this process works on; they stay open as long as it lives."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[str, Parts] = {}
        self._stack = ExitStack()

    async def begin(self, state: State) -> State:
        """Make a run for a topic."""
        clock = SystemClock()
        await look_before(state["topic"], self._settings)
        folder = RunFolder.create(state["topic"], self._settings, clock=clock, versions=versions())
        return initial_state(str(folder.path), state["topic"])

    def parts(self, state: State) -> Parts:
        """Return the parts of the run that a state belongs to."""
        if state["run"] not in self._open:
            folder = RunFolder.open(Path(state["run"]))
            self._stack.enter_context(folder.lock())
            self._open[state["run"]] = self._stack.enter_context(open_parts(folder, silent, SystemClock()))
        return self._open[state["run"]]


def scientist() -> CompiledStateGraph[State, None, State, State]:
    """Return the compiled graph, without a checkpointer of ours: the tools bring their own."""
    runs = OpenRuns(Settings())
    return build_graph(runs.parts, begin=runs.begin).compile(name="ai-scientist")
