"""Checks of the confirmed experiment that were made while the run was alive: a failed one is a finding."""

from __future__ import annotations

from pydantic import ValidationError

from ai_scientist.analysis.soundness import Soundness
from ai_scientist.audit.chain import Chain
from ai_scientist.audit.notebook import Notebook
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.jsonl import read_json
from ai_scientist.core.run_folder import RunFolder

WHERE = "results/checks.json"


def check_soundness(run: RunFolder, chain: Chain, book: Notebook) -> None:
    """Pass on what the checks found; they need the program to run, so that they are not made again here."""
    file = run.results / "checks.json"
    if not file.exists() and chain.of_kind("sandbox.chosen"):
        # Whoever chose a sandbox for programs checks the confirmed one before anything is written about it.
        book.find(
            "check", WHERE, "The checks of the confirmed experiment are missing: they were never made, or removed."
        )
        return
    if not file.exists():
        book.note("The run has no checks of its experiment: leaks, dead code and canaries were not looked for.")
        return
    try:
        checks = Soundness.model_validate(read_json(file)).checks
    except (RunCorrupted, ValidationError):
        book.find("check", WHERE, "It cannot be read.")
        return
    for check in checks:
        book.look("check")
        if check.verdict == "failed":
            book.find("check", WHERE, f"It is not so that {check.name}: {check.why}")
