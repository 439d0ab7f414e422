"""The Python that programs run under: ours, with its packages, and what must be visible for it to start."""

from __future__ import annotations

import math
import os
import platform
import site
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from ai_scientist.sandbox.contract import Limits

LAB = Path(__file__).resolve().with_name("lab.py")
"""The module that programs import. Never imported here: it seeds what imports it."""

_SYSTEM = (Path("/usr"), Path("/usr/local"), Path("/"))
"""Prefixes that hold much more than a Python: only their libraries are shown."""


def python_environment(
    limits: Limits, *, home: str, path: str, python_path: tuple[str, ...], gpus: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return what Python and its libraries need to find, and to behave alike every time.

    Threads of numerical libraries follow the limit on CPUs: more would only wait for each other, and the number of
    threads changes the last digits of sums.
    """
    threads = str(max(1, math.floor(limits.cpus)))
    return {
        "PATH": path,
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "PYTHONPATH": ":".join(python_path),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",  # what a killed program printed is in its file
        "PYTHONFAULTHANDLER": "1",  # a crash below Python leaves a traceback
        "PYTHONNOUSERSITE": "1",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{home}/matplotlib",
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), threads),
        "LOKY_MAX_CPU_COUNT": threads,
        "CUDA_VISIBLE_DEVICES": ",".join(gpus),
    }


@cache
def user_packages() -> tuple[str, ...]:
    """Return folders of packages outside the interpreter's prefix that our own Python uses, such as the user's site."""
    prefixes = [Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix)]
    found: list[str] = []
    for entry in sys.path:
        folder = Path(entry)
        is_packages = folder.name in ("site-packages", "dist-packages") or entry == site.getusersitepackages()
        if is_packages and folder.is_dir() and not any(folder.resolve().is_relative_to(p) for p in prefixes):
            found.append(str(folder))
    return tuple(found)


@cache
def visible_paths() -> tuple[Path, ...]:
    """Return the folders and files that our interpreter needs, outermost only."""
    wanted = [Path(sys.prefix), Path(sys.base_prefix), *map(Path, user_packages()), *_hops(Path(sys.executable))]
    paths: set[Path] = set()
    for path in [*wanted, *(path.resolve() for path in wanted)]:
        paths.update(_libraries(path) if path in _SYSTEM else [path])
    paths.update(_libraries(Path("/usr")))
    paths.update(_libraries(Path("/usr/local")))
    extra = [Path("/etc/ld.so.cache"), Path("/etc/alternatives"), Path("/usr/share/zoneinfo")]
    paths.update(path for path in extra if path.exists())
    return tuple(sorted(p for p in paths if not any(q != p and p.is_relative_to(q) for q in paths)))


def library_links() -> Mapping[str, str | None]:
    """Return /lib, /lib64 and the like: the link's target, or None for a folder of its own."""
    found: dict[str, str | None] = {}
    for name in ("/lib", "/lib32", "/lib64", "/libx32"):
        path = Path(name)
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_dir():
            found[name] = None
    return found


@cache
def describe_python() -> dict[str, str]:
    """Return the interpreter's version, and that of every package it sees."""
    facts = {"python": platform.python_version(), "implementation": platform.python_implementation()}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            facts[f"package:{name.lower()}"] = distribution.version
    return dict(sorted(facts.items()))


def _libraries(prefix: Path) -> Iterator[Path]:
    """Yield the folders of a system prefix in which libraries and modules lie."""
    for name in ("lib", "lib32", "lib64", "libx32", "libexec"):
        folder = prefix / name
        if folder.is_dir() and not folder.is_symlink():
            yield folder


def _hops(executable: Path) -> Iterator[Path]:
    """Yield what must be there so that each link from our interpreter to the real file can be followed."""
    for _ in range(16):
        home = executable.parent.parent if executable.parent.name == "bin" else executable
        yield executable if home in _SYSTEM else home
        if not executable.is_symlink():
            return
        executable = executable.parent / os.readlink(executable)
