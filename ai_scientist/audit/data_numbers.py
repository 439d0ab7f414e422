"""Every number that a folder of data holds or plainly gives: values, columns' statistics, means of groups."""

from __future__ import annotations

import csv
import json
import math
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from ai_scientist.analysis import statistics

MOST_VALUES = 2_000_000
MOST_GROUPS = 30
"""A column with more different values than this does not divide the rows into groups."""
TABLES = (".csv", ".tsv")
TREES = (".json", ".jsonl", ".ndjson")
TEXTS = (".txt", ".log", ".md", ".dat", ".out")

Record = Mapping[str, object]


@dataclass(slots=True)
class DataNumbers:
    """The numbers of a folder.

    Attributes:
        files: How many were read.
        unread: Names of those that were not.
    """

    files: int = 0
    unread: list[str] = field(default_factory=list[str])
    _values: set[float] = field(default_factory=set[float])
    _sorted: list[float] = field(default_factory=list[float])

    def add(self, value: float) -> None:
        """Take a number in."""
        if math.isfinite(value) and len(self._values) < MOST_VALUES:
            self._values.add(abs(value))

    def close(self) -> None:
        """Make it ready to be asked."""
        self._sorted = sorted(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def has(self, low: float, high: float) -> bool:
        """Return whether a number of the data, or a hundred times or a hundredth of one, lies between these."""
        for scale in (1.0, 100.0, 0.01):
            place = bisect_left(self._sorted, low / scale)
            if place < len(self._sorted) and self._sorted[place] <= high / scale:
                return True
        return False


def read_data(folder: Path) -> DataNumbers:
    """Return the numbers of a folder's tables, JSON files and texts; other files are named as unread."""
    numbers = DataNumbers()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")):
        name, suffix = file.relative_to(folder).as_posix(), file.suffix.lower()
        try:
            if suffix in TABLES:
                _take_records(list(_table(file)), numbers)
            elif suffix in TREES:
                _take_tree(file, numbers)
            elif suffix in TEXTS:
                for found in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", file.read_text(errors="replace")):
                    numbers.add(float(found))
            else:
                numbers.unread.append(name)
                continue
        except (OSError, ValueError, csv.Error):
            numbers.unread.append(name)
            continue
        numbers.files += 1
    numbers.close()
    return numbers


def _table(file: Path) -> Iterator[Record]:
    with file.open(newline="", errors="replace") as source:
        sample = source.read(4096)
        source.seek(0)
        delimiter = "\t" if file.suffix.lower() == ".tsv" or sample.count("\t") > sample.count(",") else ","
        yield from csv.DictReader(source, delimiter=delimiter)


def _take_tree(file: Path, numbers: DataNumbers) -> None:
    text = file.read_text(errors="replace")
    values: list[object]
    if file.suffix.lower() == ".json":
        values = [json.loads(text)]
    else:
        values = [json.loads(line) for line in text.splitlines() if line.strip()]
        _take_records([cast("Record", value) for value in values if isinstance(value, dict)], numbers)
    for value in values:
        _take_value(value, numbers)


def _take_value(value: object, numbers: DataNumbers) -> None:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        numbers.add(float(value))
    elif isinstance(value, dict):
        for inner in cast("dict[str, object]", value).values():
            _take_value(inner, numbers)
    elif isinstance(value, list):
        inner_values = cast("list[object]", value)
        for inner in inner_values:
            _take_value(inner, numbers)
        _take_column(
            [float(v) for v in inner_values if isinstance(v, int | float) and not isinstance(v, bool)], numbers
        )
        _take_records([cast("Record", v) for v in inner_values if isinstance(v, dict)], numbers)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: object) -> float | None:
    if _is_number(value):
        return float(cast("float", value))
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def _take_records(records: Sequence[Record], numbers: DataNumbers) -> None:
    """Take in a table: its columns, and its columns within the groups that each other column makes."""
    columns: dict[str, list[float | None]] = {}
    for name in {key for record in records for key in record}:
        columns[name] = [_number(record.get(name)) for record in records]
    numeric = {name: column for name, column in columns.items() if any(value is not None for value in column)}
    numbers.add(float(len(records)))
    for column in numeric.values():
        _take_column([value for value in column if value is not None], numbers)
    for name in columns:
        labels = [str(record.get(name)) for record in records]
        if not 1 < len(set(labels)) <= MOST_GROUPS:
            continue
        for other, column in numeric.items():
            if other != name:
                _take_groups(labels, column, numbers)


def _take_groups(labels: Sequence[str], column: Sequence[float | None], numbers: DataNumbers) -> None:
    groups: dict[str, list[float]] = defaultdict(list)
    for label, value in zip(labels, column, strict=True):
        if value is not None:
            groups[label].append(value)
    for values in groups.values():
        _take_column(values, numbers)
    means = [statistics.mean(values) for values in groups.values()]
    for one in means:
        for other in means:
            numbers.add(one - other)


def _take_column(values: Sequence[float], numbers: DataNumbers) -> None:
    """Take in values and what is plainly computed from them."""
    finite = [value for value in values if math.isfinite(value)]
    for value in finite:
        numbers.add(value)
    if not finite:
        return
    numbers.add(statistics.mean(finite))
    numbers.add(math.fsum(finite))
    numbers.add(sorted(finite)[len(finite) // 2])
    numbers.add(float(len(finite)))
    if len(finite) > 1:
        interval = statistics.t_interval(finite)
        for value in (statistics.sd(finite), interval.stderr, interval.low, interval.high):
            numbers.add(value)
