"""Statistics as papers print them: what cannot be is said, what rounding explains is not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ai_scientist.audit.printed import check_printed
from ai_scientist.audit.rounding import Range, normal


def problems(text: str) -> list[str]:
    return [one.why for one in check_printed(text).impossible]


@pytest.mark.parametrize(
    "text",
    [
        "The groups differed, t(28) = 2.20, p = .036.",
        "t(28) = 2.2, p < .05",
        "F(2, 57) = 4.31, p = 0.018",
        "χ²(1, N = 90) = 3.84, p = .05",
        "z = 1.96, p = .05",
        "r(48) = .31, p = .028",
        "t(14) = −1.21, p > .05",
        "t(28) = 1.75, one-tailed, p = .046",
        "t(10) = 12.3, p = 2.3 × 10^-7",
        "0.51 [0.43, 0.59]",
        "an effect of 0.20 (95% CI: 0.05, 0.35)",
        "47 of 50 (94%) were right",
        "94.0% (47/50)",
        "an accuracy of 94.0% on 50 examples",
        "a mean accuracy of 93.7% on 50 examples",
        "Ratings were high (M = 3.45, N = 20).",
        "an accuracy of 0.97, recall is 99.5%",
        "the speed is 312.5%",
        "an accuracy of 0.93 ± 0.02, a recall of 91.2 ± 4.0",
        "the error falls from 0.40 to 0.30, a reduction of 25%",
        "accuracy rises from 80% to 84% (a gain of 4%)",
        "accuracy rises from 80% to 84% (a 5% relative improvement)",
        "t(3) = 0.00, p = 1.000",
    ],
)
def test_what_can_be_true_passes(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("t(28) = 2.20, p = .011", "give p between"),
        ("t(28) = 1.20, p < .05", "give p between"),
        ("F(2, 57) = 1.31, p = 0.018", "give p between"),
        ("χ²(1, N = 90) = 1.84, p = .01", "give p between"),
        ("r(48) = .31, p < .001", "give p between"),
        ("t(28) = 2.20, p = 1.2", "above one"),
        ("0.71 [0.43, 0.59]", "outside of its own interval"),
        ("0.51 [0.59, 0.43]", "lower end is above"),
        ("0.20 (95% CI 0.25 to 0.35)", "outside of its own interval"),
        ("47 of 50 (93%) were right", "47 of 50 is 94%"),
        ("61 of 50 (122%) were right", "larger than its whole"),
        ("an accuracy of 93.7% on 50 examples", "No whole number of 50 cases"),
        ("Ratings were high (M = 3.47, N = 20).", "No 20 whole numbers"),
        ("a recall of 1.2", "No recall is that large"),
        ("accuracy of 104%", "No accuracy is that large"),
        ("an accuracy of 0.97 ± 0.41", "spread by 0.2"),
        ("accuracy of 96% ± 35%", "spread by 2"),
        ("the error falls from 0.40 to 0.30, a reduction of 35%", "no such change"),
        ("accuracy rises from 80% to 84% (a gain of 9%)", "no such change"),
    ],
)
def test_what_cannot_be_true_is_said(text: str, said: str) -> None:
    (why,) = problems(f"As we show, {text}")
    assert said in why


def test_everything_that_can_be_computed_again_is_counted() -> None:
    assert check_printed("t(28) = 2.20, p = .036 and F(2, 57) = 4.31, p = 0.018, 0.5 [0.4, 0.6]").checked == 3
    assert check_printed("We measure error on 30 images with 4 layers.").checked == 0


@given(st.floats(-6, 6), st.integers(3, 200))
@settings(max_examples=150, deadline=None)
def test_an_honestly_rounded_test_is_never_accused(t: float, df: int) -> None:
    p = float(2 * stats.t.sf(abs(t), df))
    shown = f"p = {p:.3f}" if p >= 0.001 else "p < .001"
    assert problems(f"t({df}) = {t:.2f}, {shown}") == []


@given(st.integers(1, 400), st.data())
@settings(max_examples=100, deadline=None)
def test_an_honest_share_is_never_accused(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    assert problems(f"an accuracy of {100 * k / n:.1f}% on {n} examples") == []
    assert problems(f"{k} of {n} ({100 * k / n:.0f}%)") == []


def test_a_printed_number_stands_for_a_range() -> None:
    assert Range.of("0.05") == Range(low=0.045, high=0.055)
    assert normal("3 × 10^-4") == "3e-4"
