"""What every test stands on: no network, no key, no home of the user's."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from functools import cache

import pytest


@cache
def _bubblewrap_works() -> bool:
    if not shutil.which("bwrap"):
        return False
    tried = subprocess.run(
        ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"], capture_output=True, check=False, timeout=20
    )
    return tried.returncode == 0


@cache
def _docker_answers() -> bool:
    from ai_scientist.core.errors import MissingTool
    from ai_scientist.sandbox.docker import connect, is_there

    if not is_there():
        return False
    try:
        connect().close()
    except MissingTool:
        return False
    return True


@cache
def _semantic_is_there() -> bool:
    from importlib.util import find_spec

    return all(find_spec(name) for name in ("chromadb", "sentence_transformers", "torch"))


LANES: dict[str, tuple[Callable[[], bool], str]] = {
    "latex": (lambda: bool(shutil.which("latexmk") and shutil.which("pdflatex")), "no TeX: install latexmk"),
    "bubblewrap": (_bubblewrap_works, "bubblewrap does not work here"),
    "docker": (_docker_answers, "no Docker engine answers"),
    "semantic": (_semantic_is_there, "the extra 'semantic' is not installed"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip a lane whose part is absent."""
    for item in items:
        for lane, (is_there, why) in LANES.items():
            if item.get_closest_marker(lane) and not is_there():
                item.add_marker(pytest.mark.skip(reason=f"lane {lane}: {why}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line each which lanes did not run."""
    skipped = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", []) if report.longrepr}
    for reason in sorted(reason for reason in skipped if "lane " in reason):
        terminalreporter.write_line(reason.removeprefix("Skipped: "))


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the user's keys out of the environment: no test may speak to a paid service."""
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "ANTHROPIC_API_KEY",
        "GOOGLE_API_KEY",
        "SEMANTIC_SCHOLAR_API_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
