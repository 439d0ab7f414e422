"""Templates serve The AI Scientist v1 as well: started by hand, drawn by plot.py, described by the two JSON files."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

import ai_scientist
from ai_scientist.core.research_template import load_template
from tests.research_templates.programs import TEMPLATES

PACKAGE = Path(ai_scientist.__file__).parent
FOLDER = PACKAGE / "templates" / "research"


def start(folder: Path, *arguments: str) -> None:
    """Run Python in a folder as a person would, with `lab` on the path."""
    (folder / "lab.py").write_text((PACKAGE / "sandbox" / "lab.py").read_text())
    environment = {"PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", TEMPLATES)
def test_the_whole_program_started_by_hand_leaves_what_plot_draws(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = load_template(name)
    for file in ("experiment.py", "plot.py"):
        (tmp_path / file).write_text((FOLDER / name / file).read_text())
    start(tmp_path, "experiment.py", "--out_dir=run_0")
    info = cast("dict[str, dict[str, dict[str, float]]]", json.loads((tmp_path / "run_0/final_info.json").read_text()))
    assert list(info) == [d.name for d in template.datasets]
    for means in info.values():
        assert len(means["means"]) == len(template.metrics) * len(template.conditions)
    data = cast("dict[str, object]", json.loads((tmp_path / "run_0/data.json").read_text()))
    assert all(f"{d.name}/sha256" in data for d in template.datasets)
    monkeypatch.chdir(tmp_path)
    runpy.run_path("plot.py", run_name="__main__")
    assert (tmp_path / f"{template.primary_metric}.png").stat().st_size > 5000


@pytest.mark.parametrize("name", TEMPLATES)
def test_plot_without_a_run_says_how_to_make_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"experiment.py --out_dir=run_0"):
        runpy.run_path(str(FOLDER / name / "plot.py"), run_name="__main__")


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_prompt_speaks_to_a_model_about_this_program(name: str) -> None:
    prompt = cast("dict[str, str]", json.loads((FOLDER / name / "prompt.json").read_text()))
    assert set(prompt) == {"system", "task_description"}
    assert "lab" in prompt["task_description"]
    assert "proposed" in prompt["task_description"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_seed_ideas_are_the_templates_studies(name: str) -> None:
    seeds = cast("list[dict[str, object]]", json.loads((FOLDER / name / "seed_ideas.json").read_text()))
    keys = ("Name", "Title", "Experiment", "Interestingness", "Feasibility", "Novelty")
    assert all(tuple(seed) == keys for seed in seeds)
    assert [(s["Name"], s["Title"], s["Interestingness"], s["Feasibility"], s["Novelty"]) for s in seeds] == [
        (i.id.replace("-", "_"), i.title, i.interestingness, i.feasibility, i.novelty)
        for i in load_template(name).ideas
    ]
