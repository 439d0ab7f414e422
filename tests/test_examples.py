"""Every example runs, and prints what its folder says it prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import environment

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


def run(example: str, *arguments: str, home: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / example / "run.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=environment(home),
        cwd=home,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_own_policy_prints_what_it_says(tmp_path: Path) -> None:
    assert run("own_policy", home=tmp_path) == (EXAMPLES / "own_policy" / "expected.txt").read_text()


@pytest.mark.slow
@pytest.mark.bubblewrap
def test_from_python_does_a_whole_run(tmp_path: Path) -> None:
    said = run("from_python", str(tmp_path / "runs"), home=tmp_path)
    assert "status: done" in said
    assert "audit: pass" in said
    assert "H1: " in said


def test_every_example_is_listed() -> None:
    listed = (EXAMPLES / "README.md").read_text()
    assert all(f"`{folder.name}/`" in listed for folder in EXAMPLES.iterdir() if folder.is_dir())
