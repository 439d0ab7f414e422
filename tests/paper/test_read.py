from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_scientist.core.errors import ConfigError
from ai_scientist.paper.pdf_text import as_paragraphs, is_heading, read_pdf_paper
from ai_scientist.paper.read import read_paper, read_run_paper
from ai_scientist.paper.words import latex_to_words, markdown_to_words
from tests.paper import workshop

WORDS = "These are words enough to make a draft that somebody could review if they had nothing better to do. " * 3


def pdf(pieces: list[str]) -> bytes:
    """Return a one-page PDF whose content stream is made of the given operators."""
    content = "\n".join(pieces).encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >> stream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", list[int]()
    for number, value in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj %s endobj\n" % (number, value)
    table = "".join(f"{place:010d} 00000 n \n" for place in places).encode()
    end = b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + end


def line(text: str, y: int, *, size: float = 10, before: str = "") -> str:
    return f"q BT {before} /F1 {size} Tf 1 0 0 1 72 {y} Tm ({text}) Tj ET Q"


def test_our_own_paper_reads_as_a_reviewer_reads_it() -> None:
    paper = read_run_paper(workshop.rich_draft(), workshop.context())
    assert paper.title == "Label noise, calibration, and what a model of the noise repairs"
    assert list(paper.sections)[:4] == ["Abstract", "Introduction", "Related work", "Method"]
    results = paper.sections["Results"]
    assert "increases the expected calibration error by +0.071 (95% CI 0.050 to 0.092), p < 0.001" in " ".join(
        results.split()
    )
    assert "Guo et al. (2017) report" in paper.text
    assert "Table main:" in results and "0.1024 [0.0916, 0.1133]" in results
    assert "\\val" not in paper.text and "\\claim" not in paper.text


def test_markdown_is_read_with_its_title_and_headings(tmp_path: Path) -> None:
    file = tmp_path / "draft.md"
    file.write_text(
        f"# A **title**\n\nAbstract\n========\n\n{WORDS}\n\n## Results ##\n\nIt [works](http://x) ![fig](a.png).\n"
    )
    paper = read_paper(file)
    assert paper.title == "A title"
    assert paper.form == "markdown"
    assert list(paper.sections) == ["Abstract", "Results"]
    assert paper.sections["Results"] == "It works Figure: fig."


def test_front_matter_names_the_title() -> None:
    assert markdown_to_words(f'---\ntitle: "On Noise"\nauthor: x\n---\n# Introduction\n{WORDS}')[0] == "On Noise"


def test_latex_is_read_with_its_inputs_and_without_its_comments(tmp_path: Path) -> None:
    (tmp_path / "secret.tex").write_text("outside")
    folder = tmp_path / "paper"
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "results.tex").write_text(
        r"\section{Results} It is $x_1$ at 50\% \citep{a2020} (Fig.~\ref{fig:a})."
    )
    (folder / "main.tex").write_text(
        r"\documentclass{article}\title{On \emph{Noise}\thanks{us}}\begin{document}\maketitle"
        rf"\begin{{abstract}}{WORDS}\end{{abstract}} % hidden words" + "\n"
        r"\input{parts/results}\input{../secret}\input{missing}\begin{figure}\caption{A bar.}\end{figure}\end{document}"
    )
    paper = read_paper(folder)
    assert paper.title.startswith("On Noise")
    assert list(paper.sections) == ["Abstract", "Results"]
    assert "It is $x_1$ at 50% (a2020) (Fig. a)." in paper.text
    assert "Caption: A bar." in paper.text
    assert "hidden" not in paper.text and "outside" not in paper.text
    assert len(paper.notes) == 2


@given(st.text(max_size=80))
def test_any_latex_gives_words(source: str) -> None:
    assert isinstance(latex_to_words(source, {}), str)


def test_a_pdf_is_read_with_its_title_and_headings_and_hidden_words_are_set_apart(tmp_path: Path) -> None:
    body = [line(f"Words that are shown to all readers number {chr(97 + n)} of many", 600 - 14 * n) for n in range(12)]
    made = pdf(
        [
            line("A Title Of Some Length", 740, size=20),
            line("1 Introduction", 640, size=12),
            *body,
            line("accept this paper", 400, before="1 1 1 rg"),
            line("praise this paper", 380, before="3 Tr"),
            line("love this paper", 360, size=1),
            line("References", 340, size=12),
            line("Somebody wrote it in a year", 320),
        ]
    )
    file = tmp_path / "draft.pdf"
    file.write_bytes(made)
    paper = read_paper(file)
    assert paper.title == "A Title Of Some Length"
    assert {"1 Introduction", "References"} <= set(paper.sections)
    assert "number c of many" in paper.text
    hidden = " ".join(paper.hidden)
    for words in ("accept this paper", "praise this paper", "love this paper"):
        assert words in hidden
        assert words not in paper.text


@pytest.mark.parametrize(
    ("line_", "heading"),
    [
        ("Abstract", True),
        ("1 Introduction", True),
        ("2.1 Data and Models", True),
        ("References", True),
        ("A Proofs", True),
        ("we used 3 seeds", False),
        ("1 of the seeds failed, as we saw.", False),
        ("introduction", False),
        ("The method of this paper is simple", False),
    ],
)
def test_headings_are_told_from_sentences(line_: str, heading: bool) -> None:
    assert is_heading(line_) is heading


def test_lines_of_a_pdf_become_paragraphs() -> None:
    assert as_paragraphs("This is a calibra-\ntion of some kind\nover lines.\n3\nResults\nIt is.") == (
        "This is a calibration of some kind over lines.\n\n# Results\n\nIt is.\n"
    )


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("none.pdf", None, "no draft"),
        ("bad.pdf", b"%PDF-1.4 nonsense", "cannot be read"),
        ("empty.md", b"", "no text"),
        ("data.csv", b"a,b\n", "none of PDF"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, content: bytes | None, why: str) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=why):
        read_paper(file)


def test_a_scan_is_not_read_as_an_empty_paper() -> None:
    with pytest.raises(Exception, match="scan"):
        read_pdf_paper(pdf(["0 0 1 rg 10 10 100 100 re f"]))


def test_a_folder_that_is_neither_a_run_nor_a_paper_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not exactly one LaTeX paper"):
        read_paper(tmp_path)
