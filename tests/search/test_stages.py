"""Stages: what a plan makes of them, and what a user's file may say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.plan import Condition, Dataset, Hypothesis, Metric, Plan, StagePlan
from ai_scientist.core.settings import SearchSettings
from ai_scientist.search.stages import default_stages, load_stages

PLAN = Plan(
    idea="i",
    title="t",
    question="q",
    hypotheses=(
        Hypothesis(id="H1", statement="s", metric="loss", treatment="proposed", baseline="plain", expects="lower"),
    ),
    conditions=(
        Condition(name="plain", label="l", short="s", role="baseline", description="d"),
        Condition(name="proposed", label="l", short="s", role="proposed", description="d"),
    ),
    datasets=(Dataset(name="digits", label="l", description="d", origin="official", source="s"),),
    metrics=(Metric(name="loss", label="l", short="s", direction="lower", description="d"),),
    primary_metric="loss",
    search_seeds=(1, 2),
    confirm_seeds=(11, 12, 13),
    stages=tuple(
        StagePlan(name=name, goal=f"to {name}", nodes=nodes)
        for name, nodes in (("implement", 3), ("tune", 4), ("explore", 6), ("ablate", 0), ("confirm", 1))
    ),
    stopping_rule="r",
    method="m",
)
SETTINGS = SearchSettings(policy="puct", depth=5, width=2)


def test_a_plan_s_stages_carry_its_budgets_seeds_and_targets() -> None:
    stages = {stage.name: stage for stage in default_stages(PLAN, SETTINGS)}
    assert list(stages) == ["implement", "tune", "explore", "confirm"], "a stage without nodes is left out"
    assert [stage.nodes for stage in stages.values()] == [3, 4, 6, 1]
    assert stages["tune"].target == "plain", "the baseline is tuned with a budget of its own"
    assert stages["explore"].target == "proposed"
    assert stages["confirm"].seeds == PLAN.confirm_seeds
    assert all(stages[name].seeds == PLAN.search_seeds for name in ("implement", "tune", "explore"))
    assert stages["implement"].root == "none"
    assert stages["explore"].policy == "puct"
    assert (stages["explore"].depth, stages["explore"].width) == (5, 2)


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "stages.toml"
    file.write_text(
        '[[stages]]\nname = "implement"\n[[stages]]\nname = "climb"\ngoal = "up"\nnodes = 50\npolicy = "ucb1"\n'
        'operators = ["improve", "recombine"]\n[[stages]]\nname = "confirm"\nroot = "best:climb"\nseeds = [1]\n'
    )
    implement, climb, confirm = load_stages(file, PLAN, SETTINGS)
    assert implement == default_stages(PLAN, SETTINGS)[0]
    assert (climb.nodes, climb.policy, climb.operators) == (50, "ucb1", ("improve", "recombine"))
    assert climb.target == "proposed"
    assert confirm.root == "best:climb"
    assert confirm.seeds == PLAN.confirm_seeds, "no file can make confirm use a seed that the search has seen"


def test_json_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "stages.json"
    file.write_text(json.dumps({"stages": [{"name": "implement", "nodes": 9}]}))
    assert load_stages(file, PLAN, SETTINGS)[0].nodes == 9


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stages = 3", "no list of stages"),
        ("[[stage]]\nname = 'x'", "no list of stages"),
        ("not toml", "no list of stages"),
        ("[[stages]]\nname = 'implement'\nnodes = 'many'", r"stage 1 \(implement\)"),
        ("[[stages]]\nname = 'implement'\nbudget = 3", "budget"),
        ("[[stages]]\nname = 'implement'\n[[stages]]\nname = 'implement'", "two stages"),
        ("[[stages]]\nname = 'explore'", "may not draft"),
        ("[[stages]]\nname = 'implement'\n[[stages]]\nname = 'tune'\nroot = 'best:later'", "no earlier stage"),
        ("stages = []", "no stage"),
        (f"[[stages]]\nname = 'implement'\nspare_seeds = [{PLAN.confirm_seeds[0]}]", "spare seeds"),
    ],
)
def test_a_file_that_cannot_be_run_is_refused_in_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "stages.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=f"(?i){says}"):
        load_stages(file, PLAN, SETTINGS)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        load_stages(tmp_path / "nowhere.toml", PLAN, SETTINGS)
