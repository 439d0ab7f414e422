"""Every attack is held by what calls itself a boundary; and on a plain process it is seen that they are attacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_scientist.sandbox.bubblewrap import BubblewrapSandbox
from ai_scientist.sandbox.process import ProcessSandbox
from tests.sandbox.attack_programs.kit import scene
from tests.sandbox.attacks import ATTACKS, run_attack, run_attacks, table

BREAKS_A_PROCESS = [
    "open a file by its path outside",
    "climb out with dots",
    "find the harness in /proc",
    "connect to a server of ours over IPv4",
    "connect to a unix socket",
    "connect to an abstract socket",
    "write to an input",
    "change its own program",
    "replace lab",
]
"""Attacks that must succeed where nothing holds them, for whatever user: else they would show nothing elsewhere."""


def test_there_are_many_attacks_and_no_two_of_one_name() -> None:
    assert len(ATTACKS) >= 40
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.bubblewrap
@pytest.mark.slow
async def test_bubblewrap_holds_every_attack(tmp_path: Path) -> None:
    verdicts = await run_attacks(BubblewrapSandbox(), tmp_path)
    print(table({"bubblewrap": verdicts}))
    assert [f"{verdict.attack.name}: {verdict.seen}" for verdict in verdicts if not verdict.is_held] == []


@pytest.mark.parametrize("name", BREAKS_A_PROCESS)
async def test_an_attack_breaks_what_is_no_boundary(name: str, tmp_path: Path) -> None:
    (attack,) = [attack for attack in ATTACKS if attack.name == name]
    with scene(tmp_path / "scene") as stage:
        assert not (await run_attack(attack, ProcessSandbox(), stage, tmp_path / "node")).is_held
