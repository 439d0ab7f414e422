"""Formulas of a paper's source: equalities that can be computed are, and what was not checked is counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ai_scientist.audit.notebook import Notebook
from ai_scientist.paper.identities import check_equalities, sentence_before
from ai_scientist.paper.read import draft_source
from ai_scientist.paper.source import Math, SourceError, parse

_ENVIRONMENTS = "equation|align|gather|multline|eqnarray|displaymath|flalign|alignat"
_FORMULA = re.compile(
    rf"\\begin\{{(?P<name>(?:{_ENVIRONMENTS})\*?)\}}(?P<block>.*?)\\end\{{(?P=name)\}}|"
    r"\\\[(?P<brackets>.*?)\\\]|(?<!\\)\$\$(?P<dollars>.*?)(?<!\\)\$\$|"
    r"\\\((?P<parentheses>.*?)\\\)|(?<![\\$])\$(?P<inline>[^$\n]+(?:\n[^$\n]+)?)(?<!\\)\$",
    re.DOTALL,
)
_DISPLAYED = ("block", "brackets", "dollars")
_PROOF = re.compile(r"\\begin\{proof\}|^\W*Proof\b(?!\s+of\s+concept)", re.MULTILINE)
_LONGEST = 4000
"""Characters of one formula that are read."""


def check_formulas(draft: Path, text: str, book: Notebook) -> None:
    """Report equalities that fail wherever they can be computed, and note how much of the mathematics was not checked.

    Args:
        draft: A file or a folder; formulas are read from LaTeX or Markdown, not from a PDF.
        text: The paper's words, in which proofs are counted.
        book: Hears of it.
    """
    source = re.sub(r"(?<!\\)%.*", "", draft_source(draft))
    displayed = computed = 0
    for found in _FORMULA.finditer(source):
        kind = found.lastgroup if found.lastgroup != "name" else "block"
        formula = found[kind or 0]
        before = sentence_before(source, found.start())
        equalities = list(_equalities(formula, before))
        displayed += kind in _DISPLAYED
        computed += bool(equalities) and kind in _DISPLAYED
        book.look("equality", len(equalities))
        for excerpt, why in equalities:
            if why:
                book.find("formula", draft.name, f"“{excerpt}” does not hold: {why}.")
    proofs = len(_PROOF.findall(source)) or len(_PROOF.findall(text))
    if not source:
        book.note(f"Formulas of a PDF are pictures of signs and were not read{_of_proofs(proofs)}.")
    elif displayed > computed or proofs:
        book.note(
            f"Of {displayed} displayed formulas, {displayed - computed} hold no equality that could be computed and "
            f"were not checked{_of_proofs(proofs)}."
        )


def _of_proofs(count: int) -> str:
    if not count:
        return ""
    return "; nor was the one proof" if count == 1 else f"; nor were the {count} proofs"


def _equalities(formula: str, before: str) -> Iterator[tuple[str, str]]:
    """Yield the equalities of a formula that could be computed, with what speaks against each."""
    wrapped = f"\\begin{{align}}{formula}\\end{{align}}"
    if len(formula) > _LONGEST:
        return
    try:
        parts = parse(wrapped)
    except SourceError:
        return
    for math in parts:
        if isinstance(math, Math):
            for one in check_equalities(math.children, before=before):
                yield " ".join(wrapped[one.start : one.end].split()), one.why
