"""Which models the settings name, and whether the names make sense: all that can be told without a network."""

from __future__ import annotations

from typing import get_args

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.settings import BudgetSettings, ModelSettings
from ai_scientist.models.prices import load_prices
from ai_scientist.models.providers import ModelName, check_url, parse_name, provider_of
from ai_scientist.models.request import Role

RULES = "rules"
ROLES: tuple[Role, ...] = get_args(Role)


def model_names(settings: ModelSettings) -> tuple[str, ...]:
    """Return every model that the settings name, each once, the default first."""
    return tuple(dict.fromkeys([settings.name, *settings.roles.values(), *settings.fallbacks]))


def is_language_model(settings: ModelSettings) -> bool:
    """Tell whether anything but rules may answer."""
    return settings.replay is not None or any(name != RULES for name in model_names(settings))


def vision_model(settings: ModelSettings) -> str | None:
    """Return the name of the model that looks at pictures; None if none does."""
    name = settings.roles.get("vision")
    return None if name == RULES else name


def is_own_endpoint(name: ModelName, settings: ModelSettings) -> bool:
    """Tell whether the settings' base URL is meant for this model: for all of the default model's provider."""
    return settings.name == RULES or parse_name(settings.name).provider == name.provider


def price_name(name: ModelName, settings: ModelSettings) -> str:
    """Return the name that a model's price is looked up by.

    An endpoint of one's own sets its own prices, whatever it calls its models: "own:MODEL".
    """
    own = settings.base_url is not None and is_own_endpoint(name, settings)
    return f"own:{name.model}" if own and name.provider == "openai" else str(name)


def check_names(settings: ModelSettings, budget: BudgetSettings | None) -> None:
    """Accept roles, names, the address, and prices as far as limits need them.

    Raises:
        ConfigError: If any is wrong.
    """
    unknown = sorted(set(settings.roles) - set(ROLES))
    if unknown:
        raise ConfigError(f"There is no role named {unknown[0]!r}; there are {', '.join(ROLES)}.")
    if settings.base_url is not None:
        check_url(settings.base_url)
    table = load_prices(settings.prices)
    limited = budget is not None and (
        budget.usd is not None or any(stage.usd is not None for stage in budget.stages.values())
    )
    for text in model_names(settings):
        if text == RULES:
            continue
        name = parse_name(text)
        provider_of(name)
        priced = price_name(name, settings)
        if limited and table.price(priced) is None:
            raise ConfigError(
                f"The price of {text} is not known, so a limit in dollars cannot be kept. Give it with --prices FILE, "
                f'where FILE holds the lines [models."{priced}"], input = …, output = … (US dollars for a million '
                "tokens), or limit tokens instead (--budget-tokens)."
            )
