"""A tape gives back what was recorded, and says when that is not exactly what was asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from ai_scientist.core.clock import FixedClock
from ai_scientist.core.errors import AnswerInvalid, AnswerRefused, ConfigError
from ai_scientist.core.ledger import Ledger
from ai_scientist.core.values import Value
from ai_scientist.models.request import Request
from ai_scientist.models.tape import TapeModel, TapeRecorder
from tests.models.desk import KEY, Small, question

A = TypeVar("A", bound=Value)


class Counting:
    """A model that numbers its answers."""

    name = "openai:some-model"

    def __init__(self) -> None:
        self.asked = 0

    async def ask(self, request: Request[A]) -> A:
        self.asked += 1
        topic = str(request.facts.model_dump()["topic"])
        if topic == "refuse":
            raise AnswerRefused("I will not.")
        return request.answer.model_validate({"text": topic, "count": self.asked})


async def record(path: Path, *topics: str) -> None:
    recorder = TapeRecorder(Counting(), path)
    for topic in topics:
        try:
            await recorder.ask(question(topic))
        except AnswerInvalid:
            continue


async def test_what_was_recorded_is_replayed_in_any_order(tmp_path: Path) -> None:
    await record(tmp_path / "tape.jsonl", "one", "two", "three")
    ledger = Ledger(tmp_path, FixedClock())
    model = TapeModel(tmp_path / "tape.jsonl", ledger=ledger)
    for topic in ("three", "one", "one", "two"):
        assert (await model.ask(question(topic))).text == topic
    assert model.name == "openai:some-model (replayed from a tape)"
    assert len(ledger) == 0
    ledger.close()


async def test_a_failure_is_replayed_as_one(tmp_path: Path) -> None:
    await record(tmp_path / "tape.jsonl", "refuse")
    with pytest.raises(AnswerRefused, match="I will not"):
        await TapeModel(tmp_path / "tape.jsonl", ledger=None).ask(question("refuse"))


async def test_the_nearest_answer_stands_in_and_the_ledger_says_so(tmp_path: Path) -> None:
    await record(tmp_path / "tape.jsonl", "one", "two")
    ledger = Ledger(tmp_path, FixedClock())
    model = TapeModel(tmp_path / "tape.jsonl", ledger=ledger)
    assert (await model.ask(question("another"))).text == "one"
    assert (await model.ask(question("yet another"))).text == "two"
    with pytest.raises(AnswerInvalid, match="no further answer"):
        await model.ask(question("a third"))
    first = ledger.latest(next(iter(ledger._latest)))  # pyright: ignore[reportPrivateUsage]  # the index
    assert first is not None and first.kind == "tape.inexact" and first.facts["differs_in"] == ["topic"]
    ledger.close()


async def test_an_answer_of_another_place_never_stands_in(tmp_path: Path) -> None:
    await record(tmp_path / "tape.jsonl", "one", "two")
    model = TapeModel(tmp_path / "tape.jsonl", ledger=None)
    with pytest.raises(AnswerInvalid, match="no further answer"):
        await model.ask(replace(question("three"), place=("topic",)))
    with pytest.raises(AnswerInvalid, match="no further answer"):
        await model.ask(replace(question("three"), stage="another"))
    assert (await model.ask(replace(question("two"), place=("topic",)))).text == "two"


async def test_going_on_with_a_tape_keeps_what_is_there_and_adds_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"
    await record(path, "one", "two")
    path.write_bytes(path.read_bytes() + b'{"torn')
    await record(path, "two", "three")
    lines = path.read_text().splitlines()
    assert len(lines) == 4
    model = TapeModel(path, ledger=None)
    assert [(await model.ask(question(topic))).count for topic in ("one", "two", "three")] == [1, 2, 2]


async def test_a_key_in_an_answer_does_not_get_onto_the_tape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    await record(tmp_path / "tape.jsonl", KEY)
    assert KEY not in (tmp_path / "tape.jsonl").read_text()


@pytest.mark.parametrize("content", ["", "hello\n", '{"a": 1}\n', '{"tape": 1, "model": "m"}\n{"key": "k"}\n'])
def test_a_file_that_is_no_tape_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"
    path.write_text(content)
    with pytest.raises(ConfigError, match="is no tape"):
        TapeModel(path, ledger=None)


def test_a_missing_tape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no tape at"):
        TapeModel(tmp_path / "tape.jsonl", ledger=None)


def test_a_tape_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        TapeRecorder(Counting(), tmp_path / "file" / "tape.jsonl")


def test_the_small_answer_is_what_the_tapes_hold() -> None:
    assert set(Small.model_fields) == {"text", "count"}
