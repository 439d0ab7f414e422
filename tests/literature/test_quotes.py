from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_scientist.literature.quotes import find_quote, is_verbatim, match
from ai_scientist.literature.records import Record
from ai_scientist.literature.shipped import shipped_records
from ai_scientist.literature.wording import normal, sentences

TEXT = (
    "The ﬁrst finding – “temperature scaling” –  helps.\nWe discover that modern neural networks, unlike those from a "
    "decade ago, are poorly calibrated. It does not hold, e.g. for trees (Guo et al. 2017). Nothing else is claimed."
)


def record(text: str = TEXT) -> Record:
    return Record(id="guo2017calibration", title="T", authors=("Guo, C.",), year=2017, source="test", text=text)


def test_an_exact_span_is_found_where_it_stands() -> None:
    quote = find_quote(record(), "modern neural networks, unlike those from a decade ago, are poorly calibrated")
    assert quote is not None
    assert TEXT[quote.start : quote.start + len(quote.text)] == quote.text
    assert is_verbatim(record(), quote)


@pytest.mark.parametrize(
    "copy",
    [
        'the first finding - "temperature scaling" - helps',
        "The first finding — ''temperature scaling'' — helps.",
        "  The\nfirst   finding – “temperature scaling” – helps. ",
        '"The ﬁrst finding – “temperature scaling” – helps."',
    ],
)
def test_typography_white_space_and_ligatures_do_not_matter(copy: str) -> None:
    quote = find_quote(record(), copy)
    assert quote is not None
    assert quote.text.startswith("The ﬁrst finding")
    assert is_verbatim(record(), quote)


def test_a_copy_with_a_slip_is_found_and_the_records_own_words_are_kept() -> None:
    quote = find_quote(
        record(), "We discover that modern neural network, unlike those from a decade ago, are poorly calibrated."
    )
    assert quote is not None
    assert quote.text == (
        "We discover that modern neural networks, unlike those from a decade ago, are poorly calibrated."
    )


@pytest.mark.parametrize(
    ("copy", "wanted"),
    [
        ("Nothing els is claimed", "Nothing else is claimed"),
        ("modern neurall networks, unlike those from a decade ago, are poorly calibrated", "modern neural networks"),
        ("It does not hold, e. g. for trees (Guo et al. 2017)", "It does not hold, e.g. for trees (Guo et al. 2017)"),
    ],
)
def test_slips_of_the_copyist_are_forgiven(copy: str, wanted: str) -> None:
    found = match(TEXT, copy)
    assert found is not None and found.text.startswith(wanted)
    assert 0.95 <= found.likeness < 1


@pytest.mark.parametrize(
    ("text", "copy"),
    [
        (
            "Large nets do not fit the labels of these data sets in our runs.",
            "Large nets do fit the labels of these data sets in our runs.",
        ),
        (
            "The error falls by 12 percent over all of the data sets that we tried.",
            "The error falls by 21 percent over all of the data sets that we tried.",
        ),
        (
            "The error rises before the learning rate is lowered in all our runs.",
            "The error rises after the learning rate is lowered in all our runs.",
        ),
    ],
)
def test_a_slip_that_turns_the_meaning_is_not_forgiven(text: str, copy: str) -> None:
    assert match(text, copy) is None
    assert match(text, text) is not None


def test_a_long_text_is_searched_in_no_time() -> None:
    import time

    long = " ".join(
        f"Sentence number {n} says that item {n * 7919 % 1000} is like item {n * 31 % 977}." for n in range(1500)
    )
    began = time.perf_counter()
    assert match(long, "Sentence number 1200 says that itm 800 is like item 74 and so on and on.") is None
    found = match(long, "Sentence number 1200 sayss that item 800 is like item 74.")
    assert found is not None and long[found.start :].startswith("Sentence number 1200 says")
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    "claim",
    [
        "We discover that modern neural networks, unlike those from a decade ago, are well calibrated and accurate.",
        "modern neural networks are poorly calibrated because of batch normalization and of weight decay",
        "poorly",
        "",
        "Nothing in this sentence was ever written by anybody in that paper.",
    ],
)
def test_what_the_text_does_not_say_is_no_quote(claim: str) -> None:
    assert find_quote(record(), claim) is None


def test_a_quote_of_another_record_is_not_verbatim() -> None:
    quote = find_quote(record(), "Nothing else is claimed.")
    assert quote is not None
    assert not is_verbatim(record("Something else is claimed."), quote)
    assert not is_verbatim(record().model_copy(update={"id": "other2020paper"}), quote)


def test_sentences_do_not_end_at_abbreviations() -> None:
    assert [TEXT[a:b] for a, b in sentences(TEXT)][2] == "It does not hold, e.g. for trees (Guo et al. 2017)."


@settings(deadline=None)
@given(st.text(max_size=200))
def test_the_way_back_from_the_normal_form_stays_inside_the_text(text: str) -> None:
    form = normal(text)
    assert len(form.text) == len(form.places)
    assert list(form.places) == sorted(form.places)
    if form.text:
        start, end = form.span(0, len(form.text))
        assert 0 <= start < end <= len(text)


@settings(deadline=None)
@given(st.data())
def test_every_run_of_words_of_a_shipped_text_is_found_again(data: st.DataObject) -> None:
    source = data.draw(st.sampled_from([r for r in shipped_records() if len(r.text) > 80]))
    start = data.draw(st.integers(0, len(source.text) - 40))
    wanted = source.text[start : start + data.draw(st.integers(30, 200))]
    found = match(source.text, wanted)
    if len(normal(wanted.strip().strip("\"'“”‘’ ")).text) >= 12:
        assert found is not None
        assert found.likeness == 1.0
        assert source.text[found.start : found.start + len(found.text)] == found.text


@settings(deadline=None)
@given(
    st.sampled_from([r for r in shipped_records() if r.text]), st.sampled_from([r for r in shipped_records() if r.text])
)
def test_no_sentence_of_one_paper_is_found_in_another(one: Record, other: Record) -> None:
    start, end = sentences(one.text)[0]
    if one.id != other.id and one.text[start:end] not in other.text:
        assert match(other.text, one.text[start:end]) is None
