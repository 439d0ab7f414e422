"""The tape: answers recorded in one run and replayed in another, without a network.

A tape is a file of one JSON object a line. The first says which model spoke; each other holds an answer, under the
hash of the request that it answered. A replay looks for the same request first. Where there is none, because a number
in the facts differs on another machine, it takes the unused answer of the same prompt, stage and place (the section,
the reviewer's lens) whose facts agree in most fields, in the order of the tape, and says so in the ledger: a replay
that was not exact never looks like one that was. Prompts are no part of this, so a tape outlives changes of their text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError

from ai_scientist.core.errors import AnswerInvalid, AnswerRefused, ConfigError, RunCorrupted
from ai_scientist.core.hashing import sha256_file, sha256_json
from ai_scientist.core.jsonl import Appender, read_lines
from ai_scientist.core.ledger import Ledger
from ai_scientist.core.values import Value
from ai_scientist.models.providers import remove_known_secrets
from ai_scientist.models.request import Model, Request

A = TypeVar("A", bound=Value)


class TapeHead(Value):
    """The first line."""

    tape: Literal[1] = 1
    model: str


class TapeLine(Value):
    """One answer.

    Attributes of note: `fields` are hashes of the facts, one a field. Where the model gave no usable answer, `answer`
    is None and `failure` says why; a replay fails in the same way.
    """

    key: str
    role: str
    prompt: str
    stage: str
    sample: int
    fields: dict[str, str]
    answer: str | None = Field(description="JSON text.")
    failure: str = ""
    refused: bool = False


def request_fields(request: Request[A]) -> dict[str, str]:
    """Return the hashes of a request's facts, one a field, and of its pictures."""
    facts = request.facts.model_dump(mode="json")
    fields: dict[str, str] = {name: sha256_json(value) for name, value in facts.items()}
    if request.images:
        fields["images"] = sha256_json([sha256_file(path) for path in request.images])
    return fields


def request_key(request: Request[A], fields: Mapping[str, str]) -> str:
    """Return what identifies a request on a tape."""
    return sha256_json([request.role, request.prompt, request.answer.__name__, request.sample, dict(fields)])


class TapeRecorder:
    """Passes requests on and keeps the answers."""

    def __init__(self, model: Model, path: Path) -> None:
        """Open the tape, or go on with it.

        Raises:
            ConfigError: If the file cannot be written, or is something else.
        """
        self._model = model
        try:
            known = _read_tape(path) if path.exists() and path.stat().st_size else None
            Appender(path).close()  # makes the file, or cuts off a torn last line
        except OSError as error:
            raise ConfigError(f"The tape {path} cannot be written: {error.strerror or error}.") from error
        self._keys = {line.key for line in known[1]} if known else set[str]()
        self._path = path
        if known is None:
            self._append(TapeHead(model=model.name).model_dump(mode="json"))

    @property
    def name(self) -> str:
        """The recorded model's."""
        return self._model.name

    async def ask(self, request: Request[A]) -> A:
        """Return the model's answer; see `Model.ask` for what is raised."""
        try:
            answer = await self._model.ask(request)
        except AnswerInvalid as error:
            self._keep(request, None, error)
            raise
        self._keep(request, answer, None)
        return answer

    def _keep(self, request: Request[A], answer: A | None, error: AnswerInvalid | None) -> None:
        fields = request_fields(request)
        key = request_key(request, fields)
        if key in self._keys:
            return
        self._keys.add(key)
        line = TapeLine(
            key=key,
            role=request.role,
            prompt=request.prompt,
            stage=request.stage,
            sample=request.sample,
            fields=fields,
            answer=None if answer is None else remove_known_secrets(answer.model_dump_json()),
            failure=str(error) if error else "",
            refused=isinstance(error, AnswerRefused),
        )
        self._append(line.model_dump(mode="json"))

    def _append(self, value: object) -> None:
        appender = Appender(self._path)
        appender.append(value, sync=False)
        appender.close()


class TapeModel:
    """Answers from a tape alone."""

    def __init__(self, path: Path, *, ledger: Ledger | None) -> None:
        """Read the tape.

        Raises:
            ConfigError: If the file is missing, or is no tape.
        """
        if not path.exists():
            raise ConfigError(f"There is no tape at {path}.")
        head, lines = _read_tape(path)
        self._path, self._ledger, self._head = path, ledger, head
        self._by_key = {line.key: line for line in lines}
        self._unused = dict(self._by_key)

    @property
    def name(self) -> str:
        """The recorded model's name, and that it was replayed."""
        return f"{self._head.model} (replayed from a tape)"

    async def ask(self, request: Request[A]) -> A:
        """Return the recorded answer.

        Raises:
            AnswerInvalid: If the recorded model gave none, or the tape holds none for this prompt.
        """
        fields = request_fields(request)
        key = request_key(request, fields)
        line = self._by_key.get(key)
        if line is None:
            line = self._nearest(request, fields)
            self._note(request, key, line)
        self._unused.pop(line.key, None)
        if line.answer is None:
            raise (AnswerRefused if line.refused else AnswerInvalid)(line.failure)
        try:
            return request.answer.model_validate_json(line.answer)
        except ValidationError as error:
            raise AnswerInvalid(f"The tape's answer to {request.prompt!r} does not fit: {error}") from error

    def _nearest(self, request: Request[A], fields: Mapping[str, str]) -> TapeLine:
        same = [line for line in self._unused.values() if _is_like(line, request, fields)]
        same = [line for line in same if line.sample == request.sample] or same
        if not same:
            raise AnswerInvalid(f"The tape {self._path.name} holds no further answer to {request.prompt!r}.")
        return max(same, key=lambda line: sum(fields.get(name) == value for name, value in line.fields.items()))

    def _note(self, request: Request[A], key: str, line: TapeLine) -> None:
        if self._ledger is not None:
            differ = [name for name, value in request_fields(request).items() if line.fields.get(name) != value]
            self._ledger.record(
                "tape.inexact",
                actor=f"agent:{request.role}",
                key=f"tape:{key}",
                facts={"prompt": request.prompt, "stage": request.stage, "differs_in": differ, "used": line.key},
            )


def _is_like(line: TapeLine, request: Request[A], fields: Mapping[str, str]) -> bool:
    is_same_question = (line.prompt, line.stage) == (request.prompt, request.stage)
    return is_same_question and all(line.fields.get(name) == fields[name] for name in request.place)


def _read_tape(path: Path) -> tuple[TapeHead, list[TapeLine]]:
    try:
        values = [line.value for line in read_lines(path)]
        head = TapeHead.model_validate(values[0])
        return head, [TapeLine.model_validate(value) for value in values[1:]]
    except (IndexError, ValidationError, RunCorrupted, OSError) as error:
        raise ConfigError(f"{path} is no tape: {' '.join(str(error).split())[:200]}") from error
