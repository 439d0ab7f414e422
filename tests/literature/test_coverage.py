from __future__ import annotations

from ai_scientist.literature.coverage import coverage_checks
from tests.paper.workshop import record

RECORDS = {made.id: made for made in (record(number) for number in range(1, 21))}
NEAREST = tuple(f"author{year}title" for year in range(2009, 2021))


def citing(*years: int) -> str:
    return "Some say so~\\citep{" + ",".join(f"author{year}title" for year in years) + "}."


def test_a_paper_that_cites_what_lies_near_is_let_pass() -> None:
    assert coverage_checks(citing(2010, 2012, 2015, 2018), RECORDS, NEAREST) == ()


def test_a_paper_that_leaves_out_what_lies_near_is_told_with_the_nearest_first() -> None:
    (told,) = coverage_checks(citing(2020, 2019), RECORDS, NEAREST)
    assert "Of the 12 records that the searches found most, the paper cites 2" in told
    assert "author2009title, author2010title" in told


def test_works_older_than_what_lies_near_are_told_with_both_medians() -> None:
    told = coverage_checks(citing(2001, 2002, 2003, 2004, 2005, 2009, 2010, 2011), RECORDS, NEAREST)
    assert told == (
        "The median year of the 8 cited works is 2004.5, that of the nearest 12 records 2014.5: newer work that bears "
        "on the question may be missing.",
    )


def test_without_a_search_nothing_is_said() -> None:
    assert coverage_checks(citing(2001), RECORDS, ()) == ()
