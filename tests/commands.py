"""Calling the command line as a user would, with nothing of the user's around it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

TOPIC = "Does label noise hurt the calibration of classifiers?"
SMALL = ("--quick", "--nodes", "5", "--confirm-seeds", "3", "--seed", "7")


def environment(home: Path) -> dict[str, str]:
    """An environment with nothing of the user's in it; matplotlib's font cache is made once for all tests."""
    cache = Path(tempfile.gettempdir()) / "ai-scientist-tests-matplotlib"
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "MPLCONFIGDIR": str(cache)}


def call(*arguments: str, home: Path, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "ai_scientist.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        env=environment(home),
        cwd=home,
    )
