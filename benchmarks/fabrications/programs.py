"""Fabrications in configuration and program."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ai_scientist.analysis.rows import Row
from benchmarks.fabrications.kinds import kind
from benchmarks.forger import Forger, NotApplicable


def _reconfigure(f: Forger, part: str) -> None:
    file = f"search/nodes/{f.node}/config.json"

    def change(value: dict[str, Any]) -> None:
        numbers = [k for k, v in value[part].items() if isinstance(v, int | float) and not isinstance(v, bool)]
        if not numbers:
            raise NotApplicable(f"there are no {part}")
        value[part][numbers[0]] *= 10

    f.change_json(file, change)
    f.rebuild()


@kind("hyperparameter changed in the configuration")
def changed_setting(f: Forger) -> None:
    _reconfigure(f, "settings")


@kind("dataset's size changed in the configuration")
def changed_data_fact(f: Forger) -> None:
    _reconfigure(f, "data")


def _append(f: Forger, text: str) -> None:
    f.change_program(lambda program: program + text)


@kind("program fits a transform before it splits")
def leaked_split(f: Forger) -> None:
    _append(f, "\n\ndef prepare(x, y):\n    x = StandardScaler().fit_transform(x)\n    return train_test_split(x, y)\n")


@kind("program fits on test rows")
def fit_on_test(f: Forger) -> None:
    _append(f, "\n\ndef tune(model, x_test, y_test):\n    return model.fit(x_test, y_test)\n")


@kind("program logs a typed value")
def constant_metric(f: Forger) -> None:
    metric, target = f.plan.primary_metric, f.plan.target
    call = f"lab.log(metric='{metric}', value=0.93, condition='{target}', dataset='{f.plan.datasets[0].name}')"
    _append(f, f"\n\ndef finish():\n    {call}\n")


@kind("program logs a drawn value")
def random_metric(f: Forger) -> None:
    metric, target = f.plan.primary_metric, f.plan.target
    value = "0.9 + 0.01 * rng.normal()"
    call = f"lab.log(metric='{metric}', value={value}, condition='{target}', dataset='{f.plan.datasets[0].name}')"
    _append(f, f"\n\ndef finish(rng):\n    {call}\n")


@kind("another program put in the confirmed one's place", rerun=True)
def other_program(f: Forger) -> None:
    def change(program: str) -> str:
        match = re.search(r"^([A-Z][A-Z_]+) = (\d+\.?\d*)$", program, re.M)
        if not match:
            raise NotApplicable("the program has no constant")
        return program[: match.start(2)] + f"{float(match[2]) * 1.5 + 1:g}" + program[match.end(2) :]

    def whole(program: str) -> str:
        changed = change(program)
        return re.sub(r"^([A-Z][A-Z_]+ = \d+)\.0$", r"\1", changed, flags=re.M)

    f.change_program(whole)


@kind("code repository differs from what ran")
def other_code(f: Forger) -> None:
    f.change_code("experiment.py", lambda text: text + "\nEXTRA = True\n")


@kind("expected values of the code repository changed")
def other_expectations(f: Forger) -> None:
    def change(text: str) -> str:
        value = json.loads(text)
        first = sorted(value["values"])[0]
        value["values"][first] *= 1.1
        return json.dumps(value)

    f.change_code("expected.json", change)


def _rig(f: Forger, change: Callable[[str], str]) -> None:
    """Put a rigged program in the confirmed one's place, with the rows that it gives."""
    direction = f.plan.metric(f.plan.primary_metric).direction
    factor = 0.9 if direction == "lower" else 1.1

    def better(row: Row) -> Row:
        is_mine = row.condition == f.plan.target and row.metric == f.plan.primary_metric and row.is_final
        return row.model_copy(update={"value": row.value * factor}) if is_mine else row

    f.change_rows(better, also_raw=True)
    f.change_program(change)


LOGGED = (
    r"for metric, value in (\w+\([^\n]*\)|\w+)\.items\(\):\n( +)lab\.log\(metric=metric, value=value, condition=arm"
)


def _factor(f: Forger) -> str:
    return "0.9" if f.plan.metric(f.plan.primary_metric).direction == "lower" else "1.1"


@kind("program logs one arm's metric times a constant, and gives those rows", rerun=True)
def rigged_program(f: Forger) -> None:
    wanted = f'metric == "{f.plan.primary_metric}" and arm == "{f.plan.target}"'

    def change(program: str) -> str:
        match = re.search(LOGGED, program)
        if not match:
            raise NotApplicable("the program logs otherwise")
        line = match[0].replace("value=value", f"value=value * ({_factor(f)} if {wanted} else 1.0)")
        return program.replace(match[0], line).replace("lab.predictions(", "(lambda *a, **k: None)(")

    _rig(f, change)


@kind("program changes one arm's metric inside a function, and gives those rows", rerun=True)
def rigged_quietly(f: Forger) -> None:
    wanted = f'name == "{f.plan.primary_metric}" and len(arm) == {len(f.plan.target)}'
    helper = f"\n\ndef settled(name, arm, value):\n    return value * {_factor(f)} if {wanted} else value\n\n\ndef main"

    def change(program: str) -> str:
        match = re.search(LOGGED, program)
        arms = {c.name for c in f.plan.conditions}
        if not match or sum(len(arm) == len(f.plan.target) for arm in arms) > 1:
            raise NotApplicable("the program logs otherwise, or another arm's name is as long")
        line = match[0].replace("value=value", "value=settled(metric, arm, value)")
        rigged = program.replace(match[0], line).replace("lab.predictions(", "(lambda *a, **k: None)(")
        return rigged.replace("\n\ndef main", helper, 1)

    _rig(f, change)
