"""Renderings of two editions: layout and digits may differ, what is said may not."""

from __future__ import annotations

import pytest

from ai_scientist.audit.wording import agrees, compare_words, is_known

MADE = r"""\section{Results}
The error falls from 0.0518 [0.0431, 0.0593] to 0.031 over 12 seeds, $p = 0.004$.
\entry{cell:a}ece & 0.0518312 & 12 \\
\begin{tabular}{p{0.25\textwidth}lr}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [("0.0518312", "0.05183"), (r"p{0.25\textwidth}", r"p{0.31\textwidth}"), (r"\entry{cell:a}", r"\entry{cell:b7}")],
)
def test_layout_and_digits_may_differ(old: str, new: str) -> None:
    assert compare_words(MADE.replace(old, new), MADE) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("0.0518 [", "0.0528 ["), ("12 seeds", "21 seeds"), ("0.004", "0.001"), ("& 0.0518312", "& 0.0418312")],
)
def test_a_number_that_says_something_else_is_named_with_its_line(old: str, new: str) -> None:
    (mismatch,) = compare_words(MADE.replace(old, new), MADE)
    assert mismatch.line == MADE[: MADE.index(old)].count("\n") + 1
    assert mismatch.stored != mismatch.made


def test_an_added_number_must_be_one_of_the_evidence() -> None:
    more = MADE + "It is 0.777 in all.\n"
    assert [m.stored for m in compare_words(more, MADE)] == ["0.777"]
    assert compare_words(more, MADE, known=[0.77712]) == []


def test_numbers_agree_when_rounding_explains_the_difference() -> None:
    assert agrees("1,234.5", "1234.52")
    assert agrees("0.07", "0.0674")
    assert not agrees("0.06", "0.0674")
    assert is_known("0.07", [-0.0674])
    assert not is_known("0.07", [float("nan"), 0.08])
