"""run_program on real sandboxes."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from ai_scientist.core.errors import SandboxError
from ai_scientist.sandbox.contract import Command, ExecResult, ExitKind, Limits
from ai_scientist.sandbox.harness import ProgramRun, run_program
from ai_scientist.sandbox.process import ProcessSandbox

LIMITS = Limits(timeout_seconds=20, memory_bytes=512 * 1024**2)

PROGRAM = """
import lab, sys
print("out of", lab.seed)
print("err of", lab.seed, file=sys.stderr)
lab.config(epochs=3)
lab.dataset("digits", [1, 2, 3], n_train=3)
lab.log("accuracy", lab.seed / 10, "baseline", "digits")
lab.predictions([0, 1], ["cat", "dog"], "digits", condition="baseline")
(lab.out_dir / "model").mkdir()
(lab.out_dir / "model" / "weights.bin").write_bytes(b"w")
"""


@pytest.fixture(scope="module")
def sandbox() -> ProcessSandbox:
    return ProcessSandbox()


async def go(sandbox: ProcessSandbox, folder: Path, program: str, seeds: tuple[int, ...] = (0,)) -> ProgramRun:
    return await run_program(sandbox, {"experiment.py": program}, seeds, folder=folder, limits=LIMITS, workers=2)


def names(folder: Path, pattern: str = "*") -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


async def test_every_seed_runs_and_reports(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    run = await go(sandbox, tmp_path, PROGRAM, (3, 1, 2))
    assert run.kind is ExitKind.OK
    assert run.problems == ()
    assert [seed.seed for seed in run.seeds] == [3, 1, 2]
    assert [seed.reports.rows[0].value for seed in run.seeds] == [0.3, 0.1, 0.2]
    first = run.seeds[0]
    assert first.reports.config == {"epochs": 3}
    assert first.reports.data["digits/n_train"] == 3
    assert [item.y_pred for item in first.reports.predictions[0].items] == ["cat", "dog"]
    assert (tmp_path / "files" / "seed-3" / "model" / "weights.bin").read_bytes() == b"w"
    assert run.stdout.read_text() == (
        "===== seed 3: ok =====\nout of 3\n\n===== seed 1: ok =====\nout of 1\n\n===== seed 2: ok =====\nout of 2\n\n"
    )
    assert names(tmp_path) == ["files", "stderr.txt", "stdout.txt"]


async def test_each_seed_has_a_fresh_copy_of_the_program(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    program = """
import os
assert os.listdir(".") == ["experiment.py"], os.listdir(".")
assert os.listdir(os.environ["OUT_DIR"]) == []
open("left-behind", "w").write("x")
"""
    assert (await go(sandbox, tmp_path, program, (0, 1, 2))).kind is ExitKind.OK


async def test_after_a_crash_no_further_seed_is_started(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    files = {"experiment.py": "import lab\nif lab.seed == 1: raise ValueError('seed one')"}
    run = await run_program(sandbox, files, (0, 1, 2, 3), folder=tmp_path, limits=LIMITS, workers=1)
    assert run.kind is ExitKind.FAILED
    assert [seed.result.kind if seed.result else None for seed in run.seeds] == [
        ExitKind.OK,
        ExitKind.FAILED,
        None,
        None,
    ]
    assert run.diagnosis.startswith("Seed 1 ended as failed.\n")
    assert run.diagnosis.endswith("ValueError: seed one")
    assert "seed 3: not started, because an earlier seed failed" in run.stderr.read_text()


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"main.py": "pass"}, "has no experiment.py"),
        ({"experiment.py": "", "../x.py": ""}, "no path within"),
        ({"experiment.py": "", "/etc/x": ""}, "no path within"),
        ({"experiment.py": "", "a/../../x": ""}, "no path within"),
        ({"experiment.py": "", "lab.py": ""}, "the harness's own module"),
        ({"experiment.py": "", "lab/__init__.py": ""}, "the harness's own module"),
        ({"experiment.py": "", "x/lab.py/y": "", "x/lab.py": ""}, "both a file and a folder"),
        ({"experiment.py": "", "x" * 300: ""}, "too long"),
        ({"experiment.py": "print('\udc80')"}, "no text"),
    ],
)
async def test_files_that_are_no_program_are_a_failure_that_says_why(
    sandbox: ProcessSandbox, tmp_path: Path, files: dict[str, str], why: str
) -> None:
    run = await run_program(sandbox, files, (0,), folder=tmp_path, limits=LIMITS)
    assert run.kind is ExitKind.FAILED
    assert why in run.problems[0]
    assert why in run.diagnosis
    assert why in run.stderr.read_text()


async def test_malformed_reports_are_problems_and_the_rest_is_read(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    program = """
import lab
lab.log("accuracy", 1, "baseline", "digits")
with open(lab.out_dir / "rows.jsonl", "a") as file:
    file.write('nonsense\\n[1]\\n{"metric": "a"}\\n')
    file.write('{"metric": "a", "value": NaN, "condition": "b", "dataset": "d", "split": "s"}\\n')
    file.write('{"metric": "accuracy", "value": 2, "condition": "baseline", "dataset": "digits", "split": "test"}\\n')
    file.write("[" * 100000 + "\\n")
lab.log("loss", 1, "baseline", "digits")
(lab.out_dir / "config.json").write_text("[]")
"""
    run = await go(sandbox, tmp_path, program)
    assert [row.metric for row in run.seeds[0].reports.rows] == ["accuracy", "loss"]
    problems = "\n".join(run.problems)
    assert len(run.problems) == 7
    assert "Seed 0: rows.jsonl, line 2: it is no JSON object." in problems
    assert "line 5: its value is not finite" in problems
    assert "line 6: it repeats an earlier row" in problems
    assert "config.json: it is no JSON object" in problems


async def test_links_and_pipes_that_it_leaves_are_removed_before_anything_is_read(
    sandbox: ProcessSandbox, tmp_path: Path
) -> None:
    program = """
import os
os.chdir(os.environ["OUT_DIR"])
os.symlink("/etc/passwd", "rows.jsonl")
os.symlink("/etc", "predictions")
os.mkfifo("config.json")
open("a", "w").close(); os.link("a", "b")
if os.geteuid() == 0: os.mkdir("closed", 0)  # to anybody else that is a place to hide things, and ends the program
"""
    run = await go(sandbox, tmp_path / "node", program)
    assert run.kind is ExitKind.OK
    assert len(run.problems) == 4 or len(run.problems) == 5
    kept = ["closed"] if os.geteuid() == 0 else []
    assert names(tmp_path / "node" / "files" / "seed-0") in (kept, ["a", *kept], ["b", *kept])
    assert run.seeds[0].reports.rows == ()


async def test_a_second_try_leaves_nothing_of_the_first(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    await go(sandbox, tmp_path, PROGRAM, (0, 1))
    await go(sandbox, tmp_path, "print('new')", (5,))
    assert names(tmp_path / "files") == ["seed-5"]
    assert "out of" not in (tmp_path / "stdout.txt").read_text()


async def test_when_cancelled_nothing_runs_and_no_half_made_folder_is_left(
    sandbox: ProcessSandbox, tmp_path: Path
) -> None:
    program = "import lab, time; (lab.out_dir / 'up').touch(); time.sleep(60)"
    task = asyncio.create_task(go(sandbox, tmp_path, program, (0, 1, 2)))
    while len(names(tmp_path, "files/*/up")) < 2:  # noqa: ASYNC110  # other processes make them
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names(tmp_path) == ["files"]


async def test_an_unusable_sandbox_is_our_error(tmp_path: Path) -> None:
    class Broken(ProcessSandbox):
        async def run(self, command: Command) -> ExecResult:
            raise SandboxError("out of order")

    with pytest.raises(SandboxError, match="out of order"):
        await go(Broken(), tmp_path, "pass", (0, 1))


async def test_an_unwritable_folder_is_our_error(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SandboxError, match="cannot be written"):
        await go(sandbox, tmp_path / "file", "pass")


async def test_costs_are_summed_and_the_peak_is_the_highest(tmp_path: Path) -> None:
    class Measured(ProcessSandbox):
        async def run(self, command: Command) -> ExecResult:
            seed = int(command.environment["SEED"])
            return replace(
                await super().run(command), wall_seconds=1.0, cpu_seconds=2.0, peak_memory_bytes=100 * (seed + 1)
            )

    run = await go(Measured(), tmp_path, "pass", (0, 1, 2))
    assert (run.wall_seconds, run.cpu_seconds, run.peak_memory_bytes) == (3.0, 6.0, 300)
