"""What the checks of a search keep of each node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What later checks need of a node; measurements stay on disk."""

    id: str
    number: int
    stage: str
    operator: str
    title: str
    parents: tuple[str, ...]
    checkpoint: str
    move: str
    components: tuple[str, ...]
    is_copy: bool
    status: str | None = None
    value: float | None = None
    seeds: tuple[int, ...] = ()


Tree = Mapping[str, Brief]
"""Nodes by id, oldest first."""
