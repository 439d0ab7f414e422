"""One call to one model: store, budget, tries, ledger. What happens between a prompt and its stored answer.

A call is looked up in the store first; else it is tried until it is answered or its failure is final. Each try is
reserved in the budget before it is made, and settled at its cost, or at its worst case if it may have been billed
without our having the answer.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import NoReturn
from weakref import WeakValueDictionary

from ai_scientist.core.budget import Budget, Cost, Reservation
from ai_scientist.core.clock import Clock, stamp
from ai_scientist.core.errors import AnswerRefused, ModelError, TransientError
from ai_scientist.core.ledger import Ledger
from ai_scientist.models.answers import text_instructions
from ai_scientist.models.entries import enter_call
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
)
from ai_scientist.models.made import note_call
from ai_scientist.models.pace import Pace, RetryRule, Sleep
from ai_scientist.models.prices import Price
from ai_scientist.models.prompts import Prompt
from ai_scientist.models.providers import redact, remove_known_secrets
from ai_scientist.models.store import Abilities, Address, Answer, Call, CallStore, Tokens, Try, Turn

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


class _Changed(Exception):
    """The endpoint has to be asked in another way than was prepared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One call that somebody wants: the request behind it, the conversation so far, the form of the answer.

    Attributes:
        messages: All but the system message.
        is_shortest: Whether the prompt was shortened as far as it can be.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A call as it will be sent, by what is known of the endpoint now."""

    asking: Asking
    address: Address
    messages: tuple[Message, ...]
    dropped: tuple[Feature, ...]

    @property
    def most_input(self) -> int:
        """An upper bound of the prompt's tokens: no tokenizer makes more tokens than there are bytes."""
        size = sum(len(message.text.encode("utf-8", "replace")) + _TOKENS_PER_MESSAGE for message in self.messages)
        pictures = sum(len(message.images) for message in self.messages) * _TOKENS_PER_IMAGE
        return size + pictures + len(str(self.asking.form.schema).encode())


class Caller:
    """Asks one model, one call at a time per task; calls may overlap."""

    def __init__(
        self, name: str, chat: Chat, shared: Shared, *, limits: Limits, pace: Pace, price: Price | None
    ) -> None:
        self.name = name
        self._chat, self._shared, self._limits, self._pace, self._price = chat, shared, limits, pace, price
        self._flights: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._abilities = shared.store.abilities().get(name) or Abilities(mode=chat.modes[0])
        for feature in self._abilities.dropped:
            chat.drop(feature)

    async def call(self, asking: Asking) -> Call:
        """Return the answered call, from the store if it is there.

        Raises:
            CallFailed: Only of the kind "context": the prompt is too long.
            NotStored: If only stored ones were wanted and it is not.
            ModelError: If the model cannot be asked.
            AnswerRefused: If a filter refused the prompt.
            TransientError: If it stayed unreachable.
            BudgetExceeded: If the worst case does not fit.
        """
        while True:
            prepared = self._prepare(asking)
            key = prepared.address.key
            lock = self._flights.setdefault(key, asyncio.Lock())
            async with lock:  # the same question asked twice at once is paid once
                call = self._shared.store.get(key)
                if call is None:
                    if asking.stored_only:
                        raise NotStored
                    self._check_size(asking)
                    try:
                        call = await self._tries(prepared)
                    except _Changed:
                        continue
            note_call(key)
            enter_call(self._shared.ledger, self._shared.store, call)
            return call

    def trust(self, mode: Mode) -> None:
        """Note that a way to typed answers has worked."""
        if mode == self._abilities.mode and not self._abilities.is_proven:
            self._remember(is_proven=True)

    def distrust(self, mode: Mode) -> None:
        """Stop using a way to typed answers that the endpoint accepts and ignores, unless it has ever worked."""
        if mode != "text" and mode == self._abilities.mode and not self._abilities.is_proven:
            self._remember(mode="text")
            self.say(f"{self.name} ignores {mode!r}: its answers are asked for as plain text from now on")

    def say(self, text: str) -> None:
        """Tell whoever watches the log."""
        _log.warning("%s", redact(text))

    def _prepare(self, asking: Asking) -> _Prepared:
        mine = self._abilities
        system = asking.prompt.system + (text_instructions(asking.form) if mine.mode == "text" else "")
        if "images" in mine.dropped and any(message.images for message in asking.messages):
            raise ModelError(f"{self.name} cannot look at pictures.")
        messages = (Message(role="system", text=system), *asking.messages)
        address = Address(
            model=self.name,
            temperature=None if "temperature" in mine.dropped else self._limits.temperature,
            max_output_tokens=self._limits.max_output_tokens,
            mode=mine.mode,
            form=dict(asking.form.schema),
            messages=tuple(
                Turn(role=message.role, text=message.text, images=tuple(image.sha256 for image in message.images))
                for message in messages
            ),
            sample=asking.sample,
        )
        return _Prepared(asking=asking, address=address, messages=messages, dropped=mine.dropped)

    def _check_size(self, asking: Asking) -> None:
        """Refuse what is no shorter than a prompt that did not fit, without asking again to be told so."""
        longest = self._abilities.too_long
        if longest is not None and asking.size >= longest and not asking.is_shortest:
            raise CallFailed("context", "a prompt of this length did not fit before")

    async def _tries(self, prepared: _Prepared) -> Call:
        """Try until there is an answer, or a failure that is final."""
        failures: list[Try] = []
        rule = self._shared.retries
        while True:
            try:
                return await self._try(prepared, tuple(failures))
            except CallFailed as failed:
                made = len(failures) + 1
                if failed.kind == "context":
                    size = prepared.asking.size
                    self._remember(too_long=min(size, self._abilities.too_long or size))
                if failed.what and self._do_without(failed, prepared.dropped):
                    raise _Changed from failed
                wait = rule.wait(failed, made, self._shared.dice) if failed.kind in RETRIED else None
                if wait is None:
                    self._give_up(failed, made)
                failures.append(Try(kind=failed.kind, message=str(failed), waited_seconds=round(wait, 3)))
                self.say(f"{self.name}: {failed}; trying again in {wait:.1f} s ({made} of {rule.tries})")
                await self._wait(wait, prepared.asking.stage)

    async def _wait(self, seconds: float, stage: str) -> None:
        """Wait, but not beyond the end of the run's time."""
        left = self._shared.budget.seconds_left(stage)
        if left is not None and left < seconds:
            await self._shared.sleep(left)
            self._shared.budget.check(stage)
        else:
            await self._shared.sleep(seconds)

    async def _try(self, prepared: _Prepared, failures: tuple[Try, ...]) -> Call:
        """Make one try: reserve, ask, store, settle."""
        store, clock, stage = self._shared.store, self._shared.clock, prepared.asking.stage
        most_input, most_output = prepared.most_input, self._limits.max_output_tokens
        worst = self._cost(Usage(input=most_input, output=most_output), most=True)
        async with self._pace.slot((most_input + most_output) // 4) as took:
            with await self._shared.budget.acquire(worst, stage) as room:
                if prepared.address.mode != self._abilities.mode or prepared.dropped != self._abilities.dropped:
                    raise _Changed  # another caller found something out while this one waited
                name = store.begin(prepared.address.key, stage, worst)
                started = clock.monotonic()
                try:
                    reply = await self._chat.complete(self._question(prepared, room))
                except CallFailed as failed:
                    self._end(name, room, worst if failed.kind in MAY_BE_PAID else None)
                    if failed.kind in ("timeout", "stalled"):
                        self._shared.budget.check(stage)
                    raise
                except BaseException:  # cancelled: the endpoint may go on computing, and bill it
                    self._end(name, room, worst)
                    raise
                call = self._finished(prepared, reply, failures, clock.monotonic() - started)
                try:
                    await _uninterrupted(asyncio.to_thread(store.put, call))
                except OSError as error:
                    raise TransientError(f"The call store cannot be written: {error.strerror or error}.") from error
                except asyncio.CancelledError:  # it is written, and nobody may come back for it
                    enter_call(self._shared.ledger, store, call)
                    raise
                finally:  # it is paid, whatever becomes of it here
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

    def _question(self, prepared: _Prepared, room: Reservation) -> Question:
        left = room.seconds_left
        timeout = self._limits.timeout_seconds if left is None else min(self._limits.timeout_seconds, left)
        return Question(
            messages=prepared.messages,
            mode=prepared.address.mode,
            form=prepared.asking.form,
            temperature=prepared.address.temperature,
            max_output_tokens=prepared.address.max_output_tokens,
            timeout_seconds=timeout,
            stall_seconds=min(self._limits.stall_seconds, timeout),
            idempotency_key=prepared.address.key,
        )

    def _finished(self, prepared: _Prepared, reply: Reply, failures: tuple[Try, ...], seconds: float) -> Call:
        asking, tokens = prepared.asking, _counted(reply, prepared.most_input, self._limits.max_output_tokens)
        usage = Usage(**tokens.model_dump(exclude={"is_estimate"}))
        return Call(
            key=prepared.address.key,
            role=asking.role,
            prompt=asking.prompt.name,
            prompt_version=asking.prompt.version,
            prompt_source=asking.prompt.source,
            stage=asking.stage,
            time=stamp(self._shared.clock.now()),
            address=prepared.address,
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
            cuts=asking.prompt.cuts,
        )

    def _cost(self, usage: Usage, *, most: bool) -> Cost:
        if self._price is None:
            usd = None
        else:
            usd = self._price.most(usage.input, usage.output) if most else self._price.cost(usage)
        return Cost(usd=usd, tokens=usage.input + usage.output)

    def _give_up(self, failed: CallFailed, made: int) -> NoReturn:
        """Raise what a final failure means for the caller."""
        said = f"{self.name}: {failed}"
        if failed.kind == "context":
            raise failed  # the prompt can be shortened
        if failed.kind == "filtered":
            raise AnswerRefused(f"{self.name} refused to answer: {failed}") from failed
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
        self._remember(mode=mode, dropped=(*self._abilities.dropped, what))
        self.say(f"{self.name} cannot do {what!r}: {failed}; going on without")
        return True

    def _remember(self, **found_out: object) -> None:
        self._abilities = self._abilities.model_copy(update=found_out)
        self._shared.store.remember(self.name, self._abilities)


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


def _counted(reply: Reply, most_input: int, most_output: int) -> Tokens:
    """Return the endpoint's count if it can be believed, else an upper bound from the bytes."""
    usage = reply.usage
    if usage and usage.input <= most_input and usage.output <= most_output:
        return Tokens(**dataclasses.asdict(usage))
    size = len((reply.text + reply.refusal).encode("utf-8", "replace"))
    output = most_output if reply.finish == "length" else min(size, most_output)
    return Tokens(input=most_input, output=output, is_estimate=True)
