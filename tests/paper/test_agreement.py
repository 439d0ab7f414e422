r"""The sentence check on sentences that fit their numbers and on such that do not, and on a whole draft with swaps."""

from __future__ import annotations

from collections import Counter

import pytest

from ai_scientist.paper.agreement import disagreements
from ai_scientist.paper.flat import flatten
from ai_scientist.paper.macros import find_macros
from ai_scientist.paper.source import parse
from ai_scientist.paper.structure import pieces
from tests.paper import workshop

CONTEXT = workshop.context()


def found(text: str) -> list[str]:
    return [d.message for d in disagreements(flatten(parse(text)), CONTEXT)]


FITTING = [
    r"\cond{noisy} has a mean \metric{ece} of \val{ece/noisy/all/test/mean}.",
    r"It is \val{ece/noisy/all/test/mean}.",
    r"\cond{noisy} reaches \val{ece/noisy/digits/test/mean} on \dataset{digits}.",
    r"\cond{clean} has \val{ece/clean/all/test/mean} and \cond{noisy} \val{ece/noisy/all/test/mean}.",
    r"It is \val{ece/clean/all/test/mean} for \cond{clean} and \val{ece/noisy/all/test/mean} for \cond{noisy}.",
    r"\cond{clean} and \cond{noisy} reach \val{ece/clean/all/test/mean} and \val{ece/noisy/all/test/mean}, "
    "respectively.",
    r"\cond{noisy} \claim{increases}{H1} the \metric{ece} relative to \cond{clean}, by \delta{H1}, \pval{H1}.",
    r"Compared with \cond{clean}, \cond{noisy} \claim{worsens}{H1} the \metric{ece}.",
    r"Compared with \cond{clean}, its accuracy \claim{matches}{H3} that of \cond{clean}.",
    r"\cond{noisy} \claim{worsens}{H1} the \metric{ece}; \cond{proposed} \claim{reduces}{H2} it again.",
    r"\cond{proposed} \claim{reduces}{H2} it by \delta{H2}, while its accuracy \claim{matches}{H3} \cond{clean}'s.",
    r"The rise runs from \val{ece/clean/all/test/mean} to \val{ece/noisy/all/test/mean}, as \cond{noisy} "
    r"\claim{worsens}{H1} it.",
    r"In an exploratory comparison, \cond{noisy} \claim{worsens}{X1} \metric{accuracy}.",
    r"\paragraph{What was added (exploratory).} \cond{noisy} \claim{worsens}{X1} \metric{accuracy}.",
    r"The p-values are \pval{H1} and \pval{H2}.",
    r"On all data sets, \dataset{wine} included, the mean is \val{ece/noisy/all/test/mean}.",
]

MISFITTING = [
    "It is exploratory.\n\n" + r"\cond{noisy} \claim{worsens}{X1} \metric{accuracy}.",
    r"\cond{noisy} has a mean \metric{ece} of \val{accuracy/noisy/all/test/mean}.",
    r"The ECE of \cond{noisy} is \val{accuracy/noisy/all/test/mean}.",
    r"\cond{noisy} has a mean \metric{ece} of \val{ece/clean/all/test/mean}.",
    r"\cond{noisy} reaches \val{ece/noisy/wine/test/mean} on \dataset{digits}.",
    r"On \dataset{digits}, it is \val{ece/noisy/all/test/mean}.",
    r"\cond{noisy} has \val{ece/noisy/wine/test/mean}.",
    r"\cond{clean} has \val{ece/noisy/all/test/mean} and \cond{noisy} \val{ece/clean/all/test/mean}.",
    r"It is \val{ece/noisy/all/test/mean} for \cond{clean} and \val{ece/clean/all/test/mean} for \cond{noisy}.",
    r"\cond{clean} and \cond{noisy} reach \val{ece/noisy/all/test/mean} and \val{ece/clean/all/test/mean}, "
    "respectively.",
    r"\cond{clean} \claim{increases}{H1} the \metric{ece}.",
    r"\cond{noisy} \claim{increases}{H1} the \metric{accuracy}.",
    r"\cond{noisy} \claim{increases}{H1} the \metric{ece} relative to \cond{proposed}.",
    r"\cond{proposed} \claim{outperforms}{H2} \cond{clean} on \metric{ece}.",
    r"\cond{proposed} is compared, \pval{H1}.",
    r"\cond{noisy} \claim{increases}{H1} the \metric{ece} by \delta{H2}.",
    r"\cond{noisy} \claim{increases}{H1} the \metric{ece}, \pval{H4}.",
    r"On \dataset{digits}, \cond{noisy} \claim{increases}{H1} the \metric{ece}.",
    r"\cond{noisy} \claim{worsens}{X1} \metric{accuracy}.",
    r"Between \cond{proposed} and \cond{noisy}, the \metric{accuracy} differs by \delta{H3}.",
]


@pytest.mark.parametrize("text", FITTING)
def test_a_sentence_that_fits_its_numbers_passes(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("text", MISFITTING)
def test_a_sentence_that_does_not_fit_its_numbers_is_named(text: str) -> None:
    assert found(text) != []


def swaps(text: str) -> list[tuple[str, str]]:
    """Return the text with one macro's address swapped for another that exists, each with the kind of the swap."""
    made: list[tuple[str, str]] = []
    for call, _ in find_macros(parse(text)):
        source = text[call.start : call.end]
        if call.name in ("val", "valci"):
            parts = call.argument(0).split("/")
            for place, kind, others in (
                (0, "metric", ("ece", "accuracy")),
                (1, "condition", ("clean", "noisy", "proposed")),
                (2, "dataset", ("digits", "wine")),
            ):
                other = next(name for name in others if name != parts[place])
                new = "/".join([*parts[:place], other, *parts[place + 1 :]])
                made.append((kind, text[: call.start] + source.replace(call.argument(0), new) + text[call.end :]))
        elif call.name in ("delta", "pval", "effect", "claim"):
            name = call.argument(1 if call.name == "claim" else 0)
            other = next(test for test in ("H2", "H4", "H1") if test != name)
            made.append(
                (call.name, text[: call.start] + source.replace(f"{{{name}}}", f"{{{other}}}") + text[call.end :])
            )
    return made


def test_most_swaps_in_a_whole_draft_are_named_and_none_without_a_swap() -> None:
    draft = workshop.rich_draft()
    planted: Counter[str] = Counter()
    caught: Counter[str] = Counter()
    for piece in pieces(draft):
        if piece.kind == "body":
            continue
        assert found(piece.text) == []
        for kind, text in swaps(piece.text):
            planted[kind] += 1
            caught[kind] += bool(found(text))
    assert sum(planted.values()) >= 25
    assert sum(caught.values()) >= 0.9 * sum(planted.values()), (caught, planted)
