r"""A draft checked before it may be compiled: over its parsed LaTeX, in every part that a reader sees.

What is refused: numbers and number words that were typed, claims that were typed, proofs, equalities that fail, macros
and environments that are not in the vocabulary (which refuses all that could read, write or run), unknown addresses,
records and displays, displays that no text mentions, sections that are empty or longer than their budget, placeholders,
doubled paragraphs, characters that cannot be typeset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ai_scientist.analysis.cells import TestResult
from ai_scientist.literature.entailment import check_support
from ai_scientist.paper.agreement import disagreements
from ai_scientist.paper.claim_words import NOT_SHOWN, claim_words
from ai_scientist.paper.compilable import uncompilable
from ai_scientist.paper.context import RenderContext
from ai_scientist.paper.document import SECTIONS, Draft, Figure, Table
from ai_scientist.paper.escape import is_typesettable
from ai_scientist.paper.flat import Flat, Sentence, flatten, sentences
from ai_scientist.paper.formulas import formula_problems
from ai_scientist.paper.identities import check_equalities, sentence_before
from ai_scientist.paper.length import length_problems
from ai_scientist.paper.macros import render_text
from ai_scientist.paper.number_words import bound_names, interval_level, typed_numbers
from ai_scientist.paper.printing import cited_keys
from ai_scientist.paper.problems import Problem, ProblemKind, excerpt_at
from ai_scientist.paper.proofs import proof_claims
from ai_scientist.paper.source import (
    Call,
    Comment,
    Environment,
    Math,
    Part,
    SourceError,
    Special,
    Text,
    formula_parts,
    parse,
    walk,
)
from ai_scientist.paper.structure import (
    Piece,
    calls_in,
    known_labels,
    labels_in,
    pieces,
    structure_problems,
    unmentioned_displays,
)
from ai_scientist.paper.verbs import find_verb, speak
from ai_scientist.paper.vocabulary import (
    ACCENTS,
    CITE_MACROS,
    DRAFT_MACROS,
    MATH_ENVIRONMENTS,
    MATH_MACROS,
    NAME_MACROS,
    PLAIN_MACROS,
    REFERENCE_MACROS,
    RESULT_MACROS,
    TABLE_MACROS,
    TEXT_ENVIRONMENTS,
    TEXT_MACROS,
)


def lint(draft: Draft, context: RenderContext) -> tuple[Problem, ...]:
    """Return everything that is wrong with a draft; no errors among it mean that it may be compiled."""
    found: list[Problem] = []
    labels = known_labels(draft.figures, draft.tables)
    parsed: list[tuple[Piece, tuple[Part, ...]]] = []
    equations: set[str] = set()
    for piece in pieces(draft):
        try:
            parts = parse(piece.text)
        except SourceError:
            parts = ()
        parsed.append((piece, parts))
        equations |= set(labels_in(parts))
    for piece, parts in parsed:
        found += _lint_piece(piece, parts, context, labels | equations)
    found += structure_problems(draft)
    mentioned = {call.argument(0) for _, parts in parsed for call in calls_in(parts) if call.name == "ref"}
    found += unmentioned_displays(draft, mentioned)
    return tuple(found)


def lint_text(
    text: str,
    context: RenderContext,
    *,
    place: str,
    figures: Sequence[Figure] = (),
    tables: Sequence[Table] = (),
) -> tuple[Problem, ...]:
    """Return what is wrong with one text of a draft, whose place is named as in `Problem`."""
    kind = (
        "section"
        if place in SECTIONS
        else {"figure": "caption", "caption": "caption", "table": "body", "heading": "heading"}.get(
            place.split(":")[0], place
        )
    )
    try:
        parts = parse(text)
    except SourceError:
        parts = ()
    labels = known_labels(figures, tables) | set(labels_in(parts))
    return tuple(_lint_piece(Piece(place=place, kind=kind, text=text), parts, context, labels))


class _Reporter:
    """Makes problems of one piece."""

    def __init__(self, piece: Piece) -> None:
        self.piece = piece

    def at(self, kind: ProblemKind, start: int, end: int, message: str) -> Problem:
        return Problem(
            kind=kind,
            place=self.piece.place,
            offset=start,
            message=message,
            excerpt=excerpt_at(self.piece.text, start, end),
        )


def _lint_piece(piece: Piece, parts: Sequence[Part], context: RenderContext, labels: set[str]) -> Iterator[Problem]:
    report = _Reporter(piece)
    yield from render_text(piece.text, context, place=piece.place).problems
    if not parts and piece.text.strip():
        return
    flat = flatten(parts)
    yield from _macros(piece, parts, report)
    yield from _marks(piece, parts, report)
    for stop in uncompilable(parts) if piece.kind != "body" else ():
        yield report.at("syntax", stop.start, stop.end, stop.message)
    yield from _references(parts, labels, context, report)
    yield from _unsupported(piece, context)
    yield from _numbers(flat, parts, context, report)
    yield from _placeholders(piece, flat, report)
    if piece.kind != "body":
        yield from _claims(piece, flat, context, report)
        for found in disagreements(flat, context):
            offset = flat.source_offset(found.position)
            yield report.at("sentence", offset, offset + 20, found.message)
    yield from length_problems(piece, flat.text)


_ANYWHERE = {
    **{name: spec for name, spec in TEXT_MACROS.items() if name in ("emph", "textbf", "textit", "texttt", "textsc")},
    **{name: spec for name, spec in TEXT_MACROS.items() if name in ("textrm", "textsf", "mbox")},
    **ACCENTS,
    **{name: spec for name, spec in PLAIN_MACROS.items() if name != "item"},
    **RESULT_MACROS,
    **NAME_MACROS,
    **CITE_MACROS,
    "ref": "{",
}
_ALLOWED: dict[str, set[str]] = {
    "title": set(_ANYWHERE) - {"\\", "ref"},
    "heading": set(_ANYWHERE) - {"\\", "ref"},
    "abstract": set(_ANYWHERE),
    "caption": set(_ANYWHERE),
    "section": {*_ANYWHERE, *TEXT_MACROS, *REFERENCE_MACROS, "item"},
    "body": {*_ANYWHERE, *TABLE_MACROS},
}


def _macros(piece: Piece, parts: Sequence[Part], report: _Reporter) -> Iterator[Problem]:
    """Refuse what is not in the vocabulary, or not here."""
    in_math = {id(part) for part in formula_parts(parts)}
    for part in walk(parts):
        if isinstance(part, Call):
            allowed = part.name in _ALLOWED[piece.kind] or (id(part) in in_math and part.name in _MATH_NAMES)
            if not allowed:
                known = part.name in DRAFT_MACROS
                reason = f"has no place in a {piece.kind}" if known else "may not be used in a draft"
                yield report.at("macro", part.start, part.start + 1 + len(part.name), f"\\{part.name} {reason}.")
            elif part.name in _BARE_RESULTS and not part.arguments and id(part) not in in_math:
                yield report.at("macro", part.start, part.end, f"\\{part.name} needs its argument in braces.")
        elif isinstance(part, Environment) and not (part.name in TEXT_ENVIRONMENTS and piece.kind == "section"):
            yield report.at("macro", part.start, part.start + 8, f"the environment {part.name!r} may not be used here.")
        elif isinstance(part, Math) and part.environment in MATH_ENVIRONMENTS and piece.kind != "section":
            if part.environment not in ("cases", "pmatrix", "bmatrix"):
                yield report.at("macro", part.start, part.start + 8, "displayed formulas stand in sections only.")


_MATH_NAMES = {*MATH_MACROS, *PLAIN_MACROS, "text", "mbox", "label"} - {"item", "par"}
_BARE_RESULTS = ("delta",)


def _marks(piece: Piece, parts: Sequence[Part], report: _Reporter) -> Iterator[Problem]:
    """Refuse comments, marks with a meaning out of their place, and what cannot be typeset."""
    in_math = {id(part) for part in formula_parts(parts)}
    arguments = {id(p) for call in calls_in(parts) if call.name in _KEYED for p in walk(call.arguments[:1])}
    for part in walk(parts):
        if isinstance(part, Comment):
            yield report.at("syntax", part.start, part.end, r"a per cent sign hides the rest of its line; write \%.")
        elif isinstance(part, Special) and part.text == "&" and piece.kind != "body" and id(part) not in in_math:
            yield report.at("syntax", part.start, part.end, r"a bare & belongs to tables; write \&.")
        elif isinstance(part, Text):
            bad = "#" if id(part) in in_math or id(part) in arguments else "#_^"
            for position, character in enumerate(part.text):
                at = part.start + position
                if character in bad:
                    yield report.at("syntax", at, at + 1, f"a bare {character} does not compile; write \\{character}.")
                elif not is_typesettable(character):
                    message = f"U+{ord(character):04X} cannot be typeset; write it as LaTeX."
                    yield report.at("character", at, at + 1, message)
    if "^^" in piece.text:
        at = piece.text.index("^^")
        yield report.at("macro", at, at + 2, "^^ may not be used in a draft.")


_KEYED = {*RESULT_MACROS, *NAME_MACROS, *CITE_MACROS, *REFERENCE_MACROS}


def _references(
    parts: Sequence[Part], labels: set[str], context: RenderContext, report: _Reporter
) -> Iterator[Problem]:
    for call in calls_in(parts):
        if call.name in ("ref", "eqref") and call.argument(0) not in labels:
            there = ", ".join(sorted(label for label in labels if label[:3] in ("fig", "tab"))) or "none"
            message = f"there is no {call.argument(0)!r} to refer to; displays are: {there}."
            yield report.at("reference", call.start, call.end, message)
        for key in cited_keys(call):
            if key in context.records and context.records[key].retracted:
                yield report.at("citation", call.start, call.end, f"{key} was retracted and may not be cited.")


def _unsupported(piece: Piece, context: RenderContext) -> Iterator[Problem]:
    """Doubt sentences whose quotes lack their names or point the other way."""
    for found in check_support(piece.text, context.records, context.quotes, where=piece.place):
        yield Problem(kind="citation", place=piece.place, severity="warning", message=f"{found.where}: {found.why}")


_GLUED = re.compile(r"[A-Za-z]+\$[A-Za-z]+\$[A-Za-z]*|\$[A-Za-z]+\$[A-Za-z]+")
"""Letters in formulas that touch letters outside of them, which are read as one word."""


def _numbers(flat: Flat, parts: Sequence[Part], context: RenderContext, report: _Reporter) -> Iterator[Problem]:
    for typed in typed_numbers(flat.text, bound_names(context), interval_level(context)):
        start, end = flat.source_offset(typed.start), flat.source_offset(typed.end - 1) + 1
        kind: ProblemKind = "number" if any(c.isdigit() for c in typed.text) else "word"
        message = (
            f"{typed.text!r} is a typed number; print results by \\val, \\delta and their kin, settings by \\cfg, "
            "facts of the data by \\data, counts by \\count."
        )
        yield report.at(kind, start, end, message)
    for found in _GLUED.finditer(report.piece.text):
        if any(typed_numbers(found.group().replace("$", ""), frozenset(), "")):
            yield report.at("word", found.start(), found.end(), f"{found.group()!r} spells a number.")
    nested = {id(p) for m in walk(parts) if isinstance(m, Math) for p in walk(m.children) if isinstance(p, Math)}
    for math in walk(parts):
        if isinstance(math, Math) and id(math) not in nested:
            for problem in formula_problems(math):
                yield report.at("number", problem.start, problem.end, f"{problem.message}.")
            before = sentence_before(report.piece.text, math.start)
            for equality in check_equalities(math.children, before=before):
                if equality.why:
                    message = f"the equality does not hold: {equality.why}."
                    yield report.at("formula", equality.start, equality.end, message)


def _claims(piece: Piece, flat: Flat, context: RenderContext, report: _Reporter) -> Iterator[Problem]:
    for sentence in sentences(flat):
        tests = _tests_named(flat, sentence, context)
        for word in claim_words(sentence, piece.place):
            if word.verb and any(_bears(test, word.verb, context) for test in tests):
                continue
            start = flat.source_offset(sentence.start + word.start)
            end = flat.source_offset(sentence.start + word.end - 1) + 1
            cure = r"print it by \claim{verb}{test}" if word.verb else "say what was measured"
            message = f"{word.text!r} is a typed claim; {cure}, or cite whose claim it is."
            yield report.at("claim", start, end, message)
        for begin, stop in proof_claims(sentence):
            start, end = flat.source_offset(sentence.start + begin), flat.source_offset(sentence.start + stop - 1) + 1
            message = f"{flat.text[sentence.start + begin : sentence.start + stop].strip()!r} claims a proof, which"
            message += " nothing here checks; call it a conjecture, or cite whose it is."
            yield report.at("claim", start, end, message)


def _tests_named(flat: Flat, sentence: Sentence, context: RenderContext) -> list[TestResult]:
    calls = [call for position, call in flat.calls.items() if sentence.start <= position < sentence.end]
    names = [call.argument(1 if call.name == "claim" else 0) for call in calls if call.name in _OF_TESTS]
    return [context.results.tests[name] for name in names if name in context.results.tests]


_OF_TESTS = ("claim", "delta", "pval", "effect")


def _bears(test: TestResult, word: str, context: RenderContext) -> bool:
    """Whether a test says what a typed word says."""
    verb, metric = find_verb("differs_from" if word == NOT_SHOWN else word), context.metric(test.hypothesis.metric)
    if verb is None or metric is None:
        return False
    standing = speak(verb, test, metric).standing
    return standing == "open" if word == NOT_SHOWN else standing == "holds"


_PLACEHOLDER = re.compile(
    r"\b(?:TODO|TBD|FIXME|XX+|xx+|lorem ipsum|placeholder|citation needed|as an AI|language model, I|"
    r"(?:conclusions?|results?|text|section) (?:goes )?here)\b|\?\?|"
    r"\[(?:insert|to be|unknown|your|add|…|\.\.\.)[^\]]*\]?|"
    r"\bhere is the (?:revised |rewritten )?(?:section|abstract|text)\b|^\s*(?:certainly|sure)[!,]",
    re.IGNORECASE | re.MULTILINE,
)
_MARKDOWN = re.compile(r"\*\*\w|```|^\s{0,3}#{1,6}\s|^\s*[-*] \w|\]\(https?:", re.MULTILINE)


def _placeholders(piece: Piece, flat: Flat, report: _Reporter) -> Iterator[Problem]:
    for found in _PLACEHOLDER.finditer(flat.text):
        start, end = flat.source_offset(found.start()), flat.source_offset(found.end() - 1) + 1
        yield report.at("placeholder", start, end, f"{found.group().strip()!r} looks like a placeholder.")
    for found in _MARKDOWN.finditer(piece.text):
        yield report.at("placeholder", found.start(), found.end(), f"{found.group().strip()!r} is Markdown, not LaTeX.")
