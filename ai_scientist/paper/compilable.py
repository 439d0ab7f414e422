r"""LaTeX that parses and yet does not compile, found before TeX is asked: a section's writer can still mend it.

What is looked for is what writers get wrong within our vocabulary: list items outside of lists, empty lines inside of
arguments and formulas, alignment marks and line breaks in formulas that have no columns, unpaired \left and \right,
doubled scripts, text commands in formulas, matrices and cases outside of formulas, labels that are defined twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai_scientist.paper.source import Call, Comment, Environment, Group, Math, Part, Special, Text, walk
from ai_scientist.paper.vocabulary import ACCENTS, DRAFT_MACROS, GREEK, OPENING_ALIASES, RESULT_MACROS

LISTS = ("itemize", "enumerate", "description")
_WITH_COLUMNS = ("align", "align*", "cases", "pmatrix", "bmatrix")
_WITH_ROWS = (*_WITH_COLUMNS, "gather", "gather*")
_INNER_MATH = ("cases", "pmatrix", "bmatrix")
_TEXT_ONLY = frozenset(
    (
        "emph textsc footnote paragraph subsection subsubsection item newline noindent smallskip medskip LaTeX TeX "
        "copyright texteuro ss ae AE o O aa AA l L i j textendash textemdash textbackslash textless textgreater "
        "textquotedbl S citep citet citeq ref eqref - / @"
    ).split()
)
_BIG = ("big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "left", "right", "middle")
_DELIMITER_NAMES = frozenset("{ } | langle rangle lfloor rfloor lceil rceil vert Vert lvert rvert lVert rVert".split())
_DELIMITER_MARKS = "()[]|/.<>"
_SCRIPTABLE = GREEK.union(
    "infty ast star prime top bot dagger ell circ bullet partial emptyset hbar".split(),
    "mathrm mathbf mathit mathcal mathbb".split(),
)
_WITH_LIMITS = frozenset("sum prod int oint lim max min sup inf det gcd Pr operatorname".split())
_NUMBERED = ("equation", "align", "gather")
_LINE_ENDS: dict[str, tuple[str, ...]] = {"mbox": ("\\", "newline"), "text": ("\\", "newline")}
_HEADINGS = ("paragraph", "subsection", "subsubsection")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncompilable:
    """A place at which TeX would stop."""

    start: int
    end: int
    message: str


def uncompilable(parts: Sequence[Part]) -> Iterator[Uncompilable]:
    """Yield what TeX would stumble over in a text that consists of allowed macros only."""
    yield from _text(parts, "")
    seen: set[str] = set()
    for part in walk(parts):
        if isinstance(part, Call) and part.name == "label":
            label = part.argument(0)
            if label in seen:
                yield _at(part, f"the label {label!r} is defined twice.")
            seen.add(label)


def _at(part: Part, message: str) -> Uncompilable:
    return Uncompilable(start=part.start, end=part.end, message=message)


def _text(parts: Sequence[Part], environment: str) -> Iterator[Uncompilable]:
    """Check a stretch of text; `environment` is the innermost one around it."""
    if environment in LISTS:
        yield from _list(parts)
    for number, part in enumerate(parts):
        if isinstance(part, Call):
            yield from _text_call(part, parts[:number], parts[number + 1 :], environment)
        elif isinstance(part, Group):
            yield from _text(part.children, environment)
        elif isinstance(part, Environment):
            if not any(_prints(child) for child in part.children):
                yield _at(part, f"the {part.name} is empty.")
            yield from _text(part.children, part.name)
        elif isinstance(part, Math):
            if part.environment in _INNER_MATH:
                yield _at(part, f"{part.environment} belongs into a formula.")
            yield from _math(part)


def _text_call(
    call: Call, before: Sequence[Part], following: Sequence[Part], environment: str
) -> Iterator[Uncompilable]:
    if call.name == "item" and environment not in LISTS:
        yield _at(call, r"\item belongs into a list.")
    elif call.name in _HEADINGS and environment:
        yield _at(call, f"\\{call.name} stands inside of another element.")
    elif call.name in ("\\", "newline") and not _has_line_before(before):
        yield _at(call, f"\\{call.name} needs words before it; separate paragraphs by an empty line.")
    elif call.name == "\\" and _opens_bracket(following):
        yield _at(call, r"a bracket after \\ would be read as a length; put words before it.")
    for argument in call.arguments:
        yield from _argument(call, argument)


def _argument(call: Call, argument: Group) -> Iterator[Uncompilable]:
    if call.name != "footnote" and (re.search(r"\n[ \t]*\n", argument.inner) or r"\par" in _names(argument)):
        yield _at(call, f"an empty line stands inside of \\{call.name}'s argument.")
    for part in walk(argument.children):
        is_display = isinstance(part, Math) and part.environment not in ("", *_INNER_MATH)
        if isinstance(part, Environment) or is_display:
            yield _at(part, f"a list or a displayed formula stands inside of \\{call.name}'s argument.")
        elif isinstance(part, Call) and part.name in ("footnote", *_HEADINGS, *_LINE_ENDS.get(call.name, ())):
            yield _at(part, f"\\{part.name} stands inside of \\{call.name}'s argument.")
    yield from _text(argument.children, "argument")


def _names(group: Group) -> list[str]:
    return [f"\\{part.name}" for part in walk(group.children) if isinstance(part, Call)]


def _has_line_before(before: Sequence[Part]) -> bool:
    """Whether a paragraph has begun, so that a line can be ended."""
    for part in reversed(before):
        if isinstance(part, Text):
            tail = re.split(r"\n[ \t]*\n", part.text)[-1]
            if tail.strip():
                return True
            if tail != part.text:
                return False
        elif isinstance(part, Environment) or (isinstance(part, Math) and part.environment):
            return False
        elif isinstance(part, Call) and part.name in ("par", "smallskip", "medskip", "item", *_HEADINGS):
            return False
        elif not isinstance(part, Comment):
            return True
    return False


def _opens_bracket(following: Sequence[Part]) -> bool:
    return bool(following) and isinstance(following[0], Text) and following[0].text.lstrip()[:1] in ("[", "*")


def _prints(part: Part) -> bool:
    """Whether a part puts words into its environment's body."""
    if isinstance(part, Text):
        return bool(part.text.strip())
    if isinstance(part, Call):
        return part.name not in ("par", "smallskip", "medskip", "noindent", "label", *_HEADINGS)
    return not isinstance(part, Comment)


def _list(parts: Sequence[Part]) -> Iterator[Uncompilable]:
    telling = [p for p in parts if not isinstance(p, Comment) and not (isinstance(p, Text) and not p.text.strip())]
    if telling and not (isinstance(telling[0], Call) and telling[0].name == "item"):
        yield _at(telling[0], r"a list begins with \item.")


def _math(math: Math) -> Iterator[Uncompilable]:
    inside = [p for p in math.children if not (isinstance(p, Text) and not p.text.strip())]
    if not inside:
        yield _at(math, "the formula is empty.")
    yield from _formula(math.children, math.environment)


def _formula(parts: Sequence[Part], environment: str) -> Iterator[Uncompilable]:
    """Check the inside of a formula; `environment` is the innermost one, "" for dollars and "group" for braces."""
    depth = 0
    for number, part in enumerate(parts):
        match part:
            case Text() if re.search(r"\n[ \t]*\n", part.text):
                yield _at(part, "an empty line stands inside of a formula.")
            case Special() if part.text == "&" and environment not in _WITH_COLUMNS:
                yield _at(part, "& needs a formula with columns, such as align.")
            case Call():
                depth += {"left": 1, "right": -1}.get(part.name, 0)
                if depth < 0:
                    yield _at(part, r"\right stands without \left.")
                    depth = 0
                yield from _call(part, parts[:number], parts[number + 1 :], environment)
            case Group():
                yield from _formula(part.children, "group")
            case Math():
                if part.environment not in _INNER_MATH:
                    yield _at(part, "a formula stands inside of a formula.")
                yield from _formula(part.children, part.environment)
            case Environment():
                yield _at(part, f"{part.name} stands inside of a formula.")
            case _:
                pass
    if depth > 0:
        yield _at(parts[0], r"\left stands without \right.")
    yield from _scripts(parts)


def _call(call: Call, before: Sequence[Part], following: Sequence[Part], environment: str) -> Iterator[Uncompilable]:
    message = _misplaced(call, before, following, environment) or _misformed(call)
    if message:
        yield _at(call, message)
    elif call.name in ("text", "mbox"):
        for argument in call.arguments:
            yield from _argument(call, argument)
    else:
        for argument in call.arguments:
            yield from _formula(argument.children, "group")


def _misplaced(call: Call, before: Sequence[Part], following: Sequence[Part], environment: str) -> str:
    """Return why a macro cannot stand at this place of a formula; empty if it can."""
    if call.name in _TEXT_ONLY or (call.name in ACCENTS and call.arguments):
        return f"\\{call.name} is a command for text and stands in a formula."
    if call.name == "\\" and environment not in _WITH_ROWS:
        return r"\\ needs a formula with rows, such as align."
    if call.name == "par":
        return "a paragraph ends inside of a formula."
    if call.name in _BIG and not _is_delimiter(following):
        return f"\\{call.name} needs a bracket after it."
    if call.name == "limits" and not _is_operator(before):
        return r"\limits needs an operator such as \sum before it."
    if call.name == "label" and environment not in _NUMBERED:
        return "a label belongs into a numbered formula: equation, align or gather."
    return ""


def _misformed(call: Call) -> str:
    """Return what is wrong with a macro's arguments; empty if nothing is."""
    wanted = DRAFT_MACROS.get(call.name, "").count("{") if call.name not in OPENING_ALIASES else 0
    if sum(a.delimiter == "{" or (not a.delimiter and a.end > a.start) for a in call.arguments) < wanted:
        return f"\\{call.name} needs {'an argument' if wanted == 1 else 'more arguments'} in braces."
    if call.name == "operatorname" and not re.fullmatch(r"[A-Za-z\s-]+", call.argument(0)):
        return r"\operatorname's argument is a plain word."
    if call.name == "sqrt" and any(a.delimiter == "[" and not a.inner.isalnum() for a in call.arguments):
        return r"\sqrt's degree is a letter or a number."
    if any(_is_bare(argument) for argument in call.arguments):
        return f"\\{call.name}'s argument needs braces."
    return ""


def _is_operator(before: Sequence[Part]) -> bool:
    return bool(before) and isinstance(before[-1], Call) and before[-1].name in _WITH_LIMITS


def _is_bare(argument: Group) -> bool:
    """Whether an argument is a macro without braces that is no plain symbol."""
    return argument.delimiter == "" and any(
        isinstance(part, Call) and part.name not in GREEK for part in argument.children
    )


def _is_delimiter(following: Sequence[Part]) -> bool:
    if not following:
        return False
    first = following[0]
    if isinstance(first, Text):
        return first.text.lstrip()[:1] in tuple(_DELIMITER_MARKS)
    return isinstance(first, Call) and first.name in _DELIMITER_NAMES


def _scripts(parts: Sequence[Part]) -> Iterator[Uncompilable]:
    """Find two superscripts or subscripts of one symbol, and scripts of what needs braces, or of nothing."""
    open_script = ""
    used: set[str] = set()
    for part in parts:
        if open_script and isinstance(part, Math):
            yield _at(part, f"{part.environment} needs braces around it after {open_script}.")
            return
        if open_script and isinstance(part, Call) and not (part.name in _SCRIPTABLE or _is_symbolic(part)):
            yield _at(part, f"\\{part.name} needs braces around it after {open_script}.")
            return
        if isinstance(part, Call) and part.name == "label":
            continue
        for piece in part.text if isinstance(part, Text) else [""]:
            if piece.isspace():
                continue
            if piece in ("_", "^", "'"):
                kind = "^" if piece == "'" else piece
                if (kind in used and not (piece == "'" and "'" in used)) or open_script:
                    yield _at(part, f"two {'superscripts' if kind == '^' else 'subscripts'} stand on one symbol.")
                    return
                used |= {kind, piece}
                open_script = "" if piece == "'" else piece
            elif open_script:
                open_script = ""
            else:
                used = set()
    if open_script:
        yield _at(parts[-1], f"{open_script} ends the formula.")


def _is_symbolic(call: Call) -> bool:
    """Whether a macro without arguments prints one mark, so that TeX takes it as a script."""
    return (
        not call.arguments
        and call.name in ("cdot", "times", "+", "%", "#", "&", "$")
        and call.name not in RESULT_MACROS
    )
