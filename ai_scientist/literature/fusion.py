"""Many ranked lists made one: the same paper recognised under different spellings, ranks fused, agreement counted."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from ai_scientist.core.values import Value
from ai_scientist.literature.keys import family
from ai_scientist.literature.records import Record
from ai_scientist.literature.wording import title_key, words

DAMPING = 60
"""The constant of reciprocal rank fusion, as Cormack, Clarke and Büttcher chose it."""

ALIKE = 0.8
"""Likeness of two words from which they can be one word, spelled twice."""


class Fused(Value):
    """One paper, as all lists together describe it.

    Attributes of note: `members` are the records as they came; `sources` are those that named it. `conflicts` names the
    facts on which they disagree.
    """

    record: Record
    members: tuple[Record, ...]
    score: float
    sources: tuple[str, ...]
    conflicts: tuple[str, ...] = ()


def same_paper(one: Record, other: Record) -> bool:
    """Whether two records describe one paper.

    An identifier that both have decides. Else title and first author must agree and the years be near; a preprint and
    its printed form are one paper.
    """
    for a, b in ((one.doi.lower(), other.doi.lower()), (_number(one.arxiv), _number(other.arxiv))):
        if a and b and a == b:
            return True
    if one.doi and other.doi and not _is_preprint(one.doi) and not _is_preprint(other.doi):
        return False
    if abs(one.year - other.year) > 3:
        return False
    first, second = title_key(one.title), title_key(other.title)
    if not first or not second:
        return False
    if one.authors and other.authors and _name(one) != _name(other):
        return False
    return _same_words(first.split(), second.split())


def _same_words(one: list[str], other: list[str]) -> bool:
    """Whether two titles differ at most in spelling; "part 1" and "part 2" are two papers."""
    if len(one) != len(other):
        return "".join(one) == "".join(other)  # "label noise", "label-noise", "labelnoise"
    return all(
        a == b or (a.isalpha() and b.isalpha() and SequenceMatcher(None, a, b, autojunk=False).ratio() >= ALIKE)
        for a, b in zip(one, other, strict=True)
    )


def fuse(lists: Sequence[Sequence[Record]]) -> tuple[Fused, ...]:
    """Return the papers of all lists, best first, by reciprocal rank fusion; ties by id, so that the order is fixed."""
    groups: list[list[Record]] = []
    scores: list[float] = []
    for ranked in lists:
        seen: set[int] = set()
        for rank, record in enumerate(ranked, 1):
            place = next((n for n, group in enumerate(groups) if any(same_paper(record, r) for r in group)), None)
            if place is None:
                groups.append([])
                scores.append(0.0)
                place = len(groups) - 1
            groups[place].append(record)
            if place not in seen:
                scores[place] += 1 / (DAMPING + rank)
                seen.add(place)
    fused = [_merge(group, score) for group, score in zip(groups, scores, strict=True)]
    return tuple(sorted(fused, key=lambda f: (-round(f.score, 9), f.record.id)))


_TRUST = ("shipped", "own", "crossref", "openalex", "semanticscholar", "arxiv")
"""Whose printed facts are taken first: curated ones, then the registry of DOIs, then those who copy from it."""


def _merge(group: Sequence[Record], score: float) -> Fused:
    ordered = sorted(group, key=lambda r: (_TRUST.index(r.source) if r.source in _TRUST else len(_TRUST), r.id))
    best = ordered[0]
    sources = tuple(dict.fromkeys(record.source for record in ordered))
    filled: dict[str, str] = {}
    for name in ("venue", "volume", "number", "pages", "publisher", "doi", "arxiv", "url", "text", "summary"):
        values = [str(getattr(record, name)) for record in ordered if getattr(record, name)]
        if values and name == "text" and best.source not in ("shipped", "own"):
            filled[name] = max(values, key=len)
        elif values and not getattr(best, name):
            filled[name] = values[0]
    changed: dict[str, object] = dict(filled)
    if any(record.retracted for record in ordered):
        changed["retracted"] = True
    if len(sources) > 1 and best.source != "shipped":
        changed["checked"] = tuple(dict.fromkeys((*best.checked, *sources)))
    return Fused(
        record=best.model_copy(update=changed),
        members=tuple(group),
        score=score,
        sources=sources,
        conflicts=_conflicts(ordered),
    )


def _conflicts(group: Sequence[Record]) -> tuple[str, ...]:
    out: list[str] = []
    years = {record.year for record in group}
    if years and max(years) - min(years) > 1:
        out.append("year: " + ", ".join(f"{r.year} ({r.source})" for r in group))
    counts = {len(record.authors) for record in group if record.authors}
    if len(counts) > 1:
        out.append("authors: " + ", ".join(f"{len(r.authors)} ({r.source})" for r in group))
    dois = {record.doi.lower() for record in group if record.doi and not _is_preprint(record.doi)}
    if len(dois) > 1:
        out.append("doi: " + ", ".join(sorted(dois)))
    return tuple(out)


def _name(record: Record) -> str:
    return " ".join(words(family(record.authors[0])))


def _number(arxiv: str) -> str:
    number, version, tail = arxiv.lower().removeprefix("arxiv:").rpartition("v")
    return number if version and tail.isdigit() and number else arxiv.lower().removeprefix("arxiv:")


def _is_preprint(doi: str) -> bool:
    return doi.lower().startswith(("10.48550/", "10.1101/", "10.31234/", "10.31219/", "10.2139/"))
