"""Every fourth program misbehaves as badly as it can: are all the others scored, and as fast as without it?"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Node
from benchmarks.searching.ours import chat_server, search
from benchmarks.searching.tasks import TASKS, read

DELAY = 0.2

MISDEEDS = {
    "loop": "while True: pass",
    "os._exit": "import os; os._exit(0)",
    "segfault": "import ctypes; ctypes.string_at(0)",
    "swallowed signals": (
        "import signal, time\n"
        "for s in range(1, 32):\n"
        "    try: signal.signal(s, signal.SIG_IGN)\n"
        "    except OSError: pass\n"
        "while True: time.sleep(1)"
    ),
    "4 GB": "block = bytearray(4 << 30)\nfor i in range(0, len(block), 4096): block[i] = 1",
    "endless output": "while True: print('x' * 65536)",
}


def misdeed(node: Node) -> str:
    """Return what a node's program does first."""
    if node.number % 4:
        return ""
    names = list(MISDEEDS)
    return MISDEEDS[names[(node.number // 4) % len(names)]]


@dataclass(frozen=True)
class Resilience:
    """What came of it.

    Attributes:
        good: Well-behaved nodes that were scored, and rightly.
        of: Well-behaved nodes.
        caught: Misbehaving nodes without a score.
        misbehaving: All of those.
        seconds: Per node, from the first well-behaved one to the last.
        peaceful_seconds: The same for the same nodes when none misbehaves.
    """

    good: int
    of: int
    caught: int
    misbehaving: int
    seconds: float
    peaceful_seconds: float


def measure(sandbox: str, *, nodes: int, slots: int) -> Resilience:
    """Run both searches with slots enough that those which hang leave some free."""
    with tempfile.TemporaryDirectory() as name, chat_server("hill", delay=DELAY, seed=1) as url:
        peace, war = Path(name) / "peace", Path(name) / "war"
        _grow(peace, url, sandbox, nodes, slots, lambda node: "")
        _grow(war, url, sandbox, nodes, slots, misdeed)
        good, caught = _judge(war)
        behaving = sum(bool(number % 4) for number in range(1, nodes + 1))
        return Resilience(
            good=good,
            of=behaving,
            caught=caught,
            misbehaving=nodes - behaving,
            seconds=_seconds(war),
            peaceful_seconds=_seconds(peace),
        )


def _grow(folder: Path, url: str, sandbox: str, nodes: int, slots: int, prelude: Callable[[Node], str]) -> None:
    grown = search(
        "hill", folder, url, policy="puct", nodes=nodes, slots=slots, calls=4, sandbox=sandbox, prelude=prelude
    )
    asyncio.run(grown).close()


def _judge(folder: Path) -> tuple[int, int]:
    """How many well-behaved nodes have the right score, and how many others have none."""
    task, good, caught = TASKS["hill"], 0, 0
    checkpoints = Checkpoints(folder / "checkpoints.git")
    with Journal.read(folder / "journal.jsonl") as journal:
        for node in journal.nodes:
            params = read(checkpoints.load(node.checkpoint).files["experiment.py"])
            if not node.number % 4:
                caught += node.score is None
            elif params is not None and node.score is not None:
                good += node.score.value == task.observe(params)
    return good, caught


def _seconds(folder: Path) -> float:
    """Seconds per node, by the completions of the well-behaved ones."""
    with Journal.read(folder / "journal.jsonl") as journal:
        ends = [r.event for r in journal.events() if r.event.kind == "node_finished"]
    times = [datetime.fromisoformat(e.time).timestamp() for e in ends if int(e.node[1:]) % 4]
    return (max(times) - min(times)) / (len(times) - 1) * len(times) / len(ends)
