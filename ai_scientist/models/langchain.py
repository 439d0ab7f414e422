"""A language model as `Model`: a prompt is rendered, the answer is read, and what cannot be read is sent back.

One `ask` is a conversation of at most three calls: the question, and two corrections of a malformed answer. Each call
is `caller`'s. A prompt that is too long is shortened by the rule of `prompts`, and that is recorded with the call.
"""

from __future__ import annotations

from typing import TypeVar

from ai_scientist.core.errors import AnswerInvalid, AnswerRefused, ModelError
from ai_scientist.core.values import Value
from ai_scientist.models.answers import Malformed, form_of, parse, repair_request
from ai_scientist.models.caller import Asking, Caller, Limits, NotStored, Shared
from ai_scientist.models.exchange import CallFailed, Chat, Message, load_image
from ai_scientist.models.pace import Pace
from ai_scientist.models.prices import Price
from ai_scientist.models.prompts import CUT_LEVELS, render
from ai_scientist.models.request import Request
from ai_scientist.models.store import Call

A = TypeVar("A", bound=Value)

REPAIRS = 2
"""How many times a malformed answer is sent back with the reasons."""


class LangChainModel:
    """A model behind a `Chat`."""

    def __init__(
        self, name: str, chat: Chat, shared: Shared, *, limits: Limits, pace: Pace, price: Price | None
    ) -> None:
        """Put a model together.

        Args:
            name: "provider:model".
            chat: The endpoint.
            shared: What all models of the run share.
            limits: How it is asked.
            pace: Its provider's limits.
            price: None if it is not known.
        """
        self._caller = Caller(name, chat, shared, limits=limits, pace=pace, price=price)

    @property
    def name(self) -> str:
        """What a paper says wrote it: "provider:model"."""
        return self._caller.name

    async def ask(self, request: Request[A]) -> A:
        """Return the answer; see `Model.ask` for what is raised."""
        return await self._answer(request, stored_only=False)

    async def recall(self, request: Request[A]) -> A | None:
        """Return the answer if all its calls are stored already, else None. Costs nothing."""
        try:
            return await self._answer(request, stored_only=True)
        except NotStored:
            return None

    async def _answer(self, request: Request[A], *, stored_only: bool) -> A:
        level = 0
        while True:
            try:
                return await self._converse(request, level, stored_only=stored_only)
            except CallFailed as failed:
                if failed.kind != "context" or level >= CUT_LEVELS:
                    raise ModelError(
                        f"{self.name} cannot take the prompt {request.prompt!r}, also after it was shortened: {failed}"
                    ) from failed
                level += 1
                self._caller.say(f"{self.name}: the prompt {request.prompt!r} is too long; shortened, step {level}")

    async def _converse(self, request: Request[A], level: int, *, stored_only: bool) -> A:
        """Ask, and send a malformed answer back with the reasons, at most twice."""
        form = form_of(request.answer)
        prompt = render(request.prompt, request.facts, level=level)
        images = tuple(load_image(path) for path in request.images)
        messages: tuple[Message, ...] = (Message(role="user", text=prompt.user, images=images),)
        reason = ""
        for repairs in range(REPAIRS + 1):
            asking = Asking(
                role=request.role,
                stage=request.stage,
                sample=request.sample,
                prompt=prompt,
                messages=messages,
                form=form,
                stored_only=stored_only,
                is_shortest=level >= CUT_LEVELS,
            )
            call = await self._caller.call(asking)
            if call.answer.refusal or call.answer.finish == "content_filter":
                raise AnswerRefused(f"{self.name} refused to answer {request.prompt!r}: {call.answer.refusal[:300]}")
            try:
                answer = parse(call.answer.text, request.answer)
            except Malformed as bad:
                reason = self._reason(call, bad)
                correction = repair_request(reason, form, is_left=repairs + 1 < REPAIRS)
                told = Message(role="assistant", text=_shown_again(call.answer.text))
                messages = (*messages, told, Message(role="user", text=correction))
            else:
                self._caller.trust(call.address.mode)
                return answer
        raise AnswerInvalid(f"{self.name} gave no usable answer to {request.prompt!r} in {REPAIRS + 1} tries. {reason}")

    def _reason(self, call: Call, bad: Malformed) -> str:
        """Return why an answer cannot be used, in words for the model that gave it."""
        if call.answer.finish == "length":
            return f"It was cut off because it was too long ({call.address.max_output_tokens} tokens at most). {bad}"
        if not bad.is_json and call.answer.text.strip():
            self._caller.distrust(call.address.mode)
        return str(bad)


def _shown_again(text: str) -> str:
    """Return a malformed answer as it is sent back: a giant one in part."""
    return text if len(text) <= 20_000 else text[:12_000] + "\n[…]\n" + text[-2_000:]
