"""Live curves: read while a program writes them, whatever it puts in their place."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from ai_scientist.core.plan import Plan
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.graph.curves import LiveCurves
from ai_scientist.graph.parts import Parts
from ai_scientist.search.node import Node
from tests.core.test_plan import GOOD


@pytest.fixture
def plan() -> Plan:
    return Plan.model_validate(GOOD)


@pytest.fixture
def curves(tmp_path: Path, plan: Plan) -> LiveCurves:
    return LiveCurves(plan, cast("Parts", SimpleNamespace(folder=RunFolder(tmp_path))))


def node() -> Node:
    return cast("Node", SimpleNamespace(id="n0001"))


def seed_folder(run: Path, seed: int) -> Path:
    folder = run / "search" / "nodes" / "n0001" / "files" / f"seed-{seed}"
    folder.mkdir(parents=True)
    return folder


def line(plan: Plan, step: int | None, value: float, **other: str) -> str:
    named = {"metric": plan.primary_metric, "condition": plan.target, "split": plan.split, "dataset": "d"}
    return json.dumps({**named, **other, "step": step, "value": value}) + "\n"


def test_a_curve_is_the_mean_over_the_seeds_that_have_come_so_far(
    tmp_path: Path, plan: Plan, curves: LiveCurves
) -> None:
    sign = 1.0 if plan.metric(plan.primary_metric).direction == "higher" else -1.0
    first = line(plan, 1, 0.5) + line(plan, 2, 0.7) + line(plan, None, 9.0) + line(plan, 1, 9.0, condition="other")
    (seed_folder(tmp_path, 0) / "rows.jsonl").write_text(first)
    (seed_folder(tmp_path, 1) / "rows.jsonl").write_text(line(plan, 1, 0.7) + line(plan, 2, 0.9)[:-9])
    assert curves.of(node()) == {1: pytest.approx(sign * 0.6), 2: sign * 0.7}


def test_pipes_links_and_nonsense_are_no_curve_and_stop_nobody(tmp_path: Path, plan: Plan, curves: LiveCurves) -> None:
    elsewhere = tmp_path / "elsewhere.jsonl"
    elsewhere.write_text(line(plan, 1, 0.5))
    os.mkfifo(seed_folder(tmp_path, 0) / "rows.jsonl")
    (seed_folder(tmp_path, 1) / "rows.jsonl").symlink_to(elsewhere)
    (seed_folder(tmp_path, 2) / "rows.jsonl").write_bytes(b"\xff\xfe\n[1]\n{\n" + b'{"step": "x"}\n')
    (seed_folder(tmp_path, 3) / "rows.jsonl").mkdir()
    assert curves.of(node()) == {}
