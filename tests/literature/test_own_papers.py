from __future__ import annotations

from pathlib import Path

import pytest

from ai_scientist.core.errors import ConfigError
from ai_scientist.literature.library import Library
from ai_scientist.literature.own_papers import read_papers

BIB = r"""
@article{whatever,
  title = {On the {B}ehaviour of M{\"u}ller Estimators},
  author = {M{\"u}ller, Rafael and Ada B. Example and {van der} Berg, Jan},
  journal = {Journal of Things},
  volume = 3, number = {2}, pages = {10--19}, year = {2019}, doi = {10.1000/ABC},
  abstract = {It is shown that \emph{estimators} behave.},
}
@misc{preprint, title={A Preprint of Ours}, author={Example, Ada}, year=2021, eprint={2101.00001}}
@article{broken, title={No Author Here}, year={2020}}
@comment{jabref-meta: nothing}
"""

LINES = [
    "On the Behaviour of Muller Estimators",
    "Rafael Muller, Ada B. Example, Jan van der Berg",
    "We study how estimators behave when the sample is small and noi-",
    "sy. The estimators turn out to be stable in every case that we",
    "tried, and the proof takes two pages. Some further remarks follow",
    "on what could be done with larger samples and better machines.",
]


def pdf(lines: list[str], *, title: str = "", author: str = "", made: str = "") -> bytes:
    """Return a small PDF with one page of text."""
    text = "".join(f"({line.replace('(', '[').replace(')', ']')}) Tj T* " for line in lines)
    stream = f"BT /F1 11 Tf 14 TL 50 750 Td {text}ET".encode()
    info = "".join(f"/{k} ({v}) " for k, v in (("Title", title), ("Author", author), ("CreationDate", made)) if v)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        f"<< {info}>>".encode(),
    ]
    out = b"%PDF-1.4\n"
    places: list[int] = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return out + b"trailer << /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def test_entries_of_a_bib_file_become_records(tmp_path: Path) -> None:
    (tmp_path / "mine.bib").write_text(BIB)
    found = read_papers(tmp_path)
    assert [record.id for record in found.records] == ["example2021preprint", "muller2019behaviour"]
    preprint, article = found.records
    assert article.title == "On the Behaviour of Müller Estimators"
    assert article.authors == ("Müller, Rafael", "Example, Ada B.", "van der Berg, Jan")
    assert (article.venue, article.volume, article.number, article.pages) == ("Journal of Things", "3", "2", "10-19")
    assert (article.doi, article.kind, article.source) == ("10.1000/abc", "article", "own")
    assert article.text == "It is shown that estimators behave."
    assert preprint.arxiv == "2101.00001"
    assert found.problems == ("mine.bib: the entry broken lacks a title, an author or a year.",)


def test_a_pdf_gives_its_full_text_to_the_entry_whose_title_it_bears(tmp_path: Path) -> None:
    (tmp_path / "mine.bib").write_text(BIB)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "paper.pdf").write_bytes(pdf(LINES))
    found = read_papers(tmp_path)
    article = next(record for record in found.records if record.id == "muller2019behaviour")
    assert "The estimators turn out to be stable in every case that we tried" in article.text
    assert "small and noisy." in article.text
    assert "full text from paper.pdf" in article.checked
    library = Library(":memory:", shipped=False)
    library.add(article)
    assert library.quote(article.id, "the estimators turn out to be stable in every case that we tried") is not None


def test_a_pdf_with_its_own_facts_needs_no_entry(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(
        pdf(LINES, title=LINES[0], author="Rafael Muller; Ada B. Example", made="D:20190102030405Z")
    )
    (record,) = read_papers(tmp_path).records
    assert (record.id, record.year, record.authors) == (
        "muller2019behaviour", 2019, ("Muller, Rafael", "Example, Ada B."),
    )  # fmt: skip


def test_what_cannot_be_cited_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "unknown.pdf").write_bytes(pdf(LINES))
    (tmp_path / "scan.pdf").write_bytes(pdf(["1"]))
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4\nnot really")
    (tmp_path / "empty.bib").write_text("nothing in it")
    found = read_papers(tmp_path)
    assert found.records == ()
    said = "\n".join(found.problems)
    assert "unknown.pdf was left out, because its authors and year are not known: add its entry to a .bib file" in said
    assert "scan.pdf has no text" in said
    assert "broken.pdf cannot be read as a PDF" in said
    assert "empty.bib has no BibTeX entry" in said


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder of papers"):
        read_papers(tmp_path / "nowhere")


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    found = read_papers(tmp_path)
    assert found.records == ()
    assert found.problems == ()
