r"""Formulas as tokens: one character at a time, as TeX reads them, with a mark for whatever cannot be computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai_scientist.paper.source import Call, Comment, Group, Part, Special, Text
from ai_scientist.paper.vocabulary import GREEK

_LAYOUT = frozenset(
    {"left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr"}
    | {",", ";", ":", "!", " ", "displaystyle", "textstyle", "scriptstyle", "nonumber", "limits", "label"}
)
_BREAKS = frozenset({"quad", "qquad", "implies", "Rightarrow", "Leftrightarrow", "iff"})
_RELATIONS = frozenset(
    {"approx", "sim", "simeq", "equiv", "propto", "ne", "neq", "le", "leq", "ge", "geq", "ll", "gg", "in", "to"}
)
_MARKED = frozenset({"hat", "bar", "tilde", "widehat", "widetilde", "overline", "dot", "ddot"})
_CHANGES = frozenset({"Delta", "delta"})
"""Letters that mean a difference of what follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of a formula.

    Attributes:
        kind: "number", "symbol", "operator", "open", "close", "power", "group", "frac", "sqrt", "equals", "relation",
            "break", or "bad" for what cannot be read.
        inner: A group's tokens; numerator and denominator; a root's degree (empty: two) and radicand.
    """

    kind: str
    text: str
    start: int
    end: int
    inner: tuple[tuple[Token, ...], ...] = ()


def tokens_of(parts: Sequence[Part]) -> tuple[Token, ...]:
    """Return a formula's tokens; what cannot be read is a token too."""
    return tuple(_Scanner(parts).tokens())


def factors_in(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the symbols that stand somewhere without a bracket behind them, so that they are no functions."""
    found: set[str] = set()
    for number, token in enumerate(tokens):
        following = tokens[number + 1].kind if number + 1 < len(tokens) else ""
        if token.kind == "symbol" and following != "open":
            found.add(token.text)
        for inner in token.inner:
            found |= factors_in(inner)
    return frozenset(found)


Atom = tuple[str | Part, int, int]


class _Scanner:
    """Turns the parts of a formula into tokens; one character at a time, as TeX does."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.atoms: list[Atom] = list(self._atoms(parts))
        self.at = 0

    def _atoms(self, parts: Sequence[Part]) -> Iterator[Atom]:
        for part in parts:
            if isinstance(part, Text):
                for offset, character in enumerate(part.text):
                    if not character.isspace():
                        yield character, part.start + offset, part.start + offset + 1
            elif isinstance(part, Special) and part.text == "''":
                yield from [("'", part.start, part.end)] * 2
            elif not (isinstance(part, Comment) or (isinstance(part, Special) and part.text in "&~")):
                yield part, part.start, part.end

    def tokens(self) -> Iterator[Token]:
        while self.at < len(self.atoms):
            atom, start, end = self.atoms[self.at]
            self.at += 1
            if isinstance(atom, str):
                yield from self._character(atom, start, end)
            elif isinstance(atom, Group) and atom.delimiter == "{":
                yield Token(kind="group", text="", start=start, end=end, inner=(tokens_of(atom.children),))
            elif isinstance(atom, Call):
                yield from self._call(atom, start, end)
            else:
                yield Token(kind="bad", text="", start=start, end=end)

    def _character(self, character: str, start: int, end: int) -> Iterator[Token]:
        kinds = {"(": "open", "[": "open", ")": "close", "]": "close", "=": "equals", "<": "relation", ">": "relation"}
        if character.isascii() and character.isdigit():
            yield self._number(character, start, end)
        elif character.isascii() and character.isalpha():
            following = self._peek()
            is_differential = character == "d" and isinstance(following, str) and following.isalpha()
            yield (
                Token(kind="bad", text="", start=start, end=end)
                if is_differential
                else self._symbol(character, start, end)
            )
        elif character in "+-*/":
            yield Token(kind="operator", text=character, start=start, end=end)
        elif character == "^":
            script = self._script()
            yield Token(kind="power", text="^", start=start, end=self.atoms[self.at - 1][2], inner=(script,))
        elif character in ",.;":
            yield Token(kind="break", text=character, start=start, end=end)
        else:
            yield Token(kind=kinds.get(character, "bad"), text=character, start=start, end=end)

    def _peek(self) -> str | Part | None:
        return self.atoms[self.at][0] if self.at < len(self.atoms) else None

    def _number(self, first: str, start: int, end: int) -> Token:
        text, kind = first, "number"
        while isinstance(following := self._peek(), str) and (following.isdigit() or following in ".,"):
            after = self.atoms[self.at + 1][0] if self.at + 1 < len(self.atoms) else ""
            if following in ".," and not (isinstance(after, str) and after.isdigit()):
                break
            kind = "bad" if following == "," else kind  # thousands or a list: who knows
            text, end = text + following, self.atoms[self.at][2]
            self.at += 1
        return Token(kind=kind if text.count(".") <= 1 else "bad", text=text, start=start, end=end)

    def _symbol(self, name: str, start: int, end: int) -> Token:
        """Return a symbol with its index and its primes."""
        while (following := self._peek()) in ("_", "'"):
            end = self.atoms[self.at][2]
            self.at += 1
            if following == "'":
                name += "'"
                continue
            if self.at >= len(self.atoms):
                return Token(kind="bad", text="", start=start, end=end)
            index, _, end = self.atoms[self.at]
            self.at += 1
            name += f"_{_source(index)}"
        return Token(kind="symbol", text=name, start=start, end=end)

    def _script(self) -> tuple[Token, ...]:
        """Return what a raised mark raises: a group, a macro or one character."""
        if self.at >= len(self.atoms):
            return (Token(kind="bad", text="", start=0, end=0),)
        atom, start, end = self.atoms[self.at]
        self.at += 1
        if isinstance(atom, Group):
            return tokens_of(atom.children)
        if isinstance(atom, Call):
            return tuple(self._call(atom, start, end))
        if isinstance(atom, str) and atom.isdigit():
            return (Token(kind="number", text=atom, start=start, end=end),)
        is_letter = isinstance(atom, str) and atom.isascii() and atom.isalpha()
        return (Token(kind="symbol" if is_letter else "bad", text=str(atom), start=start, end=end),)

    def _call(self, call: Call, start: int, end: int) -> Iterator[Token]:
        name, given = call.name, call.arguments
        if name in _LAYOUT:
            return
        kind, text, inner = "bad", name, tuple[tuple[Token, ...], ...]()
        if name in _BREAKS or name == "\\":
            kind = "break"
        elif name in _RELATIONS:
            kind = "relation"
        elif name == "cdot" or (name == "times" and self._is_beside_number()):
            kind, text = "operator", "*"
        elif name in ("frac", "tfrac", "dfrac") and len(given) == 2:
            kind, inner = "frac", tuple(tokens_of(group.children) for group in given)
        elif name == "sqrt" and given:
            degree = tokens_of(given[0].children) if len(given) == 2 else ()
            kind, inner = "sqrt", (degree, tokens_of(given[-1].children))
        elif name in _CHANGES:
            pass
        elif name in GREEK:
            yield self._symbol(f"\\{name}", start, end)
            return
        elif (name in _MARKED and given) or (name in ("mathrm", "text") and given and len(given[-1].inner) > 1):
            yield self._symbol(f"\\{name}{given[-1].inner}", start, end)
            return
        yield Token(kind=kind, text=text, start=start, end=end, inner=inner)

    def _is_beside_number(self) -> bool:
        """Whether a cross is a product of numbers, not one of vectors."""
        before = self.atoms[self.at - 2][0] if self.at >= 2 else ""
        return any(isinstance(atom, str) and atom.isdigit() for atom in (before, self._peek()))


def _source(atom: str | Part) -> str:
    if isinstance(atom, Group):
        return "".join(atom.inner.split())
    return f"\\{atom.name}" if isinstance(atom, Call) else str(atom)
