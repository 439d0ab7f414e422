from __future__ import annotations

import re

from ai_scientist.literature.shipped import shipped_records
from ai_scientist.literature.wording import title_key

FORBIDDEN = re.compile(r"/work/|/tmp/|localhost|\bmirror\b")


def test_there_are_enough_papers_with_passages_and_summaries() -> None:
    records = shipped_records()
    assert len(records) >= 130
    assert sum(bool(record.text) and bool(record.summary) for record in records) >= 75


def test_every_record_says_what_confirmed_it() -> None:
    assert [record.id for record in shipped_records() if not record.checked] == []
    assert not [record.id for record in shipped_records() if FORBIDDEN.search(" ".join(record.checked))]


def test_no_paper_is_there_twice() -> None:
    titles = [title_key(record.title) for record in shipped_records()]
    assert len(set(titles)) == len(titles)
    numbers = [record.arxiv for record in shipped_records() if record.arxiv]
    assert len(set(numbers)) == len(numbers)


def test_ids_name_author_and_year() -> None:
    for record in shipped_records():
        written = re.fullmatch(r"[a-z]+(\d{4})[a-z0-9]+", record.id)
        assert written and int(written.group(1)) == record.year, record.id


def test_facts_have_their_form() -> None:
    for record in shipped_records():
        assert all("," in author or author.endswith("Contributors") for author in record.authors), record.id
        assert record.doi == "" or record.doi.startswith("10."), record.id
        assert re.fullmatch(r"(\d{4}\.\d{4,5})?", record.arxiv), record.id
        assert re.fullmatch(r"([\dA-Za-z:]+(-[\dA-Za-z:]+)?)?", record.pages), record.id
        assert 1900 <= record.year <= 2026, record.id
        assert record.source == "shipped"


def test_passages_are_clean_and_short() -> None:
    for record in shipped_records():
        assert "\\" not in record.text and "  " not in record.text and "(cid" not in record.text, record.id
        assert len(record.text) < 1600, record.id
        assert not record.text or record.text[-1] in '.?”)"', record.id


def test_a_summary_is_not_copied_from_the_passage() -> None:
    for record in shipped_records():
        words = re.findall(r"\w+", record.summary.lower())
        text = " ".join(re.findall(r"\w+", record.text.lower()))
        runs = [" ".join(words[n : n + 9]) for n in range(len(words) - 8)]
        assert not [run for run in runs if run in text], record.id
