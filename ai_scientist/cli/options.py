"""From options to settings."""

from __future__ import annotations

import re
from typing import Any

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
    "record": ("model", "record"),
    "replay": ("model", "replay"),
    "prices": ("model", "prices"),
    "nodes": ("search", "nodes"),
    "slots": ("search", "slots"),
    "policy": ("search", "policy"),
    "confirm_seeds": ("search", "confirm_seeds"),
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
    "budget_usd": ("budget", "usd"),
    "budget_tokens": ("budget", "tokens"),
    "budget_hours": ("budget", "hours"),
}
"""Where an option lies in the settings; every other option lies on top under its own name."""


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


def settings_from(**given: Any) -> Settings:
    """Return settings from the options of `run`; what was not given keeps its default.

    Raises:
        ConfigError: If a value makes no sense.
    """
    for name in ("memory", "disk"):
        if given.get(name):
            given[name] = amount(given[name], BINARY_UNITS)
    if given.get("gpus"):
        given["gpus"] = _listed(given["gpus"])
    if given.get("budget_tokens"):
        given["budget_tokens"] = amount(given["budget_tokens"], UNITS)
    if given.get("literature"):
        given["literature"] = _listed(given["literature"])
    nested: dict[str, Any] = {"approve": _listed(given.pop("approve", ""))}
    if given.get("quick"):
        nested["search"] = QUICK.model_dump(exclude_defaults=True)
    for name, value in given.items():
        if value is None:
            continue
        if name in PLACES:
            group, key = PLACES[name]
            nested.setdefault(group, {})[key] = value
        else:
            nested[name] = value
    try:
        return Settings.model_validate(nested)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"The setting {where} cannot be used: {first['msg']}.") from error
