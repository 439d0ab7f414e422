"""Which edition of the renderer made a paper: only the same one gives the same bytes again."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

PARTS = ("analysis", "paper", "templates/latex")
"""What decides how a paper looks, its figures and tables included."""


@cache
def edition() -> str:
    """Return a hash of the sources that render papers, sixteen hexadecimal digits.

    An auditor with the same edition compares bytes; one with another compares words and numbers.
    """
    digest = hashlib.sha256()
    root = resources.files("ai_scientist")
    for part in PARTS:
        for name, file in sorted(_files(root.joinpath(part))):
            digest.update(f"{part}/{name}\n".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(folder: Traversable) -> list[tuple[str, Traversable]]:
    return [
        (file.name, file) for file in folder.iterdir() if file.is_file() and file.name.endswith((".py", ".j2", ".sty"))
    ]
