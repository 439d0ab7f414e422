"""Scores: nobody who is scored can reach the scorer, and a scorer that is wrong is caught before it costs anything."""

from __future__ import annotations

import os
import signal
import textwrap
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from ai_scientist.core.errors import ConfigError, SandboxError
from ai_scientist.core.ids import CheckpointId, NodeId
from ai_scientist.sandbox.bubblewrap import BubblewrapSandbox
from ai_scientist.sandbox.contract import ExitKind, Limits, Sandbox
from ai_scientist.sandbox.harness import run_program
from ai_scientist.sandbox.process import ProcessSandbox
from ai_scientist.search.checkpoints import StoredCheckpoint
from ai_scientist.search.node import Node, Outcome, Status
from ai_scientist.search.scored_task import Answers, Runner, ScoredTask, TaskEvaluator
from ai_scientist.search.scorer import ScorerProcess
from ai_scientist.search.scorer_lint import check_scorer, lint_scorer

SCORE = """
    import json
    from pathlib import Path

    def score(answer: Path, truth: Path) -> float:
        given = json.loads((answer / "answer.json").read_text())
        wanted = json.loads((truth / "numbers.json").read_text())
        if not isinstance(given, list) or len(given) != len(wanted):
            raise ValueError("the answer is a list as long as the question")
        if any(number != number for number in given):
            raise ValueError("NaN is no answer")
        return sum((a - b) ** 2 for a, b in zip(given, wanted))
"""

PROGRAM = """
    import json, os
    from pathlib import Path

    numbers = json.loads(Path(os.environ["DATA_DIR"], "public", "numbers.json").read_text())
    Path(os.environ["OUT_DIR"], "answer.json").write_text(json.dumps([2 * number + 1 for number in numbers]))
    print("score: 1e9")
"""


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))


def make_task(folder: Path, *, score: str = SCORE, direction: str = "lower") -> ScoredTask:
    """Doubling numbers; the program is off by one on each. Held out are twice as many numbers."""
    write(
        folder / "task.toml",
        f'name = "double"\ndescription = "d"\ndirection = "{direction}"\norder = ["worse", "better"]\n',
    )
    write(folder / "program" / "experiment.py", PROGRAM)
    write(folder / "score.py", score)
    for place, numbers in ((folder, "[1, 2, 3]"), (folder / "held_out", "[4, 5, 6, 7, 8, 9]")):
        write(place / "public" / "numbers.json", numbers)
        write(place / "truth" / "numbers.json", str([2 * n for n in eval(numbers)]))
    write(folder / "answers" / "worse" / "answer.json", "[0, 0, 0]")
    write(folder / "answers" / "better" / "answer.json", "[2, 4, 5]")
    return ScoredTask.open(folder)


@pytest.fixture
async def run() -> AsyncIterator[Runner]:
    """The real harness over plain processes, as a search is handed it."""
    sandbox = ProcessSandbox()
    yield runner_over(sandbox)
    sandbox.close()


def runner_over(sandbox: Sandbox) -> Runner:
    limits = Limits(timeout_seconds=20, memory_bytes=1 << 30)

    async def runner(
        files: Mapping[str, str], seeds: Sequence[int], *, folder: Path, inputs: Mapping[str, Path]
    ) -> Answers:
        done = await run_program(sandbox, files, seeds, folder=folder, limits=limits, inputs=inputs)
        is_ok = done.kind is ExitKind.OK
        return Answers(
            status=Status.OK if is_ok else Status.CRASHED,
            diagnosis="" if is_ok else done.diagnosis,
            folders=tuple(seed.folder for seed in done.seeds) if is_ok else (),
            wall_seconds=done.wall_seconds,
        )

    return runner


def checkpoint(text: str) -> StoredCheckpoint:
    files = {"experiment.py": textwrap.dedent(text)}
    return StoredCheckpoint(id=CheckpointId("0" * 40), tree="0" * 40, parents=(), files=files)


NODE = Node(
    id=NodeId("n0001"),
    number=1,
    parents=(),
    operator="draft",
    stage="s",
    title="t",
    checkpoint=CheckpointId("0" * 40),
    tree="0" * 40,
)


async def evaluate(task: ScoredTask, run: Runner, nodes: Path, text: str = PROGRAM) -> Outcome:
    scorer = ScorerProcess(task.folder / "score.py")
    try:
        return await TaskEvaluator(task, run=run, scorer=scorer, nodes=nodes).evaluate(NODE, checkpoint(text), (0, 1))
    finally:
        await scorer.close()


async def test_the_score_is_the_scorer_s_whatever_the_program_says(tmp_path: Path, run: Runner) -> None:
    outcome = await evaluate(make_task(tmp_path / "task"), run, tmp_path / "nodes")
    assert outcome.status is Status.OK
    assert [(row.seed, row.value) for row in outcome.measurements] == [(0, 3.0), (1, 3.0)]


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("raise SystemExit(3)", "failed"),
        ("pass", "FileNotFoundError"),
        ("open(__import__('os').environ['OUT_DIR'] + '/answer.json', 'w').write('[1]')", "as long as"),
        ("open(__import__('os').environ['OUT_DIR'] + '/answer.json', 'w').write('{not json')", "JSONDecodeError"),
        ("open(__import__('os').environ['OUT_DIR'] + '/answer.json', 'w').write('[NaN, 1, 2]')", "NaN is no answer"),
    ],
)
async def test_an_answer_that_is_none_has_no_score(tmp_path: Path, run: Runner, program: str, says: str) -> None:
    outcome = await evaluate(make_task(tmp_path / "task"), run, tmp_path / "nodes", program)
    assert outcome.status in (Status.CRASHED, Status.REFUSED)
    assert outcome.measurements == ()
    assert says in outcome.diagnosis


async def test_a_program_is_handed_its_inputs_and_nothing_else(tmp_path: Path, run: Runner) -> None:
    seen = """
        import json, os
        from pathlib import Path
        found = [str(p) for p in Path(os.environ["DATA_DIR"]).rglob("*")] + list(os.environ.values())
        assert not any("truth" in text or "held_out" in text for text in found), found
        Path(os.environ["OUT_DIR"], "answer.json").write_text("[2, 4, 6]")
    """
    outcome = await evaluate(make_task(tmp_path / "task"), run, tmp_path / "nodes", seen)
    assert outcome.status is Status.OK, outcome.diagnosis
    assert outcome.measurements[0].value == 0


@pytest.mark.bubblewrap
async def test_in_a_real_sandbox_nobody_can_read_the_truth_by_its_path(tmp_path: Path) -> None:
    task = make_task(tmp_path / "task")
    secret = task.folder / "truth" / "numbers.json"
    reads = f"""
        import os
        from pathlib import Path
        Path(os.environ["OUT_DIR"], "answer.json").write_text(Path({str(secret)!r}).read_text())
    """
    sandbox = BubblewrapSandbox()
    outcome = await evaluate(task, runner_over(sandbox), tmp_path / "nodes", reads)
    sandbox.close()
    assert outcome.status is Status.CRASHED
    assert "No such file" in outcome.diagnosis


async def test_the_held_out_set_is_scored_once_and_the_gap_is_shown(tmp_path: Path, run: Runner) -> None:
    task, file = make_task(tmp_path / "task"), tmp_path / "held_out.json"
    scorer = ScorerProcess(task.folder / "score.py")
    evaluator = TaskEvaluator(task, run=run, scorer=scorer, nodes=tmp_path / "nodes")
    outcome = await evaluator.evaluate(NODE, checkpoint(PROGRAM), (0,))
    node = NODE.model_copy(update={"outcome": outcome})
    held_out = await evaluator.score_held_out(node, checkpoint(PROGRAM), (0,), file)
    assert (held_out.scores, held_out.development, held_out.gap) == ((6.0,), (3.0,), -3.0)
    assert '"scores":[6.0]' in file.read_text()
    with pytest.raises(ConfigError, match="scored once"):
        await evaluator.score_held_out(node, checkpoint(PROGRAM), (0,), file)
    await scorer.close()


@pytest.mark.parametrize("missing", ["task.toml", "score.py", "program/experiment.py", "answers/worse/answer.json"])
def test_a_folder_that_is_no_task_is_refused(tmp_path: Path, missing: str) -> None:
    task = make_task(tmp_path / "task")
    (task.folder / missing).unlink()
    if missing.startswith("answers"):
        (task.folder / missing).parent.rmdir()
    with pytest.raises(ConfigError, match="is no task"):
        ScoredTask.open(task.folder)


# --- the scorer's process --------------------------------------------------------------------------------------------


async def test_a_scorer_that_dies_or_hangs_costs_one_answer(tmp_path: Path) -> None:
    script = """
        import os, time
        def score(answer, truth):
            name = answer.name
            if name == "dies":
                os._exit(1)
            if name == "hangs":
                time.sleep(60)
            print("what a scorer prints is nobody's answer")
            return 1.5 if name == "good" else "no number"
    """
    write(tmp_path / "score.py", script)
    scorer = ScorerProcess(tmp_path / "score.py", timeout_seconds=1.0)
    told = {name: await scorer.score(tmp_path / name, tmp_path) for name in ("good", "dies", "odd", "hangs", "good")}
    assert told["good"].score == 1.5
    assert (told["dies"].score, told["dies"].problem) == (None, "The scorer died of it.")
    assert (told["hangs"].score, told["hangs"].problem) == (None, "The scorer took too long.")
    assert "no number" in told["odd"].problem
    await scorer.close()


async def test_a_scorer_that_cannot_start_is_the_sandbox_s_fault_not_the_program_s(tmp_path: Path) -> None:
    write(tmp_path / "score.py", "raise RuntimeError('broken')")
    with pytest.raises(SandboxError, match="cannot be started"):
        await ScorerProcess(tmp_path / "score.py").score(tmp_path, tmp_path)


async def test_no_scorer_is_left_behind(tmp_path: Path) -> None:
    write(tmp_path / "score.py", "import os\ndef score(answer, truth):\n    return os.getpid()\n")
    scorer = ScorerProcess(tmp_path / "score.py")
    verdict = await scorer.score(tmp_path, tmp_path)
    assert verdict.score is not None
    os.kill(int(verdict.score), 0)
    await scorer.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(verdict.score), signal.SIGKILL)


# --- the lint --------------------------------------------------------------------------------------------------------

RANDOM = SCORE.replace("return sum", "import random\n        return random.random() + sum")
REMEMBERS = SCORE.replace("def score", "SEEN = []\n\n    def score").replace(
    "return sum", "SEEN.append(1)\n        return len(SEEN) + sum"
)
FORGIVES = SCORE.replace(
    'given = json.loads((answer / "answer.json").read_text())',
    """
        try:
            given = json.loads((answer / "answer.json").read_text())
        except (OSError, ValueError):
            return 0.5
""",
)


async def lint(folder: Path, **changes: str) -> set[str]:
    task = make_task(folder, **changes)
    return {finding.kind for finding in await lint_scorer(task, task.folder / "answers" / "better")}


async def test_a_good_scorer_passes(tmp_path: Path) -> None:
    assert await lint(tmp_path) == set()
    task = ScoredTask.open(tmp_path)
    await check_scorer(task, task.folder / "answers" / "better")


async def test_a_scorer_that_draws_or_remembers_is_caught(tmp_path: Path) -> None:
    assert "scorer.determinism" in await lint(tmp_path / "random", score=RANDOM)
    assert "scorer.determinism" in await lint(tmp_path / "remembers", score=REMEMBERS)


async def test_a_direction_the_wrong_way_round_is_caught(tmp_path: Path) -> None:
    assert await lint(tmp_path, direction="higher") == {"scorer.direction"}


async def test_points_for_a_failure_are_caught(tmp_path: Path) -> None:
    assert "scorer.junk" in await lint(tmp_path, score=FORGIVES)


async def test_a_scorer_that_believes_nan_is_caught(tmp_path: Path) -> None:
    believes = SCORE.replace("number != number", "False").replace("return sum", "return max(0, 1) if False else sum")
    lenient = believes.replace("(a - b) ** 2 for", "(a == b) for")
    assert "scorer.junk" in await lint(tmp_path, score=lenient, direction="higher")


async def test_a_scorer_that_refuses_the_task_s_own_program_is_caught(tmp_path: Path) -> None:
    strict = SCORE.replace("return sum", "raise ValueError('never')\n        return sum")
    assert await lint(tmp_path, score=strict) == {"scorer.valid"}
    task = ScoredTask.open(tmp_path)
    with pytest.raises(ConfigError, match="never"):
        await check_scorer(task, task.folder / "answers" / "better")
