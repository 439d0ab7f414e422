"""The border to LangChain: one endpoint, one model, one try. Imported only when a language model is used.

Retries, repair, budgets and the store are ours, so the client's own retries are switched off. Answers are streamed
wherever the endpoint can, because only a stream tells a slow answer from a hung one.
"""

from __future__ import annotations

import asyncio
import logging
import re
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast

import httpx
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from ai_scientist.core.errors import ConfigError, MissingTool
from ai_scientist.models.collected import Collected
from ai_scientist.models.courier import KEY_HEADER, Courier, CourierTransport
from ai_scientist.models.exchange import (
    CallFailed,
    Feature,
    Form,
    Message,
    Mode,
    Question,
    Reply,
)
from ai_scientist.models.failures import understand
from ai_scientist.models.providers import ModelName, Provider, api_key, factory_of, install_command, redact

_log = logging.getLogger("ai_scientist.models")

_ADVICE = ("This model does not support OpenAI's structured output", "Invalid schema for OpenAI's structured output")

HEARTBEAT_SECONDS = 30
"""How often a call that takes long is spoken of in the log "ai_scientist.models", at level INFO."""

MOST_BYTES_PER_TOKEN = 16
"""An answer that is longer than this allows is not what was asked for: the endpoint ignores the limit."""


class OpenAIStream(ChatOpenAI):
    """LangChain's client, which drops a refusal and the answering model's name from streams, made to keep both."""

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> Any:  # LangChain's own type is private to its module
        convert = cast("Callable[..., Any]", super()._convert_chunk_to_generation_chunk)  # pyright: ignore[reportUnknownMemberType]  # untyped dicts in LangChain
        made = convert(chunk, default_chunk_class, base_generation_info)
        if made is None:
            return None
        message = made.message
        choices: list[Any] = chunk.get("choices") or []
        deltas: list[dict[str, Any]] = [choice.get("delta") or {} for choice in choices]
        refusals = [delta.get("refusal") for delta in deltas]
        if any(refusals):
            message.additional_kwargs["refusal"] = "".join(str(part) for part in refusals if part)
        for key, name in (("model", "model_name"), ("id", "answer_id"), ("system_fingerprint", "fingerprint")):
            if chunk.get(key):
                message.additional_kwargs[name] = str(chunk[key])
        return made


class LangChainChat:
    """A chat model of LangChain's, as `Chat`."""

    def __init__(
        self,
        name: ModelName,
        provider: Provider,
        *,
        base_url: str | None,
        max_output_tokens: int,
        temperature: float | None,
        timeout_seconds: float,
        courier: Courier | None = None,
    ) -> None:
        """Make the client; nothing is sent.

        Args:
            name: Provider and model.
            provider: What is known of the provider.
            base_url: Where to ask; None for the provider's own address.
            max_output_tokens: Of one answer.
            temperature: None: whatever the endpoint takes.
            timeout_seconds: Of one call.
            courier: Carries requests over OpenAI's protocol, so that what was under way at a kill is not lost.

        Raises:
            MissingTool: If the provider's package is not installed.
            ConfigError: If the client cannot be made, as without a key.
        """
        self._name, self._provider = name, provider
        self._base_url = base_url or provider.base_url
        self._settings = (max_output_tokens, temperature, timeout_seconds)
        self._dropped: set[Feature] = set()
        self._courier = courier
        if self._base_url is not None:
            # OpenAI's newer name for the limit is refused, or worse, ignored by many servers that copy its protocol.
            self._dropped.add("max_completion_tokens")
        self._client = self._make()

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The ways to get a typed answer that are worth trying, best first."""
        modes: list[Mode] = ["tool", "text"]
        if self._provider.speaks_openai and not self._uses_responses():
            modes.insert(0, "schema")
        return tuple(mode for mode in modes if mode not in self._dropped)

    def drop(self, feature: Feature) -> bool:
        """Do without a feature from now on; False if there is no way without it, or we already do without."""
        if feature in self._dropped:
            return False
        self._dropped.add(feature)
        if feature not in ("schema", "tool", "tool_choice", "images"):
            self._client = self._make()
        return True

    async def complete(self, question: Question) -> Reply:
        """Return the reply.

        Raises:
            CallFailed: If there is none.
        """
        got = Collected(adds_up=not self._provider.speaks_openai)
        for told in _ADVICE:  # LangChain's, to users of its own structured output, who we are not
            warnings.filterwarnings("ignore", message=told)
        try:
            async with asyncio.timeout(question.timeout_seconds), _heartbeat(str(self._name), got):
                await self._collect(question, got)
        except TimeoutError as error:
            raise CallFailed("stalled" if got.began else "timeout", _late(question, got)) from error
        except CallFailed:
            raise
        except Exception as error:  # the border: whatever a client library raises is sorted here, and nowhere else
            failed = understand(error, began=got.began)
            if "No generation chunks" in str(error):  # LangChain's words for a stream without a single event
                failed = CallFailed("unreadable", "the answer is no stream", what="stream")
            text = redact(str(failed))
            raise CallFailed(
                failed.kind, text, retry_after_seconds=failed.retry_after_seconds, what=failed.what
            ) from None  # the original may hold the key in its request
        return got.reply()

    async def _collect(self, question: Question, got: Collected) -> None:
        messages = [self._message(message) for message in question.messages]
        client = self._asking(question)
        most = question.max_output_tokens * MOST_BYTES_PER_TOKEN
        if "stream" in self._dropped:
            got.add(cast("AIMessage", await client.ainvoke(messages)))
        else:
            async with aclosing(cast("Any", client.astream(messages))) as stream:
                await _drain(stream, got, question.stall_seconds, most)
            if got.size > most:
                got.finish = "length"
            if not got.finish and not got.began:
                raise CallFailed("unreadable", "the answer is no stream of chat completions")
            if not got.finish and self._provider.speaks_openai:
                raise CallFailed("cut", "the answer ended in the middle")

    def _asking(self, question: Question) -> Runnable[Any, Any]:
        """Return the client, told in which form to answer."""
        extra: dict[str, Any] = {}
        if self._provider.speaks_openai:
            extra["extra_headers"] = {KEY_HEADER: question.idempotency_key}
        if question.mode == "schema":
            # Not as LangChain's own `response_format`: that parses on its side and loses refusals and cut answers.
            extra["extra_body"] = {"response_format": _response_format(question.form)}
        if "max_completion_tokens" in self._dropped and self._provider.speaks_openai:
            extra["extra_body"] = {**extra.get("extra_body", {}), "max_tokens": question.max_output_tokens}
        if question.mode != "tool":
            return self._client.bind(**extra) if extra else self._client
        tool = {
            "type": "function",
            "function": {
                "name": question.form.name,
                "description": "Hands in the answer.",
                "parameters": dict(question.form.schema),
            },
        }
        if "tool_choice" not in self._dropped:
            extra["tool_choice"] = question.form.name
        return self._client.bind_tools([tool], **extra)

    def _message(self, message: Message) -> BaseMessage:
        if message.role == "system":
            return SystemMessage(message.text)
        if message.role == "assistant":
            return AIMessage(message.text)
        if not message.images:
            return HumanMessage(message.text)
        pictures = [{"type": "image_url", "image_url": {"url": image.url}} for image in message.images]
        return HumanMessage(cast("Any", [{"type": "text", "text": message.text}, *pictures]))

    def _make(self) -> BaseChatModel:
        max_tokens, temperature, timeout = self._settings
        factory = factory_of(self._provider)
        given: dict[str, Any] = {"model": self._name.model, "max_retries": 0}
        if temperature is not None and "temperature" not in self._dropped:
            given["temperature"] = temperature
        secret = api_key(self._provider, base_url=self._base_url)
        if self._provider.speaks_openai:
            given |= self._openai_settings(timeout, secret)
            if factory is ChatOpenAI:
                factory = OpenAIStream
        else:
            if self._base_url:
                given["base_url"] = self._base_url
            if self._provider.package == "langchain":
                given["model_provider"] = self._name.provider
        if "max_completion_tokens" not in self._dropped:
            given["max_tokens"] = max_tokens
        return _construct(factory, given, self._name)

    def _openai_settings(self, timeout: float, secret: str | None) -> dict[str, Any]:
        return {
            # An endpoint of one's own often wants no key, but the client wants a string.
            "api_key": SecretStr(secret or "none"),
            "timeout": timeout,
            "stream_usage": "usage" not in self._dropped,
            "stream_chunk_timeout": None,
            # A connection a call: nothing is left open between event loops, and a call takes seconds anyway.
            "default_headers": {"Connection": "close"},
            **({"base_url": self._base_url} if self._base_url else {}),
            **({"http_async_client": _carried_by(self._courier, timeout)} if self._courier else {}),
        }

    def _uses_responses(self) -> bool:
        """Whether LangChain asks this model over OpenAI's newer API, which takes a schema in another way."""
        decides: Callable[[dict[str, Any]], bool] | None = getattr(self._client, "_use_responses_api", None)
        return decides is not None and decides({})


@asynccontextmanager
async def _heartbeat(name: str, got: Collected) -> AsyncGenerator[None]:
    """Say now and then that a long call is alive, so that nobody takes it for a hung one."""

    async def beat() -> None:
        seconds = 0
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            seconds += HEARTBEAT_SECONDS
            so_far = f"{got.size} characters so far" if got.began else "nothing yet"
            _log.info("%s: waiting for %d s, %s", name, seconds, so_far)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()


async def _drain(stream: AsyncIterator[AIMessage], got: Collected, stall_seconds: float, most: int) -> None:
    """Take a stream in; an answer that began must go on coming, and must end some day."""
    while got.size <= most:
        try:
            async with asyncio.timeout(stall_seconds if got.began else None):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise CallFailed("stalled", f"nothing more came for {stall_seconds:.0f} s") from error
        got.add(chunk)


def _construct(factory: Callable[..., object], given: Mapping[str, Any], name: ModelName) -> BaseChatModel:
    try:
        return cast("BaseChatModel", factory(**given))
    except ImportError as error:  # LangChain's own table of providers knows more packages than are installed
        package = re.search(r"pip install (?:-U )?([\w.\-]+)", str(error))
        cure = install_command(package[1]) if package else "see LangChain's page on this provider"
        raise MissingTool(f"The package that speaks to {name.provider!r} is not installed.", cure=cure) from error
    except Exception as error:  # the border: constructors complain in their own ways, nearly always about settings
        raise ConfigError(f"The client for {name} cannot be made: {redact(str(error))[:300]}") from None


def _carried_by(courier: Courier, timeout: float) -> httpx.AsyncClient:
    """Return an HTTP client whose requests go by courier."""
    return httpx.AsyncClient(transport=CourierTransport(courier), timeout=timeout, follow_redirects=True)


def _response_format(form: Form) -> dict[str, Any]:
    return {
        "type": "json_schema",
        "json_schema": {"name": form.name, "schema": dict(form.schema), "strict": form.is_strict},
    }


def _late(question: Question, got: Collected) -> str:
    seconds = f"{question.timeout_seconds:.0f} s"
    return f"the answer was not finished after {seconds}" if got.began else f"no answer came within {seconds}"
