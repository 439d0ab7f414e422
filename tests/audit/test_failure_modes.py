"""The design note's table of thirty failure modes: every test and every fabrication that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.fabrications import KINDS

ROOT = Path(__file__).parents[2]
NOTE = ROOT / "docs" / "design" / "audit.md"
POINTER = re.compile(r"\b([a-z_]+)/(test_[a-z_]+)(?:: ([a-z_]+(?:, [a-z]+_[a-z_]+)*))?")
PLANTED = re.compile(r"\bfabrications? ((?:[a-z_]+)(?:, [a-z]+_[a-z_]+)*)")

ROWS = [line for line in NOTE.read_text().splitlines() if re.match(r"\| \d+ \|", line)]


def test_there_are_thirty() -> None:
    assert [int(row.split("|")[1]) for row in ROWS] == list(range(1, 31))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[2].strip())
def test_what_shows_it_exists(row: str) -> None:
    told = row.split("|")[4]
    pointers, planted = list(POINTER.finditer(told)), [match[1] for match in PLANTED.finditer(told)]
    assert pointers or planted, "nothing shows it"
    for pointer in pointers:
        folder, file, names = pointer[1], pointer[2], pointer[3] or ""
        text = (ROOT / "tests" / folder / f"{file}.py").read_text()
        for name in filter(None, names.split(", ")):
            assert re.search(rf"def test_{name}", text) or name in {kind.name for kind in KINDS}, f"{file}: {name}"
    known = {kind.name for kind in KINDS}
    assert {name for group in planted for name in group.split(", ")} <= known
