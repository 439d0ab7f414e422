"""Which prediction intervals of real series can be trusted: whose errors should they be made of?

One process is one seed. The seed draws forecast origins in every series; all arms forecast from the same origins, so
that their rows are paired. An arm sees the WINDOW values before an origin and nothing else: it is fitted on them, and
its intervals are made from errors that it makes on them. Forecasts are quantiles, and are judged by the weighted
interval score, in units of the seasonal naive forecast's mean error on the window.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import lab
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

PERIODS = {"elnino": 12, "sunspots": 11, "unemployment": 1}  # values after which a series resembles itself
WINDOW = 120
HORIZON = 8
ORIGINS = 24
LAGS = 12
RIDGE = 1.0
HELD_OUT = 0.4  # share of a window that held-out errors come from
LEVELS = np.array([0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975])
NOMINAL = 0.8  # of the interval whose coverage and width are reported
DAMPING = 0.9

ARMS = {
    "naive": {"members": ["seasonal_naive"], "errors": "held_out", "components": []},
    "in_sample": {"members": ["autoregression"], "errors": "in_sample", "components": []},
    "held_out": {"members": ["autoregression"], "errors": "held_out", "components": []},
    "smoothing": {"members": ["exponential_smoothing"], "errors": "held_out", "components": []},
    "combined": {
        "members": ["seasonal_naive", "autoregression", "exponential_smoothing"], "errors": "held_out", "components": []
    },
    "proposed": {"members": ["autoregression"], "errors": "held_out", "components": [
        # <- explore moves add a component here
    ]},
}  # fmt: skip
ABLATIONS = ()  # components; each adds the arm without_<component>
for part in ABLATIONS:
    kept = [c for c in ARMS["proposed"]["components"] if c != part]
    ARMS[f"without_{part}"] = ARMS["proposed"] | {"components": kept}


@dataclass
class Recipe:
    """How quantiles are made from a window; a component replaces or wraps one of these parts.

    Arrays are (origins, rows, values); a row of a regression is LAGS values and the HORIZON values after them.
    """

    members: list
    errors: str
    lags: int = LAGS
    fits: int = 1  # of resampled rows, averaged
    # (mean squared held-out error of a ridge -> number) -> ridge
    ridge: Callable = lambda loss: RIDGE
    # (windows, period) -> (windows, function from forecasts of them to forecasts of the series)
    transform: Callable = lambda z, period: (z, lambda f: f)
    # past values -> what is subtracted from past and future before a regression, and added to its forecast
    anchor: Callable = lambda past: 0.0
    # (past values, positions after them, period) -> features
    features: Callable = lambda past, clock, period: past
    # number of rows -> their weights in a regression, oldest first
    weights: Callable = lambda n: np.ones(n)
    # errors -> errors
    errors_kept: Callable = lambda errors: errors
    # errors -> errors that spread around a forecast; mirrored, so that the median is the point forecast
    mirror: Callable = lambda errors: np.concatenate([errors, -errors], axis=1)
    # errors -> their quantiles, (levels, origins, horizons)
    spread: Callable = lambda errors: np.quantile(errors, LEVELS, axis=1)
    # (quantiles, window) -> quantiles
    finish: Callable = lambda quantiles, z: quantiles


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
    """Read a series that statsmodels ships. Importing statsmodels itself takes longer than the experiment."""
    folder = Path(find_spec("statsmodels").submodule_search_locations[0], "datasets")
    if name == "elnino":  # a row is a year, its columns are months
        return np.genfromtxt(folder / "elnino" / "elnino.csv", delimiter=",", skip_header=1)[:, 1:].ravel()
    file, column = {"sunspots": ("sunspots", "SUNACTIVITY"), "unemployment": ("macrodata", "unemp")}[name]
    return np.genfromtxt(folder / file / f"{file}.csv", delimiter=",", names=True)[column]


def seasonal_naive(z, period, recipe, rng):
    """Repeat the last period; as nothing is fitted, all its errors on the window are held-out ones."""
    ahead = np.arange(HORIZON)
    back = period * (1 + ahead // period)  # how far behind its target each forecast looks
    starts = np.arange(back.max(), z.shape[1] - HORIZON + 1)[:, None]
    errors = z[:, starts + ahead] - z[:, starts + ahead - back]
    return z[:, z.shape[1] + ahead - back], errors[:, -round(HELD_OUT * z.shape[1]) :]


def autoregression(z, period, recipe, rng):
    """Regress each of the next values on the last ones, with a ridge."""
    span = sliding_window_view(z, recipe.lags + HORIZON, axis=1)
    past, future = span[..., : recipe.lags], span[..., recipe.lags :]
    clock, n = np.arange(recipe.lags, z.shape[1] - HORIZON + 1), span.shape[1]
    cut = n - round(HELD_OUT * n)

    def design(past, clock):
        made = recipe.features(past - recipe.anchor(past), clock, period)
        return np.concatenate([np.ones((*made.shape[:2], 1)), made], axis=2)

    def fit(rows, ridge):
        x, y = design(past[:, rows], clock[rows]), (future - recipe.anchor(past))[:, rows]
        weighted = x.transpose(0, 2, 1) * recipe.weights(n)[rows]
        penalty = ridge * np.eye(x.shape[2])
        penalty[0, 0] = 1e-9  # the intercept is free
        return np.linalg.solve(weighted @ x + penalty, weighted @ y)

    def predict(weights, past, clock):
        return design(past, clock) @ weights + recipe.anchor(past)

    early = np.arange(cut - HORIZON + 1)  # rows whose future ends before the held-out rows' futures begin
    ridge = recipe.ridge(lambda r: np.mean((future[:, cut:] - predict(fit(early, r), past[:, cut:], clock[cut:])) ** 2))
    draws = [np.arange(n)] if recipe.fits == 1 else [np.sort(rng.integers(0, n, n)) for _ in range(recipe.fits)]
    whole = np.mean([fit(rows, ridge) for rows in draws], axis=0)
    point = predict(whole, z[:, None, -recipe.lags :], np.array([z.shape[1]]))[:, 0]
    if recipe.errors == "in_sample":
        return point, future - predict(whole, past, clock)
    return point, future[:, cut:] - predict(fit(early, ridge), past[:, cut:], clock[cut:])


def exponential_smoothing(z, period, recipe, rng):
    """Smooth level, damped trend and season, with the weights that have the least error on the earlier part."""
    grid = np.array([(a, b, c) for a in (0.1, 0.3, 0.6, 0.9) for b in (0.0, 0.1) for c in (0.05, 0.2)])
    level_rate, trend_rate, season_rate = grid.T
    level = np.repeat(z[:, :period].mean(axis=1, keepdims=True), len(grid), axis=1)
    trend = np.zeros_like(level)
    season = np.repeat((z[:, :period] - z[:, :period].mean(axis=1, keepdims=True))[:, None, :], len(grid), axis=1)
    damped = np.cumsum(DAMPING ** np.arange(1, HORIZON + 1))
    made = []
    for t in range(period, z.shape[1] + 1):
        ahead = (t + np.arange(HORIZON)) % period
        made.append(level[..., None] + damped * trend[..., None] + season[..., ahead])  # (origins, grid, horizons)
        if t < z.shape[1]:
            now, old, slot = z[:, t, None], level, t % period
            level = level_rate * (now - season[..., slot]) + (1 - level_rate) * (level + DAMPING * trend)
            trend = trend_rate * (level - old) + (1 - trend_rate) * DAMPING * trend
            if period > 1:
                season[..., slot] += season_rate * (now - level - season[..., slot])
    future = sliding_window_view(z[:, period:], HORIZON, axis=1)
    errors = future[:, :, None, :] - np.stack(made[: future.shape[1]], axis=1)  # (origins, rows, grid, horizons)
    cut = future.shape[1] - round(HELD_OUT * future.shape[1])
    best = (errors[:, : cut - HORIZON + 1] ** 2).mean(axis=(1, 3)).argmin(axis=1)
    rows = np.arange(len(z))
    return made[-1][rows, best], errors[rows, cut:, best]


MEMBERS = {"seasonal_naive": seasonal_naive, "autoregression": autoregression,
           "exponential_smoothing": exponential_smoothing}  # fmt: skip


def forecast(recipe, windows, period, rng):
    """Return quantiles of the values after each window, (levels, origins, horizons), averaged over the members."""
    centre, scale = windows.mean(axis=1, keepdims=True), windows.std(axis=1, keepdims=True)
    z, back = recipe.transform((windows - centre) / scale, period)
    mixture = 0.0
    for member in recipe.members:
        point, errors = MEMBERS[member](z, period, recipe, rng)
        kept = recipe.errors_kept(errors)
        drawn = kept[:, rng.integers(0, kept.shape[1], kept.shape[1])]  # the errors at hand are a sample, too
        mixture = mixture + (point + recipe.spread(recipe.mirror(drawn))) / len(recipe.members)
    return np.sort(recipe.finish(back(mixture), (windows - centre) / scale), axis=0) * scale + centre


def scores(q, y, unit):
    """Return the metrics of quantiles (levels, origins, horizons), averaged over origins, by horizon."""
    half = len(LEVELS) // 2
    low, high, median = q[:half], q[: -half - 1 : -1], q[half]
    alpha = 2 * LEVELS[:half, None, None]
    interval = high - low + 2 / alpha * (np.maximum(low - y, 0) + np.maximum(y - high, 0))
    wis = (np.abs(y - median) / 2 + (alpha / 2 * interval).sum(axis=0)) / (half + 0.5)
    shown = int(np.flatnonzero(np.isclose(LEVELS, (1 - NOMINAL) / 2))[0])
    return {
        "wis": (wis / unit).mean(axis=0),
        "mae": (np.abs(y - median) / unit).mean(axis=0),
        "coverage": ((low[shown] <= y) & (y <= high[shown])).mean(axis=0),
        "width": ((high[shown] - low[shown]) / unit).mean(axis=0),
    }


def main():
    lab.config(
        window=WINDOW, horizon=HORIZON, origins=ORIGINS, lags=LAGS, ridge=RIDGE, held_out=HELD_OUT, levels=len(LEVELS),
        nominal=NOMINAL, damping=DAMPING,
    )  # fmt: skip
    for arm, made in ARMS.items():
        told = {part: " + ".join(made[part]).replace("_", " ") or "none" for part in ("members", "components")}
        lab.config(condition=arm, errors=made["errors"].replace("_", " "), **told)
        for c in made["components"]:
            lab.config(condition=arm, **SETTINGS[c])
    for number, (name, period) in enumerate(PERIODS.items()):
        series = load(name)
        last = len(series) - HORIZON
        lab.dataset(name, series, n_values=len(series), n_origins=last - WINDOW + 1, period=period)
        rng = np.random.default_rng([lab.seed, number])
        origins = rng.choice(np.arange(WINDOW, last + 1), ORIGINS, replace=False)[:, None]
        windows, y = series[origins - WINDOW + np.arange(WINDOW)], series[origins + np.arange(HORIZON)]
        unit = np.abs(seasonal_naive(windows, period, None, rng)[1]).mean(axis=(1, 2))[:, None]
        for arm in lab.arms(ARMS):
            made = ARMS[arm]
            recipe = Recipe(members=list(made["members"]), errors=made["errors"])
            for c in made["components"]:
                COMPONENTS[c](recipe, **SETTINGS[c])
            # The proposed arm and its ablations draw from a stream of their own. Without a component the proposed arm
            # thus repeats held_out on other draws, and their difference shows what chance alone does.
            stream = 1 if arm == "proposed" or arm.startswith("without_") else 0
            q = forecast(recipe, windows, period, np.random.default_rng([lab.seed, number, stream, 0]))
            for metric, values in scores(q, y, unit).items():
                lab.log(metric=metric, value=values.mean(), condition=arm, dataset=name)
                if metric in ("wis", "coverage"):
                    for h, value in enumerate(values, 1):
                        lab.log(metric=metric, value=value, condition=arm, dataset=name, step=h)


if __name__ == "__main__":
    main()
