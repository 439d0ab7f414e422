"""Checks of an experiment, as programs: what came of each, and in which words.

A failed check is about integrity: reviewers treat it as a veto, and the audit fails. A warning is a weakness that the
paper must live with. What could not be checked is said too: a silence is no pass. No check looks at which arm is
better.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ai_scientist.core.values import Value

Verdict = Literal["passed", "warned", "failed", "not checked"]


class Check(Value):
    """One check of the confirmed experiment."""

    name: str
    verdict: Verdict
    why: str = Field(description="What was looked at and found, as a sentence.")


class Soundness(Value):
    """What results/checks.json holds."""

    schema_version: int = 1
    node: str
    checks: tuple[Check, ...]

    def of(self, *verdicts: Verdict) -> tuple[Check, ...]:
        """Return the checks with these verdicts."""
        return tuple(check for check in self.checks if check.verdict in verdicts)


def passed(name: str, why: str) -> Check:
    """Return a check that found nothing wrong."""
    return Check(name=name, verdict="passed", why=why)


def warned(name: str, why: str) -> Check:
    """Return a check that found a weakness."""
    return Check(name=name, verdict="warned", why=why)


def failed(name: str, why: str) -> Check:
    """Return a check that found what no honest experiment has."""
    return Check(name=name, verdict="failed", why=why)


def not_checked(name: str, why: str) -> Check:
    """Return a check that could not be made."""
    return Check(name=name, verdict="not checked", why=why)
