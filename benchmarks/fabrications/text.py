"""Fabrications in the paper's text."""

from __future__ import annotations

import re
from typing import Any

from ai_scientist.core.jsonl import read_json, write_atomic
from ai_scientist.paper.compile import read_context
from benchmarks.fabrications.kinds import kind
from benchmarks.forger import Forger, NotApplicable


def _shown(f: Forger, pattern: str) -> re.Match[str]:
    found = list(re.finditer(pattern, f.tex))
    if not found:
        raise NotApplicable("the paper shows no such number")
    return found[f.rng.randrange(len(found))]


def _put(f: Forger, start: int, end: int, new: str) -> None:
    text = f.tex
    write_atomic(f.run.paper / "paper.tex", (text[:start] + new + text[end:]).encode())


NUMBER = r"\\evidence\{[^}]*\}\{(?:cell|test):[^}]*\}\{[^\d{}]*(\d+\.\d+)"


@kind("third digit of a number in paper.tex")
def third_digit(f: Forger) -> None:
    match = _shown(f, NUMBER)
    place = match.end(1) - 1
    _put(f, place, place + 1, str((int(f.tex[place]) + f.rng.randrange(1, 10)) % 10))


@kind("sign of a difference flipped in paper.tex")
def flipped_sign(f: Forger) -> None:
    match = _shown(f, r"\\evidence\{[^}]*\}\{test:[^}]*\}\{(\\ensuremath\{-\})?\d")
    if match[1]:
        _put(f, match.start(1), match.end(1), "")
    else:
        _put(f, match.end() - 1, match.end() - 1, r"\ensuremath{-}")


@kind("number rounded in favour of the claim")
def rounded_favourably(f: Forger) -> None:
    match = _shown(f, NUMBER)
    _put(f, match.start(1), match.end(1), f"{float(match[1]) * 1.1:.1g}")


def _write(f: Forger, **changes: Any) -> None:
    f.write_paper(f.draft.model_copy(update=changes))


def _add_to(f: Forger, section: str, words: str) -> None:
    sections = tuple(
        s.model_copy(update={"body": s.body + words}) if s.name == section else s for s in f.draft.sections
    )
    _write(f, sections=sections)


@kind("number typed in the abstract")
def number_in_abstract(f: Forger) -> None:
    _write(f, abstract=f.draft.abstract + " The error falls to 0.031.")


@kind("number in words")
def number_in_words(f: Forger) -> None:
    _add_to(f, "results", " This is a three-fold reduction of the error.")


@kind("number in full-width digits")
def unicode_digits(f: Forger) -> None:
    _add_to(f, "conclusion", " The gain is \uff19\uff17 points.")


@kind("number in the title")
def number_in_title(f: Forger) -> None:
    _write(f, title=f.draft.title + ": a 30\\% gain")


@kind("number in a caption")
def number_in_caption(f: Forger) -> None:
    if not f.draft.figures:
        raise NotApplicable("the paper has no figure")
    first, rest = f.draft.figures[0], f.draft.figures[1:]
    _write(f, figures=(first.model_copy(update={"caption": first.caption + " The best value is 0.97."}), *rest))


@kind("claim verb stronger than the test, in paper.tex")
def stronger_claim(f: Forger) -> None:
    claims = read_json(f.run.paper / "claims.json")["claims"]
    spoken = [c["text"] for c in claims if c["macro"] == "claim" and f"{{{c['text']}}}" in f.tex]
    if not spoken:
        raise NotApplicable("the paper has no claim")
    f.change_text("paper/paper.tex", f"{{{spoken[0]}}}", "{clearly outperforms}")


@kind("claim typed without a test")
def typed_claim(f: Forger) -> None:
    treatment, baseline = f.plan.target, f.plan.baseline.name
    _add_to(f, "conclusion", rf" \cond{{{treatment}}} significantly outperforms \cond{{{baseline}}}.")


@kind("hyperparameter changed in paper.tex")
def changed_setting_in_text(f: Forger) -> None:
    match = _shown(f, r"\\evidence\{[^}]*\}\{(?:cfg|data|count):[^}]*\}\{(\d[\d.,]*)")
    _put(f, match.start(1), match.end(1), match[1] + "0")


@kind("number typed into the PDF alone")
def number_in_pdf(f: Forger) -> None:
    from ai_scientist.paper.latexmk import find_latex, run_latexmk

    latex = find_latex()
    if latex.latexmk is None or not latex.is_ready or not (f.run.paper / "paper.pdf").is_file():
        raise NotApplicable("there is no TeX or no PDF")
    match = _shown(f, r"\\evidence\{[^}]*\}\{cell:[^}]*\}\{[^\d{}]*(\d+\.\d\d+)")
    forged = f.tex[: match.start(1)] + f"{float(match[1]) * 1.37:.4f}" + f.tex[match.end(1) :]
    figures = {f"figures/{p.name}": p.read_bytes() for p in (f.run.results / "figures").glob("*.pdf")}
    inputs = {"paper.tex": forged.encode(), "references.bib": (f.run.paper / "references.bib").read_bytes(), **figures}
    date = read_context(f.run).provenance.date
    made = run_latexmk(inputs, latexmk=latex.latexmk, date=date, timeout_seconds=120)
    if made.pdf is None:
        raise NotApplicable("TeX failed")
    write_atomic(f.run.paper / "paper.pdf", made.pdf)
