"""Docker, on a real engine: the contract, every attack, and that nothing is left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ai_scientist.core.errors import MissingTool, SandboxError
from ai_scientist.sandbox import owners
from ai_scientist.sandbox.contract import ExitKind, Sandbox
from tests.sandbox.attacks import run_attacks, table
from tests.sandbox.conformance import DAEMON, SandboxConformance, Workspace

if TYPE_CHECKING:
    import docker

    from ai_scientist.sandbox.docker import DockerSandbox

pytestmark = pytest.mark.docker

HARNESS = """
import asyncio, sys
from pathlib import Path
from ai_scientist.sandbox.docker import DockerSandbox
from tests.sandbox.conformance import DAEMON, Workspace

sandbox = DockerSandbox(run="killed")
command = Workspace(folder=Path(sys.argv[1])).command(DAEMON + "time.sleep(600)")
asyncio.run(sandbox.run(command))
"""


@cache
def _shared() -> DockerSandbox:
    from ai_scientist.sandbox.docker import DockerSandbox

    return DockerSandbox()


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    from ai_scientist.sandbox.docker import connect

    engine = connect()
    yield engine
    engine.close()


class TestDocker(SandboxConformance):
    @pytest.fixture
    def sandbox(self) -> Sandbox:
        return _shared()


@pytest.mark.slow
async def test_docker_holds_every_attack(tmp_path: Path) -> None:
    verdicts = await run_attacks(_shared(), tmp_path)
    print(table({"docker": verdicts}))
    assert [f"{verdict.attack.name}: {verdict.seen}" for verdict in verdicts if not verdict.is_held] == []


async def test_a_warm_container_is_used_once(tmp_path: Path) -> None:
    seen: set[str] = set()
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        program = (
            "import os; print(os.path.exists('/tmp/left'), os.stat('/proc/1').st_ctime); open('/tmp/left', 'w').close()"
        )
        result = await _shared().run(Workspace(folder=folder).command(program))
        assert result.stdout.startswith("False")
        assert result.stdout not in seen
        seen.add(result.stdout)


async def test_closing_removes_what_waits(client: docker.DockerClient, tmp_path: Path) -> None:
    from ai_scientist.sandbox.docker import DockerSandbox

    sandbox = DockerSandbox(run="closing", warm=2)
    assert (await sandbox.run(Workspace(folder=tmp_path).command("pass"))).kind is ExitKind.OK
    sandbox.close()
    assert client.containers.list(all=True, filters={"label": "ai-scientist.run=closing"}) == []


def test_a_killed_harness_leaves_what_a_sweep_removes_and_nothing_else(
    client: docker.DockerClient, tmp_path: Path
) -> None:
    from ai_scientist.sandbox.docker import sweep

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)}
    workspace = Workspace(folder=tmp_path / "work")
    workspace.folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", HARNESS, str(workspace.folder)], env=environment) as harness:
        for _ in range(1500):
            if list(tmp_path.rglob("heartbeat")):
                break
            time.sleep(0.02)
        assert sweep(client, run="killed") == [], "a living harness's container was swept"
        harness.kill()
    (beat,) = tmp_path.rglob("heartbeat")
    assert sweep(client, run="killed") != []
    before = beat.stat().st_size
    time.sleep(0.2)
    assert beat.stat().st_size == before
    assert client.containers.list(all=True, filters={"label": "ai-scientist.run=killed"}) == []


async def test_when_the_engine_loses_a_container_it_is_our_error_or_a_failure(
    client: docker.DockerClient, tmp_path: Path
) -> None:
    import asyncio

    from ai_scientist.sandbox.docker import DockerSandbox

    sandbox = DockerSandbox(run="lost", warm=0)
    workspace = Workspace(folder=tmp_path)
    running = asyncio.create_task(sandbox.run(workspace.command(DAEMON + "time.sleep(60)")))
    while not list(tmp_path.rglob("heartbeat")):  # noqa: ASYNC110, ASYNC240  # another process makes it
        await asyncio.sleep(0.05)
    (container,) = client.containers.list(filters={"label": "ai-scientist.run=lost"})
    container.remove(force=True)
    try:
        assert (await running).kind is ExitKind.FAILED  # killed by somebody: which of the two is seen first is open
    except SandboxError:
        pass
    sandbox.close()


def test_an_image_that_is_not_there_is_our_error(client: docker.DockerClient) -> None:
    from ai_scientist.sandbox.docker import DockerSandbox

    with pytest.raises(SandboxError, match="docker pull no/such:image"):
        DockerSandbox(client, image="no/such:image")


def test_no_engine_is_a_missing_tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from ai_scientist.sandbox.docker import connect

    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(MissingTool, match=r"docker\.io"):
        connect()


def test_it_names_the_image_by_its_digest() -> None:
    facts = _shared().describe()
    assert facts["image_digest"].startswith("sha256:")
    assert len(facts["image_digest"]) == 71


def test_marks_tell_the_living_from_the_dead() -> None:
    mark = owners.mark()
    machine, pid, started = mark.split(":")
    assert not owners.is_dead(mark)
    assert owners.is_dead(f"{machine}:{pid}:{int(started) + 1}"), "a later process of the same number"
    with subprocess.Popen(["true"]) as gone:
        pass
    assert owners.is_dead(f"{machine}:{gone.pid}:1")
    assert not owners.is_dead(f"elsewhere.1:{gone.pid}:1"), "another machine's process cannot be judged from here"
    assert not owners.is_dead("nonsense")


async def test_inputs_and_limits_make_another_shape(tmp_path: Path) -> None:
    (tmp_path / "table").write_text("one")
    for number, inputs in enumerate(({}, {"table": tmp_path / "table"}, {})):
        folder = tmp_path / str(number)
        folder.mkdir()
        program = "import os; print(os.listdir(os.environ['DATA_DIR']))"
        command = Workspace(folder=folder).command(program, inputs=inputs)
        result = await _shared().run(replace(command, environment={"SEED": str(number)}))
        assert result.stdout == f"{sorted(inputs)}\n"
