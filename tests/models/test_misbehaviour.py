"""Every way in which an endpoint can misbehave ends as its rule says."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ai_scientist.core.errors import AnswerInvalid, AnswerRefused, ModelError, TransientError
from ai_scientist.core.settings import BudgetSettings
from tests.models.desk import Desk, Small, question, set_up
from tests.models.server import BEHAVIOURS, ChatServer, Script, chat_server, first

FINE = Small(text="fine", count=3)
LIMIT = BudgetSettings(usd=0.5, tokens=200_000, paper_share=0.0)


@contextmanager
def asking(tmp_path: Path, script: Script | str, **how: float) -> Generator[tuple[ChatServer, Desk]]:
    with chat_server(script) as server:
        desk = set_up(server.url, tmp_path / "run", limits=LIMIT, by_courier=True, **how)  # type: ignore[arg-type]  # floats only
        try:
            yield server, desk
        finally:
            desk.close()
        assert desk.budget.spent.usd <= 0.5
        assert desk.budget.spent.tokens <= 200_000


@dataclass(frozen=True)
class Rule:
    """What comes of an endpoint that always does the same.

    Attributes:
        asked: Requests that it sees; None: not said.
        error: What is raised; None: there is an answer.
        says: Part of the error's text.
    """

    asked: int | None = None
    error: type[Exception] | None = None
    says: str = ""


ALWAYS: dict[str, Rule] = {
    "good": Rule(1),
    "json_in_prose": Rule(1),
    "a_list": Rule(1),
    "fenced_json": Rule(1),
    "trailing_comma": Rule(1),
    "other_model": Rule(1),
    "no_usage": Rule(1),
    "absurd_usage": Rule(1),
    "negative_usage": Rule(1),
    "no_schema": Rule(2),
    "no_schema_no_tools": Rule(3),
    "no_forced_tool": Rule(3),
    "no_temperature": Rule(2),
    "no_stream_usage": Rule(2),
    "no_images": Rule(1),
    "no_stream": Rule(2),
    "ignores_schema": Rule(2),
    "short_context": Rule(1),
    "tell_the_key": Rule(1),
    "error_500": Rule(3, TransientError, "HTTP 500"),
    "html_502": Rule(3, TransientError, "HTTP 502"),
    "overloaded_503": Rule(3, TransientError, "HTTP 503"),
    "rate_limited": Rule(3, TransientError, "HTTP 429"),
    "rate_limited_told": Rule(3, TransientError, "HTTP 429"),
    "rate_limited_for_a_day": Rule(1, TransientError, "HTTP 429"),
    "no_quota": Rule(1, TransientError, "nothing left to spend"),
    "hang_up": Rule(3, TransientError),
    "hang": Rule(3, TransientError, "no answer came within"),
    "stall": Rule(3, TransientError, "nothing more came"),
    "slow_drip": Rule(3, TransientError, "not finished after"),
    "cut_stream": Rule(3, TransientError, "ended in the middle"),
    "error_in_stream": Rule(3, TransientError, "had an error"),
    "invalid_utf8": Rule(3, TransientError, "UTF-8"),
    "html_200": Rule(4, TransientError),
    "no_choices": Rule(3, TransientError),
    "strange_chunks": Rule(4, TransientError, "no chat completion"),
    "redirect": Rule(None, ModelError, "HTTP 404"),
    "wrong_key": Rule(1, ModelError, "HTTP 401"),
    "forbidden": Rule(1, ModelError, "HTTP 403"),
    "unknown_model": Rule(1, ModelError, "does not exist"),
    "bad_request": Rule(1, ModelError, "not right"),
    "broken_json": Rule(3, AnswerInvalid, "no valid JSON"),
    "bad_tool_arguments": Rule(3, AnswerInvalid),
    "wrong_types": Rule(3, AnswerInvalid, "text: Input should be a valid string"),
    "missing_keys": Rule(3, AnswerInvalid, "text: Field required"),
    "extra_keys": Rule(3, AnswerInvalid, "confidence: Extra inputs are not permitted"),
    "nan": Rule(3, AnswerInvalid),
    "empty": Rule(3, AnswerInvalid, "empty"),
    "blank": Rule(3, AnswerInvalid, "empty"),
    "too_long": Rule(3, AnswerInvalid, "cut off because it was too long"),
    "giant": Rule(3, AnswerInvalid, "cut off because it was too long"),
    "repeating": Rule(3, AnswerInvalid, "cut off because it was too long"),
    "half_surrogate": Rule(3, AnswerInvalid),
    "eaten_backslashes": Rule(3, AnswerInvalid, "backslash"),
    "refusal": Rule(1, AnswerRefused, "I cannot help with that."),
    "filtered": Rule(1, AnswerRefused),
    "filtered_prompt": Rule(1, AnswerRefused, "content management policy"),
}


def patience(name: str) -> dict[str, float]:
    """Return limits that are short only where they are meant to be reached: the machine may be busy."""
    return {
        "timeout": 0.4 if name in ("hang", "slow_drip") else 20.0,
        "stall": 0.5 if name == "stall" else 20.0,
    }


def test_every_misbehaviour_has_a_rule() -> None:
    assert set(ALWAYS) == set(BEHAVIOURS)
    assert len(BEHAVIOURS) >= 40


@pytest.mark.parametrize("name", sorted(ALWAYS))
async def test_an_endpoint_that_always_misbehaves_ends_as_its_rule_says(name: str, tmp_path: Path) -> None:
    rule = ALWAYS[name]
    with asking(tmp_path, name, **patience(name), temperature=0.5) as (server, desk):
        if rule.error is None:
            answer = await desk.model.ask(question())
            assert answer.count == 3
        else:
            with pytest.raises(rule.error) as caught:
                await desk.model.ask(question())
            assert type(caught.value) is rule.error
            assert rule.says in str(caught.value)
            assert "openai:some-model" in str(caught.value)
        if rule.asked is not None:
            assert len(server.asked) == rule.asked, server.behaviours


PASSING = (
    "error_500 html_502 overloaded_503 rate_limited rate_limited_told hang_up stall cut_stream error_in_stream "
    "invalid_utf8 strange_chunks broken_json wrong_types missing_keys extra_keys nan empty blank too_long giant "
    "repeating half_surrogate eaten_backslashes bad_tool_arguments html_200 no_choices"
).split()


@pytest.mark.parametrize("name", PASSING)
async def test_an_endpoint_that_misbehaves_twice_and_recovers_gives_an_answer(name: str, tmp_path: Path) -> None:
    with asking(tmp_path, first(name, name), **patience(name)) as (server, desk):
        assert await desk.model.ask(question()) == FINE
        assert len(server.asked) == 3


async def test_the_wait_that_an_endpoint_asks_for_is_kept(tmp_path: Path) -> None:
    with asking(tmp_path, first("rate_limited_told", "overloaded_503")) as (_, desk):
        await desk.model.ask(question())
        assert [int(wait) for wait in desk.waits] == [7, 2]


async def test_waits_of_our_own_grow_and_are_drawn(tmp_path: Path) -> None:
    with asking(tmp_path, first("rate_limited", "rate_limited", "rate_limited"), tries=4) as (_, desk):
        await desk.model.ask(question())
        assert all(
            low <= wait <= high for wait, (low, high) in zip(desk.waits, ((0.5, 1), (1, 2), (2, 4)), strict=True)
        )
        assert len(set(desk.waits)) == 3


async def test_a_malformed_answer_is_sent_back_with_the_reasons(tmp_path: Path) -> None:
    with asking(tmp_path, first("missing_keys")) as (server, desk):
        await desk.model.ask(question())
        roles = [message["role"] for message in server.asked[1].body["messages"]]
        assert roles == ["system", "user", "assistant", "user"]
        assert "text: Field required" in server.asked[1].body["messages"][-1]["content"]


async def test_the_way_to_typed_answers_is_found_out_once_and_remembered_by_the_next_session(tmp_path: Path) -> None:
    with asking(tmp_path, "no_schema_no_tools") as (server, desk):
        for topic in ("one", "two", "three"):
            assert await desk.model.ask(question(topic)) == FINE
        assert [asked.mode for asked in server.asked] == ["schema", "tool", "text", "text", "text"]
        desk.close()
        again = set_up(server.url, tmp_path / "run", limits=LIMIT)
        await again.model.ask(question("four"))
        again.close()
        assert server.asked[-1].mode == "text"
        assert "The schema:" in server.asked[-1].body["messages"][0]["content"]


async def test_a_prompt_that_is_too_long_is_shortened_by_the_rule_and_that_is_recorded(tmp_path: Path) -> None:
    from ai_scientist.agents.ideation import Abstract
    from ai_scientist.agents.novelty import CloseFacts
    from ai_scientist.core.idea import AtomicClaim
    from ai_scientist.models.request import Request

    facts = CloseFacts(
        claims=(AtomicClaim(kind="finding", text="Noise hurts."),),
        record=Abstract(id="a2020b", title="Noise", year=2020, text="word " * 2200),
    )
    request = Request(role="novelty", prompt="novelty_label", facts=facts, answer=Small, stage="novelty")
    with asking(tmp_path, "short_context") as (server, desk):
        assert await desk.model.ask(request) == FINE
        assert len(server.asked) == 2
        assert "characters left out" in server.asked[1].prompt
        assert server.asked[1].body["messages"][-1]["content"].endswith("near does this paper come to each claim?\n")
        other = question("word " * 2600)
        with pytest.raises(ModelError):
            await desk.model.ask(other)
        # Nothing in that prompt may be cut, so it was not even tried until the shortest form of it.
        assert len(server.asked) == 3
        event = next(iter(desk.ledger._latest.values()))  # pyright: ignore[reportPrivateUsage]  # the one event
        assert event.facts["cuts"] == [{"part": "record", "length": 11001, "kept": 3667}]


async def test_a_prompt_that_no_cut_makes_fit_is_an_error_that_says_so(tmp_path: Path) -> None:
    with asking(tmp_path, "short_context") as (_, desk):
        with pytest.raises(ModelError, match="also after it was shortened"):
            await desk.model.ask(question("word " * 3000))


async def test_a_model_that_cannot_see_says_so_rather_than_pretend(tmp_path: Path) -> None:
    import dataclasses

    picture = tmp_path / "figure.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    request = dataclasses.replace(question(), images=(picture,))
    with asking(tmp_path, "no_images") as (server, desk):
        for _ in range(2):
            with pytest.raises(ModelError, match="cannot look at pictures"):
                await desk.model.ask(request)
        assert len(server.asked) == 1  # found out once
        assert await desk.model.ask(question()) == FINE


async def test_a_picture_is_sent_as_such_and_is_part_of_the_question(tmp_path: Path) -> None:
    import dataclasses

    pictures = [tmp_path / "a.png", tmp_path / "b.png"]
    for number, picture in enumerate(pictures):
        picture.write_bytes(b"\x89PNG" + bytes([number]))
    with asking(tmp_path, "good") as (server, desk):
        for picture in (*pictures, pictures[0]):
            await desk.model.ask(dataclasses.replace(question(), images=(picture,)))
        assert len(server.asked) == 2
        assert (
            server.asked[0].body["messages"][1]["content"][1]["image_url"]["url"].startswith("data:image/png;base64,")
        )
