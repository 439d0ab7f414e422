"""Control groups, where this machine lets us make them: limits on all processes of a program together."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from ai_scientist.sandbox.contract import Limits
from ai_scientist.sandbox.orders import Group

_ROOT = Path("/sys/fs/cgroup")
PREFIX = "ai-scientist-"
"""What names of our groups begin with; the process id of their harness follows."""

_OURS = 3  # processes in a group that are not the program's: its guard, and bwrap's two
_CONTROLLERS = ("memory", "pids", "cpu")
_PERIOD_MICROSECONDS = 100_000


@dataclass(frozen=True, kw_only=True)
class Cgroups:
    """Where groups can be made, by controller.

    Attributes:
        version: 0 if none can be made; 1 or 2 for the kernel's two interfaces.
        folders: Controller → folder in which groups can be made. With version 2 all are the same.
        files: What a new group offers to be set; swap accounting, for one, is a kernel option.
    """

    version: int
    folders: dict[str, Path]
    files: frozenset[str] = frozenset()

    @classmethod
    def none(cls) -> Cgroups:
        """Return what stands for "no groups": limits are then watched instead."""
        return cls(version=0, folders={})

    @classmethod
    def find(cls) -> Cgroups:
        """Return what this machine lets us make, found out by making one."""
        own = _own_groups()
        if (_ROOT / "cgroup.controllers").exists():
            for folder in (_ROOT / own.get("", "").lstrip("/"), _ROOT):
                usable = [name for name in _CONTROLLERS if name in _words(folder / "cgroup.subtree_control")]
                files = _probe(folder) if usable else frozenset[str]()
                if files:
                    return cls(version=2, folders=dict.fromkeys(usable, folder), files=files)
            return cls.none()
        folders: dict[str, Path] = {}
        offered: frozenset[str] = frozenset()
        for name in _CONTROLLERS:
            for folder in (_ROOT / name / own.get(name, "").lstrip("/"), _ROOT / name):
                files = _probe(folder)
                if files and name not in folders:
                    folders[name] = folder
                    offered |= files
        return cls(version=1, folders=folders, files=offered) if folders else cls.none()

    @property
    def kind(self) -> str:
        """What holds the limits, for people to read."""
        if not self.version:
            return "rlimits and a watch"
        return f"cgroup v{self.version} ({', '.join(sorted(self.folders))}), rlimits"

    @property
    def limits_memory(self) -> bool:
        """Whether memory of all processes together is limited."""
        return "memory" in self.folders

    @property
    def limits_processes(self) -> bool:
        """Whether the number of processes is limited."""
        return "pids" in self.folders

    def groups(self, limits: Limits) -> list[Group]:
        """Return the groups for one program; its guard makes and removes them."""
        made: dict[Path, Group] = {}
        for controller, folder in self.folders.items():
            values = self._values(controller, limits)
            peak, kills = _MEMORY_FILES[self.version] if controller == "memory" else ("", "")
            group = made.get(folder, Group(folder=str(folder)))
            made[folder] = Group(
                folder=group.folder,
                values={**group.values, **values},
                peak=group.peak or peak,
                kills=group.kills or kills,
            )
        return list(made.values())

    def _values(self, controller: str, limits: Limits) -> dict[str, str]:
        quota = str(max(1000, int(limits.cpus * _PERIOD_MICROSECONDS)))
        memory, period = str(limits.memory_bytes), str(_PERIOD_MICROSECONDS)
        if self.version == 1:
            every = {
                "memory": {"memory.limit_in_bytes": memory},
                "pids": {"pids.max": str(limits.processes + _OURS)},
                "cpu": {"cpu.cfs_period_us": period, "cpu.cfs_quota_us": quota},
            }
        else:
            every = {
                "memory": {"memory.max": memory, "memory.swap.max": "0"},
                "pids": {"pids.max": str(limits.processes + _OURS)},
                "cpu": {"cpu.max": f"{quota} {period}"},
            }
        return {name: value for name, value in every[controller].items() if name in self.files}


_MEMORY_FILES = {1: ("memory.max_usage_in_bytes", "memory.oom_control"), 2: ("memory.peak", "memory.events")}


def sweep() -> list[str]:
    """Remove groups whose harness and guard both died, and return their names. Groups of living ones stay."""
    removed: list[str] = []
    for folder in set(Cgroups.find().folders.values()):
        for group in folder.glob(f"{PREFIX}*"):
            owner = group.name.removeprefix(PREFIX).partition("-")[0]
            if owner.isdigit() and not Path("/proc", owner).exists():
                with contextlib.suppress(OSError):
                    group.rmdir()
                    removed.append(group.name)
    return removed


def _own_groups() -> dict[str, str]:
    """Return controller → our own group; "" is version 2's."""
    found: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, names, path = line.split(":", 2)
            for name in names.split(","):
                found[name] = path
    return found


def _probe(folder: Path) -> frozenset[str]:
    """Return the files of a new group there, or nothing if we may make none or put no process of ours into it."""
    group = folder / f"{PREFIX}{os.getpid()}-probe-{secrets.token_hex(3)}"
    try:
        group.mkdir()
    except OSError:
        return frozenset()
    try:
        may_move = all(os.access(place / "cgroup.procs", os.W_OK) for place in (group, folder))
        return frozenset(entry.name for entry in group.iterdir()) if may_move else frozenset()
    finally:
        with contextlib.suppress(OSError):
            group.rmdir()


def _words(path: Path) -> set[str]:
    try:
        return set(path.read_text().split())
    except OSError:
        return set()
