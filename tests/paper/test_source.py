from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_scientist.paper.flat import flatten, sentences
from ai_scientist.paper.source import Call, Comment, Group, Math, SourceError, Text, parse, walk


def test_nodes_know_their_places() -> None:
    source = r"We \emph{see} \val{a/b_c/d/e/mean} and $x_1$. % hidden"
    for part in walk(parse(source)):
        piece = source[part.start : part.end]
        if isinstance(part, Call):
            assert piece.startswith(f"\\{part.name}")
            assert piece.endswith("}")
        elif isinstance(part, Text):
            assert piece == part.text
        elif isinstance(part, Group):
            assert piece == f"{{{part.inner}}}"
        elif isinstance(part, Math):
            assert piece == "$x_1$"
        elif isinstance(part, Comment):
            assert piece.startswith("% hidden")


@given(st.text(alphabet=st.sampled_from(list("ab \\{}$%&#_^~[]\n-`'é½")), max_size=60))
def test_any_text_gives_a_tree_or_a_source_error(text: str) -> None:
    try:
        parts = parse(text)
    except SourceError as error:
        assert 0 <= error.offset <= len(text)
        return
    for part in walk(parts):
        assert 0 <= part.start <= part.end <= len(text)
    flat = flatten(parts)
    assert len(flat.text) == len(flat.offsets)
    assert all(0 <= offset < max(len(text), 1) for offset in flat.offsets)


@pytest.mark.parametrize("text", ["{" * 5000 + "}" * 5000, r"\begin{itemize}" * 500, "$" * 999])
def test_deep_nesting_is_refused_quickly(text: str) -> None:
    with pytest.raises(SourceError):
        parse(text)


def test_flat_text_reads_as_a_reader_does() -> None:
    flat = flatten(parse(r"It is ``tw\textbf{o}''---or \emph{tw{}o}~\% of caf\'e\footnote{Or not.} here."))
    assert flat.text == "It is “two”—or two % of cafe here.\n\nOr not."


def test_sentences_end_where_they_end() -> None:
    flat = flatten(parse("As in e.g. this case, it holds. Does it? Guo et al. say so.\n\nA new one"))
    assert [s.text.strip() for s in sentences(flat)] == [
        "As in e.g. this case, it holds.",
        "Does it?",
        "Guo et al. say so.",
        "A new one",
    ]
