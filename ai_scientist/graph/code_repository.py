"""The confirmed program as a git repository of its own, which anybody can run without this package."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import resources
from pathlib import Path

from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.jsonl import write_atomic, write_json
from ai_scientist.core.plan import Plan
from ai_scientist.search.contracts import Checkpoint

AUTHOR = {
    "GIT_AUTHOR_NAME": "AI Scientist",
    "GIT_AUTHOR_EMAIL": "code@ai-scientist.invalid",
    "GIT_COMMITTER_NAME": "AI Scientist",
    "GIT_COMMITTER_EMAIL": "code@ai-scientist.invalid",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}

README = """# {title}

The program behind the paper, as it ran. One process is one seed; `lab.py` records what it logs.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python reproduce.py            # all {count} confirm seeds, then compares with expected.json
    .venv/bin/python reproduce.py --seeds 2  # the first two alone

- `experiment.py`: the program (checkpoint {checkpoint}).
- `expected.json`: every measurement of the paper, by metric, condition, dataset and seed.
- `reproduce.py`: runs the seeds and compares, to a relative tolerance of {tolerance:g}.

The plan that was locked before the first result has the hash
`{plan}`.
"""

TOLERANCE = 1e-6
"""Relative: the same packages on another processor differ in the last digits."""


def write_code(
    folder: Path, checkpoint: Checkpoint, plan: Plan, expected: dict[str, float], packages: dict[str, str]
) -> None:
    """Write the repository anew and commit it; the same content gives the same commit.

    Args:
        folder: Where it goes.
        checkpoint: The confirmed program.
        plan: The locked plan.
        expected: "metric/condition/dataset/seed" → value.
        packages: Package → version, as the sandbox had them.

    Raises:
        RunCorrupted: If git cannot write it.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in checkpoint.files.items():
        write_atomic(folder / name, text.encode())
    sandbox = resources.files("ai_scientist.sandbox")
    write_atomic(folder / "lab.py", sandbox.joinpath("lab.py").read_bytes())
    write_atomic(folder / "reproduce.py", sandbox.joinpath("reproduce.py").read_bytes())
    lines = [f"{name}=={number}\n" for name, number in sorted(packages.items())]
    write_atomic(folder / "requirements.txt", "".join(lines).encode())
    write_json(
        folder / "expected.json", {"seeds": list(plan.confirm_seeds), "tolerance": TOLERANCE, "values": expected}
    )
    text = README.format(
        title=plan.title,
        count=len(plan.confirm_seeds),
        checkpoint=checkpoint.id[:12],
        tolerance=TOLERANCE,
        plan=plan.hash,
    )
    write_atomic(folder / "README.md", text.encode())
    _commit(folder, f"The confirmed program of: {plan.title}")


def _commit(folder: Path, message: str) -> None:
    environment = {
        **os.environ,
        **AUTHOR,
        "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
        "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    }
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", message]):
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        if done.returncode:
            raise RunCorrupted(f"git {arguments[0]} failed in {folder}: {done.stderr.strip()}")
