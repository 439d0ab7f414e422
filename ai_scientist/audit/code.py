"""The code repository: is it the confirmed program, and does it expect what the paper says?"""

from __future__ import annotations

import json
import math
import re

from ai_scientist.analysis.program import read_program
from ai_scientist.audit.brief import Tree
from ai_scientist.audit.chain import Chain
from ai_scientist.audit.notebook import Notebook
from ai_scientist.audit.numbers import Evidence
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.ids import CheckpointId
from ai_scientist.core.plan import Plan
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.search.checkpoints import Checkpoints

ADDED = frozenset({"lab.py", "reproduce.py", "requirements.txt", "expected.json", "README.md"})
"""Files that the harness puts beside the program."""


def check_code(run: RunFolder, chain: Chain, tree: Tree, evidence: Evidence, plan: Plan, book: Notebook) -> None:
    """Compare the code repository with the confirmed checkpoint, and its expectations with the rows."""
    if not chain.of_kind("code.exported") and not run.code.exists():
        book.note("The run has no code repository, so none was checked.")
        return
    book.judge("code", "code/experiment.py")
    if not (run.code / "experiment.py").is_file():
        book.find("code", "code/experiment.py", "The confirmed program is missing.")
        return
    nodes = [tree[name] for name in evidence.stored.nodes if name in tree]
    if nodes:
        _compare_files(run, nodes[0].checkpoint, book)
        _check_program(run, nodes[0].checkpoint, book)
    _compare_readme(run, plan, book)
    _compare_expected(run, evidence, plan, book)
    _compare_commit(run, book)


def _compare_files(run: RunFolder, checkpoint: str, book: Notebook) -> None:
    try:
        stored = Checkpoints(run.checkpoints).load(CheckpointId(checkpoint)).files
    except (RunCorrupted, OSError) as error:
        book.find("code", "search/checkpoints.git", f"The confirmed program cannot be read: {error}")
        return
    for name, text in stored.items():
        file = run.code / name
        if not file.is_file() or (name not in ADDED and file.read_bytes() != text.encode()):
            book.find("code", f"code/{name}", f"It is not the confirmed program's (checkpoint {checkpoint[:12]}).")
    for file in run.code.rglob("*"):
        name = file.relative_to(run.code).as_posix()
        if file.is_file() and name not in stored and name not in ADDED and not _is_scratch(name):
            book.find("code", f"code/{name}", "The confirmed program has no such file.")


def _check_program(run: RunFolder, checkpoint: str, book: Notebook) -> None:
    """Read every Python file of the confirmed program as a syntax tree."""
    try:
        stored = Checkpoints(run.checkpoints).load(CheckpointId(checkpoint)).files
    except (RunCorrupted, OSError):
        return  # said above
    for name, text in stored.items():
        if name.endswith(".py"):
            book.look("program read")
            for suspicion in read_program(text):
                book.find("code", f"code/{name}, line {suspicion.line}", suspicion.why)


def _is_scratch(name: str) -> bool:
    return name.startswith((".git/", ".venv/", "data/", "run_")) or "__pycache__" in name


def _compare_readme(run: RunFolder, plan: Plan, book: Notebook) -> None:
    """The README names the plan's hash, which the repository's commit pins down."""
    file = run.code / "README.md"
    text = file.read_text(errors="replace") if file.is_file() else ""
    if any(found != plan.hash for found in re.findall(r"\b[0-9a-f]{64}\b", text)):
        book.find("plan", "code/README.md", "It names another plan than plan.json.")


def _compare_expected(run: RunFolder, evidence: Evidence, plan: Plan, book: Notebook) -> None:
    file = run.code / "expected.json"
    try:
        values: dict[str, float] = json.loads(file.read_bytes())["values"]
    except (OSError, ValueError, KeyError, TypeError):
        book.find("code", "code/expected.json", "It is missing or cannot be read.")
        return
    finals = {
        f"{row.metric}/{row.condition}/{row.dataset}/{row.seed}": row.value
        for row in evidence.rows
        if row.is_final and row.split == plan.split
    }
    for name in sorted(values.keys() | finals.keys()):
        if name not in values or name not in finals or not math.isclose(values[name], finals[name], rel_tol=1e-12):
            why = f"{name}: expected is {values.get(name)}, the rows say {finals.get(name)}."
            book.find("code", "code/expected.json", why)


def _compare_commit(run: RunFolder, book: Notebook) -> None:
    """The files must be those of the repository's commit, which is read object by object: git might run its hooks."""
    try:
        head = (run.code / ".git" / "HEAD").read_text().strip()
        name = (run.code / ".git" / head.removeprefix("ref: ")).read_text().strip() if "ref: " in head else head
        stored = Checkpoints(run.code / ".git").load(CheckpointId(name)).files
    except (OSError, RunCorrupted, StopIteration) as error:
        book.find("code", "code/.git", f"The code is no git repository that can be read: {error}")
        return
    for path, text in stored.items():
        file = run.code / path
        if not file.is_file() or file.read_bytes().decode("utf-8", "replace") != text:
            book.find("code", f"code/{path}", "It is not what the repository's commit holds.")
