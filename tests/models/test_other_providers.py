"""Providers that LangChain speaks to in its own way: tool calls in pieces, usage in parts, content in blocks."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import SystemClock
from ai_scientist.core.errors import MissingTool
from ai_scientist.core.settings import BudgetSettings, ModelSettings
from ai_scientist.models.build import build_model
from ai_scientist.models.chat import LangChainChat
from ai_scientist.models.exchange import Chat
from ai_scientist.models.providers import ModelName, Provider
from ai_scientist.models.store import read_calls
from tests.models.desk import Small, question


def _usage(given: int, got: int, *, cached: int = 0, written: int = 0, reasoning: int = 0) -> UsageMetadata:
    return UsageMetadata(
        input_tokens=given,
        output_tokens=got,
        total_tokens=given + got,
        input_token_details=InputTokenDetails(cache_read=cached, cache_creation=written),
        output_token_details=OutputTokenDetails(reasoning=reasoning),
    )


def _piece(text: str, *, first: bool = False) -> AIMessageChunk:
    call = ToolCallChunk(name="small" if first else None, args=text, id="1" if first else None, index=0)
    return AIMessageChunk(content=[{"type": "thinking", "thinking": "hm"}] if first else "", tool_call_chunks=[call])


class Foreign(BaseChatModel):
    """As a provider of LangChain's streams: input is counted at the beginning, output at the end."""

    model: str
    max_retries: int
    max_tokens: int
    temperature: float | None = None

    @property
    def _llm_type(self) -> str:
        return "foreign"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=tools, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        raise NotImplementedError

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        assert kwargs["tools"][0]["function"]["name"] == "small" and kwargs["tool_choice"] == "small"
        start = AIMessageChunk(content="", usage_metadata=_usage(1000, 1, cached=300, written=200))
        start.response_metadata = {"model_name": "foreign-2026-01-01"}
        end = AIMessageChunk(content="", usage_metadata=_usage(0, 40, reasoning=10))
        end.response_metadata = {"stop_reason": "tool_use"}
        for message in (start, _piece('{"text": "fi', first=True), _piece('ne", "count": 3}'), end):
            yield ChatGenerationChunk(message=message)


def foreign_chat(name: ModelName, settings: ModelSettings) -> Chat:
    sys.modules["tests_foreign"] = sys.modules[__name__]
    provider = Provider(package="foreign", factory="tests_foreign:Foreign", speaks_openai=False)
    return LangChainChat(name, provider, base_url=None, max_output_tokens=500, temperature=None, timeout_seconds=10)


async def test_pieces_of_a_tool_call_and_parts_of_a_usage_are_put_together(tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('[models."anthropic:some"]\ninput = 2\noutput = 10\ncached_input = 0.2\ncache_write = 2.5\n')
    model = build_model(
        ModelSettings(name="anthropic:some", prices=prices),
        budget=Budget(BudgetSettings(usd=1), SystemClock()),
        ledger=None,
        calls=tmp_path / "calls",
        clock=SystemClock(),
        rules=None,
        make_chat=foreign_chat,
    )
    assert await model.ask(question()) == Small(text="fine", count=3)
    (call,) = read_calls(tmp_path / "calls")
    assert call.address.mode == "tool"
    assert call.answer.model == "foreign-2026-01-01" and call.answer.finish == "tool_use"
    tokens = call.tokens
    assert (tokens.input, tokens.output, tokens.cached, tokens.cache_written, tokens.reasoning) == (
        1000,
        41,
        300,
        200,
        10,
    )
    assert call.cost_usd == pytest.approx((500 * 2 + 300 * 0.2 + 200 * 2.5 + 41 * 10) / 1e6)


def test_a_package_that_only_langchain_knows_of_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(**given: object) -> object:
        raise ImportError(
            "Initializing ChatCohere requires the langchain-cohere package. Please install it with "
            "`pip install langchain-cohere`"
        )

    monkeypatch.setitem(sys.modules, "tests_missing", type(sys)("tests_missing"))
    monkeypatch.setattr("tests_missing.init_chat_model", missing, raising=False)
    provider = Provider(package="langchain", factory="tests_missing:init_chat_model", speaks_openai=False)
    with pytest.raises(MissingTool) as caught:
        LangChainChat(
            ModelName(provider="cohere", model="m"),
            provider,
            base_url=None,
            max_output_tokens=10,
            temperature=None,
            timeout_seconds=1,
        )
    assert caught.value.cure.endswith("pip install --python " + sys.executable + " langchain-cohere") or (
        caught.value.cure == f"{sys.executable} -m pip install langchain-cohere"
    )
