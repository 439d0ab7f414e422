r"""A draft's LaTeX as a tree of typed nodes with their places. The only module that knows pylatexenc."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from pylatexenc.latexwalker import LatexWalker, LatexWalkerError
from pylatexenc.macrospec import EnvironmentSpec, LatexContextDb, MacroSpec, MacroStandardArgsParser, SpecialsSpec

from ai_scientist.paper.vocabulary import DRAFT_MACROS, MATH_ENVIRONMENTS, OPENING_ALIASES

_DEEPEST = 60
"""Most open braces at once; more would only be meant to break the parser."""


class SourceError(Exception):
    """Text that is no LaTeX. `offset` is where the parser gave up, in characters."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Characters that stand for themselves."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A per cent sign and what it hides."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Special:
    """A character with a meaning: & ~ or a dash."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Text in braces; as an argument also text in brackets, or one bare character.

    Attributes:
        inner: The source between the delimiters.
        delimiter: "{", "[", or "" for a bare character.
    """

    start: int
    end: int
    inner: str
    delimiter: str
    children: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A macro with its arguments; an optional argument that is absent is left out."""

    start: int
    end: int
    name: str
    arguments: tuple[Group, ...]

    def argument(self, number: int) -> str:
        """Return the source of the n-th argument in braces, stripped; empty if there is none."""
        braced = [a for a in self.arguments if a.delimiter == "{"]
        return braced[number].inner.strip() if number < len(braced) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Math:
    """Mathematics, inline or displayed; `environment` is empty for dollars and brackets."""

    start: int
    end: int
    environment: str
    children: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What stands between begin and end."""

    start: int
    end: int
    name: str
    children: tuple[Part, ...]


Part = Text | Comment | Special | Group | Call | Math | Environment


@lru_cache(maxsize=512)
def parse(text: str) -> tuple[Part, ...]:
    """Return the tree of a text. Lint and rendering ask for the same texts, so the last trees are kept.

    Raises:
        SourceError: If braces, mathematics or environments do not match.
    """
    _check_depth(text)
    walker: Any = LatexWalker(text, latex_context=_language(), tolerant_parsing=False)
    try:
        nodes: list[Any] = walker.get_latex_nodes()[0]
    except LatexWalkerError as error:
        message = str(error).split("\n")[0].partition(" @(")[0]
        raise SourceError(message, getattr(error, "pos", None) or 0) from error
    except (IndexError, RecursionError, TypeError, ValueError) as error:
        raise SourceError(f"unreadable LaTeX ({error})", 0) from error
    return _convert(nodes, text)


def walk(parts: Sequence[Part]) -> Iterator[Part]:
    """Yield all nodes, parents first, in the order of the text."""
    for part in parts:
        yield part
        if isinstance(part, Call):
            yield from walk(part.arguments)
        elif isinstance(part, Group | Math | Environment):
            yield from walk(part.children)


def formula_parts(parts: Sequence[Part], *, in_math: bool = False) -> Iterator[Part]:
    r"""Yield the nodes that stand in formulas; what stands in a formula's \text or \mbox does not."""
    for part in parts:
        if in_math:
            yield part
        if isinstance(part, Call):
            yield from formula_parts(part.arguments, in_math=in_math and part.name not in ("text", "mbox"))
        elif isinstance(part, Math):
            yield from formula_parts(part.children, in_math=True)
        elif isinstance(part, Group | Environment):
            yield from formula_parts(part.children, in_math=in_math)


def _check_depth(text: str) -> None:
    depth = 0
    for offset, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if depth > _DEEPEST:
            raise SourceError(f"more than {_DEEPEST} braces are open at once", offset)
    if text.count("\\begin") > 40:
        _check_nesting(text)


def _check_nesting(text: str) -> None:
    open_now = 0
    for piece in text.split("\\")[1:]:
        open_now += piece.startswith("begin") - piece.startswith("end")
        if open_now > _DEEPEST:
            raise SourceError("too many environments are open at once", 0)


@cache
def _language() -> Any:
    language: Any = LatexContextDb()
    specs = {**DRAFT_MACROS, **dict.fromkeys(OPENING_ALIASES, "")}
    language.add_context_category(
        "draft",
        macros=[MacroSpec(name, MacroStandardArgsParser(spec)) for name, spec in specs.items()],
        environments=[EnvironmentSpec(name, is_math_mode=True) for name in MATH_ENVIRONMENTS],
        specials=[SpecialsSpec(mark) for mark in ("~", "&", "---", "--", "``", "''")],
    )
    return language


def _convert(nodes: Sequence[Any], source: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    for node in nodes:
        if node is None:
            continue
        part = _part(node, source)
        if isinstance(part, Group) and parts and _takes(parts[-1], part):
            name_call = parts.pop()
            assert isinstance(name_call, Call)
            part = Call(start=name_call.start, end=part.end, name=name_call.name, arguments=(part,))
        parts.append(part)
    return tuple(parts)


def _takes(before: Part, group: Group) -> bool:
    """Whether a letter of mathematics is a result macro, because a brace follows it at once."""
    is_alias = isinstance(before, Call) and before.name in OPENING_ALIASES and not before.arguments
    return is_alias and before.end == group.start


def _part(node: Any, source: str) -> Part:
    kind = type(node).__name__
    start, end = int(node.pos), int(node.pos) + int(node.len)
    if kind == "LatexCharsNode":
        return Text(start=start, end=end, text=source[start:end])
    if kind == "LatexCommentNode":
        return Comment(start=start, end=end)
    if kind == "LatexSpecialsNode":
        return Special(start=start, end=end, text=source[start:end])
    if kind == "LatexGroupNode":
        return _group(node, source)
    if kind == "LatexMathNode":
        return Math(start=start, end=end, environment="", children=_convert(node.nodelist, source))
    if kind == "LatexEnvironmentNode":
        name, children = str(node.environmentname), _convert(node.nodelist, source)
        if name in MATH_ENVIRONMENTS:
            return Math(start=start, end=end, environment=name, children=children)
        return Environment(start=start, end=end, name=name, children=children)
    assert kind == "LatexMacroNode", kind
    given = node.nodeargd.argnlist if node.nodeargd is not None else ()  # None for a macro as a bare argument
    arguments = tuple(_argument(a, source) for a in given if a is not None)
    end = arguments[-1].end if arguments else min(start + 1 + len(node.macroname), end)
    return Call(start=start, end=end, name=str(node.macroname), arguments=arguments)


def _group(node: Any, source: str) -> Group:
    start, end = int(node.pos), int(node.pos) + int(node.len)
    return Group(
        start=start,
        end=end,
        inner=source[start + 1 : end - 1],
        delimiter=source[start],
        children=_convert(node.nodelist, source),
    )


def _argument(node: Any, source: str) -> Group:
    if type(node).__name__ == "LatexGroupNode":
        return _group(node, source)
    start, end = int(node.pos), int(node.pos) + int(node.len)
    return Group(start=start, end=end, inner=source[start:end], delimiter="", children=(_part(node, source),))
