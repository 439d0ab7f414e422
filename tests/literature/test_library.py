from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ai_scientist.core.errors import ConfigError, RunCorrupted
from ai_scientist.core.jsonl import read_lines
from ai_scientist.literature.library import Library
from ai_scientist.literature.quotes import is_verbatim
from ai_scientist.literature.records import Quote, Record


def paper(key: str = "example2020thing", **facts: object) -> Record:
    values: dict[str, object] = {
        "id": key,
        "title": "A Thing That Works",
        "authors": ("Example, Ada",),
        "year": 2020,
        "source": "arxiv",
        **facts,
    }
    return Record.model_validate(values)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("Does label noise hurt the calibration of classifiers?", "lukasik2020does"),
        ("which learning rate schedule is best for small networks", "li2020budgeted"),
        ("weighted interval score of epidemic forecasts", "bracher2021evaluating"),
        ("dropout and batch normalisation together", "li2019understanding"),
        ("two one-sided tests of equivalence", "lakens2017equivalence"),
    ],
)
def test_a_topic_finds_the_papers_that_it_is_about(query: str, wanted: str) -> None:
    library = Library(":memory:")
    assert wanted in [record.id for record in library.search(query, 3)]


def test_the_same_library_gives_the_same_order() -> None:
    orders = {tuple(r.id for r in Library(":memory:").search("training neural networks", 30)) for _ in range(3)}
    assert len(orders) == 1


@pytest.mark.parametrize("query", ["", "the of and", '"*) OR (', "NEAR AND NOT", "title:(x)", "'; DROP TABLE records"])
def test_odd_queries_break_nothing(query: str) -> None:
    library = Library(":memory:")
    library.search(query)
    assert len(library) > 100


def test_british_and_american_spelling_meet() -> None:
    library = Library(":memory:")
    british = [r.id for r in library.search("regularisation of neural networks", 8)]
    american = [r.id for r in library.search("regularization of neural networks", 8)]
    assert british == american


def test_what_was_added_is_there_after_opening_again(tmp_path: Path) -> None:
    library = Library(tmp_path / "run" / "library.sqlite")
    library.add(paper(text="A thing was built. It works well in every case."))
    quote = library.quote("example2020thing", "It works well in every case.")
    library.close()
    again = Library(tmp_path / "run" / "library.sqlite")
    assert again.get("example2020thing") is not None
    assert quote in again.quotes()
    assert "example2020thing" in [r.id for r in again.search("thing works well", 3)]


def test_the_shipped_bibliography_is_in_it_once(tmp_path: Path) -> None:
    first = len(Library(tmp_path / "library.sqlite"))
    assert len(Library(tmp_path / "library.sqlite")) == first > 100
    assert len(Library(":memory:", shipped=False)) == 0


def test_the_same_paper_is_kept_once() -> None:
    library = Library(":memory:", shipped=False)
    library.add(paper(doi="10.1000/X"))
    assert library.add(paper("other2020thing", title="Another title", doi="10.1000/x")).id == "example2020thing"
    assert library.add(paper("third2021thing", title="A thing that works!", year=2021)).id == "example2020thing"
    assert library.add(paper("later2025thing", title="A thing that works", year=2025)).id == "later2025thing"
    assert len(library) == 2


def test_versions_of_a_preprint_are_one_paper() -> None:
    library = Library(":memory:", shipped=False)
    library.add(paper(arxiv="2001.01234v1"))
    assert library.add(paper("b2020b", title="Renamed", arxiv="2001.01234v3")).id == "example2020thing"


def test_a_text_that_was_missing_is_taken_over_and_its_source_named() -> None:
    library = Library(":memory:", shipped=False)
    library.add(paper())
    kept = library.add(paper("b2020b", source="openalex", text="It is shown that the thing works in all cases."))
    assert kept.id == "example2020thing"
    assert kept.text.startswith("It is shown")
    assert "text from openalex" in kept.checked
    assert library.search("shown in all cases")[0].id == "example2020thing"
    assert [q.record for q in library.quotes()] == ["example2020thing"]


def test_a_retraction_that_is_learned_later_sticks() -> None:
    library = Library(":memory:", shipped=False)
    library.add(paper())
    assert library.add(paper("b2020b", retracted=True)).retracted
    found = library.get("example2020thing")
    assert found is not None and found.retracted


def test_an_id_is_never_given_to_a_second_paper() -> None:
    library = Library(":memory:", shipped=False)
    library.add(paper())
    with pytest.raises(ValueError, match="taken by another paper"):
        library.add(paper(title="Something Else Entirely"))


def test_every_quote_stands_where_it_says() -> None:
    library = Library(":memory:")
    records = {record.id: record for record in library.records()}
    quotes = library.quotes()
    assert len(quotes) > 150
    assert all(is_verbatim(records[quote.record], quote) for quote in quotes)
    assert not [q for q in quotes if q.text.startswith("[…]")]
    assert len({q.id for q in quotes}) == len(quotes)


def test_a_quote_is_kept_once_and_refused_if_it_is_not_there() -> None:
    library = Library(":memory:")
    one = library.quote("guo2017calibration", "modern neural networks, unlike those from a decade ago")
    two = library.quote("guo2017calibration", "Modern neural networks, unlike those from a decade ago")
    assert one is not None and one == two
    assert library.quote("guo2017calibration", "neural networks are perfectly calibrated out of the box") is None
    assert library.quote("nobody1900nothing", "modern neural networks, unlike those from a decade ago") is None


def test_the_evidence_is_written_for_the_audit(tmp_path: Path) -> None:
    library = Library(":memory:")
    library.log('{"query":"x"}')
    files = library.write_evidence(tmp_path, cited=["guo2017calibration"])
    records = [Record.model_validate(line.value) for line in read_lines(tmp_path / "records.jsonl")]
    quotes = [Quote.model_validate(line.value) for line in read_lines(tmp_path / "quotes.jsonl")]
    assert [record.id for record in records] == ["guo2017calibration"]
    assert quotes and all(is_verbatim(records[0], quote) for quote in quotes)
    assert [line.value for line in read_lines(tmp_path / "searches.jsonl")] == [{"query": "x"}]
    assert sorted(file.name for file in files) == ["quotes.jsonl", "records.jsonl", "searches.jsonl"]


def test_a_file_that_is_no_library_is_named(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    file.write_bytes(b"not a database, but long enough to have been one" * 40)
    with pytest.raises(RunCorrupted, match=r"library\.sqlite is not a library"):
        Library(file)


def test_a_folder_that_is_a_file_is_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "literature").write_text("")
    with pytest.raises(ConfigError, match="cannot be opened"):
        Library(tmp_path / "literature" / "library.sqlite")


def test_a_killed_writer_leaves_whole_records(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    program = f"""
        from pathlib import Path
        from ai_scientist.literature.library import Library
        from ai_scientist.literature.records import Record
        library = Library(Path({str(file)!r}), shipped=False)
        n = 0
        while True:
            n += 1
            paper = dict(id=f"p{{n}}", title=f"Paper number {{n}} of many", authors=("A, B",), year=2000, source="t")
            library.add(Record(**paper, text="One sentence. " * 50))
            print(n, flush=True)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seen = 0
    while seen < 15:
        seen = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    library = Library(file, shipped=False)
    assert len(library) >= 15
    records = {record.id: record for record in library.records()}
    assert all(is_verbatim(records[quote.record], quote) for quote in library.quotes())
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
