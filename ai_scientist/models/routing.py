"""Models made of models: another one for a role, the next one when one is down, a stand-in for a useless answer."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from ai_scientist.core.clock import Clock
from ai_scientist.core.errors import AIScientistError, AnswerInvalid, TransientError
from ai_scientist.core.hashing import sha256_json
from ai_scientist.core.ledger import Ledger
from ai_scientist.core.values import Value
from ai_scientist.models.request import Model, Request, Role

A = TypeVar("A", bound=Value)

_log = logging.getLogger("ai_scientist.models")

REST_SECONDS = 60.0
"""How long a model that is down is left alone while there is another one."""


@runtime_checkable
class Recalls(Protocol):
    """A model that can say what it answered before, at no cost."""

    async def recall(self, request: Request[A]) -> A | None:
        """Return a stored answer, or None."""
        ...


class RoleModel:
    """Sends each request to the model of its role.

    Pictures go to the model of the role "vision"; where none is set, they are left out of the request, so that nothing
    pretends to have been looked at.
    """

    def __init__(self, default: Model, roles: Mapping[Role, Model]) -> None:
        self._default, self._roles = default, roles

    @property
    def name(self) -> str:
        """The default's name, with those of other roles' models behind it."""
        others = [f"{role}: {model.name}" for role, model in sorted(self._roles.items())]
        return f"{self._default.name} ({', '.join(others)})" if others else self._default.name

    async def ask(self, request: Request[A]) -> A:
        """Return the answer; see `Model.ask` for what is raised."""
        if request.images:
            if "vision" in self._roles:
                return await self._roles["vision"].ask(request)
            request = dataclasses.replace(request, images=())
        return await self._roles.get(request.role, self._default).ask(request)


class FallbackModel:
    """Asks the first of several models that is not down."""

    def __init__(self, models: Sequence[Model], clock: Clock) -> None:
        self._models, self._clock = models, clock
        self._down_until = [0.0] * len(models)

    @property
    def name(self) -> str:
        """The first one's name, with those that may have stood in for it."""
        first, *others = (model.name for model in self._models)
        return f"{first} (or, where it was down, {', '.join(others)})"

    async def ask(self, request: Request[A]) -> A:
        """Return the answer of the first model that gives one; see `Model.ask` for what is raised.

        What any of them answered before is not asked again: otherwise a resumed run would pay the first one for what
        the second one has answered.
        """
        for model in self._models:
            if isinstance(model, Recalls) and (answer := await model.recall(request)) is not None:
                return answer
        last: TransientError | None = None
        now = self._clock.monotonic()
        awake = [n for n in range(len(self._models)) if self._down_until[n] <= now] or range(len(self._models))
        for number in awake:
            try:
                return await self._models[number].ask(request)
            except TransientError as error:
                self._down_until[number] = self._clock.monotonic() + REST_SECONDS
                _log.warning("%s; asking the next model", error)
                last = error
        assert last is not None
        raise last


STAND_INS = frozenset(
    {
        "novelty_queries",
        "novelty_label",
        "analysis_displays",
        "writing_section",
        "writing_front",
        "reviewing_review",
        "reviewing_rebuttal",
    }
)
"""Prompts that rules can answer from the facts alone, whatever the study. An idea or a plan of theirs would make it
another study, and a program that nobody wrote is simply not tried: those failures go to whoever asked."""

AGAIN = 1000
"""Added to a request's sample to ask the same once more as a new question."""


class StandInModel:
    """Asks a model, once more if its answer was of no use, and then rules, where they can say something.

    Nothing of this is silent: each stand-in is an event in the ledger, with the reason.
    """

    def __init__(self, model: Model, stand_in: Model, ledger: Ledger | None) -> None:
        self._model, self._stand_in, self._ledger = model, stand_in, ledger

    @property
    def name(self) -> str:
        """The model's own."""
        return self._model.name

    async def ask(self, request: Request[A]) -> A:
        """Return an answer; see `Model.ask` for what is raised."""
        try:
            return await self._model.ask(request)
        except AnswerInvalid as error:
            _log.warning("%s Asking once more.", error)
        try:
            return await self._model.ask(dataclasses.replace(request, sample=request.sample + AGAIN))
        except AnswerInvalid as error:
            if request.prompt not in STAND_INS:
                raise
            return await self._answer_instead(request, error)

    async def _answer_instead(self, request: Request[A], error: AnswerInvalid) -> A:
        try:
            answer = await self._stand_in.ask(request)
        except AIScientistError:
            raise error from None  # rules have nothing to say either
        if self._ledger is not None:
            facts = {"prompt": request.prompt, "stage": request.stage, "why": str(error), "by": self._stand_in.name}
            key = sha256_json([request.prompt, request.facts.model_dump(mode="json"), request.sample])
            self._ledger.record("agent.stood_in", actor=f"agent:{request.role}", key=f"stood_in:{key}", facts=facts)
        return answer
