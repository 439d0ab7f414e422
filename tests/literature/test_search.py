from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_scientist.core.clock import FixedClock
from ai_scientist.literature.fusion import fuse, same_paper
from ai_scientist.literature.library import Library
from ai_scientist.literature.records import Record
from ai_scientist.literature.search import OWN, SearchLine, most_found, search_everywhere
from ai_scientist.literature.sources.base import Answer
from ai_scientist.literature.sources.openalex import OpenAlexSource
from ai_scientist.literature.sources.semanticscholar import SemanticScholarSource
from ai_scientist.literature.sources.wire import Manners, Wire
from tests.literature.services import OPENALEX_PAGE, SCHOLAR_PAGE, Reply, as_json, serve


def paper(title: str, source: str = "arxiv", **facts: object) -> Record:
    values: dict[str, object] = {
        "id": "x" + "".join(filter(str.isalnum, title.lower()))[:20],
        "title": title,
        "authors": ("Example, Ada", "Sample, Bob"),
        "year": 2020,
        "source": source,
        **facts,
    }
    return Record.model_validate(values)


class Known:
    """A source that knows what it was told."""

    def __init__(self, name: str, records: Sequence[Record], failure: str = "") -> None:
        self.name = name
        self._records = tuple(records)
        self._failure = failure
        self.asked: list[str] = []

    async def search(self, query: str, limit: int) -> Answer:
        self.asked.append(query)
        if self._failure:
            return Answer(source=self.name, query=query, failure=self._failure)
        return Answer(source=self.name, query=query, records=self._records[:limit], total=len(self._records))


async def test_offline_only_the_library_is_asked_and_the_report_says_so() -> None:
    report = await search_everywhere(["label noise and calibration"], (), Library(":memory:"))
    assert report.offline
    assert {line.source for line in report.log} == {"library"}
    assert report.failures == () and report.answered == ()
    assert report.records[0].id == "lukasik2020does"


async def test_every_query_goes_to_every_source_once() -> None:
    one, two = Known("arxiv", []), Known("openalex", [])
    report = await search_everywhere(["a b c", " a  b c ", "", "d e f"], (one, two), Library(":memory:"))
    assert one.asked == two.asked == ["a b c", "d e f"]
    assert len(report.log) == 6 and not report.offline
    assert report.answered == ("arxiv", "openalex")


async def test_a_failed_source_costs_its_hits_and_nothing_else() -> None:
    bad = Known("semanticscholar", [], failure="could not ask: HTTP 429 (Too Many Requests.), 3 times")
    good = Known("openalex", [paper("A New Thing Altogether", "openalex")])
    library = Library(":memory:", shipped=False)
    report = await search_everywhere(["new thing"], (bad, good), library, clock=FixedClock())
    assert [record.title for record in report.records] == ["A New Thing Altogether"]
    assert report.failures == ("semanticscholar: could not ask: HTTP 429 (Too Many Requests.), 3 times",)
    assert report.answered == ("openalex",)
    line = next(line for line in report.log if line.source == "semanticscholar")
    assert line.hits is None and "hits" not in str(line) and "429" in str(line)


async def test_what_sources_tell_of_is_kept_and_the_log_with_it() -> None:
    library = Library(":memory:")
    new = paper("A New Thing Altogether", "openalex", text="It is altogether new that the thing exists.")
    report = await search_everywhere(["new thing"], (Known("openalex", [new]),), library, clock=FixedClock())
    kept = library.get(report.records[-1].id) if report.records[-1].source == "openalex" else None
    kept = kept or next(r for r in library.records() if r.source == "openalex")
    assert kept.text == new.text
    assert kept.id in {record.id for record in report.records}
    lines = [SearchLine.model_validate_json(line) for line in library.searches()]
    assert tuple(lines) == report.log
    assert lines[-1].when == "2026-01-01T00:00:00.000Z" and lines[-1].records == (kept.id,)


async def test_two_papers_never_share_an_id() -> None:
    library = Library(":memory:", shipped=False)
    first = paper("Noise in Labels", id="example2020noise")
    second = paper("Noise in Images, a Different Matter", id="example2020noise")
    report = await search_everywhere(["noise"], (Known("arxiv", [first, second]),), library)
    assert len({record.id for record in report.records}) == 2
    assert report.log[-1].records == tuple(record.id for record in report.records)
    again = await search_everywhere(["noise"], (Known("arxiv", [second, first]),), library)
    assert {r.id: r.title for r in again.records} == {r.id: r.title for r in report.records}


async def test_a_shipped_record_keeps_its_facts_and_learns_who_else_knows_it() -> None:
    library = Library(":memory:")
    twin = paper(
        "On calibration of modern neural networks",
        "semanticscholar",
        authors=("Guo, Chuan", "Pleiss, Geoff", "Sun, Yu", "Weinberger, Kilian Q."),
        year=2017,
        pages="1-99",
    )
    report = await search_everywhere(["calibration of modern networks"], (Known("semanticscholar", [twin]),), library)
    found = report.records[0]
    assert found.id == "guo2017calibration" and found.pages == "1321-1330"
    assert report.agreement["guo2017calibration"] == ("shipped", "semanticscholar")


async def test_sources_are_asked_side_by_side() -> None:
    inside = 0
    most = 0

    class Slow(Known):
        async def search(self, query: str, limit: int) -> Answer:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1
            return await super().search(query, limit)

    await search_everywhere(["a b", "c d"], (Slow("arxiv", []), Slow("openalex", [])), Library(":memory:"))
    assert most == 2


async def test_two_real_services_agree_on_one_paper() -> None:
    with serve(lambda a: as_json(SCHOLAR_PAGE)) as scholar, serve(lambda a: as_json(OPENALEX_PAGE)) as alex:
        manners = Manners(pause_seconds=0)
        sources = (
            SemanticScholarSource(Wire("s", manners=manners), address=scholar.address),
            OpenAlexSource(Wire("o", manners=manners), address=alex.address),
        )
        report = await search_everywhere(["calibration"], sources, Library(":memory:", shipped=False))
        scholar.rule = lambda asked: Reply(b"", status=429)
    assert report.records[0].id == "guo2017calibration"
    assert report.agreement["guo2017calibration"] == ("openalex", "semanticscholar")
    assert set(report.records[0].checked) == {"openalex", "semanticscholar"}
    assert report.records[0].text.startswith("Confidence calibration is important for classification")


TITLE = "Temperature scaling under label noise"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({"doi": "10.1/a"}, {"doi": "10.1/A"}, True),
        ({"doi": "10.1/a"}, {"doi": "10.1/b"}, False),
        ({"doi": "10.48550/arxiv.2001.1"}, {"doi": "10.1/b"}, True),
        ({"arxiv": "2001.00001v1"}, {"arxiv": "2001.00001v3", "title": "Renamed since"}, True),
        ({}, {"year": 2022}, True),
        ({}, {"year": 2026}, False),
        ({}, {"authors": ("Somebody, Else",)}, False),
        ({}, {"title": "Temperature Scaling under Label-Noise."}, True),
        ({}, {"title": "Temperature scaling under covariate shift"}, False),
        ({}, {"title": "Temperature scaling under label noise, part 2"}, False),
        ({}, {"title": "Temperatur scaling under label noise"}, True),
    ],
)
def test_what_counts_as_one_paper(one: dict[str, object], other: dict[str, object], same: bool) -> None:
    first = paper(**{"title": TITLE, **one})  # type: ignore[arg-type]  # a test's own values
    second = paper(**{"title": TITLE, "source": "openalex", **other})  # type: ignore[arg-type]  # a test's own values
    assert same_paper(first, second) is same
    assert same_paper(second, first) is same


def test_named_by_two_sources_ranks_above_named_by_one() -> None:
    a, b = paper("Alpha Results"), paper("Beta Methods")
    twin = paper("Beta methods", "openalex")
    order = [fused.record.title for fused in fuse([[a, b], [twin]])]
    assert order == ["Beta methods", "Alpha Results"]


def test_disagreement_on_facts_is_named() -> None:
    a = paper(TITLE, "crossref", year=2020, doi="10.1/x", venue="Journal")
    b = paper(TITLE, "arxiv", year=2018, authors=("Example, Ada",), text="An abstract.")
    (one,) = fuse([[a], [b]])
    assert one.record.venue == "Journal" and one.record.text == "An abstract."
    assert [conflict.split(":")[0] for conflict in one.conflicts] == ["year", "authors"]
    assert fuse([[a], [paper(TITLE, "openalex", doi="10.1/x")]])[0].conflicts == ()


def test_a_retraction_that_one_source_knows_counts() -> None:
    (one,) = fuse([[paper(TITLE)], [paper(TITLE, "openalex", retracted=True)]])
    assert one.record.retracted


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(["Alpha", "Beta", "Gamma", "Delta", "Epsilon"]), unique=True), max_size=4))
def test_fusion_loses_and_invents_no_paper(lists: list[list[str]]) -> None:
    fused = fuse([[paper(f"{word} results of a study") for word in words] for words in lists])
    assert {f.record.title.split()[0] for f in fused} == {word for words in lists for word in words}
    scores = [f.score for f in fused]
    assert scores == sorted(scores, reverse=True)


def test_what_many_searches_put_high_comes_before_what_one_put_first() -> None:
    def line(*records: str) -> SearchLine:
        return SearchLine(source=OWN, query="q", when="", hits=len(records), records=records)

    log = [line("a", "b", "c"), line("d", "b"), line("b", "a"), line()]
    assert most_found(log) == ("b", "a", "d", "c")
    assert most_found(log, most=2) == ("b", "a")
    assert most_found([]) == ()
