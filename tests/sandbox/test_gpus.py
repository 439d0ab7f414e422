"""Leases of devices, on a machine that need not have any."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from ai_scientist.sandbox import gpus
from ai_scientist.sandbox.contract import Command, ExecResult, Limits
from ai_scientist.sandbox.gpus import lease
from ai_scientist.sandbox.harness import run_program
from ai_scientist.sandbox.process import ProcessSandbox


@pytest.fixture(autouse=True)
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the locks of this test to itself."""
    monkeypatch.setattr(gpus, "LOCKS", tmp_path)
    return tmp_path


async def test_two_experiments_never_have_the_same_device() -> None:
    busy: set[str] = set()
    used: set[str] = set()

    async def experiment() -> None:
        async with lease(("0", "1")) as (device,):
            assert device not in busy
            busy.add(device)
            used.add(device)
            await asyncio.sleep(0.02)
            busy.remove(device)

    await asyncio.gather(*(experiment() for _ in range(8)))
    assert used == {"0", "1"}


async def test_a_device_that_stands_twice_is_shared_by_two() -> None:
    most = now = 0

    async def experiment() -> None:
        nonlocal most, now
        async with lease(("0", "0")):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.1)
            now -= 1

    await asyncio.gather(*(experiment() for _ in range(5)))
    assert most == 2


async def test_without_devices_nothing_is_waited_for() -> None:
    async with lease(()) as devices:
        assert devices == ()


async def test_another_process_holds_its_device_until_it_dies(locks: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path\n"
        "from ai_scientist.sandbox import gpus\n"
        "gpus.LOCKS = Path(sys.argv[1])\n"
        "async def hold():\n"
        "    async with gpus.lease(('0',)):\n"
        "        print('held', flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(hold())"
    )
    root = str(Path(__file__).parents[2])
    argv = [sys.executable, "-c", program, str(locks)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env={"PYTHONPATH": root}) as other:  # noqa: ASYNC220
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), lease(("0",)):
                pass
        other.kill()
    async with asyncio.timeout(5), lease(("0",)) as devices:
        assert devices == ("0",)


async def test_each_seed_sees_its_own_device_alone(tmp_path: Path) -> None:
    class Watched(ProcessSandbox):
        def __init__(self) -> None:
            super().__init__()
            self.running: list[tuple[str, ...]] = []

        async def run(self, command: Command) -> ExecResult:
            assert command.gpus not in self.running
            self.running.append(command.gpus)
            try:
                return await super().run(command)
            finally:
                self.running.remove(command.gpus)

    program = "import os, time; print(os.environ['CUDA_VISIBLE_DEVICES']); time.sleep(0.1)"
    run = await run_program(
        Watched(),
        {"experiment.py": program},
        (0, 1, 2, 3),
        folder=tmp_path / "node",
        limits=Limits(timeout_seconds=20, memory_bytes=512 * 1024**2),
        workers=4,
        gpus=("0", "1"),
    )
    seen = [seed.result.stdout.strip() for seed in run.seeds if seed.result]
    assert sorted(set(seen)) == ["0", "1"]
