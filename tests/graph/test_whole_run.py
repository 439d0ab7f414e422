from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ai_scientist.core.jsonl import read_json
from ai_scientist.core.ledger import read_events
from ai_scientist.paper.document import SECTIONS
from tests.commands import SMALL, TOPIC, call, environment

pytestmark = [pytest.mark.bubblewrap, pytest.mark.xdist_group("whole-run")]

KEYS = {"run", "status", "pdf", "code", "reviews", "audit", "seconds", "cost_usd"}


def numbers(run: Path) -> dict[str, float]:
    """The confirmed numbers of a run: cell → value."""
    lines = (run / "results" / "cells.jsonl").read_text().splitlines()
    return {cell["id"]: cell["value"] for cell in map(json.loads, lines)}


def test_a_run_ends_with_paper_code_reviews_and_a_passed_audit(finished: dict[str, Any]) -> None:
    assert finished.keys() >= KEYS
    assert finished["status"] == "done"
    assert finished["verdict"] == "pass", read_json(Path(finished["audit"]))["findings"]
    assert finished["cost_usd"] == 0
    for key in ("code", "reviews", "audit"):
        assert Path(finished[key]).exists()


def test_every_section_is_there_and_no_number_was_typed(finished: dict[str, Any]) -> None:
    draft = read_json(Path(finished["run"]) / "paper" / "draft.json")
    assert [section["name"] for section in draft["sections"]] == list(SECTIONS)
    assert len(draft["figures"]) >= 2
    assert draft["tables"]
    claims = read_json(Path(finished["run"]) / "paper" / "claims.json")["claims"]
    assert {claim["place"] for claim in claims} >= {"abstract", "results"}


def test_the_plan_was_locked_before_any_node_ran(finished: dict[str, Any]) -> None:
    kinds = [event.kind for event, _ in read_events(Path(finished["run"]) / "ledger.jsonl")]
    assert kinds.index("plan.locked") < kinds.index("node.proposed")


def test_the_paper_rests_on_seeds_that_no_other_stage_used(finished: dict[str, Any]) -> None:
    plan = read_json(Path(finished["run"]) / "plan.json")
    events = [
        event for event, _ in read_events(Path(finished["run"]) / "ledger.jsonl") if event.kind == "node.finished"
    ]
    search = {seed for event in events if event.facts["stage"] != "confirm" for seed in event.facts["seeds"]}
    confirm = {seed for event in events if event.facts["stage"] == "confirm" for seed in event.facts["seeds"]}
    assert confirm == set(plan["confirm_seeds"])
    assert not search & confirm


def test_the_code_repository_makes_the_numbers_again(finished: dict[str, Any]) -> None:
    done = subprocess.run(
        [sys.executable, "reproduce.py", "--seeds", "1"],
        cwd=finished["code"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "All values agree." in done.stdout


@pytest.mark.slow
def test_the_same_topic_and_seed_give_the_same_numbers(finished: dict[str, Any], tmp_path: Path) -> None:
    done = call("run", TOPIC, *SMALL, "--output", str(tmp_path / "runs"), "--json", home=tmp_path)
    assert numbers(Path(json.loads(done.stdout)["run"])) == numbers(Path(finished["run"]))


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_numbers(
    finished: dict[str, Any], tmp_path: Path
) -> None:
    arguments = ["run", TOPIC, *SMALL, "--output", str(tmp_path / "runs"), "--json"]
    killed_at: set[str] = set()
    while True:
        process = subprocess.Popen(
            [sys.executable, "-m", "ai_scientist.cli", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(tmp_path),
            cwd=tmp_path,
        )
        new = _wait_for_news(process, tmp_path / "runs", killed_at)
        if new is None:
            break
        killed_at.add(new)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        runs = list((tmp_path / "runs").iterdir())
        assert len(runs) == 1
        arguments = ["resume", str(runs[0]), "--json"]
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    assert killed_at >= {
        "plan.locked",
        "node.proposed",
        "node.finished",
        "results.built",
        "paper.compiled",
        "review.done",
    }
    result = json.loads(stdout)
    assert result["status"] == "done"
    assert result["verdict"] == "pass", read_json(Path(result["audit"]))["findings"]
    assert numbers(Path(result["run"])) == numbers(Path(finished["run"]))
    journal = [json.loads(line) for line in (Path(result["run"]) / "search" / "journal.jsonl").read_text().splitlines()]
    ended = [line["event"]["node"] for line in journal if line["event"]["kind"] == "node_finished"]
    assert len(ended) == len(set(ended))


def _wait_for_news(process: subprocess.Popen[str], runs: Path, known: set[str]) -> str | None:
    """Return a kind of event that was not seen before, as soon as the ledger holds it; None if the process ended."""
    while process.poll() is None:
        for ledger in runs.glob("*/ledger.jsonl"):
            kinds = {json.loads(line)["kind"] for line in ledger.read_bytes().split(b"\n")[:-1]}
            if fresh := sorted(kinds - known):
                return str(fresh[0])
        time.sleep(0.02)
    return None


@pytest.mark.parametrize(
    "name",
    [
        "run.json",
        "ledger.jsonl",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("plan.json", "state.sqlite", "search/journal.jsonl")),
    ],
)
def test_a_damaged_run_is_refused_in_one_sentence_and_nothing_is_lost(
    finished: dict[str, Any], tmp_path: Path, name: str
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished["run"], run)
    file = run / name
    data = file.read_bytes()
    file.write_bytes(b"{not json\n" + data[len(data) // 3 :])
    before = {path: path.stat().st_size for path in run.rglob("*") if path.is_file()}
    done = call("resume", str(run), "--json", home=tmp_path)
    if name == "plan.json":
        assert call("audit", str(run), home=tmp_path).returncode == 1
        return
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert file.name in done.stderr + done.stdout
    assert before.keys() <= set(run.rglob("*"))


def test_a_finished_run_is_not_run_again(finished: dict[str, Any], tmp_path: Path) -> None:
    before = (Path(finished["run"]) / "search" / "journal.jsonl").read_bytes()
    done = call("resume", finished["run"], "--json", home=tmp_path)
    assert json.loads(done.stdout)["status"] == "done"
    assert (Path(finished["run"]) / "search" / "journal.jsonl").read_bytes() == before
