"""Who made something outside of our own process, so that what the dead left behind can be told from what is in use."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Generator
from functools import cache
from pathlib import Path

FOLDER_PREFIX = "ai-scientist-of-"


@cache
def _machine() -> str:
    """Return what numbers of processes mean here: this boot, this namespace."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}.{os.stat('/proc/self/ns/pid').st_ino}"


def _started(pid: int) -> str:
    """Return when a process started, in ticks; empty if it is gone. Tells it from a later one of the same number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def mark() -> str:
    """Return the mark of this process: machine, number, start."""
    pid = os.getpid()
    return f"{_machine()}:{pid}:{_started(pid)}"


def is_dead(owner: str) -> bool:
    """Return whether a mark's process is gone for certain; False where that cannot be known from here.

    >>> is_dead(mark())
    False
    """
    machine, _, rest = owner.partition(":")
    pid, _, started = rest.partition(":")
    if not pid.isdigit():
        return False
    return machine == _machine() and _started(int(pid)) != started


def is_of_another_boot(owner: str) -> bool:
    """Return whether a mark was made before this machine was started, or on another one that uses the same engine."""
    return owner.partition(".")[0] != _machine().partition(".")[0]


def new_folder() -> Path:
    """Make a temporary folder that carries our mark."""
    return Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{mark().replace(':', '_')}_"))


@contextlib.contextmanager
def temporary_folder() -> Generator[Path]:
    """Make one, and remove it afterwards; should we be killed, a sweep does."""
    folder = new_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep_folders() -> list[str]:
    """Remove temporary folders of processes that are gone, and return their names."""
    removed: list[str] = []
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        owner = ":".join(folder.name.removeprefix(FOLDER_PREFIX).split("_")[:3])
        with contextlib.suppress(OSError):
            if is_dead(owner) or (is_of_another_boot(owner) and folder.stat().st_mtime < _booted()):
                shutil.rmtree(folder)
                removed.append(folder.name)
    return removed


def _booted() -> float:
    """Return when this machine was started: what is older belongs to nobody who lives."""
    lines = Path("/proc/stat").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("btime "))
