"""Which edition of the rules wrote a paper: only the same one writes the same words again."""

from __future__ import annotations

from ai_scientist.core.edition import edition_of

PARTS = ("agents", "review", "rules", "templates/research")
"""What decides which words rules choose, and which facts they choose them from."""


def edition() -> str:
    """Return the hash by which editions of the rules are told apart."""
    return edition_of(*PARTS)
