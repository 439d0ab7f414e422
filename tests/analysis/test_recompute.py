"""Metrics that the harness computes: against scikit-learn, and against files as lab writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from ai_scientist.analysis.recompute import KNOWN, Label, Predictions, read_predictions, recompute


def theirs(name: str, truth: object, predicted: object, **more: object) -> float:
    function: Any = getattr(metrics, name)
    return float(function(truth, predicted, **more))


def make(predicted: tuple[Label, ...] | tuple[tuple[float, ...], ...], truth: tuple[Label, ...]) -> Predictions:
    ids = tuple(range(len(predicted)))
    return Predictions(condition="proposed", dataset="digits", ids=ids, y_pred=predicted, y_true=truth)


def test_metrics_of_labels_are_scikit_learns() -> None:
    rng = np.random.default_rng(3)
    truth, predicted = (tuple(int(v) for v in rng.integers(0, 4, 200)) for _ in range(2))
    expected = {
        "accuracy": theirs("accuracy_score", truth, predicted),
        "balanced_accuracy": theirs("balanced_accuracy_score", truth, predicted),
        "macro_f1": theirs("f1_score", truth, predicted, average="macro"),
    }
    for name, value in expected.items():
        assert recompute(make(predicted, truth), name, {}) == pytest.approx(value, rel=1e-12)


def test_metrics_of_numbers_are_scikit_learns() -> None:
    rng = np.random.default_rng(4)
    truth, predicted = (tuple(float(v) for v in rng.normal(size=100)) for _ in range(2))
    expected = {
        "mse": theirs("mean_squared_error", truth, predicted),
        "rmse": theirs("root_mean_squared_error", truth, predicted),
        "mae": theirs("mean_absolute_error", truth, predicted),
        "r2": theirs("r2_score", truth, predicted),
    }
    for name, value in expected.items():
        assert recompute(make(predicted, truth), name, {}) == pytest.approx(value, rel=1e-12)


def test_metrics_of_probabilities_are_scikit_learns() -> None:
    rng = np.random.default_rng(5)
    probabilities = rng.dirichlet(np.ones(3), size=80)
    truth = tuple(int(v) for v in rng.integers(0, 3, 80))
    predictions = make(tuple(tuple(float(p) for p in row) for row in probabilities), truth)
    assert recompute(predictions, "nll", {}) == pytest.approx(theirs("log_loss", truth, probabilities), rel=1e-9)
    brier = (
        sum(
            (p - (k == t)) ** 2 for row, t in zip(probabilities.tolist(), truth, strict=True) for k, p in enumerate(row)
        )
        / 80
    )
    assert recompute(predictions, "brier", {}) == pytest.approx(brier, rel=1e-12)
    accuracy = theirs("accuracy_score", truth, probabilities.argmax(axis=1))
    assert recompute(predictions, "accuracy", {}) == pytest.approx(accuracy)


def test_unknown_metrics_and_unknown_truth_give_nothing() -> None:
    assert recompute(make((1, 2), (1, 2)), "wis", {}) is None
    assert recompute(make((1, 2), (1, 2)), "accuracy", {"digits": {0: 1}}) is None
    assert "ece" not in KNOWN


def test_an_id_that_is_predicted_twice_is_refused() -> None:
    twice = Predictions(condition="a", dataset="digits", ids=(1, 1), y_pred=(0, 0), y_true=(0, 0))
    with pytest.raises(ValueError, match="twice"):
        recompute(twice, "accuracy", {})


def test_predictions_are_read_as_lab_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "predictions" / "digits" / "test" / "proposed.jsonl"
    file.parent.mkdir(parents=True)
    lines = [{"id": 0, "y_pred": 1, "y_true": 1}, {"id": 1, "y_pred": 0, "y_true": 1}]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (found,) = read_predictions(tmp_path)
    assert (found.condition, found.dataset, found.split) == ("proposed", "digits", "test")
    assert recompute(found, "accuracy", {}) == 0.5
    file.write_text('{"id": 0}\n')
    with pytest.raises(ValueError, match=r"lab\.predictions"):
        read_predictions(tmp_path)
