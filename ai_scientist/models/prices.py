"""What a call costs: a dated table of prices, which a user's own table can override.

A model that no table names has no known price. That is said wherever a cost is shown; it is never taken as zero.
"""

from __future__ import annotations

import fnmatch
import tomllib
from importlib import resources
from pathlib import Path

from pydantic import Field, ValidationError

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.values import Value
from ai_scientist.models.exchange import Usage


class Price(Value):
    """US dollars for a million tokens.

    Attributes of note: `cached_input` is what input from the provider's prompt cache costs; without it, cached input
    costs as much as any.
    """

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0)
    source: str = ""
    date: str = Field(default="", description="When it was looked up.")

    def cost(self, usage: Usage) -> float:
        """Return what a call costs, in dollars."""
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = usage.input - usage.cached
        return (fresh * self.input + usage.cached * cached + usage.output * self.output) / 1e6

    def most(self, input_tokens: int, output_tokens: int) -> float:
        """Return the most that a call with at most so many tokens can cost, in dollars."""
        dearest = max(self.input, self.cached_input or 0.0)
        return (input_tokens * dearest + output_tokens * self.output) / 1e6


class PriceTable(Value):
    """Prices by "provider:model"; a name may end in `*`. An exact name goes before a pattern, later ones win."""

    models: dict[str, Price]

    def price(self, model: str) -> Price | None:
        """Return a model's price; None if it is not known."""
        if model in self.models:
            return self.models[model]
        fitting = [name for name in self.models if "*" in name and fnmatch.fnmatchcase(model, name)]
        return self.models[max(fitting, key=len)] if fitting else None

    def with_overrides(self, other: PriceTable) -> PriceTable:
        """Return this table with another's entries in front."""
        return PriceTable(models={**self.models, **other.models})


def load_prices(own: Path | None = None) -> PriceTable:
    """Return the shipped table, with a user's file in front of it.

    Raises:
        ConfigError: If the user's file is missing or not well-formed.
    """
    shipped = _parse(
        resources.files("ai_scientist").joinpath("models", "prices.toml").read_text("utf-8"), "prices.toml"
    )
    if own is None:
        return shipped
    try:
        text = own.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The price table {own} cannot be read: {error}.") from error
    return shipped.with_overrides(_parse(text, str(own)))


def _parse(text: str, name: str) -> PriceTable:
    try:
        return PriceTable.model_validate(tomllib.loads(text))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        shape = '[models."openai:some-model"] with input = and output = in US dollars for a million tokens'
        raise ConfigError(f"The price table {name} is not well-formed (expected {shape}): {error}") from error
