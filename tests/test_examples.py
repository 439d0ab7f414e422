"""Every example runs, and prints what its folder says it prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ai_scientist.core.jsonl import read_json
from ai_scientist.core.ledger import read_events
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


@pytest.mark.slow
@pytest.mark.bubblewrap
@pytest.mark.latex
def test_the_careful_readers_run_is_replayed_to_an_audited_paper(tmp_path: Path) -> None:
    """A whole run with a language model's answers, its experiments done anew, and no network."""
    said = subprocess.run(
        [str(EXAMPLES / "careful_reader" / "replay.sh"), str(tmp_path / "runs"), "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
        env=environment(tmp_path) | {"PYTHON": sys.executable},
        cwd=tmp_path,
    )
    assert said.returncode == 0, said.stderr
    result = json.loads(said.stdout)
    assert (result["status"], result["verdict"]) == ("done", "pass"), said.stderr
    assert Path(result["pdf"]).read_bytes().startswith(b"%PDF")
    events = [event for event, _ in read_events(Path(result["run"]) / "ledger.jsonl")]
    assert "agent.stood_in" not in {event.kind for event in events}, "the tape was not enough: rules answered for it"
    tests = read_json(Path(result["run"]) / "results" / "tests.json")
    assert tests.keys() >= {"H1", "H2", "H3", "H4", "H5"}
