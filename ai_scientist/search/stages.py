"""Stages: the phases of a search, as data. They come from the locked plan, or from a file of the user's."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.plan import Plan
from ai_scientist.core.settings import SearchSettings
from ai_scientist.search.stage import Stage

CONFIRM = "confirm"
"""The stage whose rows the paper rests on."""

PATIENCE = {"tune": 6, "explore": 10}
"""Nodes in a row without a better one after which a stage has found what it will find."""


def default_stages(plan: Plan, settings: SearchSettings) -> tuple[Stage, ...]:
    """Return the stages of a plan: implement, tune, explore, ablate, confirm.

    The baseline is tuned with a budget of its own, so that what explore finds is compared with a fair opponent. The
    baseline's tuning changes what both conditions share, so explore starts from it.
    """
    shapes: dict[str, dict[str, Any]] = {
        "implement": {"operators": ("draft", "debug"), "target": plan.target, "root": "none", "enough_good": 1},
        "tune": {"operators": ("tune", "debug"), "target": plan.baseline.name},
        "explore": {"operators": ("improve", "recombine", "debug"), "target": plan.target},
        "ablate": {"operators": ("ablate", "debug"), "target": plan.target, "enough_good": 1, "hand_on": "newest"},
        "confirm": {"operators": ("replicate",), "target": plan.target, "policy": "best_first"},
    }
    stages: list[Stage] = []
    for part in plan.stages:
        if part.name not in shapes:
            raise ConfigError(f"There is no stage named {part.name!r}; there are {', '.join(shapes)}.")
        if part.nodes == 0:
            continue
        data: dict[str, Any] = {
            "name": part.name,
            "goal": part.goal,
            "nodes": part.nodes,
            "policy": settings.policy,
            "patience": PATIENCE.get(part.name),
            "seeds": plan.confirm_seeds if part.name == CONFIRM else plan.search_seeds,
            "depth": settings.depth,
            "width": settings.width,
            "debug_depth": settings.debug_depth,
        }
        stages.append(Stage(**(data | shapes[part.name])))
    return tuple(stages)


def load_stages(path: Path, plan: Plan, settings: SearchSettings) -> tuple[Stage, ...]:
    """Return the stages that a TOML or JSON file describes as a list named `stages`.

    What an entry leaves out is as in the default stage of that name; a stage of a new name begins as "explore" does.
    The seeds are the plan's, whatever the file says: "confirm" alone has the confirm seeds.

    Raises:
        ConfigError: If the file cannot be read, or is not a list of stages; says where.
    """
    try:
        text = path.read_text()
        # TOML cannot hold JSON's outermost braces, so the name decides.
        loaded = TypeAdapter[Any](Any).validate_json(text) if path.suffix == ".json" else tomllib.loads(text)
        entries = TypeAdapter(dict[str, list[dict[str, Any]]]).validate_python(loaded)["stages"]
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"{path} is no list of stages: {error}") from error
    known = {stage.name: stage for stage in default_stages(plan, settings)}
    stages: list[Stage] = []
    for number, entry in enumerate(entries, 1):
        name = str(entry.get("name", ""))
        base = known.get(name) or known.get("explore") or next(iter(known.values()))
        seeds = plan.confirm_seeds if name == CONFIRM else plan.search_seeds
        try:
            stage = Stage.model_validate(base.model_dump() | entry | {"seeds": seeds})
        except ValidationError as error:
            raise ConfigError(f"{path}, stage {number} ({name or 'without a name'}): {error}") from error
        if set(stage.spare_seeds) & {*plan.confirm_seeds, *stage.seeds}:
            raise ConfigError(
                f"{path}, stage {number} ({name}): its spare seeds are those of its nodes, or of confirm."
            )
        stages.append(stage)
    return check_stages(stages)


def check_stages(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Return the stages if they can be run one after the other.

    Raises:
        ConfigError: If names repeat, a root names no earlier stage, or the first stage cannot begin.
    """
    names: list[str] = []
    for stage in stages:
        if stage.name in names:
            raise ConfigError(f"There are two stages named {stage.name!r}.")
        of, _, root = stage.root.partition(":")
        if of not in ("none", "best") or (of == "none" and root) or (root and root not in names):
            raise ConfigError(f"The stage {stage.name!r} grows from {stage.root!r}, which is no earlier stage.")
        if not names and "draft" not in stage.operators:
            raise ConfigError(f"The first stage, {stage.name!r}, cannot begin: it may not draft.")
        names.append(stage.name)
    if not names:
        raise ConfigError("There is no stage.")
    return tuple(stages)
