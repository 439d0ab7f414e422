"""From options, and a file of settings, to settings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.settings import QUICK, Settings

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
BINARY_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}

PLACES = {
    "model": ("model", "name"),
    "base_url": ("model", "base_url"),
    "calls": ("model", "calls"),
    "model_timeout": ("model", "timeout_seconds"),
    "fallback": ("model", "fallbacks"),
    "tokens_per_minute": ("model", "tokens_per_minute"),
    "record": ("model", "record"),
    "replay": ("model", "replay"),
    "prices": ("model", "prices"),
    "nodes": ("search", "nodes"),
    "slots": ("search", "slots"),
    "policy": ("search", "policy"),
    "value": ("search", "value"),
    "confirm_seeds": ("search", "confirm_seeds"),
    "search_seeds": ("search", "search_seeds"),
    "sandbox": ("sandbox", "name"),
    "timeout": ("sandbox", "timeout_seconds"),
    "memory": ("sandbox", "memory_bytes"),
    "cpus": ("sandbox", "cpus"),
    "gpus": ("sandbox", "gpus"),
    "disk": ("sandbox", "disk_bytes"),
    "image": ("sandbox", "image"),
    "requirements": ("sandbox", "requirements"),
    "prepare": ("sandbox", "prepare"),
    "prepare_network": ("sandbox", "prepare_network"),
    "depth": ("search", "depth"),
    "width": ("search", "width"),
    "stages": ("search", "stages"),
    "literature": ("literature", "sources"),
    "papers": ("literature", "papers"),
    "semantic": ("literature", "semantic"),
}
"""Where an option lies in the settings; every other option lies on top under its own name."""

Read = Callable[[str], float]


def amount(text: str, units: dict[str, int]) -> int:
    """Return a number with an optional unit.

    >>> amount("2M", UNITS)
    2000000
    >>> amount("1.5G", BINARY_UNITS)
    1610612736

    Raises:
        ConfigError: If the text is no such number.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)i?[Bb]?\s*", text, re.IGNORECASE)
    if not found:
        raise ConfigError(f"{text!r} is no amount; write a number with K, M, G or nothing behind it.")
    return round(float(found[1]) * units[found[2].upper()])


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def money(text: str) -> float:
    """Return an amount of dollars.

    >>> money("2.50"), money("$5")
    (2.5, 5.0)

    Raises:
        ConfigError: If the text is none.
    """
    return _number(text.strip().removeprefix("$"), f"{text!r} is no amount of dollars")


def hours(text: str) -> float:
    """Return a number of hours.

    >>> hours("1.5"), hours("90m"), hours("2h")
    (1.5, 1.5, 2.0)

    Raises:
        ConfigError: If the text is none.
    """
    stripped = text.strip().lower()
    share = 60.0 if stripped.endswith("m") else 1.0
    return _number(stripped.removesuffix("m").removesuffix("h"), f"{text!r} is no number of hours") / share


def _number(text: str, problem: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(f"{problem}; write a number.") from error


TEXTS: dict[str, Callable[[str], object]] = {
    "memory": lambda text: amount(text, BINARY_UNITS),
    "disk": lambda text: amount(text, BINARY_UNITS),
    "tokens_per_minute": lambda text: amount(text, UNITS),
    "value": lambda text: str(Path(text).resolve()) if ".py:" in text else text,
    "literature": _listed,
    "approve": _listed,
    "gpus": _listed,
}
"""Options that come as text and mean something else."""

LIMITS: dict[str, tuple[str, Read]] = {
    "budget_usd": ("usd", money),
    "budget_tokens": ("tokens", lambda text: amount(text, UNITS)),
    "budget_hours": ("hours", hours),
}


def limits(text: str, read: Read) -> dict[str, float]:
    """Return limits by stage, the whole run's under the empty name.

    >>> limits("5,explore=2", money)
    {'': 5.0, 'explore': 2.0}

    Raises:
        ConfigError: If a limit is none, or is given twice.
    """
    found: dict[str, float] = {}
    for part in _listed(text):
        stage, equals, value = part.rpartition("=")
        name = stage.strip()
        if name in found or (equals and not name):
            raise ConfigError(f"{text!r} is no list of limits: write 5, or 5,explore=2 for a stage's own.")
        found[name] = read(value)
    return found


def roles(given: Sequence[str]) -> dict[str, str]:
    """Return models by role.

    >>> roles(["vision=openai:gpt-5", "reviewing=rules"])
    {'vision': 'openai:gpt-5', 'reviewing': 'rules'}

    Raises:
        ConfigError: If one has another form.
    """
    found: dict[str, str] = {}
    for text in given:
        role, equals, model = text.partition("=")
        if not equals or not role.strip() or not model.strip():
            raise ConfigError(f"{text!r} gives no role a model; write ROLE=MODEL, such as vision=openai:gpt-5.")
        found[role.strip()] = model.strip()
    return found


def read_settings(path: Path) -> dict[str, Any]:
    """Return what a file of settings says: tables named as the groups of `Settings`, and `[models]`.

    `[models]` names a model for each role; its `default` answers for all others, its `fallbacks` when one is down.

    Raises:
        ConfigError: If the file is none.
    """
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"The settings file {path} cannot be read: {error}.") from error
    models, model = told.pop("models", {}), told.get("model", {})
    if not isinstance(models, dict) or not isinstance(model, dict):
        raise ConfigError(f'{path}: [models] and [model] are tables, such as [models] coding = "openai:gpt-5".')
    by_role, group = cast("dict[str, Any]", models), cast("dict[str, Any]", model)
    own = {key: by_role.pop(name) for name, key in (("default", "name"), ("fallbacks", "fallbacks")) if name in by_role}
    roles = {**group.get("roles", {}), **by_role}
    return {**told, "model": {**group, **own, **({"roles": roles} if roles else {})}}


def settings_from(**given: Any) -> Settings:
    """Return settings: defaults, then `--quick`, then a file of settings, then the other options of `run`.

    Raises:
        ConfigError: If a value makes no sense.
    """
    file: Path | None = given.pop("settings", None)
    nested = read_settings(file) if file else {}
    if given.pop("quick", False) or nested.get("quick"):
        nested["quick"] = True
        nested["search"] = {**QUICK.model_dump(exclude_defaults=True), **nested.get("search", {})}
    for name, (kind, read) in LIMITS.items():
        for stage, limit in limits(given.pop(name, None) or "", read).items():
            budget = nested.setdefault("budget", {})
            (budget.setdefault("stages", {}).setdefault(stage, {}) if stage else budget)[kind] = limit
    if chosen := roles(given.pop("role", None) or ()):
        model = nested.setdefault("model", {})
        model["roles"] = {**model.get("roles", {}), **chosen}
    for name, understand in TEXTS.items():
        if given.get(name):
            given[name] = understand(given[name])
    for name, value in given.items():
        if value is None or value == ():
            continue
        group, key = PLACES.get(name, ("", name))
        (nested.setdefault(group, {}) if group else nested)[key] = value
    try:
        return Settings.model_validate(nested)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"The setting {where} cannot be used: {first['msg']}.") from error
