r"""Macros replaced by what they stand for: the one way by which a result gets into a paper.

Everything that is no macro stays as it is, byte for byte. A macro that names what does not exist becomes a visible
mark and a problem; it is never left out. Each printed result links to its entry in the appendix and is listed for
claims.json.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai_scientist.paper.claims import Claim, use_anchor
from ai_scientist.paper.context import RenderContext
from ai_scientist.paper.printing import PRINTERS, Printed, Spot, UnknownName, cited_keys
from ai_scientist.paper.problems import Problem, excerpt_at
from ai_scientist.paper.source import Call, Environment, Group, Math, Part, SourceError, parse
from ai_scientist.paper.vocabulary import CITE_MACROS

MISSING = r"\textbf{[missing]}"
"""What stands where a macro could not be rendered; a paper that holds it is not compiled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Text with its macros replaced.

    Attributes:
        text: LaTeX; empty if the text could not be parsed, and then there is a problem.
        cited: Keys of cited records, in order, each once.
    """

    text: str
    claims: tuple[Claim, ...]
    problems: tuple[Problem, ...]
    cited: tuple[str, ...]


def render_text(
    text: str,
    context: RenderContext,
    *,
    place: str,
    linked: bool = True,
    inserts: Sequence[tuple[int, str]] = (),
) -> Rendered:
    """Return a text with every macro of ours replaced. Never raises: what cannot be rendered is a problem.

    Args:
        text: LaTeX in macro form.
        context: What macros may name.
        place: "title", "abstract", a section's name, "figure:NAME" (its caption), "table:NAME" (its body: names are
            short there) or "caption:NAME" (a table's).
        linked: Whether numbers become links; not in titles, which are bookmarks too.
        inserts: LaTeX to put in at offsets of the text, in rising order, outside of all macros: displays.
    """
    try:
        parts = parse(text)
    except SourceError as error:
        at = excerpt_at(text, error.offset, error.offset + 1)
        problem = Problem(kind="syntax", place=place, offset=error.offset, message=f"{error}.", excerpt=at)
        return Rendered(text="", claims=(), problems=(problem,), cited=())
    pieces: list[str] = []
    claims: list[Claim] = []
    problems: list[Problem] = []
    cited: list[str] = []
    pending = list(inserts)
    end = 0
    for call, is_math in find_macros(parts):
        where = Spot(
            name=place, offset=call.start, is_math=is_math, starts_sentence=starts_sentence(text[: call.start])
        )
        pieces += _between(text, end, call.start, pending)
        try:
            printed = _print(call, context, where)
            pieces.append(_unglued(text[: call.start], _link(printed, where) if linked else printed.tex))
            if printed.claim:
                claims.append(printed.claim)
            cited += [key for key in cited_keys(call) if key not in cited]
        except UnknownName as error:
            pieces.append(MISSING)
            at = excerpt_at(text, call.start, call.end)
            problems.append(Problem(kind=error.kind, place=place, offset=call.start, message=str(error), excerpt=at))
        end = call.end
    pieces += _between(text, end, len(text), pending)
    return Rendered(text="".join(pieces), claims=tuple(claims), problems=tuple(problems), cited=tuple(cited))


def _between(text: str, start: int, end: int, pending: list[tuple[int, str]]) -> Iterator[str]:
    """Yield a stretch of the text without macros, with what is due to be put into it."""
    while pending and pending[0][0] <= end:
        offset, insert = pending.pop(0)
        yield text[start:offset]
        yield insert
        start = max(offset, start)
    yield text[start:end]


def find_macros(parts: Sequence[Part], *, in_math: bool = False) -> Iterator[tuple[Call, bool]]:
    """Yield the calls of our macros in the order of the text, with whether they stand in mathematics."""
    for part in parts:
        if isinstance(part, Call):
            if part.name in PRINTERS:
                if part.arguments:
                    yield part, in_math
            else:
                yield from find_macros(part.arguments, in_math=in_math and part.name not in ("text", "mbox"))
        elif isinstance(part, Math):
            yield from find_macros(part.children, in_math=True)
        elif isinstance(part, Group | Environment):
            yield from find_macros(part.children, in_math=in_math)


_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|al|resp|approx|Fig|Eq|Sec|Tab|w\.r\.t|etc))\.\s*$")
_SENTENCE_START = re.compile(
    r"(?:^|[.?!]\s*(?:\\label\{[^{}]*\}\s*)?\\end\{\w+\*?\}\s|[.?!][\"')}]*\s|\n\s*\n|\\item(?:\[[^\]]*\])?|\\(?:sub)*(?:section|paragraph)\*?\{[^{}]*\})\s*$"
)


def starts_sentence(before: str) -> bool:
    """Return whether a sentence begins after this text."""
    tail = before[-200:]
    return bool(_SENTENCE_START.search(tail)) and not _ABBREVIATION.search(tail)


_COMMAND_AT_END = re.compile(r"(?<!\\)(?:\\\\)*\\[A-Za-z]+$")


def _unglued(before: str, tex: str) -> str:
    """Return rendered text that cannot become a part of a command's name before it: TeX swallows the blank."""
    return " " + tex if tex[:1].isalpha() and _COMMAND_AT_END.search(before[-40:]) else tex


def _link(printed: Printed, spot: Spot) -> str:
    r"""Return text that links to its appendix entry and can be linked to: \evidence{here}{entry}{text}."""
    if printed.claim is None:
        return printed.tex
    here = use_anchor(spot.name, spot.offset)
    if not printed.target:
        return rf"\place{{{here}}}{printed.tex}"
    return rf"\evidence{{{here}}}{{{printed.target}}}{{{printed.tex}}}"


def _print(call: Call, context: RenderContext, place: Spot) -> Printed:
    braced = [a for a in call.arguments if a.delimiter == "{"]
    if len(braced) != len(call.arguments) and call.name not in CITE_MACROS:
        raise UnknownName(f"\\{call.name} takes its arguments in braces.", "macro")
    if any("\\" in a.inner for a in braced):
        raise UnknownName(f"an argument of \\{call.name} holds a macro; it must be a plain name.", "macro")
    return PRINTERS[call.name](call, context, place)
