"""What a coding prompt costs as the tree grows, how much of it a provider's cache can know, and what the courier costs.

Real parts throughout: a journal with N nodes, git checkpoints, the coding operators, the prompt files. Only the model
is replaced, by one that keeps each prompt and has nothing left to propose. Programs differ in their last line. Tokens
are estimated at four characters each: no tokenizer is at hand offline, and what is shown are ratios.

    python benchmarks/models.py [--json] [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median
from typing import TypeVar

import httpx

from ai_scientist.agents.coding import ProgramAnswer
from ai_scientist.agents.operators import AgentOperator
from ai_scientist.core.clock import SystemClock
from ai_scientist.core.plan import Condition, Dataset, Hypothesis, Metric, Plan, StagePlan
from ai_scientist.core.research_template import load_template, template_names
from ai_scientist.core.settings import Settings
from ai_scientist.core.values import Value
from ai_scientist.graph.contract import program_contract
from ai_scientist.models.courier import KEY_HEADER, Courier, CourierTransport
from ai_scientist.models.prompts import render
from ai_scientist.models.replies import Replies
from ai_scientist.models.request import Request
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.members import node_id
from ai_scientist.search.node import Node, Outcome, Score, Status
from ai_scientist.search.stage import Stage

A = TypeVar("A", bound=Value)
SIZES = (10, 100, 1000)
OPERATORS = ("improve", "tune", "debug", "ablate", "recombine")
CHARACTERS_PER_TOKEN = 4


class Keeps:
    """A model that keeps what it is asked."""

    name = "keeps"

    def __init__(self) -> None:
        self.prompts: list[str] = []

    async def ask(self, request: Request[A]) -> A:
        """Keep the prompt and propose nothing."""
        prompt = render(request.prompt, request.facts)
        self.prompts.append(prompt.system + prompt.user)
        answer: Value = ProgramAnswer(title="", rationale="", nothing_left=True)
        assert isinstance(answer, request.answer)
        return answer


def plan_of(name: str) -> Plan:
    """Return a plan as the rule engine would make it of a template."""
    template = load_template(name)
    conditions: tuple[Condition, ...] = template.conditions
    datasets: tuple[Dataset, ...] = template.datasets
    metrics: tuple[Metric, ...] = template.metrics
    hypotheses: tuple[Hypothesis, ...] = template.hypotheses
    return Plan(
        idea=template.id,
        title=template.title,
        question=template.question,
        hypotheses=hypotheses,
        conditions=conditions,
        datasets=datasets,
        metrics=metrics,
        primary_metric=template.primary_metric,
        target=template.target,
        search_seeds=(0, 1),
        confirm_seeds=(100, 101),
        stages=(StagePlan(name="explore", goal="components that improve the proposed condition", nodes=10),),
        stopping_rule="when the declared seeds are used up",
        method=template.method,
    )


def grow(journal: Journal, checkpoints: Checkpoints, stage: Stage, program: str, size: int) -> None:
    """Add nodes until there are so many: two in three good, with long diagnoses where one failed."""
    dice = Random(size)
    while len(journal) < size:
        number = len(journal) + 1
        parents = () if number == 1 else (node_id(dice.randrange(max(1, number - 20), number)),)
        text = program + f"\n# variant {number}\n"
        stored = checkpoints.commit({"experiment.py": text}, parents=(), message=f"node {number}", number=number)
        node = Node(
            id=node_id(number),
            number=number,
            parents=parents,
            operator="improve" if parents else "draft",
            stage=stage.name,
            title=f"attempt {number}: another way to weigh the training rows",
            rationale="Rows near the boundary carry more about it.",
            move=f"weighing_{number}",
            components=("weighing",),
            checkpoint=stored.id,
            tree=stored.tree,
        )
        journal.propose(node)
        good = number % 3 != 0
        outcome = Outcome(
            status=Status.OK if good else Status.CRASHED,
            diagnosis="" if good else "Traceback (most recent call last):\n" + "  File experiment.py, line 1\n" * 80,
            seeds=(0, 1),
            wall_seconds=1.0,
        )
        journal.finish(node.id, outcome, Score(value=dice.random()) if good else None)


class Bench:
    """A tree that grows, and the operators that look at it."""

    def __init__(self, folder: Path) -> None:
        name = template_names()[0]
        self.plan = plan_of(name)
        self.program = load_template(name).program
        self.contract = program_contract(Settings())
        self.checkpoints = Checkpoints(folder / "checkpoints.git")
        self.stage = Stage(
            name="explore",
            goal="components that improve the proposed condition",
            operators=OPERATORS,
            target=self.plan.target,
            nodes=10**6,
            seeds=self.plan.search_seeds,
            root="none",
        )

    async def ask(self, operator: str, journal: Journal, parents: tuple[Node, ...]) -> str:
        """Return the prompt that an operator makes of some parents."""
        model = Keeps()
        asked = AgentOperator(
            operator,
            model=model,
            plan=self.plan,
            checkpoints=self.checkpoints,
            contract=self.contract,
            seed=0,
            printed=lambda node: "epoch 30 done\n" * 200,
        )
        await asked.expand(parents, self.stage, journal)
        return model.prompts[0]

    def grow(self, journal: Journal, size: int) -> None:
        """Add nodes until there are so many."""
        grow(journal, self.checkpoints, self.stage, self.program, size)


def parents_for(operator: str, journal: Journal) -> list[tuple[Node, ...]]:
    """Return late nodes that the operator would take as parents, three times."""
    last = [journal.node(node_id(number)) for number in range(max(1, len(journal) - 9), len(journal) + 1)]
    fit = [node for node in last if (node.score is None) == (operator == "debug")][-3:]
    return [(node, fit[0]) if operator == "recombine" else (node,) for node in fit]


def shared_prefix(prompts: list[str]) -> float:
    """Return the share of each prompt that it has in common with the one before it; the mean."""
    shares = [_common(before, after) / len(after) for before, after in pairwise(prompts)]
    return sum(shares) / len(shares)


def _common(first: str, second: str) -> int:
    """Return how many characters two texts have in common from their beginning."""
    return next(
        (n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )


def measure(sizes: tuple[int, ...], folder: Path) -> dict[str, float]:
    """Return tokens per prompt, stable shares, and seconds per prompt, by operator and size.

    A prompt's stable share is what it has in common with the prompt before it: where that was about another parent,
    and where it was about the same one and the tree has grown by a node meanwhile.
    """
    figures: dict[str, float] = {}
    bench = Bench(folder)
    with Journal.open(folder / "journal.jsonl", clock=SystemClock()) as journal:
        journal.enter_stage(bench.stage, {})
        for size in sizes:
            bench.grow(journal, size)
            seconds: list[float] = []
            for operator in OPERATORS:
                chosen = parents_for(operator, journal)
                started = time.perf_counter()
                others = [asyncio.run(bench.ask(operator, journal, parents)) for parents in chosen]
                seconds.append((time.perf_counter() - started) / len(others))
                bench.grow(journal, len(journal) + 1)
                again = [others[-1], asyncio.run(bench.ask(operator, journal, chosen[-1]))]
                figures[f"tokens_{operator}_{size}"] = sum(map(len, others)) / len(others) / CHARACTERS_PER_TOKEN
                figures[f"stable_other_{operator}_{size}"] = shared_prefix(others)
                figures[f"stable_same_{operator}_{size}"] = shared_prefix(again)
            figures[f"seconds_per_prompt_{size}"] = sum(seconds) / len(seconds)
    for operator in OPERATORS:
        middle, last = (figures[f"tokens_{operator}_{size}"] for size in sizes[1:])
        figures[f"growth_{operator}"] = last / middle
    return figures


class _Endpoint(BaseHTTPRequestHandler):
    """Answers at once, in a few thousand bytes."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "4096")
        self.end_headers()
        self.wfile.write(b"x" * 4096)

    def log_message(self, format: str, *args: object) -> None:
        pass


def measure_courier(calls: int, folder: Path) -> dict[str, float]:
    """Return milliseconds a call, straight to an endpoint that answers at once and by courier, in turns."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    courier = Courier(Replies(folder / "replies"), timeout_seconds=60)
    seconds: dict[str, list[float]] = {"direct": [], "by_courier": []}

    async def ask(client: httpx.AsyncClient, kind: str, number: int) -> None:
        started = time.perf_counter()
        answer = await client.post(url, content=b"?" * 20_000, headers={KEY_HEADER: f"{number:064}"})
        assert len(answer.content) == 4096
        seconds[kind].append(time.perf_counter() - started)

    async def everything() -> None:
        close = {"Connection": "close"}  # as our client asks
        async with (
            httpx.AsyncClient(headers=close) as direct,
            httpx.AsyncClient(headers=close, transport=CourierTransport(courier)) as carried,
        ):
            for number in range(calls):
                await ask(direct, "direct", number)
                await ask(carried, "by_courier", number)

    asyncio.run(everything())
    courier.close()
    server.shutdown()
    server.server_close()
    found = {f"ms_per_call_{kind}": 1000 * median(times[1:]) for kind, times in seconds.items()}
    return found | {"ms_first_call_by_courier": 1000 * seconds["by_courier"][0]}


def show(figures: dict[str, float], sizes: tuple[int, ...]) -> None:
    """Print the table."""
    print("prompt tokens (estimated); share that is a stable beginning, after another parent / after the same one")
    print(f"{'operator':<12}" + "".join(f"{f'{size} nodes':>24}" for size in sizes) + f"{'last/middle':>14}")
    for operator in OPERATORS:
        line = f"{operator:<12}"
        for size in sizes:
            other, same = (figures[f"stable_{kind}_{operator}_{size}"] for kind in ("other", "same"))
            line += f"{figures[f'tokens_{operator}_{size}']:>10.0f}  ({other:>4.0%} /{same:>4.0%})"
        print(f"{line}{figures[f'growth_{operator}']:>14.2f}")
    direct, carried = figures["ms_per_call_direct"], figures["ms_per_call_by_courier"]
    first = figures["ms_first_call_by_courier"]
    print(f"milliseconds a call: {direct:.1f} direct, {carried:.1f} by courier (the first one: {first:.0f})")
    print("seconds to make one prompt: " + ", ".join(f"{figures[f'seconds_per_prompt_{s}']:.4f} at {s}" for s in sizes))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="end within 45 seconds")
    given = parser.parse_args()
    sizes = (10, 100, 300) if given.quick else SIZES
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(sizes, Path(folder)) | measure_courier(50 if given.quick else 300, Path(folder))
    if given.json:
        print(json.dumps({"figures": figures}))
    else:
        show(figures, sizes)


if __name__ == "__main__":
    main()
