"""Kinds of fabrication and where they are listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.forger import Forger

Plant = Callable[[Forger], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of fabrication.

    Attributes:
        about: What is done, in a few words.
        rerun: Whether the forgery is complete, so that only running the program again can show it.
    """

    name: str
    about: str
    plant: Plant
    rerun: bool = False


KINDS: list[Kind] = []


def kind(about: str, *, rerun: bool = False) -> Callable[[Plant], Plant]:
    """Register a kind under its function's name."""

    def register(plant: Plant) -> Plant:
        KINDS.append(Kind(name=plant.__name__, about=about, plant=plant, rerun=rerun))
        return plant

    return register
