"""The confirmed program run again: honest rows are made again, invented ones are not."""

from __future__ import annotations

import asyncio
import json

import pytest

from ai_scientist.audit.check import audit
from ai_scientist.audit.rerun import Rerun, sample_seeds
from ai_scientist.core.hashing import canonical_json
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.sandbox.process import ProcessSandbox
from tests.analysis.study import make_plan

HOW = Rerun(sandbox=ProcessSandbox(), seeds=2, workers=2)


def test_an_honest_run_is_made_again_value_by_value(honest: RunFolder) -> None:
    report = audit(honest, rerun=HOW)
    assert report.findings == ()
    assert report.checked["seed run again"] == 2
    assert report.checked["value made again"] == 2 * (3 * 2 * 2 + 3 * 2 * 2)


def test_a_value_that_the_program_does_not_give_is_named(run: RunFolder) -> None:
    (seed, _) = sample_seeds(make_plan(), 2)
    file = run.path / "search" / "nodes" / "n0005" / "rows.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        if (line["seed"], line["metric"], line["condition"], line["step"]) == (seed, "ece", "proposed", None):
            line["value"] *= 0.999
    file.write_text("".join(canonical_json(line) + "\n" for line in lines))
    findings = [f for f in audit(run, rerun=HOW).findings if f.kind == "rerun"]
    assert len(findings) == 2
    assert all("ece/proposed/" in f.why and f"seed {seed}" in f.why for f in findings)


def test_a_setting_that_the_program_does_not_say_is_named_though_every_value_is_as_it_was(run: RunFolder) -> None:
    file = run.results / "config.json"
    file.write_text(file.read_text().replace('"train": 30', '"train": 31').replace('"train":30', '"train":31'))
    assert "31" in file.read_text()
    findings = [f for f in audit(run, rerun=HOW).findings if f.kind == "rerun"]
    assert [f.why for f in findings] == ["train: the run's record says 31, run again the program says 30."]


def test_the_sample_follows_from_the_plan_and_from_nothing_else() -> None:
    plan = make_plan()
    assert sample_seeds(plan, 3) == sample_seeds(plan, 3)
    assert set(sample_seeds(plan, 3)) < set(plan.confirm_seeds)
    assert sample_seeds(plan, None) == plan.confirm_seeds
    other = plan.model_copy(update={"question": "Another one?"})
    assert any(sample_seeds(plan, n) != sample_seeds(other, n) for n in (2, 3, 4))


def test_an_audit_can_be_asked_for_from_within_a_loop(honest: RunFolder) -> None:
    async def inside() -> str:
        return audit(honest, rerun=Rerun(sandbox=ProcessSandbox(), seeds=1)).verdict

    assert asyncio.run(inside()) == "pass"


@pytest.mark.bubblewrap
def test_the_program_is_run_again_in_a_sandbox_that_holds(honest: RunFolder) -> None:
    report = audit(honest, rerun=Rerun(seeds=1))
    assert report.findings == ()
    assert report.checked["seed run again"] == 1
