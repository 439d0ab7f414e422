from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_scientist.paper.escape import escape, is_typesettable
from ai_scientist.paper.source import Call, Comment, Math, parse, walk
from ai_scientist.paper.vocabulary import DRAFT_MACROS


@pytest.mark.parametrize(
    ("plain", "source"),
    [
        (
            "a_b & 50% of #1 {x} ~ ^ \\",
            r"a\_b \& 50\% of \#1 \{x\} \textasciitilde{} \textasciicircum{} \textbackslash{}",
        ),
        ("--rerun", "-{}-rerun"),
        ("α and Ω, β", r"\ensuremath{\alpha} and \ensuremath{\Omega}, \ensuremath{\beta}"),
        ("Erdős, Şahin, Nguyễn", "Erdős, Şahin, Nguyen"),
        ("李 said", "? said"),
        ("x² ≤ 3", r"x\textsuperscript{2} \ensuremath{\le} 3"),
        ("a\u200bb\tc", "ab c"),
    ],
)
def test_plain_text_becomes_latex_that_prints_it(plain: str, source: str) -> None:
    assert escape(plain) == source


@given(st.text(max_size=80))
def test_escaped_text_has_no_live_latex_left(text: str) -> None:
    known = {"ensuremath", "textbackslash", "textasciitilde", "textasciicircum", "textquotedbl", "textbar", "textless"}
    known |= {"textgreater", "textasciigrave", "texteuro", "textsuperscript", "ldots"}
    escaped = escape(text)
    for part in walk(parse(escaped)):
        assert not isinstance(part, Comment | Math)
        if isinstance(part, Call):
            assert part.name in known or part.name in DRAFT_MACROS
    assert all(is_typesettable(character) for character in escaped)
