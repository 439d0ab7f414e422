"""What a run's search goes by, as its settings name it: the plan's metric, its lower bound, or a value of one's own."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import cast

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.plan import Plan
from ai_scientist.search.contracts import ValueFunction
from ai_scientist.search.node import Outcome
from ai_scientist.search.values import LowerBound, MetricValue, as_value

METRIC, LOWER_BOUND = "metric", "lower_bound"


def shipped_value(name: str, plan: Plan) -> ValueFunction:
    """Return the plan's primary metric, or what a node is worth by it at least: the mean less one standard error."""
    metric = MetricValue.of_plan(plan)
    return LowerBound(metric) if name == LOWER_BOUND else metric


def own_value(name: str) -> ValueFunction | None:
    """Return the value that a setting `FILE.py:NAME` names; None if it names a shipped one.

    The file is the user's own, and is run here as `AIScientist(value_function=…)` would have it: `NAME` is a function
    from a valid outcome to a number, or an object with a method `score`, such as `search.composite_values` makes.

    Raises:
        ConfigError: If there is no such file, it fails, or holds no such value.
    """
    if name in (METRIC, LOWER_BOUND):
        return None
    file, colon, attribute = name.rpartition(":")
    path = Path(file)
    if not colon or path.suffix != ".py" or not path.is_file():
        raise ConfigError(f"There is no value {name!r}; there are metric, lower_bound, and FILE.py:NAME of your own.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        found: object = getattr(module, attribute)
    except Exception as error:
        raise ConfigError(f"The value {name!r} cannot be loaded: {type(error).__name__}: {error}") from error
    if not callable(found) and not isinstance(found, ValueFunction):
        raise ConfigError(f"{attribute!r} in {path} is neither a function nor has a method `score`.")
    return as_value(cast("ValueFunction | Callable[[Outcome], float | None]", found))
