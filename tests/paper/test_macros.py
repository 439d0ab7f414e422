from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_scientist.paper.macros import MISSING, Rendered, find_macros, render_text, starts_sentence
from ai_scientist.paper.source import SourceError, parse
from tests.paper import workshop

CONTEXT = workshop.context()


def render(text: str, place: str = "results", *, linked: bool = False) -> Rendered:
    return render_text(text, CONTEXT, place=place, linked=linked)


@pytest.mark.parametrize(
    ("macro", "seen"),
    [
        (r"\val{ece/noisy/all/test/mean}", "0.1024"),
        (r"\val{accuracy/noisy/all/test/mean}", "91.20%"),
        (r"\val{ece/noisy/all/test/n}", "5"),
        (r"\valci{accuracy/noisy/all/test}", "91.20% (95% CI 90.03 to 92.37)"),
        (r"\delta{H1}", "+0.071 (95% CI 0.050 to 0.092)"),
        (r"\delta{H2}", "−0.051 (95% CI −0.069 to −0.033)"),
        (r"\delta{H3}", "−0.44\u00a0percentage points (95% CI −1.24 to 0.36)"),
        (r"\effect{H2}", "d = −2.35 (95% CI −3.45 to −1.15)"),
        (r"\pval{H1}", "p < 0.001"),
        (r"\pval{H2}", "p = 0.012"),
        (r"\cfg{learning_rate}", "0.0001"),
        (r"\cfg{proposed/label_smoothing}", "0.1"),
        (r"\cfg{optimizer}", "adam"),
        (r"\data{digits/n_train}", "1,257"),
        (r"\count{runs}", "73"),
        (r"\count{datasets}", "2"),
        (r"\plan{alpha}", "0.05"),
        (r"\claim{increases}{H1}", "increases"),
        (r"\claim{worsens}{H1}", "worsens"),
        (r"\claim{reduces}{H1}", "increases"),
        (r"\claim{improved}{H1}", "worsened"),
        (r"\claim{outperforms}{H2}", "outperforms"),
        (r"\claim{outperforms}{H4}", "does not differ detectably from"),
        (r"\claim{significant}{H4}", "not statistically significant"),
        (r"\claim{matches}{H3}", "is equivalent to"),
        (r"\claim{outperforms}{H3}", "is equivalent to"),
        (r"\claim{supports}{H4}", "neither supports nor contradicts"),
        (r"\claim{differs from}{H2}", "differs from"),
    ],
)
def test_each_macro_prints_what_its_address_holds(macro: str, seen: str) -> None:
    rendered = render(f"We see {macro} there.")
    assert rendered.problems == ()
    assert [claim.text for claim in rendered.claims] == [seen]
    assert rendered.claims[0].offset == len("We see ")


def test_a_table_shows_short_names_and_bare_numbers() -> None:
    body = r"\cond{proposed} & \metric{accuracy} & \val{accuracy/noisy/all/test/mean} & \pval{H1} & \delta{H2} \\"
    minus = r"\ensuremath{-}"
    assert render(body, "table:main").text == (
        rf"ours & Acc. (\%) & 91.20 & \textless{{}}0.001 & {minus}0.051 [{minus}0.069, {minus}0.033] \\"
    )


def test_numbers_link_to_their_appendix_entry_and_can_be_linked_to() -> None:
    assert (
        render(r"x \val{ece/noisy/all/test/mean}", linked=True).text
        == r"x \evidence{at:results.2}{cell:ece.noisy.all.test.mean}{0.1024}"
    )
    assert render(r"x \val{ece/noisy/all/test/mean}").text == "x 0.1024"


def test_a_claim_names_rows_nodes_and_producer_of_its_number() -> None:
    claim = render(r"\val{ece/noisy/all/test/mean}").claims[0]
    assert claim.rows == workshop.rows("ecenoisyall")
    assert claim.nodes == ("n0007",)
    assert claim.producer == "mean@3f2a"
    assert claim.value == pytest.approx(0.10241)


@pytest.mark.parametrize(
    "macro",
    [
        r"\val{ece/noisy/all/test/median}",
        r"\val{}",
        r"\valci{ece/noisy/all/test/mean}",
        r"\delta{H9}",
        r"\effect{nothing}",
        r"\pval{}",
        r"\claim{crushes}{H1}",
        r"\claim{improves}{H9}",
        r"\cfg{batch_size}",
        r"\data{digits}",
        r"\count{miracles}",
        r"\plan{budget}",
        r"\cond{none}",
        r"\metric{f1}",
        r"\dataset{mnist}",
        r"\citep{nobody2020}",
        r"\citet{guo2017calibration,nobody2020}",
        r"\citeq{guo2017calibration}{nobody-q1}",
        r"\citeq{author2001title}{guo2017calibration-q1}",
        r"\val{\textbf{ece}}",
        r"\val x",
    ],
)
def test_what_does_not_exist_is_a_problem_with_its_place_and_a_visible_mark(macro: str) -> None:
    rendered = render(f"Before {macro} after.")
    assert len(rendered.problems) == 1
    assert rendered.problems[0].place == "results"
    assert rendered.problems[0].offset == len("Before ")
    assert MISSING in rendered.text


def test_a_quote_that_is_not_in_the_stored_text_is_a_problem() -> None:
    shifted = workshop.QUOTE.model_copy(update={"start": 3})
    context = workshop.context()
    moved = type(context)(
        results=context.results, plan=context.plan, records=context.records, quotes={shifted.id: shifted}
    )
    rendered = render_text(rf"\citeq{{guo2017calibration}}{{{shifted.id}}}", moved, place="related")
    assert "does not stand in the stored text" in rendered.problems[0].message


def test_citations_are_collected_once_in_order() -> None:
    rendered = render(
        r"\citet{author2001title} and \citep[see][]{guo2017calibration,author2001title} "
        r"and \citeq{guo2017calibration}{guo2017calibration-q1}"
    )
    assert rendered.cited == ("author2001title", "guo2017calibration")
    assert rendered.problems == ()


def test_the_greek_letter_and_the_macro_of_the_same_name_are_told_apart() -> None:
    rendered = render(r"$\delta_i + \delta$ and \delta{H1}")
    assert rendered.text.startswith(r"$\delta_i + \delta$ and ")
    assert [claim.macro for claim in rendered.claims] == ["delta"]


@pytest.mark.parametrize(
    ("before", "starts"),
    [
        ("", True),
        ("It works. ", True),
        ("Does it? ", True),
        ("A paragraph.\n\n", True),
        (r"\item ", True),
        (r"\paragraph{Findings.} ", True),
        ("as in e.g. ", False),
        ("compared vs. ", False),
        ("and ", False),
        ("x.", False),
    ],
)
def test_sentence_starts_are_seen(before: str, starts: bool) -> None:
    assert starts_sentence(before) is starts


def test_a_name_that_begins_a_sentence_has_a_capital_but_an_own_spelling_stays() -> None:
    assert render(r"\cond{proposed} works. \metric{ece} falls.").text.startswith("Noise-aware training works. Expected")


def test_macros_inside_mathematics_stay_text() -> None:
    assert render(r"$x = \val{ece/noisy/all/test/mean}$").text == "$x = 0.1024$"
    assert render(r"$x = \metric{ece}$").text == r"$x = \mbox{expected calibration error}$"


def test_broken_latex_is_one_problem_and_no_text() -> None:
    rendered = render(r"We {see \val{ece/noisy/all/test/mean}.")
    assert rendered.text == ""
    assert [p.kind for p in rendered.problems] == ["syntax"]


FRAGMENTS = st.sampled_from(
    [
        r"\val{ece/noisy/all/test/mean}",
        r"\val{nothing}",
        r"\claim{improves}{H1}",
        r"\claim{}{}",
        r"\pval{H2}",
        r"\cond{noisy}",
        r"\textbf{",
        "}",
        "{",
        "$",
        r"\(",
        "&",
        "% hidden",
        "\n\n",
        r"\citep{guo2017calibration}",
        r"\begin{itemize}",
        r"\end{itemize}",
        r"\item ",
        r"\footnote{\val{ece/noisy/all/test/mean}}",
        r"\\",
        "\\",
        "_",
        "^",
        "#",
        "plain words. ",
        r"\delta",
        r"\delta{H1}",
        "½",
        "\x00",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(FRAGMENTS, st.text(max_size=8)), max_size=12).map("".join))
def test_rendering_never_crashes_and_never_leaves_a_macro_of_ours(text: str) -> None:
    rendered = render(text)
    if not rendered.text:
        assert rendered.problems or not text
        return
    try:
        left = [call.name for call, _ in find_macros(parse(rendered.text))]
    except SourceError:
        pytest.fail("the rendered text is no longer LaTeX")
    assert set(left) <= {"citep", "citet"}
