"""An answer of LangChain's, gathered from the chunks of a stream or from one whole message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from langchain_core.messages import AIMessage, AIMessageChunk

from ai_scientist.models.exchange import Reply, Usage


@dataclass(slots=True)
class Collected:
    """A streamed answer, as far as it has come.

    Attributes:
        adds_up: Whether each chunk's usage is a part of the whole, as LangChain's convention has it. Over OpenAI's
            protocol it is the whole so far, and the last one counts.
    """

    adds_up: bool
    text: list[str] = field(default_factory=list[str])
    arguments: list[str] = field(default_factory=list[str])
    refusal: list[str] = field(default_factory=list[str])
    size: int = 0
    finish: str = ""
    model: str = ""
    id: str = ""
    fingerprint: str = ""
    usage: Usage | None = None
    began: bool = False

    def add(self, chunk: AIMessage) -> None:
        """Take a chunk in, or a whole message."""
        text = _text_of(chunk)
        if text:
            self.text.append(text)
        if isinstance(chunk, AIMessageChunk):
            pieces = [call.get("args") or "" for call in chunk.tool_call_chunks]
        else:
            pieces = _arguments_of(chunk)
        self.arguments += pieces
        extra, told = chunk.additional_kwargs, chunk.response_metadata
        if extra.get("refusal"):
            self.refusal.append(str(extra["refusal"]))
        self.size += len(text) + sum(map(len, pieces))
        self.began = self.began or bool(text or pieces or self.refusal)
        self.finish = _first(told, "finish_reason", "stop_reason", "done_reason", "status") or self.finish
        self.model = _first(extra, "model_name") or _first(told, "model_name", "model") or self.model
        self.id = _first(extra, "answer_id") or _first(told, "id") or self.id
        self.fingerprint = _first(extra, "fingerprint") or _first(told, "system_fingerprint") or self.fingerprint
        usage = _usage_of(chunk)
        if usage is not None:
            self.usage = _sum(self.usage, usage) if self.adds_up and self.usage else usage

    def reply(self) -> Reply:
        """Return what has come."""
        return Reply(
            text="".join(self.arguments) or "".join(self.text),
            refusal="".join(self.refusal),
            finish=self.finish,
            model=self.model,
            id=self.id,
            fingerprint=self.fingerprint,
            usage=self.usage if self.usage and _is_believable(self.usage) else None,
        )


def _text_of(message: AIMessage) -> str:
    content = message.content
    if isinstance(content, str):
        return content
    parts = cast("Sequence[object]", content)
    found = (part if isinstance(part, str) else cast("dict[str, object]", part).get("text", "") for part in parts)
    return "".join(str(piece) for piece in found)


def _arguments_of(message: AIMessage) -> list[str]:
    import json

    whole = [json.dumps(call["args"], ensure_ascii=False) for call in message.tool_calls]
    return whole or [call.get("args") or "" for call in message.invalid_tool_calls]


def _first(values: Mapping[str, object], *names: str) -> str:
    return next((str(values[name]) for name in names if values.get(name)), "")


def _usage_of(message: AIMessage) -> Usage | None:
    """Return the counted tokens; None if there is no count."""
    told = message.usage_metadata
    if not told:
        return None
    inner, outer = told.get("input_token_details") or {}, told.get("output_token_details") or {}
    return Usage(
        input=told["input_tokens"],
        output=told["output_tokens"],
        cached=inner.get("cache_read") or 0,
        cache_written=inner.get("cache_creation") or 0,
        reasoning=outer.get("reasoning") or 0,
    )


def _sum(first: Usage, second: Usage) -> Usage:
    return Usage(**{name: getattr(first, name) + getattr(second, name) for name in Usage.__slots__})


def _is_believable(usage: Usage) -> bool:
    parts = (usage.cached, usage.cache_written, usage.reasoning, usage.output)
    fits = usage.cached + usage.cache_written <= usage.input and usage.reasoning <= usage.output
    return min(parts) >= 0 and fits and usage.input + usage.output > 0
