"""The confirmed program, read as a syntax tree: numbers that were not measured, and test rows that were learnt from.

Only what is plain from the text is said, so that honest programs pass: a logged constant, a logged random number, a
transform or model that is fitted before the rows are split, anything fitted on what is named as test rows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

RANDOM = frozenset(
    {
        *("random", "uniform", "normal", "gauss", "randint", "choice", "rand", "randn", "integers", "standard_normal"),
        *("normalvariate", "betavariate", "beta", "triangular", "random_sample", "standard_t"),
    }
)
"""Methods of generators. Called in the value that is logged, they make it up."""

TEST_NAME = re.compile(r"(^|_)(test|holdout|heldout|held_out)(_|$|\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """Something that is plain from a program's text.

    Attributes:
        line: From 1.
        kind: "constant", "random", "early fit" or "fit on test".
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
    found: list[Suspicion] = []
    for scope in _scopes(module):
        assigned = _assignments(scope)
        found += _logged(scope, assigned)
        found += _fits(scope)
    return sorted(found, key=lambda suspicion: suspicion.line)


def _scopes(module: ast.Module) -> Iterator[ast.AST]:
    yield module
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield a scope's nodes in the order of the text, without those of functions inside it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield from _own(child)


@dataclass(slots=True)
class _Assigned:
    """Everything that a name is set to in a scope; None stands for what cannot be seen."""

    values: list[ast.expr | None] = field(default_factory=list[ast.expr | None])


def _assignments(scope: ast.AST) -> dict[str, _Assigned]:
    found: dict[str, _Assigned] = {}

    def note(name: str, value: ast.expr | None) -> None:
        found.setdefault(name, _Assigned()).values.append(value)

    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        for argument in ast.walk(scope.args):
            if isinstance(argument, ast.arg):
                note(argument.arg, None)
    for node in _own(scope):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    note(target.id, node.value)
                else:
                    _note_all(target, note)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            note(node.target.id, node.value)
        elif isinstance(node, ast.AugAssign | ast.For | ast.AsyncFor | ast.comprehension | ast.NamedExpr):
            _note_all(node.target, note)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            _note_all(node.optional_vars, note)
    return found


def _note_all(target: ast.AST, note: Callable[[str, None], None]) -> None:
    for part in ast.walk(target):
        if isinstance(part, ast.Name):
            note(part.id, None)


def _logged(scope: ast.AST, assigned: dict[str, _Assigned]) -> Iterator[Suspicion]:
    for node in _own(scope):
        if not isinstance(node, ast.Call) or _name_of(node.func) not in ("lab.log", "log"):
            continue
        value = next((k.value for k in node.keywords if k.arg == "value"), node.args[1] if len(node.args) > 1 else None)
        if value is None or not _is_lab(node):
            continue
        for expression in _meanings(value, assigned):
            if _is_constant(expression):
                why = "A value is logged that is written in the program, not measured."
                yield Suspicion(line=node.lineno, kind="constant", why=why)
                break
            if draw := _random_call(expression):
                why = f"A value is logged that is drawn from a generator ({draw})."
                yield Suspicion(line=node.lineno, kind="random", why=why)
                break


def _is_lab(call: ast.Call) -> bool:
    """Whether a call is lab.log: by its name, or by the arguments that only it has."""
    return _name_of(call.func) == "lab.log" or {"condition", "dataset"} <= {k.arg for k in call.keywords}


def _meanings(value: ast.expr, assigned: dict[str, _Assigned]) -> Sequence[ast.expr]:
    """Return an expression, or all that its name is set to; nothing if any of that cannot be seen."""
    inner = (
        value.args[0]
        if isinstance(value, ast.Call) and _name_of(value.func) in ("float", "round") and value.args
        else value
    )
    if not isinstance(inner, ast.Name):
        return [inner]
    known = assigned.get(inner.id)
    if known is None or any(expression is None for expression in known.values):
        return []
    return [expression for expression in known.values if expression is not None]


def _is_constant(value: ast.expr) -> bool:
    """Whether an expression holds numbers and arithmetic alone."""
    allowed = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.expr_context)
    numbers = [n for n in ast.walk(value) if isinstance(n, ast.Constant)]
    return all(isinstance(n, allowed) for n in ast.walk(value)) and all(
        isinstance(n.value, int | float) and not isinstance(n.value, bool) for n in numbers
    )


def _random_call(value: ast.expr) -> str:
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RANDOM:
            return _name_of(node.func)
    return ""


def _name_of(node: ast.AST) -> str:
    """Return a dotted name; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _name_of(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return ""


def _fits(scope: ast.AST) -> Iterator[Suspicion]:
    """Yield fits on whole data that are split later, and fits on test rows."""
    whole: dict[str, int] = {}
    for node in _own(scope):
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
        if isinstance(node, ast.Call) and _name_of(node.func).endswith("train_test_split"):
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
