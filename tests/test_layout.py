"""The house: links on top, imports one way, nothing heavy at the door."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "ai_scientist"

LAYERS: dict[str, int] = {
    "core": 0,
    "models": 1,
    "sandbox": 1,
    "search": 2,
    "literature": 2,
    "analysis": 2,
    "paper": 2,
    "review": 2,
    "agents": 3,
    "rules": 4,
    "audit": 4,
    "graph": 5,
    "cli": 6,
}

SAME_LAYER = {("paper", "analysis"), ("paper", "literature"), ("audit", "rules")}
"""Neighbours that may know each other, in this direction only."""


def imports() -> Iterator[tuple[Path, str, str]]:
    """Yield each import between packages of ours: file, from, to."""
    for file in sorted(PACKAGE.rglob("*.py")):
        package = file.relative_to(PACKAGE).parts[0]
        if package not in LAYERS:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ai_scientist."):
                yield file, package, (node.module or "").split(".")[1]


@pytest.mark.parametrize("name", ["agents", "graph", "sandbox", "literature", "templates"])
def test_the_links_on_top_lead_into_the_package(name: str) -> None:
    link = ROOT / name
    assert link.is_symlink()
    assert link.resolve() == PACKAGE / name


def test_imports_run_one_way() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}: {origin} imports {target}"
        for file, origin, target in imports()
        if target in LAYERS
        and origin != target
        and LAYERS[origin] <= LAYERS[target]
        and (origin, target) not in SAME_LAYER
    ]
    assert not wrong


def test_search_knows_no_model_and_no_agent() -> None:
    assert not [
        target for _, origin, target in imports() if origin == "search" and target != "core" and target != "search"
    ]


def test_modules_of_the_search_know_each_other_one_way() -> None:
    """Nor for types only: who is described in terms of whom is an order too."""
    known: dict[str, set[str]] = {}
    for file in sorted((PACKAGE / "search").glob("*.py")):
        targets = [
            node.module or "" for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)
        ]
        known[file.stem] = {t.rpartition(".")[2] for t in targets if t.startswith("ai_scientist.search.")}
    assert len(known) > 20
    assert list(TopologicalSorter(known).static_order())


def test_the_auditor_uses_nothing_that_made_the_run() -> None:
    """But for the one check that has a paper's words written a second time."""
    used = {target for file, origin, target in imports() if origin == "audit" and file.stem != "prose"}
    assert used <= {"audit", "core", "paper", "analysis", "sandbox", "literature", "search", "review"}


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from ai_scientist.cli.main import cli\n"
        "heavy = {'numpy', 'scipy', 'sklearn', 'matplotlib', 'langgraph', 'langchain_core', 'openai', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_nothing_is_called_helper_or_utility() -> None:
    banned = {"utils", "helpers", "common", "manager", "misc"}
    assert not [file for file in PACKAGE.rglob("*") if file.stem in banned]
