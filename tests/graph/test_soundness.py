"""Checks of an experiment by extra runs: each on a real program that commits the fault, and on one that does not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

import pytest

from ai_scientist.analysis.check import Origin, SeedLog, check_rows
from ai_scientist.analysis.leaks import read_splits
from ai_scientist.analysis.probes import (
    Probe,
    arms_apart,
    beats_trivial,
    canary,
    components_ran,
    depends_on_data,
    differing,
    values,
)
from ai_scientist.analysis.program import names_of
from ai_scientist.analysis.rows import Row
from ai_scientist.core.plan import Plan
from ai_scientist.graph.soundness import look_for_leaks, read_probe
from ai_scientist.sandbox.contract import Limits
from ai_scientist.sandbox.harness import run_program
from ai_scientist.sandbox.process import ProcessSandbox
from tests.analysis.study import make_plan

HONEST = """
import math
import random

import lab

ARMS = {"baseline": [], "proposed": ["shrink"]}
STRENGTH = {"baseline": 1.0, "proposed": 0.9}


def shrink(centre, other):
    return [0.9 * a + 0.1 * b for a, b in zip(centre, other)]


def load(name):
    rng = random.Random(name)
    y = [rng.randrange(2) for _ in range(200)]
    return [[rng.gauss(2.0 * label, 1.0), rng.gauss(-label, 1.0)] for label in y], y


def centre(rows):
    return [sum(column) / len(rows) for column in zip(*rows)]


def scores(centres, x, y, strength):
    hits, gap = 0, 0.0
    for row, label in zip(x, y):
        far = [sum((a - b) ** 2 for a, b in zip(row, c)) for c in centres]
        p = 1 / (1 + math.exp(strength * (far[1] - far[0])))
        hits += (p > 0.5) == bool(label)
        gap += abs(p - label)
    return hits / len(y), gap / len(y)


def main():
    for name in ("digits", "wine"):
        x, y = load(name)
        lab.dataset(name, x, y, n_test=100)
        order = list(range(len(y)))
        random.Random(lab.seed).shuffle(order)
        fit, test = order[:100], order[100:]
        # <- leak
        lab.split(name, train=[x[i] for i in fit], test=[x[i] for i in test])
        for arm in lab.arms(ARMS):
            centres = [centre([x[i] for i in fit if y[i] == label]) for label in (0, 1)]
            for part in ARMS[arm]:
                centres = [globals()[part](*centres), globals()[part](*centres[::-1])]
            # <- fault
            accuracy, ece = scores(centres, [x[i] for i in test], [y[i] for i in test], STRENGTH[arm])
            lab.log(metric="accuracy", value=accuracy, condition=arm, dataset=name)
            lab.log(metric="ece", value=ece, condition=arm, dataset=name)


main()
"""


LIMITS = Limits(timeout_seconds=60, memory_bytes=2**30, cpus=1, processes=16, disk_bytes=2**26, output_bytes=2**16)


class Probed(NamedTuple):
    """A program, its rows, and what extra runs of it left."""

    text: str
    rows: list[Row]
    turned: Probe
    shuffled: Probe
    again: Probe
    folder: Path


def probe(text: str, folder: Path, kind: str) -> Probe:
    place = folder / (kind or "again")
    place.mkdir(parents=True)
    sandbox = ProcessSandbox()
    run = asyncio.run(run_program(sandbox, {"experiment.py": text}, [7], folder=place, limits=LIMITS, probe=kind))
    return read_probe(run.seeds[0], run.kind)


def probed(text: str, folder: Path) -> Probed:
    again = probe(text, folder, "")
    assert not again.trouble, (folder / "again" / "stderr.txt").read_text()
    origin = Origin(node="n0001", code="0" * 40, time="2026-01-01T00:00:00Z")
    logs = [SeedLog(seed=7, rows=again.rows)]
    rows = check_rows(logs, plan(), origin=origin).rows
    turned, shuffled = probe(text, folder, "order"), probe(text, folder, "labels")
    if differing(values(rows), values(turned.rows)):
        again = probe(text, folder / "once more", "")
    return Probed(text, list(rows), turned, shuffled, again, folder / "order")


def plan() -> Plan:
    return make_plan()


def verdicts(found: Probed, components: tuple[str, ...] = ("shrink",)) -> dict[str, str]:
    names = names_of({"experiment.py": found.text})
    data = {f"{name}/n_test": 100 for name in ("digits", "wine")}
    return {
        "leaks": look_for_leaks(found.folder).verdict,
        "canary": canary(found.shuffled, plan(), data).verdict,
        "data": depends_on_data(found.rows, found.shuffled).verdict,
        "trivial": beats_trivial(found.rows, found.turned, plan()).verdict,
        "arms": arms_apart(found.rows, found.turned, found.again, orders_arms=names.orders_arms).verdict,
        "components": components_ran(components, names.functions, names.words, found.turned).verdict,
    }


def test_an_honest_program_passes_every_check(tmp_path: Path) -> None:
    assert set(verdicts(probed(HONEST, tmp_path)).values()) == {"passed"}


FAULTS = {
    "test rows are learnt from": (
        "        # <- leak\n",
        "        fit = fit + test\n",
        {"leaks": "failed"},
    ),
    "training rows stand among the test rows, a little moved": (
        "        lab.split(name, train=[x[i] for i in fit], test=[x[i] for i in test])\n",
        "        lab.split(name, train=[x[i] for i in fit],"
        " test=[x[i] for i in test] + [[v + 1e-9 for v in x[i]] for i in fit[:9]])\n",
        {"leaks": "failed"},
    ),
    "the test rows' labels are looked up": (
        '            lab.log(metric="accuracy", value=accuracy',
        "            accuracy = sum(y[i] == dict(zip(order, [y[j] for j in order]))[i] for i in test) / len(test)\n"
        '            lab.log(metric="accuracy", value=accuracy',
        {"canary": "failed"},
    ),
    "the data are loaded and not used": (
        "        order = list(range(len(y)))\n",
        "        x, y = load(name)\n        order = list(range(len(y)))\n",
        {"data": "failed"},
    ),
    "an arm draws from a generator that the arm before it moved": (
        "            # <- fault\n",
        "            STRENGTH[arm] += 0.01 * random.random()\n",
        {"arms": "failed"},
    ),
    "nothing is learnt": (
        "            # <- fault\n",
        "            centres = centres[::-1]\n",
        {"trivial": "warned"},
    ),
    "the component is named and never called": (
        "            for part in ARMS[arm]:\n",
        "            for part in ():\n",
        {"components": "failed"},
    ),
    "results differ from run to run": (
        "            # <- fault\n",
        "            import os\n            STRENGTH[arm] += 1e-9 * int.from_bytes(os.urandom(4))\n",
        {"arms": "warned"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_program_with_a_fault_is_caught(fault: str, tmp_path: Path) -> None:
    old, new, expected = FAULTS[fault]
    assert HONEST.count(old) == 1
    found = verdicts(probed(HONEST.replace(old, new), tmp_path))
    assert {name: found[name] for name in expected} == expected


def test_what_a_program_does_not_hand_over_is_said_to_be_unchecked(tmp_path: Path) -> None:
    text = HONEST.replace("lab.arms(ARMS)", "ARMS").replace("        lab.dataset(name, x, y, n_test=100)\n", "")
    text = text.replace("        lab.split(name, train=[x[i] for i in fit], test=[x[i] for i in test])\n", "")
    found = verdicts(probed(text, tmp_path))
    unchecked = {"leaks", "canary", "data", "trivial", "arms"}
    assert {name for name, verdict in found.items() if verdict == "not checked"} == unchecked


def test_a_component_that_the_program_does_not_know_is_named(tmp_path: Path) -> None:
    assert verdicts(probed(HONEST, tmp_path), components=("mixup",))["components"] == "failed"


def test_a_program_that_dies_without_its_labels_does_look_at_them(tmp_path: Path) -> None:
    text = HONEST.replace("            # <- fault\n", "            assert centres[1][0] > 1.2\n")
    found = probed(text, tmp_path)
    assert found.shuffled.trouble
    assert depends_on_data(found.rows, found.shuffled).verdict == "passed"


def test_arrays_of_numpy_are_kept_as_they_are(tmp_path: Path) -> None:
    text = "import lab\nimport numpy as np\nx = np.arange(12.0).reshape(6, 2)\n"
    text += "lab.split('digits', train=x[:4], test=x[3:])\n"
    probe(text, tmp_path, "order")
    kept = read_splits(tmp_path / "order" / "files" / "seed-7")["digits"]
    assert kept["train"].tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert look_for_leaks(tmp_path / "order").verdict == "warned"  # one row stands in both
