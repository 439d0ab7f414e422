from __future__ import annotations

import pytest

from ai_scientist.core.research_template import load_template, template_names
from ai_scientist.literature.entailment import check_support, support
from ai_scientist.literature.library import Library
from ai_scientist.literature.quotes import match
from ai_scientist.literature.wording import words

SPAN = (
    "We discover that modern neural networks, unlike those from a decade ago, are poorly calibrated. On CIFAR-10, "
    "temperature scaling lowers the error by 3.5 percent and improves calibration."
)


@pytest.mark.parametrize(
    "sentence",
    [
        r"Modern neural networks are poorly calibrated~\citeq{guo2017calibration}{guo2017calibration-q1}.",
        "Temperature scaling improves the calibration of networks on CIFAR-10.",
        "Temperature scaling lowers the error by 3.5 percent.",
        r"Networks are poorly calibrated, with an error of \val{ece/baseline/digits/test/mean} here.",
    ],
)
def test_a_sentence_that_the_quote_bears_passes(sentence: str) -> None:
    assert support(sentence, SPAN).holds


@pytest.mark.parametrize(
    ("sentence", "field", "wanted"),
    [
        ("Temperature scaling lowers the error by 35 percent.", "numbers", ("35",)),
        ("On CIFAR-100, temperature scaling improves calibration.", "names", ("CIFAR-100",)),
        ("For networks on ImageNet, temperature scaling improves calibration.", "names", ("ImageNet",)),
        ("Modern neural networks are well calibrated.", "turned", ("well / poorly",)),
        ("Temperature scaling degrades the calibration of networks.", "turned", ("degrade / improve",)),
        (
            "Modern neural networks, unlike those of the last decade, are not poorly calibrated.",
            "turned",
            ("only one of the two says no",),
        ),
    ],
)
def test_what_the_quote_does_not_have_is_named(sentence: str, field: str, wanted: tuple[str, ...]) -> None:
    found = support(sentence, SPAN)
    assert getattr(found, field) == wanted
    assert not found.holds


def test_a_quote_about_something_else_does_not_hold() -> None:
    assert not support("The weather in the mountains was cold and the harvest failed.", SPAN).holds


def test_authors_and_title_of_the_cited_paper_may_be_named() -> None:
    library = Library(":memory:")
    records = {r.id: r for r in library.records()}
    quotes = {q.id: q for q in library.quotes()}
    quote = next(q for q in quotes.values() if q.record == "guo2017calibration" and "poorly calibrated" in q.text)
    cite = rf"that modern networks are poorly calibrated~\citeq{{guo2017calibration}}{{{quote.id}}}."
    good = f"In an influential paper, Guo, Pleiss and others find {cite}"
    bad = f"In an influential paper, Schmidhuber finds {cite}"
    assert check_support(good, records, quotes) == ()
    (finding,) = check_support(f"Nothing here.\n{bad}", records, quotes, where="paper.tex")
    assert "does not name Schmidhuber" in finding.why and finding.where == "paper.tex, line 2"


def test_sentences_without_quotes_are_left_alone() -> None:
    library = Library(":memory:")
    records = {r.id: r for r in library.records()}
    quotes = {q.id: q for q in library.quotes()}
    assert check_support(r"Anything at 99 percent~\citep{guo2017calibration}. And more.", records, quotes) == ()


def test_a_shipped_sentence_bears_itself() -> None:
    for quote in Library(":memory:").quotes():
        found = support(quote.text, quote.text)
        assert found.holds, (quote.text, found)


def test_what_follows_the_citation_is_the_writers_own() -> None:
    library = Library(":memory:")
    records = {r.id: r for r in library.records()}
    quotes = {q.id: q for q in library.quotes()}
    quote = next(q for q in quotes.values() if q.record == "guo2017calibration" and "poorly calibrated" in q.text)
    cite = rf"\citeq{{guo2017calibration}}{{{quote.id}}}"
    own = f"Modern neural networks are poorly calibrated~{cite}, which we study on the Breast Cancer data of Wisconsin."
    assert check_support(own, records, quotes) == ()
    theirs = f"On the Breast Cancer data of Wisconsin, modern neural networks are poorly calibrated~{cite}."
    assert "Wisconsin" in check_support(theirs, records, quotes)[0].why


@pytest.mark.parametrize("name", template_names())
def test_every_citation_of_a_research_template_is_borne_by_a_quote_that_is_there(name: str) -> None:
    library = Library(":memory:")
    for citation in load_template(name).citations:
        record = library.get(citation.record)
        assert record is not None, citation.record
        assert match(record.text, citation.quote) is not None, citation.quote
        known = frozenset(word for author in record.authors for word in words(author)) | set(words(record.title))
        found = support(citation.sentence.split("{cite}")[0], citation.quote, known=known)
        assert found.holds, (citation.sentence, found)
