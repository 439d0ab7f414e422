"""One finished run for all tests of the auditor; each test spoils its own copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ai_scientist.core.run_folder import RunFolder
from tests.audit.finished import make_run


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished run. Nothing may be changed in it."""
    return make_run(tmp_path_factory.mktemp("honest"))


@pytest.fixture
def run(honest: RunFolder, tmp_path: Path) -> RunFolder:
    """A copy that may be spoilt."""
    shutil.copytree(honest.path, tmp_path / honest.path.name, symlinks=True)
    return RunFolder(tmp_path / honest.path.name)
