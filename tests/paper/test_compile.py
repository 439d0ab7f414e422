from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import pytest
from pypdf import PdfReader

from ai_scientist.core.hashing import sha256_file
from ai_scientist.core.jsonl import write_json
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.paper.check_pdf import check_pdf, missing_texts, read_pdf
from ai_scientist.paper.claims import ClaimsFile
from ai_scientist.paper.compile import compile_paper, read_context, read_draft
from ai_scientist.paper.latex import render_paper
from ai_scientist.paper.latexmk import Latex, find_latex, read_log, run_latexmk
from ai_scientist.paper.problems import has_errors
from tests.paper import workshop

NO_TEX = Latex(latexmk=None, missing=())


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run's folder with figures, results and a plan."""
    from ai_scientist.analysis.cells import write_results

    folder = RunFolder(tmp_path / "run")
    (folder.path / "paper").mkdir(parents=True)
    workshop.draw_figures(folder.path)
    write_results(workshop.results(), folder.results)
    write_json(folder.plan, workshop.plan().model_dump(mode="json"))
    return folder


def test_without_tex_everything_but_the_pdf_is_made_and_the_cure_is_said(run: RunFolder) -> None:
    made = compile_paper(workshop.rich_draft(), workshop.context(), run, latex=NO_TEX)
    assert made.pdf is None
    assert not has_errors(made.problems)
    assert "apt-get install" in made.problems[-1].message
    names = {path.relative_to(run.paper).as_posix() for path in made.files}
    assert {"paper.tex", "references.bib", "claims.json", "draft.json", "context.json", "sections/results.tex"} <= names
    assert all(path.is_file() for path in made.files)


def test_a_draft_that_does_not_pass_the_lint_leaves_the_paper_as_it_was(run: RunFolder) -> None:
    compile_paper(workshop.rich_draft(), workshop.context(), run, latex=NO_TEX)
    before = {path: sha256_file(path) for path in run.paper.rglob("*") if path.is_file()}
    made = compile_paper(workshop.rich_draft(title="It gains 3.2 points of all"), workshop.context(), run, latex=NO_TEX)
    assert has_errors(made.problems)
    assert made.files == ()
    assert {path: sha256_file(path) for path in before} == before


def test_a_figure_outside_of_the_run_or_missing_is_refused(run: RunFolder) -> None:
    figure = workshop.rich_draft().figures[0]
    for file in ("../../etc/passwd.pdf", "results/figures/none.pdf", "results/cells.jsonl"):
        draft = workshop.rich_draft(
            figures=(figure.model_copy(update={"file": file}), workshop.rich_draft().figures[1])
        )
        made = compile_paper(draft, workshop.context(), run, latex=NO_TEX)
        assert [(p.kind, p.place) for p in made.problems] == [("display", "figure:bars")]


def test_the_paper_can_be_rendered_again_from_the_runs_folder_alone(run: RunFolder) -> None:
    compile_paper(workshop.rich_draft(), workshop.context(), run, latex=NO_TEX)
    again = render_paper(read_draft(run), read_context(run))
    assert again.tex == (run.paper / "paper.tex").read_text()
    assert again.bib == (run.paper / "references.bib").read_text()
    assert again.claims == ClaimsFile.model_validate(json.loads((run.paper / "claims.json").read_text()))


@pytest.mark.latex
def test_the_pdf_shows_every_number_links_each_and_has_the_same_bytes_again(run: RunFolder) -> None:
    made = compile_paper(workshop.rich_draft(), workshop.context(), run)
    assert not has_errors(made.problems)
    assert made.pdf is not None
    assert made.pages is not None and 4 <= made.pages <= 8
    data = made.pdf.read_bytes()
    claims = ClaimsFile.model_validate(json.loads((run.paper / "claims.json").read_text())).claims
    assert check_pdf(data, claims, ["Introduction", "Results"]).problems == ()
    reader = PdfReader(io.BytesIO(data))
    assert str(reader.metadata.title if reader.metadata else "").startswith("Label noise, calibration")
    names = set(reader.named_destinations)
    assert {"cell:ece.noisy.all.test.mean", "test:H1", "cfg:epochs", "data:digits.n-train", "count:runs"} <= names
    latex = find_latex()
    assert latex.latexmk is not None
    figures = {
        f"figures/{name}.pdf": (run.results / "figures" / f"{name}.pdf").read_bytes() for name in ("bars", "tree")
    }
    inputs = {name: (run.paper / name).read_bytes() for name in ("paper.tex", "references.bib")}
    again = run_latexmk({**inputs, **figures}, latexmk=latex.latexmk, date="2026-11-20")
    assert again.pdf == data


@pytest.mark.latex
def test_a_paper_that_does_not_compile_leaves_the_good_pdf_and_shows_the_line(run: RunFolder) -> None:
    good = run.paper / "paper.pdf"
    good.write_bytes(b"%PDF-1.5 good")
    bad = workshop.rich_draft().figures[0].model_copy(update={"file": "results/figures/bad.pdf"})
    (run.results / "figures" / "bad.pdf").write_bytes(b"this is no PDF")
    draft = workshop.rich_draft(figures=(bad, workshop.rich_draft().figures[1]))
    made = compile_paper(draft, workshop.context(), run)
    assert has_errors(made.problems)
    assert made.pdf is None
    assert good.read_bytes() == b"%PDF-1.5 good"
    assert (run.paper / "failed" / "paper.log").stat().st_size > 0


@pytest.mark.latex
def test_tex_reads_nothing_outside_starts_no_shell_and_ends_in_time(tmp_path: Path) -> None:
    latex = find_latex()
    assert latex.latexmk is not None
    secret, mark = tmp_path / "secret.tex", tmp_path / "mark"
    secret.write_text("stolen words")
    head = r"\documentclass{article}\begin{document}Words. "
    reading = run_latexmk({"paper.tex": f"{head}\\input{{{secret}}}\\end{{document}}".encode()}, latexmk=latex.latexmk)
    assert reading.pdf is None
    shell = f"{head}\\immediate\\write18{{touch {mark}}}\\end{{document}}".encode()
    run_latexmk({"paper.tex": shell}, latexmk=latex.latexmk)
    assert not mark.exists()
    endless = f"{head}\\def\\x{{\\x}}\\x\\end{{document}}".encode()
    stopped = run_latexmk({"paper.tex": endless}, latexmk=latex.latexmk, timeout_seconds=1.5)
    assert stopped.pdf is None
    assert "stopped" in stopped.problems[-1].message


def test_the_log_is_read_into_problems_with_lines() -> None:
    log = "\n".join(
        [
            "./paper.tex:41: Undefined control sequence.",
            r"l.41 We \foo",
            "            here",
            "LaTeX Warning: Citation `nobody' on page 1 undefined on input line 52.",
            "LaTeX Warning: Reference `fig:x' on page 1 undefined on input line 53.",
            r"Overfull \hbox (12.3pt too wide) in paragraph at lines 60--61",
            r"Overfull \hbox (1.3pt too wide) in paragraph at lines 62--63",
            "Missing character: There is no ẞ in font ec-lmr10!",
            "! Emergency stop.",
        ]
    )
    found = [(p.kind, p.offset, p.severity) for p in read_log(log)]
    assert found == [
        ("latex", 41, "error"),
        ("citation", 52, "error"),
        ("reference", 53, "error"),
        ("layout", 60, "warning"),
        ("character", None, "error"),
        ("latex", None, "error"),
    ]


def test_a_number_that_the_pdf_does_not_show_is_named() -> None:
    claims = render_paper(workshop.rich_draft(), workshop.context()).claims.claims
    shown = " ".join(claim.text for claim in claims)
    assert missing_texts(shown, claims) == []
    assert missing_texts(shown.replace("0.1024", "0.1025"), claims) != []


def test_a_file_that_is_no_pdf_is_a_problem_not_a_crash() -> None:
    assert check_pdf(b"%PDF-1.4 nonsense", [], []).problems != ()
    with pytest.raises(Exception, match="cannot be read"):
        read_pdf(b"")


def test_a_context_without_its_plan_is_named(run: RunFolder) -> None:
    from ai_scientist.core.errors import RunCorrupted

    with pytest.raises(RunCorrupted, match=r"context\.json"):
        read_context(run)
    assert dataclasses.is_dataclass(workshop.context())
