"""Providers: which LangChain class speaks to each, where it listens, and which variable holds the key.

Keys are read here, from the environment, put into the client, and kept nowhere else; `redact` removes them from any
text that an endpoint or a library hands back.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from ai_scientist.core.errors import ConfigError, MissingTool


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider.

    Attributes:
        package: What `pip install` calls the integration.
        factory: "module:Class" of the LangChain chat model.
        key: Environment variable with the secret; empty if it needs none.
        base_url: Where an OpenAI-compatible one listens; None for the library's own address.
        speaks_openai: Whether it is asked over OpenAI's protocol.
        needs: More environment variables without which it cannot be reached.
    """

    package: str = "langchain-openai"
    factory: str = "langchain_openai:ChatOpenAI"
    key: str = ""
    base_url: str | None = None
    speaks_openai: bool = True
    needs: tuple[str, ...] = ()


OWN_KEY = "AI_SCIENTIST_API_KEY"
"""A key for whatever endpoint `--base-url` names; goes before the provider's own variable."""

PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider(key="OPENAI_API_KEY"),
    "azure": Provider(
        factory="langchain_openai:AzureChatOpenAI",
        key="AZURE_OPENAI_API_KEY",
        needs=("AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION"),
    ),
    "openrouter": Provider(key="OPENROUTER_API_KEY", base_url="https://openrouter.ai/api/v1"),
    "ollama": Provider(base_url="http://localhost:11434/v1"),
    "vllm": Provider(base_url="http://localhost:8000/v1"),
    "anthropic": Provider(
        package="langchain-anthropic",
        factory="langchain_anthropic:ChatAnthropic",
        key="ANTHROPIC_API_KEY",
        speaks_openai=False,
    ),
    "google": Provider(
        package="langchain-google-genai",
        factory="langchain_google_genai:ChatGoogleGenerativeAI",
        key="GOOGLE_API_KEY",
        speaks_openai=False,
    ),
    "mistral": Provider(
        package="langchain-mistralai",
        factory="langchain_mistralai:ChatMistralAI",
        key="MISTRAL_API_KEY",
        speaks_openai=False,
    ),
    "groq": Provider(
        package="langchain-groq", factory="langchain_groq:ChatGroq", key="GROQ_API_KEY", speaks_openai=False
    ),
    "deepseek": Provider(
        package="langchain-deepseek",
        factory="langchain_deepseek:ChatDeepSeek",
        key="DEEPSEEK_API_KEY",
        speaks_openai=False,
    ),
    "bedrock": Provider(package="langchain-aws", factory="langchain_aws:ChatBedrockConverse", speaks_openai=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """A model's full name, taken apart."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}"


def parse_name(name: str) -> ModelName:
    """Return the parts of "provider:model".

    Raises:
        ConfigError: If it has no such form.
    """
    provider, colon, model = name.partition(":")
    if not colon or not provider.strip() or not model.strip():
        meant = _meant(name.strip(" :"))
        raise ConfigError(
            f"{name!r} names no model: it is 'rules', or 'provider:model'{meant} with a provider such as "
            f"{', '.join(sorted(PROVIDERS))}."
        )
    return ModelName(provider=provider.strip(), model=model.strip())


_FAMILIES = (
    ("gpt", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("claude", "anthropic"),
    ("gemini", "google"),
    ("mistral", "mistral"),
    ("deepseek", "deepseek"),
    ("llama", "ollama"),
)


def _meant(name: str) -> str:
    """Return what somebody probably meant who left the provider out: ", here perhaps 'openai:gpt-5',"."""
    provider = next((provider for start, provider in _FAMILIES if name.lower().startswith(start)), "")
    return f", here perhaps '{provider}:{name}'," if provider else ""


def provider_of(name: ModelName) -> Provider:
    """Return the provider; one that is not in the table is left to LangChain's own, if that is installed.

    Raises:
        ConfigError: If nobody knows it.
    """
    if name.provider in PROVIDERS:
        return PROVIDERS[name.provider]
    if importlib.util.find_spec("langchain") is not None:
        return Provider(package="langchain", factory="langchain.chat_models:init_chat_model", speaks_openai=False)
    near = difflib.get_close_matches(name.provider.lower(), PROVIDERS, n=1)
    hint = f"Did you mean '{near[0]}:{name.model}'? " if near else ""
    raise ConfigError(
        f"There is no provider named {name.provider!r}. {hint}There are {', '.join(sorted(PROVIDERS))} "
        "(and, once the package 'langchain' is installed, all that it knows)."
    )


def factory_of(provider: Provider) -> Callable[..., object]:
    """Return the class that makes a provider's client.

    Raises:
        MissingTool: If its package is not installed.
    """
    module, _, attribute = provider.factory.partition(":")
    try:
        return cast("Callable[..., object]", getattr(importlib.import_module(module), attribute))
    except ImportError as error:
        raise MissingTool(
            f"The package {provider.package!r}, which speaks to this provider, is not installed.",
            cure=install_command(provider.package),
        ) from error


def install_command(package: str) -> str:
    """Return the one command that installs a package into the Python that runs now, whether pip lives in it or uv."""
    if importlib.util.find_spec("pip") is not None:
        return f"{sys.executable} -m pip install {package}"
    beside = Path(sys.prefix).parent / ".venv-uv" / "bin" / "uv"  # where scripts/setup keeps it
    uv = "uv" if shutil.which("uv") or not beside.exists() else str(beside)
    return f"{uv} pip install --python {sys.executable} {package}"


def api_key(provider: Provider, *, base_url: str | None) -> str | None:
    """Return the secret for a provider, from the environment; None if there is none."""
    own = os.environ.get(OWN_KEY, "") if base_url else ""
    return own.strip() or (os.environ.get(provider.key, "").strip() if provider.key else "") or None


def check_url(base_url: str) -> None:
    """Accept an endpoint's address.

    Raises:
        ConfigError: If it is no http(s) URL, or carries what may be a secret: the settings are written down.
    """
    try:
        parts = urlsplit(base_url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_fine = urlsplit(""), False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise ConfigError(f"The base URL {base_url!r} is no address: it looks like http://localhost:8000/v1.")
    if parts.username or parts.password or parts.query:
        raise ConfigError(f"The base URL holds a user name, password or query; put the key into {OWN_KEY} instead.")


_KEYLIKE = re.compile(r"\b(sk|pk|rk|gsk|xai|key|AIza)[-_]?[A-Za-z0-9_\-*]{12,}|(?<=Bearer )(?!\[key)\S+", re.I)


def secrets() -> frozenset[str]:
    """Return the values in the environment that must never be written anywhere."""
    names = re.compile(r"(API_?KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$", re.I)
    return frozenset(value for name, value in os.environ.items() if names.search(name) and len(value) >= 8)


def redact(text: str) -> str:
    """Return a text without secrets: values from the environment, and what looks like a key.

    >>> redact("Incorrect API key provided: sk-abcdefghijklmnop1234.")
    'Incorrect API key provided: [key removed].'
    """
    for secret in sorted(secrets(), key=len, reverse=True):
        text = text.replace(secret, "[key removed]")
    return _KEYLIKE.sub("[key removed]", text)


def remove_known_secrets(text: str) -> str:
    """Return a text without the values from the environment; for answers, whose own words stay as they are."""
    for secret in sorted(secrets(), key=len, reverse=True):
        text = text.replace(secret, "[key removed]")
    return text
