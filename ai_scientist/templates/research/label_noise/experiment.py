"""Does label noise hurt the calibration of a classifier beyond its accuracy, and what repairs it?

One process is one seed. For each data set the seed fixes one stratified split into training, validation and test rows
and one draw of wrong labels; all arms share both, so that their rows are paired. Wrong labels reach the training rows
and, unless VALIDATION_IS_CLEAN, the validation rows, because whoever has noisy labels has them everywhere. Test labels
are never touched. Every arm trains the same small network; what differs stands in ARMS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import lab
import numpy as np

DATASETS = ("digits", "breast_cancer", "wine")
NOISE_RATE = 0.2
VALIDATION_IS_CLEAN = False
TRAIN_SHARE, VALIDATION_SHARE = 0.5, 0.2
MAX_TRAIN = 400
HIDDEN = 32
EPOCHS = 30
BATCH = 32
LEARNING_RATE = 0.02
MOMENTUM = 0.9
BINS = 10
CURVE_EVERY = 3

ARMS = {
    "clean": {"labels": "clean", "components": []},
    "dropped": {"labels": "dropped", "components": []},
    "noisy": {"labels": "uniform", "components": []},
    "ambiguous": {"labels": "ambiguous", "components": []},
    "proposed": {"labels": "uniform", "components": [
        # <- explore moves add a component here
    ]},
}  # fmt: skip
ABLATIONS = ()  # components; each adds the arm without_<component>
for part in ABLATIONS:
    ARMS[f"without_{part}"] = {
        "labels": ARMS["proposed"]["labels"],
        "components": [c for c in ARMS["proposed"]["components"] if c != part],
    }


@dataclass
class Recipe:
    """How one classifier is trained and read; a component replaces or wraps one of these parts."""

    weight_decay: float = 0.0
    members: int = 1
    keep: str = "last"  # which weights an arm ends with: "last", or what a component provides
    # (targets, rng) -> targets, once before training
    targets: Callable = lambda y, rng: y
    # (x, y, rng) -> (x, y), for every batch
    batch: Callable = lambda x, y, rng: (x, y)
    # (probabilities, targets) -> gradient of the loss in the logits
    gradient: Callable = lambda p, y: p - y
    # (validation logits, validation labels) -> function from logits to probabilities
    reader: Callable = lambda z, y: softmax


COMPONENTS = {}
SETTINGS = {}


def component(**settings):
    """Register a function that changes a recipe; its settings are reported with every arm that uses it."""

    def register(change):
        COMPONENTS[change.__name__] = change
        SETTINGS[change.__name__] = settings
        return change

    return register


# <- explore moves insert code here


def load(name):
    """Read a table that scikit-learn ships. Importing scikit-learn itself takes longer than the experiment."""
    folder = Path(find_spec("sklearn").submodule_search_locations[0], "datasets", "data")
    files = {"digits": ("digits.csv.gz", 0), "breast_cancer": ("breast_cancer.csv", 1), "wine": ("wine_data.csv", 1)}
    file, head = files[name]
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


def uniform_noise(y, classes, rng):
    """Give a fixed share of the rows another label, each other class being as likely."""
    wrong, labels = rng.permutation(len(y))[: round(NOISE_RATE * len(y))], y.copy()
    labels[wrong] = (y[wrong] + rng.integers(1, classes, len(wrong))) % classes
    return labels


def ambiguous_noise(x, y, classes):
    """Give the same share of rows another label, but the rows nearest to another class, and that class."""
    centroids = np.stack([x[y == c].mean(axis=0) for c in range(classes)])
    distance = ((x[:, None, :] - centroids) ** 2).sum(axis=2)  # (rows, classes)
    own = distance[np.arange(len(y)), y]
    distance[np.arange(len(y)), y] = np.inf
    rival, labels = distance.argmin(axis=1), y.copy()
    wrong = np.argsort(distance.min(axis=1) - own, kind="stable")[: round(NOISE_RATE * len(y))]
    labels[wrong] = rival[wrong]
    return labels


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def logits(net, x):
    w, b, v, c = net
    return np.maximum(x @ w + b, 0) @ v + c


def nll(p, y):
    return -np.log(np.maximum(p[np.arange(len(y)), y], 1e-12)).mean()


def train(recipe, x, y, x_val, y_val, classes, rng, watch):
    """Train one network by mini-batch gradient descent with momentum; call watch(epoch, net) after each epoch."""
    n, d = x.shape
    net = [rng.normal(0, np.sqrt(2 / d), (d, HIDDEN)), np.zeros(HIDDEN),
           rng.normal(0, np.sqrt(1 / HIDDEN), (HIDDEN, classes)), np.zeros(classes)]  # fmt: skip
    speed = [np.zeros_like(p) for p in net]
    targets = recipe.targets(np.eye(classes)[y], rng)
    kept, best, average, averaged = net, np.inf, [np.zeros_like(p) for p in net], 0
    for epoch in range(1, EPOCHS + 1):
        order = rng.permutation(n)
        for start in range(0, n, BATCH):
            rows = order[start : start + BATCH]
            xb, yb = recipe.batch(x[rows], targets[rows], rng)
            w, b, v, c = net
            h = np.maximum(xb @ w + b, 0)
            g = recipe.gradient(softmax(h @ v + c), yb) / len(rows)
            back = (g @ v.T) * (h > 0)
            slopes = (xb.T @ back + recipe.weight_decay * w, back.sum(0), h.T @ g + recipe.weight_decay * v, g.sum(0))
            for i, slope in enumerate(slopes):
                speed[i] = MOMENTUM * speed[i] - LEARNING_RATE * slope
                net[i] = net[i] + speed[i]
        watch(epoch, net)
        if recipe.keep == "best":
            loss = nll(softmax(logits(net, x_val)), y_val)
            if loss < best:
                kept, best = list(net), loss
        elif recipe.keep == "average" and epoch > EPOCHS // 2:
            averaged += 1
            average = [a + (p - a) / averaged for a, p in zip(average, net, strict=True)]
    return {"last": net, "best": kept, "average": average}[recipe.keep]


def scores(p, y):
    """Return the metrics of predicted probabilities; confidence is the probability of the predicted class."""
    confidence, correct = p.max(axis=1), (p.argmax(axis=1) == y).astype(float)
    bins = np.array_split(np.argsort(confidence, kind="stable"), BINS)  # equal mass
    ece = sum(len(b) * abs(confidence[b].mean() - correct[b].mean()) for b in bins) / len(y)
    return {
        "ece": ece,
        "nll": nll(p, y),
        "accuracy": correct.mean(),
        "overconfidence": confidence.mean() - correct.mean(),
    }


def run_arm(arm, name, x, labels, parts, classes):
    """Train the arm's networks, average their probabilities, and log the scores on the test rows."""
    fit, val, test = parts
    recipe = Recipe()
    for c in ARMS[arm]["components"]:
        COMPONENTS[c](recipe, **SETTINGS[c])
    y, y_val, y_test = labels[ARMS[arm]["labels"]][fit], labels["validation"][val], labels["clean"][test]
    known = np.flatnonzero(y >= 0)
    # The proposed arm and its ablations draw from a stream of their own. Without a component the proposed arm thus
    # repeats the noisy one on other draws, and their difference shows what chance alone does.
    stream = 1 if arm == "proposed" or arm.startswith("without_") else 0
    mixture = np.zeros((len(test), classes))
    for member in range(recipe.members):

        def watch(epoch, net, first=member == 0):
            if first and epoch % CURVE_EVERY == 0:
                now = scores(softmax(logits(net, x[test])), y_test)
                for metric in ("nll", "overconfidence"):
                    lab.log(metric=metric, value=now[metric], condition=arm, dataset=name, step=epoch)

        rng = np.random.default_rng([lab.seed, DATASETS.index(name), stream, member])
        net = train(recipe, x[fit][known], y[known], x[val], y_val, classes, rng, watch)
        mixture += recipe.reader(logits(net, x[val]), y_val)(logits(net, x[test])) / recipe.members
    for metric, value in scores(mixture, y_test).items():
        lab.log(metric=metric, value=value, condition=arm, dataset=name)
    # Row by row, so that whoever doubts the accuracy can count.
    lab.predictions(test, mixture.argmax(axis=1), name, condition=arm, y_true=y_test)


def main():
    lab.config(
        noise_rate=NOISE_RATE, hidden=HIDDEN, epochs=EPOCHS, batch=BATCH, learning_rate=LEARNING_RATE,
        momentum=MOMENTUM, bins=BINS, train_share=TRAIN_SHARE, validation_share=VALIDATION_SHARE, max_train=MAX_TRAIN,
        validation_is_clean=VALIDATION_IS_CLEAN,
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
        labels = {kind: y.copy() for kind in ("clean", "uniform", "dropped", "ambiguous", "validation")}
        labels["uniform"][fit] = uniform_noise(y[fit], classes, rng)
        labels["dropped"][labels["uniform"] != y] = -1  # as many right labels as "uniform" has, and no wrong one
        labels["ambiguous"][fit] = ambiguous_noise(x[fit], y[fit], classes)
        if not VALIDATION_IS_CLEAN:
            labels["validation"][val] = uniform_noise(y[val], classes, rng)
        for arm in lab.arms(ARMS):
            run_arm(arm, name, x, labels, (fit, val, test), classes)


if __name__ == "__main__":
    main()
