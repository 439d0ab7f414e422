"""Which edition of a part of this package made something: only the same one makes the same again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable


@cache
def edition_of(*parts: str) -> str:
    """Return a hash of the sources under some folders of the package, sixteen hexadecimal digits."""
    digest = hashlib.sha256()
    root = resources.files("ai_scientist")
    for part in parts:
        for name, file in sorted(_files(root.joinpath(part), part), key=lambda found: found[0]):
            digest.update(f"{name}\n".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for file in folder.iterdir():
        if file.is_dir() and file.name != "__pycache__":
            yield from _files(file, f"{path}/{file.name}")
        elif file.is_file() and not file.name.endswith(".pyc"):
            yield f"{path}/{file.name}", file
