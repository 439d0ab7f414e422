"""Starting a run and going on with one. What is slow to load is loaded after what can be refused was refused."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from ai_scientist.core.clock import Clock, SystemClock
from ai_scientist.core.disk import full_disk_told
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.core.settings import Settings
from ai_scientist.graph.gates import GateReply
from ai_scientist.graph.opening import look_before, versions
from ai_scientist.graph.parts import Progress
from ai_scientist.graph.run_result import RunResult
from ai_scientist.sandbox.sweep import sweep_leftovers
from ai_scientist.search.contracts import ValueFunction


def silent(event: str, /, **facts: Any) -> None:
    """Take no notice."""


async def start(
    topic: str,
    settings: Settings,
    *,
    progress: Progress = silent,
    clock: Clock | None = None,
    value: ValueFunction | None = None,
) -> RunResult:
    """Do one piece of research. Once its folder exists, a failure is a result with status "failed".

    Args:
        topic: The question.
        settings: Everything else that was asked for.
        progress: Hears what happens.
        clock: Tells the time.
        value: What the search goes by, if not by the plan's primary metric.

    Raises:
        ConfigError: If the topic or a setting cannot be used; no folder was made.
        AIScientistError: If the model cannot be reached; no folder was made.
        DiskFull: If there is no room left; `resume` goes on.
    """
    clock = clock or SystemClock()
    topic = " ".join(topic.split())
    if not topic:
        raise ConfigError("The topic is empty. Ask a question, such as: Does label noise hurt calibration?")
    await look_before(topic, settings)
    with full_disk_told(settings.output):
        folder = RunFolder.create(topic, settings, clock=clock, versions=versions())
    return await _go_on(folder, None, progress, clock, value)


async def resume(
    path: Path,
    *,
    reply: GateReply | None = None,
    progress: Progress = silent,
    clock: Clock | None = None,
    value: ValueFunction | None = None,
) -> RunResult:
    """Go on with a run where it stopped, was killed, or waits at a gate.

    Args:
        path: Its folder.
        reply: The answer, if it waits at a gate; without one it goes on waiting.
        progress: Hears what happens.
        clock: Tells the time.
        value: What the search goes by; the same as the run was begun with.

    Raises:
        ConfigError: If there is no run there, it was begun with another value, or another process works on it.
        RunCorrupted: If its folder is damaged.
        DiskFull: If there is no room left.
    """
    folder = RunFolder.open(path)
    swept = await asyncio.to_thread(sweep_leftovers)
    if swept:
        progress("leftovers.swept", what=", ".join(swept))
    return await _go_on(folder, reply, progress, clock or SystemClock(), value)


async def _go_on(
    folder: RunFolder, reply: GateReply | None, progress: Progress, clock: Clock, value: ValueFunction | None
) -> RunResult:
    from ai_scientist.graph.driving import drive  # brings LangGraph along

    with full_disk_told(folder.path):
        return await drive(folder, reply, progress, clock, value)
