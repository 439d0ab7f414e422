"""A disk that is full in the middle of a run: one sentence, and nothing lost once there is room again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.commands import SMALL, TOPIC, call


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path]:
    """A file system of its own, with next to no room."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=False, capture_output=True
    ).returncode:
        pytest.skip("only root can mount a file system here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.slow
@pytest.mark.bubblewrap
def test_a_run_that_fills_the_disk_goes_on_when_there_is_room(disk: Path, tmp_path: Path) -> None:
    done = call("run", TOPIC, *SMALL, "--output", str(disk / "runs"), home=tmp_path)
    assert done.returncode == 1, done.stderr
    # Where it is told depends on whether there was room left to write down that the run failed.
    assert "disk is full" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
    (run,) = (disk / "runs").iterdir()
    gone_on = call("resume", str(run), "--json", home=tmp_path)
    assert gone_on.returncode == 0, gone_on.stderr
    assert json.loads(gone_on.stdout)["verdict"] == "pass"
