"""Leases of GPUs: one experiment on one device at a time, over all harnesses of this machine."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ai_scientist.core.errors import SandboxError

LOCKS = Path("/tmp")
"""Where the locks lie: one place for all users and harnesses of a machine, whatever their TMPDIR."""

_POLL_SECONDS = 0.1


@asynccontextmanager
async def lease(devices: Sequence[str]) -> AsyncGenerator[tuple[str, ...]]:
    """Wait until one of the devices is free, and hold it; without devices there is nothing to wait for.

    A device that stands several times may be held as often: "0,0" lets two experiments share it. The hold is a file
    lock, which dies with its process, so nothing is held by the dead.

    Raises:
        SandboxError: If the locks cannot be made.
    """
    if not devices:
        yield ()
        return
    while True:
        for place, device in enumerate(devices):
            share = devices[:place].count(device)
            held = _try(device, share)
            if held is not None:
                try:
                    yield (device,)
                finally:
                    os.close(held)
                return
        await asyncio.sleep(_POLL_SECONDS)


def _try(device: str, share: int) -> int | None:
    """Return the descriptor that holds a device, or None if somebody else does."""
    name = "".join(letter if letter.isalnum() else "-" for letter in device)
    path = LOCKS / f"ai-scientist-gpu-{name}-{share}.lock"
    try:
        fd = _open(path)
    except OSError as error:
        raise SandboxError(f"{path} cannot be opened: {error.strerror}.") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def _open(path: Path) -> int:
    """Open a lock, also one that another user made: for reading, which is enough to hold it."""
    how = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, how)
    except FileNotFoundError:
        return os.open(path, how | os.O_CREAT, 0o644)
