"""A language model as `Model`: prompt, store, budget, tries, repair, ledger, in that order. Knows no library.

One `ask` is a conversation of at most three calls: the question, and two corrections of a malformed answer. One call
is looked up in the store first; else it is tried until it is answered or its failure is final. Each try is reserved
in the budget before it is made, and settled at its cost, or at its worst case if it may have been billed unseen.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import NoReturn, TypeVar
from weakref import WeakValueDictionary

from ai_scientist.core.budget import Budget, Cost, Reservation
from ai_scientist.core.clock import Clock, stamp
from ai_scientist.core.errors import AnswerInvalid, AnswerRefused, ModelError, TransientError
from ai_scientist.core.ledger import Ledger
from ai_scientist.core.values import Value
from ai_scientist.models.answers import Malformed, form_of, parse, repair_request, text_instructions
from ai_scientist.models.exchange import (
    MAY_BE_PAID,
    RETRIED,
    CallFailed,
    Chat,
    Feature,
    Form,
    Message,
    Mode,
    Question,
    Reply,
    Usage,
    load_image,
)
from ai_scientist.models.made import note_call
from ai_scientist.models.pace import Pace, RetryRule, Sleep
from ai_scientist.models.prices import Price
from ai_scientist.models.prompts import CUT_LEVELS, Prompt, render
from ai_scientist.models.providers import redact, remove_known_secrets
from ai_scientist.models.request import Request
from ai_scientist.models.store import Abilities, Address, Answer, Call, CallStore, Tokens, Try, Turn

A = TypeVar("A", bound=Value)

REPAIRS = 2
"""How many times a malformed answer is sent back with the reasons."""

_TOKENS_PER_IMAGE = 3000  # more than any provider's documented count for a page at full detail
_TOKENS_PER_MESSAGE = 16  # the frame around a message: roles, separators

_log = logging.getLogger("ai_scientist.models")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How one model is asked."""

    max_output_tokens: int
    temperature: float | None
    timeout_seconds: float
    stall_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all models of a run share.

    Attributes:
        ledger: None outside a run.
        dice: Draws the jitter of waits; changes no answer.
    """

    budget: Budget
    store: CallStore
    ledger: Ledger | None
    clock: Clock
    dice: Random = field(default_factory=Random)
    sleep: Sleep = asyncio.sleep
    retries: RetryRule = field(default_factory=RetryRule)


class NotStored(Exception):
    """A call that would have to be paid, where only stored ones were wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """One call that is about to be made: the request behind it, the messages, the form."""

    role: str
    stage: str
    sample: int
    prompt: Prompt
    messages: tuple[Message, ...]
    form: Form
    stored_only: bool
    is_shortest: bool

    @property
    def size(self) -> int:
        """Characters of all messages."""
        return len(self.prompt.system) + sum(len(message.text) for message in self.messages)


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
        self._name = name
        self._chat, self._shared, self._limits, self._pace, self._price = chat, shared, limits, pace, price
        self._flights: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        known = shared.store.abilities().get(name)
        self._abilities = known or Abilities(mode=chat.modes[0])
        for feature in self._abilities.dropped:
            chat.drop(feature)

    @property
    def name(self) -> str:
        """What a paper says wrote it: "provider:model"."""
        return self._name

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
                        f"{self._name} cannot take the prompt {request.prompt!r}, also after it was shortened: {failed}"
                    ) from failed
                level += 1
                self._say(f"{self._name}: the prompt {request.prompt!r} is too long; shortened, step {level}")

    async def _converse(self, request: Request[A], level: int, *, stored_only: bool) -> A:
        """Ask, and send a malformed answer back with the reasons, at most twice."""
        form = form_of(request.answer)
        prompt = render(request.prompt, request.facts, level=level)
        images = tuple(load_image(path) for path in request.images)
        told: list[Message] = []
        for repairs in range(REPAIRS + 1):
            turn = _Turn(
                role=request.role,
                stage=request.stage,
                sample=request.sample,
                prompt=prompt,
                messages=(Message(role="user", text=prompt.user, images=images), *told),
                form=form,
                stored_only=stored_only,
                is_shortest=level >= CUT_LEVELS,
            )
            call = await self._call(turn)
            if call.answer.refusal or call.answer.finish == "content_filter":
                raise AnswerRefused(f"{self._name} refused to answer {request.prompt!r}: {call.answer.refusal[:300]}")
            try:
                answer = parse(call.answer.text, request.answer)
            except Malformed as bad:
                reason = _reason(call, bad)
                self._lose_trust(call, bad)
                if repairs == REPAIRS:
                    raise AnswerInvalid(
                        f"{self._name} gave no usable answer to {request.prompt!r} in {REPAIRS + 1} tries. {reason}"
                    ) from bad
                request_again = repair_request(reason, form, is_left=repairs + 1 < REPAIRS)
                told += [
                    Message(role="assistant", text=_shown_again(call.answer.text)),
                    Message(role="user", text=request_again),
                ]
            else:
                self._trust(call.address.mode)
                return answer
        raise AssertionError("the loop above returns or raises")

    async def _call(self, turn: _Turn) -> Call:
        """Return a call's answer from the store, or else from the endpoint, which is then in the store."""
        while True:
            address = self._address(turn)
            key = address.key
            lock = self._flights.setdefault(key, asyncio.Lock())
            async with lock:  # the same question asked twice at once is paid once
                call = self._shared.store.get(key)
                if call is None:
                    if turn.stored_only:
                        raise NotStored
                    self._check_size(turn)
                    try:
                        call = await self._tries(turn, address)
                    except _Changed:
                        continue  # the endpoint cannot do it that way; the address is another now
            note_call(key)
            self._record(call)
            return call

    def _check_size(self, turn: _Turn) -> None:
        """Refuse what is no shorter than a prompt that did not fit, without asking again to be told so."""
        longest = self._abilities.too_long
        if longest is not None and turn.size >= longest and not turn.is_shortest:
            raise CallFailed("context", "a prompt of this length did not fit before")

    def _address(self, turn: _Turn) -> Address:
        return Address(
            model=self._name,
            temperature=None if "temperature" in self._abilities.dropped else self._limits.temperature,
            max_output_tokens=self._limits.max_output_tokens,
            mode=self._abilities.mode,
            form=dict(turn.form.schema),
            messages=tuple(
                Turn(role=message.role, text=message.text, images=tuple(image.sha256 for image in message.images))
                for message in self._messages(turn)
            ),
            sample=turn.sample,
        )

    def _messages(self, turn: _Turn) -> tuple[Message, ...]:
        system = turn.prompt.system
        if self._abilities.mode == "text":
            system += text_instructions(turn.form)
        shown = turn.messages
        if "images" in self._abilities.dropped:
            shown = tuple(Message(role=message.role, text=message.text) for message in shown)
        return (Message(role="system", text=system), *shown)

    async def _tries(self, turn: _Turn, address: Address) -> Call:
        """Try until there is an answer, or a failure that is final."""
        failures: list[Try] = []
        made = 0
        while True:
            made += 1
            without = self._abilities.dropped
            try:
                return await self._try(turn, address, tuple(failures))
            except CallFailed as failed:
                if failed.kind == "context":
                    longest = min(turn.size, self._abilities.too_long or turn.size)
                    self._remember(self._abilities.model_copy(update={"too_long": longest}))
                if failed.what and self._do_without(failed, without):
                    raise _Changed from failed
                wait = self._shared.retries.wait(failed, made, self._shared.dice) if failed.kind in RETRIED else None
                if wait is None:
                    self._give_up(failed, made)
                failures.append(Try(kind=failed.kind, message=str(failed), waited_seconds=round(wait, 3)))
                self._say(
                    f"{self._name}: {failed}; trying again in {wait:.1f} s ({made} of {self._shared.retries.tries})"
                )
                await self._wait(wait, turn.stage)

    async def _wait(self, seconds: float, stage: str) -> None:
        """Wait, but not beyond the end of the run's time."""
        left = self._shared.budget.seconds_left(stage)
        if left is not None and left < seconds:
            await self._shared.sleep(left)
            self._shared.budget.check(stage)
        else:
            await self._shared.sleep(seconds)

    async def _try(self, turn: _Turn, address: Address, failures: tuple[Try, ...]) -> Call:
        """Make one try: reserve, ask, store, settle."""
        store, clock = self._shared.store, self._shared.clock
        worst_tokens = _most_input(self._messages(turn), turn.form)
        worst = self._cost(Usage(input=worst_tokens, output=self._limits.max_output_tokens), most=True)
        async with self._pace.slot(worst_tokens // 4 + self._limits.max_output_tokens // 4) as took:
            with await self._shared.budget.acquire(worst, turn.stage) as room:
                name = store.begin(address.key, turn.stage, worst)
                started = clock.monotonic()
                try:
                    reply = await self._chat.complete(self._question(turn, address, room))
                except CallFailed as failed:
                    lost = failed.kind in MAY_BE_PAID
                    self._end(name, room, worst if lost else None)
                    self._if_time_is_up(failed, turn.stage)
                    raise
                except BaseException:  # cancelled: the endpoint may go on computing, and bill it
                    self._end(name, room, worst)
                    raise
                call = self._finished(turn, address, reply, failures, clock.monotonic() - started, worst_tokens)
                await _uninterrupted(asyncio.to_thread(store.put, call))
                took(call.cost.tokens)
                room.settle(call.cost)
                store.end(name, call.cost)
                return call

    def _end(self, name: str, room: Reservation, lost: Cost | None) -> None:
        if lost is None:
            room.release()
        else:
            room.settle(lost, lost=True)
        self._shared.store.end(name, lost, lost=lost is not None)

    def _if_time_is_up(self, failed: CallFailed, stage: str) -> None:
        if failed.kind in ("timeout", "stalled"):
            self._shared.budget.check(stage)

    def _question(self, turn: _Turn, address: Address, room: Reservation) -> Question:
        left = room.seconds_left
        timeout = self._limits.timeout_seconds if left is None else min(self._limits.timeout_seconds, left)
        return Question(
            messages=self._messages(turn),
            mode=address.mode,
            form=turn.form,
            temperature=address.temperature,
            max_output_tokens=address.max_output_tokens,
            timeout_seconds=timeout,
            stall_seconds=min(self._limits.stall_seconds, timeout),
            idempotency_key=address.key,
        )

    def _finished(
        self, turn: _Turn, address: Address, reply: Reply, failures: tuple[Try, ...], seconds: float, worst: int
    ) -> Call:
        tokens = _counted(reply, worst, self._limits.max_output_tokens)
        usage = Usage(**tokens.model_dump(exclude={"is_estimate"}))
        return Call(
            key=address.key,
            role=turn.role,
            prompt=turn.prompt.name,
            prompt_version=turn.prompt.version,
            prompt_source=turn.prompt.source,
            stage=turn.stage,
            time=stamp(self._shared.clock.now()),
            address=address,
            answer=Answer(
                text=_storable(reply.text),
                refusal=_storable(reply.refusal),
                finish=reply.finish,
                model=_storable(reply.model),
                id=_storable(reply.id),
                fingerprint=_storable(reply.fingerprint),
            ),
            tokens=tokens,
            cost_usd=self._cost(usage, most=False).usd,
            latency_seconds=round(seconds, 3),
            tries=failures,
            cuts=turn.prompt.cuts,
        )

    def _cost(self, usage: Usage, *, most: bool) -> Cost:
        if self._price is None:
            usd = None
        else:
            usd = self._price.most(usage.input, usage.output) if most else self._price.cost(usage)
        return Cost(usd=usd, tokens=usage.input + usage.output)

    def _give_up(self, failed: CallFailed, made: int) -> NoReturn:
        """Raise what a final failure means for the caller."""
        said = f"{self._name}: {failed}"
        if failed.kind == "context":
            raise failed  # the caller shortens the prompt
        if failed.kind == "filtered":
            raise AnswerRefused(f"{self._name} refused to answer: {failed}") from failed
        if failed.kind == "quota":
            raise TransientError(f"{said} (the account has nothing left to spend)") from failed
        if failed.kind in RETRIED:
            raise TransientError(
                f"{said} (after {made} {'try' if made == 1 else 'tries'})",
                retry_after_seconds=failed.retry_after_seconds,
            ) from failed
        raise ModelError(said) from failed

    def _do_without(self, failed: CallFailed, asked_without: tuple[Feature, ...]) -> bool:
        """Find another way to ask after an endpoint said that it cannot do something; False if there is none."""
        what = failed.what
        if what in self._abilities.dropped:
            return what not in asked_without  # another caller found it out meanwhile
        if what is None or not self._chat.drop(what):
            return False
        modes = self._chat.modes
        if not modes:
            return False
        mode: Mode = self._abilities.mode if self._abilities.mode in modes else modes[0]
        self._remember(self._abilities.model_copy(update={"mode": mode, "dropped": (*self._abilities.dropped, what)}))
        self._say(f"{self._name} cannot do {what!r}: {failed}; going on without")
        return True

    def _lose_trust(self, call: Call, bad: Malformed) -> None:
        """Stop using a way of answering that an endpoint accepts and ignores."""
        mine = self._abilities
        if mine.is_proven or bad.is_json or call.address.mode == "text" or mine.mode != call.address.mode:
            return
        if call.answer.finish == "length" or not call.answer.text.strip():
            return
        self._remember(mine.model_copy(update={"mode": "text"}))
        self._say(f"{self._name} ignores {call.address.mode!r}: its answers are asked for as plain text from now on")

    def _trust(self, mode: Mode) -> None:
        if mode == self._abilities.mode and not self._abilities.is_proven:
            self._remember(self._abilities.model_copy(update={"is_proven": True}))

    def _remember(self, abilities: Abilities) -> None:
        self._abilities = abilities
        self._shared.store.remember(self._name, abilities)

    def _record(self, call: Call) -> None:
        """Enter a call in the ledger, once."""
        ledger = self._shared.ledger
        key = f"call:{call.key}"
        if ledger is None or ledger.latest(key) is not None:
            return
        facts: Mapping[str, object] = {
            "prompt": call.prompt,
            "prompt_version": call.prompt_version,
            "stage": call.stage,
            "model": self._name,
            "answered_by": call.answer.model,
            "tokens": call.cost.tokens,
            "cost_usd": call.cost_usd,
            "refused": bool(call.answer.refusal),
            "cuts": [cut.model_dump(mode="json") for cut in call.cuts],
        }
        ledger.record(
            "model.answered",
            actor=f"agent:{call.role}",
            key=key,
            inputs=[call.prompt_source],
            files=[self._shared.store.path(call.key)],
            facts=facts,
        )

    def _say(self, text: str) -> None:
        _log.warning("%s", redact(text))


class _Changed(Exception):
    """The endpoint has to be asked in another way."""


async def _uninterrupted(work: Coroutine[object, object, object]) -> None:
    """Finish writing a paid answer even if the caller is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


def _storable(text: str) -> str:
    """Return a text as it can be stored: no secrets, no halves of surrogate pairs."""
    return remove_known_secrets(text).encode("utf-8", "replace").decode()


def _most_input(messages: tuple[Message, ...], form: Form) -> int:
    """Return an upper bound of a prompt's tokens: no tokenizer makes more tokens than there are bytes."""
    size = sum(len(message.text.encode("utf-8", "replace")) + _TOKENS_PER_MESSAGE for message in messages)
    pictures = sum(len(message.images) for message in messages) * _TOKENS_PER_IMAGE
    return size + pictures + len(str(form.schema).encode())


def _counted(reply: Reply, most_input: int, most_output: int) -> Tokens:
    """Return the endpoint's count if it can be believed, else an upper bound from the bytes."""
    usage = reply.usage
    if usage and usage.input <= most_input and usage.output <= most_output:
        return Tokens(**dataclasses.asdict(usage))
    size = len((reply.text + reply.refusal).encode("utf-8", "replace"))
    output = most_output if reply.finish == "length" else min(size, most_output)
    return Tokens(input=most_input, output=output, is_estimate=True)


def _reason(call: Call, bad: Malformed) -> str:
    if call.answer.finish == "length":
        return f"It was cut off because it was too long ({call.address.max_output_tokens} tokens at most). {bad}"
    return str(bad)


def _shown_again(text: str) -> str:
    """Return a malformed answer as it is sent back: a giant one in part."""
    return text if len(text) <= 20_000 else text[:12_000] + "\n[…]\n" + text[-2_000:]
