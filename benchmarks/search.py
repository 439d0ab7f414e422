"""The tree search, measured: its own time, its slots, its growth, its deaths, bad programs, and how well it searches.

    python benchmarks/search.py [--quick] [--json] [--lanes NAME,NAME] [--rivals FOLDER]

Lanes: throughput, tails, growth, kills, hostile, quality. With `--rivals` the packages openevolve, aideml and
shinka-evolve are installed into throw-away environments in that folder, and run on the same chat server.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.searching import growth, hostile, kills, quality, tails, throughput
from benchmarks.searching.rivals import Rival, install

Figures = dict[str, float]


class Bench:
    """What was asked for."""

    def __init__(self, *, quick: bool, rivals: list[Rival]) -> None:
        self.quick, self.rivals = quick, rivals

    def throughput(self) -> Figures:
        """Steady seconds per node over the ideal, which is the model's delay over the calls in flight."""
        found: Figures = {}
        levels = (8,) if self.quick else (1, 4, 8, 16)
        for in_flight in levels:
            ideal = throughput.DELAY / in_flight
            nodes = max(30, in_flight * (8 if self.quick else 25))
            for sandbox in ("none", "process") if self.quick else ("none", "process", "bubblewrap"):
                seconds = throughput.measure_ours(in_flight, sandbox, nodes=nodes)
                found[f"seconds_per_node_{sandbox}_{in_flight}"] = seconds
                found[f"over_ideal_{sandbox}_{in_flight}"] = seconds / ideal
            for rival in self.rivals:
                if in_flight > 1 and rival.name == "aide":
                    continue  # it does one thing at a time
                seconds = throughput.measure_rival(rival, in_flight, nodes=30 if rival.name != "openevolve" else nodes)
                found[f"seconds_per_node_{rival.name}_{in_flight}"] = seconds
                found[f"over_ideal_{rival.name}_{in_flight}"] = seconds / ideal
        return found

    def tails(self) -> Figures:
        """Busy share of the slots with log-normal times, and the batches' time over the search's."""
        found: Figures = {}
        for slots in (4,) if self.quick else (4, 16):
            nodes, median = (40, 0.1) if self.quick else (40 * slots, 0.4)
            busy = tails.measure(slots, nodes=nodes, median=median, call=0.05)
            found[f"busy_share_{slots}"] = busy.steady
            found[f"busy_share_to_the_end_{slots}"] = busy.whole
            found[f"batches_over_search_{slots}"] = busy.batch_seconds / busy.seconds
        return found

    def growth(self) -> Figures:
        """Cost of a node by size, over the cost at the smallest size; opening the largest tree."""
        sizes = (200, 1000) if self.quick else (200, 1000, 10_000, 50_000)
        costs, opening = growth.measure(sizes, "puct")
        found: Figures = {}
        for size, cost in costs.items():
            found[f"cpu_ms_per_node_{size}"] = 1000 * cost.cpu_seconds
            found[f"wall_ms_per_node_{size}"] = 1000 * cost.wall_seconds
            found[f"journal_bytes_per_node_{size}"] = cost.journal_bytes
            found[f"cpu_growth_{size}"] = cost.cpu_seconds / costs[min(costs)].cpu_seconds
            found[f"bytes_growth_{size}"] = cost.journal_bytes / costs[min(costs)].journal_bytes
        found[f"open_seconds_{opening.nodes}"] = opening.seconds
        found[f"open_cpu_seconds_{opening.nodes}"] = opening.cpu_seconds
        found[f"open_memory_mb_{opening.nodes}"] = opening.memory_mb
        return found

    def kills(self) -> Figures:
        """What `kill -9` at random moments costs; everything but the first figure should be 0."""
        toll = kills.measure(6 if self.quick else 200)
        return {f"kills_{name}": float(value) for name, value in vars(toll).items()}

    def hostile(self) -> Figures:
        """Well-behaved nodes scored rightly while every fourth program misbehaves, and time per node over peace."""
        found: Figures = {}
        for sandbox in ("process",) if self.quick else ("process", "bubblewrap"):
            toll = hostile.measure(sandbox, nodes=48 if self.quick else 192, slots=16)
            found[f"hostile_scored_share_{sandbox}"] = toll.good / toll.of
            found[f"hostile_caught_share_{sandbox}"] = toll.caught / toll.misbehaving
            found[f"hostile_over_peace_{sandbox}"] = toll.seconds / toll.peaceful_seconds
        return found

    def quality(self) -> Figures:
        """Mean worth of the program handed over, with its interval, by task and system."""
        found: Figures = {}
        tasks = quality.TASKS_COMPARED[:1] if self.quick else quality.TASKS_COMPARED
        for task in tasks:
            evaluations, seeds = (40, 3) if self.quick else (100, 10)
            for system, mean in quality.measure(
                task, evaluations=evaluations, seeds=seeds, rivals=[] if self.quick else self.rivals
            ).items():
                found[f"quality_{task}_{system}"] = mean.mean
                found[f"quality_low_{task}_{system}"] = mean.low
                found[f"quality_high_{task}_{system}"] = mean.high
        return found


LANES = ("throughput", "tails", "growth", "kills", "hostile", "quality")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="end within 45 seconds")
    parser.add_argument("--lanes", default=",".join(LANES), help="comma-separated")
    parser.add_argument("--rivals", type=Path, help="folder of throw-away environments with the compared packages")
    given = parser.parse_args()
    rivals, failures = install(given.rivals) if given.rivals else ([], [])
    for line in [*(f"{rival.name} {rival.version}" for rival in rivals), *failures]:
        print(line, file=sys.stderr)
    bench, figures = Bench(quick=given.quick, rivals=rivals), Figures()
    for name in given.lanes.split(","):
        lane: Callable[[], Figures] = getattr(bench, name)
        found = lane()
        figures |= found
        if not given.json:
            print(f"\n{lane.__doc__}")
            for key, value in found.items():
                print(f"  {key:<44}{value:>14.5g}", flush=True)
    if given.json:
        print(json.dumps({"figures": figures}))


if __name__ == "__main__":
    main()
