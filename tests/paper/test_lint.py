from __future__ import annotations

import dataclasses

import pytest

from ai_scientist.paper.document import MOST_WORDS, SECTIONS, Draft, Section, SectionName, Table
from ai_scientist.paper.lint import lint, lint_text
from ai_scientist.paper.problems import Problem, has_errors
from tests.paper import workshop

CONTEXT = workshop.context()
FILLER = (
    "Enough plain words stand around it so that the section is not too short to be a section at all, whatever it says."
)


def with_body(draft: Draft, name: str, body: str) -> Draft:
    sections = [s.model_copy(update={"body": body}) if s.name == name else s for s in draft.sections]
    return draft.model_copy(update={"sections": tuple(sections)})


def kinds(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.kind for problem in problems]


def body_problems(text: str) -> tuple[Problem, ...]:
    return lint_text(f"{FILLER} {text}\n\n{FILLER}", CONTEXT, place="method")


def test_a_whole_honest_draft_passes() -> None:
    assert lint(workshop.rich_draft(), CONTEXT) == ()


def test_every_empty_section_is_named() -> None:
    problems = lint(workshop.minimal_draft(), CONTEXT)
    assert {p.place for p in problems} == {"abstract", *(s.name for s in workshop.minimal_draft().sections)}
    assert set(kinds(problems)) == {"empty"}


@pytest.mark.parametrize(
    "danger",
    [
        r"\input{/etc/passwd}",
        r"\include{secrets}",
        r"\write18{rm -rf /}",
        r"\immediate\write18{id}",
        r"\def\x{y}",
        r"\let\x\y",
        r"\catcode`\%=12",
        r"\newcommand{\x}{y}",
        r"\openin5=/etc/passwd",
        r"\read5 to \x",
        r"\csname input\endcsname{x}",
        r"\expandafter\x",
        r"\special{x}",
        r"\pdffiledump{x}",
        r"\includegraphics{/etc/passwd}",
        r"\usepackage{shellesc}",
        r"\directlua{x}",
        r"\href{file:///etc/passwd}{x}",
        r"\verb|x|",
        r"^^5cinput{x}",
        r"\begin{verbatim}x\end{verbatim}",
        r"\begin{filecontents}{x}y\end{filecontents}",
        r"\begin{figure}x\end{figure}",
        r"\textcolor{white}{x}",
        r"\phantom{x}",
        r"\hypertarget{x}{y}",
        r"\evidence{a}{b}{c}",
        r"\hyperlink{cell:x}{many}",
        r"\color{white} hidden",
        r"\tiny hidden",
    ],
)
def test_what_could_read_write_run_hide_or_feign_evidence_is_refused(danger: str) -> None:
    assert "macro" in kinds(body_problems(danger))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("It is a_b here.", "syntax"),
        ("It is a^b here.", "syntax"),
        ("It is # here.", "syntax"),
        ("It is % here.\nand on", "syntax"),
        ("It is & here.", "syntax"),
        ("It is {open here.", "syntax"),
        ("It is $open here.", "syntax"),
        ("TODO: write this.", "placeholder"),
        ("[insert figure here]", "placeholder"),
        ("See Section ??.", "placeholder"),
        ("The result is XX here.", "placeholder"),
        ("Conclusions here.", "placeholder"),
        ("It is **bold** here.", "placeholder"),
        ("```python```", "placeholder"),
        ("\n## Heading", "placeholder"),
        (r"See \ref{fig:nothing}.", "reference"),
        (r"See \eqref{eq:nothing}.", "reference"),
        (r"\citep{nobody2020} said so.", "citation"),
        ("A hidden\u200b space.", "character"),
        ("A tw\u043e in Cyrillic.", "character"),
        ("A mark \ue000 of ours.", "character"),
        (r"\multicolumn{a}{b}{c}", "macro"),
        (r"\delta alone.", "macro"),
    ],
)
def test_each_flaw_has_its_kind(text: str, kind: str) -> None:
    assert kind in kinds(body_problems(text))


@pytest.mark.parametrize(
    "text",
    [
        "We prove that the estimator is consistent.",
        "The estimator can be proved to converge; it is proved below.",
        "Theorem 1. The estimator is consistent.",
        "Lemma~\\ref{sec:method} gives the bound.",
        "Proof. The claim follows by induction.",
        "This follows from the main theorem of the section, Q.E.D.",
        "The method is provably consistent.",
        "A short proof is given in the appendix.",
        "It is proven here that the risk falls.",
    ],
)
def test_a_proof_is_refused_and_as_a_conjecture_let_pass(text: str) -> None:
    claimed = [p for p in body_problems(text) if p.kind == "claim"]
    assert claimed
    assert all("proof" in p.message for p in claimed[-1:])
    plain = text.rstrip(".")
    assert [
        p.message for p in body_problems(f"As a conjecture, {plain}, which nobody checked.") if "proof" in p.message
    ] == []


@pytest.mark.parametrize(
    "text",
    [
        "What the search did not find is no proof of newness.",
        "This is a proof of concept, and it proved to be hard to run.",
        "The central limit theorem is why means are compared.",
        "Whether it can be proved that the risk falls is open.",
        r"\citet{guo2017calibration} prove that networks are overconfident.",
    ],
)
def test_what_claims_no_proof_is_let_pass(text: str) -> None:
    assert [str(p) for p in body_problems(text) if "proof" in p.message] == []


def test_an_equality_that_fails_is_refused_and_one_that_holds_or_defines_is_not() -> None:
    wrong = body_problems("Expanding the square gives $(a+b)^2 = a^2 + b^2$ at once.")
    assert kinds(wrong) == ["formula"]
    assert "the left side is" in wrong[0].message
    for right in ("$(a+b)^2 = a^2 + 2ab + b^2$", "$r = a^2 + b^2$", "$q = 1 - p$"):
        assert body_problems(f"Expanding the square gives {right} at once.") == ()


def padded(words: int) -> str:
    """Plain sentences, each its own, that tell nothing."""
    names = (a + b for a in "bcdfghklmnpqrstvwz" for b in ("ale", "orn", "ist", "urt", "eld", "amp"))
    sentences = [f"The matter of {name} was kept in mind with all due care." for name in names]
    return " ".join(sentences[: words // 12 + 1])


@pytest.mark.parametrize("name", SECTIONS)
def test_a_padded_section_is_refused_and_the_same_without_padding_is_not(name: SectionName) -> None:
    draft = workshop.rich_draft()
    body = draft.section(name).body
    assert kinds(lint(with_body(draft, name, f"{body}\n\n{padded(MOST_WORDS[name])}"), CONTEXT)) == ["length"]
    assert lint(with_body(draft, name, f"{body}\n\n{padded(MOST_WORDS[name] // 3)}"), CONTEXT) == ()


def test_a_padded_abstract_is_refused() -> None:
    draft = workshop.rich_draft()
    longer = draft.model_copy(update={"abstract": f"{draft.abstract} {padded(300)}"})
    assert [(p.kind, p.place) for p in lint(longer, CONTEXT)] == [("length", "abstract")]


def test_a_display_that_no_text_mentions_is_named() -> None:
    draft = workshop.rich_draft()
    body = draft.section("results").body.replace(r"Figure~\ref{fig:tree}", "a figure")
    assert [(p.kind, p.place) for p in lint(with_body(draft, "results", body), CONTEXT)] == [("display", "figure:tree")]


def test_a_missing_and_a_doubled_section_are_named() -> None:
    draft = workshop.rich_draft()
    without = draft.model_copy(update={"sections": draft.sections[:-1]})
    assert [(p.kind, p.place) for p in lint(without, CONTEXT)] == [("empty", "conclusion")]
    twice = draft.model_copy(update={"sections": (*draft.sections, draft.sections[-1])})
    assert ("empty", "conclusion") in [(p.kind, p.place) for p in lint(twice, CONTEXT)]


def test_a_paragraph_that_stands_elsewhere_already_is_refused() -> None:
    draft = workshop.rich_draft()
    copied = draft.section("introduction").body + "\n\n" + draft.section("limitations").body
    problems = lint(with_body(draft, "introduction", copied), CONTEXT)
    assert ("placeholder", "limitations") in [(p.kind, p.place) for p in problems]


def test_a_retracted_record_may_not_be_cited() -> None:
    retracted = workshop.record(0, retracted=True)
    context = dataclasses.replace(CONTEXT, records={**CONTEXT.records, retracted.id: retracted})
    assert "citation" in kinds(lint(workshop.rich_draft(), context))


def test_an_equation_may_be_referred_to_from_another_section() -> None:
    draft = workshop.rich_draft()
    body = draft.section("results").body + "\n\n" + r"It follows \eqref{eq:noise} in each of its parts."
    assert lint(with_body(draft, "results", body), CONTEXT) == ()


@pytest.mark.parametrize("columns", ["l{p", "p{3cm}r", "", r"l@{\input{x}}r"])
def test_a_tables_columns_are_letters_only(columns: str) -> None:
    draft = workshop.rich_draft()
    table = draft.tables[0].model_copy(update={"columns": columns})
    problems = lint(draft.model_copy(update={"tables": (table,)}), CONTEXT)
    assert ("display", "table:main") in [(p.kind, p.place) for p in problems]


def test_a_row_with_too_many_cells_is_refused() -> None:
    draft = workshop.rich_draft()
    table = draft.tables[0].model_copy(update={"columns": "lr"})
    assert "display" in kinds(lint(draft.model_copy(update={"tables": (table,)}), CONTEXT))


def test_a_number_typed_into_a_table_or_a_title_is_refused() -> None:
    draft = workshop.rich_draft()
    table = Table(name="main", columns="lr", body=r"\cond{noisy} & 0.93 \\", caption=draft.tables[0].caption)
    assert ("number", "table:main") in [
        (p.kind, p.place) for p in lint(draft.model_copy(update={"tables": (table,)}), CONTEXT)
    ]
    titled = draft.model_copy(update={"title": "Halving the error with noise-aware training"})
    assert ("word", "title") in [(p.kind, p.place) for p in lint(titled, CONTEXT)]
    first = draft.sections[0].model_copy(update={"title": "A 93 per cent solution"})
    headed = draft.model_copy(update={"sections": (first, *draft.sections[1:])})
    assert ("number", "heading:introduction") in [(p.kind, p.place) for p in lint(headed, CONTEXT)]


def test_names_with_digits_from_the_plan_and_from_titles_may_be_typed() -> None:
    titled = workshop.record(1, title="A study of ResNet-50 on CIFAR-10")
    context = dataclasses.replace(CONTEXT, records={titled.id: titled})
    text = f"{FILLER} They train ResNet-50 on CIFAR-10 and not on CIFAR-100. {FILLER}"
    assert [p.excerpt for p in lint_text(text, context, place="related") if "CIFAR-100" not in p.excerpt] == []
    assert kinds(lint_text(text, context, place="related")) == ["number"]


def test_problems_say_where_in_words() -> None:
    problem = body_problems("It gains 3.2 points.")[0]
    assert str(problem).startswith("method, character ")
    assert has_errors((problem,))
    assert not has_errors((problem.model_copy(update={"severity": "warning"}),))


def test_lint_of_a_section_that_cannot_be_parsed_does_not_hide_the_others() -> None:
    draft = workshop.rich_draft()
    broken = with_body(with_body(draft, "method", "{"), "conclusion", f"It is 3.2. {FILLER} {FILLER}")
    found = {(p.kind, p.place) for p in lint(broken, CONTEXT)}
    assert {("syntax", "method"), ("number", "conclusion")} <= found


def test_a_section_of_marks_alone_counts_its_rendered_words() -> None:
    section = Section(name="method", title="Method", body=r"\cond{noisy} " * 30)
    draft = workshop.rich_draft()
    sections = tuple(section if s.name == "method" else s for s in draft.sections)
    assert ("empty", "method") not in [
        (p.kind, p.place) for p in lint(draft.model_copy(update={"sections": sections}), CONTEXT)
    ]


def test_a_quote_that_points_the_other_way_is_doubted_and_does_not_stop_the_paper() -> None:
    quote = r"\citeq{guo2017calibration}{guo2017calibration-q1}"
    fitting = lint_text(rf"They find that modern networks are poorly calibrated {quote}.", CONTEXT, place="related")
    turned = lint_text(rf"They find that modern networks are well calibrated {quote}.", CONTEXT, place="related")
    assert not [p for p in fitting if p.kind == "citation"]
    assert [(p.kind, p.severity) for p in turned if p.kind == "citation"] == [("citation", "warning")]
