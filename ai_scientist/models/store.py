"""The call store: every paid answer of a run, written down before it is used, so that none is paid twice.

On disk: `calls/<key>.json`, one file a call, whole or absent; and `calls/spent.jsonl`, one line when a try begins and
one when it ends. After a crash an answer that was under way is found in `calls/replies/`, if the courier could wait for
it. Else the try may have been paid without our having its answer: its worst case counts as spent, and the answer is
asked for again. `calls/abilities.json` holds what was found out about the endpoints.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from ai_scientist.core.budget import Budget, Cost, Spent
from ai_scientist.core.clock import FixedClock
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.hashing import canonical_json, sha256_json
from ai_scientist.core.ids import Sha256
from ai_scientist.core.jsonl import Appender, read_json, read_lines, write_json
from ai_scientist.core.settings import BudgetSettings
from ai_scientist.core.values import Value
from ai_scientist.models.exchange import Feature, Mode
from ai_scientist.models.prompts import Cut
from ai_scientist.models.replies import Replies


class Turn(Value):
    """One message as it was sent; `images` are hashes."""

    role: Literal["system", "user", "assistant"]
    text: str
    images: tuple[str, ...] = ()


class Address(Value):
    """Everything that changes an answer. Its hash is the call's key.

    The endpoint's URL is not here: it is fixed for a run, and a local server may come back on another port.
    """

    model: str
    temperature: float | None
    max_output_tokens: int
    mode: Mode
    form: dict[str, Any]
    messages: tuple[Turn, ...]
    sample: int

    @property
    def key(self) -> Sha256:
        """The call's identity."""
        return sha256_json(self.model_dump(mode="json"))


class Tokens(Value):
    """What was counted. `cached` and `cache_written` are parts of `input`, `reasoning` is part of `output`."""

    input: int
    output: int
    cached: int = 0
    cache_written: int = 0
    reasoning: int = 0
    is_estimate: bool = Field(
        default=False, description="The endpoint gave no believable count; this is an upper bound from the bytes."
    )


class Try(Value):
    """A try that failed before the one that answered."""

    kind: str
    message: str
    waited_seconds: float


class Answer(Value):
    """What the endpoint answered."""

    text: str
    refusal: str = ""
    finish: str = ""
    model: str = Field(default="", description="As answered: may be a dated version of the model that was asked.")
    id: str = ""
    fingerprint: str = ""


class Call(Value):
    """One file of the store."""

    schema_version: int = 1
    key: str
    role: str
    prompt: str
    prompt_version: int
    prompt_source: str
    stage: str
    time: str
    address: Address
    answer: Answer
    tokens: Tokens
    cost_usd: float | None = Field(description="None: the price is not known.")
    latency_seconds: float
    tries: tuple[Try, ...] = ()
    cuts: tuple[Cut, ...] = Field(default=(), description="Parts of the prompt that were shortened to fit.")

    @property
    def cost(self) -> Cost:
        """What it cost."""
        return Cost(usd=self.cost_usd, tokens=self.tokens.input + self.tokens.output)


class Abilities(Value):
    """What was found out about one model behind one endpoint.

    Attributes of note: `mode` is the way to typed answers; `is_proven` says that it has worked once; `dropped` are
    features that it turned out not to have; `too_long` is the length in characters of the shortest prompt that did
    not fit.
    """

    mode: Mode
    is_proven: bool = False
    dropped: tuple[Feature, ...] = ()
    too_long: int | None = None


class CallStore:
    """The calls of one run."""

    def __init__(self, folder: Path, budget: Budget) -> None:
        """Open the store, wait for what an earlier session left under way, and count in the budget what was spent.

        Raises:
            RunCorrupted: If a file in it is not what the run left there.
        """
        self._folder = folder
        self.replies = Replies(folder / "replies")
        folder.mkdir(parents=True, exist_ok=True)
        self.replies.wait()
        for key in self.replies.keys():
            if self.path(key).exists():
                self.replies.forget(key)
        self._spent = folder / "spent.jsonl"
        past = _read_past(self._spent)
        for stage, cost, lost in past.charges:
            budget.restore(stage, cost, lost=lost)
        Appender(self._spent).close()  # cuts off a torn last line
        self._session, self._tries = past.sessions + 1, 0
        self._append({"event": "opened", "session": self._session})
        for began in past.unended:
            call = None if began.key in past.answered else self.get(began.key)
            past.answered.add(began.key)
            if call is None and self.replies.has(began.key):
                self.end(began.name, None)  # it costs what it costs when somebody asks for it again
                continue
            cost = call.cost if call else Cost(usd=began.usd, tokens=began.tokens)
            self.end(began.name, cost, lost=call is None)
            budget.restore(began.stage, cost, lost=call is None)

    def path(self, key: str) -> Path:
        """Return where a call lies."""
        return self._folder / f"{key}.json"

    def keys(self) -> list[Sha256]:
        """Return the keys of all stored calls."""
        return sorted(Sha256(path.stem) for path in self._folder.glob("*.json") if len(path.stem) == 64)

    def get(self, key: str) -> Call | None:
        """Return a stored call; None if there is none.

        Raises:
            RunCorrupted: If the file is damaged.
        """
        path = self.path(key)
        if not path.exists():
            return None
        try:
            call = Call.model_validate(read_json(path))
        except ValidationError as error:
            raise RunCorrupted(f"{path} is no stored call: {error}") from error
        if call.key != key or call.address.key != key:
            raise RunCorrupted(f"{path} holds another call than its name says.")
        return call

    def put(self, call: Call) -> Path:
        """Write a call; when this returns, it is on disk."""
        path = self.path(call.key)
        write_json(path, call.model_dump(mode="json"))
        self.replies.forget(call.key)
        return path

    def begin(self, key: str, stage: str, worst: Cost) -> str:
        """Note that a try is about to be made, and return its name."""
        self._tries += 1
        name = f"{self._session}.{self._tries}"
        line = {"event": "began", "try": name, "key": key, "stage": stage, "usd": worst.usd, "tokens": worst.tokens}
        self._append(line)
        return name

    def end(self, name: str, actual: Cost | None, *, lost: bool = False) -> None:
        """Note how a try ended: what it cost, or None if it cost nothing."""
        cost = {"usd": actual.usd, "tokens": actual.tokens} if actual else None
        self._append({"event": "ended", "try": name, "cost": cost, "lost": lost})

    def abilities(self) -> dict[str, Abilities]:
        """Return what is known of the endpoints, by model."""
        path = self._folder / "abilities.json"
        if not path.exists():
            return {}
        try:
            return {name: Abilities.model_validate(value) for name, value in read_json(path).items()}
        except (ValidationError, AttributeError) as error:
            raise RunCorrupted(f"{path} is damaged: {error}") from error

    def remember(self, model: str, abilities: Abilities) -> None:
        """Write down what was found out about a model."""
        known = {**self.abilities(), model: abilities}
        write_json(
            self._folder / "abilities.json", {name: value.model_dump(mode="json") for name, value in known.items()}
        )

    def _append(self, value: object) -> None:
        """Append a line. It survives a kill; no file is held open, so nothing has to be closed in the end."""
        line = canonical_json(value).encode() + b"\n"
        handle = os.open(self._spent, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)


class _Opened(Value):
    event: Literal["opened"]
    session: int


class _Began(Value):
    event: Literal["began"]
    name: str = Field(alias="try")
    key: str
    stage: str
    usd: float | None
    tokens: int


class _Paid(Value):
    usd: float | None
    tokens: int


class _Ended(Value):
    event: Literal["ended"]
    name: str = Field(alias="try")
    cost: _Paid | None
    lost: bool


_LINE: dict[str, type[_Opened | _Began | _Ended]] = {"opened": _Opened, "began": _Began, "ended": _Ended}


def spending(folder: Path) -> Mapping[str, Spent]:
    """Return what a run's calls have cost so far, by stage; for displays. Changes nothing, also while the run goes on.

    Raises:
        RunCorrupted: If spent.jsonl is not what the run left there.
    """
    past, budget = _read_past(folder / "spent.jsonl"), Budget(BudgetSettings(), FixedClock())
    for stage, cost, lost in past.charges:
        budget.restore(stage, cost, lost=lost)
    return {stage: spent for stage, spent in budget.spent_by_stage.items() if spent.steps}


@dataclass(frozen=True, slots=True)
class _Past:
    """What spent.jsonl says of earlier sessions."""

    charges: list[tuple[str, Cost, bool]] = field(default_factory=list[tuple[str, Cost, bool]])
    unended: list[_Began] = field(default_factory=list[_Began])
    answered: set[str] = field(default_factory=set[str])
    sessions: int = 0


def _read_past(path: Path) -> _Past:
    began: dict[str, _Began] = {}
    past, sessions = _Past(), 0
    for line in read_lines(path):
        try:
            event = _LINE[line.value["event"]].model_validate(line.value)
            if isinstance(event, _Opened):
                sessions += 1
            elif isinstance(event, _Began):
                began[event.name] = event
            else:
                start = began.pop(event.name)
                if event.cost:
                    cost = Cost(usd=event.cost.usd, tokens=event.cost.tokens)
                    past.charges.append((start.stage, cost, event.lost))
                if event.cost and not event.lost:
                    past.answered.add(start.key)
        except (KeyError, ValidationError) as error:
            raise RunCorrupted(f"{path} is damaged: {error}") from error
    return replace(past, unended=list(began.values()), sessions=sessions)


def read_calls(folder: Path) -> Iterable[Call]:
    """Yield the stored calls of a run, in the order of their keys; for audits and displays.

    Raises:
        RunCorrupted: If a file is damaged.
    """
    for path in sorted(folder.glob("*.json")):
        if len(path.stem) == 64:
            try:
                yield Call.model_validate(read_json(path))
            except ValidationError as error:
                raise RunCorrupted(f"{path} is no stored call: {error}") from error
