"""Taking a search back and going on, by a value of one's own: the run's audit must still pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ai_scientist import AIScientist
from ai_scientist.core.errors import ConfigError, SandboxError
from ai_scientist.core.jsonl import read_json
from ai_scientist.core.ledger import read_events
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Outcome
from tests.commands import TOPIC, call

pytestmark = [pytest.mark.bubblewrap, pytest.mark.xdist_group("whole-run")]

STAGES = """
[[stages]]
name = "implement"
[[stages]]
name = "explore"
nodes = 4
pilot_seeds = 1
early_stop = true
[[stages]]
name = "confirm"
"""


def worst_seed(outcome: Outcome) -> float | None:
    """A value of one's own: the worst seed counts."""
    errors = [row.value for row in outcome.measurements if row.metric == "ece" and row.condition == "proposed"]
    return -max(errors) if errors else None


@pytest.mark.slow
def test_a_search_goes_on_from_where_it_was_taken_back_to(tmp_path: Path) -> None:
    def broken_off(event: str, /, **facts: Any) -> None:
        if event == "node.finished" and facts["node"] == "n0003":
            raise SandboxError("The power went.")

    (tmp_path / "stages.toml").write_text(STAGES)
    search = {"nodes": 5, "confirm_seeds": 3, "stages": tmp_path / "stages.toml"}
    scientist = AIScientist(quick=True, seed=7, search=search, value_function=worst_seed)
    run = scientist.run(TOPIC, tmp_path / "runs", progress=broken_off).run
    back = call("search", "rewind", str(run), "--to", "n0001", home=tmp_path)
    assert back.returncode == 0, back.stderr
    assert "2 of 3 nodes are withdrawn" in back.stdout

    with pytest.raises(ConfigError, match="worst_seed"):
        AIScientist().resume(run)
    result = scientist.resume(run)
    assert result.status == "done", result.problem
    assert result.audit is not None
    assert result.audit.verdict == "pass", read_json(run / "audit" / "report.json")["findings"]
    kinds = [event.kind for event, _ in read_events(run / "ledger.jsonl")]
    assert kinds.count("search.rewound") == kinds.count("value.chosen") == 1
    with Journal.read(run / "search" / "journal.jsonl") as journal:
        assert journal.is_withdrawn(journal.nodes[2].id)
        view = journal.stage("explore")
        assert view.finished == view.made > 0
        assert journal.stage("confirm").best
        scores = [node.score for node in journal.nodes if node.stage == "explore" and node.score]
        assert all(score.value <= 0 and score.stderr is None for score in scores), "the user's own value"

    late = call("search", "rewind", str(run), "--to", "n0001", home=tmp_path)
    assert (late.returncode, "is over" in late.stderr) == (2, True)
