"""lab, imported by real programs under a real interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ai_scientist.sandbox.interpreter import LAB


@pytest.fixture
def lab_folder(tmp_path: Path) -> Path:
    """Return a folder with lab.py alone, as a sandbox shows it."""
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "lab.py").write_bytes(LAB.read_bytes())
    return folder


class Bench:
    """Runs programs that import lab, as the harness would, or as a person would."""

    def __init__(self, lab_folder: Path, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        self._lab = lab_folder

    def run(self, program: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "experiment.py").write_text(textwrap.dedent(program))
        environment = {"PYTHONPATH": str(self._lab), "PATH": os.defpath, **variables}
        argv = [sys.executable, "experiment.py", *arguments]
        return subprocess.run(argv, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def harnessed(self, program: str, seed: int = 0) -> subprocess.CompletedProcess[str]:
        self.out.mkdir(exist_ok=True)
        return self.run(program, OUT_DIR=str(self.out), SEED=str(seed), DATA_DIR="/data")


@pytest.fixture
def bench(lab_folder: Path, tmp_path: Path) -> Bench:
    return Bench(lab_folder, tmp_path)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_rows_say_what_was_logged(bench: Bench) -> None:
    done = bench.harnessed(
        """
        import lab, numpy as np
        lab.log(metric="accuracy", value=np.float32(0.5), condition="baseline", dataset="digits")
        lab.log("loss", 2, "proposed", "digits", split="train", step=np.int64(7))
        """
    )
    assert done.returncode == 0, done.stderr
    assert lines(bench.out / "rows.jsonl") == [
        {
            "metric": "accuracy",
            "value": 0.5,
            "condition": "baseline",
            "dataset": "digits",
            "split": "test",
            "step": None,
        },
        {"metric": "loss", "value": 2.0, "condition": "proposed", "dataset": "digits", "split": "train", "step": 7},
    ]


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        ("lab.log('a', float('nan'), 'b', 'd')", "only finite numbers"),
        ("lab.log('a', float('inf'), 'b', 'd')", "only finite numbers"),
        ("lab.log('a', '0.5', 'b', 'd')", "value must be a number, not str"),
        ("lab.log('a', True, 'b', 'd')", "value must be a number, not bool"),
        ("lab.log('a', [0.5], 'b', 'd')", "value must be a number, not list"),
        ("lab.log('a b', 1, 'b', 'd')", "must be letters, digits"),
        ("lab.log('a/b', 1, 'b', 'd')", "must be letters, digits"),
        ("lab.log(3, 1, 'b', 'd')", "metric must be a string"),
        ("lab.log('a', 1, 'b', 'd', step=1.5)", "step must be a whole number"),
        ("lab.log('a', 1, 'b', 'd'); lab.log('a', 2, 'b', 'd')", "was logged before"),
        ("lab.config(epochs=[1])", "must be a string, number or boolean"),
        ("lab.config(epochs=1); lab.config(epochs=2)", "was reported as 1 before"),
        ("lab.dataset('d', object())", "cannot hash a object"),
        ("lab.predictions([1, 2], [1], 'd', condition='b')", "2 ids but 1 predictions"),
        ("lab.predictions([1, 1], [1, 2], 'd', condition='b')", "more than once"),
        ("lab.predictions([1], [float('nan')], 'd', condition='b')", "only finite numbers"),
        ("lab.predictions([1], [{}], 'd', condition='b')", "must be a string, number or boolean"),
        ("lab.predictions([1], [1], 'd', condition='b', y_true=[])", "1 ids but 0 true values"),
        ("[lab.predictions([1], [1], 'd', condition='b') for _ in range(2)]", "were reported before"),
    ],
)
def test_nonsense_is_refused_in_the_program(bench: Bench, call: str, complaint: str) -> None:
    done = bench.harnessed(f"import lab\n{call}")
    assert done.returncode == 1
    assert complaint in done.stderr.splitlines()[-1]


def test_the_seed_seeds_every_generator_and_differs_between_seeds(bench: Bench) -> None:
    program = "import lab, random, numpy as np; print(lab.seed, random.random(), np.random.rand())"
    first, second, other = bench.harnessed(program, 1), bench.harnessed(program, 1), bench.harnessed(program, 2)
    assert first.stdout == second.stdout
    assert set(first.stdout.split()).isdisjoint(other.stdout.split())


def test_numpy_is_seeded_whether_it_is_imported_before_or_after(bench: Bench) -> None:
    before = bench.harnessed("import numpy as np, lab; print(np.random.rand())", 5)
    after = bench.harnessed("import lab, numpy as np; print(np.random.rand())", 5)
    assert before.stdout == after.stdout


def test_lab_brings_no_heavy_library_with_it(bench: Bench) -> None:
    program = "import sys, lab; print([m for m in ('numpy', 'torch', 'scipy', 'pandas') if m in sys.modules])"
    assert bench.harnessed(program).stdout == "[]\n"


def test_settings_of_all_and_of_one_condition_are_kept_apart(bench: Bench) -> None:
    program = "import lab; lab.config(epochs=3); lab.config('proposed', smoothing=0.1); lab.config(epochs=3)"
    bench.harnessed(program)
    assert json.loads((bench.out / "config.json").read_text()) == {"epochs": 3, "proposed/smoothing": 0.1}


def test_a_dataset_is_hashed_by_what_was_loaded(bench: Bench) -> None:
    program = """
        import lab, numpy as np, pandas as pd
        X = np.arange(6.0)
        assert lab.dataset("a", X, n_train=4) != lab.dataset("b", X.reshape(2, 3)) != lab.dataset("c", X[::-1])
        assert lab.dataset("d", X) == lab.dataset("e", X.copy())
        frame = pd.DataFrame({"x": [1, 2], "y": ["p", "q"]})
        renamed = frame.rename(columns={"x": "z"})
        assert lab.dataset("f", frame) == lab.dataset("g", frame.copy()) != lab.dataset("h", renamed)
    """
    done = bench.harnessed(program)
    assert done.returncode == 0, done.stderr
    data = json.loads((bench.out / "data.json").read_text())
    assert data["a/n_train"] == 4
    assert len(data["a/sha256"]) == 64


def test_predictions_lie_by_dataset_split_and_condition(bench: Bench) -> None:
    program = """
        import lab, numpy as np
        y_pred = np.array([[0.1, 0.9], [1, 0]])
        lab.predictions(range(2), y_pred, "digits", condition="baseline", y_true=np.array([1, 0]))
    """
    done = bench.harnessed(program)
    assert done.returncode == 0, done.stderr
    assert lines(bench.out / "predictions" / "digits" / "test" / "baseline.jsonl") == [
        {"id": 0, "y_pred": [0.1, 0.9], "y_true": 1},
        {"id": 1, "y_pred": [1.0, 0.0], "y_true": 0},
    ]


def test_processes_that_the_program_starts_can_log_too(bench: Bench) -> None:
    program = """
        import lab, multiprocessing as mp
        def work(n): lab.log("loss", n, "baseline", "digits", step=n)
        if __name__ == "__main__":
            with mp.get_context("spawn").Pool(2) as pool: pool.map(work, range(20))
    """
    done = bench.harnessed(program)
    assert done.returncode == 0, done.stderr
    assert sorted(str(row["step"]) for row in lines(bench.out / "rows.jsonl")) == sorted(map(str, range(20)))


@pytest.mark.parametrize("arguments", [("--out_dir=run_3",), ("--out_dir", "run_3")])
def test_by_hand_it_writes_what_the_first_ai_scientist_reads(bench: Bench, arguments: tuple[str, ...]) -> None:
    program = """
        import argparse, lab
        parser = argparse.ArgumentParser()
        parser.add_argument("--out_dir")
        assert parser.parse_args().out_dir == "run_3"
        lab.log("loss", 1.5, "baseline", "enwik8")
        lab.log("loss", 1.25, "proposed", "enwik8")
        lab.log("loss", 9.0, "proposed", "enwik8", step=1)
    """
    for _ in range(2):  # the second start begins anew
        done = bench.run(program, *arguments)
        assert done.returncode == 0, done.stderr
    info = json.loads((bench.folder / "run_3" / "final_info.json").read_text())
    assert info == {"enwik8": {"means": {"loss_baseline": 1.5, "loss_proposed": 1.25}}}
    assert len(lines(bench.folder / "run_3" / "rows.jsonl")) == 3


def test_under_the_harness_no_final_info_is_written(bench: Bench) -> None:
    bench.harnessed("import lab; lab.log('a', 1, 'b', 'd')")
    assert [path.name for path in bench.out.iterdir()] == ["rows.jsonl"]


def test_reading_our_package_seeds_nothing_and_makes_no_folder(tmp_path: Path) -> None:
    program = (
        "import random; random.seed(7); a = random.random(); random.seed(7); "
        "import ai_scientist.sandbox.lab; print(a == random.random())"
    )
    root = str(LAB.parent.parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "True\n", done.stderr
    assert list(tmp_path.iterdir()) == []
