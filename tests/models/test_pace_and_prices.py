"""Waiting, pacing, prices, keys: the small rules behind a call."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_scientist.core.clock import FixedClock
from ai_scientist.core.errors import ConfigError
from ai_scientist.models.exchange import CallFailed, Usage
from ai_scientist.models.failures import retry_after, understand
from ai_scientist.models.pace import Pace, RetryRule
from ai_scientist.models.prices import Price, Rates, load_prices
from ai_scientist.models.providers import redact
from tests.models.desk import KEY


def test_retries_are_bounded_and_waits_grow_to_a_limit() -> None:
    rule, dice = RetryRule(tries=10, first_seconds=1, longest_seconds=8), Random(0)
    waits = [rule.wait(CallFailed("server", ""), made, dice) for made in range(1, 11)]
    assert waits[-1] is None
    numbers = [wait for wait in waits if wait is not None]
    assert len(numbers) == 9 and max(numbers) <= 8 and numbers[0] <= 1 and numbers[-1] >= 4


def test_a_wait_that_is_told_is_kept_unless_it_is_unreasonable() -> None:
    rule, dice = RetryRule(), Random(0)
    assert 20 <= (rule.wait(CallFailed("rate", "", retry_after_seconds=20), 1, dice) or 0) < 20.2
    assert rule.wait(CallFailed("rate", "", retry_after_seconds=3600), 1, dice) is None


def test_a_date_is_a_way_to_say_how_long_to_wait() -> None:
    assert (retry_after({"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}) or 0) > 1e6
    assert retry_after({"Retry-After": "Wed, 21 Oct 1999 07:28:00 GMT"}) is None
    assert retry_after({"Retry-After": "-5"}) is None
    assert retry_after({}) is None


async def test_tokens_a_minute_are_kept_under_many_callers() -> None:
    clock = FixedClock()
    taken: list[tuple[float, int]] = []

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        await asyncio.sleep(0)

    pace = Pace(clock, calls=5, tokens_per_minute=1000, sleep=sleep)

    async def caller(number: int) -> None:
        async with pace.slot(300) as took:
            taken.append((clock.monotonic(), 300))
            await asyncio.sleep(0)
            took(300)

    await asyncio.gather(*(caller(number) for number in range(12)))
    for moment, _ in taken:
        assert sum(tokens for at, tokens in taken if moment - 60 < at <= moment) <= 1000
    assert clock.monotonic() >= 180


async def test_one_call_larger_than_a_minute_goes_alone() -> None:
    pace = Pace(FixedClock(), calls=1, tokens_per_minute=10)
    async with pace.slot(1000):
        pass


def test_prices_count_cached_tokens_at_their_own_price() -> None:
    price = Price(input=2.0, output=8.0, cached_input=0.5)
    assert price.cost(Usage(input=1000, output=100, cached=400)) == pytest.approx((600 * 2 + 400 * 0.5 + 100 * 8) / 1e6)
    assert price.most(1000, 100) == pytest.approx((1000 * 2 + 100 * 8) / 1e6)
    assert Price(input=2.0, output=8.0).cost(Usage(input=1000, output=0, cached=1000)) == pytest.approx(0.002)


def test_a_long_prompt_costs_its_own_rates_and_the_bound_knows() -> None:
    price = Price(input=1, output=2, long_above=1000, long=Rates(input=3, output=4))
    assert price.cost(Usage(input=1000, output=10)) == pytest.approx(1020 / 1e6)
    assert price.cost(Usage(input=1001, output=10)) == pytest.approx((3 * 1001 + 40) / 1e6)
    assert price.most(1001, 10) >= price.cost(Usage(input=1001, output=10))


@given(
    st.sampled_from(sorted(load_prices().models.values(), key=lambda price: price.model_dump_json())),
    st.integers(0, 400_000),
    st.integers(0, 20_000),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_no_call_costs_more_than_its_bound(price: Price, most: int, output: int, used: float, part: float) -> None:
    total = int(most * used)
    usage = Usage(input=total, output=output, cached=int(total * part / 2), cache_written=int(total * part / 2))
    assert price.cost(usage) <= price.most(most, output) + 1e-12


def test_a_dated_version_costs_what_the_model_does() -> None:
    table = load_prices()
    assert table.price("openai:gpt-4o-mini-2024-07-18") == table.price("openai:gpt-4o-mini")
    assert table.price("anthropic:claude-haiku-4-5-20251001") == table.price("anthropic:claude-haiku-4-5")
    assert table.price("openai:gpt-4o-audio-preview") is None


def test_every_shipped_price_has_a_source_and_a_date() -> None:
    for name, price in load_prices().models.items():
        assert ":" in name and price.source and price.date >= "2025", name


def test_an_own_table_goes_before_the_shipped_one_and_exact_names_before_patterns(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('[models."ollama:big"]\ninput = 3\noutput = 4\n[models."x:*"]\ninput = 1\noutput = 1\n')
    table = load_prices(own)
    big, small, unknown = table.price("ollama:big"), table.price("ollama:small"), table.price("nobody:model")
    assert big is not None and big.input == 3
    assert small is not None and small.input == 0
    assert unknown is None


@pytest.mark.parametrize("text", ["nonsense", "[models.a]\ninput = -1\noutput = 1", "[models.a]\ninput = 1", "[other]"])
def test_a_table_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text(text)
    with pytest.raises(ConfigError, match="not well-formed"):
        load_prices(tmp_path / "prices.toml")


@pytest.mark.parametrize(
    "text", [f"Bearer {KEY}", f"key={KEY}.", "Incorrect API key: sk-proj-abcdEFGH1234****wxyz", f"x{KEY}y"]
)
def test_keys_are_taken_out_of_texts(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    clean = redact(text)
    assert KEY not in clean and "abcdEFGH1234" not in clean and "[key removed]" in clean


class _Strange(Exception):
    """As a client library might raise it."""

    def __init__(self, message: str, **attributes: object) -> None:
        super().__init__(message)
        for name, value in attributes.items():
            setattr(self, name, value)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (_Strange("overloaded_error", status_code=529), "server"),
        (_Strange("prompt is too long: 210000 tokens > 200000 maximum", status_code=400), "context"),
        (_Strange("Your credit balance is too low", status_code=400), "quota"),
        (_Strange("Request too large", status_code=413), "context"),
        (_Strange("nope", status_code=403), "key"),
        (_Strange("Output blocked by content filtering policy", status_code=400), "filtered"),
        (_Strange("max_tokens is too large", status_code=400), "unsupported"),
        (ConnectionResetError("reset"), "network"),
        (TimeoutError(), "timeout"),
        (KeyError("choices"), "unreadable"),
        (ValueError("No generation chunks were returned"), "unreadable"),
    ],
)
def test_failures_of_any_library_are_understood_by_their_shape(error: Exception, kind: str) -> None:
    assert understand(error, began=False).kind == kind


def test_after_an_answer_began_a_broken_connection_is_a_cut_answer() -> None:
    assert understand(ConnectionResetError("reset"), began=True).kind == "cut"
