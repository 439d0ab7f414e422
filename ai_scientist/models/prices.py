"""What a call costs: a dated table of prices, which a user's own table can override.

A model that no table names has no known price. That is said wherever a cost is shown; it is never taken as zero.
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from importlib import resources
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.values import Value
from ai_scientist.models.exchange import Usage


class Rates(Value):
    """US dollars for a million tokens.

    Attributes of note: `cached_input` is what input from the provider's prompt cache costs, `cache_write` what input
    that is put there costs; without them, it costs as any input does.
    """

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0)
    cache_write: float | None = Field(default=None, ge=0)

    def cost(self, usage: Usage) -> float:
        """Return what a call costs, in dollars."""
        cached = self.input if self.cached_input is None else self.cached_input
        written = self.input if self.cache_write is None else self.cache_write
        fresh = usage.input - usage.cached - usage.cache_written
        total = fresh * self.input + usage.cached * cached + usage.cache_written * written + usage.output * self.output
        return total / 1e6

    @property
    def dearest_input(self) -> float:
        """What a token of input costs at most."""
        return max(self.input, self.cached_input or 0.0, self.cache_write or 0.0)


class Price(Rates):
    """What a model costs.

    Attributes of note: `long` holds for all tokens of a call whose input is longer than `long_above`.
    """

    long_above: int | None = Field(default=None, gt=0)
    long: Rates | None = None
    source: str = ""
    date: str = Field(default="", description="When it was looked up.")

    @model_validator(mode="after")
    def _long_is_whole(self) -> Price:
        if (self.long is None) != (self.long_above is None):
            raise ValueError("`long` and `long_above` go together")
        return self

    def cost(self, usage: Usage) -> float:
        """Return what a call costs, in dollars."""
        if self.long is not None and self.long_above is not None and usage.input > self.long_above:
            return self.long.cost(usage)
        return super().cost(usage)

    def most(self, input_tokens: int, output_tokens: int) -> float:
        """Return the most that a call with at most so many tokens can cost, in dollars."""
        rates: list[Rates] = [self]
        if self.long is not None and self.long_above is not None and input_tokens > self.long_above:
            rates.append(self.long)
        return max(rate.dearest_input * input_tokens + rate.output * output_tokens for rate in rates) / 1e6


_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")


class PriceTable(Value):
    """Prices by "provider:model". A name may end in `*`; of several that fit the longest holds.

    A dated version of a model ("gpt-4o-mini-2024-07-18") costs what the model costs, unless it has its own entry.
    """

    models: dict[str, Price]

    def price(self, model: str) -> Price | None:
        """Return a model's price; None if it is not known."""
        for name in (model, _DATED.sub("", model)):
            if name in self.models:
                return self.models[name]
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
