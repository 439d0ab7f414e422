from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ai_scientist.core.clock import SystemClock
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.settings import LiteratureSettings
from ai_scientist.literature.asking import retractions_as_set
from ai_scientist.literature.library import Library
from ai_scientist.literature.records import Record
from ai_scientist.literature.retractions import check_retractions, read_retractions
from ai_scientist.literature.sources.crossref import CrossrefSource
from ai_scientist.literature.sources.wire import Manners, Wire
from tests.literature.services import Asked, Reply, as_json, serve

TABLE = """Record ID,Title,OriginalPaperDOI,RetractionDOI,RetractionNature
1,"A, b",10.1000/Gone,10.1000/n1,Retraction
2,C,10.1000/doubt,10.1000/n2,Expression of concern
3,D,unavailable,10.1000/n3,Retraction
"""


def paper(key: str, doi: str = "", *, retracted: bool = False) -> Record:
    return Record(id=key, title=key, authors=("A, B",), year=2020, source="test", doi=doi, retracted=retracted)


def crossref(asked: Asked) -> Reply:
    if asked.params["filter"] == "updates:10.1000/gone":
        item = {"DOI": "10.1000/notice", "update-to": [{"DOI": "10.1000/gone", "type": "retraction"}]}
        return as_json({"message": {"total-results": 1, "items": [item]}})
    if asked.params["filter"] == "updates:10.1000/flaky":
        return Reply(b"", status=500)
    return as_json({"message": {"total-results": 0, "items": []}})


async def test_retracted_standing_and_unasked_are_three_things() -> None:
    papers = [
        paper("gone", "10.1000/gone"),
        paper("fine", "10.1000/fine"),
        paper("flaky", "10.1000/flaky"),
        paper("bare"),
    ]
    with serve(crossref) as service:
        source = CrossrefSource(Wire("c", manners=Manners(tries=1, pause_seconds=0)), address=service.address)
        report = await check_retractions([*papers, paper("told", retracted=True)], crossref=source)
    assert report.retracted == {"gone": "notice 10.1000/notice", "told": "test says so"}
    assert report.asked == ("gone", "fine")
    assert report.unasked["bare"] == "it has no DOI" and "HTTP 500" in report.unasked["flaky"]


async def test_a_table_on_disk_answers_without_a_network(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(TABLE)
    listed = read_retractions(file)
    assert listed == {"10.1000/gone": "Retraction"}
    report = await check_retractions([paper("gone", "10.1000/GONE"), paper("fine", "10.1000/fine")], listed=listed)
    assert report.retracted == {"gone": "Retraction"} and report.asked == ("fine",)


async def test_without_anybody_to_ask_nothing_stands() -> None:
    report = await check_retractions([paper("fine", "10.1000/fine")])
    assert report.asked == () and report.unasked == {"fine": "nobody was to be asked"}


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ConfigError, match="no Retraction Watch table"):
        read_retractions(tmp_path / "x.csv")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_retractions(tmp_path / "y.csv")


@pytest.mark.slow
async def test_a_library_marks_what_its_registry_retracted(tmp_path: Path) -> None:
    with closing(Library(tmp_path / "library.sqlite")) as library, serve(crossref) as service:
        for record in (paper("gone", "10.1000/gone"), paper("fine", "10.1000/fine")):
            library.add(record)
        settings = LiteratureSettings(sources=("crossref",), addresses={"crossref": service.address})
        report = await retractions_as_set(settings, library=library, folder=tmp_path, clock=SystemClock())
        assert set(report.retracted) == {"gone"} and {"gone", "fine"} <= set(report.asked)
        assert {record.id for record in library.records() if record.retracted} == {"gone"}
        alone = await retractions_as_set(LiteratureSettings(), library=library, folder=tmp_path, clock=SystemClock())
        assert alone.asked == () and set(alone.retracted) == {"gone"}
