"""What rules wrote is written again by the auditor: no word of a whole run can be changed without being found."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ai_scientist.audit.check import audit
from ai_scientist.core.run_folder import RunFolder
from benchmarks.fabrications import KINDS
from benchmarks.forger import Forger

pytestmark = [pytest.mark.bubblewrap, pytest.mark.xdist_group("whole-run")]

FORGED = {
    "negated_claim": "conclusion",
    "false_sentence": "experiments",
    "false_caption": "figure:",
    "dropped_limitation": "limitations",
    "false_disclosure": "author note",
    "other_machine": "environment",
}
"""Kinds that change no number → where they are found."""


def copy_of(finished: dict[str, Any], folder: Path) -> RunFolder:
    run = Path(finished["run"])
    return RunFolder(shutil.copytree(run, folder / run.name, symlinks=True))


PLANTED = [name if name == "false_sentence" else pytest.param(name, marks=pytest.mark.slow) for name in FORGED]


@pytest.mark.parametrize("name", PLANTED)
def test_a_changed_word_is_found_though_every_trace_is_covered(
    finished: dict[str, Any], tmp_path: Path, name: str
) -> None:
    forger = Forger(copy_of(finished, tmp_path), Random(name))
    next(kind for kind in KINDS if kind.name == name).plant(forger)
    forger.cover()
    told = [f"{finding.where} {finding.why}" for finding in audit(forger.run).findings]
    assert told
    assert any(FORGED[name] in line or "none of those that the ledger describes" in line for line in told), told


def test_the_text_was_compared_and_not_taken_for_another_edition_s(finished: dict[str, Any], tmp_path: Path) -> None:
    report = audit(copy_of(finished, tmp_path))
    assert report.checked["text"] > 20
    assert not [note for note in report.notes if "edition" in note]


@pytest.mark.slow
def test_a_forger_who_also_writes_the_text_again_leaves_none_of_it_to_find(
    finished: dict[str, Any], tmp_path: Path
) -> None:
    """The benchmark's forger holds the rules too, so that no forgery of data is caught by its words alone."""
    forger = Forger(copy_of(finished, tmp_path), Random(1))
    forger.rebuild()
    forger.cover()
    assert audit(forger.run).findings == ()
