"""The processes that hold programs: nothing outlives a harness, whoever is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from ai_scientist.core.errors import SandboxError
from ai_scientist.sandbox.cgroups import Cgroups, sweep
from ai_scientist.sandbox.contract import ExitKind
from ai_scientist.sandbox.orders import EndedBy, Order, Report
from ai_scientist.sandbox.process import ProcessSandbox
from ai_scientist.sandbox.warden import Outputs, Warden
from tests.sandbox.conformance import DAEMON, Workspace

HARNESS = """
import asyncio, sys
from pathlib import Path
from ai_scientist.sandbox.{module} import {name}
from tests.sandbox.conformance import DAEMON, Workspace

command = Workspace(folder=Path(sys.argv[1])).command(DAEMON + "time.sleep(60)")
asyncio.run({name}().run(command))
"""


def order(program: str, **more: float) -> Order:
    return Order(argv=[sys.executable, "-c", program], environment={}, cwd="/", timeout_seconds=more.get("timeout", 20))


async def run(warden: Warden, what: Order, folder: Path) -> Report:
    command = Workspace(folder=folder).command("")
    with Outputs(command) as outputs:
        return await warden.run(what, outputs)


@pytest.mark.parametrize(
    "backend",
    ["process.ProcessSandbox", pytest.param("bubblewrap.BubblewrapSandbox", marks=pytest.mark.bubblewrap)],
)
def test_a_killed_harness_leaves_nothing(backend: str, tmp_path: Path) -> None:
    module, _, name = backend.partition(".")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = {**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": os.pathsep.join(sys.path)}
    script = HARNESS.format(module=module, name=name)
    workspace = Workspace(folder=tmp_path / "work")
    workspace.folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", script, str(workspace.folder)], env=environment) as harness:
        wait_for(workspace.left("heartbeat").exists)
        harness.kill()
    wait_for(lambda: not list(scratch.iterdir()))
    time.sleep(0.2)
    workspace.assert_nothing_beats()
    for folder in Cgroups.find().folders.values():
        assert not list(folder.glob(f"ai-scientist-{harness.pid}-*"))


async def test_a_killed_server_is_started_again_and_what_ran_goes_on(tmp_path: Path) -> None:
    before = children("sandbox.guard", os.getpid())
    warden = Warden()
    program = "import time; print('up', flush=True); time.sleep(1)"
    running = asyncio.create_task(run(warden, order(program), tmp_path))
    stdout = tmp_path / "stdout.txt"
    while not stdout.exists() or not stdout.read_text():  # noqa: ASYNC110  # another process writes it
        await asyncio.sleep(0.02)
    (server,) = children("sandbox.guard", os.getpid()) - before
    os.kill(server, signal.SIGKILL)
    await asyncio.sleep(0.1)
    (tmp_path / "second").mkdir()
    assert (await run(warden, order("pass"), tmp_path / "second")).exit_code == 0
    assert (await running).exit_code == 0
    warden.close()


async def test_a_killed_guard_is_our_error_and_its_program_is_gone(tmp_path: Path) -> None:
    before = children("sandbox.guard", os.getpid())
    warden, workspace = Warden(), Workspace(folder=tmp_path)
    command = workspace.command(DAEMON + "time.sleep(60)")
    program = (command.code / "experiment.py").read_text()
    what = Order(
        argv=[sys.executable, "-c", program],
        environment={"OUT_DIR": str(command.out)},
        cwd="/",
        timeout_seconds=20,
    )
    running = asyncio.create_task(run(warden, what, tmp_path))
    while not workspace.left("heartbeat").exists():  # noqa: ASYNC110  # another process makes it
        await asyncio.sleep(0.02)
    (server,) = children("sandbox.guard", os.getpid()) - before
    for guard in children("sandbox.guard", server):  # also the one that stands by
        os.kill(guard, signal.SIGKILL)
    with pytest.raises(SandboxError, match="guard"):
        await running
    wait_for(lambda: not children("sandbox.guard", server))
    (tmp_path / "next").mkdir()
    assert (await run(warden, order("pass"), tmp_path / "next")).exit_code == 0
    warden.close()
    # Its own child died with it; a daemon that double-forked from a plain process is what only a namespace holds.
    for pid in children("heartbeat"):
        os.kill(pid, signal.SIGKILL)


async def test_an_order_that_cannot_be_carried_out_is_our_error(tmp_path: Path) -> None:
    warden = Warden()
    impossible = Order(argv=["true"], environment={}, cwd="/no/such/folder", timeout_seconds=5)
    with pytest.raises(SandboxError, match="No such file"):
        await run(warden, impossible, tmp_path)
    warden.close()


async def test_a_program_inherits_no_descriptor_but_the_three(tmp_path: Path) -> None:
    warden = Warden()
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        await run(warden, order("import os; print(sorted(os.listdir('/proc/self/fd')))"), tmp_path)
    warden.close()
    assert (tmp_path / "stdout.txt").read_text() == "['0', '1', '2', '3']\n"  # 3 is the listing itself


async def test_many_orders_at_once_all_end(tmp_path: Path) -> None:
    warden = Warden()

    async def one(number: int) -> Report:
        folder = tmp_path / str(number)
        folder.mkdir()
        return await run(warden, order("pass"), folder)

    reports = await asyncio.gather(*(one(number) for number in range(40)))
    assert {(report.ended_by, report.exit_code) for report in reports} == {(EndedBy.ITSELF, 0)}
    warden.close()


async def test_no_temporary_folder_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    result = await ProcessSandbox().run(Workspace(folder=tmp_path).command("pass"))
    assert result.kind is ExitKind.OK
    assert not list((tmp_path / "tmp").iterdir())


def test_sweep_removes_groups_of_the_dead_and_no_others() -> None:
    folders = set(Cgroups.find().folders.values())
    if not folders:
        pytest.skip("no control groups can be made here")
    dead = subprocess.Popen(["true"])
    dead.wait()
    ours = [folder / f"ai-scientist-{os.getpid()}-1-test" for folder in folders]
    theirs = [folder / f"ai-scientist-{dead.pid}-1-test" for folder in folders]
    for group in ours + theirs:
        group.mkdir()
    try:
        sweep()
        assert [group.exists() for group in ours + theirs] == [True] * len(ours) + [False] * len(theirs)
    finally:
        for group in ours:
            group.rmdir()


def wait_for(condition: object) -> None:
    assert callable(condition)
    for _ in range(500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come about within 10 s")


def children(words: str, parent: int | None = None) -> set[int]:
    """Return processes whose command line has the words, of one parent if it is given."""
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes().decode(errors="replace")
            above = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if words in line and (parent is None or above == parent):
            found.add(int(entry.name))
    return found
