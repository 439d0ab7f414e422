"""This search in the benchmark: the same prompts, the same scorer, any policy, with or without a sandbox."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from ai_scientist.core.errors import EditRejected
from ai_scientist.sandbox.bubblewrap import BubblewrapSandbox
from ai_scientist.sandbox.contract import Command, ExitKind, Limits, Sandbox
from ai_scientist.sandbox.process import ProcessSandbox
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.contracts import Checkpoint
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Measurement, Node, Outcome, Status
from ai_scientist.search.operators import Replicate
from ai_scientist.search.scheduler import Scheduler
from ai_scientist.search.stage import Proposal, Stage
from ai_scientist.search.values import MetricValue
from benchmarks.searching.tasks import TASKS, Task, read, render

ROOT = Path(__file__).resolve().parents[2]
ENTRY = "experiment.py"
NUMBERS = TypeAdapter(list[float])


@contextmanager
def chat_server(task: str, *, delay: float, seed: int) -> Generator[str]:
    """Start the chat server and yield its base URL."""
    argv = [sys.executable, "-m", "benchmarks.searching.chat", task, str(delay), str(seed)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        finally:
            server.kill()


class Client:
    """As little of an HTTP client as there can be: what is measured is the search, not a client library."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._path = str(parts.hostname), int(parts.port or 80), parts.path
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def chat(self, prompt: str) -> str:
        """Return the answer to a prompt."""
        body = json.dumps({"model": "synthetic", "messages": [{"role": "user", "content": prompt}]}).encode()
        connection = self._idle.pop() if self._idle else await asyncio.open_connection(self._host, self._port)
        reader, writer = connection
        head = f"POST {self._path}/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        told = await reader.readuntil(b"\r\n\r\n")
        length = int(told.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        answer = json.loads(await reader.readexactly(length))
        self._idle.append(connection)
        return str(answer["choices"][0]["message"]["content"])

    def close(self) -> None:
        """Hang up."""
        for _, writer in self._idle:
            writer.close()


class Asks:
    """An operator that sends the parent's program to the chat server; the draft is the task's first program."""

    def __init__(self, task: Task, checkpoints: Checkpoints, client: Client) -> None:
        self._task, self._checkpoints, self._client = task, checkpoints, client

    async def expand(self, parents: Sequence[Node], stage: Stage, journal: Journal) -> Proposal | None:
        """Return the edited program."""
        if not parents:
            drafted = bool(len(journal))
            return None if drafted else Proposal(files={ENTRY: render(self._task, self._task.start())}, title="start")
        program = self._checkpoints.load(parents[0].checkpoint).files[ENTRY]
        text = await self._client.chat(f"Improve this program.\n\n# Current program\n```python\n{program}```\n")
        _, fence, code = text.partition("```python\n")
        if not fence:
            raise EditRejected("The answer holds no program.")
        return Proposal(files={ENTRY: code.partition("```")[0]}, title="a random step")


class Scores:
    """An evaluator that scores a program's numbers in this process: what is measured is the search alone."""

    def __init__(self, task: Task) -> None:
        self._task = task

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        """Return the score."""
        return outcome_of(self._task, read(checkpoint.files[ENTRY]), seeds)


ANSWERING = """
import json, os
open(os.environ["OUT_DIR"] + "/answer.json", "w").write(json.dumps(PARAMS))
"""


class RunsAndScores:
    """An evaluator that runs the program in a sandbox and scores the answer it leaves, in this process.

    Args:
        task: Says what the answer is worth.
        sandbox: Where programs run.
        folder: For their files, which stay there as those of a real run do.
        prelude: What a node's program does before it answers, if anything.
    """

    def __init__(
        self, task: Task, sandbox: Sandbox, folder: Path, *, prelude: Callable[[Node], str] = lambda node: ""
    ) -> None:
        self._task, self._sandbox, self._folder, self._prelude = task, sandbox, folder, prelude
        self._limits = Limits(timeout_seconds=3, memory_bytes=256 * 1024**2, output_bytes=64 * 1024)

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        """Return the score, or how the program failed."""
        command = self._prepare(node, checkpoint, seeds[0])
        result = await self._sandbox.run(command)
        answer = command.out / "answer.json"
        try:
            params = json.loads(answer.read_bytes()) if answer.is_file() and not answer.is_symlink() else None
        except ValueError:
            params = None
        if result.kind is not ExitKind.OK:
            kinds = {ExitKind.TIMED_OUT: Status.TIMED_OUT, ExitKind.OUT_OF_MEMORY: Status.OUT_OF_MEMORY}
            status, why = kinds.get(result.kind, Status.CRASHED), result.stderr[-500:]
            return Outcome(status=status, diagnosis=why, seeds=tuple(seeds), wall_seconds=result.wall_seconds)
        return outcome_of(self._task, params, seeds)

    def _prepare(self, node: Node, checkpoint: Checkpoint, seed: int) -> Command:
        home = self._folder / node.id
        code, out = home / "code", home / "out"
        for folder in (code, out):
            folder.mkdir(parents=True, exist_ok=True)
        (out / "answer.json").unlink(missing_ok=True)  # of a try that was killed
        line = next(text for text in checkpoint.files[ENTRY].splitlines() if text.startswith("PARAMS"))
        (code / ENTRY).write_text(f"{line}\n{textwrap.dedent(self._prelude(node))}\n{ANSWERING}")
        return Command(
            argv=("python", ENTRY),
            code=code,
            out=out,
            stdout=home / "stdout.txt",
            stderr=home / "stderr.txt",
            limits=self._limits,
            environment={"SEED": str(seed)},
        )


def outcome_of(task: Task, params: object, seeds: Sequence[int]) -> Outcome:
    """Return the outcome for some numbers, and note it."""
    try:
        numbers = NUMBERS.validate_python(params, strict=True)
    except ValidationError:
        numbers = []
    if len(numbers) != task.size:
        return Outcome(status=Status.REFUSED, diagnosis="no answer", seeds=tuple(seeds), wall_seconds=0)
    seen, truth = task.observe(numbers, seeds[0]), task.truth(numbers)
    row = Measurement(metric="score", condition="proposed", dataset=task.name, split="test", seed=seeds[0], value=seen)
    truth_row = row.model_copy(update={"metric": "truth", "value": truth})
    return Outcome(status=Status.OK, measurements=(row, truth_row), seeds=tuple(seeds), wall_seconds=0)


@asynccontextmanager
async def sandbox_named(name: str) -> AsyncGenerator[Sandbox | None]:
    """Yield a sandbox by name, or None for "none"."""
    made = {"process": ProcessSandbox, "bubblewrap": BubblewrapSandbox}.get(name)
    if made is None:
        yield None
        return
    sandbox = made()
    try:
        yield sandbox
    finally:
        sandbox.close()


async def search(
    task_name: str,
    folder: Path,
    url: str,
    *,
    policy: str,
    nodes: int,
    seed: int = 0,
    slots: int = 1,
    calls: int = 1,
    sandbox: str = "none",
    prelude: Callable[[Node], str] = lambda node: "",
    changes: Mapping[str, object] | None = None,
) -> Journal:
    """Grow a tree of that many nodes and return its journal, open for reading."""
    task = TASKS[task_name]
    os.environ.pop("BENCHMARK_LOG", None)
    stage = Stage(
        name="search",
        goal="Make the score larger.",
        operators=("draft", "improve", "replicate"),
        policy=policy,
        target="proposed",
        nodes=nodes,
        root="none",
        seeds=(0,),
        drafts=1,
    ).model_copy(update=dict(changes or {}))
    checkpoints = Checkpoints(folder / "checkpoints.git")
    async with sandbox_named(sandbox) as box:
        client = Client(url)
        inner = Scores(task) if box is None else RunsAndScores(task, box, folder / "nodes", prelude=prelude)
        asks = Asks(task, checkpoints, client)
        with Journal.open(folder / "journal.jsonl") as journal:
            scheduler = Scheduler(
                journal=journal,
                checkpoints=checkpoints,
                operators={"draft": asks, "improve": asks, "replicate": Replicate(checkpoints)},
                evaluator=inner,
                value=MetricValue(metric="score", direction="higher"),
                slots=slots,
                calls=calls,
                seed=seed,
            )
            await scheduler.run_stage(stage)
        client.close()
    return Journal.read(folder / "journal.jsonl")


def finish_times(journal: Journal) -> list[float]:
    """Return when each node finished, in order, in seconds."""
    ends = [r.event.time for r in journal.events() if r.event.kind == "node_finished"]
    return [datetime.fromisoformat(text).timestamp() for text in ends]


def steady(times: Sequence[float]) -> float:
    """Return seconds per node between the first and the last completion."""
    return (max(times) - min(times)) / (len(times) - 1)
