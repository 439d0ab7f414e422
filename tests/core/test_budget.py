"""Budgets: nothing is spent that was not reserved, and no limit is ever passed."""

from __future__ import annotations

import asyncio
import threading
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_scientist.core.budget import Budget, Cost
from ai_scientist.core.clock import FixedClock
from ai_scientist.core.errors import BudgetExceeded
from ai_scientist.core.settings import BudgetSettings, StageBudget


def limits(
    usd: float | None = None,
    tokens: int | None = None,
    hours: float | None = None,
    *,
    share: float = 0.0,
    **stages: StageBudget,
) -> BudgetSettings:
    return BudgetSettings(usd=usd, tokens=tokens, hours=hours, paper_share=share, stages=stages)


def test_what_fits_is_reserved_and_settled_at_what_it_cost() -> None:
    budget = Budget(limits(usd=1.0, tokens=1000), FixedClock())
    with budget.reserve(Cost(usd=0.9, tokens=900), "write") as room:
        room.settle(Cost(usd=0.1, tokens=100))
    assert (budget.spent.usd, budget.spent.tokens, budget.spent.steps) == (0.1, 100, 1)
    budget.reserve(Cost(usd=0.9, tokens=900), "write")


def test_what_does_not_fit_is_refused_and_nothing_changes() -> None:
    budget = Budget(limits(usd=1.0), FixedClock())
    with pytest.raises(BudgetExceeded) as caught:
        budget.reserve(Cost(usd=1.01, tokens=1), "write")
    assert caught.value.limit == "usd"
    assert "$1.01" in str(caught.value) and "$1.00" in str(caught.value)
    assert budget.spent.steps == 0
    budget.reserve(Cost(usd=1.0, tokens=1), "write")


def test_a_reservation_left_unsettled_gives_everything_back() -> None:
    budget = Budget(limits(tokens=10), FixedClock())
    with pytest.raises(RuntimeError), budget.reserve(Cost(usd=None, tokens=10)):
        raise RuntimeError
    budget.reserve(Cost(usd=None, tokens=10))


def test_settling_twice_counts_once() -> None:
    budget = Budget(limits(), FixedClock())
    room = budget.reserve(Cost(usd=1.0, tokens=10))
    for _ in range(3):
        room.settle(Cost(usd=0.5, tokens=5))
        room.release()
    assert budget.spent.tokens == 5


def test_a_stage_has_its_own_limit_and_names_it() -> None:
    budget = Budget(limits(usd=10.0, tune=StageBudget(usd=0.5)), FixedClock())
    with pytest.raises(BudgetExceeded) as caught:
        budget.reserve(Cost(usd=0.6, tokens=1), "tune")
    assert caught.value.limit == "tune usd"
    budget.reserve(Cost(usd=0.6, tokens=1), "explore")


def test_a_share_is_kept_for_the_paper() -> None:
    budget = Budget(limits(tokens=1000, share=0.25), FixedClock())
    budget.reserve(Cost(usd=0, tokens=750), "explore").settle(Cost(usd=0, tokens=750))
    with pytest.raises(BudgetExceeded, match="kept for the paper"):
        budget.reserve(Cost(usd=0, tokens=1), "explore")
    budget.reserve(Cost(usd=0, tokens=250), "write")


def test_time_ends_a_run_and_a_stage_and_earlier_sessions_count() -> None:
    clock = FixedClock()
    budget = Budget(limits(hours=1.0, tune=StageBudget(hours=0.25)), clock, seconds=1800)
    budget.check("tune")
    assert budget.seconds_left("tune") == 900
    clock.advance(900)
    with pytest.raises(BudgetExceeded) as caught:
        budget.check("tune")
    assert caught.value.limit == "tune seconds"
    budget.check("explore")
    clock.advance(901)
    with pytest.raises(BudgetExceeded) as caught:
        budget.reserve(Cost(usd=0, tokens=0), "explore")
    assert caught.value.limit == "seconds"
    assert budget.spent_by_stage["tune"].seconds == 900
    assert budget.spent.seconds == 3601


def test_an_unknown_price_is_counted_as_unknown_not_as_zero() -> None:
    budget = Budget(limits(), FixedClock())
    budget.reserve(Cost(usd=None, tokens=10), "plan").settle(Cost(usd=None, tokens=10))
    assert (budget.spent.usd, budget.spent.unpriced) == (0.0, 1)


def test_what_was_spent_before_is_restored_with_what_was_lost() -> None:
    budget = Budget(limits(usd=1.0), FixedClock())
    budget.restore("tune", Cost(usd=0.6, tokens=10))
    budget.restore("tune", Cost(usd=0.3, tokens=20), lost=True)
    assert budget.spent.lost_usd == 0.3
    assert budget.spent_by_stage["tune"].tokens == 30
    with pytest.raises(BudgetExceeded):
        budget.reserve(Cost(usd=0.2, tokens=1))


def test_a_free_step_passes_a_limit_of_nothing() -> None:
    Budget(limits(usd=0.0), FixedClock()).reserve(Cost(usd=0.0, tokens=5))


async def test_waiting_for_a_step_under_way_rather_than_ending_the_run() -> None:
    budget = Budget(limits(usd=1.0), FixedClock())
    first = await budget.acquire(Cost(usd=0.8, tokens=1))
    second = asyncio.create_task(budget.acquire(Cost(usd=0.8, tokens=1)))
    await asyncio.sleep(0)
    assert not second.done()
    first.settle(Cost(usd=0.1, tokens=1))
    (await second).release()


async def test_waiting_ends_when_the_step_under_way_used_it_all() -> None:
    budget = Budget(limits(usd=1.0), FixedClock())
    first = await budget.acquire(Cost(usd=0.8, tokens=1))
    second = asyncio.create_task(budget.acquire(Cost(usd=0.8, tokens=1)))
    await asyncio.sleep(0)
    first.settle(Cost(usd=0.8, tokens=1))
    with pytest.raises(BudgetExceeded):
        await second


async def test_sixteen_callers_that_try_overspend_nothing() -> None:
    """Each caller asks for random amounts and spends all of it, or a part, or fails; together they want ten times."""
    limit, dice = 3.0, Random(7)
    budget = Budget(limits(usd=limit, tokens=40_000), FixedClock())
    peaks: list[float] = []

    async def caller() -> int:
        done = 0
        for _ in range(60):
            worst = Cost(usd=dice.random() * 0.07, tokens=dice.randrange(1, 900))
            try:
                with await budget.acquire(worst) as room:
                    await asyncio.sleep(0)
                    part = dice.choice([0.0, 0.3, 1.0])
                    if part:
                        room.settle(Cost(usd=(worst.usd or 0) * part, tokens=int(worst.tokens * part)))
                        done += 1
                    peaks.append(budget.spent.usd)
            except BudgetExceeded:
                continue
        return done

    done = sum(await asyncio.gather(*(caller() for _ in range(16))))
    assert budget.spent.steps == done
    assert max(peaks) <= limit and budget.spent.tokens <= 40_000
    assert budget.spent.tokens > 39_000 or budget.spent.usd > limit * 0.97  # it does not stop far too early either


def test_threads_that_reserve_at_once_overspend_nothing() -> None:
    budget = Budget(limits(tokens=10_000), FixedClock())

    def work(seed: int) -> None:
        dice = Random(seed)
        for _ in range(200):
            tokens = dice.randrange(1, 50)
            try:
                with budget.reserve(Cost(usd=0, tokens=tokens)) as room:
                    room.settle(Cost(usd=0, tokens=tokens))
            except BudgetExceeded:
                continue

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 9_950 < budget.spent.tokens <= 10_000


STEPS = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=1, allow_nan=False),  # most it can cost
        st.floats(min_value=0, max_value=1, allow_nan=False),  # part of it that it costs
        st.sampled_from(["tune", "write", ""]),
        st.booleans(),  # whether it is settled before the next one starts
    ),
    max_size=60,
)


@given(limit=st.floats(min_value=0, max_value=5), own=st.floats(min_value=0, max_value=2), steps=STEPS)
def test_no_sequence_of_steps_passes_a_limit(
    limit: float, own: float, steps: list[tuple[float, float, str, bool]]
) -> None:
    budget = Budget(limits(usd=limit, share=0.25, tune=StageBudget(usd=own)), FixedClock())
    for worst, part, stage, at_once in steps:
        try:
            room = budget.reserve(Cost(usd=worst, tokens=1), stage)
        except BudgetExceeded:
            continue
        if at_once:
            room.settle(Cost(usd=worst * part, tokens=1))
    stages = budget.spent_by_stage
    assert budget.spent.usd <= limit
    assert stages["tune"].usd <= own if "tune" in stages else True
    early = sum(spent.usd for name, spent in stages.items() if name != "write")
    assert early <= limit * 0.75 + 1e-9
