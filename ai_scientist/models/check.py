"""A look at the models before anything is made: what can be known to fail, fails here, in one sentence."""

from __future__ import annotations

import asyncio
import difflib
import os
from collections.abc import Mapping
from typing import Any, cast

from ai_scientist.core.errors import ConfigError, TransientError
from ai_scientist.core.settings import BudgetSettings, ModelSettings
from ai_scientist.models.failures import retry_after
from ai_scientist.models.names import RULES, check_names, is_own_endpoint, model_names
from ai_scientist.models.providers import (
    OWN_KEY,
    ModelName,
    Provider,
    api_key,
    factory_of,
    parse_name,
    provider_of,
    redact,
)
from ai_scientist.models.tape import TapeModel

OPENAI_URL = "https://api.openai.com/v1"
TIMEOUT_SECONDS = 15.0
TRIES = 3


async def check_model(settings: ModelSettings, budget: BudgetSettings | None = None) -> None:
    """Accept the settings of a model: names, packages, keys, prices, and whether the endpoint knows the model.

    Costs nothing: the endpoint is asked for its list of models, never for an answer.

    Raises:
        ConfigError: For what only other settings can mend: an unknown provider, a missing or refused key, a model that
            the endpoint does not know, a malformed address, a price that a limit needs, a tape that is none.
        MissingTool: If a provider's package is not installed.
        TransientError: If the endpoint cannot be reached.
    """
    if settings.replay is not None:
        TapeModel(settings.replay, ledger=None)
        return
    check_names(settings, budget)
    for text in model_names(settings):
        if text == RULES:
            continue
        name = parse_name(text)
        provider = provider_of(name)
        await asyncio.to_thread(factory_of, provider)
        base_url = settings.base_url if is_own_endpoint(name, settings) else None
        _check_environment(name, provider, base_url)
        if provider.speaks_openai and provider.factory.endswith(":ChatOpenAI"):
            await _check_endpoint(name, provider, base_url)


def _check_environment(name: ModelName, provider: Provider, base_url: str | None) -> None:
    missing = [variable for variable in provider.needs if not os.environ.get(variable)]
    if provider.key and api_key(provider, base_url=base_url) is None and base_url is None:
        missing.insert(0, provider.key)
    if missing:
        what = "key is" if missing[0] == provider.key else "setting is"
        raise ConfigError(
            f"{name} cannot be asked: the {what} not in the environment. Set {' and '.join(missing)}"
            + (
                f", or give --base-url for an endpoint of your own (its key, if it needs one: {OWN_KEY})."
                if provider.key == "OPENAI_API_KEY"
                else "."
            )
        )


async def _check_endpoint(name: ModelName, provider: Provider, base_url: str | None) -> None:
    address = (base_url or provider.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL).rstrip("/")
    secret = api_key(provider, base_url=base_url or provider.base_url)
    status, body = await _get(f"{address}/models", secret, name)
    if status in (401, 403):
        variable = (OWN_KEY if base_url else "") or provider.key or OWN_KEY
        given = f"Look at {variable}" if secret else f"No key was sent; set {variable}"
        raise ConfigError(f"{address} refuses the key for {name} (HTTP {status}{_said(body)}). {given}.")
    if status != 200:
        return  # many endpoints keep no list; the first call will tell
    known = _model_ids(body)
    if not known or name.model in known or f"{name.model}:latest" in known:
        return
    status, _ = await _get(f"{address}/models/{name.model}", secret, name)
    if status == 200:
        return
    near = difflib.get_close_matches(name.model, known, n=5, cutoff=0.4) or sorted(known)[:8]
    raise ConfigError(f"{address} has no model named {name.model!r}; it has, for example, {', '.join(near)}.")


async def _get(url: str, secret: str | None, name: ModelName) -> tuple[int, object]:
    """Return status and body; an endpoint that is busy is asked again, within reason."""
    import httpx

    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    problem, wait = "", 0.5
    for number in range(TRIES):
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=True) as client:
                response = await client.get(url, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            problem = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            if isinstance(error, httpx.ConnectError | httpx.InvalidURL | ValueError):
                break  # nobody is there
        else:
            if response.status_code not in (429, 500, 502, 503, 504):
                return response.status_code, _json(response)
            problem = f"HTTP {response.status_code}"
            wait = min(retry_after(dict(response.headers)) or wait, 10.0)
        if number + 1 < TRIES:
            await asyncio.sleep(wait)
            wait *= 2
    raise TransientError(
        f"The endpoint of {name} at {url.rsplit('/models', 1)[0]} cannot be reached ({redact(problem)}).{_cure(name)}"
    )


def _cure(name: ModelName) -> str:
    return " Is it running? Start it with: ollama serve" if name.provider == "ollama" else ""


def _json(response: Any) -> object:  # httpx's, which is imported late
    try:
        return cast("object", response.json())
    except (ValueError, UnicodeDecodeError):
        return None


def _model_ids(body: object) -> list[str]:
    if not isinstance(body, Mapping):
        return []
    data = cast("Mapping[str, object]", body).get("data")
    if not isinstance(data, list):
        return []
    found = [
        cast("Mapping[str, object]", item).get("id") for item in cast("list[object]", data) if isinstance(item, Mapping)
    ]
    return [model for model in found if isinstance(model, str)]


def _said(body: object) -> str:
    error: object = cast("Mapping[str, object]", body).get("error") if isinstance(body, Mapping) else None
    message: object = cast("Mapping[str, object]", error).get("message") if isinstance(error, Mapping) else None
    return f": {redact(message)[:200]}" if isinstance(message, str) else ""
