"""What programs use, as the kernel tells it: processes, memory, time. Standard library only, for guards."""

from __future__ import annotations

import os

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def read(path: str) -> str:
    """Return a file of the kernel's; empty if it is gone."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def descendants(pid: int) -> list[int]:
    """Return the processes below one, nearest first."""
    found: list[int] = []
    queue = [pid]
    while queue:
        parent = queue.pop()
        try:
            tasks = os.listdir(f"/proc/{parent}/task")
        except OSError:
            continue
        for task in tasks:
            children = [int(word) for word in read(f"/proc/{parent}/task/{task}/children").split()]
            found += children
            queue += children
    return found


def threads(pid: int) -> int:
    """Return how many threads a process has."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def usage(pid: int) -> tuple[float, int]:
    """Return CPU seconds of a process and of the children it waited for, and the most memory that it ever held."""
    words = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    ticks = sum(int(word) for word in words[11:15])
    peak = [line.split()[1] for line in read(f"/proc/{pid}/status").splitlines() if line.startswith("VmHWM:")]
    return ticks / _TICKS_PER_SECOND, 1024 * int(peak[0]) if peak else 0


def own_memory(pid: int) -> int:
    """Return the bytes that a process holds and shares with no file; quick, but forked processes share them."""
    words = read(f"/proc/{pid}/statm").split()
    return (int(words[1]) - int(words[2])) * _PAGE if len(words) > 2 else 0


def proportional_memory(pid: int) -> int:
    """Return the bytes that a process holds, what is shared counted by its share; slow."""
    for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
