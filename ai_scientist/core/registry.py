"""Names for interchangeable parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from ai_scientist.core.errors import ConfigError

T = TypeVar("T")


class Registry(Generic[T]):
    """Parts of one kind, by name. A name is written into journals, so it never changes its meaning."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._parts: dict[str, T] = {}

    def add(self, name: str, part: T) -> None:
        """Register a part.

        Raises:
            ConfigError: If the name is taken.
        """
        if name in self._parts:
            raise ConfigError(f"There is already a {self._kind} named {name!r}.")
        self._parts[name] = part

    def get(self, name: str) -> T:
        """Return the part of that name.

        Raises:
            ConfigError: If there is none; the message lists those that exist.
        """
        if name not in self._parts:
            raise ConfigError(f"There is no {self._kind} named {name!r}; there are {', '.join(sorted(self._parts))}.")
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._parts))
