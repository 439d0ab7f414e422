"""What a program reported through `lab`, read from its output folder by somebody who does not trust it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

_MOST_BYTES = 64 * 1024**2
_MOST_ROWS = 200_000
_MOST_PROBLEMS = 20

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


def read_reports(out: Path) -> Reports:
    """Return what lies in a program's output folder, which must hold plain files only; whatever they say."""
    problems: list[str] = []
    return Reports(
        rows=tuple(_rows(out / "rows.jsonl", problems)),
        config=_facts(out / "config.json", problems),
        data=_facts(out / "data.json", problems),
        predictions=tuple(_predictions(out / "predictions", problems)),
        problems=tuple(problems[:_MOST_PROBLEMS]),
    )


class _Malformed(ValueError):
    """Something is not as `lab` writes it."""


def _rows(file: Path, problems: list[str]) -> Iterator[RawRow]:
    seen: set[tuple[object, ...]] = set()
    for number, told in _lines(file, problems):
        try:
            row = RawRow(
                metric=_text(told, "metric"),
                value=_number(told.get("value"), "value"),
                condition=_text(told, "condition"),
                dataset=_text(told, "dataset"),
                split=_text(told, "split"),
                step=_step(told.get("step")),
            )
            key = (row.metric, row.condition, row.dataset, row.split, row.step)
            if key in seen:
                raise _Malformed("it repeats an earlier row")
        except _Malformed as error:
            problems.append(f"rows.jsonl, line {number}: {error}.")
            continue
        seen.add(key)
        yield row


def _predictions(folder: Path, problems: list[str]) -> Iterator[Predictions]:
    for file in sorted(folder.glob("*/*/*.jsonl")):
        items: list[Prediction] = []
        for number, told in _lines(file, problems):
            try:
                right = None if told.get("y_true") is None else _prediction(told["y_true"], "y_true")
                y_pred = _prediction(told.get("y_pred"), "y_pred")
                items.append(Prediction(id=_scalar(told.get("id"), "id"), y_pred=y_pred, y_true=right))
            except _Malformed as error:
                problems.append(f"{file.relative_to(folder.parent)}, line {number}: {error}.")
        yield Predictions(
            dataset=file.parent.parent.name, split=file.parent.name, condition=file.stem, items=tuple(items)
        )


def _lines(file: Path, problems: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield numbered JSON objects; what is none becomes a problem."""
    name = file.name
    if not file.exists():
        return
    if not file.is_file() or file.stat().st_size > _MOST_BYTES:
        problems.append(f"{name} is no file, or larger than {_MOST_BYTES // 1024**2} MiB; it was not read.")
        return
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if number > _MOST_ROWS:
                problems.append(f"{name} has more than {_MOST_ROWS} lines; the rest was not read.")
                return
            try:
                told = json.loads(line)
            except (ValueError, RecursionError):
                told = None
            if isinstance(told, dict):
                yield number, cast("dict[str, Any]", told)
            else:
                problems.append(f"{name}, line {number}: it is no JSON object.")


def _facts(file: Path, problems: list[str]) -> dict[str, Scalar]:
    if not file.exists():
        return {}
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise _Malformed("it is too large")
        told = json.loads(file.read_bytes())
        if not isinstance(told, dict):
            raise _Malformed("it is no JSON object")
        return {key: _scalar(value, key) for key, value in cast("dict[str, Any]", told).items()}
    except (OSError, ValueError, RecursionError) as error:
        problems.append(f"{file.name}: {error}.")
        return {}


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise _Malformed(f"its {name} is no text")
    return value


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Malformed(f"its {name} is no number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _Malformed(f"its {name} is not finite")
    return number


def _step(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise _Malformed("its step is no whole number")


def _scalar(value: object, name: str) -> Scalar:
    if isinstance(value, float):
        return _number(value, name)
    if isinstance(value, str | int | bool):
        return value
    raise _Malformed(f"its {name} is no string, number or boolean")


def _prediction(value: object, name: str) -> Scalar | tuple[float, ...]:
    if isinstance(value, list):
        return tuple(_number(member, name) for member in cast("list[object]", value))
    return _scalar(value, name)
