"""A file that cannot be read is a finding that names it, never the end of the audit."""

from __future__ import annotations

import pytest

from ai_scientist.audit.check import audit
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.run_folder import RunFolder

FILES = (
    "ledger.jsonl",
    "search/nodes/n0001/rows.jsonl",
    "search/nodes/n0001/files/seed-0/predictions/digits/test/baseline.jsonl",
    "search/journal.jsonl",
    "plan.json",
    "results/cells.jsonl",
    "results/figures/tree.png",
    "paper/paper.tex",
    "paper/context.json",
    "code/experiment.py",
)


@pytest.mark.parametrize("how", ["folder", "circle"])
@pytest.mark.parametrize(
    "path", [*FILES[1:2], *(pytest.param(path, marks=pytest.mark.slow) for path in (FILES[0], *FILES[2:]))]
)
def test_what_cannot_be_read_is_named(run: RunFolder, path: str, how: str) -> None:
    file = run.path / path
    file.unlink()
    if how == "folder":
        file.mkdir()
    else:
        file.symlink_to(file.name)
    report = audit(run)
    assert report.verdict == "fail"
    assert any(path in finding.places or finding.where.startswith(path) for finding in report.findings), report.findings


def test_without_its_record_a_run_is_none(run: RunFolder) -> None:
    (run.path / "run.json").unlink()
    with pytest.raises(RunCorrupted, match=r"run\.json"):
        audit(run)
