from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from ai_scientist.core.clock import FixedClock
from ai_scientist.core.errors import ConfigError
from ai_scientist.literature.sources.arxiv import ArxivSource
from ai_scientist.literature.sources.base import Answer, Source
from ai_scientist.literature.sources.build import SOURCES, build_sources
from ai_scientist.literature.sources.crossref import CrossrefSource
from ai_scientist.literature.sources.describe import arxiv_number, doi, name, plain
from ai_scientist.literature.sources.openalex import OpenAlexSource
from ai_scientist.literature.sources.semanticscholar import SemanticScholarSource
from ai_scientist.literature.sources.wire import Answers, Manners, Unanswered, Wire
from tests.literature.services import (
    ABSTRACT,
    ATOM_ENTRY,
    ATOM_ERROR,
    ATOM_WITHDRAWN,
    CROSSREF_PAGE,
    OPENALEX_PAGE,
    SCHOLAR_PAGE,
    Asked,
    Reply,
    as_json,
    atom,
    serve,
)

GOOD: dict[str, Reply] = {
    "arxiv": atom(ATOM_ENTRY, 811),
    "semanticscholar": as_json(SCHOLAR_PAGE),
    "openalex": as_json(OPENALEX_PAGE),
    "crossref": as_json(CROSSREF_PAGE),
}
EMPTY: dict[str, Reply] = {
    "arxiv": atom("", 0),
    "semanticscholar": as_json({"total": 0, "offset": 0}),
    "openalex": as_json({"meta": {"count": 0}, "results": []}),
    "crossref": as_json({"status": "ok", "message": {"total-results": 0, "items": []}}),
}
NAMES = sorted(GOOD)


class Sleeper:
    """Waits without waiting, and remembers how long."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def wire(answers: Answers | None = None, sleep: Sleeper | None = None, **manners: object) -> Wire:
    set_to = Manners(**{"pause_seconds": 0.5, **manners})  # type: ignore[arg-type]  # a test's own values
    return Wire("test", answers=answers, manners=set_to, clock=FixedClock(), sleep=sleep or Sleeper())


def source(kind: str, line: Wire, address: str) -> Source:
    makers: dict[str, Callable[[], Source]] = {
        "arxiv": lambda: ArxivSource(line, address=f"{address}/api/query"),
        "semanticscholar": lambda: SemanticScholarSource(line, address=address, key="secret-key"),
        "openalex": lambda: OpenAlexSource(line, address=address, contact="someone@example.org"),
        "crossref": lambda: CrossrefSource(line, address=address),
    }
    return makers[kind]()


@pytest.mark.parametrize("kind", NAMES)
async def test_every_source_reads_its_own_format(kind: str) -> None:
    with serve(lambda asked: GOOD[kind]) as service:
        answer = await source(kind, wire(), service.address).search("calibration: modern (neural) networks?", 10)
    assert answer.answered, answer.failure
    assert answer.source == kind and answer.total
    paper = answer.records[0]
    assert paper.source == kind and paper.fetched.startswith("2026-01-01T")
    if kind == "crossref":
        assert paper.id == "gneiting2007strictly"
        assert paper.authors == ("Gneiting, Tilmann", "Raftery, Adrian E")
        assert (paper.venue, paper.volume, paper.number, paper.pages) == (
            "Journal of the American Statistical Association", "102", "477", "359-378",
        )  # fmt: skip
        assert paper.text == "Scoring rules assess the quality of probabilistic forecasts & more."
    else:
        assert paper.id == "guo2017calibration"
        assert paper.title == "On Calibration of Modern Neural Networks"
        assert paper.authors == ("Guo, Chuan", "Pleiss, Geoff", "Sun, Yu", "Weinberger, Kilian Q.")
        assert paper.arxiv == "1706.04599" and paper.year == 2017


@pytest.mark.parametrize("kind", NAMES)
async def test_no_hits_is_an_answer(kind: str) -> None:
    with serve(lambda asked: EMPTY[kind]) as service:
        answer = await source(kind, wire(), service.address).search("calibration of networks", 10)
    assert answer == Answer(source=kind, query="calibration of networks", total=0)
    assert answer.answered


BROKEN: dict[str, Reply] = {
    "an error page with status 200": Reply(b"<html><body>Rate exceeded.</body></html>"),
    "nothing": Reply(b""),
    "half an answer": Reply(GOOD["semanticscholar"].body[:200]),
    "a list": as_json([]),
    "another object": as_json({"message": "Internal error", "code": 1}),
    "unauthorised": Reply(b'{"message": "Forbidden"}', status=401),
    "forbidden": Reply(b'{"message": "Forbidden"}', status=403),
    "too many": Reply(b'{"message": "Too Many Requests."}', status=429),
    "broken": Reply(b"oops", status=500),
    "down": Reply(b"<html>down</html>", status=503, headers={"content-type": "text/html"}),
}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("trouble", sorted(BROKEN))
async def test_no_trouble_reads_as_no_hits(kind: str, trouble: str) -> None:
    with serve(lambda asked: BROKEN[trouble]) as service:
        answer = await source(kind, wire(), service.address).search("calibration of networks", 10)
    assert not answer.answered
    assert answer.failure.startswith("could not ask")
    assert answer.records == () and answer.total is None
    assert "secret-key" not in answer.failure


@pytest.mark.parametrize("kind", NAMES)
async def test_a_service_that_is_not_there_is_a_failure(kind: str) -> None:
    with serve(lambda asked: GOOD[kind]) as service:
        gone = service.address
    answer = await source(kind, wire(), gone).search("calibration of networks", 10)
    assert not answer.answered and "ConnectError" in answer.failure


async def test_an_error_entry_of_arxiv_is_a_failure() -> None:
    with serve(lambda asked: atom(ATOM_ERROR, 1)) as service:
        answer = await source("arxiv", wire(), service.address).search("calibration of networks", 10)
    assert "incorrect id format" in answer.failure


async def test_withdrawn_and_retracted_papers_are_marked() -> None:
    with serve(lambda asked: atom(ATOM_WITHDRAWN, 1)) as service:
        preprint = (await source("arxiv", wire(), service.address).search("calibration", 10)).records[0]
    with serve(lambda asked: GOOD["openalex"]) as service:
        printed = (await source("openalex", wire(), service.address).search("calibration", 10)).records
    assert preprint.retracted
    assert [paper.retracted for paper in printed] == [False, True]
    assert printed[1].doi == "10.1000/undone" and printed[1].pages == "7-9"


async def test_entries_that_cannot_be_cited_are_left_out() -> None:
    with serve(lambda asked: GOOD["semanticscholar"]) as service:
        answer = await source("semanticscholar", wire(), service.address).search("calibration", 10)
    assert [paper.id for paper in answer.records] == ["guo2017calibration"]
    assert answer.records[0].text == ABSTRACT


@pytest.mark.parametrize("kind", NAMES)
async def test_a_query_reaches_the_service_whole(kind: str) -> None:
    with serve(lambda asked: GOOD[kind]) as service:
        await source(kind, wire(), service.address).search("label noise & calibration=bad#x", 7)
    asked = service.asked[0]
    text = asked.params.get("query") or asked.params.get("search") or asked.params.get("query.bibliographic") or ""
    text = text or asked.params["search_query"]
    assert all(word in text for word in ("label", "noise", "calibration", "bad"))
    assert "7" in asked.params.values()
    assert not {"fields", "limit"} - set(asked.params) or kind != "semanticscholar"


async def test_a_key_goes_into_a_header_and_nowhere_else(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "answers.sqlite")
    with serve(lambda asked: GOOD["semanticscholar"]) as service:
        await source("semanticscholar", wire(answers), service.address).search("calibration", 10)
    assert service.asked[0].headers["x-api-key"] == "secret-key"
    assert b"secret-key" not in (tmp_path / "answers.sqlite").read_bytes()


async def test_it_is_tried_again_and_longer_each_time() -> None:
    replies = [Reply(b"", status=503), Reply(b"", status=429), GOOD["openalex"]]
    sleeper = Sleeper()
    with serve(lambda asked: replies.pop(0)) as service:
        answer = await source("openalex", wire(sleep=sleeper), service.address).search("calibration", 10)
    assert answer.answered and len(service.asked) == 3
    assert 0.5 in sleeper.slept and 1.0 in sleeper.slept


async def test_a_service_may_say_how_long_to_wait_but_not_too_long() -> None:
    sleeper = Sleeper()
    replies = [Reply(b"", status=429, headers={"retry-after": "7"}), GOOD["openalex"]]
    with serve(lambda asked: replies.pop(0)) as service:
        assert (await source("openalex", wire(sleep=sleeper), service.address).search("calibration", 10)).answered
    assert 7.0 in sleeper.slept
    with serve(lambda asked: Reply(b"", status=429, headers={"retry-after": "86400"})) as service:
        answer = await source("openalex", wire(), service.address).search("calibration", 10)
    assert len(service.asked) == 1 and "patience" in answer.failure


async def test_a_wrong_key_is_not_tried_again() -> None:
    with serve(lambda asked: Reply(b"Forbidden", status=403)) as service:
        await source("crossref", wire(), service.address).search("calibration", 10)
    assert len(service.asked) == 1


async def test_a_dead_service_is_left_alone_and_said_so() -> None:
    with serve(lambda asked: Reply(b"", status=500)) as service:
        dead = source("crossref", wire(tries=1), service.address)
        answers = [await dead.search(f"query {n}", 10) for n in range(5)]
    assert len(service.asked) == 2
    assert all(not answer.answered for answer in answers)
    assert "not asked: it failed 2 times in a row" in answers[-1].failure


async def test_one_answer_ends_the_row_of_failures() -> None:
    replies = [Reply(b"", status=500), GOOD["crossref"], Reply(b"", status=500), GOOD["crossref"]]
    with serve(lambda asked: replies.pop(0)) as service:
        shaky = source("crossref", wire(tries=1), service.address)
        answers = [await shaky.search(f"query {n}", 10) for n in range(4)]
    assert [answer.answered for answer in answers] == [False, True, False, True]


@pytest.mark.parametrize("kind", NAMES)
async def test_a_stored_answer_is_used_and_a_replay_needs_no_network(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "answers.sqlite"
    with serve(lambda asked: GOOD[kind]) as service:
        address = service.address
        first = await source(kind, wire(Answers(file)), address).search("calibration of networks", 10)
        again = await source(kind, wire(Answers(file)), address).search("calibration of networks", 10)
    assert len(service.asked) == 1
    assert not first.cached and again.cached
    offline = source(kind, wire(Answers(file), replay=True), address)
    replayed = await offline.search("calibration of networks", 10)
    assert replayed == again and replayed.records == first.records
    other = await offline.search("something never asked before", 10)
    assert "no stored answer" in other.failure


async def test_a_failure_is_never_stored(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "answers.sqlite")
    replies = [Reply(b"", status=404), GOOD["openalex"]]
    with serve(lambda asked: replies.pop(0)) as service:
        first = await source("openalex", wire(answers), service.address).search("calibration", 10)
        second = await source("openalex", wire(answers), service.address).search("calibration", 10)
    assert (first.answered, second.answered) == (False, True)


async def test_questions_keep_their_distance() -> None:
    sleeper = Sleeper()
    with serve(lambda asked: EMPTY["crossref"]) as service:
        polite = source("crossref", wire(sleep=sleeper, pause_seconds=3.0), service.address)
        for n in range(3):
            await polite.search(f"query {n}", 10)
    assert sleeper.slept == [3.0, 3.0]


async def test_a_slow_service_is_given_up_on() -> None:
    def rule(asked: Asked) -> Reply:
        import time

        time.sleep(0.3)
        return GOOD["crossref"]

    with serve(rule) as service:
        answer = await source("crossref", wire(timeout_seconds=0.05, tries=1), service.address).search("x y z", 10)
    assert "no answer within 0.05 s" in answer.failure


async def test_crossref_names_the_notice_that_retracts_a_paper() -> None:
    notice = {
        "DOI": "10.1000/notice",
        "type": "journal-article",
        "title": ["Retraction"],
        "update-to": [{"DOI": "10.1000/Undone", "type": "retraction", "label": "Retraction"}],
    }
    correction = {**notice, "update-to": [{"DOI": "10.1000/undone", "type": "correction"}]}
    replies = [[notice], [correction], []]
    with serve(lambda asked: as_json({"message": {"total-results": 1, "items": replies.pop(0)}})) as service:
        crossref = CrossrefSource(wire(), address=service.address)
        assert await crossref.retraction("10.1000/undone") == "10.1000/notice"
        assert await crossref.retraction("10.1000/undone") == ""
        assert await crossref.retraction("10.1000/undone") == ""
        assert service.asked[0].params["filter"] == "updates:10.1000/undone"
        service.rule = lambda asked: Reply(b"", status=500)
        with pytest.raises(Unanswered):
            await crossref.retraction("10.1000/undone")


async def test_sources_are_built_by_name_and_asked_at_their_address() -> None:
    with serve(lambda asked: GOOD["openalex"]) as service:
        made = build_sources(["openalex"], answers=None, addresses={"openalex": service.address}, contact="a@b.org")
        answers = await asyncio.gather(*(each.search("calibration", 5) for each in made))
    assert answers[0].answered and service.asked[0].params["mailto"] == "a@b.org"
    assert [each.name for each in build_sources(list(SOURCES), answers=None)] == NAMES
    assert build_sources([], answers=None) == ()
    with pytest.raises(ConfigError, match="no literature source named 'google'; there are arxiv"):
        build_sources(["google"], answers=None)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("Chuan Guo", "Guo, Chuan"),
        ("Guo, Chuan", "Guo, Chuan"),
        ("Stéfan J. van der Walt", "van der Walt, Stéfan J."),
        ("Everette S. Gardner Jr.", "Gardner, Everette S., Jr."),
        ("Plato", "Plato"),
        ("  Ada\n Example ", "Example, Ada"),
    ],
)
def test_names_come_in_one_form(written: str, wanted: str) -> None:
    assert name(written) == wanted


def test_identifiers_are_bared() -> None:
    assert doi("https://doi.org/10.1000/ABC") == doi("doi:10.1000/abc") == "10.1000/abc"
    assert doi("not a doi") == doi(None) == ""
    assert arxiv_number("http://arxiv.org/abs/1706.04599v2") == "1706.04599"
    assert arxiv_number("http://arxiv.org/abs/quant-ph/0201082v1") == "quant-ph/0201082"
    assert arxiv_number("https://example.org") == ""
    assert plain("<jats:title>A&lt;B</jats:title>  x") == "A<B x"
