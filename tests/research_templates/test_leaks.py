"""No arm learns from what it is judged by."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ai_scientist.core.research_template import load_template
from tests.research_templates.programs import TEMPLATES, namespace, part, run

CLASSIFIERS = [name for name in TEMPLATES if name != "forecasting"]
Table = tuple[NDArray[np.float64], NDArray[np.int64]]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_training_validation_and_test_rows_are_disjoint_and_cover_every_class(name: str) -> None:
    names, _ = namespace(load_template(name).program)
    y = np.random.default_rng(0).integers(0, 3, 300)
    parts = part(names, "split")(y, np.random.default_rng(1))
    assert len(parts) == 3
    assert len(np.unique(np.concatenate(parts))) == sum(len(rows) for rows in parts)
    assert all(set(np.unique(y[rows])) == {0, 1, 2} for rows in parts)


def trained(name: str, shift: float) -> list[str]:
    """Return every network that a program trains when its test rows are shifted, as text."""
    names, lab = namespace(load_template(name).program)
    load, split, train = (part(names, each) for each in ("load", "split", "train"))
    nets: list[str] = []

    def shifted(which: str) -> Table:
        x, y = load(which)
        x = x.copy()
        x[split(y, np.random.default_rng([lab.seed, 0]))[2]] += shift
        return x, y

    def watched(*arguments: object) -> object:
        net = train(*arguments)
        nets.append(repr(net))
        return net

    names |= {"EPOCHS": 2, "STEPS": 10, "CURVE_POINTS": 2, "DATASETS": part(names, "DATASETS")[-1:]}
    names |= {"load": shifted, "train": watched}
    part(names, "main")()
    return nets


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_networks_are_the_same_to_the_last_digit_whatever_stands_in_the_test_rows(name: str) -> None:
    assert trained(name, 0.0) == trained(name, 100.0)


def test_quantiles_are_the_same_whatever_the_series_does_after_their_window() -> None:
    program = load_template("forecasting").program
    names, _ = namespace(program)
    load, window, horizon = (part(names, each) for each in ("load", "WINDOW", "HORIZON"))
    made: list[list[NDArray[np.float64]]] = []
    for jump in (0.0, 50.0):
        quantiles: list[NDArray[np.float64]] = []

        def series(name: str, jump: float = jump) -> NDArray[np.float64]:
            values: NDArray[np.float64] = load(name)[: window + horizon].copy()  # only a single origin is left
            values[window:] += jump
            return values

        def scores(
            q: NDArray[np.float64],
            y: NDArray[np.float64],
            unit: NDArray[np.float64],
            quantiles: list[NDArray[np.float64]] = quantiles,
        ) -> dict[str, NDArray[np.float64]]:
            quantiles.append(q)
            return {"wis": np.abs(y).mean(axis=0)}

        run(program, load=series, scores=scores, ORIGINS=1, PERIODS={"elnino": 12})
        made.append(quantiles)
    assert len(made[0]) == len(load_template("forecasting").conditions)
    assert all(np.array_equal(before, after) for before, after in zip(*made, strict=True))
