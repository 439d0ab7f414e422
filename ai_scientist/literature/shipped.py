"""The bibliography that ships with the package: papers that its research templates and its own method rest on."""

from __future__ import annotations

from functools import cache
from importlib import resources

from ai_scientist.core.errors import RunCorrupted
from ai_scientist.literature.records import Record


@cache
def shipped_records() -> tuple[Record, ...]:
    """Return all shipped records, by id.

    Raises:
        RunCorrupted: If the installed package's bibliography is damaged.
    """
    records: dict[str, Record] = {}
    folder = resources.files("ai_scientist.literature").joinpath("bibliography")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".jsonl"):
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            try:
                record = Record.model_validate_json(line)
            except ValueError as error:
                raise RunCorrupted(f"The shipped {file.name}, line {number}, is no record: {error}") from error
            if record.id in records:
                raise RunCorrupted(f"The shipped {file.name}, line {number}, repeats {record.id}.")
            records[record.id] = record
    return tuple(records[key] for key in sorted(records))
