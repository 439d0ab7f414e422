r"""Small pieces of prose: chosen wordings, lists, macros. No digit and no number word is ever written here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ai_scientist.core.ids import Sha256
from ai_scientist.core.plan import Metric

Paragraph = str
"""Sentences in macro form, on one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Chooses among wordings that mean the same: always alike for one plan, unlike for another.

    Attributes:
        plan: Hash of the plan, which seeds the choice.
    """

    plan: Sha256

    def pick(self, key: str, *wordings: str) -> str:
        """Return one of the wordings."""
        digest = hashlib.sha256(f"{self.plan}/{key}".encode()).digest()
        return wordings[int.from_bytes(digest[:4]) % len(wordings)]

    def turn(self, key: str, number: int, *wordings: str) -> str:
        """Return the wording for the n-th use in a row: the next use gets the next wording."""
        start = wordings.index(self.pick(key, *wordings))
        return wordings[(start + number) % len(wordings)]


def listed(parts: Iterable[str], *, last: str = "and") -> str:
    """Return a list in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    found = list(parts)
    if len(found) < 2:
        return "".join(found)
    return f"{', '.join(found[:-1])} {last} {found[-1]}"


def clauses(parts: Iterable[str]) -> str:
    """Return whole clauses joined in a sentence, so that each stays whole.

    >>> clauses(["a rises", "b falls", "c stays"])
    'a rises; b falls; and c stays'
    """
    found = list(parts)
    if len(found) < 2:
        return "".join(found)
    if len(found) == 2:
        return f"{found[0]}, and {found[1]}"
    return f"{'; '.join(found[:-1])}; and {found[-1]}"


def joined(*sentences: str) -> Paragraph:
    """Return a paragraph of the sentences that are not empty."""
    return " ".join(sentence.strip() for sentence in sentences if sentence.strip())


def paragraphs(*parts: Paragraph) -> str:
    """Return text of the paragraphs that are not empty."""
    return "\n\n".join(part.strip() for part in parts if part.strip())


def capital(text: str) -> str:
    """Return the text with its first letter as a capital, unless a macro stands there."""
    return text[:1].upper() + text[1:] if text and text[0] != "\\" else text


def small(text: str) -> str:
    """Return the text so that it can follow inside a sentence: first letter small, unless it is a name or acronym."""
    head = text.split(" ", 1)[0]
    keep = len(head) > 1 and any(letter.isupper() for letter in head[1:])
    return text if keep or not text else text[0].lower() + text[1:]


def unended(text: str) -> str:
    """Return a sentence without its full stop."""
    return text.strip().rstrip(".")


def without_question_mark(text: str) -> str:
    """Return a question without its mark."""
    return text.strip().rstrip("?").strip()


_SPECIAL = {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$", "~": r"\textasciitilde{}", "^": r"\^{}"}


def plain(text: str) -> str:
    """Return plain text (a title of a program's step, a user's words) so that LaTeX prints it."""
    text = text.replace("\\", "").replace("{", "").replace("}", "")
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\\])")


def sentences(text: str) -> list[str]:
    """Return the sentences of a text in macro form."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return where the sentences (or items of a list) of a text begin and end, markup of lists left outside."""
    spans: list[tuple[int, int]] = []
    for block in re.finditer(r"[^\n]+", text):
        start = block.start()
        if block.group().startswith(("\\begin", "\\end")):
            continue
        for end in [m.start() for m in _SENTENCE_END.finditer(block.group())] + [len(block.group())]:
            stop = block.start() + end
            spans.append((start, stop))
            start = stop
    return spans


def cond(name: str) -> str:
    """Return the macro that prints a condition's name."""
    return rf"\cond{{{name}}}"


def metric(name: str) -> str:
    """Return the macro that prints a metric's name."""
    return rf"\metric{{{name}}}"


def brief(declared: Metric) -> str:
    """Return a metric's acronym, if it has one, for places where it was named before; else the macro of its name."""
    is_acronym = declared.short.isupper() and declared.short.isalpha()
    return declared.short if is_acronym else metric(declared.name)


def dataset(name: str) -> str:
    """Return the macro that prints a data set's name."""
    return rf"\dataset{{{name}}}"


def claim(verb: str, test: str) -> str:
    """Return the macro that prints a verb if the test passes."""
    return rf"\claim{{{verb}}}{{{test}}}"


def figures(names: Sequence[str]) -> str:
    """Return references to figures: "Figure 1", "Figures 1 and 2"."""
    return _references("Figure", "fig", names)


def tables(names: Sequence[str]) -> str:
    """Return references to tables."""
    return _references("Table", "tab", names)


def _references(word: str, kind: str, names: Sequence[str]) -> str:
    refs = listed(rf"\ref{{{kind}:{name}}}" for name in names)
    return f"{word}{'s' if len(names) > 1 else ''}~{refs}" if names else ""
