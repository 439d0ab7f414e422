"""Every fourth program misbehaves as badly as it can: are all the others scored, and as fast as without it?"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from searching.ours import chat_server, finish_times, search
from searching.tasks import TASKS, read

from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.node import Node, Status

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
        seconds: Per well-behaved node.
        peaceful_seconds: The same when none misbehaves and only the well-behaved are run.
    """

    good: int
    of: int
    caught: int
    misbehaving: int
    seconds: float
    peaceful_seconds: float


def measure(sandbox: str, *, nodes: int, slots: int) -> Resilience:
    """Run both searches: misbehaving programs hold their slots for their time limit at most."""
    task = TASKS["hill"]
    with tempfile.TemporaryDirectory() as name, chat_server("hill", delay=DELAY, seed=1) as url:
        common = {"policy": "puct", "slots": slots, "calls": 4, "sandbox": sandbox}
        peaceful = search("hill", Path(name) / "peace", url, nodes=nodes * 3 // 4, **common)  # type: ignore[arg-type]
        with asyncio.run(peaceful) as journal:
            times = finish_times(journal)
            peace = (max(times) - min(times)) / (len(times) - 1)
        folder = Path(name) / "war"
        with asyncio.run(search("hill", folder, url, nodes=nodes, prelude=misdeed, **common)) as journal:  # type: ignore[arg-type]
            checkpoints = Checkpoints(folder / "checkpoints.git")
            good = caught = 0
            ends: list[float] = []
            for node in journal.nodes:
                if not node.number % 4:
                    caught += node.score is None and bool(node.outcome and node.outcome.status is not Status.OK)
                    continue
                params = read(checkpoints.load(node.checkpoint).files["experiment.py"])
                good += node.score is not None and params is not None and node.score.value == task.observe(params)
            stamps = dict(zip(_order(journal), finish_times(journal), strict=True))
            ends = [at for number, at in stamps.items() if number % 4]
    return Resilience(
        good=good,
        of=len(ends),
        caught=caught,
        misbehaving=nodes - len(ends),
        seconds=(max(ends) - min(ends)) / (len(ends) - 1),
        peaceful_seconds=peace,
    )


def _order(journal: object) -> list[int]:
    from ai_scientist.search.journal import Journal

    assert isinstance(journal, Journal)
    return [int(r.event.node[1:]) for r in journal.events() if r.event.kind == "node_finished"]
