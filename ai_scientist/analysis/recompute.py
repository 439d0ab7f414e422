"""Metrics that the harness computes itself, from a program's predictions and the truth it keeps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from ai_scientist.core.values import Value

Label = str | int | float
Labels = Sequence[Label]


class Predictions(Value):
    """What a program predicted through `lab.predictions`, for one condition, dataset and split of one seed."""

    condition: str
    dataset: str
    split: str = "test"
    ids: tuple[str | int, ...]
    y_pred: tuple[Label, ...]
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
"""Metrics by the name that a plan gives them."""

Truth = Mapping[str, Mapping[str | int, Label]]
"""Dataset → id → true label, as the harness holds it; never seen by the program."""


def recompute(predictions: Predictions, metric: str, truth: Truth) -> float | None:
    """Return the metric that these predictions give.

    None if the metric is not one that we know, or if the truth of any of the ids is not known.

    Raises:
        ValueError: If ids and predictions differ in length, an id is predicted twice, or labels are no numbers where
            the metric needs numbers.
    """
    function = KNOWN.get(metric)
    if len(predictions.ids) != len(predictions.y_pred):
        raise ValueError("as many predictions as ids are needed")
    if len(set(predictions.ids)) != len(predictions.ids):
        raise ValueError("an id is predicted twice")
    labels = _labels(predictions, truth)
    if function is None or not labels:
        return None
    return function(labels, predictions.y_pred)


def _labels(predictions: Predictions, truth: Truth) -> Labels | None:
    known = truth.get(predictions.dataset)
    if known is not None:
        found = [known[i] for i in predictions.ids if i in known]
        return found if len(found) == len(predictions.ids) else None
    return predictions.y_true
