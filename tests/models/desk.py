"""A small question, and a model behind a real client that asks it at the tests' server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

from ai_scientist.agents.novelty import QueryFacts
from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import FixedClock, SystemClock
from ai_scientist.core.ledger import Ledger
from ai_scientist.core.settings import BudgetSettings
from ai_scientist.core.values import Value
from ai_scientist.models.caller import Limits, Shared
from ai_scientist.models.chat import LangChainChat
from ai_scientist.models.courier import Courier
from ai_scientist.models.langchain import LangChainModel
from ai_scientist.models.pace import Pace, RetryRule
from ai_scientist.models.prices import Price
from ai_scientist.models.providers import PROVIDERS, ModelName
from ai_scientist.models.request import Request
from ai_scientist.models.store import CallStore

PRICE = Price(input=1.0, output=10.0, cached_input=0.5)
KEY = "sk-planted-3f9a8b7c6d5e4f3a2b1c"


class Small(Value):
    """A small answer."""

    text: str
    count: int


def question(topic: str = "label noise", *, sample: int = 0, stage: str = "novelty") -> Request[Small]:
    return Request(
        role="novelty",
        prompt="novelty_queries",
        facts=QueryFacts(topic=topic),
        answer=Small,
        sample=sample,
        stage=stage,
    )


@dataclass
class Desk:
    """A model with everything that it stands on."""

    model: LangChainModel
    budget: Budget
    store: CallStore
    ledger: Ledger
    folder: Path
    waits: list[float]
    courier: Courier | None

    def close(self) -> None:
        self.ledger.close()
        if self.courier is not None:
            self.courier.close()


def set_up(
    url: str,
    folder: Path,
    *,
    limits: BudgetSettings | None = None,
    price: Price | None = PRICE,
    timeout: float = 5.0,
    stall: float = 5.0,
    tries: int = 3,
    temperature: float | None = None,
    max_output_tokens: int = 500,
    calls: int = 16,
    name: str = "openai:some-model",
    by_courier: bool = False,
) -> Desk:
    """Return a model whose waits between tries take no time."""
    folder.mkdir(exist_ok=True)
    clock = SystemClock()
    budget = Budget(limits or BudgetSettings(paper_share=0.0), clock)
    store = CallStore(folder / "calls", budget)
    ledger = Ledger(folder, FixedClock())
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    shared = Shared(
        budget=budget,
        store=store,
        ledger=ledger,
        clock=clock,
        dice=Random(0),
        sleep=sleep,
        retries=RetryRule(tries=tries),
    )
    provider, _, model = name.partition(":")
    courier = Courier(store.replies, timeout_seconds=timeout) if by_courier else None
    chat = LangChainChat(
        ModelName(provider=provider, model=model),
        PROVIDERS[provider],
        base_url=url,
        max_output_tokens=max_output_tokens,
        temperature=temperature,
        timeout_seconds=timeout,
        courier=courier,
    )
    asked = Limits(
        max_output_tokens=max_output_tokens, temperature=temperature, timeout_seconds=timeout, stall_seconds=stall
    )
    made = LangChainModel(
        name,
        chat,
        shared,
        limits=asked,
        pace=Pace(clock, calls=calls, tokens_per_minute=None, sleep=sleep),
        price=price,
    )
    return Desk(model=made, budget=budget, store=store, ledger=ledger, folder=folder, waits=waits, courier=courier)
