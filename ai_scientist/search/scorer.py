"""Scores that nobody who is scored can reach: the scorer runs in a process of its own, which alone knows the truth."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ai_scientist.core.errors import SandboxError

WORKER = Path(__file__).with_name("scorer_worker.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the scorer says of an answer: a finite number, or what is wrong with it."""

    score: float | None
    problem: str = ""


class ScorerProcess:
    """A scorer that was started once and answers one question after the other.

    A question that takes too long, or kills the scorer, is an answer that cannot be scored; the scorer is started anew
    for the next one.
    """

    def __init__(self, script: Path, *, timeout_seconds: float = 60.0) -> None:
        self._script, self._timeout = script.resolve(), timeout_seconds
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def score(self, answer: Path, truth: Path) -> Verdict:
        """Return the verdict on the files in a folder.

        Raises:
            SandboxError: If the scorer cannot be started at all.
        """
        async with self._turn:
            process = self._process or await self._start()
            try:
                told = await asyncio.wait_for(self._ask(process, answer, truth), self._timeout)
            except (TimeoutError, OSError, ValueError) as error:
                await self._end()
                late = isinstance(error, TimeoutError)
                return Verdict(score=None, problem="The scorer took too long." if late else "The scorer died of it.")
            except BaseException:
                await self._end()  # its answer would be taken for the next question's
                raise
            score = told.get("score")
            return Verdict(score=float(score) if score is not None else None, problem=str(told.get("problem", "")))

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            await self._end()

    async def _start(self) -> Process:
        argv = [sys.executable, "-I", str(WORKER), str(self._script)]
        try:
            self._process = await asyncio.create_subprocess_exec(
                *argv, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={"PATH": "/usr/bin:/bin"}, start_new_session=True
            )
            await asyncio.wait_for(self._read(self._process), self._timeout)
        except (OSError, ValueError, TimeoutError) as error:
            await self._end()
            raise SandboxError(
                f"The scorer {self._script} cannot be started: {error or 'it ended at once'}."
            ) from error
        return self._process

    async def _ask(self, process: Process, answer: Path, truth: Path) -> dict[str, Any]:
        assert process.stdin is not None
        process.stdin.write(_question(answer, truth))
        await process.stdin.drain()
        return await self._read(process)

    async def _read(self, process: Process) -> dict[str, Any]:
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            raise ValueError("it ended")
        return cast("dict[str, Any]", json.loads(line))

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


def _question(answer: Path, truth: Path) -> bytes:
    return json.dumps({"answer": os.path.abspath(answer), "truth": os.path.abspath(truth)}).encode() + b"\n"
