"""A finding: something in a run that cannot be traced to its origin, or contradicts it."""

from __future__ import annotations

from pydantic import Field

from ai_scientist.core.values import Value


class Finding(Value):
    """One artifact, number, figure, claim or citation, where it stands, and what is wrong with it."""

    kind: str = Field(description="ledger, plan, rows, cell, test, number, claim, figure, table, citation, reference …")
    where: str = Field(description="File, and line or address in it.")
    why: str

    @property
    def places(self) -> list[str]:
        """Where it stands, and what lies around that: "a.tex, section 2" is in "a.tex" too."""
        parts = self.where.split(", ")
        return [", ".join(parts[:count]) for count in range(1, len(parts) + 1)]
