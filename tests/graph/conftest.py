"""One whole run at the smallest setting, made once for all tests that look at a finished run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.commands import SMALL, TOPIC, call


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `run --json` printed of a whole run."""
    home = tmp_path_factory.mktemp("finished")
    done = call("run", TOPIC, *SMALL, "--output", str(home / "runs"), "--json", home=home)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result
