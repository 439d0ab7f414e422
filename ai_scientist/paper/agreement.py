r"""Sentences held against what their numbers are about: subject, metric and dataset must be those of the cell or test.

A right number for the wrong subject is the error that no lookup of values can find. Names are read from \cond, \metric
and \dataset, and from labels that were typed. What is checked: a number's metric, condition and dataset are among those
that its clause (or, if that names none, its sentence) names; where names and numbers alternate, each number belongs to
its name; a claim verb's subject is the test's treatment and its object the baseline or the metric; an exploratory
comparison is called one. A sentence that names nothing is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ai_scientist.analysis.cells import Cell, TestResult
from ai_scientist.paper.context import ALL_DATASETS, RenderContext
from ai_scientist.paper.flat import Flat, Sentence, sentences
from ai_scientist.paper.source import Call

Noun = Literal["condition", "metric", "dataset"]
_Label = tuple[re.Pattern[str], Noun, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A macro that does not fit its sentence: its place in the flat text, and why."""

    position: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mention:
    """A name in a sentence.

    Attributes:
        governed: Whether a preposition stands before it, so that it is no subject ("compared with …").
        typed: Whether it is a typed label. A condition's may be part of another name, so it can excuse, not accuse.
    """

    noun: Noun
    name: str
    position: int
    governed: bool
    typed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clause:
    """A stretch of a sentence, with the names and the macros in it."""

    start: int
    end: int
    mentions: tuple[_Mention, ...]

    def names(self, noun: Noun, before: int | None = None) -> set[str]:
        """Return the names of a kind (before a place), or none if all of them are typed labels of conditions."""
        found = [m for m in self.mentions if m.noun == noun and (before is None or m.position < before)]
        if noun == "condition" and all(m.typed for m in found):
            return set()
        return {m.name for m in found}


_CLAUSE_END = re.compile(r"[;:—–]|,\s+(?=(?:but|though|although|while|whereas|and|where|with|yet|so)\b)")
_PREPOSITION = re.compile(
    r"\b(?:with|to|than|against|from|over|of|under|versus|for|on|in|between|by|without|like|vs\.?)\s+"
    r"(?:the\s+|that of\s+)?$",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"\b(?:relative to|compared (?:with|to)|than|against|versus|over)\s+(?:the\s+|that of\s+)?$", re.IGNORECASE
)
_EXPLORATORY = re.compile(
    r"explorat|unplanned|not planned|post[\s-]?hoc|not registered|unregistered|added later|(?:after|beyond) the plan|"
    r"ablat",
    re.IGNORECASE,
)
_OVERALL = re.compile(r"\b(?:all|average[ds]?|mean|overall|across|together|every|each|pooled)\b", re.IGNORECASE)
_OF_TESTS = ("delta", "effect", "pval", "claim")
_NAME_NOUNS: dict[str, Noun] = {"cond": "condition", "metric": "metric", "dataset": "dataset"}


def disagreements(flat: Flat, context: RenderContext) -> Iterator[Disagreement]:
    """Yield the macros of a text that do not fit their sentences."""
    typed = _typed_names(context)
    yield from _strays(flat, context, typed)
    for sentence in sentences(flat):
        calls = [(at, call) for at, call in flat.calls.items() if sentence.start <= at < sentence.end]
        if not any(call.name in ("val", "valci", *_OF_TESTS) for _, call in calls):
            continue
        whole = _clause(flat, sentence.start, sentence.end, typed)
        clauses = [_clause(flat, start, end, typed) for start, end in _clause_spans(sentence)]
        yield from _values(calls, clauses, whole, context, flat, typed)
        yield from _tests(calls, clauses, whole, context, flat)
        yield from _order(calls, whole, context, sentence)


def _clause_spans(sentence: Sentence) -> list[tuple[int, int]]:
    cuts = [0, *(found.end() for found in _CLAUSE_END.finditer(sentence.text)), len(sentence.text)]
    return [(sentence.start + start, sentence.start + end) for start, end in pairwise(cuts) if end > start]


def _typed_names(context: RenderContext) -> list[_Label]:
    """Return patterns of labels that a writer may have typed instead of naming them by a macro."""
    plan = context.plan
    acronyms = [m for m in plan.metrics if m.short.isupper() and len(m.short) > 1]
    labels: dict[Noun, list[tuple[str, str]]] = {
        "metric": [(m.label, m.name) for m in plan.metrics] + [(m.short, m.name) for m in acronyms],
        "condition": [(c.label, c.name) for c in plan.conditions if " " in c.label],
        "dataset": [(d.label, d.name) for d in plan.datasets],
    }
    return [
        (re.compile(rf"\b{re.escape(label)}\b", re.IGNORECASE), noun, name)
        for noun, pairs in labels.items()
        for label, name in pairs
    ]


def _clause(flat: Flat, start: int, end: int, typed: Sequence[_Label]) -> _Clause:
    mentions = [
        _mention(flat, _NAME_NOUNS[call.name], call.argument(0), at, start, typed=False)
        for at, call in flat.calls.items()
        if start <= at < end and call.name in _NAME_NOUNS
    ]
    for pattern, noun, name in typed:
        mentions += [
            _mention(flat, noun, name, m.start(), start, typed=True) for m in pattern.finditer(flat.text, start, end)
        ]
    return _Clause(start=start, end=end, mentions=tuple(sorted(mentions, key=lambda m: m.position)))


def _mention(flat: Flat, noun: Noun, name: str, position: int, start: int, *, typed: bool) -> _Mention:
    governed = bool(_PREPOSITION.search(flat.text[max(start, position - 20) : position]))
    return _Mention(noun=noun, name=name, position=position, governed=governed, typed=typed)


def _cell_of(call: Call, context: RenderContext) -> Cell | None:
    address = call.argument(0)
    return context.results.cells.get(address if call.name == "val" else f"{address}/mean")


def _test_of(call: Call, context: RenderContext) -> TestResult | None:
    return context.results.tests.get(call.argument(1 if call.name == "claim" else 0))


def _values(
    calls: Sequence[tuple[int, Call]],
    clauses: Sequence[_Clause],
    whole: _Clause,
    context: RenderContext,
    flat: Flat,
    typed: Sequence[_Label],
) -> Iterator[Disagreement]:
    compared: set[str] = set()
    for _, call in calls:
        test = _test_of(call, context) if call.name in _OF_TESTS else None
        if test:
            compared |= {test.hypothesis.treatment, test.hypothesis.baseline}
    for at, call in calls:
        cell = _cell_of(call, context) if call.name in ("val", "valci") else None
        if cell is None:
            continue
        clause = next((c for c in clauses if c.start <= at < c.end), whole)
        facts: tuple[tuple[Noun, str, set[str]], ...] = (
            ("metric", cell.metric, set()),
            ("condition", cell.condition, compared),
            ("dataset", cell.dataset, set()),
        )
        is_overall = cell.dataset == ALL_DATASETS and bool(_OVERALL.search(flat.text, clause.start, clause.end))
        for noun, name, besides in facts:
            if noun == "dataset" and (is_overall or (name == ALL_DATASETS and not clause.names(noun))):
                continue
            named = clause.names(noun) or whole.names(noun, at)
            if noun == "dataset" and not named and len(context.plan.datasets) > 1:
                named = _paragraph_datasets(flat, at, typed)
                if not named:
                    message = f"the number is about {name!r} alone, but no data set is named."
                    yield Disagreement(position=at, message=message)
            if named and name not in named | besides:
                yield Disagreement(
                    position=at,
                    message=f"the number is about the {noun} {name!r}, but the sentence names {_listed(named)}.",
                )


def _tests(
    calls: Sequence[tuple[int, Call]],
    clauses: Sequence[_Clause],
    whole: _Clause,
    context: RenderContext,
    flat: Flat,
) -> Iterator[Disagreement]:
    for at, call in calls:
        test = _test_of(call, context) if call.name in _OF_TESTS else None
        if test is None:
            continue
        h = test.hypothesis
        clause = next((c for c in clauses if c.start <= at < c.end), whole)
        metrics = clause.names("metric") or whole.names("metric", at)
        if metrics and h.metric not in metrics:
            message = f"{test.id} is about the metric {h.metric!r}, but the sentence names {_listed(metrics)}."
            yield Disagreement(position=at, message=message)
        conditions = _conditions(clause, calls, whole)
        sides = {h.treatment, h.baseline}
        if len(conditions) == 2 and clause.names("condition") == conditions and conditions != sides:
            message = f"{test.id} compares {_listed(sides)}, but the clause names {_listed(conditions)}."
            yield Disagreement(position=at, message=message)
        elif conditions and not conditions & sides:
            message = (
                f"{test.id} compares {h.treatment!r} with {h.baseline!r}, but the sentence names {_listed(conditions)}."
            )
            yield Disagreement(position=at, message=message)
        covered = set(h.datasets) or {d.name for d in context.plan.datasets}
        datasets = clause.names("dataset") - {ALL_DATASETS}
        if call.name == "claim" and datasets and not covered <= datasets | clause.names("dataset"):
            message = f"{test.id} covers {_listed(covered)} together, but the clause names {_listed(datasets)} alone."
            yield Disagreement(position=at, message=message)
        if call.name == "claim":
            yield from _subject_and_object(at, test, whole, flat)
        if not test.planned and not _EXPLORATORY.search(flat.text, *_headed_span(flat, at)):
            message = f"{test.id} was not planned; its paragraph must say that it is exploratory."
            yield Disagreement(position=at, message=message)


def _conditions(clause: _Clause, calls: Sequence[tuple[int, Call]], whole: _Clause) -> set[str]:
    """Return the conditions that a test must be about: the clause's if one test alone stands in it, else all named."""
    names = [call.argument(1 if call.name == "claim" else 0) for _, call in calls if call.name in _OF_TESTS]
    if len(set(names)) == 1 and clause.names("condition"):
        return clause.names("condition")
    return whole.names("condition")


def _strays(flat: Flat, context: RenderContext, typed: Sequence[_Label]) -> Iterator[Disagreement]:
    """Yield test macros that switch to another test although nothing was named since the last one.

    A macro of the same name again is a list ("the p-values are … and …") and may switch.
    """
    start = 0
    for end in [*(found.end() for found in re.finditer(r"\n\s*\n", flat.text)), len(flat.text)]:
        used = set[str]()
        current, metric, last = "", "", start
        for at, call in sorted((at, call) for at, call in flat.calls.items() if start <= at < end):
            name = call.argument(1 if call.name == "claim" else 0)
            if call.name not in _OF_TESTS or name not in context.results.tests:
                continue
            if name != current:
                between = _clause(flat, last, at, typed).mentions
                is_named = any(m.noun != "metric" or m.name != metric for m in between)
                if current and call.name not in used and not is_named:
                    message = f"the sentence speaks of {current}, but this is {name}'s; name what {name} compares."
                    yield Disagreement(position=at, message=message)
                current, metric = name, context.results.tests[name].hypothesis.metric
                used = set[str]()
            used.add(call.name)
            last = at
        start = end


def _subject_and_object(at: int, test: TestResult, whole: _Clause, flat: Flat) -> Iterator[Disagreement]:
    h = test.hypothesis
    others = [position for position, call in flat.calls.items() if call.name == "claim" and position != at]
    low = max((p for p in others if p < at), default=whole.start)
    high = min((p for p in others if p > at), default=whole.end)
    conditions = [m for m in whole.mentions if m.noun == "condition" and not m.typed]
    before = [m for m in conditions if low <= m.position < at]
    if before and not before[-1].governed and before[-1].name != h.treatment:
        message = (
            f"{test.id} is about {h.treatment!r}, but the condition named before the claim is {before[-1].name!r}. "
            rf"Name the subject by \cond{{{h.treatment}}}; a pronoun is taken for the condition named last."
        )
        yield Disagreement(position=at, message=message)
    after = [m for m in conditions if at < m.position < high]
    if after:
        between = flat.text[at + 1 : after[0].position]
        is_object = not between.strip() or bool(_COMPARED.search(between))
        if is_object and after[0].name != h.baseline:
            message = f"{test.id} compares with {h.baseline!r}, but the claim is against {after[0].name!r}."
            yield Disagreement(position=at, message=message)


def _order(
    calls: Sequence[tuple[int, Call]], whole: _Clause, context: RenderContext, sentence: Sentence
) -> Iterator[Disagreement]:
    """Check sentences in which conditions and their numbers alternate, or stand in two rows ("respectively")."""
    cells = [(at, cell) for at, call in calls if call.name in ("val", "valci") and (cell := _cell_of(call, context))]
    names = [m for m in whole.mentions if m.noun == "condition" and not m.typed]
    if len(cells) < 2 or len(cells) != len(names) or len({cell.metric for _, cell in cells}) > 1:
        return
    marks = "".join(mark for _, mark in sorted([(at, "v") for at, _ in cells] + [(m.position, "n") for m in names]))
    rows = "n" * len(names) + "v" * len(cells)
    alternate = marks in ("nv" * len(cells), "vn" * len(cells))
    if not alternate and not (marks == rows and "respectively" in sentence.text):
        return
    if {m.name for m in names} != {cell.condition for _, cell in cells}:
        return
    for (at, cell), mention in zip(cells, names, strict=True):
        if cell.condition != mention.name:
            message = f"the number is {cell.condition!r}'s, but it stands with {mention.name!r}."
            yield Disagreement(position=at, message=message)


def _paragraph_span(flat: Flat, at: int) -> tuple[int, int]:
    end = flat.text.find("\n\n", at)
    return max(flat.text.rfind("\n\n", 0, at), 0), end if end >= 0 else len(flat.text)


def _headed_span(flat: Flat, at: int) -> tuple[int, int]:
    """Return a paragraph with the heading that it begins with, whose break is a macro's and not the source's."""
    start, end = _paragraph_span(flat, at)
    if start and flat.offsets[start] == flat.offsets[start + 1]:
        start = max(flat.text.rfind("\n\n", 0, start), 0)
    return start, end


def _paragraph_datasets(flat: Flat, at: int, typed: Sequence[_Label]) -> set[str]:
    """Return the data sets named so far in the paragraph."""
    start, _ = _paragraph_span(flat, at)
    return _clause(flat, start, at, typed).names("dataset")


def _listed(names: set[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names))
