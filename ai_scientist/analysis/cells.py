"""The result store: cells (addressed numbers), tests (registered comparisons), and where each came from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from ai_scientist.analysis.rows import RunConfig
from ai_scientist.core.hashing import canonical_json
from ai_scientist.core.ids import CellId, TestId
from ai_scientist.core.jsonl import read_json, read_lines, write_atomic, write_json
from ai_scientist.core.plan import Hypothesis
from ai_scientist.core.values import Value

Stat = Literal["mean", "sd", "ci_low", "ci_high", "n", "min", "max"]
Verdict = Literal["supported", "contradicted", "open"]


class Cell(Value):
    """One number that a paper may print.

    Attributes of note: `id` is "metric/condition/dataset/split/stat"; dataset "all" is the mean over the plan's
    datasets, taken within each seed first. `value` is unrounded. `rows` are the hashes of the rows behind it.
    """

    id: str
    metric: str
    condition: str
    dataset: str
    split: str
    stat: Stat
    value: float
    unit: str = ""
    uncertainty: float | None = Field(default=None, description="Standard error, which decides how it is rounded.")
    nodes: tuple[str, ...]
    rows: tuple[str, ...]
    producer: str = Field(description="Function that computed it, and the hash of its source.")


class TestResult(Value):
    """One comparison, corrected for all that were made.

    Attributes of note: `difference` is treatment minus baseline in the metric's unit, with its interval; `verdict`
    reads the hypothesis: supported or contradicted only if `p_corrected` is below the plan's alpha (for equivalence:
    the larger of the two one-sided p-values), else open.
    """

    __test__ = False

    id: str
    hypothesis: Hypothesis
    planned: bool = Field(description="False for a comparison that was added after results existed.")
    method: str = Field(description="Name of the test as a paper prints it: 'paired t-test'.")
    n: int
    difference: float
    ci_low: float
    ci_high: float
    p: float
    p_corrected: float
    family: int = Field(description="Number of comparisons it was corrected for, counted from the ledger.")
    effect: float | None = Field(description="Cohen's d for paired samples; None if it cannot be computed.")
    effect_low: float | None = None
    effect_high: float | None = None
    alpha: float
    verdict: Verdict
    rows: tuple[str, ...]
    producer: str

    @property
    def is_significant(self) -> bool:
        """Whether the corrected test passes."""
        return self.p_corrected < self.alpha


class Results(Value):
    """All that a writer may print, from the confirm stage alone."""

    schema_version: int = 1
    cells: dict[str, Cell]
    tests: dict[str, TestResult]
    config: RunConfig
    seeds: tuple[int, ...]
    nodes: tuple[str, ...]

    def cell(self, address: CellId) -> Cell:
        """Return a cell by address; KeyError if there is none."""
        return self.cells[address]

    def test(self, name: TestId) -> TestResult:
        """Return a test by id; KeyError if there is none."""
        return self.tests[name]


def address(metric: str, condition: str, dataset: str, split: str, stat: Stat) -> CellId:
    """Return a cell's address.

    >>> address("ece", "noisy", "digits", "test", "mean")
    'ece/noisy/digits/test/mean'
    """
    return CellId(f"{metric}/{condition}/{dataset}/{split}/{stat}")


def write_results(results: Results, folder: Path) -> tuple[Path, ...]:
    """Write cells.jsonl, tests.json and config.json into a run's results folder and return their paths."""
    cells = folder / "cells.jsonl"
    lines = [canonical_json(results.cells[key].model_dump(mode="json")) for key in sorted(results.cells)]
    write_atomic(cells, "".join(line + "\n" for line in lines).encode())
    tests = folder / "tests.json"
    write_json(tests, {key: test.model_dump(mode="json") for key, test in results.tests.items()})
    config = folder / "config.json"
    rest = results.model_dump(mode="json", exclude={"cells", "tests"})
    write_json(config, rest)
    return cells, tests, config


def read_results(folder: Path) -> Results:
    """Read what `write_results` wrote.

    Raises:
        RunCorrupted: If a file is missing or unreadable.
    """
    cells: Mapping[str, object] = {line.value["id"]: line.value for line in read_lines(folder / "cells.jsonl")}
    tests, rest = read_json(folder / "tests.json"), read_json(folder / "config.json")
    return Results.model_validate({**rest, "cells": cells, "tests": tests})
