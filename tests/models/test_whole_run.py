"""A whole run with a model behind a real endpoint: from a topic that no template covers to an audited paper.

The run is killed at random moments and resumed: no call is paid twice, and the end is the same.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random

import pytest

from ai_scientist.audit.check import audit
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.core.settings import BudgetSettings, ModelSettings, SandboxSettings, SearchSettings, Settings
from ai_scientist.graph.run import resume, start
from ai_scientist.graph.run_result import RunResult
from ai_scientist.models.store import read_calls, spending
from benchmarks.fabrications import KINDS
from benchmarks.forger import Forger
from tests.models import scholar
from tests.models.desk import KEY
from tests.models.server import Body, ChatServer, chat_server

TOPIC = "Which estimator of a mean is best under heavy tails?"


def settings_for(server: ChatServer, output: Path) -> Settings:
    return Settings(
        output=output,
        quick=True,
        model=ModelSettings(name="openai:some-model", base_url=server.url),
        search=SearchSettings(nodes=8, search_seeds=2, confirm_seeds=4),
        sandbox=SandboxSettings(name="process", timeout_seconds=60),
    )


def _fork(work: Callable[[], Coroutine[object, object, object]]) -> int:
    """Do some work in a process of its own, without paying for the imports again; return its id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            asyncio.run(work())
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return child


@pytest.mark.slow
def test_a_topic_that_no_template_covers_becomes_an_audited_paper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with chat_server(answer=scholar.answer) as server:
        done = asyncio.run(start(TOPIC, settings_for(server, tmp_path)))
        assert (done.status, done.verdict, done.problem) == ("done", "pass", "")
        assert done.cost_usd is None  # the price of such an endpoint is not known
        assert set(server.answered.values()) == {1}
        assert KEY in server.asked[0].headers["authorization"]
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY.encode() not in stored
    calls = list(read_calls(done.run / "calls"))
    assert len(calls) == len(server.asked)
    paper = (done.run / "paper" / "paper.tex").read_text()
    assert "openai:some-model" in paper
    assert audit(RunFolder(done.run)).checked["text"] == 9  # seven sections, title and abstract
    forger = Forger(RunFolder(done.run), Random(1))
    next(kind for kind in KINDS if kind.name == "false_sentence").plant(forger)
    forger.cover()
    (found,) = audit(RunFolder(done.run)).findings
    assert (found.where, found.why.split(",")[0]) == (
        "paper/draft.json, experiments",
        "It is in no answer of the language model that the run keeps",
    )


@pytest.mark.slow
@pytest.mark.latex
def test_figures_and_pages_are_shown_to_the_model_that_sees(tmp_path: Path) -> None:
    looked: list[str] = []

    def answer(body: Body) -> Body:
        """Stumble over the first figure that is shown, once."""
        made = scholar.answer(body)
        if body["response_format"]["json_schema"]["name"] == "figure_answer" and not looked:
            looked.append("main")
            return {**made, "problems": ["The legend hides a bar."]}
        return made

    with chat_server(answer=answer) as server:
        server.models = ("some-model", "sees")
        settings = settings_for(server, tmp_path)
        roles = {"vision": "openai:sees"}
        done = asyncio.run(
            start(
                TOPIC,
                settings.model_copy(
                    update={"model": ModelSettings(name="openai:some-model", base_url=server.url, roles=roles)}
                ),
            )
        )
    assert (done.status, done.verdict) == ("done", "pass")
    names = [(asked.body["model"], asked.body["response_format"]["json_schema"]["name"]) for asked in server.asked]
    assert {model for model, form in names if form == "figure_answer"} == {"sees"}
    assert sorted(model for model, form in names if form == "review") == ["sees", "some-model", "some-model"]
    chosen = [asked for asked, (_, form) in zip(server.asked, names, strict=True) if form == "display_answer"]
    assert ["The legend hides a bar." in asked.prompt for asked in chosen] == [False, True]
    shown = [asked.prompt.count('image_url"') for asked in server.asked if asked.body["model"] == "sees"]
    assert min(shown) >= 1
    note = json.loads((done.run / "paper" / "draft.json").read_text())["author_note"]
    assert "openai:sees looked at its figures as pictures" in note
    pages = list((done.run / "reviews" / "round-1" / "pages").iterdir())
    assert pages and all(page.read_bytes().startswith(b"\x89PNG") for page in pages)


def _numbers(result: RunResult) -> list[tuple[str, float]]:
    """The confirmed numbers, by address."""
    lines = (result.run / "results" / "cells.jsonl").read_text().splitlines()
    return [(cell["id"], cell["value"]) for cell in map(json.loads, lines)]


BREAKING = (
    "error_500 html_502 rate_limited hang_up cut_stream error_in_stream broken_json json_in_prose fenced_json "
    "wrong_types missing_keys extra_keys nan empty refusal filtered too_long invalid_utf8 half_surrogate html_200 "
    "strange_chunks no_choices absurd_usage negative_usage no_usage other_model"
).split()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 5])
def test_a_run_ends_although_the_endpoint_breaks_every_second_answer(seed: int, tmp_path: Path) -> None:
    dice = Random(seed)
    limit = 2_000_000

    def script(body: Body, number: int) -> str:
        return dice.choice(BREAKING) if dice.random() < 0.5 else "good"

    with chat_server(script, scholar.answer) as server:
        settings = settings_for(server, tmp_path)
        settings = settings.model_copy(update={"budget": BudgetSettings(tokens=limit)})
        done = asyncio.run(start(TOPIC, settings))
    assert (done.status, done.verdict) == ("done", "pass")
    assert sum(spent.tokens for spent in spending(done.run / "calls").values()) <= limit
    journal = (done.run / "search" / "journal.jsonl").read_text()
    assert journal.count("Replication of") >= 1


@pytest.mark.slow
def test_a_run_killed_thirty_times_pays_each_call_once_and_ends_the_same(tmp_path: Path) -> None:
    dice = Random(2)
    with chat_server(answer=scholar.answer) as server:
        server.latency = 0.05
        whole = asyncio.run(start(TOPIC, settings_for(server, tmp_path / "whole")))
        assert whole.status == "done"
        length = whole.seconds
        server.asked.clear()
        server.answered.clear()
        output = tmp_path / "killed"

        def go_on() -> Coroutine[object, object, object]:
            folders = list(output.glob("*/run.json"))
            return resume(folders[0].parent) if folders else start(TOPIC, settings_for(server, output))

        child = _fork(go_on)
        unfinished = 0
        for _ in range(30):
            time.sleep(0.1 + dice.random() * length / 12)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            unfinished += not list(output.glob("*/audit/report.json"))
            child = _fork(go_on)
        assert unfinished > 15  # most kills hit a run that was under way
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        (folder,) = (file.parent for file in output.glob("*/run.json"))
        end = asyncio.run(resume(folder))
        assert (end.status, end.verdict) == ("done", "pass")
        assert set(server.answered.values()) == {1}
        assert len(server.asked) == len({call.key for call in read_calls(folder / "calls")})
    assert _numbers(end) == _numbers(whole)
