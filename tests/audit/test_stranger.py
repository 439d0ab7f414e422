"""Anybody's paper: what its text, pictures and data can tell, and what is said to be beyond reach."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from ai_scientist.audit.data_numbers import read_data
from ai_scientist.audit.pictures import print_of
from ai_scientist.audit.references import Registries
from ai_scientist.audit.report import AuditReport
from ai_scientist.audit.stranger import audit_draft
from ai_scientist.cli.main import cli
from ai_scientist.core.errors import ConfigError
from ai_scientist.literature.retractions import read_retractions
from ai_scientist.literature.sources.crossref import CrossrefSource
from ai_scientist.literature.sources.wire import Manners, Wire
from tests.literature.services import Asked, Reply, as_json, serve

TEXT = """# A study of seeds

# Abstract
We measure the accuracy of two classifiers over several seeds, and find that the second one is better by a little.

# Results
The first classifier has a mean accuracy of 0.912, the second one of 0.934, a difference of 0.022 over all the seeds.
The groups differed, t(28) = 2.20, p = .036, with an effect of 0.51 [0.43, 0.59] in the end.
"""

DATA = "classifier,seed,accuracy\nfirst,1,0.910\nfirst,2,0.914\nsecond,1,0.930\nsecond,2,0.938\n"


def write(folder: Path, text: str = TEXT, data: str = DATA) -> tuple[Path, Path]:
    draft, table = folder / "draft.md", folder / "data" / "rows.csv"
    draft.write_text(text)
    table.parent.mkdir(exist_ok=True)
    table.write_text(data)
    return draft, table.parent


def found(report: AuditReport, kind: str) -> list[str]:
    return [f"{f.where}: {f.why}" for f in report.findings if f.kind == kind]


def test_numbers_that_follow_from_the_data_pass(tmp_path: Path) -> None:
    draft, data = write(tmp_path, TEXT.replace("0.51 [0.43, 0.59]", "0.022"))
    report = audit_draft(draft, data)
    assert report.findings == ()
    assert report.checked["number"] == 4
    assert report.checked["printed statistic"] == 2
    assert any("cannot be seen from a paper" in note for note in report.notes)


def test_a_number_that_no_data_give_is_named_with_its_section(tmp_path: Path) -> None:
    draft, data = write(tmp_path, TEXT.replace("0.934", "0.967").replace(", with an effect of 0.51 [0.43, 0.59]", ""))
    (finding,) = found(audit_draft(draft, data), "number")
    assert "section “Results”" in finding
    assert "0.967" in finding


FORMULAS = r"""
# Method

Expanding the square gives $(a+b)^2 = a^2 + b^2$, and in general

$$ \frac{1}{a} + \frac{1}{b} = \frac{a+b}{ab} $$

The weights satisfy
$$ w^2 + w = 1 - w $$
and the risk is
$$ R = \sum_i w_i r_i . $$

Proof. By induction over all of the seeds that there are in this small study of ours.
"""


def test_an_equality_that_fails_is_a_finding_and_what_was_not_computed_is_counted(tmp_path: Path) -> None:
    draft, _ = write(tmp_path, TEXT + FORMULAS)
    report = audit_draft(draft)
    (finding,) = found(report, "formula")
    assert "“(a+b)^2 = a^2 + b^2” does not hold" in finding
    assert report.checked["equality"] == 2
    assert any(
        "Of 3 displayed formulas, 2 hold no equality" in note and "the one proof" in note for note in report.notes
    )
    mended, _ = write(tmp_path, (TEXT + FORMULAS).replace("a^2 + b^2", "a^2 + 2ab + b^2"))
    assert found(audit_draft(mended), "formula") == []


def test_formulas_of_latex_are_read_in_every_form(tmp_path: Path) -> None:
    draft = tmp_path / "paper.tex"
    forms = (
        r"\begin{align} (a-b)^2 &= a^2 - 2ab + b^2 \\ &= a^2 - b^2 \end{align}",
        r"\begin{equation*} (c-d)^2 = c^2 - d^2 \label{eq:d} \end{equation*}",
        r"\[ (g-h)^2 = g^2 - h^2 \]",
        r"\( (k-l)^2 = k^2 - l^2 \)",
        r"$(p-q)^2 = p^2 - q^2$ % and $(r-s)^2 = r^2 - s^2$ is a comment",
    )
    body = "\n\n".join(f"So it follows at once that {form}" for form in forms)
    draft.write_text(f"\\documentclass{{article}}\\begin{{document}}{TEXT}\n\n{body}\\end{{document}}")
    assert len(found(audit_draft(draft), "formula")) == len(forms)


def test_without_data_no_number_is_accused(tmp_path: Path) -> None:
    draft, _ = write(tmp_path)
    report = audit_draft(draft)
    assert found(report, "number") == []
    assert any("No data were given" in note for note in report.notes)


def test_a_statistic_that_cannot_be_is_a_finding(tmp_path: Path) -> None:
    draft, _ = write(tmp_path, TEXT.replace("p = .036", "p = .003"))
    (finding,) = found(audit_draft(draft), "statistic")
    assert "section “Results”" in finding


def picture(path: Path, shift: int = 0, *, size: tuple[int, int] = (300, 200)) -> None:
    image = Image.new("RGB", (300, 200), "white")
    pen = ImageDraw.Draw(image)
    for x in range(0, 300, 10):
        pen.rectangle((x, 200 - (x * 37 + shift * x * x) % 180, x + 7, 200), fill=(20, 60 + shift, 160))
    image.resize(size).filter(ImageFilter.GaussianBlur(0.4)).save(path)


def test_a_picture_that_is_shown_twice_is_found_also_when_it_was_scaled(tmp_path: Path) -> None:
    picture(tmp_path / "one.png")
    picture(tmp_path / "two.png", size=(450, 300))
    picture(tmp_path / "other.png", shift=3)
    shown = "".join(f"\n![A figure]({name}.png)\n" for name in ("one", "two", "other"))
    draft, _ = write(tmp_path, TEXT + shown)
    report = audit_draft(draft)
    assert [f.where for f in report.findings if f.kind == "figure"] == ["two.png"]
    assert report.checked["picture"] == 3


def test_a_picture_that_is_not_there_is_found(tmp_path: Path) -> None:
    draft, _ = write(tmp_path, TEXT + "\n![A figure](lost.png)\n")
    assert found(audit_draft(draft), "figure") == ["lost.png: The paper shows a picture that is not there."]


def test_blank_pictures_are_no_duplicates(tmp_path: Path) -> None:
    assert print_of(Image.new("RGB", (100, 100), "white")) is None


LATEX = r"""\documentclass{article}
\begin{document}
\title{A study of seeds}
\section{Introduction}
Others have measured this before \citep{known2001, lost2002} and found that the seeds matter more than one would think.
\section{Results}
We see no difference between the arms of the study in any of the tables, see Section~\ref{sec:none}.
\bibliography{refs}
\end{document}
"""


def test_a_citation_without_an_entry_is_found(tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(LATEX)
    (tmp_path / "refs.bib").write_text("@article{known2001,\n title = {Known},\n}\n")
    report = audit_draft(tmp_path / "paper.tex")
    assert [f.where for f in report.findings if f.kind == "reference"] == ["paper.tex, lost2002"]


def test_numbered_citations_are_held_against_the_list(tmp_path: Path) -> None:
    text = (
        TEXT
        + "\nThis was seen before [1, 2], and again [2-4].\n\n# References\n[1] A. One.\n[2] B. Two.\n[3] C. Three.\n"
    )
    draft, _ = write(tmp_path, text)
    assert [f.where for f in audit_draft(draft).findings if f.kind == "reference"] == ["draft.md, [4]"]


def test_a_reference_that_was_not_found_by_its_own_tool_is_found(tmp_path: Path) -> None:
    draft, _ = write(tmp_path, TEXT.replace("two classifiers", "two classifiers [?]"))
    assert len(found(audit_draft(draft), "reference")) == 1


def test_a_draft_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        audit_draft(tmp_path / "nothing.pdf")


def test_data_give_values_means_and_differences_of_groups(tmp_path: Path) -> None:
    _, data = write(tmp_path)
    (data / "more.json").write_text('{"runs": [{"loss": 1.5}, {"loss": 2.5}], "name": "x"}')
    (data / "log.txt").write_text("epoch 3 loss 0.777\n")
    (data / "weights.bin").write_bytes(b"\x00\x01")
    numbers = read_data(data)
    for value in (0.912, 0.934, 0.022, 2.0, 0.777, 0.0028284271):
        assert numbers.has(value - 1e-6, value + 1e-6), value
    assert numbers.has(91.19, 91.21)
    assert not numbers.has(0.4, 0.41)
    assert numbers.unread == ["weights.bin"]
    assert numbers.files == 3


def chart(folder: Path, name: str, heights: list[int]) -> None:
    """Draw a chart as matplotlib saves it, as PDF and as PNG."""
    figure: Any = Figure(figsize=(4, 3))  # matplotlib's types are partial
    axes = figure.add_subplot()
    axes.bar(range(len(heights)), heights)
    axes.set_title("Accuracy by arm")
    figure.savefig(folder / f"{name}.pdf")
    figure.savefig(folder / f"{name}.png", dpi=110)


def test_two_charts_with_one_set_of_axes_are_two_and_a_mirrored_copy_is_one(tmp_path: Path) -> None:
    chart(tmp_path, "one", [3, 5, 4, 6, 2])
    chart(tmp_path, "other", [3, 6, 4, 5, 2])
    with Image.open(tmp_path / "one.png") as image:
        ImageOps.mirror(image.convert("RGB")).save(tmp_path / "turned.jpg", quality=60)
    draft, _ = write(tmp_path, TEXT + "\n![a](one.png)\n\n![b](other.png)\n\n![c](turned.jpg)\n\n![d](one.pdf)\n")
    assert found(audit_draft(draft), "figure") == [
        "turned.jpg: It shows the same as one.png, mirrored.",
        "one.pdf: It shows the same as one.png.",
    ]


@pytest.mark.latex
def test_a_drawing_and_a_bitmap_inside_a_pdf_are_compared(tmp_path: Path) -> None:
    chart(tmp_path, "one", [3, 5, 4, 6, 2])
    chart(tmp_path, "other", [3, 6, 4, 5, 2])
    body = (
        r"\section{Results} " + "We see the same in all of the figures of this study, whatever the reader thinks. " * 2
    )
    shown = "".join(rf"\par\includegraphics[width=8cm]{{{name}}}" for name in ("one.pdf", "other.pdf", "one.png"))
    head = r"\documentclass{article}\usepackage{graphicx}\begin{document}"
    tex = head + body + shown + r"\end{document}"
    (tmp_path / "paper.tex").write_text(tex)
    words = ["pdflatex", "-interaction=batchmode", "paper.tex"]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    report = audit_draft(tmp_path / "paper.pdf")
    assert report.checked["picture"] == 3
    (why,) = found(report, "figure")
    assert "picture" in why and "It shows the same as paper.pdf, page 1, picture 1" in why


BIB = """@article{known2001, title={Known}, author={One, Ann}, year={2001}, doi={10.1000/known}}
@article{gone2002, title={Gone}, author={Two, Bo}, year={2002}, doi={10.1000/gone}}
@article{other2003, title={What it says}, author={Three, Cy}, year={2003}, doi={10.1000/other}}
@article{none2004, title={Nothing}, author={Four, Di}, year={2004}, doi={10.1000/none}}
@inproceedings{guo2017, title={On Calibration of Modern Neural Networks}, author={Smith, Jane and Guo, Chuan},
  year={2021}}
"""
CITES = LATEX.replace("known2001, lost2002", "known2001, gone2002, other2003, none2004")
TABLE = "OriginalPaperDOI,RetractionNature\n10.1000/GONE,Retraction\n10.1000/known,Correction\n"


def registry(asked: Asked) -> Reply:
    kind, _, name = asked.params["filter"].partition(":")
    works = {
        "10.1000/known": ("Known", 2001),
        "10.1000/gone": ("Gone", 2002),
        "10.1000/other": ("Something else", 2003),
    }
    items: list[dict[str, object]] = []
    if kind == "updates" and name == "10.1000/gone":
        items = [{"DOI": "10.1000/notice", "update-to": [{"DOI": name, "type": "retraction"}]}]
    if kind == "doi" and name in works:
        title, year = works[name]
        person = {"family": {"Known": "One", "Gone": "Two"}.get(title, "Three")}
        items = [{"DOI": name, "title": [title], "author": [person], "issued": {"date-parts": [[year]]}}]
    return as_json({"message": {"total-results": len(items), "items": items}})


def test_retracted_references_are_found_in_a_table_on_disk(tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(CITES)
    (tmp_path / "refs.bib").write_text(BIB)
    (tmp_path / "table.csv").write_text(TABLE)
    registries = Registries(listed=read_retractions(tmp_path / "table.csv"))
    report = audit_draft(tmp_path / "paper.tex", registries=registries)
    assert found(report, "reference") == ["paper.tex, “Gone”: It was retracted: Retraction."]
    assert any("--ask crossref" in note for note in report.notes)


def test_a_registry_is_asked_whether_references_exist_and_stand(tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(CITES)
    (tmp_path / "refs.bib").write_text(BIB)
    with serve(registry) as service:
        wire = Wire("crossref", manners=Manners(tries=1, pause_seconds=0))
        registries = Registries(crossref=CrossrefSource(wire, address=service.address))
        report = audit_draft(tmp_path / "paper.tex", registries=registries)
    whys = "\n".join(found(report, "reference"))
    assert "“Gone”: It was retracted: notice 10.1000/notice" in whys
    assert "The DOI 10.1000/other is that of another work: “Something else”" in whys
    assert "Crossref knows no work with the DOI 10.1000/none" in whys
    assert "Known" not in whys


def test_a_silent_registry_accuses_nobody(tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(CITES)
    (tmp_path / "refs.bib").write_text(BIB)
    with serve(lambda _: Reply(b"", status=500)) as service:
        wire = Wire("crossref", manners=Manners(tries=1, pause_seconds=0))
        registries = Registries(crossref=CrossrefSource(wire, address=service.address))
        report = audit_draft(tmp_path / "paper.tex", registries=registries)
    assert found(report, "reference") == []
    assert any("was not looked up" in note for note in report.notes)


def test_facts_that_our_own_bibliography_knows_better_are_said(tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(LATEX.replace("known2001, lost2002", "guo2017"))
    (tmp_path / "refs.bib").write_text(BIB)
    whys = found(audit_draft(tmp_path / "paper.tex"), "reference")
    assert len(whys) == 2 and "Its first author is Smith" in whys[0] and "Its year is 2021" in whys[1]


def test_the_command_names_what_is_wrong_and_what_was_not_looked_at(tmp_path: Path) -> None:
    draft, data = write(tmp_path, TEXT.replace("0.934", "0.967"))
    done = CliRunner().invoke(cli, ["audit", "--paper", str(draft), "--data", str(data), "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert told["verdict"] == "fail" and any(f["kind"] == "number" for f in told["findings"])
    assert any("cannot be seen from a paper" in note for note in told["notes"])


@pytest.mark.parametrize("words", [[], ["run", "--paper", "x.md"], ["run", "--data", "."], ["--paper", "x", "--rerun"]])
def test_a_run_and_a_paper_are_not_asked_for_at_once(words: list[str]) -> None:
    done = CliRunner().invoke(cli, ["audit", *words])
    assert done.exit_code == 2
