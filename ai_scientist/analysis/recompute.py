"""Metrics that the harness computes itself, from a program's predictions and the truth it keeps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_core import from_json

from ai_scientist.core.values import Value

MOST_BYTES = 64 * 1024**2
"""Of one file of predictions; the harness takes no more from a program."""

Label = str | int | float
Labels = Sequence[Label]


class Predictions(Value):
    """What a program predicted through `lab.predictions`, for one condition, dataset and split of one seed.

    Attributes of note: a prediction is a label, a number, or the probabilities of the classes 0, 1, 2 …
    """

    condition: str
    dataset: str
    split: str = "test"
    ids: tuple[str | int, ...]
    # From left to right: to see which of two fits better, every label would also be refused as probabilities.
    y_pred: tuple[Label, ...] | tuple[tuple[float, ...], ...] = Field(union_mode="left_to_right")
    y_true: tuple[Label, ...] | None = None


def accuracy(truth: Labels, predicted: Labels) -> float:
    """Return the share of equal labels."""
    return sum(a == b for a, b in zip(truth, predicted, strict=True)) / len(truth)


def error_rate(truth: Labels, predicted: Labels) -> float:
    """Return the share of unequal labels."""
    return sum(a != b for a, b in zip(truth, predicted, strict=True)) / len(truth)


def balanced_accuracy(truth: Labels, predicted: Labels) -> float:
    """Return the mean over the true classes of the share that was found."""
    recalls: list[float] = []
    for label in set(truth):
        found = [p == label for t, p in zip(truth, predicted, strict=True) if t == label]
        recalls.append(sum(found) / len(found))
    return math.fsum(recalls) / len(recalls)


def macro_f1(truth: Labels, predicted: Labels) -> float:
    """Return the unweighted mean of the F1 scores over all labels that occur in either."""
    scores: list[float] = []
    pairs = list(zip(truth, predicted, strict=True))
    for label in set(truth) | set(predicted):
        hits = sum(t == label and p == label for t, p in pairs)
        said, there = sum(p == label for _, p in pairs), sum(t == label for t, _ in pairs)
        scores.append(2 * hits / (said + there))
    return math.fsum(scores) / len(scores)


def mse(truth: Labels, predicted: Labels) -> float:
    """Return the mean squared error."""
    return math.fsum((float(t) - float(p)) ** 2 for t, p in zip(truth, predicted, strict=True)) / len(truth)


def rmse(truth: Labels, predicted: Labels) -> float:
    """Return the root of the mean squared error."""
    return math.sqrt(mse(truth, predicted))


def mae(truth: Labels, predicted: Labels) -> float:
    """Return the mean absolute error."""
    return math.fsum(abs(float(t) - float(p)) for t, p in zip(truth, predicted, strict=True)) / len(truth)


def r2(truth: Labels, predicted: Labels) -> float:
    """Return the coefficient of determination; NaN if the truth does not vary."""
    values = [float(t) for t in truth]
    centre = math.fsum(values) / len(values)
    total = math.fsum((value - centre) ** 2 for value in values)
    return 1 - mse(truth, predicted) * len(values) / total if total > 0 else math.nan


KNOWN: Mapping[str, Callable[[Labels, Labels], float]] = {
    "accuracy": accuracy,
    "error_rate": error_rate,
    "test_error": error_rate,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "f1_macro": macro_f1,
    "mse": mse,
    "rmse": rmse,
    "mae": mae,
    "r2": r2,
}
"""Metrics of labels or numbers, by the name that a plan gives them."""

LABEL_METRICS = frozenset({"accuracy", "error_rate", "test_error", "balanced_accuracy", "macro_f1", "f1_macro"})
"""Those of them that can be taken from the likeliest class."""

Probabilities = Sequence[Sequence[float]]


def nll(truth: Labels, predicted: Probabilities) -> float:
    """Return the mean negative log-likelihood; a probability of zero counts as the smallest normal number."""
    floor = 2.0**-1022
    return -math.fsum(math.log(max(p[int(t)], floor)) for t, p in zip(truth, predicted, strict=True)) / len(truth)


def brier(truth: Labels, predicted: Probabilities) -> float:
    """Return the mean over items of the squared distance between probabilities and the one-hot truth."""
    squares = [
        (probability - (label == int(t))) ** 2
        for t, row in zip(truth, predicted, strict=True)
        for label, probability in enumerate(row)
    ]
    return math.fsum(squares) / len(truth)


KNOWN_OF_PROBABILITIES: Mapping[str, Callable[[Labels, Probabilities], float]] = {
    "nll": nll,
    "log_loss": nll,
    "brier": brier,
}
"""Metrics of class probabilities, by name. The calibration error is not here: it depends on how it is binned."""

Truth = Mapping[str, Mapping[str | int, Label]]
"""Dataset → id → true label, as the harness holds it; never seen by the program."""


def recompute(predictions: Predictions, metric: str, truth: Truth) -> float | None:
    """Return the metric that these predictions give.

    None if the metric is not one that we know, or if the truth of any of the ids is not known.

    Raises:
        ValueError: If ids and predictions differ in length, an id is predicted twice, or labels are no numbers where
            the metric needs numbers.
    """
    if len(predictions.ids) != len(predictions.y_pred):
        raise ValueError("as many predictions as ids are needed")
    if len(set(predictions.ids)) != len(predictions.ids):
        raise ValueError("an id is predicted twice")
    labels = _labels(predictions, truth)
    if not labels:
        return None
    plain = [value for value in predictions.y_pred if not isinstance(value, tuple)]
    spread = [value for value in predictions.y_pred if isinstance(value, tuple)]
    if plain and spread:
        raise ValueError("some predictions are labels and others probabilities")
    if spread:
        return _of_probabilities(metric, labels, spread)
    function = KNOWN.get(metric)
    return None if function is None else function(labels, plain)


def _of_probabilities(metric: str, labels: Labels, spread: Probabilities) -> float | None:
    """Return a metric of probabilities, or of the likeliest labels; None if the labels are no class numbers."""
    classes = {len(row) for row in spread}
    if len(classes) != 1 or not all(isinstance(t, int) and 0 <= t < min(classes) for t in labels):
        return None
    if metric in KNOWN_OF_PROBABILITIES:
        return KNOWN_OF_PROBABILITIES[metric](labels, spread)
    if metric not in LABEL_METRICS:
        return None
    return KNOWN[metric](labels, [max(range(len(row)), key=lambda k: row[k]) for row in spread])


def read_predictions(folder: Path) -> tuple[Predictions, ...]:
    """Return what a program left through `lab.predictions` under its output folder.

    Raises:
        ValueError: If a file there is not what `lab` writes.
    """
    found: list[Predictions] = []
    for file in sorted(folder.glob("predictions/*/*/*.jsonl")):
        lines = _lines(file)
        try:
            found.append(
                Predictions.model_validate(
                    {
                        "condition": file.stem,
                        "dataset": file.parent.parent.name,
                        "split": file.parent.name,
                        "ids": [line["id"] for line in lines],
                        "y_pred": [line["y_pred"] for line in lines],
                        "y_true": [line["y_true"] for line in lines] if lines and "y_true" in lines[0] else None,
                    }
                )
            )
        except (KeyError, TypeError, ValidationError) as error:
            raise ValueError(f"{file.name} is not what lab.predictions writes: {error}") from error
    return tuple(found)


def _lines(file: Path) -> list[dict[str, Any]]:
    """Return a file of JSON lines, parsed as one list: several times as fast as line by line."""
    if file.stat().st_size > MOST_BYTES:
        raise ValueError(f"{file.name} is larger than {MOST_BYTES // 1024**2} MiB")
    try:
        return list(from_json(b"[" + b",".join(file.read_bytes().splitlines()) + b"]"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file.name} is not what lab.predictions writes: {error}") from error


def _labels(predictions: Predictions, truth: Truth) -> Labels | None:
    known = truth.get(predictions.dataset)
    if known is not None:
        found = [known[i] for i in predictions.ids if i in known]
        return found if len(found) == len(predictions.ids) else None
    return predictions.y_true
