"""A template's program run in this process, made small: what it logged, by arm."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from ai_scientist.analysis.recompute import Predictions
from ai_scientist.core.edits import Edit, apply_edits
from ai_scientist.core.research_template import Move, ResearchTemplate, load_template, template_names
from ai_scientist.core.values import Scalar

ENTRY = "experiment.py"
TEMPLATES = template_names()
SHRUNK = {"EPOCHS": 2, "STEPS": 5, "ORIGINS": 4, "MAX_TRAIN": 4}
"""Constants that a program's time grows with → what they are divided by, so that edits of them still show."""

Place = tuple[str, str, str, int | None]
"""Metric, condition, data set, step."""


@dataclass(slots=True)
class Log:
    """What a program reported."""

    rows: dict[Place, float] = field(default_factory=dict[Place, float])
    settings: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    data: dict[str, Scalar] = field(default_factory=dict[str, Scalar])
    predictions: list[Predictions] = field(default_factory=list[Predictions])

    def of(self, condition: str) -> dict[tuple[str, str, int | None], float]:
        """Return the rows of one condition, without its name."""
        return {(m, d, s): value for (m, c, d, s), value in self.rows.items() if c == condition}

    @property
    def conditions(self) -> list[str]:
        """The conditions, in the order in which they were first logged."""
        return list(dict.fromkeys(condition for _, condition, _, _ in self.rows))


class Lab(ModuleType):
    """Stands for `lab` and keeps what it is told; refuses what the harness would refuse."""

    def __init__(self, seed: int) -> None:
        super().__init__("lab")
        self.seed = seed
        self.told = Log()

    def log(
        self, metric: str, value: float, condition: str, dataset: str, split: str = "test", step: int | None = None
    ) -> None:
        place = (metric, condition, dataset, step)
        assert split == "test"
        assert math.isfinite(value), place
        assert place not in self.told.rows, f"{place} was logged before"
        self.told.rows[place] = float(value)

    def predictions(
        self, ids: Any, y_pred: Any, dataset: str, split: str = "test", *, condition: str, y_true: Any
    ) -> None:  # arrays of numpy's
        told = {"condition": condition, "dataset": dataset, "split": split}
        columns = {"ids": ids.tolist(), "y_pred": y_pred.tolist(), "y_true": y_true.tolist()}
        self.told.predictions.append(Predictions.model_validate({**told, **columns}))

    def config(self, condition: str | None = None, **settings: Scalar) -> None:
        for key, value in settings.items():
            self.told.settings[key if condition is None else f"{condition}/{key}"] = value

    def dataset(self, name: str, *loaded: object, **facts: Scalar) -> None:
        assert loaded, f"nothing of {name} was hashed"
        self.told.data |= {f"{name}/{key}": value for key, value in facts.items()}

    def split(self, dataset: str, **parts: Any) -> None:  # arrays of numpy's
        assert parts.keys() >= {"train", "test"}
        rows = {name: {row.tobytes() for row in part} for name, part in parts.items()}
        assert not rows["train"] & rows["test"], f"{dataset} tests on rows that it trains on"

    def arms(self, names: Iterable[str]) -> list[str]:
        return list(names)


def edited(template: ResearchTemplate, *groups: Iterable[Edit]) -> str:
    """Return the program after some edits."""
    files: Mapping[str, str] = {ENTRY: template.program}
    for edits in map(tuple, groups):
        files = apply_edits(files, edits) if edits else files
    return files[ENTRY]


def namespace(program: str, seed: int = 0) -> tuple[dict[str, object], Lab]:
    """Return a program's globals, its main not yet called, and the lab that it reports to."""
    lab, module = Lab(seed), ModuleType("research_program")
    before = sys.modules.get("lab")
    sys.modules |= {"lab": lab, module.__name__: module}  # dataclasses look their module up
    try:
        exec(compile(program, ENTRY, "exec"), module.__dict__)
    finally:
        del sys.modules["lab"], sys.modules[module.__name__]
        if before is not None:
            sys.modules["lab"] = before
    return module.__dict__, lab


def part(names: Mapping[str, object], name: str) -> Any:  # a program's own parts carry no types
    """Return a function or constant of a program."""
    return names[name]


def run(program: str, seed: int = 0, **overrides: object) -> Log:
    """Run a program, shrunken, and return what it reported."""
    names, lab = namespace(program, seed)
    for name, divisor in SHRUNK.items():
        value = names.get(name)
        if isinstance(value, int):
            names[name] = max(value // divisor, 3)
    if "CURVE_POINTS" in names:
        names["CURVE_POINTS"] = 2
    if isinstance(sets := names.get("DATASETS"), tuple):
        names["DATASETS"] = sets[-1:]
    names |= overrides
    main = names["main"]
    assert callable(main)
    main()
    return lab.told


def moves(stage: str) -> list[tuple[str, str]]:
    """Return template and name of every move of a stage, for parametrised tests."""
    return [(name, move.name) for name in TEMPLATES for move in load_template(name).moves if move.stage == stage]


def compatible(chosen: Iterable[Move]) -> list[Move]:
    """Return as many of the moves as go together, in order, greedily."""
    kept: list[Move] = []
    for move in chosen:
        if all(move.name not in other.excludes and other.name not in move.excludes for other in kept):
            kept.append(move)
    return kept
