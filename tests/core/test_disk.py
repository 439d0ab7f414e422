from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from ai_scientist.core.disk import full_disk_told
from ai_scientist.core.errors import DiskFull

FULL = [
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    sqlite3.OperationalError("database or disk is full"),
    ExceptionGroup("tasks", [ValueError("x"), ExceptionGroup("more", [OSError(errno.ENOSPC, "No space left")])]),
]


@pytest.mark.parametrize("error", FULL, ids=repr)
def test_a_full_disk_is_told_however_it_is_met(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="resume"), full_disk_told(tmp_path):
        raise error


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "I/O error"), sqlite3.OperationalError("no such table"), KeyError()]
)
def test_other_failures_stay_what_they_are(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(type(error)) as caught, full_disk_told(tmp_path):
        raise error
    assert caught.value is error
