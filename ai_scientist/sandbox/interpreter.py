"""The Python that programs run under: ours, with its packages, and what must be visible for it to start."""

from __future__ import annotations

import math
import os
import platform
import py_compile
import site
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import PycInvalidationMode

from ai_scientist.sandbox.contract import Limits

LAB = Path(__file__).resolve().with_name("lab.py")
"""The module that programs import. Never imported here: it seeds what imports it."""


@cache
def lab_bytecode() -> bytes:
    """Return the module that programs import, compiled, so that no program has to do it again.

    It holds whenever it stands at `lab_cache` beside the source, whatever the source's date.
    """
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "lab.pyc")
        py_compile.compile(str(LAB), str(made), doraise=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        return made.read_bytes()


def lab_cache(folder: str) -> str:
    """Return where our interpreter looks for the bytecode of a `lab.py` in a folder."""
    return cache_from_source(f"{folder}/lab.py")


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
    prefixes = [Path(sys.prefix), Path(sys.base_prefix)]
    paths: set[Path] = set()
    for prefix in [*prefixes, *(prefix.resolve() for prefix in prefixes), Path("/usr"), Path("/usr/local")]:
        paths.update(_parts(prefix, _LIBRARIES if prefix in _SYSTEM else _PREFIX))
    for folder in map(Path, user_packages()):
        paths.update((folder, folder.resolve()))
    extra = [Path("/etc/ld.so.cache"), Path("/etc/alternatives"), Path("/usr/share/zoneinfo")]
    paths.update(path for path in [*extra, Path(sys.executable).resolve()] if path.exists())
    return tuple(sorted(p for p in paths if not any(q != p and p.is_relative_to(q) for q in paths)))


@cache
def interpreter_links() -> Mapping[str, str]:
    """Return the links that lead to our interpreter's file and prefix, and lie in no visible folder: path → target."""
    found: dict[str, str] = {}
    for path in (sys.executable, sys.prefix, sys.base_prefix):
        for link, target in _links_on(Path(path)):
            inside = any(link.is_relative_to(visible) for visible in visible_paths())
            around = any(visible.is_relative_to(link) for visible in visible_paths())
            if not inside and not around and str(link) not in library_links():
                found[str(link)] = target
    return found


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


_LIBRARIES = ("lib", "lib32", "lib64", "libx32", "libexec")
"""Where libraries and modules lie in a prefix of the system."""

_PREFIX = (*_LIBRARIES, "bin", "include", "share", "pyvenv.cfg")
"""What is shown of a prefix of Python's own; settings with passwords for package indexes, for one, are not."""


def _parts(prefix: Path, names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        part = prefix / name
        if part.exists() and not (prefix in _SYSTEM and part.is_symlink()):
            yield part


def _links_on(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield every link that is followed on the way to a path, each with its target."""
    at, ahead, most = Path("/"), list(path.parts[1:]), 40
    while ahead and most:
        name = ahead.pop(0)
        step = at.parent if name == ".." else at / name
        if not step.is_symlink():
            at = step
            continue
        target, most = os.readlink(step), most - 1
        yield step, target
        ahead = [part for part in Path(target).parts if part != "/"] + ahead
        at = Path("/") if os.path.isabs(target) else at
