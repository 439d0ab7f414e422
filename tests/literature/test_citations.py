from __future__ import annotations

import pytest

from ai_scientist.literature.citations import check_citations, citations, coverage, lost
from ai_scientist.literature.library import Library
from ai_scientist.literature.quotes import is_verbatim
from ai_scientist.literature.records import Quote, Record

TEXT = r"""Networks are over-confident~\citep{guo2017calibration}. Others disagree.
\citet{mueller2019when, lukasik2020does} smooth labels. % \citep{commented2000out}
Scores are proper~\citeq{gneiting2007strictly}{gneiting2007strictly-q2}, 100\% so."""


def shelves() -> tuple[dict[str, Record], dict[str, Quote]]:
    library = Library(":memory:")
    return {r.id: r for r in library.records()}, {q.id: q for q in library.quotes()}


def test_all_forms_of_citation_are_read_in_order() -> None:
    assert [(c.record, c.quote) for c in citations(TEXT)] == [
        ("guo2017calibration", ""),
        ("mueller2019when", ""),
        ("lukasik2020does", ""),
        ("gneiting2007strictly", "gneiting2007strictly-q2"),
    ]


def test_citations_of_stored_records_pass() -> None:
    records, quotes = shelves()
    assert check_citations(TEXT, records, quotes) == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (r"\citep{invented2021paper}", "'invented2021paper' is not a stored record"),
        (r"\citep{guo2017calibration,}", "names no record"),
        (r"\citeq{guo2017calibration}{guo2017calibration-q99}", "is not a stored quote"),
        (r"\citeq{guo2017calibration}{mueller2019when-q1}", "is of mueller2019when, not of guo2017calibration"),
    ],
)
def test_what_does_not_exist_is_named_with_its_line(text: str, why: str) -> None:
    records, quotes = shelves()
    (finding,) = check_citations(f"First line.\nSecond: {text}.", records, quotes, where="paper/paper.tex")
    assert why in finding.why
    assert (finding.kind, finding.where) == ("citation", "paper/paper.tex, line 2")


def test_a_changed_record_no_longer_bears_its_quote() -> None:
    records, quotes = shelves()
    changed = records["gneiting2007strictly"].model_copy(
        update={"text": records["gneiting2007strictly"].text.replace("proper", "popular")}
    )
    (finding,) = check_citations(TEXT, {**records, changed.id: changed}, quotes)
    assert "does not stand in the text" in finding.why
    assert not is_verbatim(changed, quotes["gneiting2007strictly-q2"])


def test_a_retracted_paper_is_named() -> None:
    records, quotes = shelves()
    gone = records["guo2017calibration"].model_copy(update={"retracted": True})
    (finding,) = check_citations(TEXT, {**records, gone.id: gone}, quotes)
    assert "retracted" in finding.why


def test_coverage_counts_sentences_records_and_years() -> None:
    records, _ = shelves()
    seen = coverage(TEXT, records)
    assert seen.cited_sentences == 3 and seen.sentences == 4 and seen.share == 0.75
    assert (seen.oldest, seen.newest, seen.quoted) == (2007, 2020, 1)
    assert seen.records == ("gneiting2007strictly", "guo2017calibration", "lukasik2020does", "mueller2019when")


def test_a_text_without_citations_is_covered_by_nothing() -> None:
    records, _ = shelves()
    bare = coverage("Nothing is cited here. Nor here \\citep{invented2021paper}.", records)
    assert (bare.share, bare.records, bare.newest) == (0.0, (), None)
    assert coverage("", records).share == 0.0


def test_citations_lost_in_rewriting_are_named_as_often_as_they_were_lost() -> None:
    assert lost(TEXT, TEXT) == ()
    assert lost(TEXT, TEXT.replace("mueller2019when, ", "")) == ("mueller2019when",)
    assert lost(r"\citep{a} \citep{a,b}", r"\citep{b} \citep{a} \citep{c}") == ("a",)
