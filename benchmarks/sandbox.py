"""What a sandbox costs to start, side by side; and what is left when harnesses are killed at random.

    python -m benchmarks.sandbox [--quick] [--json] [--lanes starts,storm] [--rounds N] [--experiments N]

Starts: in every round an empty program is started bare, as a plain process, in bubblewrap, and in docker cold and warm,
one after the other, so that what else the machine does meets all alike. Storm: experiments at 8 slots by a harness that
is killed with SIGKILL at random moments and started again; then processes, mounts, control groups, temporary folders,
containers, networks and volumes are listed and compared with before. Docker is left out where no engine answers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from ai_scientist.sandbox import docker
from ai_scientist.sandbox.bubblewrap import BubblewrapSandbox
from ai_scientist.sandbox.cgroups import Cgroups
from ai_scientist.sandbox.choose import check_bubblewrap, check_docker
from ai_scientist.sandbox.contract import Command, ExitKind, Limits, Sandbox
from ai_scientist.sandbox.docker import DockerSandbox
from ai_scientist.sandbox.process import ProcessSandbox
from ai_scientist.sandbox.sweep import sweep_leftovers

LIMITS = Limits(timeout_seconds=60, memory_bytes=512 * 1024**2)
SLOTS = 8
Start = Callable[[], Awaitable[float]]


def command(folder: Path, program: str = "pass") -> Command:
    """Return the command that runs a program in a new folder."""
    (folder / "code").mkdir(parents=True)
    (folder / "out").mkdir()
    (folder / "code" / "experiment.py").write_text(program)
    return Command(
        argv=("python", "experiment.py"),
        code=folder / "code",
        out=folder / "out",
        stdout=folder / "stdout.txt",
        stderr=folder / "stderr.txt",
        limits=LIMITS,
    )


# Starts.


async def measure_starts(folder: Path, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of every start, by way of starting."""
    ways = _ways(folder)
    for start in ways.values():
        await start()  # caches, imports, and the processes that stand by
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, start in ways.items():
            times[name].append(1000 * await start())
    return times


def _ways(folder: Path) -> dict[str, Start]:
    numbers = iter(range(10**9))

    async def bare() -> float:
        what = command(folder / str(next(numbers)))
        begin = time.perf_counter()
        running = await asyncio.create_subprocess_exec(sys.executable, "experiment.py", cwd=what.code)
        await running.wait()
        return time.perf_counter() - begin

    def by(sandbox: Sandbox, pause: float = 0.0) -> Start:
        async def start() -> float:
            await asyncio.sleep(pause)  # in which a warm pool is filled again
            what = command(folder / str(next(numbers)))
            begin = time.perf_counter()
            result = await sandbox.run(what)
            assert result.kind is ExitKind.OK, result
            return time.perf_counter() - begin

        return start

    ways: dict[str, Start] = {"bare": bare, "process": by(ProcessSandbox())}
    if check_bubblewrap().ok:
        ways["bubblewrap"] = by(BubblewrapSandbox())
    if check_docker().ok:
        ways["docker cold"] = by(DockerSandbox(warm=0))
        ways["docker warm"] = by(DockerSandbox(warm=1), pause=2.0)
    return ways


def p95(values: list[float]) -> float:
    """Return the value that 95 of 100 stay below."""
    return sorted(values)[min(len(values) - 1, round(0.95 * (len(values) - 1)))]


def show_starts(times: dict[str, list[float]]) -> dict[str, float]:
    """Print the table of starts and return its figures."""
    bare = times["bare"]
    print(f"{'start':14}{'median ms':>10}{'p95 ms':>10}{'added, median':>16}{'added, p95':>12}")
    figures: dict[str, float] = {"rounds": len(bare)}
    for name, values in times.items():
        added = [value - base for value, base in zip(values, bare, strict=True)]
        key = name.replace(" ", "_")
        figures[f"{key}_median_ms"], figures[f"{key}_p95_ms"] = statistics.median(values), p95(values)
        figures[f"{key}_added_median_ms"], figures[f"{key}_added_p95_ms"] = statistics.median(added), p95(added)
        row = (statistics.median(values), p95(values), statistics.median(added), p95(added))
        print(f"{name:14}{row[0]:10.1f}{row[1]:10.1f}{row[2]:16.1f}{row[3]:12.1f}")
    return figures


# Storm.

PROGRAM = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(3600)
    os._exit(0)
open(os.environ["OUT_DIR"] + "/x", "wb").write(b"x" * 100000)
time.sleep(0.2)
"""
"""Leaves a process behind, as what is killed at random does."""

MOST_BETWEEN_KILLS = 12
"""Experiments that may end between two kills of the harness."""


async def run_experiments(backend: str, folder: Path, total: int) -> None:
    """Be a harness: run what has not ended yet, at 8 slots, and note each end."""
    sandbox: Sandbox = {"bubblewrap": BubblewrapSandbox, "process": ProcessSandbox, "docker": DockerSandbox}[backend]()
    free = asyncio.Semaphore(SLOTS)

    async def one(number: int) -> None:
        async with free:
            with tempfile.TemporaryDirectory(dir=folder) as place:
                result = await sandbox.run(command(Path(place) / "run", PROGRAM))
            assert result.kind is ExitKind.OK, result
            (folder / f"{number}.done").touch()

    async with asyncio.TaskGroup() as group:
        for number in range(total):
            if not (folder / f"{number}.done").exists():
                group.create_task(one(number))


def _done(folder: str) -> int:
    return len(list(Path(folder).glob("*.done")))


def storm(backend: str, total: int, seed: int = 0) -> dict[str, float]:
    """Kill harnesses until all experiments have ended, and return what is left of them."""
    rng, kills = random.Random(seed), 0
    before = listing()
    with tempfile.TemporaryDirectory() as folder:
        argv = [sys.executable, "-m", "benchmarks.sandbox", "--harness", backend, folder, str(total)]
        while True:
            harness = subprocess.Popen(argv)
            # By what is done, not by the clock: so the quick sandbox is killed as often as the slow one.
            enough = _done(folder) + rng.randint(1, MOST_BETWEEN_KILLS)
            while harness.poll() is None and _done(folder) < enough:
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.3))
            if harness.poll() is None:
                harness.kill()
                harness.wait()
                kills += 1
            elif harness.returncode == 0:
                break
            else:
                raise SystemExit(f"a harness failed with exit code {harness.returncode}")
        done = _done(folder)
    time.sleep(1)
    swept = sweep_leftovers()
    after = listing()
    left = {name: sorted(after[name] - before[name]) for name in after}
    for name, things in left.items():
        print(f"{backend}: {done} experiments, {kills} kills; {name} left: {len(things)} {' '.join(things)[:200]}")
    print(f"{backend}: swept afterwards: {len(swept)}")
    figures = {f"storm_{backend}_{name}_left": float(len(things)) for name, things in left.items()}
    return {f"storm_{backend}_experiments": done, f"storm_{backend}_kills": kills, **figures}


def listing() -> dict[str, set[str]]:
    """Return what there is on this machine, of the kinds that a sandbox makes."""
    processes: set[str] = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if any(word in line for word in ("experiment.py", "sandbox.guard", "waiter.py", "bwrap")):
                processes.add(f"{entry.name}: {line[:80]}")
    found = {
        "processes": processes,
        "mounts": {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()},
        "groups": {str(group) for folder in Cgroups.find().folders.values() for group in folder.glob("ai-scientist-*")},
        "folders": {path.name for path in Path(tempfile.gettempdir()).glob("ai-scientist-*")},
    }
    if docker.is_there():
        client = docker.connect()
        label: dict[str, str | list[str] | bool] = {"label": "ai-scientist.owner"}
        found["containers"] = {
            str(c.name) for c in client.containers.list(all=True, filters=label, ignore_removed=True)
        }
        found["networks"] = {str(network.name) for network in client.networks.list()}  # pyright: ignore[reportUnknownMemberType]  # docker's stubs
        found["volumes"] = {str(volume.name) for volume in client.volumes.list()}
        client.close()
    return found


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="end within 45 seconds")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--lanes", default="starts,storm", help="comma-separated: starts, storm")
    parser.add_argument("--rounds", type=int, help="of starts")
    parser.add_argument("--experiments", type=int, help="in a storm")
    parser.add_argument("--harness", nargs=3, metavar=("BACKEND", "FOLDER", "TOTAL"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.harness:
        backend, folder, total = given.harness
        asyncio.run(run_experiments(backend, Path(folder), int(total)))
        return
    out = sys.stdout
    if given.json:
        sys.stdout = sys.stderr
    figures: dict[str, float] = {}
    if "starts" in given.lanes.split(","):
        with tempfile.TemporaryDirectory() as folder:
            rounds = given.rounds or (10 if given.quick else 60)
            figures |= show_starts(asyncio.run(measure_starts(Path(folder), rounds)))
    if "storm" in given.lanes.split(","):
        total = given.experiments or (16 if given.quick else 200)
        for backend, check in (("bubblewrap", check_bubblewrap), ("docker", check_docker)):
            if check().ok:
                figures |= storm(backend, total)
    if given.json:
        print(json.dumps({"figures": {name: round(value, 2) for name, value in figures.items()}}), file=out)


if __name__ == "__main__":
    main()
