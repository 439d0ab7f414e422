"""Packages and data that are made once, and shown to experiments read-only."""

from __future__ import annotations

import asyncio
import threading
import zipfile
from functools import cache
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ai_scientist.core.errors import ConfigError, RunCorrupted
from ai_scientist.core.settings import SandboxSettings
from ai_scientist.sandbox.bubblewrap import BubblewrapSandbox
from ai_scientist.sandbox.choose import choose
from ai_scientist.sandbox.contract import ExitKind, Limits, Sandbox
from ai_scientist.sandbox.harness import run_program
from ai_scientist.sandbox.process import ProcessSandbox
from ai_scientist.sandbox.supplies import install_requirements, prepare_data

LIMITS = Limits(timeout_seconds=30, memory_bytes=512 * 1024**2)
SCRIPT = """
import os, time
with open(os.environ["OUT_DIR"] + "/numbers.txt", "w") as file: file.write("1 2 3")
os.makedirs(os.environ["OUT_DIR"] + "/deep")
open(os.environ["OUT_DIR"] + "/deep/stamp", "w").write(str(time.time_ns()))
"""


@cache
def _process() -> Sandbox:
    return ProcessSandbox()


@pytest.fixture
def sandbox() -> Sandbox:
    return _process()


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "prepare.py").write_text(SCRIPT)
    return tmp_path / "prepare.py"


async def test_data_are_made_once_and_hashed(sandbox: Sandbox, script: Path, tmp_path: Path) -> None:
    first = await prepare_data(sandbox, script, store=tmp_path / "store", limits=LIMITS)
    second = await prepare_data(sandbox, script, store=tmp_path / "store", limits=LIMITS)
    assert (first.was_there, second.was_there) == (False, True)
    assert first.sha256 == second.sha256
    assert set(first.files) == {"numbers.txt", "deep/stamp"}
    assert [path.name for path in (tmp_path / "store" / "data").iterdir()] == [first.key]


async def test_another_script_or_input_makes_other_data(sandbox: Sandbox, script: Path, tmp_path: Path) -> None:
    first = await prepare_data(sandbox, script, store=tmp_path / "store", limits=LIMITS)
    (tmp_path / "input").write_text("x")
    inputs = {"input": tmp_path / "input"}
    second = await prepare_data(sandbox, script, store=tmp_path / "store", limits=LIMITS, inputs=inputs)
    (tmp_path / "input").write_text("y")
    third = await prepare_data(sandbox, script, store=tmp_path / "store", limits=LIMITS, inputs=inputs)
    assert len({first.key, second.key, third.key}) == 3


async def test_data_that_were_changed_are_not_used(sandbox: Sandbox, script: Path, tmp_path: Path) -> None:
    supply = await prepare_data(sandbox, script, store=tmp_path / "store", limits=LIMITS)
    (supply.folder / "numbers.txt").write_text("1 2 4")
    with pytest.raises(RunCorrupted, match=r"numbers\.txt"):
        await prepare_data(sandbox, script, store=tmp_path / "store", limits=LIMITS)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("raise SystemExit('no such file')", "no such file"),
        ("pass", "left nothing"),
        ("import nothing_there", "nothing_there"),
    ],
)
async def test_a_script_that_fails_leaves_no_data(sandbox: Sandbox, tmp_path: Path, program: str, words: str) -> None:
    (tmp_path / "prepare.py").write_text(program)
    with pytest.raises(ConfigError, match=words):
        await prepare_data(sandbox, tmp_path / "prepare.py", store=tmp_path / "store", limits=LIMITS)
    assert list((tmp_path / "store" / "data").iterdir()) == []


async def test_two_that_make_the_same_at_once_agree(sandbox: Sandbox, script: Path, tmp_path: Path) -> None:
    made = await asyncio.gather(
        *(prepare_data(sandbox, script, store=tmp_path / "store", limits=LIMITS) for _ in range(3))
    )
    assert len({supply.sha256 for supply in made}) == 1
    for supply in made:
        supply.verify()


@pytest.mark.bubblewrap
async def test_only_a_step_that_may_has_network(tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "data.csv").write_text("a,b")
    with _server(tmp_path / "served") as port:
        program = f"""
import os, urllib.request
text = urllib.request.urlopen("http://127.0.0.1:{port}/data.csv", timeout=5).read()
open(os.environ["OUT_DIR"] + "/data.csv", "wb").write(text)
"""
        (tmp_path / "prepare.py").write_text(program)
        box, store = BubblewrapSandbox(), tmp_path / "store"
        with pytest.raises(ConfigError, match="URLError"):
            await prepare_data(box, tmp_path / "prepare.py", store=store, limits=LIMITS)
        supply = await prepare_data(box, tmp_path / "prepare.py", store=store, limits=LIMITS, network=True)
    assert (supply.folder / "data.csv").read_text() == "a,b"


@pytest.mark.parametrize(
    "backend",
    [
        "process",
        pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
        pytest.param("docker", marks=pytest.mark.docker),
    ],
)
async def test_required_packages_are_installed_once_and_can_be_imported(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index" / "aislab-extra"
    index.mkdir(parents=True)
    _write_wheel(index / "aislab_extra-1.0-py3-none-any.whl")
    box = choose(SandboxSettings.model_validate({"name": backend}), trusted=False).sandbox
    (tmp_path / "requirements.txt").write_text("aislab-extra==1.0\n")
    with _server(tmp_path / "index") as port:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/")
        made = await install_requirements(box, tmp_path / "requirements.txt", store=tmp_path / "store")
    again = await install_requirements(box, tmp_path / "requirements.txt", store=tmp_path / "store")
    assert again.was_there
    assert made.key == again.key
    program = {"experiment.py": "import aislab_extra; print(aislab_extra.ANSWER)"}
    without = await run_program(box, program, (0,), folder=tmp_path / "without", limits=LIMITS)
    run = await run_program(box, program, (0,), folder=tmp_path / "with", limits=LIMITS, packages=(made.folder,))
    assert without.kind is ExitKind.FAILED
    assert run.kind is ExitKind.OK, run.diagnosis
    assert "42" in run.stdout.read_text()


async def test_packages_that_do_not_exist_are_a_config_error(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "requirements.txt").write_text("aislab-not-there==1.0\n")
    with _server(tmp_path / "index") as port:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/")
        with pytest.raises(ConfigError, match="aislab-not-there"):
            await install_requirements(sandbox, tmp_path / "requirements.txt", store=tmp_path / "store")


async def test_a_requirements_file_that_is_not_there_is_a_config_error(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        await install_requirements(sandbox, tmp_path / "none.txt", store=tmp_path / "store")


class _server:
    """Serves a folder over HTTP on this machine; a listing of a folder is a package index."""

    def __init__(self, folder: Path) -> None:
        class Handler(SimpleHTTPRequestHandler):
            def __init__(self, *arguments: object) -> None:
                super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]  # as socketserver calls it

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> int:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self._server.server_address[1]

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _write_wheel(path: Path) -> None:
    info = "aislab_extra-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("aislab_extra.py", "ANSWER = 42\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: aislab-extra\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", f"aislab_extra.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
