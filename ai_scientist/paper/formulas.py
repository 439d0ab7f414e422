r"""Numbers in formulas: structure may be typed, results may not.

The rule: a formula may hold the integers 0, 1 and 2 and no other number, no decimal and no per cent sign; it needs a
symbol (so "$2$" is refused, "$x_1$" is not), unless it is the interval or the set of 0 and 1. Outside subscripts and
superscripts nothing may be said to equal a number, unless a sum, an integral, a norm or a derivative is on the other
side ("$\sum_k p_k = 1$"); inequalities may bound by 0 or 1. Everything else is a result, a setting or a count, and has
its macro.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai_scientist.paper.number_words import is_numeric, typed_numbers
from ai_scientist.paper.source import Call, Comment, Environment, Group, Math, Part, Special, Text, walk
from ai_scientist.paper.vocabulary import RESULT_MACROS

_STRUCTURAL = frozenset({"0", "1", "2"})
_RELATIONS = {
    "approx": "=",
    "sim": "=",
    "simeq": "=",
    "equiv": "=",
    "propto": "=",
    "ne": "=",
    "neq": "=",
    "le": "<",
    "leq": "<",
    "ge": "<",
    "geq": "<",
    "ll": "<",
    "gg": "<",
}
_CONSTRAINTS = frozenset(
    {"sum", "prod", "int", "oint", "nabla", "partial", "lVert", "rVert", "Vert", "|", "det", "lim"}
)
_OPERATORS = frozenset({"cdot", "times", "div", "pm", "mp", "ast", "star", "circ", "bullet"})
_WORDS = frozenset({"text", "mbox", "mathrm", "mathbf", "mathit", "mathsf", "mathtt", "operatorname"})
_LAYOUT = frozenset({"left", "right", "quad", "qquad", ",", ";", ":", "!", " ", "limits", "nonumber", "displaystyle"})
_UNIT_SET = re.compile(r"^[\[({]?0,1[\])}]?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaProblem:
    """A number in a formula that is no structure."""

    start: int
    end: int
    message: str


def formula_problems(math: Math) -> Iterator[FormulaProblem]:
    """Yield what is wrong with the numbers of one formula."""
    for part in walk(math.children):
        if isinstance(part, Text):
            yield from _numbers(part)
        elif isinstance(part, Call) and part.name == "%":
            yield FormulaProblem(start=part.start, end=part.end, message="a per cent sign belongs to a rendered number")
        elif isinstance(part, Call) and part.name in _WORDS and part.arguments:
            yield from _worded(part)
    skeleton = _skeleton(math.children)
    bare = re.sub(r"\s", "", skeleton)
    if re.search(r"\d", bare) and not re.search(r"[sc]", bare) and not _UNIT_SET.match(bare):
        yield FormulaProblem(start=math.start, end=math.end, message="a formula of numbers alone is a typed result")
    elif any(_says_a_number(row) for row in skeleton.split(";")):
        yield FormulaProblem(start=math.start, end=math.end, message="a formula may not say that something is a number")


def _worded(call: Call) -> Iterator[FormulaProblem]:
    """Yield number words in a formula's text; its digits are looked at as everywhere in a formula."""
    words = re.sub(r"[\d.,]", "", "".join(part.text for part in walk(call.arguments) if isinstance(part, Text)))
    if any(typed_numbers(words, frozenset(), "")):
        yield FormulaProblem(start=call.start, end=call.end, message="a formula may not spell a number")


def _numbers(part: Text) -> Iterator[FormulaProblem]:
    for found in re.finditer(r"\d+(?:[.,]\d+)*|\.\d+", part.text):
        if found.group() not in _STRUCTURAL:
            is_list = all(number in _STRUCTURAL for number in found.group().split(","))
            if not is_list:
                yield _number_problem(part.start + found.start(), part.start + found.end())
    for position, character in enumerate(part.text):
        if is_numeric(character) and not (character.isascii() and character.isdigit()):
            yield _number_problem(part.start + position, part.start + position + 1)


def _number_problem(start: int, end: int) -> FormulaProblem:
    return FormulaProblem(start=start, end=end, message="a formula may hold 0, 1 and 2 only; other numbers have macros")


def _skeleton(parts: Sequence[Part]) -> str:
    """Return a formula with every symbol as "s", constraints as "c", relations as = or <, scripts left out."""
    out: list[str] = []
    script = False
    for part in parts:
        if isinstance(part, Text):
            text, script = _skeleton_of_text(part.text, script)
            out.append(text)
            continue
        if script:
            script = False
            continue
        out.append(_skeleton_of(part))
    return "".join(out)


def _skeleton_of(part: Part) -> str:
    match part:
        case Comment() | Special() | Text():
            return ""
        case Group():
            return _skeleton(part.children)
        case Math() | Environment():
            return "s"
        case Call() if part.name == "\\":
            return ";"
        case Call() if part.name in _RELATIONS:
            return _RELATIONS[part.name]
        case Call() if part.name in _CONSTRAINTS:
            return "c"
        case Call() if part.name in _LAYOUT:
            return ""
        case Call() if part.name in _OPERATORS:
            return "*"
        case Call() if part.name in ("{", "}"):
            return part.name
        case Call() if part.name in ("frac", "tfrac", "dfrac", "sqrt") and part.arguments:
            return "(" + "/".join(_skeleton(a.children) for a in part.arguments) + ")"
        case Call() if part.name in RESULT_MACROS:
            return "s"
        case _:
            return "s"


def _skeleton_of_text(text: str, script: bool) -> tuple[str, bool]:
    """Return a text's skeleton and whether it ends with an open script mark, whose argument comes next."""
    out: list[str] = []
    for character in text:
        if character.isspace():
            out.append(" ")
        elif script:
            script = False
        elif character in "_^":
            script = True
        elif character.isalpha():
            out.append("s")
        elif character in "<>":
            out.append("<")
        else:
            out.append(character)
    return "".join(out), script


def _says_a_number(row: str) -> bool:
    pieces = re.split(r"([=<])", re.sub(r"\s", "", row))
    for index in range(1, len(pieces), 2):
        left, relation, right = pieces[index - 1], pieces[index], pieces[index + 1]
        for side, other in ((left, right), (right, left)):
            number = re.sub(r"[-+*/().,|\[\]:!]", "", side)
            if not number.isdigit():
                continue
            is_bound = relation == "<" and number in ("0", "1")
            if not is_bound and "c" not in other:
                return True
    return False
