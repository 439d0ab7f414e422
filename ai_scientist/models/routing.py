"""Models made of models: another one for a role, the next one when one is down."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from ai_scientist.core.clock import Clock
from ai_scientist.core.errors import TransientError
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
