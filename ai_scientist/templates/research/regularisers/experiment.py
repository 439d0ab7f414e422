"""Do regularisers that help a small network alone still help together?

One process is one seed. For each data set the seed fixes one stratified split, starting weights and batch orders; all
arms share them, so that their rows are paired. Two regularisers of different kinds, PENALTY (acts on the weights) and
PERTURBATION (acts on rows or units), are crossed: none, each alone, both, and both with the dose of each halved, so
that the total dose stays that of one. The proposed arm starts from none, and the search adds to it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import lab
import numpy as np

DATASETS = ("digits", "breast_cancer", "wine")
PENALTY = "weight_decay"
PERTURBATION = "mixup"
MAX_TRAIN = 120
VALIDATION_ROWS = 40
HIDDEN = 64
EPOCHS = 30
BATCH = 20
LEARNING_RATE = 0.03
MOMENTUM = 0.9
DECAY_STRENGTH = 0.02
MIXUP_STRENGTH = 0.4
DROPOUT_SHARE = 0.4
INPUT_JITTER = 0.6
DILUTED_DOSE = 0.5
BINS = 10
CURVE_EVERY = 3

ARMS = {
    "plain": {"components": [], "dose": 1.0},
    "penalty": {"components": [PENALTY], "dose": 1.0},
    "perturbation": {"components": [PERTURBATION], "dose": 1.0},
    "stacked": {"components": [PENALTY, PERTURBATION], "dose": 1.0},
    "diluted": {"components": [PENALTY, PERTURBATION], "dose": DILUTED_DOSE},
    "proposed": {"dose": 1.0, "components": [
        # <- explore moves add a component here
    ]},
}  # fmt: skip
ABLATIONS = ()  # components; each adds the arm without_<component>
for part in ABLATIONS:
    ARMS[f"without_{part}"] = {
        "components": [c for c in ARMS["proposed"]["components"] if c != part],
        "dose": ARMS["proposed"]["dose"],
    }


@dataclass
class Recipe:
    """How a network is trained; a component replaces or wraps one of these parts."""

    keep: str = "last"  # which weights an arm ends with: "last", or what a component provides
    # (targets, rng) -> targets, once before training
    targets: Callable = lambda y, rng: y
    # (x, y, rng) -> (x, y), for every batch
    batch: Callable = lambda x, y, rng: (x, y)
    # (units, rng) -> units, after each hidden layer while training; must scale or zero, as its slope is its factor
    mask: Callable = lambda shape, rng: 1.0
    # (weights, rng) -> the weights that a training step sees
    perturb: Callable = lambda w, rng: w
    # (probabilities, targets) -> gradient of the loss in the logits
    gradient: Callable = lambda p, y: p - y
    # weights -> slope of a penalty on them
    penalty: Callable = lambda w: 0.0
    # weights -> weights, after every step
    project: Callable = lambda w: w


COMPONENTS = {}
SETTINGS = {}


def component(**settings):
    """Register a function that changes a recipe by some dose; its settings are reported with every arm that uses it."""

    def register(change):
        COMPONENTS[change.__name__] = change
        SETTINGS[change.__name__] = settings
        return change

    return register


@component(decay_strength=DECAY_STRENGTH)
def weight_decay(recipe, dose, decay_strength):
    """Pull the weights towards zero."""
    inner = recipe.penalty
    recipe.penalty = lambda w: inner(w) + dose * decay_strength * w


@component(mixup_strength=MIXUP_STRENGTH)
def mixup(recipe, dose, mixup_strength):
    """Train on convex mixtures of pairs of rows, and of their targets."""
    inner = recipe.batch

    def batch(x, y, rng):
        x, y = inner(x, y, rng)
        share = rng.beta(dose * mixup_strength, dose * mixup_strength, (len(x), 1))
        other = rng.permutation(len(x))
        return share * x + (1 - share) * x[other], share * y + (1 - share) * y[other]

    recipe.batch = batch


@component(dropout_share=DROPOUT_SHARE)
def dropout(recipe, dose, dropout_share):
    """Silence a share of the hidden units in every step, and scale the others up."""
    inner, kept = recipe.mask, 1 - dose * dropout_share
    recipe.mask = lambda shape, rng: inner(shape, rng) * (rng.random(shape) < kept) / kept


@component(input_jitter=INPUT_JITTER)
def input_noise(recipe, dose, input_jitter):
    """Add Gaussian noise to the standardised features of every batch."""
    inner = recipe.batch

    def batch(x, y, rng):
        x, y = inner(x, y, rng)
        return x + rng.normal(0, dose * input_jitter, x.shape), y

    recipe.batch = batch


# <- explore moves insert code here


def load(name):
    """Read a table that scikit-learn ships. Importing scikit-learn itself takes longer than the experiment."""
    folder = Path(find_spec("sklearn").submodule_search_locations[0], "datasets", "data")
    files = {"digits": ("digits.csv.gz", 0), "breast_cancer": ("breast_cancer.csv", 1), "wine": ("wine_data.csv", 1)}
    file, head = files[name]
    table = np.loadtxt(folder / file, delimiter=",", skiprows=head)
    return table[:, :-1], table[:, -1].astype(int)


def split(y, rng):
    """Draw rows for training, validation and test, each class in its share of the whole."""
    fit, val, test = [], [], []
    share = min(MAX_TRAIN / len(y), 0.5)
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        cuts = round(share * len(rows)), round((share + VALIDATION_ROWS / len(y)) * len(rows))
        for chosen, part in zip(np.split(rows, cuts), (fit, val, test), strict=True):
            part.append(chosen)
    return tuple(rng.permutation(np.concatenate(part)) for part in (fit, val, test))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def predict(net, x):
    (w1, b1), (w2, b2), (w3, b3) = net
    return softmax(np.maximum(np.maximum(x @ w1 + b1, 0) @ w2 + b2, 0) @ w3 + b3)


def nll(p, y):
    return -np.log(np.maximum(p[np.arange(len(y)), y], 1e-12)).mean()


def slopes(recipe, net, x, y, rng):
    """Return the slope of the loss in every weight and bias, by back-propagation through two hidden layers."""
    (w1, b1), (w2, b2), (w3, b3) = ((recipe.perturb(w, rng), b) for w, b in net)
    h1 = np.maximum(x @ w1 + b1, 0)
    m1 = recipe.mask(h1.shape, rng)
    h2 = np.maximum(h1 * m1 @ w2 + b2, 0)
    m2 = recipe.mask(h2.shape, rng)
    g3 = recipe.gradient(softmax(h2 * m2 @ w3 + b3), y) / len(x)
    g2 = g3 @ w3.T * m2 * (h2 > 0)
    g1 = g2 @ w2.T * m1 * (h1 > 0)
    raw = ((x.T @ g1, g1.sum(0)), ((h1 * m1).T @ g2, g2.sum(0)), ((h2 * m2).T @ g3, g3.sum(0)))
    return [(dw + recipe.penalty(w), db) for (dw, db), (w, _) in zip(raw, net, strict=True)]


def train(recipe, x, y, x_val, y_val, classes, rng, watch):
    """Train one network by mini-batch gradient descent with momentum; call watch(epoch, net) after each epoch."""
    sizes = (x.shape[1], HIDDEN, HIDDEN, classes)
    net = [(rng.normal(0, np.sqrt(2 / a), (a, b)), np.zeros(b)) for a, b in pairwise(sizes)]
    speed = [(0.0, 0.0)] * len(net)
    targets = recipe.targets(np.eye(classes)[y], rng)
    kept, best, average, averaged = net, np.inf, [(0.0, 0.0)] * len(net), 0
    for epoch in range(1, EPOCHS + 1):
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            rows = order[start : start + BATCH]
            down = slopes(recipe, net, *recipe.batch(x[rows], targets[rows], rng), rng)
            speed = [(MOMENTUM * u - LEARNING_RATE * dw, MOMENTUM * v - LEARNING_RATE * db)
                     for (u, v), (dw, db) in zip(speed, down, strict=True)]  # fmt: skip
            net = [(recipe.project(w + u), b + v) for (w, b), (u, v) in zip(net, speed, strict=True)]
        watch(epoch, net)
        if recipe.keep == "best":
            loss = nll(predict(net, x_val), y_val)
            if loss < best:
                kept, best = net, loss
        elif recipe.keep == "average" and epoch > EPOCHS // 2:
            averaged += 1
            average = [(a + (w - a) / averaged, c + (b - c) / averaged)
                       for (a, c), (w, b) in zip(average, net, strict=True)]  # fmt: skip
    return {"last": net, "best": kept, "average": average}[recipe.keep]


def scores(net, x, y, x_fit, y_fit):
    """Return the metrics on test rows; the gap is what the training rows look better by."""
    p = predict(net, x)
    confidence, correct = p.max(axis=1), (p.argmax(axis=1) == y).astype(float)
    bins = np.array_split(np.argsort(confidence, kind="stable"), BINS)  # equal mass
    return {
        "nll": nll(p, y),
        "accuracy": correct.mean(),
        "ece": sum(len(b) * abs(confidence[b].mean() - correct[b].mean()) for b in bins) / len(y),
        "gap": nll(p, y) - nll(predict(net, x_fit), y_fit),
    }


def run_arm(arm, name, x, y, parts, classes):
    """Train an arm's network and log its scores on the test rows."""
    fit, val, test = parts
    recipe = Recipe()
    for c in ARMS[arm]["components"]:
        COMPONENTS[c](recipe, ARMS[arm]["dose"], **SETTINGS[c])
    # The proposed arm and its ablations draw from a stream of their own. Without a component the proposed arm thus
    # repeats the plain one on other draws, and their difference shows what chance alone does.
    stream = 1 if arm == "proposed" or arm.startswith("without_") else 0

    def watch(epoch, net):
        if epoch % CURVE_EVERY == 0:
            lab.log(metric="nll", value=nll(predict(net, x[test]), y[test]), condition=arm, dataset=name, step=epoch)

    rng = np.random.default_rng([lab.seed, DATASETS.index(name), stream, 0])
    net = train(recipe, x[fit], y[fit], x[val], y[val], classes, rng, watch)
    for metric, value in scores(net, x[test], y[test], x[fit], y[fit]).items():
        lab.log(metric=metric, value=value, condition=arm, dataset=name)
    # Row by row, so that whoever doubts the accuracy can count.
    lab.predictions(test, predict(net, x[test]).argmax(axis=1), name, condition=arm, y_true=y[test])


def main():
    lab.config(
        penalty=PENALTY.replace("_", " "), perturbation=PERTURBATION.replace("_", " "), max_train=MAX_TRAIN,
        validation_rows=VALIDATION_ROWS, hidden=HIDDEN, epochs=EPOCHS, batch=BATCH, learning_rate=LEARNING_RATE,
        momentum=MOMENTUM, bins=BINS, diluted_dose=DILUTED_DOSE,
    )  # fmt: skip
    for arm, made in ARMS.items():
        lab.config(condition=arm, components=" + ".join(made["components"]) or "none", dose=made["dose"])
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
