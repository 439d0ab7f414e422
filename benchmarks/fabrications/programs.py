"""Fabrications in configuration and program."""

from __future__ import annotations

import json
import re
from typing import Any

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
