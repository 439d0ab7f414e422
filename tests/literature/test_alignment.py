from __future__ import annotations

from ai_scientist.literature.alignment import align, copied_runs, steps
from ai_scientist.literature.library import Library
from ai_scientist.literature.records import Record

METHOD = (
    "First, a share of the training labels is replaced by wrong ones. Then a small neural network is trained on the "
    "corrupted labels. A single temperature is fitted on held-out data. Finally the calibration error is measured over "
    "equally wide bins of confidence."
)
REWORDED = (
    "We replace a share of training labels with wrong labels. On these corrupted labels we train a small network. We "
    "fit one temperature on data that was held out. We then measure calibration error over bins of confidence, "
    "equally wide."
)
OTHER = (
    "A time series is split into trend and season. Each part is extrapolated by exponential smoothing. The forecasts "
    "are added and compared by a scaled error. Intervals come from the residuals."
)
FIT = "A temperature is fitted on held-out data."


def paper(key: str, text: str) -> Record:
    return Record(id=key, title=key, authors=("A, B",), year=2020, source="test", text=text)


def test_a_method_in_new_words_is_recognised_step_by_step() -> None:
    reworded, other = align(METHOD, [paper("other", OTHER), paper("reworded", REWORDED)])
    assert reworded.record == "reworded" and reworded.is_theirs
    assert len(reworded.pairs) >= 4 and reworded.share >= 0.8
    assert not other.is_theirs and other.share == 0.0


def test_a_method_that_shares_one_step_is_not_theirs() -> None:
    mixed = OTHER + " The calibration error is measured over equally wide bins of confidence."
    (found,) = align(METHOD, [paper("mixed", mixed)])
    assert not found.is_theirs and 0 < found.share < 0.5
    assert "calibration error" in found.pairs[0].theirs


def test_one_step_is_not_matched_twice() -> None:
    (found,) = align(" ".join([FIT] * 4), [paper("one", f"{FIT} Nothing else happens here.")])
    assert len(found.pairs) == 1 and found.share == 0.25


def test_too_few_steps_say_nothing() -> None:
    (found,) = align(FIT, [paper("one", FIT)])
    assert found.share == 1.0 and not found.is_theirs


def test_no_shipped_paper_is_another_ones_method() -> None:
    records = [record for record in Library(":memory:").records() if len(steps(record.text)) >= 3]
    assert len(records) > 20
    for record in records[::8]:
        found = align(record.text, [other for other in records if other.id != record.id])
        assert not [each.record for each in found if each.is_theirs], record.id
        assert align(record.text, [record])[0].is_theirs


def test_runs_of_copied_words_are_found_whole() -> None:
    source = "one two three four five six seven eight nine ten eleven twelve"
    text = "Start: one two three, four five six seven eight nine - and then other words entirely follow here."
    assert copied_runs(text, source) == ("one two three four five six seven eight nine",)
    assert copied_runs("seven words in a row is not eight", source) == ()
    assert copied_runs(source, source) == (source,)
    assert copied_runs("", source) == copied_runs(text, "") == ()
