"""How many comparisons were made, counted from the ledger and not from what a writer shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ai_scientist.analysis.results import exploratory
from ai_scientist.analysis.rows import Row
from ai_scientist.core.ledger import Event
from ai_scientist.core.plan import Hypothesis, Plan

CONFIRM = "confirm"
"""The stage whose nodes are compared; a second program confirmed is a second look at the hypotheses."""


def count_family(events: Iterable[Event], plan: Plan, rows: Sequence[Row], *, extra: Sequence[Hypothesis] = ()) -> int:
    """Return the number of comparisons to correct for.

    Each confirmed program is one look at each of the plan's hypotheses and at each ablation, also if its results are
    not the ones that are shown. Programs are told apart by their checkpoint, so a resumed run counts none twice.

    Args:
        events: The ledger's, in any order.
        plan: The locked one.
        rows: Of the confirmed node that is shown.
        extra: Comparisons added after results existed.
    """
    made = len(plan.hypotheses) + len(exploratory({row.condition for row in rows}, plan)) + len(extra)
    looks = {
        str(event.facts.get("checkpoint") or event.facts.get("node"))
        for event in events
        if event.kind == "node.finished" and event.facts.get("stage") == CONFIRM and event.facts.get("status") == "ok"
    }
    return made * max(1, len(looks))
