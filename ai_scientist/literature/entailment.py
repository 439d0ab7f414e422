r"""Whether a quote can bear its sentence: a lexical guard that needs no model.

A sentence that cites a quote may not bring in numbers or names that the quote does not have, nor turn its direction
around. That does not prove that the sentence follows; it catches the commonest ways in which it does not. The shape of
the check is from the study of peers, 4.4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ai_scientist.core.finding import Finding
from ai_scientist.core.values import Value
from ai_scientist.literature.citations import citations
from ai_scientist.literature.keys import family
from ai_scientist.literature.records import Quote, Record
from ai_scientist.literature.wording import sentences, telling, words

_COMMAND = re.compile(r"\\[a-zA-Z]+\*?(?:\s*\[[^\]]*\])?(?:\s*\{[^{}]*\})*")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*\s*%?")
_NAME = re.compile(r"\b[A-Z]\w+(?:-[A-Z0-9]\w*)*")
_NEGATIONS = frozenset("not no nor never without cannot neither hardly fails failed unless".split())

OPPOSITES = (
    ("increase", "decrease"), ("rise", "fall"), ("higher", "lower"), ("better", "worse"), ("improve", "degrade"),
    ("improve", "hurt"), ("help", "hurt"), ("more", "less"), ("larger", "smaller"), ("faster", "slower"),
    ("outperform", "underperform"), ("overconfident", "underconfident"), ("wide", "narrow"), ("well", "poorly"),
)  # fmt: skip
"""Words that point in opposite directions."""

THIN = 0.15
"""Share of a sentence's telling words in its quote below which the quote is about something else."""


class Support(Value):
    """What a quote lacks of a sentence that rests on it.

    Attributes of note: `share` is the part of the sentence's telling words that the quote has.
    """

    numbers: tuple[str, ...]
    names: tuple[str, ...]
    turned: tuple[str, ...]
    share: float

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against it."""
        return not (self.numbers or self.names or self.turned) and self.share >= THIN


def support(sentence: str, span: str, *, known: frozenset[str] = frozenset()) -> Support:
    """Return what a span of text lacks of a sentence.

    Args:
        sentence: May hold LaTeX commands; their arguments are not text.
        span: The quote, or several of one sentence put together.
        known: Names, in lower case, that need not be in the span: authors, words of the cited titles.
    """
    bare = _COMMAND.sub(" ", sentence).replace("~", " ")
    there = {word.removesuffix("'s") for word in words(span)}
    stems = set(telling(span))
    numbers = {_digits(found) for found in _NUMBER.findall(span)}
    telling_words = set(telling(bare))
    return Support(
        numbers=tuple(n.strip() for n in _NUMBER.findall(bare) if _digits(n) not in numbers),
        names=tuple(dict.fromkeys(n for n in _names(bare) if not _is_there(n, there, stems, known))),
        turned=_turned(bare, span),
        share=round(len(telling_words & stems) / len(telling_words), 4) if telling_words else 1.0,
    )


def check_support(
    text: str, records: Mapping[str, Record], quotes: Mapping[str, Quote], *, where: str = "paper"
) -> tuple[Finding, ...]:
    """Return the sentences of a text whose quotes do not bear them; unknown quotes are another check's matter."""
    out: list[Finding] = []
    for start, end in sentences(text):
        sentence = text[start:end]
        cited = [each for each in citations(sentence) if each.quote in quotes and each.record in records]
        if not cited:
            continue
        known = frozenset(name for each in cited for name in _known(records[each.record]))
        found = support(
            _before_last_citation(sentence), " ".join(quotes[each.quote].text for each in cited), known=known
        )
        if not found.holds:
            line = text.count("\n", 0, start) + 1
            names = ", ".join(each.quote for each in cited)
            out.append(Finding(kind="citation", where=f"{where}, line {line}", why=f"{names} {_why(found)}."))
    return tuple(out)


def _before_last_citation(sentence: str) -> str:
    """Return the part of a sentence that rests on its citations; what follows them is the writer's own."""
    place = max((each.start for each in citations(sentence)), default=len(sentence))
    return sentence[:place] if len(telling(_COMMAND.sub(" ", sentence[:place]))) >= 3 else sentence


def _why(found: Support) -> str:
    reasons: list[str] = []
    if found.numbers:
        reasons.append(f"does not have the number {', '.join(found.numbers)}")
    if found.names:
        reasons.append(f"does not name {', '.join(found.names)}")
    if found.turned:
        reasons.append(f"points the other way ({'; '.join(found.turned)})")
    return "; ".join(reasons or ["shares almost no word with the sentence that rests on it"])


def _digits(number: str) -> str:
    return number.replace(" ", "").replace(",", "").removesuffix("%").rstrip(".")


def _names(text: str) -> list[str]:
    """Return words written as names: acronyms, mixed case, and capitalised words inside a sentence."""
    found: list[str] = []
    for start, end in sentences(text):
        piece = text[start:end]
        for each in _NAME.finditer(piece):
            word = each.group()
            if each.start() > 0 or any(letter.isupper() or letter.isdigit() for letter in word[1:]):
                found.append(word)
    return found


def _is_there(name: str, there: set[str], stems: set[str], known: frozenset[str]) -> bool:
    parts = words(name)
    return all(part in there or part in known or set(telling(part)) & stems for part in parts)


def _known(record: Record) -> set[str]:
    people = {word for author in record.authors for word in words(family(author))}
    return people | set(words(record.title)) | {str(record.year)}


def _turned(sentence: str, span: str) -> tuple[str, ...]:
    here, there = words(sentence), words(span)
    out: list[str] = []
    for pair in OPPOSITES:
        for one, other in (pair, pair[::-1]):
            if _has(here, one) and not _has(here, other) and _has(there, other) and not _has(there, one):
                out.append(f"{one} / {other}")
    if bool(_NEGATIONS & set(here)) != bool(_NEGATIONS & set(there)) and not out:
        shared = set(telling(sentence)) & set(telling(span))
        if len(shared) >= 4 and len(shared) >= 0.7 * len(set(telling(sentence))):
            out.append("only one of the two says no")
    return tuple(dict.fromkeys(out))


def _has(there: list[str], word: str) -> bool:
    root = word.rstrip("e")
    return any(each == word or (len(root) > 3 and each.startswith(root)) for each in there)
