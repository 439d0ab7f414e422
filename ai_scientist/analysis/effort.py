"""How often the search varied the baseline's settings, and how often the proposed condition's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ai_scientist.analysis.soundness import Check, not_checked, passed, warned
from ai_scientist.core.values import Scalar

TUNED = "the baseline was tuned too"

ENOUGH = 0.25
"""The baseline's share of the proposed condition's variations below which the two had no comparable budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One program of the search.

    Attributes:
        settings: What it said through `lab.config`.
        before: The settings of each program that it was made from.
    """

    settings: Mapping[str, Scalar]
    before: Sequence[Mapping[str, Scalar]]


def tuned_alike(tried: Sequence[Tried], *, baseline: str, target: str) -> Check:
    """Return whether the baseline had a share in the search: settings that all conditions share count for both."""
    followed = [t for t in tried if t.before]
    if not followed:
        return not_checked(TUNED, "No program of the search has a configuration to compare with its parent's.")
    mine, other = _varied(followed, target), _varied(followed, baseline)
    told = f"The baseline's settings were varied in {other} programs, the proposed condition's in {mine}"
    if mine and not other:
        return warned(TUNED, f"{told}: what the search gained, the baseline could not.")
    if other < ENOUGH * mine:
        return warned(TUNED, f"{told}: the baseline had less than a quarter of that budget.")
    return passed(TUNED, f"{told}; settings that both share count for both.")


def _varied(tried: Sequence[Tried], condition: str) -> int:
    return sum(all(_of(condition, t.settings) != _of(condition, before) for before in t.before) for t in tried)


def _of(condition: str, settings: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return the settings under which a condition ran: those that all share, and its own."""
    shared = {key: value for key, value in settings.items() if "/" not in key}
    own = {key.partition("/")[2]: value for key, value in settings.items() if key.startswith(f"{condition}/")}
    return shared | own
