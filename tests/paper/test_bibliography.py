from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import bibtexparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_scientist.literature.records import Record
from ai_scientist.paper.bibliography import protect_capitals, render_bibliography, render_entry
from tests.paper import workshop

GOLDEN = Path(__file__).parent / "golden"


def test_the_bibliography_is_the_golden_one() -> None:
    records = {
        r.id: r
        for r in (
            workshop.record(0),
            workshop.record(
                1,
                title="Réseaux & the ECE: a study of 100% noise",
                authors=("Müller, Jörg", "OpenAI", "Van Calster, Ben"),
                venue="Journal of A & B",
                kind="article",
                volume="12",
                pages="1--20",
                doi="10.1000/a_b<c>",
                arxiv="",
            ),
            workshop.record(
                2, venue="", kind="article", authors=(), url="https://example.org/a_b?c=d&e=f%20g", arxiv=""
            ),
            workshop.record(3, kind="book", venue="", publisher="Springer", retracted=True, arxiv=""),
        )
    }
    assert render_bibliography(records, list(records)) == (GOLDEN / "references.bib").read_text()


def test_only_cited_records_are_in_it_in_any_order_alike() -> None:
    records = {r.id: r for r in (workshop.record(n) for n in range(5))}
    one = render_bibliography(records, ["author2003title", "author2001title", "author2003title"])
    other = render_bibliography(records, ["author2001title", "author2003title"])
    assert one == other
    assert one.count("@") == 2


def test_an_unknown_key_is_never_made_up() -> None:
    with pytest.raises(KeyError):
        render_bibliography({}, ["nobody2020"])


@pytest.mark.parametrize(
    ("title", "protected"),
    [
        ("A study of kNN", "A study of {kNN}"),
        ("Deep learning in Python: Bayesian views", "Deep learning in {Python:} Bayesian views"),
        ("", ""),
        ("50% of R&D", r"50\% of {R\&D}"),
    ],
)
def test_capitals_that_mean_something_are_kept(title: str, protected: str) -> None:
    assert protect_capitals(title) == protected


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=4))
def test_whatever_a_source_said_the_entry_has_matching_braces(title: str, authors: list[str]) -> None:
    record = Record(id="a", title=title, authors=tuple(authors), year=2000, source="shipped")
    entry = render_entry(record)
    plain = entry.replace(r"\{", "").replace(r"\}", "").replace("\\\\", "")
    depth = 0
    for character in plain:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0


def test_a_parser_of_others_reads_what_we_write() -> None:
    text = render_bibliography({r.id: r for r in (workshop.record(n) for n in range(3))}, ["author2001title"])
    entries: list[dict[str, str]] = cast("Any", bibtexparser).loads(text).entries
    assert [entry["ID"] for entry in entries] == ["author2001title"]
    assert entries[0]["year"] == "2001"
