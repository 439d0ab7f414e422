"""Which model calls were made on somebody's behalf: so that a node can name the calls behind it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from ai_scientist.core.ids import Sha256

_made: ContextVar[list[Sha256] | None] = ContextVar("calls_made", default=None)


@contextmanager
def calls_made() -> Generator[list[Sha256]]:
    """Collect the keys of the calls that are made inside, stored ones too, each once and in their order."""
    keys: list[Sha256] = []
    token = _made.set(keys)
    try:
        yield keys
    finally:
        _made.reset(token)


def note_call(key: Sha256) -> None:
    """Say that a call was made."""
    keys = _made.get()
    if keys is not None and key not in keys:
        keys.append(key)
