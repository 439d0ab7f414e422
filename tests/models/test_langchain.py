"""A model behind a real client: nothing is paid twice, nothing is overspent, everything is written down."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from pathlib import Path
from random import Random

import pytest

from ai_scientist.core.errors import AnswerInvalid, BudgetExceeded, ModelError, RunCorrupted, TransientError
from ai_scientist.core.ledger import read_events
from ai_scientist.core.settings import BudgetSettings, StageBudget
from ai_scientist.models.made import calls_made
from ai_scientist.models.request import Request
from ai_scientist.models.store import Call, read_calls, spending
from tests.models.desk import KEY, PRICE, Desk, Small, question, set_up
from tests.models.server import BEHAVIOURS, Body, ChatServer, chat_server, first

FINE = Small(text="fine", count=3)


async def test_the_same_question_is_paid_once_also_by_the_next_session(tmp_path: Path) -> None:
    with chat_server() as server:
        desk = set_up(server.url, tmp_path)
        assert await desk.model.ask(question()) == await desk.model.ask(question()) == FINE
        desk.close()
        again = set_up(server.url, tmp_path)
        assert await again.model.ask(question()) == FINE
        again.close()
        assert len(server.asked) == 1
        before, after = desk.budget.spent, again.budget.spent
        assert (after.usd, after.tokens, after.steps) == (before.usd, before.tokens, before.steps)


async def test_the_same_question_asked_at_once_is_paid_once(tmp_path: Path) -> None:
    with chat_server() as server:
        server.latency = 0.05
        desk = set_up(server.url, tmp_path)
        answers = await asyncio.gather(*(desk.model.ask(question()) for _ in range(8)))
        desk.close()
        assert answers == [FINE] * 8
        assert len(server.asked) == 1


async def test_samples_tell_deliberate_repeats_apart(tmp_path: Path) -> None:
    with chat_server() as server:
        desk = set_up(server.url, tmp_path)
        for sample in (0, 1, 1, 2):
            await desk.model.ask(question(sample=sample))
        desk.close()
        assert len(server.asked) == 3


async def test_a_repaired_answer_is_not_paid_again_either(tmp_path: Path) -> None:
    with chat_server(first("missing_keys", "extra_keys")) as server:
        for _ in range(2):
            desk = set_up(server.url, tmp_path)
            assert await desk.model.ask(question()) == FINE
            desk.close()
        assert server.behaviours == ["missing_keys", "extra_keys", "good"]


async def test_an_answer_that_stayed_malformed_stays_so_without_being_asked_again(tmp_path: Path) -> None:
    with chat_server("wrong_types") as server:
        for _ in range(2):
            desk = set_up(server.url, tmp_path)
            with pytest.raises(AnswerInvalid):
                await desk.model.ask(question())
            desk.close()
        assert len(server.asked) == 3


async def test_a_call_is_written_down_whole(tmp_path: Path) -> None:
    with chat_server(first("rate_limited_told", "other_model")) as server:
        desk = set_up(server.url, tmp_path, temperature=0.5)
        await desk.model.ask(question())
        desk.close()
    (call,) = read_calls(tmp_path / "calls")
    assert call.address.model == "openai:some-model"
    assert call.answer.model == "some-model-2026-01-01"
    assert call.answer.fingerprint == "fp_1"
    assert call.address.temperature == 0.5
    assert call.address.messages[0].role == "system"
    assert [failed.kind for failed in call.tries] == ["rate"]
    assert call.tokens.cached > 0 and call.tokens.reasoning > 0 and not call.tokens.is_estimate
    assert call.latency_seconds > 0
    usage = call.tokens
    exact = (usage.input - usage.cached) * 1.0 + usage.cached * 0.5 + usage.output * 10.0
    assert call.cost_usd == pytest.approx(exact / 1e6)
    events = [event for event, _ in read_events(tmp_path / "ledger.jsonl")]
    assert [event.kind for event in events] == ["model.answered"]
    assert events[0].outputs[0].path == f"calls/{call.key}.json"
    assert events[0].facts["prompt_version"] == call.prompt_version


async def test_who_asks_can_learn_which_calls_were_made(tmp_path: Path) -> None:
    with chat_server(first("missing_keys")) as server:
        desk = set_up(server.url, tmp_path)
        with calls_made() as keys:
            await desk.model.ask(question("one"))
        with calls_made() as again:
            await asyncio.gather(desk.model.ask(question("one")), desk.model.ask(question("two")))
        desk.close()
    assert len(keys) == 2 and set(keys) < set(again) and len(again) == 3
    assert {call.key for call in read_calls(tmp_path / "calls")} == set(again)


async def test_a_crash_between_answer_and_ledger_leaves_one_entry_after_resume(tmp_path: Path) -> None:
    with chat_server() as server:
        desk = set_up(server.url, tmp_path)
        await desk.model.ask(question())
        desk.close()
        (tmp_path / "ledger.jsonl").write_text("")
        for _ in range(2):
            again = set_up(server.url, tmp_path)
            await again.model.ask(question())
            again.close()
    assert len(list(read_events(tmp_path / "ledger.jsonl"))) == 1


async def test_a_try_whose_end_was_not_seen_counts_at_its_worst_from_then_on(tmp_path: Path) -> None:
    with chat_server() as server:
        desk = set_up(server.url, tmp_path)
        await desk.model.ask(question("one"))
        desk.close()
        spent = desk.budget.spent
        # As a kill leaves it: the try has begun, and neither the answer nor an end was written.
        line = {"event": "began", "try": "1.9", "key": "ab" * 32, "stage": "plan", "usd": 0.25, "tokens": 900}
        with (tmp_path / "calls" / "spent.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n" + '{"event": "beg')
        for _ in range(3):
            again = set_up(server.url, tmp_path)
            assert again.budget.spent.usd == pytest.approx(spent.usd + 0.25)
            assert again.budget.spent.lost_tokens == 900
            again.close()


async def test_a_crash_after_the_answer_was_stored_counts_its_real_cost(tmp_path: Path) -> None:
    with chat_server() as server:
        desk = set_up(server.url, tmp_path)
        await desk.model.ask(question())
        desk.close()
        file = tmp_path / "calls" / "spent.jsonl"
        lines = file.read_text().splitlines()
        file.write_text("\n".join(lines[:-1]) + "\n")
        again = set_up(server.url, tmp_path)
        again.close()
    assert again.budget.spent.usd == desk.budget.spent.usd
    assert again.budget.spent.lost_usd == 0


async def test_a_cut_answer_may_have_been_billed_and_counts_at_its_worst(tmp_path: Path) -> None:
    with chat_server(first("cut_stream")) as server:
        desk = set_up(server.url, tmp_path)
        await desk.model.ask(question())
        desk.close()
    assert desk.budget.spent.lost_usd >= 500 * 10 / 1e6
    assert desk.budget.spent.steps == 2


async def test_a_refused_request_costs_nothing(tmp_path: Path) -> None:
    with chat_server("wrong_key") as server:
        desk = set_up(server.url, tmp_path)
        with pytest.raises(ModelError):
            await desk.model.ask(question())
        desk.close()
    assert desk.budget.spent.steps == 0


@pytest.mark.parametrize("behaviour", ["no_usage", "absurd_usage", "negative_usage"])
async def test_a_count_that_is_missing_or_cannot_be_is_replaced_by_a_bound_and_marked(
    behaviour: str, tmp_path: Path
) -> None:
    with chat_server(behaviour) as server:
        desk = set_up(server.url, tmp_path)
        await desk.model.ask(question())
        desk.close()
    (call,) = read_calls(tmp_path / "calls")
    assert call.tokens.is_estimate
    assert 0 < call.tokens.input < 20_000 and 0 < call.tokens.output <= 500


async def test_an_unknown_price_is_recorded_as_unknown(tmp_path: Path) -> None:
    with chat_server() as server:
        desk = set_up(server.url, tmp_path, price=None)
        await desk.model.ask(question())
        desk.close()
    (call,) = read_calls(tmp_path / "calls")
    assert call.cost_usd is None
    assert desk.budget.spent.unpriced == 1


async def test_a_damaged_call_is_refused_by_name(tmp_path: Path) -> None:
    with chat_server() as server:
        desk = set_up(server.url, tmp_path)
        await desk.model.ask(question())
        file = next(path for path in (tmp_path / "calls").iterdir() if len(path.stem) == 64)
        file.write_text(file.read_text().replace("label noise", "label n0ise"))
        with pytest.raises(RunCorrupted, match=file.name):
            await desk.model.ask(question())
        desk.close()


async def test_a_budget_ends_before_anything_is_sent(tmp_path: Path) -> None:
    with chat_server() as server:
        desk = set_up(server.url, tmp_path, limits=BudgetSettings(stages={"novelty": StageBudget(tokens=100)}))
        with pytest.raises(BudgetExceeded) as caught:
            await desk.model.ask(question())
        desk.close()
    assert caught.value.limit == "novelty tokens"
    assert server.asked == []


async def test_a_time_limit_ends_a_call_that_hangs(tmp_path: Path) -> None:
    with chat_server("hang") as server:
        desk = set_up(server.url, tmp_path, limits=BudgetSettings(hours=0.3 / 3600, paper_share=0), timeout=30)
        with pytest.raises(BudgetExceeded) as caught:
            await desk.model.ask(question())
        desk.close()
    assert caught.value.limit == "seconds"


async def test_sixteen_callers_overspend_nothing_at_an_endpoint_that_bills_all_it_can(tmp_path: Path) -> None:
    """Usage is as high as the request allows, and many calls fail; the server's own bill is compared."""
    limit = 0.06
    dice = Random(3)
    bill: list[float] = []

    def script(body: Body, number: int) -> str:
        return dice.choice(["good", "good", "missing_keys", "rate_limited", "error_500", "cut_stream", "no_usage"])

    def answer(body: Body) -> Body:
        bill.append((len(json.dumps(body["messages"]).encode()) // 4 * 1.0 + 60 * 10.0) / 1e6)
        return {"text": "x" * 200, "count": 1}

    with chat_server(script, answer) as server:
        desk = set_up(server.url, tmp_path, limits=BudgetSettings(usd=limit, paper_share=0.0))

        async def caller(name: int) -> str:
            for number in range(25):
                try:
                    await desk.model.ask(question(f"{name} {number}"))
                except (AnswerInvalid, TransientError):
                    continue
                except BudgetExceeded:
                    return "budget"
            return "done"

        ends = await asyncio.gather(*(caller(name) for name in range(16)))
        desk.close()
        assert set(ends) == {"budget"}
    assert desk.budget.spent.usd <= limit
    assert sum(bill) <= limit
    assert desk.budget.spent.usd > 0.8 * limit
    reopened = set_up("http://127.0.0.1:9/v1", tmp_path)
    reopened.close()
    assert reopened.budget.spent.usd == desk.budget.spent.usd


async def test_calls_at_once_are_limited(tmp_path: Path) -> None:
    with chat_server() as server:
        server.latency = 0.02
        desk = set_up(server.url, tmp_path, calls=3)
        await asyncio.gather(*(desk.model.ask(question(str(number))) for number in range(12)))
        desk.close()
    assert server.most_at_once == 3


async def test_a_cancelled_call_counts_at_its_worst_and_leaves_the_model_usable(tmp_path: Path) -> None:
    with chat_server(first("hang")) as server:
        desk = set_up(server.url, tmp_path, calls=1)
        task = asyncio.create_task(desk.model.ask(question()))
        await asyncio.to_thread(server.was_asked.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert desk.budget.spent.lost_tokens > 0
        assert await desk.model.ask(question()) == FINE
        desk.close()


async def test_a_long_call_is_spoken_of_while_it_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ai_scientist.models.chat.HEARTBEAT_SECONDS", 0.05)
    caplog.set_level("INFO", "ai_scientist.models")
    with chat_server("hang") as server:
        desk = set_up(server.url, tmp_path, timeout=0.5, tries=1)
        with pytest.raises(TransientError):
            await desk.model.ask(question())
        desk.close()
    assert sum("nothing yet" in record.getMessage() for record in caplog.records) >= 2


async def test_a_call_cancelled_while_its_answer_is_written_is_kept_and_charged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with chat_server() as server:
        desk = set_up(server.url, tmp_path)
        writing, put = threading.Event(), desk.store.put

        def slow_put(call: Call) -> Path:
            writing.set()
            time.sleep(0.2)
            return put(call)

        monkeypatch.setattr(desk.store, "put", slow_put)
        task = asyncio.create_task(desk.model.ask(question()))
        await asyncio.to_thread(writing.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (call,) = read_calls(tmp_path / "calls")
        assert desk.budget.spent.usd == call.cost_usd and desk.budget.spent.lost_usd == 0
        assert await desk.model.ask(question()) == FINE
        assert len(server.asked) == 1
        desk.close()


async def test_what_a_run_has_spent_can_be_read_by_others_while_it_goes_on(tmp_path: Path) -> None:
    with chat_server(first("good", "cut_stream")) as server:
        desk = set_up(server.url, tmp_path)
        await desk.model.ask(question("one", stage="plan"))
        await desk.model.ask(question("two", stage="write"))
        seen = spending(tmp_path / "calls")
        desk.close()
    mine = desk.budget.spent_by_stage
    assert {name: spent.usd for name, spent in seen.items()} == {name: mine[name].usd for name in ("plan", "write")}
    assert seen["write"].lost_tokens > 0


async def test_a_full_disk_is_said_and_what_was_paid_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(call: Call) -> Path:
        raise OSError(28, "No space left on device")

    with chat_server() as server:
        desk = set_up(server.url, tmp_path)
        monkeypatch.setattr(desk.store, "put", no_room)
        with pytest.raises(TransientError, match="No space left"):
            await desk.model.ask(question())
        desk.close()
    assert desk.budget.spent.steps == 1


def _everything_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


async def test_planted_keys_are_nowhere_after_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OTHER_SECRET", "hunter2-hunter2-hunter2")
    caplog.set_level("DEBUG")
    errors: list[str] = []
    for number, behaviour in enumerate(
        ["wrong_key", "tell_the_key", "error_500", "cut_stream", "bad_request", "hang_up"]
    ):
        with chat_server(behaviour) as server:
            desk = set_up(server.url, tmp_path / str(number), tries=2)
            try:
                await desk.model.ask(question("the password is hunter2-hunter2-hunter2"))
            except (ModelError, TransientError) as error:
                errors.append(f"{error!r} {error.__cause__!r} {error.__context__!r}")
            desk.close()
            assert any(KEY in asked.headers["authorization"] for asked in server.asked)
    assert len(errors) == 5
    told = "".join(errors) + "".join(record.getMessage() for record in caplog.records)
    stored = _everything_below(tmp_path)
    assert KEY not in told and KEY.encode() not in stored
    assert b"[key removed]" in stored and "[key removed]" in told


def _fallback(server: ChatServer, desk: Desk, request: Request[Small]) -> None:
    """Check that nothing was left open or half done."""
    assert server.at_once >= 0
    assert not list((desk.folder / "calls").glob(".*.tmp"))


async def _mixed(tmp_path: Path, count: int) -> None:
    """Ask many questions of a server that draws a behaviour for each request."""
    dice = Random(11)
    slow = {"hang", "slow_drip", "stall", "short_context", "redirect", "giant", "repeating"}
    names = [name for name in BEHAVIOURS if name not in slow] + ["good"] * 20
    limits = BudgetSettings(tokens=count * 3000, paper_share=0)
    ends: list[str] = []
    with chat_server(lambda body, number: dice.choice(names)) as server:
        desk = set_up(server.url, tmp_path, limits=limits, timeout=20, stall=20, temperature=0.2)

        async def caller(numbers: range) -> None:
            for number in numbers:
                try:
                    answer = await desk.model.ask(question(f"question {number}"))
                    assert answer.count == 3
                    ends.append("answered")
                except (ModelError, TransientError, BudgetExceeded) as error:
                    ends.append(type(error).__name__)

        await asyncio.gather(*(caller(range(k, count, 8)) for k in range(8)))
        desk.close()
        _fallback(server, desk, question())
    assert len(ends) == count
    assert ends.count("answered") > count / 4
    assert desk.budget.spent.tokens <= limits.tokens if limits.tokens else True
    stored = {call.key for call in read_calls(tmp_path / "calls")}
    events = {event.key.removeprefix("call:") for event, _ in read_events(tmp_path / "ledger.jsonl")}
    assert stored == events
    assert max(server.answered.values()) <= 2  # a question is answered again only if a try's answer could not be read


async def test_sixty_random_mixes_lose_nothing(tmp_path: Path) -> None:
    await _mixed(tmp_path, 60)


@pytest.mark.slow
async def test_a_thousand_random_mixes_lose_nothing(tmp_path: Path) -> None:
    await _mixed(tmp_path, 1000)


def test_the_price_of_the_desk_is_what_the_tests_compute_with() -> None:
    assert (PRICE.input, PRICE.output, PRICE.cached_input) == (1.0, 10.0, 0.5)
