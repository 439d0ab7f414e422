"""Rows: what a program logged, as the harness keeps it. One line of search/nodes/<id>/rows.jsonl each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, ValidationError

from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.hashing import canonical_json, sha256_json
from ai_scientist.core.ids import Sha256
from ai_scientist.core.jsonl import read_raw, write_atomic
from ai_scientist.core.values import Scalar, Value


class LoggedRow(Value):
    """What the program said, through `lab.log`."""

    metric: str
    value: float
    condition: str
    dataset: str
    split: str = "test"
    step: int | None = Field(default=None, description="None: the final value; a number: a point of a curve.")


class Row(LoggedRow):
    """What the harness keeps: the program's words and its own.

    Attributes of note: `node`, `seed`, `code` (the checkpoint), `data` (hash of the data the program loaded) and
    `time` are the harness's; `recomputed` tells that the harness itself computed the value from predictions.
    """

    schema_version: int = 1
    node: str
    seed: int
    code: str
    data: str
    time: str
    recomputed: bool = False

    @property
    def is_final(self) -> bool:
        """Whether it is no point of a curve."""
        return self.step is None


class RunConfig(Value):
    """What a program said about itself, through `lab.config` and `lab.dataset`, the same for all seeds.

    Attributes of note: keys of `settings` are "epochs" for what all conditions share and "proposed/label_smoothing"
    for what one has; keys of `data` are "digits/n_train".
    """

    settings: dict[str, Scalar] = Field(default_factory=dict)
    data: dict[str, Scalar] = Field(default_factory=dict)


def row_hash(row: Row) -> Sha256:
    """Return a row's identity, which cells and tests name as their origin."""
    return sha256_json(row.model_dump(mode="json"))


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write rows, one a line, atomically."""
    write_atomic(path, "".join(canonical_json(row.model_dump(mode="json")) + "\n" for row in rows).encode())


def read_rows(path: Path) -> tuple[Row, ...]:
    """Return the rows of a file; none if there is no such file.

    Raises:
        RunCorrupted: If a line is no row.
    """
    rows: list[Row] = []
    for number, raw in enumerate(read_raw(path), 1):
        try:
            rows.append(Row.model_validate_json(raw))
        except ValidationError as error:
            raise RunCorrupted(f"{path}, line {number}, is no row: {error}") from error
    return tuple(rows)
