"""From settings to a model: roles, fallbacks, prices, and every mistake said before anything is made."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import pytest

from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import FixedClock, SystemClock
from ai_scientist.core.errors import AnswerRefused, ConfigError, MissingTool, ModelError, TransientError
from ai_scientist.core.ledger import Ledger, read_events
from ai_scientist.core.settings import BudgetSettings, ModelSettings
from ai_scientist.core.values import Value
from ai_scientist.models.build import build_model, check_model
from ai_scientist.models.names import is_language_model, vision_model
from ai_scientist.models.pace import RetryRule
from ai_scientist.models.providers import install_command
from ai_scientist.models.request import Model, Request
from tests.agents.requests import every_request
from tests.models.desk import KEY, Small, question
from tests.models.server import ChatServer, chat_server, first

A = TypeVar("A", bound=Value)
REQUESTS = every_request()
FREE = BudgetSettings(paper_share=0.0)


class Rules:
    name = "rules"

    async def ask(self, request: Request[A]) -> A:
        return request.answer.model_validate({"text": "by rules", "count": 0})


async def no_wait(seconds: float) -> None:
    return None


def build(
    settings: ModelSettings, folder: Path, *, budget: BudgetSettings = FREE, clock: FixedClock | None = None
) -> Model:
    return build_model(
        settings,
        budget=Budget(budget, SystemClock()),
        ledger=None,
        calls=folder / "calls",
        clock=clock or SystemClock(),
        rules=Rules(),
        retries=RetryRule(tries=2),
        sleep=no_wait,
    )


def at(server: ChatServer, **more: object) -> ModelSettings:
    return ModelSettings.model_validate({"name": "openai:some-model", "base_url": server.url, **more})


async def test_rules_are_handed_through_and_nothing_is_made(tmp_path: Path) -> None:
    model = build(ModelSettings(), tmp_path)
    assert model.name == "rules" and (await model.ask(question())).text == "by rules"
    assert not (tmp_path / "calls").exists()


async def test_a_role_can_have_another_model_or_rules(tmp_path: Path) -> None:
    with chat_server() as server:
        model = build(at(server, roles={"novelty": "openai:other", "coding": "rules"}), tmp_path)
        await model.ask(question())
        assert server.asked[0].body["model"] == "other"
        assert model.name == "openai:some-model (coding: rules, novelty: openai:other)"


async def test_the_next_model_is_asked_when_one_is_down_and_the_first_rests(tmp_path: Path) -> None:
    clock = FixedClock()

    def script(body: dict[str, object], number: int) -> str:
        return "error_500" if body["model"] == "some-model" else "good"

    with chat_server(script) as server:
        model = build(at(server, fallbacks=["openai:second"]), tmp_path, clock=clock)
        for topic in ("one", "two"):
            assert (await model.ask(question(topic))).text == "fine"
        assert [asked.body["model"] for asked in server.asked] == ["some-model", "some-model", "second", "second"]
        clock.advance(61)
        await model.ask(question("three"))
        assert server.asked[4].body["model"] == "some-model"
        assert "second" in model.name


async def test_what_a_fallback_answered_is_not_paid_again_when_the_first_is_back(tmp_path: Path) -> None:
    with chat_server(first("error_500", "error_500")) as server:
        await build(at(server, fallbacks=["openai:second"]), tmp_path).ask(question())
        await build(at(server, fallbacks=["openai:second"]), tmp_path).ask(question())
        assert [asked.body["model"] for asked in server.asked] == ["some-model", "some-model", "second"]


async def test_a_useless_answer_is_asked_for_once_more_as_a_new_question(tmp_path: Path) -> None:
    with chat_server(first("wrong_types", "wrong_types", "wrong_types")) as server:
        assert (await build(at(server), tmp_path).ask(question())).text == "fine"
        assert len(server.asked) == 4


async def test_rules_stand_in_for_a_model_that_has_nothing_to_say_and_the_ledger_says_so(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, FixedClock())
    with chat_server("refusal") as server:
        model = build_model(
            at(server),
            budget=Budget(FREE, SystemClock()),
            ledger=ledger,
            calls=tmp_path / "calls",
            clock=SystemClock(),
            rules=Rules(),
        )
        for _ in range(2):
            assert (await model.ask(question())).text == "by rules"
        assert len(server.asked) == 2
    ledger.close()
    stood_in = [event for event, _ in read_events(tmp_path / "ledger.jsonl") if event.kind == "agent.stood_in"]
    assert len(stood_in) == 1
    assert stood_in[0].facts["by"] == "rules" and "I cannot help with that" in stood_in[0].facts["why"]


async def test_rules_do_not_stand_in_for_an_idea_a_plan_or_a_program(tmp_path: Path) -> None:
    import dataclasses

    request = dataclasses.replace(question(), prompt="ideation_reflect", facts=REQUESTS["ideation_reflect"].facts)
    with chat_server("refusal") as server, pytest.raises(AnswerRefused):
        await build(at(server), tmp_path).ask(request)


async def test_a_wrong_key_is_not_hidden_by_a_fallback(tmp_path: Path) -> None:
    with chat_server("wrong_key") as server:
        with pytest.raises(ModelError):
            await build(at(server, fallbacks=["openai:second"]), tmp_path).ask(question())
        assert len(server.asked) == 1


async def test_all_models_down_is_said(tmp_path: Path) -> None:
    with chat_server("error_500") as server:
        with pytest.raises(TransientError, match="second"):
            await build(at(server, fallbacks=["openai:second"]), tmp_path).ask(question())


async def test_pictures_go_to_the_vision_model_and_to_no_other(tmp_path: Path) -> None:
    import dataclasses

    picture = tmp_path / "figure.png"
    picture.write_bytes(b"\x89PNG")
    request = dataclasses.replace(question(), images=(picture,))
    with chat_server() as server:
        await build(at(server, roles={"vision": "openai:seeing"}), tmp_path).ask(request)
        await build(at(server, roles={"coding": "openai:other"}), tmp_path).ask(request)
        assert [(asked.body["model"], "image_url" in asked.prompt) for asked in server.asked] == [
            ("seeing", True),
            ("some-model", False),
        ]
    assert vision_model(at(server, roles={"vision": "openai:seeing"})) == "openai:seeing"
    assert vision_model(at(server)) is None


async def test_a_tape_is_recorded_and_replayed_without_a_network(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    with chat_server() as server:
        await build(at(server, record=tape), tmp_path).ask(question())
    replay = ModelSettings(name="openai:some-model", replay=tape)
    await check_model(replay)
    assert await build(replay, tmp_path / "new").ask(question()) == Small(text="fine", count=3)


async def test_without_a_run_calls_are_kept_out_of_sight(tmp_path: Path) -> None:
    with chat_server() as server:
        model = build_model(
            at(server), budget=Budget(FREE, SystemClock()), ledger=None, calls=None, clock=SystemClock(), rules=None
        )
        assert (await model.ask(question())).text == "fine"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"name": "gpt"}, "names no model"),
        ({"name": "openai:"}, "names no model"),
        ({"name": "nobody:model"}, "no provider named 'nobody'"),
        ({"name": "openai:m", "roles": {"painting": "rules"}}, "no role named 'painting'"),
        ({"name": "openai:m", "base_url": "localhost:80"}, "is no address"),
        ({"name": "openai:m", "base_url": "ftp://x"}, "is no address"),
        ({"name": "openai:m", "base_url": "http://x:99999999/v1"}, "is no address"),
        ({"name": "openai:m", "base_url": "http://me:pass@x/v1"}, "password"),
        ({"name": "openai:m", "base_url": "http://x/v1?api_key=abc"}, "query"),
        ({"name": "openai:m"}, "OPENAI_API_KEY"),
        ({"name": "azure:m"}, "AZURE_OPENAI_API_KEY and AZURE_OPENAI_ENDPOINT"),
        ({"name": "openai:m", "prices": "/nowhere/prices.toml"}, "cannot be read"),
        ({"name": "openai:m", "replay": "/nowhere/tape.jsonl"}, "no tape at"),
    ],
)
async def test_settings_that_cannot_work_are_refused_in_one_sentence(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        await check_model(ModelSettings.model_validate(settings))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


async def test_a_provider_whose_package_is_missing_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setitem(sys.modules, "langchain_anthropic", None)
    with pytest.raises(MissingTool) as caught:
        await check_model(ModelSettings(name="anthropic:some-model"))
    assert caught.value.cure == install_command("langchain-anthropic")
    assert sys.executable in caught.value.cure and caught.value.cure.endswith("langchain-anthropic")


async def test_a_dollar_limit_needs_a_price_and_says_how_to_give_it(tmp_path: Path) -> None:
    limit = BudgetSettings(usd=1.0)
    with chat_server() as server:
        with pytest.raises(ConfigError, match="--prices FILE"):
            await check_model(at(server), limit)
        with pytest.raises(ConfigError, match="--prices FILE"):
            build(at(server), tmp_path, budget=limit)
        prices = tmp_path / "prices.toml"
        prices.write_text('[models."own:some-model"]\ninput = 1.0\noutput = 2.0\n')
        await check_model(at(server, prices=prices), limit)
        assert (await build(at(server, prices=prices), tmp_path, budget=limit).ask(question())).text == "fine"


async def test_an_endpoint_that_is_not_there_is_said_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(TransientError, match="cannot be reached"):
        await check_model(ModelSettings(name="openai:m", base_url=f"http://127.0.0.1:{port}/v1"))


async def test_a_refused_key_is_said_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with chat_server() as server:
        server.list_status = 401
        with pytest.raises(ConfigError, match="refuses the key") as caught:
            await check_model(at(server))
    assert KEY not in str(caught.value)
    assert "Bearer [key removed])" in str(caught.value)
    assert "Look at AI_SCIENTIST_API_KEY" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("gpt-5", "'openai:gpt-5'"), ("claude-x", "'anthropic:claude-x'"), ("opanai:m", "'openai:m'")],
)
async def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(name: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        await check_model(ModelSettings(name=name))
    assert meant in str(caught.value)


async def test_an_unknown_model_is_said_with_those_that_exist() -> None:
    with chat_server() as server:
        with pytest.raises(ConfigError, match="no model named 'some-mode'; it has, for example, some-model"):
            await check_model(at(server, name="openai:some-mode"))
        await check_model(at(server))
        assert server.asked == []


async def test_an_endpoint_without_a_list_of_models_is_accepted() -> None:
    with chat_server() as server:
        server.list_status = 404
        await check_model(at(server, name="openai:whatever"))


async def test_an_endpoint_that_stays_overloaded_is_said() -> None:
    with chat_server() as server:
        server.list_status = 503
        with pytest.raises(TransientError, match="HTTP 503"):
            await check_model(at(server))


def test_which_settings_ask_a_language_model() -> None:
    assert not is_language_model(ModelSettings())
    assert is_language_model(ModelSettings(roles={"coding": "openai:m"}))
    assert is_language_model(ModelSettings(replay=Path("tape.jsonl")))


def test_rules_do_not_pay_for_a_client_library() -> None:
    code = (
        "import sys; import ai_scientist.models.build; "
        "print([m for m in ('langchain_core', 'langchain_openai', 'openai', 'httpx', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
