"""What passes between us and an endpoint: messages and a form go in, a reply with its usage comes out."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.hashing import sha256_bytes
from ai_scientist.core.ids import Sha256

Mode = Literal["schema", "tool", "text"]
MODES: tuple[Mode, ...] = ("schema", "tool", "text")
"""Ways to get a typed answer, best first: the model's own JSON-schema mode, a tool call, text that is read."""

FailureKind = Literal[
    "key",  # refused us: wrong or missing key, no permission
    "model",  # does not know the model, or the address
    "quota",  # the account has nothing left
    "rate",  # too many requests
    "server",  # its own fault
    "network",  # not reached, or the connection broke before an answer began
    "timeout",  # no answer in time
    "stalled",  # an answer that began and stopped coming
    "cut",  # an answer that ended in the middle
    "unreadable",  # an answer that is no chat completion
    "context",  # the prompt is too long
    "unsupported",  # it cannot do what was asked in this way; `what` says which part
    "filtered",  # it will not talk about this
    "request",  # any other complaint about what we sent
]

MAY_BE_PAID: frozenset[FailureKind] = frozenset({"timeout", "stalled", "cut", "unreadable"})
"""Failures after which the endpoint may still bill what it computed. (A refused connection or an error status is
not billed.)"""

RETRIED: frozenset[FailureKind] = frozenset({"rate", "server", "network", "timeout", "stalled", "cut", "unreadable"})
"""Failures that may pass."""

Feature = Literal["schema", "tool", "images", "tool_choice", "stream", "usage", "temperature", "max_completion_tokens"]


class CallFailed(Exception):
    """One try at one call failed. Caught inside this package; what leaves it is one of core's errors.

    Attributes:
        kind: What the failure means.
        retry_after_seconds: How long the endpoint asked us to wait; None if it did not say.
        what: For "unsupported": what it cannot do.
    """

    def __init__(
        self, kind: FailureKind, message: str, *, retry_after_seconds: float | None = None, what: Feature | None = None
    ) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.retry_after_seconds = retry_after_seconds
        self.what: Feature | None = what


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture, as it is sent."""

    media_type: str
    data: bytes

    @property
    def sha256(self) -> Sha256:
        """What stands for it in keys and stored calls."""
        return sha256_bytes(self.data)

    @property
    def url(self) -> str:
        """The picture itself, as a data URL."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"


def load_image(path: Path) -> Image:
    """Return a picture file.

    Raises:
        ConfigError: If it is neither PNG nor JPEG, or cannot be read.
    """
    types = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
    if path.suffix.lower() not in types:
        raise ConfigError(f"{path.name} cannot be shown to a model: it is neither PNG nor JPEG.")
    try:
        return Image(media_type=types[path.suffix.lower()], data=path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The type of the wanted answer, as a JSON schema.

    Attributes:
        is_strict: Whether the schema lists every key there may be, so that an endpoint can hold a model to it.
    """

    name: str
    schema: Mapping[str, Any]
    is_strict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call.

    Attributes:
        temperature: None: the provider's own.
        max_output_tokens: Reasoning included.
        timeout_seconds: For the whole call.
        stall_seconds: Longest silence after the answer began.
        idempotency_key: The same for every try of the same call, so that a gateway that honours it bills once.
    """

    messages: tuple[Message, ...]
    mode: Mode
    form: Form
    temperature: float | None
    max_output_tokens: int
    timeout_seconds: float
    stall_seconds: float
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens, as the endpoint counted them.

    Attributes:
        cached: Read from the provider's prompt cache; part of `input`.
        cache_written: Put into that cache; part of `input`.
        reasoning: Part of `output`.
    """

    input: int
    output: int
    cached: int = 0
    cache_written: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back.

    Attributes:
        text: The answer's text, or the arguments of its tool call.
        refusal: The model's own words why it will not answer; empty if it did.
        finish: "stop", "length", "tool_calls" … as the endpoint says it.
        model: The model as answered, which may be a dated version of the one that was asked.
        usage: None if the endpoint did not say.
    """

    text: str
    refusal: str = ""
    finish: str = ""
    model: str = ""
    id: str = ""
    fingerprint: str = ""
    usage: Usage | None = None


class Chat(Protocol):
    """An endpoint with one model. One try per call: no retries, no repair, no store."""

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The ways to get a typed answer that are worth trying, best first."""
        ...

    def drop(self, feature: Feature) -> bool:
        """Do without a feature from now on; False if there is no way without it."""
        ...

    async def complete(self, question: Question) -> Reply:
        """Return the reply.

        Raises:
            CallFailed: If there is none.
        """
        ...
