from __future__ import annotations

from itertools import product

import pytest

from ai_scientist.core.idea import AtomicClaim, ClaimEvidence, ClaimKind, Closeness
from ai_scientist.literature.closeness import lexical_closeness
from ai_scientist.literature.library import Library
from ai_scientist.literature.novelty import judge, verify
from ai_scientist.literature.quotes import match
from ai_scientist.literature.search import SearchLine, SearchReport

SAME: Closeness = "same method and setting"
OTHER: Closeness = "same method, other setting"
GOAL: Closeness = "other method, same goal"
UNRELATED: Closeness = "unrelated"


def line(source: str, *, hits: int | None = 8) -> SearchLine:
    return SearchLine(
        source=source, query="q", when="", hits=hits, failure="" if hits is not None else "could not ask: x"
    )


def searched(*lines: SearchLine, offline: bool = False) -> SearchReport:
    return SearchReport(records=(), log=(line("library"), *lines), offline=offline)


ONLINE = searched(line("arxiv"), line("openalex"))
OFFLINE = searched(offline=True)
BROKEN = searched(line("arxiv", hits=None), line("openalex", hits=None))
HALF = searched(line("arxiv"), line("openalex", hits=None))
EMPTY = searched(line("arxiv", hits=0))


def found(record: str, closeness: Closeness, *, kind: ClaimKind = "finding", verified: bool = True) -> ClaimEvidence:
    claim = AtomicClaim(kind=kind, text=f"a {kind}")
    return ClaimEvidence(claim=claim, record=record, closeness=closeness, quote="words", verified=verified)


def many(closeness: Closeness = UNRELATED, count: int = 8) -> list[ClaimEvidence]:
    return [found(f"p{n}", closeness, verified=closeness != UNRELATED) for n in range(count)]


def test_a_finding_that_a_paper_reports_is_known() -> None:
    report = judge("idea", [*many(), found("guo2017calibration", SAME)], ONLINE)
    assert report.verdict == "known" and "guo2017calibration" in report.summary


@pytest.mark.parametrize("search", [ONLINE, OFFLINE, BROKEN, HALF])
def test_known_stays_known_however_the_search_went(search: SearchReport) -> None:
    assert judge("idea", [found("a", SAME)], search).verdict == "known"


def test_a_label_whose_quote_is_not_there_does_not_count() -> None:
    assert judge("idea", [*many(), found("a", SAME, verified=False)], ONLINE).verdict == "novel"


def test_a_known_problem_alone_makes_an_idea_partly_known() -> None:
    evidence = [*many(), found("a", SAME, kind="problem"), found("b", GOAL, kind="finding")]
    assert judge("idea", evidence, ONLINE).verdict == "partly known"


def test_all_claims_met_is_known_whatever_their_kind() -> None:
    evidence = [found("a", SAME, kind="problem"), found("b", SAME, kind="mechanism")]
    assert judge("idea", evidence, ONLINE).verdict == "known"


def test_the_same_method_elsewhere_is_partly_known() -> None:
    assert judge("idea", [*many(), found("a", OTHER)], ONLINE).verdict == "partly known"


def test_novel_needs_sources_that_answered_and_enough_read() -> None:
    assert judge("idea", many(), ONLINE).verdict == "novel"
    assert judge("idea", many(count=3), ONLINE).verdict == "not established"
    assert judge("idea", [], EMPTY).verdict == "not established"


@pytest.mark.parametrize("search", [OFFLINE, BROKEN, EMPTY])
@pytest.mark.parametrize("evidence", [[], many(count=2), many(GOAL, count=2)])
def test_no_search_that_failed_or_saw_little_says_novel(search: SearchReport, evidence: list[ClaimEvidence]) -> None:
    report = judge("idea", evidence, search)
    assert report.verdict == "not established"


@pytest.mark.parametrize("search", [OFFLINE, BROKEN])
def test_however_much_was_read_a_failed_search_never_says_novel(search: SearchReport) -> None:
    labels: list[Closeness] = [SAME, OTHER, GOAL, UNRELATED]
    for closeness, verified, count in product(labels, (True, False), (0, 1, 40)):
        evidence = [found(f"p{n}", closeness, verified=verified) for n in range(count)]
        assert judge("idea", evidence, search).verdict != "novel"


def test_the_report_says_what_was_asked_and_what_failed() -> None:
    report = judge("idea", many(), HALF)
    assert report.verdict == "novel"
    assert report.failures == ("openalex: could not ask: x",)
    assert "openalex" in report.summary
    assert "arxiv: 'q': 8 hits" in report.queries and "openalex: 'q': could not ask: x" in report.queries


def test_verification_puts_the_records_own_words_in_place_of_the_copy() -> None:
    records = {record.id: record for record in Library(":memory:").records()}
    claim = AtomicClaim(kind="finding", text="networks are miscalibrated")
    copy = ClaimEvidence(
        claim=claim,
        record="guo2017calibration",
        closeness=SAME,
        quote="we discover that modern neural networks, unlike those from a decade ago are poorly calibrated",
        verified=False,
    )
    checked = verify(copy, records)
    assert checked.verified and checked.quote in records["guo2017calibration"].text
    made_up = copy.model_copy(
        update={"quote": "modern networks have always been calibrated perfectly well", "verified": True}
    )
    assert not verify(made_up, records).verified
    assert not verify(copy.model_copy(update={"record": "nobody1900nothing"}), records).verified


def claim(text: str) -> AtomicClaim:
    return AtomicClaim(kind="finding", text=text)


def test_words_alone_tell_a_near_copy_from_a_neighbour() -> None:
    library = Library(":memory:")
    guo, bates = library.get("guo2017calibration"), library.get("gardner1985forecasting")
    assert guo and bates
    copy = lexical_closeness(
        claim("modern neural networks, unlike those from a decade ago, are poorly calibrated"), guo
    )
    assert copy.closeness == SAME and match(guo.text, copy.quote) is not None
    near = lexical_closeness(
        claim("weight decay and network width change calibration of random forests on tables"), guo
    )
    assert near.closeness in (OTHER, GOAL)
    assert lexical_closeness(claim("modern neural networks are poorly calibrated"), bates).closeness == UNRELATED


def test_every_quote_that_words_offer_stands_in_the_text() -> None:
    for record in Library(":memory:").records():
        near = lexical_closeness(
            claim("label noise hurts the calibration of neural networks trained with dropout"), record
        )
        assert near.quote in record.text
        assert near.closeness != UNRELATED or near.quote == ""


def test_a_claim_too_short_to_judge_is_unrelated() -> None:
    record = Library(":memory:").records()[0]
    assert lexical_closeness(claim("it works"), record).closeness == UNRELATED
