"""What a program reported through `lab`, read from its output folder by somebody who does not trust it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from ai_scientist.sandbox.leftovers import shown

_MOST_BYTES = 64 * 1024**2
"""Of rows, and of all predictions together."""

_MOST_ROWS = 200_000
"""Of rows, and of predictions of one condition."""

_MOST_PREDICTIONS = 1_000_000
_MOST_LINE_BYTES = 256 * 1024
_MOST_FACTS_BYTES = 1024**2
_MOST_PROBLEMS = 20
_MOST_TEXT = 10_000
_LARGEST = 2**53
"""Whole numbers beyond it are none in most programs that read them."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,119}")
"""As `lab` has it."""

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """One measurement as the program said it; `step` is None for a final value."""

    metric: str
    value: float
    condition: str
    dataset: str
    split: str
    step: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a program predicted for one item.

    Attributes:
        y_pred: A label, a number, or a list of numbers.
        y_true: What the program says was right; None if it says nothing.
    """

    id: Scalar
    y_pred: Scalar | tuple[float, ...]
    y_true: Scalar | tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """All predictions of one condition on one split of one dataset."""

    dataset: str
    split: str
    condition: str
    items: tuple[Prediction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Everything that a program reported.

    Attributes:
        rows: In the order in which they were logged.
        config: "epochs" or "proposed/label_smoothing" → value.
        data: "digits/n_train" → value.
        problems: A sentence for each thing that could not be read; the first twenty.
    """

    rows: tuple[RawRow, ...] = ()
    config: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    data: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    predictions: tuple[Predictions, ...] = ()
    problems: tuple[str, ...] = ()

    def with_problems(self, more: list[str]) -> Reports:
        """Return the same with more problems in front."""
        return replace(self, problems=(*more, *self.problems)[:_MOST_PROBLEMS])


def read_reports(out: Path, *, predictions: bool = True) -> Reports:
    """Return what lies in a program's output folder, which must hold plain files only; whatever they say.

    Args:
        out: The folder.
        predictions: Whether to read predictions too, which are most of it.

    What is read is bounded in every direction, and every text can be encoded and printed: nothing that a program wrote
    makes a reader of ours fail later.
    """
    problems = _Problems()
    return Reports(
        rows=tuple(_rows(out / "rows.jsonl", problems)),
        config=_facts(out / "config.json", problems),
        data=_facts(out / "data.json", problems),
        predictions=tuple(_predictions(out / "predictions", problems)) if predictions else (),
        problems=tuple(problems.told),
    )


class _Malformed(ValueError):
    """Something is not as `lab` writes it."""


class _Problems:
    """The first problems; more are not kept, because a program can make as many as it likes."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def add(self, where: str, why: object) -> None:
        if len(self.told) < _MOST_PROBLEMS:
            self.told.append(f"{shown(where)}: {why}.")


def _rows(file: Path, problems: _Problems) -> Iterator[RawRow]:
    seen: set[tuple[object, ...]] = set()
    for where, told in _lines(file, file.name, problems):
        try:
            row = RawRow(
                metric=_name(told.get("metric"), "metric"),
                value=_number(told.get("value"), "value"),
                condition=_name(told.get("condition"), "condition"),
                dataset=_name(told.get("dataset"), "dataset"),
                split=_name(told.get("split"), "split"),
                step=_step(told.get("step")),
            )
            key = (row.metric, row.condition, row.dataset, row.split, row.step)
            if key in seen:
                raise _Malformed("it repeats an earlier row")
        except _Malformed as error:
            problems.add(where, error)
            continue
        seen.add(key)
        yield row


def _predictions(folder: Path, problems: _Problems) -> Iterator[Predictions]:
    bytes_left, items_left = _MOST_BYTES, _MOST_PREDICTIONS
    for file in sorted(folder.glob("*/*/*.jsonl")):
        name = str(file.relative_to(folder.parent))
        if not file.is_file():
            problems.add(name, "it is no file")
            continue
        bytes_left -= file.stat().st_size
        if bytes_left < 0 or items_left <= 0:
            problems.add(name, "all predictions together are too many; it was not read")
            return
        try:
            dataset, split = (_name(part.name, "folder") for part in (file.parent.parent, file.parent))
            condition = _name(file.stem, "file")
        except _Malformed as error:
            problems.add(name, error)
            continue
        items = tuple(_items(file, name, problems))
        items_left -= len(items)
        yield Predictions(dataset=dataset, split=split, condition=condition, items=items)


def _items(file: Path, name: str, problems: _Problems) -> Iterator[Prediction]:
    for where, told in _lines(file, name, problems):
        try:
            yield Prediction(
                id=_scalar(told.get("id"), "id"),
                y_pred=_prediction(told.get("y_pred"), "y_pred"),
                y_true=None if told.get("y_true") is None else _prediction(told["y_true"], "y_true"),
            )
        except _Malformed as error:
            problems.add(where, error)


def _lines(file: Path, name: str, problems: _Problems) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield JSON objects, each with a word where it stands; what is none becomes a problem."""
    if not file.exists():
        return
    if not file.is_file() or file.stat().st_size > _MOST_BYTES:
        problems.add(name, f"it is no file, or larger than {_MOST_BYTES // 1024**2} MiB; it was not read")
        return
    with file.open("rb") as lines:
        for number in range(1, _MOST_ROWS + 2):
            line = lines.readline(_MOST_LINE_BYTES + 1)
            if not line:
                return
            if number > _MOST_ROWS or len(line) > _MOST_LINE_BYTES:
                what = "line is longer" if len(line) > _MOST_LINE_BYTES else "file has more lines"
                problems.add(f"{name}, line {number}", f"the {what} than is read; the rest was not read")
                return
            try:
                told = json.loads(line)
            except (ValueError, RecursionError):
                told = None
            if isinstance(told, dict):
                yield f"{name}, line {number}", cast("dict[str, Any]", told)
            else:
                problems.add(f"{name}, line {number}", "it is no JSON object")


def _facts(file: Path, problems: _Problems) -> dict[str, Scalar]:
    if not file.exists():
        return {}
    try:
        if not file.is_file() or file.stat().st_size > _MOST_FACTS_BYTES:
            raise _Malformed("it is no file, or too large")
        told = json.loads(file.read_bytes())
        if not isinstance(told, dict):
            raise _Malformed("it is no JSON object")
        facts = cast("dict[str, Any]", told)
        return {_text(key, "key"): _scalar(value, shown(key)) for key, value in facts.items()}
    except (OSError, ValueError, RecursionError) as error:
        problems.add(file.name, error)
        return {}


def _name(value: object, what: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _Malformed(f"its {what} is no name of letters, digits and _ . + -")
    return value


def _text(value: str, what: str) -> str:
    """Return a text that can be encoded, and that steers no terminal."""
    if len(value) > _MOST_TEXT or not value.replace("\n", "").replace("\t", "").isprintable():
        raise _Malformed(f"its {what} is too long, or no text that can be printed")
    return value


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Malformed(f"its {what} is no number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _Malformed(f"its {what} is not finite")
    return number


def _step(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return value
    raise _Malformed("its step is no whole number")


def _scalar(value: object, what: str) -> Scalar:
    if isinstance(value, float):
        return _number(value, what)
    if isinstance(value, str):
        return _text(value, what)
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) <= _LARGEST):
        return value
    raise _Malformed(f"its {what} is no string, number or boolean, or is too large")


def _prediction(value: object, what: str) -> Scalar | tuple[float, ...]:
    if isinstance(value, list):
        return tuple(_number(member, what) for member in cast("list[object]", value))
    return _scalar(value, what)
