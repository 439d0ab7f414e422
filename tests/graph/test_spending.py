"""What a run has spent and what is left, in facts and in words."""

from __future__ import annotations

from pathlib import Path

from ai_scientist.core.budget import Spent
from ai_scientist.core.clock import FixedClock
from ai_scientist.core.ledger import Ledger
from ai_scientist.core.settings import BudgetSettings, StageBudget
from ai_scientist.graph.spending import SESSION, account, seconds_so_far, sum_of


def test_what_is_left_is_told_for_each_limit() -> None:
    told = account(Spent(usd=1.25, tokens=120_000, seconds=1800), BudgetSettings(usd=5, tokens=2_000_000, hours=6))
    assert told.facts()["left"] == {"usd": 3.75, "tokens": 1_880_000, "seconds": 6 * 3600 - 1800}
    assert told.words() == "$1.25 of $5.00, 120K of 2M tokens, 0.5 of 6 h"


def test_an_unknown_price_is_said_and_never_taken_as_nothing() -> None:
    assert account(Spent(tokens=900, unpriced=2), BudgetSettings()).words() == "cost unknown, 900 tokens"
    both = account(Spent(usd=1, tokens=900, unpriced=1), StageBudget(usd=2))
    assert both.words() == "$1.00 and an unknown part of $2.00, 900 tokens"


def test_time_that_ran_over_leaves_nothing_rather_than_less() -> None:
    assert account(Spent(seconds=4000), StageBudget(hours=1)).facts()["left"]["seconds"] == 0


def test_accounts_add_up() -> None:
    assert sum_of([Spent(usd=1, tokens=2, steps=1), Spent(usd=2, lost_usd=2, steps=3)]) == Spent(
        usd=3, tokens=2, steps=4, lost_usd=2
    )


def test_the_time_of_a_killed_session_counts_and_the_time_between_sessions_does_not(tmp_path: Path) -> None:
    clock = FixedClock()
    totals: list[float] = []
    for work, is_killed in ((5.0, True), (7.0, False), (1.0, True), (0.0, True)):
        ledger = Ledger(tmp_path, clock)
        before = ledger.latest(SESSION)
        totals.append(seconds_so_far(before, ledger.last))
        facts = {"number": len(totals), "seconds": totals[-1]}
        ledger.record(SESSION, actor="harness", key=SESSION, facts=facts)
        clock.advance(work)
        kind = "node.finished" if is_killed else "session.ended"
        ledger.record(kind, actor="search", key=f"{kind}:{len(totals)}")
        ledger.close()
        clock.advance(1000.0)
    assert totals == [0.0, 5.0, 12.0, 13.0]
