"""The confirmed program, read as a syntax tree: numbers that were not measured, and test rows that were learnt from.

Only what is plain from the text is said, so that honest programs pass: a logged constant, random number or formula, a
value that its arm's name changes, a transform or model that is fitted before the rows are split, anything fitted on
what is named as test rows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ai_scientist.analysis.made_up import dotted, kind_of, own_nodes, scope_of
from ai_scientist.analysis.rigged import replaced_lab, rigged_line

TEST_NAME = re.compile(r"(^|_)(test|holdout|heldout|held_out)(_|$|\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """Something that is plain from a program's text.

    Attributes:
        line: From 1.
        kind: "constant", "random", "formula", "rigged", "early fit", "fit on test" or "syntax".
    """

    line: int
    kind: str
    why: str


def read_program(text: str) -> list[Suspicion]:
    """Return what is wrong with a program; a text that does not parse gives one suspicion."""
    try:
        module = ast.parse(text)
    except SyntaxError as error:
        return [Suspicion(line=error.lineno or 1, kind="syntax", why="The program does not parse.")]
    found = [Suspicion(line=line, kind="rigged", why=REPLACED) for line in replaced_lab(module)]
    for scope in _scopes(module):
        found += _logged(scope, module)
        found += _fits(scope)
    return sorted(found, key=lambda suspicion: suspicion.line)


def _scopes(module: ast.Module) -> Iterator[ast.AST]:
    yield module
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


WHY = {
    "constant": "A value is logged that is written in the program, not measured.",
    "random": "A value is logged that is drawn from a generator, not measured.",
    "formula": "A value is logged that follows from the program's text and seed alone; nothing measures it.",
}


RIGGED = "A logged value is changed by a number that depends on the name of its arm."
REPLACED = "A part of lab, through which results are reported, is replaced by the program's own."


def _logged(scope: ast.AST, module: ast.Module) -> Iterator[Suspicion]:
    where = scope_of(scope, module)
    for node in own_nodes(scope):
        if not isinstance(node, ast.Call) or dotted(node.func) not in ("lab.log", "log") or not _is_lab(node):
            continue
        value = next((k.value for k in node.keywords if k.arg == "value"), node.args[1] if len(node.args) > 1 else None)
        kind = None if value is None else kind_of(value, where)
        if kind is not None:
            yield Suspicion(line=node.lineno, kind=kind, why=WHY[kind])
        line = None if value is None else rigged_line(node, value, scope, module)
        if line is not None:
            yield Suspicion(line=line, kind="rigged", why=RIGGED)


def _is_lab(call: ast.Call) -> bool:
    """Whether a call is lab.log: by its name, or by the arguments that only it has."""
    return dotted(call.func) == "lab.log" or {"condition", "dataset"} <= {k.arg for k in call.keywords}


def _fits(scope: ast.AST) -> Iterator[Suspicion]:
    """Yield fits on whole data that are split later, and fits on test rows."""
    whole: dict[str, int] = {}
    for node in own_nodes(scope):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _is_fit(node.value):
            made = {part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)}
            if _method(node.value) == "fit_transform":
                whole |= dict.fromkeys(made, node.lineno)
        if isinstance(node, ast.Call) and _is_fit(node):
            names = _data_names(node)
            for name in names:
                if TEST_NAME.search(name.lower()):
                    why = f"Something is fitted on '{name}', which is named as test rows."
                    yield Suspicion(line=node.lineno, kind="fit on test", why=why)
                whole.setdefault(name, node.lineno)
        if isinstance(node, ast.Call) and dotted(node.func).endswith("train_test_split"):
            for name in {
                part.id for a in node.args for part in ast.walk(a) if isinstance(part, ast.Name)
            } & whole.keys():
                why = f"'{name}' is fitted on before it is split into training and test rows."
                yield Suspicion(line=whole[name], kind="early fit", why=why)
        yield from _early_by_index(node, whole)


def _early_by_index(node: ast.AST, whole: dict[str, int]) -> Iterator[Suspicion]:
    """Yield a fit on data of which rows are taken later by an index that is named as test."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in whole:
        index = {part.id.lower() for part in ast.walk(node.slice) if isinstance(part, ast.Name)}
        if any(TEST_NAME.search(name) for name in index) and node.lineno > whole[node.value.id]:
            name = node.value.id
            yield Suspicion(
                line=whole[name],
                kind="early fit",
                why=f"'{name}' is fitted on as a whole, and test rows are taken from it later.",
            )


def _is_fit(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("fit", "fit_transform", "partial_fit")


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _data_names(call: ast.Call) -> list[str]:
    """Return the plain names that a fit is given as its rows; parts of them, such as x[train], are not."""
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg in ("X", "x"))]
    return [value.id for value in given if isinstance(value, ast.Name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a program speaks of.

    Attributes:
        functions: Its functions and classes, by name: "experiment.py:mixup".
        words: Every name, keyword and string.
        modules: What it imports.
        orders_arms: Whether it lets the harness order its arms.
    """

    functions: dict[str, str]
    words: frozenset[str]
    modules: frozenset[str]
    orders_arms: bool


def names_of(files: Mapping[str, str]) -> Names:
    """Return what a program's Python files speak of; what does not parse is left out."""
    functions: dict[str, str] = {}
    words: set[str] = set()
    modules: set[str] = set()
    for path, text in files.items():
        try:
            module = ast.parse(text) if path.endswith(".py") else ast.Module(body=[], type_ignores=[])
        except SyntaxError:
            continue
        for node in ast.walk(module):
            words |= _words_of(node)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                functions[node.name] = f"{path}:{node.name}"
            elif isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.partition(".")[0])
    return Names(
        functions=functions,
        words=frozenset(words),
        modules=frozenset(modules),
        orders_arms=any("lab.arms(" in text for text in files.values()),
    )


def _words_of(node: ast.AST) -> set[str]:
    match node:
        case ast.Name():
            return {node.id}
        case ast.Attribute():
            return {node.attr}
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.arg() | ast.keyword():
            return {node.arg or ""}
        case ast.Constant(value=str() as text):
            return {text}
        case _:
            return set()
