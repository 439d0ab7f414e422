"""From settings to the model that a run asks: roles, fallbacks, tape."""

from __future__ import annotations

import asyncio
import atexit
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import TYPE_CHECKING, cast

from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import Clock
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.ledger import Ledger
from ai_scientist.core.settings import ModelSettings
from ai_scientist.models.caller import Limits, Shared
from ai_scientist.models.check import check_model as check_model
from ai_scientist.models.entries import enter_missing
from ai_scientist.models.exchange import Chat
from ai_scientist.models.langchain import LangChainModel
from ai_scientist.models.names import (
    RULES,
    check_names,
    is_language_model,
    is_own_endpoint,
    model_names,
    price_name,
)
from ai_scientist.models.pace import Pace, RetryRule, Sleep
from ai_scientist.models.prices import load_prices
from ai_scientist.models.providers import ModelName, parse_name, provider_of
from ai_scientist.models.request import Model, Role
from ai_scientist.models.routing import FallbackModel, RoleModel, StandInModel
from ai_scientist.models.store import CallStore
from ai_scientist.models.tape import TapeModel, TapeRecorder

if TYPE_CHECKING:
    from ai_scientist.models.courier import Courier

ChatMaker = Callable[[ModelName, ModelSettings], Chat]


def build_model(
    settings: ModelSettings,
    *,
    budget: Budget,
    ledger: Ledger | None,
    calls: Path | None,
    clock: Clock,
    rules: Model | None,
    dice: Random | None = None,
    retries: RetryRule | None = None,
    sleep: Sleep = asyncio.sleep,
    make_chat: ChatMaker | None = None,
    closing: ExitStack | None = None,
) -> Model:
    """Return the model that a run asks.

    Args:
        settings: Names, roles, fallbacks, limits, tape.
        budget: What may be spent; what stored calls cost is counted in it here.
        ledger: Where calls are entered; None outside a run.
        calls: Folder of the call store; None outside a run: a temporary one, which goes with the process.
        clock: Tells latencies and times.
        rules: The engine that needs no model, if there is one.
        dice: Draws the jitter of waits.
        retries: When a failed try is made again.
        sleep: Waits; tests hand in one that does not.
        make_chat: Makes an endpoint; LangChain's by default.
        closing: Ends with the session. Where it is given, requests go by courier, so that what is under way when the
            session is killed is found by the next one.

    Raises:
        ConfigError: If a name is unknown, a price that a limit needs is missing, or the tape is none. (`check_model`
            finds all of it before a run's folder is made.)
        MissingTool: If a provider's package is not installed.
    """
    if settings.replay is not None:
        tape = TapeModel(settings.replay, ledger=ledger)
        return StandInModel(tape, rules, ledger) if rules is not None else tape
    check_names(settings, budget.limits)
    made: dict[str, Model] = {}
    if is_language_model(settings):
        store = CallStore(calls or _temporary(), budget)
        enter_missing(ledger, store)
        shared = Shared(
            budget=budget,
            store=store,
            ledger=ledger,
            clock=clock,
            dice=dice or Random(),
            sleep=sleep,
            retries=retries or RetryRule(),
        )
        courier = _courier(store, settings, closing) if closing is not None else None
        made = _language_models(settings, shared, make_chat or partial(langchain_chat, courier=courier))
    if rules is not None:
        made[RULES] = rules
    elif RULES in model_names(settings):
        raise ConfigError("The engine 'rules' is not available here.")
    model = _with_fallbacks(settings, made, clock)
    if settings.record is not None:
        model = TapeRecorder(model, settings.record)
    return model if rules is None or model is rules else StandInModel(model, rules, ledger)


def langchain_chat(name: ModelName, settings: ModelSettings, *, courier: Courier | None = None) -> Chat:
    """Return an endpoint through LangChain, which is imported here and not before."""
    from ai_scientist.models.chat import LangChainChat

    return LangChainChat(
        name,
        provider_of(name),
        base_url=settings.base_url if is_own_endpoint(name, settings) else None,
        max_output_tokens=settings.max_output_tokens,
        temperature=settings.temperature,
        timeout_seconds=settings.timeout_seconds,
        courier=courier,
    )


def _courier(store: CallStore, settings: ModelSettings, closing: ExitStack) -> Courier:
    from ai_scientist.models.courier import Courier  # brings a client for HTTP along, which rules do without

    courier = Courier(store.replies, timeout_seconds=settings.timeout_seconds)
    closing.callback(courier.close)
    return courier


def _language_models(settings: ModelSettings, shared: Shared, make_chat: ChatMaker) -> dict[str, Model]:
    table = load_prices(settings.prices)
    limits = Limits(
        max_output_tokens=settings.max_output_tokens,
        temperature=settings.temperature,
        timeout_seconds=settings.timeout_seconds,
    )
    paces: dict[str, Pace] = {}
    made: dict[str, Model] = {}
    for name in model_names(settings):
        if name == RULES:
            continue
        parsed = parse_name(name)
        if parsed.provider not in paces:
            paces[parsed.provider] = Pace(
                shared.clock,
                calls=settings.calls,
                tokens_per_minute=settings.tokens_per_minute,
                sleep=shared.sleep,
            )
        made[name] = LangChainModel(
            name,
            make_chat(parsed, settings),
            shared,
            limits=limits,
            pace=paces[parsed.provider],
            price=table.price(price_name(parsed, settings)),
        )
    return made


def _temporary() -> Path:
    folder = Path(mkdtemp(prefix="ai-scientist-calls-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _with_fallbacks(settings: ModelSettings, made: dict[str, Model], clock: Clock) -> Model:
    others = [made[name] for name in settings.fallbacks]

    def backed(name: str) -> Model:
        chain = [made[name], *(other for other in others if other is not made[name])]
        return made[name] if name == RULES or len(chain) == 1 else FallbackModel(chain, clock)

    default = backed(settings.name)
    if not settings.roles:
        return default
    roles: dict[Role, Model] = {cast("Role", role): backed(name) for role, name in settings.roles.items()}
    return RoleModel(default, roles)
