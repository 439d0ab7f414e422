r"""Formulas as expressions that can be computed: +, -, products, quotients, powers, \frac and \sqrt over symbols.

What it cannot read for certain it does not read: sums, integrals, matrices, functions, differentials, and whatever
mathematics writes in two ways. A symbol before a bracket is a factor only if it also stands without one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ai_scientist.paper.tokens import Token

_LONGEST = 400
_DEEPEST = 40
"""Tokens and brackets; more would only be meant to keep the reader busy."""


class Unreadable(Exception):
    """A formula, or a part of one, that cannot be computed for certain."""


Values = Mapping[str, float]
Computed = Callable[[Values], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Something that has a value once its symbols have.

    Attributes:
        symbols: Names of what is free.
        numbers: The printed numbers by the names under which `value` looks for them.
        value: Raises ValueError, ZeroDivisionError or OverflowError where it is not defined.
        is_lone: Whether it is one symbol, or one number.
    """

    symbols: frozenset[str]
    numbers: Mapping[str, str]
    value: Computed
    is_lone: bool


def read_expression(tokens: Sequence[Token], factors: frozenset[str]) -> Expression:
    """Return what tokens say.

    Raises:
        Unreadable: If that is not certain.
    """
    reader = _Reader(tokens, factors)
    value = reader.sum()
    if reader.left():
        raise Unreadable
    is_lone = len(tokens) == 1 and tokens[0].kind in ("symbol", "number")
    return Expression(symbols=frozenset(reader.symbols), numbers=reader.numbers, value=value, is_lone=is_lone)


@dataclass(slots=True)
class _Reader:
    """Reads tokens by the grammar of school: sums of products of powers."""

    tokens: Sequence[Token]
    factors: frozenset[str]
    depth: int = 0
    at: int = 0
    symbols: set[str] = field(default_factory=set[str])
    numbers: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        if self.depth > _DEEPEST or len(self.tokens) > _LONGEST:
            raise Unreadable

    def left(self) -> bool:
        return self.at < len(self.tokens)

    def _is(self, kind: str, texts: str = "") -> bool:
        """Whether the next token is of a kind, and one of some characters if any are given."""
        return self.left() and self.tokens[self.at].kind == kind and (not texts or self.tokens[self.at].text in texts)

    def _next(self) -> Token:
        if not self.left():
            raise Unreadable
        self.at += 1
        return self.tokens[self.at - 1]

    def sum(self) -> Computed:
        sign = -1.0 if self._is("operator", "-") else 1.0
        if self._is("operator", "+-"):
            self.at += 1
        terms: list[tuple[float, Computed]] = [(sign, self._product())]
        while self._is("operator", "+-"):
            sign = -1.0 if self._next().text == "-" else 1.0
            terms.append((sign, self._product()))
        return lambda values: math.fsum(sign * term(values) for sign, term in terms)

    def _product(self) -> Computed:
        parts: list[tuple[bool, Computed]] = [(False, self._power())]
        after_slash = False
        while self.left():
            token = self.tokens[self.at]
            if token.kind == "operator" and token.text in "*/":
                self.at += 1
                after_slash = token.text == "/"
                parts.append((after_slash, self._power()))
            elif token.kind in ("number", "symbol", "open", "group", "frac", "sqrt"):
                if after_slash or token.kind == "number":
                    raise Unreadable  # a/bc can be read in two ways, and a2 is no product
                parts.append((False, self._power()))
            else:
                break
        return lambda values: _multiplied(parts, values)

    def _power(self) -> Computed:
        base = self._base()
        if not self._is("power"):
            return base
        raised = self._next().inner[0]
        if raised and raised[0].kind == "open" and raised[-1].kind == "close":
            raise Unreadable  # the n-th derivative, or an index
        exponent = self._inner(raised)
        if self._is("power"):
            raise Unreadable
        return lambda values: math.pow(base(values), exponent(values))

    def _base(self) -> Computed:
        token = self._next()
        if token.kind == "number":
            name = f"#{token.start}"
            self.numbers[name] = token.text
            return lambda values: values[name]
        if token.kind == "symbol":
            if self._is("open") and token.text not in self.factors:
                raise Unreadable  # a function
            return self._symbol(token.text)
        if token.kind == "open":
            value = self.sum()
            if not self._is("close", ")" if token.text == "(" else "]"):
                raise Unreadable
            self.at += 1
            return value
        if token.kind == "group":
            return self._inner(token.inner[0])
        if token.kind == "frac":
            above, below = self._inner(token.inner[0]), self._inner(token.inner[1])
            return lambda values: above(values) / below(values)
        if token.kind == "sqrt":
            return self._root(token)
        raise Unreadable

    def _symbol(self, name: str) -> Computed:
        if name == "\\pi":
            return lambda _: math.pi
        self.symbols.add(name)
        return lambda values: values[name]

    def _root(self, token: Token) -> Computed:
        radicand = self._inner(token.inner[1])
        if not token.inner[0]:
            return lambda values: math.sqrt(radicand(values))
        degree = self._inner(token.inner[0])
        return lambda values: math.pow(radicand(values), 1 / degree(values))

    def _inner(self, tokens: Sequence[Token]) -> Computed:
        inner = _Reader(tokens, self.factors, self.depth + 1, symbols=self.symbols, numbers=self.numbers)
        value = inner.sum()
        if inner.left():
            raise Unreadable
        return value


def _multiplied(parts: Sequence[tuple[bool, Computed]], values: Values) -> float:
    product = 1.0
    for is_divisor, part in parts:
        product = product / part(values) if is_divisor else product * part(values)
    return product
