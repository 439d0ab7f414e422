"""A full disk, told in one sentence wherever a run meets it first; it ends the session and is no program's failure."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from ai_scientist.core.errors import DiskFull

_FULL = (errno.ENOSPC, errno.EDQUOT)
_ROOM_BYTES = 32 * 1024**2
"""With less, an experiment would fail for want of room, and its record would say that the program failed."""


def require_room(folder: Path) -> None:
    """Fail if a disk has no room for what an experiment writes.

    Raises:
        DiskFull: If so.
    """
    if shutil.disk_usage(folder).free < _ROOM_BYTES:
        raise DiskFull(_message(folder))


@contextmanager
def full_disk_told(folder: Path) -> Generator[None]:
    """Turn what the system says of a full disk, also from within task groups, into an error of ours.

    Args:
        folder: Where the run is kept, as the message names it.

    Raises:
        DiskFull: If a disk, or a user's share of it, was full.
    """
    try:
        yield
    except Exception as error:
        if not _is_full(error):
            raise
        raise DiskFull(_message(folder)) from error


def _message(folder: Path) -> str:
    return f"The disk is full: no room in {folder}. Make room, then go on with `ai-scientist resume RUN`."


def _is_full(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(map(_is_full, cast("BaseExceptionGroup[BaseException]", error).exceptions))
    if isinstance(error, OSError):
        return error.errno in _FULL
    return isinstance(error, sqlite3.OperationalError) and "full" in str(error)
