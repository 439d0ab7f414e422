"""What the audit finds decides, whatever reviewers think of the paper."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from ai_scientist.core.clock import SystemClock
from ai_scientist.core.jsonl import read_json, write_json
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.graph.opening import open_parts
from ai_scientist.graph.reviewing import review
from ai_scientist.graph.state import initial_state
from ai_scientist.models.request import Request
from ai_scientist.review.forms import Review

pytestmark = [pytest.mark.bubblewrap, pytest.mark.xdist_group("whole-run")]


class Flatterer:
    """A reviewer who likes everything and mentions no finding."""

    name = "flatterer"

    async def ask(self, request: Request[Any]) -> Any:  # of whatever type the request names
        scores = dict.fromkeys(("originality", "soundness", "presentation", "contribution"), 4)
        words = dict.fromkeys(("strengths", "weaknesses", "questions", "limitations"), ())
        form = {"reviewer": "f", "summary": "Superb.", "overall": 10, "confidence": 5, "decision": "accept"}
        return Review.model_validate({**form, **scores, **words})


def unheard(event: str, /, **facts: Any) -> None:
    """Take no notice."""


async def decision(run: Path) -> tuple[str, dict[str, Any]]:
    """Review a run's paper and return the decision and the meta-review."""
    folder = RunFolder(run)
    stored = read_json(folder.results / "config.json")
    state = initial_state(str(run), "topic")
    state["confirmed"] = cast("str", stored["nodes"][0])
    with open_parts(folder, unheard, SystemClock()) as parts:
        update = await review(state, replace(parts, model=Flatterer()))
    return str(update.get("decision")), cast("dict[str, Any]", read_json(folder.review_round(1) / "meta.json"))


def a_digit(run: Path) -> None:
    """Change the first cell's value a little."""
    file = run / "results" / "cells.jsonl"
    first, *rest = file.read_text().splitlines()
    cell = json.loads(first)
    cell["value"] += 0.01
    file.write_text("\n".join([json.dumps(cell), *rest]) + "\n")


def a_failed_check(run: Path) -> None:
    """Let a check of the experiment have failed."""
    file = run / "results" / "checks.json"
    told = read_json(file)
    told["checks"][0] = {"name": "shuffled labels teach nothing", "verdict": "failed", "why": "They teach a lot."}
    write_json(file, told)


@pytest.fixture
def copy(finished: dict[str, Any], tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished["run"], tmp_path / Path(finished["run"]).name))


async def test_a_sound_paper_is_accepted_by_reviewers_who_like_it(copy: Path) -> None:
    told, meta = await decision(copy)
    assert told == "accept"
    assert meta["vetoes"] == []


@pytest.mark.parametrize("spoil", [a_digit, a_failed_check])
async def test_a_finding_of_the_audit_rejects_though_every_reviewer_accepts(
    spoil: Callable[[Path], None], copy: Path
) -> None:
    spoil(copy)
    told, meta = await decision(copy)
    assert meta["overall"] == 10
    assert told == "reject"
    assert meta["vetoes"] and all(veto["severity"] == "integrity" for veto in meta["vetoes"])
