"""From options and a settings file to settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_scientist.cli.main import ROLES
from ai_scientist.cli.options import settings_from
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.settings import Settings, StageBudget
from ai_scientist.models import names

FILE = """
seed = 3
[models]
default = "openai:a"
coding = "openai:b"
vision = "openai:c"
fallbacks = ["ollama:z"]
[budget]
usd = 5
[budget.stages.explore]
usd = 2
[search]
nodes = 40
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(FILE)
    return path


def test_without_options_the_defaults_hold() -> None:
    assert settings_from(model=None, role=(), fallback=(), quick=False, approve=None) == Settings()


def test_roles_and_fallbacks_come_from_options() -> None:
    made = settings_from(model="openai:a", role=("vision=openai:c", "reviewing=rules"), fallback=("ollama:z",))
    assert made.model.roles == {"vision": "openai:c", "reviewing": "rules"}
    assert made.model.fallbacks == ("ollama:z",)


def test_limits_are_of_the_run_and_of_stages() -> None:
    made = settings_from(budget_usd="5,explore=2", budget_tokens="2M,write=300K", budget_hours="90m,explore=0.5")
    assert (made.budget.usd, made.budget.tokens, made.budget.hours) == (5.0, 2_000_000, 1.5)
    assert made.budget.stages == {
        "explore": StageBudget(usd=2.0, hours=0.5),
        "write": StageBudget(tokens=300_000),
    }


def test_a_settings_file_names_models_by_role(file: Path) -> None:
    made = settings_from(settings=file)
    assert made.model.name == "openai:a"
    assert made.model.roles == {"coding": "openai:b", "vision": "openai:c"}
    assert made.model.fallbacks == ("ollama:z",)
    assert (made.seed, made.search.nodes, made.budget.stages["explore"].usd) == (3, 40, 2)


def test_options_go_before_the_file_and_the_file_before_quick(file: Path) -> None:
    made = settings_from(settings=file, quick=True, role=("vision=openai:d",), budget_usd="4,write=1", seed=0)
    assert made.model.roles == {"coding": "openai:b", "vision": "openai:d"}
    assert (made.budget.usd, made.budget.stages["explore"].usd, made.budget.stages["write"].usd) == (4, 2, 1)
    assert (made.quick, made.search.nodes, made.search.search_seeds, made.seed) == (True, 40, 2, 0)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"budget_usd": "much"}, "much"),
        ({"budget_usd": "nan"}, "budget.usd"),
        ({"budget_usd": "-1"}, "budget.usd"),
        ({"budget_usd": "5,4"}, "5,explore=2"),
        ({"budget_usd": "=4"}, "5,explore=2"),
        ({"budget_tokens": "2x"}, "2x"),
        ({"budget_hours": "soon"}, "hours"),
        ({"budget_hours": "0"}, "budget.hours"),
        ({"role": ("vision",)}, "ROLE=MODEL"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(given: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        settings_from(**given)


@pytest.mark.parametrize("text", ["[models", "models = 3", '[models]\ncoding = 3\n[model]\nname = ["x"]'])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(ConfigError):
        settings_from(settings=tmp_path / "settings.toml")


def test_the_help_names_the_roles_that_there_are() -> None:
    assert ROLES == names.ROLES


def test_the_patience_with_a_model_is_not_the_time_of_an_experiment() -> None:
    settings = settings_from(model="openai:slow", model_timeout=4000.0, timeout=60.0)
    assert (settings.model.timeout_seconds, settings.sandbox.timeout_seconds) == (4000.0, 60.0)


def test_a_call_needs_some_time() -> None:
    with pytest.raises(ConfigError, match=r"model\.timeout_seconds"):
        settings_from(model_timeout=0.0)
