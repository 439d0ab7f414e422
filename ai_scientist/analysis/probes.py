"""What extra runs of the confirmed program tell: with its arms turned around, and with labels that mean nothing.

The program runs once more on one confirm seed for each. Their rows go into no result; they are compared with the rows
that the paper rests on, or with what chance gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from ai_scientist.analysis.check import SAME
from ai_scientist.analysis.rows import LoggedRow, Row
from ai_scientist.analysis.soundness import Check, failed, not_checked, passed, warned
from ai_scientist.core.plan import Metric, Plan
from ai_scientist.core.values import Scalar

Place = tuple[str, str, str, str, int | None]
"""Metric, condition, dataset, split, step."""

SLACK = 4.0
"""Standard errors by which a score may lie above chance before it is called better than chance."""

LEAST_TEST_ROWS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One extra run.

    Attributes:
        rows: What it logged; empty if it did not end well.
        facts: What `lab` found out about the datasets: "digits/commonest" → 0.1.
        functions: "experiment.py:main", those that were called.
        modules: Those that were imported.
        trouble: Why there is nothing to compare; empty if there is.
    """

    rows: Sequence[LoggedRow] = ()
    facts: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    functions: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()
    trouble: str = ""


def values(rows: Iterable[LoggedRow]) -> dict[Place, float]:
    """Return values by place."""
    return {(r.metric, r.condition, r.dataset, r.split, r.step): r.value for r in rows}


def differing(first: Mapping[Place, float], second: Mapping[Place, float]) -> list[Place]:
    """Return the places whose values differ, or that only one of the two has."""
    places = first.keys() | second.keys()
    apart = [
        place
        for place in places
        if place not in first
        or place not in second
        or not math.isclose(first[place], second[place], rel_tol=SAME, abs_tol=SAME * SAME)
    ]
    return sorted(apart, key=str)


ARMS = "arms do not touch each other"


def arms_apart(rows: Sequence[Row], turned: Probe, again: Probe | None, *, orders_arms: bool) -> Check:
    """Return whether the arms' results depend on the order in which they run.

    Args:
        rows: The confirmed ones of the seed.
        turned: The run with its arms turned around.
        again: A plain repetition, made if the first differs: it tells a program that is not steady from one whose arms
            leave something behind.
        orders_arms: Whether the program lets the harness order them.
    """
    if turned.trouble:
        return not_checked(ARMS, turned.trouble)
    apart = differing(values(rows), values(turned.rows))
    if not apart and not orders_arms:
        return not_checked(
            ARMS, "A repetition gave the same values, but the program does not let its arms be reordered."
        )
    if not apart:
        return passed(ARMS, f"With the arms in reverse order all {len(rows)} values of one seed are the same.")
    if again is None or again.trouble or differing(values(rows), values(again.rows)):
        return warned(ARMS, f"A repetition of one seed changed {len(apart)} of {len(rows)} values: it is not steady.")
    arms = ", ".join(sorted({place[1] for place in apart}))
    return failed(
        ARMS, f"With the arms in reverse order {len(apart)} values change ({arms}): an arm leaves something behind."
    )


DATA = "results depend on the data"


def depends_on_data(rows: Sequence[Row], shuffled: Probe) -> Check:
    """Return whether anything changes if the rows of the data get each other's labels."""
    touched = sorted(_of(shuffled, "shuffled", lambda value: value in ("labels", "rows")))
    if shuffled.trouble and touched:
        # It ran on the true data and not on these: it does look at them.
        return passed(DATA, "Without its true labels the program does not even end.")
    if shuffled.trouble or not touched:
        return not_checked(DATA, shuffled.trouble or "The program handed over no labels that could be shuffled.")
    true, other = values(rows), values(shuffled.rows)
    arms = sorted({row.condition for row in rows if row.dataset in touched})
    changed = {place[1] for place in differing(true, other) if place[2] in touched}
    still = [arm for arm in arms if arm not in changed]
    if arms and not changed and not _of(shuffled, "shuffled", lambda value: value == "labels"):
        # A mean over simulated rows is the same in any order, and rightly so.
        return not_checked(DATA, "Only the order of rows could be changed, on which results need not depend.")
    if arms and not changed:
        return failed(DATA, f"With shuffled labels every value of {', '.join(touched)} stays the same.")
    if still:
        return warned(DATA, f"With shuffled labels nothing changes for {', '.join(still)}.")
    return passed(DATA, f"With shuffled labels every arm's values change on {', '.join(touched)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """What a metric of test rows comes to without any knowledge of them.

    Attributes:
        level: From the commonest class's share and the number of classes.
        spread: Its standard deviation for one row; it is divided by the root of their number.
    """

    level: Callable[[float, int], float]
    spread: Callable[[float], float]
    higher: bool = True


def _binomial(share: float) -> float:
    return math.sqrt(share * (1 - share))


CHANCE: Mapping[str, Chance] = {
    "accuracy": Chance(level=lambda commonest, classes: commonest, spread=_binomial),
    "error_rate": Chance(level=lambda commonest, classes: 1 - commonest, spread=_binomial, higher=False),
    "test_error": Chance(level=lambda commonest, classes: 1 - commonest, spread=_binomial, higher=False),
    "balanced_accuracy": Chance(level=lambda commonest, classes: 1 / classes, spread=_binomial),
    "auc": Chance(level=lambda commonest, classes: 0.5, spread=lambda share: 1.0),
    "roc_auc": Chance(level=lambda commonest, classes: 0.5, spread=lambda share: 1.0),
    "r2": Chance(level=lambda commonest, classes: 0.0, spread=lambda share: 1.0),
}

CANARY = "shuffled labels teach nothing"


def canary(shuffled: Probe, plan: Plan, data: Mapping[str, Scalar]) -> Check:
    """Return whether a program that learns from shuffled labels does better than chance on test rows: a leak."""
    if shuffled.trouble:
        return not_checked(CANARY, shuffled.trouble)
    touched = _of(shuffled, "shuffled", lambda value: value == "labels")
    looked, caught = 0, list[str]()
    for row in shuffled.rows:
        if row.dataset not in touched or row.step is not None or row.split != plan.split:
            continue
        gain = _above_chance(row, plan.metric(row.metric), shuffled.facts, data)
        if gain is None:
            continue
        looked += 1
        if gain > SLACK:
            caught.append(f"{row.metric} of {row.condition} on {row.dataset}")
    if not looked:
        return not_checked(CANARY, "No labels could be shuffled, or no metric has a known level of chance.")
    if caught:
        return failed(CANARY, f"With shuffled labels {', '.join(caught[:3])} is above chance: test rows leak.")
    return passed(CANARY, f"With shuffled labels none of {looked} scores is above chance.")


def _above_chance(
    row: LoggedRow, metric: Metric, facts: Mapping[str, Scalar], data: Mapping[str, Scalar]
) -> float | None:
    """Return by how many standard errors a score is better than chance; None if that is not known."""
    chance = CHANCE.get(row.metric)
    commonest, classes = facts.get(f"{row.dataset}/commonest"), facts.get(f"{row.dataset}/classes")
    if chance is None or not isinstance(commonest, float | int):
        return None
    if row.metric != "r2" and not (isinstance(classes, int) and classes > 1):
        return None
    rows = data.get(f"{row.dataset}/n_test")
    count = rows if isinstance(rows, int) and rows > 0 else LEAST_TEST_ROWS
    level = chance.level(float(commonest), int(classes) if isinstance(classes, int) else 1)
    value = row.value / 100 if metric.high == 100 else row.value
    error = max(chance.spread(min(max(level, 0.02), 0.98)), 0.1) / math.sqrt(count)
    return ((value - level) if chance.higher else (level - value)) / error


TRIVIAL = "arms beat trivial guesses"


def beats_trivial(rows: Sequence[Row], turned: Probe, plan: Plan) -> Check:
    """Return whether each arm does better than always naming the commonest class, or the mean."""
    if turned.trouble:
        return not_checked(TRIVIAL, turned.trouble)
    finals = [row for row in rows if row.is_final and row.split == plan.split]
    below: list[str] = []
    looked = 0
    for condition in dict.fromkeys(row.condition for row in finals):
        for dataset in dict.fromkeys(row.dataset for row in finals):
            for name in CHANCE:
                mine = [r for r in finals if (r.condition, r.dataset, r.metric) == (condition, dataset, name)]
                gains = [_above_chance(row, plan.metric(name), turned.facts, {}) for row in mine]
                known = [gain for gain in gains if gain is not None]
                looked += bool(known)
                if known and sum(known) / len(known) <= 0:
                    below.append(f"{condition} on {dataset} ({name})")
    if not looked:
        return not_checked(TRIVIAL, "No metric has a known level of chance, or the program handed over no labels.")
    if below:
        return warned(TRIVIAL, f"No better than the commonest class or the mean: {', '.join(below[:4])}.")
    return passed(TRIVIAL, f"All {looked} means are better than always naming the commonest class, or the mean.")


def _of(probe: Probe, fact: str, holds: Callable[[Scalar], bool]) -> set[str]:
    """Return the datasets of which a fact holds."""
    return {
        key.rpartition("/")[0] for key, value in probe.facts.items() if key.rpartition("/")[2] == fact and holds(value)
    }


COMPONENTS = "named components are executed"


def components_ran(
    components: Sequence[str], functions: Mapping[str, str], words: frozenset[str], turned: Probe
) -> Check:
    """Return whether the components that the method names stand in the program and were executed.

    Args:
        components: Moves in force in the confirmed program.
        functions: Name of each function and class of the program → its place as the probe tells it.
        words: Every name, keyword and string of the program.
        turned: Which functions were called.
    """
    if not components:
        return passed(COMPONENTS, "The confirmed program has no component of the search to look for.")
    absent = [c for c in components if not any(_squeezed(c) in _squeezed(word) for word in words)]
    if absent:
        return failed(COMPONENTS, f"The program has nothing by the name of {', '.join(absent)}.")
    if turned.trouble or not turned.functions:
        return not_checked(COMPONENTS, turned.trouble or "The extra run did not tell which functions were called.")
    mine = {c: [place for name, place in functions.items() if _squeezed(name) == _squeezed(c)] for c in components}
    idle = [c for c, places in mine.items() if places and not turned.functions & set(places)]
    if idle:
        return failed(COMPONENTS, f"Stands in the program and is never called: {', '.join(idle)}.")
    called = sum(bool(places) for places in mine.values())
    return passed(
        COMPONENTS, f"All {len(components)} components stand in the program; {called} are functions, and were called."
    )


LIBRARIES: Mapping[str, str] = {
    "scikit-learn": "sklearn",
    "sklearn": "sklearn",
    "pytorch": "torch",
    "tensorflow": "tensorflow",
    "keras": "keras",
    "jax": "jax",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "statsmodels": "statsmodels",
    "hugging face": "transformers",
}
"""What a method calls a library → what it is imported as. Words that mean other things too are left out."""

NAMED = "libraries that the method names are used"


def libraries_used(method: str, data: str, modules: Set[str], turned: Probe) -> Check:
    """Return whether libraries that the method names were imported while the program ran.

    Args:
        method: The plan's text.
        data: What the plan says of its data: a library may be named there for the tables that it ships.
        modules: What the program's text imports.
        turned: What was imported in an extra run.
    """
    said = {name: module for name, module in LIBRARIES.items() if name in method.casefold()}
    if not said:
        return passed(NAMED, "The method names no library.")
    if turned.trouble or not turned.modules:
        return not_checked(NAMED, turned.trouble or "The extra run did not tell what was imported.")
    unused = sorted(name for name, module in said.items() if module not in turned.modules | modules)
    if any(name not in data.casefold() for name in unused):
        return warned(NAMED, f"The method names {', '.join(unused)}, which the program does not import.")
    return passed(NAMED, f"The method names {', '.join(said)}; it is imported, or named for data.")


def _squeezed(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
