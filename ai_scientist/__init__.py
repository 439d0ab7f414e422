"""From a broad topic to an audited paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ai_scientist.api import AIScientist, Research

__all__ = ["AIScientist", "Research"]


def __getattr__(name: str) -> object:
    # Loaded on first use: `ai-scientist --help` must not wait for the graph.
    if name in __all__:
        from ai_scientist import api

        return getattr(api, name)
    raise AttributeError(f"module 'ai_scientist' has no attribute {name!r}")
