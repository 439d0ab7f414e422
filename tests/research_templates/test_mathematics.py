"""What the programs compute by hand is what it is called: slopes, scores, noise, doses."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from ai_scientist.core.research_template import load_template
from tests.research_templates.programs import edited, namespace, part

Array = NDArray[np.float64]
NUDGE = 1e-6


def sample() -> tuple[np.random.Generator, Array, Array]:
    """Return a generator, features, and targets of three classes."""
    rng = np.random.default_rng(0)
    return rng, rng.normal(size=(12, 4)), np.eye(3)[rng.integers(0, 3, 12)]


def test_slopes_of_a_grid_of_networks_agree_with_finite_differences() -> None:
    names, _ = namespace(load_template("schedules").program)
    rng, x, y = sample()
    net: list[Array] = [rng.normal(size=shape) for shape in ((2, 4, 5), (2, 1, 5), (2, 5, 3), (2, 1, 3))]

    def loss(net: list[Array]) -> float:
        return float(-(y * np.log(part(names, "predict")(net, x)[0])).sum(axis=1).mean())

    slopes = part(names, "slopes")(net, x, y)
    for i, parameters in enumerate(net):
        step = np.zeros_like(parameters)
        step[0, 0, 1] = NUDGE
        moved = [p + step if j == i else p for j, p in enumerate(net)]
        assert (loss(moved) - loss(net)) / NUDGE == pytest.approx(slopes[i][0, 0, 1], abs=1e-4)


def test_slopes_through_both_hidden_layers_agree_with_finite_differences() -> None:
    names, _ = namespace(load_template("regularisers").program)
    rng, x, y = sample()
    net = [(rng.normal(size=(a, b)), rng.normal(size=b)) for a, b in pairwise((4, 5, 5, 3))]

    def loss(net: list[tuple[Array, Array]]) -> float:
        return float(-(y * np.log(part(names, "predict")(net, x))).sum(axis=1).mean())

    slopes = part(names, "slopes")(part(names, "Recipe")(), net, x, y, rng)
    for i, (weights, _) in enumerate(net):
        step = np.zeros_like(weights)
        step[0, 1] = NUDGE
        moved = [(w + step, b) if j == i else (w, b) for j, (w, b) in enumerate(net)]
        assert (loss(moved) - loss(net)) / NUDGE == pytest.approx(slopes[i][0][0, 1], abs=1e-4)


def test_small_steps_over_all_rows_never_raise_the_training_loss() -> None:
    names, _ = namespace(load_template("label_noise").program)
    names |= {"BATCH": 12, "MOMENTUM": 0.0, "LEARNING_RATE": 0.01, "EPOCHS": 40}
    rng, x, y = sample()
    losses: list[float] = []

    def watch(_: int, net: object) -> None:
        p = part(names, "softmax")(part(names, "logits")(net, x))
        losses.append(float(-(y * np.log(p)).sum(axis=1).mean()))

    labels = y.argmax(axis=1)
    part(names, "train")(part(names, "Recipe")(), x, labels, x, labels, 3, rng, watch)
    assert all(later < earlier for earlier, later in pairwise(losses))


@pytest.mark.parametrize(
    "move", ["forward_correction", "generalised_cross_entropy", "soft_bootstrapping", "confidence_penalty"]
)
def test_the_slopes_of_changed_losses_are_those_of_their_formulas(move: str) -> None:
    """As functions of the logits; the share of a target that is the network's own prediction counts as constant."""
    template = load_template("label_noise")
    names, _ = namespace(edited(template, template.move(move).edits))
    recipe = part(names, "Recipe")()
    part(names, "COMPONENTS")[move](recipe, **part(names, "SETTINGS")[move])
    settings = part(names, "SETTINGS")[move]
    softmax = part(names, "softmax")
    rng, _, y = sample()
    z = rng.normal(size=(12, 3))
    rate = part(names, "NOISE_RATE")
    fixed = softmax(z)

    def loss(z: Array) -> float:
        p = softmax(z)
        entropy = -(p * np.log(p)).sum()
        if move == "forward_correction":
            flips = np.full((3, 3), rate / 2) + np.eye(3) * (1 - rate - rate / 2)
            return float(-(y * np.log(p @ flips)).sum())
        if move == "generalised_cross_entropy":
            q = settings["loss_exponent"]
            return float(((1 - (p * y).sum(axis=1) ** q) / q).sum())
        if move == "soft_bootstrapping":
            share = settings["prediction_share"]
            return float(-(((1 - share) * y + share * fixed) * np.log(p)).sum())
        return float(-(y * np.log(p)).sum() - settings["entropy_weight"] * entropy)

    made = recipe.gradient(softmax(z), y)
    for row, column in ((0, 0), (3, 1), (7, 2)):
        step = np.zeros_like(z)
        step[row, column] = NUDGE
        assert (loss(z + step) - loss(z - step)) / (2 * NUDGE) == pytest.approx(made[row, column], abs=1e-6)


def test_both_kinds_of_label_noise_replace_the_same_number_of_labels() -> None:
    names, _ = namespace(load_template("label_noise").program)
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 200)
    x = rng.normal(size=(200, 3)) + y[:, None]
    uniform = part(names, "uniform_noise")(y, 4, rng)
    ambiguous = part(names, "ambiguous_noise")(x, y, 4)
    assert (uniform != y).sum() == (ambiguous != y).sum() == round(part(names, "NOISE_RATE") * 200)


def test_a_calibrated_prediction_has_hardly_any_calibration_error_and_a_boast_has_all() -> None:
    names, _ = namespace(load_template("label_noise").program)
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), 20000)
    y = (p.cumsum(axis=1) < rng.random((20000, 1))).sum(axis=1)
    honest = part(names, "scores")(p, y)
    assert honest["ece"] < 0.02
    assert abs(honest["overconfidence"]) < 0.02
    boast = part(names, "scores")(np.eye(3)[rng.integers(0, 3, 20000)], y)
    assert boast["ece"] == pytest.approx(boast["overconfidence"]) == pytest.approx(2 / 3, abs=0.02)


def test_the_interval_score_is_twice_the_mean_pinball_loss() -> None:
    """For quantiles in symmetric pairs around the median (Bracher and others, 2021)."""
    names, _ = namespace(load_template("forecasting").program)
    levels: Array = part(names, "LEVELS")
    rng = np.random.default_rng(0)
    q, y = np.sort(rng.normal(size=(len(levels), 5, 8)), axis=0), rng.normal(size=(5, 8))
    tau = levels[:, None, None]
    pinball = np.maximum(tau * (y - q), (tau - 1) * (y - q)).mean(axis=0)
    found = part(names, "scores")(q, y, np.ones((5, 1)))
    assert np.allclose(found["wis"], 2 * pinball.mean(axis=0))
    low, high = q[np.argmin(abs(levels - 0.1))], q[np.argmin(abs(levels - 0.9))]
    assert np.allclose(found["coverage"], ((low <= y) & (y <= high)).mean(axis=0))


def test_a_regression_forecasts_what_follows_a_straight_rule() -> None:
    """On a noiseless autoregressive series the weak-ridge forecast is the series' continuation."""
    names, _ = namespace(load_template("forecasting").program)
    names["RIDGE"] = 1e-8
    time = np.arange(128)
    series = np.sin(2 * np.pi * time / 12)[None, :]
    recipe = part(names, "Recipe")(members=["autoregression"], errors="held_out")
    point, errors = part(names, "autoregression")(series[:, :120], 12, recipe, np.random.default_rng(0))
    assert np.allclose(point, series[:, 120:], atol=1e-5)
    assert abs(errors).max() < 1e-4


@pytest.mark.parametrize("member", ["seasonal_naive", "exponential_smoothing"])
def test_seasonal_members_continue_a_pure_season(member: str) -> None:
    names, _ = namespace(load_template("forecasting").program)
    series = np.tile(np.arange(12.0), 11)[None, :]
    recipe = part(names, "Recipe")(members=[member], errors="held_out")
    point, errors = part(names, member)(series[:, :120], 12, recipe, np.random.default_rng(0))
    assert np.allclose(point, series[:, 120:128], atol=1e-6)
    assert abs(errors).max() < 1e-6


def test_a_schedule_is_spent_by_the_end_and_its_shuffled_twin_has_the_same_steps() -> None:
    names, _ = namespace(load_template("schedules").program)
    recipe = part(names, "Recipe")()
    for name in ("linear_decay", "shuffled_order"):
        part(names, "COMPONENTS")[name](recipe)
    factors = np.array([recipe.factor(step / 10) for step in range(10)])
    assert factors[0] == 1
    assert factors[-1] == pytest.approx(0.1)
    shuffled = recipe.order(factors, np.random.default_rng(0))
    assert sorted(shuffled) == sorted(factors)
    assert list(shuffled) != list(factors)


def test_growing_batches_see_as_many_rows_as_even_ones() -> None:
    template = load_template("schedules")
    names, _ = namespace(edited(template, template.move("growing_batches").edits))
    grown, even = part(names, "Recipe")(), part(names, "Recipe")()
    part(names, "COMPONENTS")["growing_batches"](grown, **part(names, "SETTINGS")["growing_batches"])
    batches = part(names, "batches")
    counts = [sum(len(rows) for rows in batches(r, 500, np.random.default_rng(0))) for r in (grown, even)]
    assert math.isclose(counts[0], counts[1], rel_tol=0.02)
