"""What a search goes by can be named in the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_scientist.cli.options import settings_from
from ai_scientist.core.errors import ConfigError
from ai_scientist.graph.value import own_value, shipped_value
from ai_scientist.search.composite_values import ArchitectureValue, WeightedValue
from ai_scientist.search.node import Measurement, Outcome, Status
from ai_scientist.search.stage import Stage
from ai_scientist.search.values import describe_value
from tests.agents.requests import PLAN

OWN = """
from ai_scientist.search.composite_values import SOUNDNESS, ArchitectureValue, WeightedValue

asi_arch = ArchitectureValue(loss="nll", benchmark="accuracy", baseline="full", judge=lambda outcome, stage: 5.5)
sound = WeightedValue(dict.fromkeys(SOUNDNESS, lambda outcome, stage: 0.5), weights=SOUNDNESS)

def quick(outcome):
    return -outcome.wall_seconds

number = 3
"""
STAGE = Stage(name="explore", goal="g", operators=("improve",), target="proposed", nodes=3, seeds=(0, 1))


def outcome() -> Outcome:
    rows = [
        Measurement(metric=metric, condition=condition, dataset="digits", split="test", seed=seed, value=value + seed)
        for metric, value in (("nll", 1.0), ("accuracy", 80.0))
        for condition in ("full", "proposed")
        for seed in (0, 1)
    ]
    return Outcome(status=Status.OK, measurements=tuple(rows), seeds=(0, 1), wall_seconds=2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "my_values.py"
    file.write_text(OWN)
    return file


def test_a_file_of_ones_own_gives_composites_presets_and_plain_functions(file: Path) -> None:
    composite, preset, plain = (own_value(f"{file}:{name}") for name in ("asi_arch", "sound", "quick"))
    assert isinstance(composite, ArchitectureValue)
    assert isinstance(preset, WeightedValue)
    assert plain is not None
    scores = [value.score(outcome(), STAGE) for value in (composite, preset, plain)]
    assert [score.value for score in scores if score] == [pytest.approx(0.5), pytest.approx(0.5), -2]
    assert describe_value(plain) == "my_values.quick"


def test_the_lower_bound_is_a_standard_error_below_the_metric() -> None:
    metric, bound = (shipped_value(name, PLAN).score(outcome(), STAGE) for name in ("metric", "lower_bound"))
    assert metric is not None and metric.stderr is not None and bound is not None
    assert bound.value == pytest.approx(metric.value - metric.stderr)
    assert own_value("metric") is own_value("lower_bound") is None


@pytest.mark.parametrize("name", ["novelty", "missing.py:value", "{file}:nothing", "{file}:number", "{file}"])
def test_a_value_that_is_not_there_is_refused_with_a_sentence(file: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        own_value(name.format(file=file))


def test_the_option_keeps_the_file_whatever_folder_a_run_is_resumed_from(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    assert settings_from(value="my_values.py:quick").search.value == f"{file.resolve()}:quick"
    assert settings_from(value="lower_bound").search.value == "lower_bound"
