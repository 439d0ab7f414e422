"""Anybody's paper: what its text, pictures and data can tell, and what is said to be beyond reach."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter

from ai_scientist.audit.data_numbers import read_data
from ai_scientist.audit.report import AuditReport
from ai_scientist.audit.stranger import audit_draft, fingerprint
from ai_scientist.core.errors import ConfigError

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
    assert report.checked["printed statistic"] == 1
    assert any("cannot be seen from a paper" in note for note in report.notes)


def test_a_number_that_no_data_give_is_named_with_its_section(tmp_path: Path) -> None:
    draft, data = write(tmp_path, TEXT.replace("0.934", "0.967").replace(", with an effect of 0.51 [0.43, 0.59]", ""))
    (finding,) = found(audit_draft(draft, data), "number")
    assert "section “Results”" in finding
    assert "0.967" in finding


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
    assert fingerprint(Image.new("RGB", (100, 100), "white")) is None


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
