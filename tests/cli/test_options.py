"""Options end up where the settings keep them."""

from __future__ import annotations

import pytest

from ai_scientist.cli.options import settings_from
from ai_scientist.core.errors import ConfigError


def test_the_patience_with_a_model_is_not_the_time_of_an_experiment() -> None:
    settings = settings_from(model="openai:slow", model_timeout=4000.0, timeout=60.0)
    assert (settings.model.timeout_seconds, settings.sandbox.timeout_seconds) == (4000.0, 60.0)


def test_a_call_needs_some_time() -> None:
    with pytest.raises(ConfigError, match=r"model\.timeout_seconds"):
        settings_from(model_timeout=0.0)
