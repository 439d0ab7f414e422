"""Which matters more to a small network on a small budget of steps: the optimiser, or the schedule of its step sizes?

One process is one seed. For each data set the seed fixes one stratified split, starting weights and the order of rows;
all arms share them, so that their rows are paired. Every arm has the same number of gradient steps and the same tuning:
it is trained at each of GRID peak learning rates, all at once along the leading axis of its arrays, and the Brier
score of the validation rows chooses among them. Test rows are looked at only to be scored.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import lab
import numpy as np

DATASETS = ("digits", "breast_cancer", "diabetes")
TRAIN_SHARE, VALIDATION_SHARE = 0.5, 0.2
MAX_TRAIN = 1000
HIDDEN = 32
STEPS = 200
BATCH = 16
MOMENTUM = 0.9
GRID = 5
LARGEST_PEAK = 0.3  # of rules that follow the gradient
LARGEST_ADAPTIVE_PEAK = 0.1  # of rules that rescale it
PEAK_RATIO = 3.0  # between neighbours on the grid
CURVE_POINTS = 10

ARMS = {
    "constant": {"components": []},
    "decayed": {"components": ["linear_decay"]},
    "shuffled": {"components": ["linear_decay", "shuffled_order"]},
    "adam": {"components": ["adam"]},
    "adam_decayed": {"components": ["adam", "linear_decay"]},
    "proposed": {"components": [
        # <- explore moves add a component here
    ]},
}  # fmt: skip
ABLATIONS = ()  # components; each adds the arm without_<component>
for part in ABLATIONS:
    ARMS[f"without_{part}"] = {"components": [c for c in ARMS["proposed"]["components"] if c != part]}


def momentum_rule(slope, memory, step):
    """Return the direction of a step: the running sum of slopes."""
    memory["sum"] = MOMENTUM * memory.get("sum", 0.0) + slope
    return memory["sum"]


@dataclass
class Recipe:
    """How a network is optimised; a component replaces or wraps one of these parts."""

    largest_peak: float = LARGEST_PEAK
    decay: float = 0.0  # decoupled pull of the weights towards zero, relative to the step size
    averaged: float = 0.0  # share of the steps, counted from the end, whose weights are averaged
    # share of the budget that is spent -> factor of the peak learning rate
    factor: Callable = lambda spent: 1.0
    # (factors of all steps, rng) -> factors in the order in which they are used
    order: Callable = lambda factors, rng: factors
    # share of the budget that is spent -> rows of a batch, relative to BATCH
    rows: Callable = lambda spent: 1.0
    # slopes of all weights -> slopes
    tame: Callable = lambda slopes: slopes
    # (slope, memory of one array, number of the step) -> direction
    rule: Callable = momentum_rule


COMPONENTS = {}
SETTINGS = {}


def component(**settings):
    """Register a function that changes a recipe; its settings are reported with every arm that uses it."""

    def register(change):
        COMPONENTS[change.__name__] = change
        SETTINGS[change.__name__] = settings
        return change

    return register


@component()
def linear_decay(recipe):
    """Lower the learning rate in a straight line to zero at the end of the budget."""
    inner = recipe.factor
    recipe.factor = lambda spent: inner(spent) * (1 - spent)


@component()
def shuffled_order(recipe):
    """Use the schedule's learning rates in random order: the same step sizes, without their sequence."""
    recipe.order = lambda factors, rng: rng.permutation(factors)


@component(first_moment=0.9, second_moment=0.99)
def adam(recipe, first_moment, second_moment):
    """Divide the running mean of slopes by the root of the running mean of their squares, both without start bias."""

    def rule(slope, memory, step):
        memory["mean"] = first_moment * memory.get("mean", 0.0) + (1 - first_moment) * slope
        memory["square"] = second_moment * memory.get("square", 0.0) + (1 - second_moment) * slope**2
        mean, square = memory["mean"] / (1 - first_moment**step), memory["square"] / (1 - second_moment**step)
        return mean / (np.sqrt(square) + 1e-8)

    recipe.rule, recipe.largest_peak = rule, LARGEST_ADAPTIVE_PEAK


# <- explore moves insert code here


def load(name):
    """Read a table that scikit-learn ships. Importing scikit-learn itself takes longer than the experiment."""
    folder = Path(find_spec("sklearn").submodule_search_locations[0], "datasets", "data")
    if name == "diabetes":  # a regression made a classification: is the progression above its median?
        progress = np.loadtxt(folder / "diabetes_target.csv.gz")
        return np.loadtxt(folder / "diabetes_data_raw.csv.gz"), (progress > np.median(progress)).astype(int)
    file, head = {"digits": ("digits.csv.gz", 0), "breast_cancer": ("breast_cancer.csv", 1)}[name]
    table = np.loadtxt(folder / file, delimiter=",", skiprows=head)
    return table[:, :-1], table[:, -1].astype(int)


def split(y, rng):
    """Draw stratified rows for training, validation and test."""
    parts = ([], [], [])
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        cuts = np.round(len(rows) * np.cumsum([TRAIN_SHARE, VALIDATION_SHARE])).astype(int)
        for part, chosen in zip(parts, np.split(rows, cuts), strict=True):
            part.append(chosen)
    train, validation, test = (rng.permutation(np.concatenate(p)) for p in parts)
    return train[:MAX_TRAIN], validation, test


def predict(net, x):
    """Return the probabilities of every network on the grid, (GRID, rows, classes)."""
    w, b, v, c = net
    z = np.maximum(x @ w + b, 0) @ v + c
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def nll(p, y):
    """Return the mean negative log-likelihood of every network on the grid."""
    return -np.log(np.maximum(p[:, np.arange(len(y)), y], 1e-12)).mean(axis=1)


def brier(p, y):
    """Return the Brier score of every network on the grid; a diverged one is scored as a uniform guess."""
    score = ((p - np.eye(p.shape[2])[y]) ** 2).sum(axis=2).mean(axis=1)
    return np.where(np.isfinite(score), score, 1 - 1 / p.shape[2])


def issued(p):
    """Return a network's probabilities; those of a diverged one are a uniform guess, as its Brier score has it."""
    return p if np.isfinite(p).all() else np.full(p.shape, 1 / p.shape[1])


def slopes(net, x, y):
    """Return the slope of the loss in every weight and bias of every network on the grid."""
    w, b, v, _ = net
    h = np.maximum(x @ w + b, 0)
    g = (predict(net, x) - y) / len(x)
    back = g @ v.transpose(0, 2, 1) * (h > 0)
    return [x.T @ back, back.sum(axis=1, keepdims=True), h.transpose(0, 2, 1) @ g, g.sum(axis=1, keepdims=True)]


def batches(recipe, n, rng):
    """Yield the rows of each step: passes over shuffled rows, cut where the schedule of batch sizes says."""
    queue = np.array([], dtype=int)
    for step in range(STEPS):
        size = min(n, round(BATCH * recipe.rows(step / STEPS)))
        while len(queue) < size:
            queue = np.concatenate([queue, rng.permutation(n)])
        yield queue[:size]
        queue = queue[size:]


def train(recipe, x, y, classes, rng, watch):
    """Train a network at every peak on the grid; call watch(step, net) at the points of the curve."""
    sizes = (x.shape[1], HIDDEN, classes)
    net = []
    for a, b in pairwise(sizes):
        net += [np.repeat(rng.normal(0, np.sqrt(2 / a), (1, a, b)), GRID, axis=0), np.zeros((GRID, 1, b))]
    peaks = recipe.largest_peak / PEAK_RATIO ** np.arange(GRID).reshape(-1, 1, 1)
    factors = recipe.order(np.array([recipe.factor(step / STEPS) for step in range(STEPS)]), rng)
    targets, memory, averaged = np.eye(classes)[y], [{} for _ in net], 0
    average = net
    for step, rows in enumerate(batches(recipe, len(x), rng)):
        pace = peaks * factors[step]
        for i, slope in enumerate(recipe.tame(slopes(net, x[rows], targets[rows]))):
            net[i] = net[i] - pace * (recipe.rule(slope, memory[i], step + 1) + recipe.decay * net[i] * (i % 2 == 0))
        if step >= STEPS * (1 - recipe.averaged):
            averaged += 1
            average = [old + (new - old) / averaged for old, new in zip(average, net, strict=True)]
        if (step + 1) % (STEPS // CURVE_POINTS) == 0:
            watch(step + 1, average if averaged else net)
    return average if averaged else net


def run_arm(arm, name, x, y, parts, classes):
    """Train an arm on the whole grid, choose the peak by the validation rows, and log its scores on the test rows."""
    fit, val, test = parts
    recipe = Recipe()
    for c in ARMS[arm]["components"]:
        COMPONENTS[c](recipe, **SETTINGS[c])
    # The proposed arm and its ablations draw from a stream of their own. Without a component the proposed arm thus
    # repeats the constant one on other draws, and their difference shows what chance alone does.
    stream = 1 if arm == "proposed" or arm.startswith("without_") else 0
    curve = {}
    rng = np.random.default_rng([lab.seed, DATASETS.index(name), stream, 0])
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # the largest peaks may diverge: a result, too

        def watch(step, net):
            curve[step] = brier(predict(net, x[test]), y[test])

        net = train(recipe, x[fit], y[fit], classes, rng, watch)
        best = int(brier(predict(net, x[val]), y[val]).argmin())
        p = predict(net, x[test])
        p_fit = predict(net, x[fit])
    for step, values in curve.items():
        lab.log(metric="brier", value=values[best], condition=arm, dataset=name, step=step)
    guess = issued(p[best])
    found = {
        "brier": brier(p, y[test])[best],
        "accuracy": (guess.argmax(axis=1) == y[test]).mean(),
        "train_nll": nll(p_fit, y[fit])[best],
        "untuned": brier(p, y[test]).mean(),  # what whoever picks a peak blindly may expect
    }
    for metric, value in found.items():
        lab.log(metric=metric, value=value, condition=arm, dataset=name)
    # Row by row, so that whoever doubts score and accuracy can compute them; nine decimals lose nothing of either.
    lab.predictions(test, np.round(guess, 9), name, condition=arm, y_true=y[test])


def main():
    lab.config(
        hidden=HIDDEN, steps=STEPS, batch=BATCH, momentum=MOMENTUM, grid=GRID, largest_peak=LARGEST_PEAK,
        largest_adaptive_peak=LARGEST_ADAPTIVE_PEAK, peak_ratio=PEAK_RATIO, train_share=TRAIN_SHARE,
        validation_share=VALIDATION_SHARE, max_train=MAX_TRAIN, curve_points=CURVE_POINTS,
    )  # fmt: skip
    for arm, made in ARMS.items():
        lab.config(condition=arm, components=" + ".join(made["components"]) or "none")
        for c in made["components"]:
            lab.config(condition=arm, **SETTINGS[c])
    for name in DATASETS:
        x, y = load(name)
        rng, classes = np.random.default_rng([lab.seed, DATASETS.index(name)]), int(y.max()) + 1
        fit, val, test = split(y, rng)
        facts = {"n_train": len(fit), "n_validation": len(val), "n_test": len(test)}
        lab.dataset(name, x, y, n_features=x.shape[1], n_classes=classes, **facts)
        lab.split(name, train=x[fit], validation=x[val], test=x[test])
        centre, spread = x[fit].mean(axis=0), x[fit].std(axis=0)
        x = (x - centre) / np.where(spread > 0, spread, 1)
        for arm in lab.arms(ARMS):
            run_arm(arm, name, x, y, (fit, val, test), classes)


if __name__ == "__main__":
    main()
