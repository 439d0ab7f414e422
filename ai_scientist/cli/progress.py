"""The live display of a run: stage, nodes, best value, cost, time."""

from __future__ import annotations

import logging
import time
from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ai_scientist.graph.spending import Account

STEPS: dict[str, str] = {
    "ideate": "looking for ideas",
    "check_novelty": "comparing with the literature",
    "gate_idea": "",
    "plan": "planning",
    "gate_plan": "",
    "lock": "locking the plan",
    "run_stage": "",
    "analyse": "analysing",
    "look": "",
    "gate_results": "",
    "write": "writing",
    "review": "reviewing",
    "revise": "revising",
    "gate_paper": "",
    "audit_run": "auditing",
}

SENTENCES = {
    "idea.chosen": "idea: {title}",
    "novelty.checked": "novelty: {verdict}",
    "plan.locked": "plan locked: {title} ({hypotheses} hypotheses)",
    "leftovers.swept": "removed what a dead run left: {what}",
    "sandbox.chosen": "sandbox: {name} ({why})",
    "stage.started": "stage {name}: {goal}",
    "stage.finished": "stage {name} over: {why}",
    "figures.seen": "figures looked at: {figures}, with {problems} problems",
    "paper.compiled": "paper: {pages} pages",
    "review.done": "review {round}: overall {overall:.1f}, {decision}",
    "audit.done": "audit: {verdict}, {checked} things checked, {findings} findings",
    "budget.reached": "budget reached: {limit}",
}
"""What an event is told as; events that are not here are not told."""


ENDINGS = {
    "enough_good": "it has what it was for",
    "patience": "no gain for a while",
    "nodes": "all its nodes are made",
    "exhausted": "nothing is left to try",
    "given_up": "no proposal could be used",
}
"""Why the search says a stage ended → the same in words."""


class _Missing(dict[str, Any]):
    """Facts of which one may be missing."""

    def __missing__(self, key: str) -> str:
        return "?"


STARTING = "starting"


class _Log(logging.Handler):
    """Shows what the log says where it does not tear the display apart: warnings as lines, the rest for a moment."""

    def __init__(self, display: Display) -> None:
        super().__init__(logging.INFO)
        self._display = display

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record."""
        self._display.say(record.getMessage(), for_a_moment=record.levelno < logging.WARNING)


class Display:
    """Hears events and keeps a few lines up to date; without a terminal it prints one line an event."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._doing: str = STARTING
        self._stage: dict[str, Any] = {}
        self._best = ""
        self._spent = ""
        self._waiting = ""
        self._log = _Log(self)
        self._live = Live(self, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Display:
        logger = logging.getLogger("ai_scientist")
        logger.addHandler(self._log)
        logger.setLevel(logging.INFO)
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.getLogger("ai_scientist").removeHandler(self._log)
        if self._console.is_terminal:
            self._live.stop()

    def __call__(self, event: str, /, **facts: Any) -> None:
        """Take notice of an event."""
        if self._doing == STARTING:
            self._began = time.monotonic()  # as what a run took: without loading the libraries
        line = self._hear(event, facts)
        if line:
            self._line(line)

    def say(self, text: str, *, for_a_moment: bool) -> None:
        """Show what the log says: as a line, or below the display until something happens."""
        self._waiting = text
        if not for_a_moment:
            self._line(text, style="yellow")

    def _line(self, text: str, style: str = "") -> None:
        elapsed = f"{time.monotonic() - self._began:6.1f}s"
        if self._console.is_terminal:
            row = Table.grid(padding=(0, 1))
            row.add_row(Text(elapsed, style="dim"), Text(text, style=style))  # what is long stays right of the time
            self._console.print(row, highlight=False)
        else:
            self._console.print(Text(f"{elapsed} {text}"), highlight=False, soft_wrap=True)

    def _hear(self, event: str, facts: dict[str, Any]) -> str:
        self._waiting = ""
        if event == "budget.spent":
            self._spent = Account.model_validate(facts).words()
        if event == "step.started":
            self._doing = str(STEPS.get(facts["step"], facts["step"]))
            self._stage = {} if self._doing else self._stage
            return self._doing
        if event == "stage.started":
            self._doing = f"stage {facts['name']}"
            self._stage = {**facts, "done": 0, "began": time.monotonic()}
        if event == "node.finished":
            return self._node(facts)
        if event == "stage.finished":
            facts["why"] = ENDINGS.get(facts["why"], facts["why"])
        said = SENTENCES[event].format_map(_Missing(facts)) if event in SENTENCES else ""
        return f"{said} ({self._spent})" if self._spent and event in ("stage.finished", "review.done") else said

    def _node(self, facts: dict[str, Any]) -> str:
        self._stage["done"] = self._stage.get("done", 0) + 1
        measure = facts.get("measure", "value")
        if facts.get("best") is not None:
            self._best = f"{measure} {facts['best']:.4g}"
        value = f", {measure} {facts['value']:.4g}" if facts.get("value") is not None else ""
        return f"  {facts['node']} {facts['title']}: {facts['status']}{value}"

    def __rich__(self) -> Group:
        """Return what the terminal shows now."""
        elapsed = time.monotonic() - self._began
        table = Table.grid(padding=(0, 2))
        total, done = self._stage.get("nodes", 0), self._stage.get("done", 0)
        left = f"about {seconds_left(self._stage, done, total):.0f}s left" if done and total > done else ""
        table.add_row(
            Text(self._doing, style="bold"),
            Text(f"node {done}/{total}" if total else ""),
            Text(f"best {self._best}" if self._best else ""),
            Text(self._spent),
            Text(f"{elapsed:.0f}s"),
            Text(left, style="dim"),
        )
        bar = ProgressBar(total=total or 1, completed=done, width=60) if total else Text("")
        return Group(table, bar, Text(self._waiting, style="dim"))


def seconds_left(stage: dict[str, Any], done: int, total: int) -> float:
    """Return the seconds that a stage's remaining nodes will take if they are like those before."""
    return float(time.monotonic() - stage["began"]) / max(done, 1) * (total - done)
