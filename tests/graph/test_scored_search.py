"""A search on a task with a score: the scorer is checked first, controls run beside, held-out data are scored once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ai_scientist.agents.task_operator import TaskFacts
from ai_scientist.cli.searching import print_found
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.settings import SearchSettings, Settings
from ai_scientist.graph.scored_search import CONTROLS, search_task
from ai_scientist.models.request import A, Request
from ai_scientist.sandbox.process import ProcessSandbox
from ai_scientist.search.journal import Journal
from ai_scientist.search.scored_task import ScoredTask
from tests.search.test_scoring import SCORE, make_task

SETTINGS = Settings(search=SearchSettings(nodes=8, search_seeds=1, slots=1))


class Halver:
    """A model that takes about half of the offset away each time, once breaks the program, and repairs it."""

    name = "test:halver"

    def __init__(self) -> None:
        self.asked: list[TaskFacts] = []

    async def ask(self, request: Request[A]) -> A:
        facts = request.facts
        assert isinstance(facts, TaskFacts)
        self.asked.append(facts)
        if facts.attempt.value is None:
            edits = [("Path(os.environment[", "Path(os.environ[")]
        else:
            offset = facts.files["experiment.py"].partition("2 * number + ")[2].partition(" for")[0]
            edits = [(f"+ {offset} for", f"+ {float(offset) * (0.5 + 0.01 * len(self.asked))} for")]
            if len(self.asked) == 2:
                edits.append(('Path(os.environ["OUT_DIR"]', 'Path(os.environment["OUT_DIR"]'))
        changes = [{"file": "experiment.py", "search": search, "replace": replace} for search, replace in edits]
        told = {"title": "a step", "rationale": "r", "move": "halve", "edits": changes}
        return request.answer.model_validate(told)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    made = ProcessSandbox()
    yield made
    made.close()


async def test_what_is_found_is_told_beside_its_controls_and_its_worth_on_the_held_out_set(
    tmp_path: Path, sandbox: ProcessSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    task, model = make_task(tmp_path / "task"), Halver()
    names = ["puct", *CONTROLS]
    found = await search_task(task, tmp_path / "into", SETTINGS, model=model, policies=names, sandbox=sandbox)
    assert [(one.policy, one.nodes) for one in found] == [(name, 8) for name in names]
    puct = found[0]
    assert puct.good >= 6
    assert puct.score is not None and puct.score < 3.0, "better than the task's own program"
    # Three numbers are off by the same as the six that are held out, so that these score twice as much.
    assert puct.held_out is not None
    assert list(puct.held_out.scores) == pytest.approx([2 * puct.score])
    assert puct.held_out.gap == pytest.approx(-puct.score)
    print_found(found, as_json=False)
    table = capsys.readouterr().out
    assert all(name in table for name in names)
    print_found(found, as_json=True)
    assert json.loads(capsys.readouterr().out)["policies"][0]["gap"] == pytest.approx(-puct.score)


async def test_a_repair_is_asked_for_with_the_error_and_a_search_goes_on_where_it_was(
    tmp_path: Path, sandbox: ProcessSandbox
) -> None:
    task, model = make_task(tmp_path / "task"), Halver()
    first, again = [
        await search_task(task, tmp_path / "into", SETTINGS, model=model, policies=["puct"], sandbox=sandbox)
        for _ in range(2)
    ]
    with Journal.read(tmp_path / "into" / "puct" / "journal.jsonl") as journal:
        assert "debug" in [node.operator for node in journal.nodes]
        assert len(journal) == 8
    assert len(model.asked) == 7, "the second time nothing is asked, and the held-out set is not scored again"
    assert any("os.environment" in facts.files["experiment.py"] for facts in model.asked)
    assert again == first
    assert first[0].held_out is not None


async def test_a_search_is_over_once_its_held_out_set_is_scored(tmp_path: Path, sandbox: ProcessSandbox) -> None:
    task, model = make_task(tmp_path / "task"), Halver()
    (first,) = await search_task(task, tmp_path / "into", SETTINGS, model=model, policies=["puct"], sandbox=sandbox)
    asked = len(model.asked)
    more = SETTINGS.model_copy(update={"search": SETTINGS.search.model_copy(update={"nodes": 12})})
    (again,) = await search_task(task, tmp_path / "into", more, model=model, policies=["puct"], sandbox=sandbox)
    assert again == first, "else the program handed over would be another than the one that was scored"
    assert len(model.asked) == asked


@pytest.mark.parametrize(
    ("direction", "score", "why"),
    [
        ("higher", SCORE, "the wrong way round"),
        ("lower", SCORE.replace("return sum(", "import random; return random.random() + sum("), "same answer scored"),
        ("lower", SCORE.replace("json.loads((answer", "[0, 0, 0] or json.loads((answer"), "must have no score"),
    ],
)
async def test_a_wrong_scorer_is_refused_before_anything_is_asked(
    tmp_path: Path, sandbox: ProcessSandbox, direction: str, score: str, why: str
) -> None:
    task, model = make_task(tmp_path / "task", score=score, direction=direction), Halver()
    with pytest.raises(ConfigError, match=why):
        await search_task(task, tmp_path / "into", SETTINGS, model=model, policies=["puct"], sandbox=sandbox)
    assert model.asked == []
    assert not (tmp_path / "into").exists()


async def test_a_task_whose_own_program_fails_is_refused(tmp_path: Path, sandbox: ProcessSandbox) -> None:
    make_task(tmp_path / "task")
    (tmp_path / "task" / "program" / "experiment.py").write_text("raise ValueError('no')")
    with pytest.raises(ConfigError, match="does not run"):
        await search_task(
            ScoredTask.open(tmp_path / "task"),
            tmp_path / "into",
            SETTINGS,
            model=Halver(),
            policies=["puct"],
            sandbox=sandbox,
        )
