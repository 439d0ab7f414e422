"""Whether a logged value was measured, or follows from the program's text, its seed and a draw alone.

An expression is followed through names, loops over literals and the program's own small functions. What comes from
anywhere else (an argument, a library's result, an array) counts as measured, so that honest programs pass.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["constant", "random", "formula"]
Leaf = Literal["draw", "formula", "measured"]

DRAWS = frozenset(
    {
        *("random", "uniform", "normal", "gauss", "randint", "choice", "rand", "randn", "integers", "standard_normal"),
        *("normalvariate", "betavariate", "beta", "triangular", "random_sample", "standard_t"),
    }
)
"""Methods of generators; called for one number, they make it up. A sample of many may be a simulation's data."""

ARITHMETIC = frozenset(
    (
        "abs bool dict enumerate float hash int len list max min ord pow range reversed round set sorted str sum tuple "
        "zip lab.arms"
    ).split()
)
OF_LIBRARIES = frozenset(
    "abs ceil clip cos exp floor log log10 log1p log2 maximum minimum power round sin sqrt square tan tanh".split()
)
OF_LITERALS = frozenset("count endswith get index items keys lower startswith upper values".split())
LIBRARIES = ("math", "np", "numpy")
DEEPEST = 6
"""Calls of the program's own functions that are followed."""

Names = Mapping[str, Sequence[ast.expr | None]]
"""Everything that a name is set to; None stands for what cannot be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where an expression stands.

    Attributes:
        names: Of the function, or of the module.
        given: What the arguments of a followed call depend on.
        outer: The module's names.
        functions: The module's functions.
    """

    names: Names
    given: Mapping[str, frozenset[Leaf]] = field(default_factory=dict[str, frozenset[Leaf]])
    outer: Names
    functions: Mapping[str, ast.FunctionDef]
    open: frozenset[str] = frozenset()
    depth: int = 0


def kind_of(value: ast.expr, scope: Scope) -> Kind | None:
    """Return how a value was made up; None if it depends on something that could be a measurement."""
    leaves = _leaves(value, scope)
    if "measured" in leaves:
        return None
    return "random" if "draw" in leaves else "formula" if "formula" in leaves else "constant"


def scope_of(node: ast.AST, module: ast.Module) -> Scope:
    """Return the scope of a function, or of the module itself."""
    functions = {f.name: f for f in module.body if isinstance(f, ast.FunctionDef)}
    return Scope(names=assignments(node), outer=assignments(module), functions=functions)


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield a scope's nodes in the order of the text, without those of functions inside it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield from own_nodes(child)


def dotted(node: ast.AST) -> str:
    """Return a dotted name; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return ""


def assignments(scope: ast.AST) -> dict[str, list[ast.expr | None]]:
    """Return what each name of a scope is set to."""
    found: dict[str, list[ast.expr | None]] = {}

    def note(name: str, value: ast.expr | None) -> None:
        found.setdefault(name, []).append(value)

    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        for argument in ast.walk(scope.args):
            if isinstance(argument, ast.arg):
                note(argument.arg, None)
    for node in own_nodes(scope):
        _note_node(node, note)
    return found


def _note_node(node: ast.AST, note: Callable[[str, ast.expr | None], None]) -> None:
    """Note what one node sets."""
    match node:
        case ast.Assign():
            for target in node.targets:
                _note_all(target, note, node.value if isinstance(target, ast.Name) else None)
        case ast.AnnAssign():
            _note_all(node.target, note, node.value)
        case ast.For() | ast.comprehension():
            _note_all(node.target, note, node.iter)
        case ast.AugAssign() | ast.AsyncFor() | ast.NamedExpr():
            _note_all(node.target, note, None)
        case ast.withitem() if node.optional_vars is not None:
            _note_all(node.optional_vars, note, None)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append" | "extend" | "update" | "add")):
            note(name, None)  # it holds more than it was set to
        case ast.Subscript(ctx=ast.Store(), value=ast.Name(id=name)):
            note(name, None)
        case _:
            pass


def _note_all(target: ast.AST, note: Callable[[str, ast.expr | None], None], value: ast.expr | None) -> None:
    for part in ast.walk(target):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            note(part.id, value)


_MEASURED: frozenset[Leaf] = frozenset({"measured"})
_FORMULA: frozenset[Leaf] = frozenset({"formula"})


def _leaves(value: ast.expr, scope: Scope) -> frozenset[Leaf]:
    """Return what an expression depends on; nothing for numbers and their arithmetic."""
    match value:
        case ast.Constant():
            return frozenset() if isinstance(value.value, int | float) else _FORMULA
        case ast.Name():
            return _of_name(value.id, scope)
        case ast.Attribute():
            if dotted(value) == "lab.seed" or dotted(value).partition(".")[0] in LIBRARIES:
                return _FORMULA
            return _MEASURED
        case ast.Call():
            return _of_call(value, scope)
        case ast.Subscript():
            return _FORMULA | _union([value.value, value.slice], scope)
        case ast.Dict():
            return _union([*(k for k in value.keys if k is not None), *value.values], scope)
        case ast.BinOp() | ast.UnaryOp() | ast.BoolOp() | ast.Compare() | ast.IfExp() | ast.List() | ast.Tuple():
            return _union([c for c in ast.iter_child_nodes(value) if isinstance(c, ast.expr)], scope)
        case _:
            return _MEASURED


def _union(values: Sequence[ast.expr], scope: Scope) -> frozenset[Leaf]:
    return frozenset[Leaf]().union(*(_leaves(value, scope) for value in values))


def _of_name(name: str, scope: Scope) -> frozenset[Leaf]:
    if name in scope.given:
        return scope.given[name]
    if name in scope.open:
        return frozenset()
    known = scope.names.get(name, scope.outer.get(name))
    if not known or any(expression is None for expression in known):
        return _MEASURED
    inside = Scope(
        names=scope.names,
        given=scope.given,
        outer=scope.outer,
        functions=scope.functions,
        open=scope.open | {name},
        depth=scope.depth,
    )
    return _union([expression for expression in known if expression is not None], inside)


def _of_call(call: ast.Call, scope: Scope) -> frozenset[Leaf]:
    name = dotted(call.func)
    given = [*call.args, *(k.value for k in call.keywords)]
    if isinstance(call.func, ast.Attribute):
        method = call.func.attr
        if method in DRAWS:
            is_one = len(call.args) <= 2 and not any(k.arg == "size" for k in call.keywords)
            return frozenset[Leaf]({"draw"}) | _union(given, scope) if is_one else _MEASURED
        if name.partition(".")[0] in LIBRARIES and method in OF_LIBRARIES:
            return _union(given, scope)
        if method in OF_LITERALS:
            return _FORMULA | _union([call.func.value, *given], scope)
    if name in ARITHMETIC:
        return _union(given, scope)
    function = scope.functions.get(name)
    return _of_function(function, call, scope) if function and scope.depth < DEEPEST else _MEASURED


def _of_function(function: ast.FunctionDef, call: ast.Call, scope: Scope) -> frozenset[Leaf]:
    """Return what a call of one of the program's own functions depends on: its arguments, and what it returns."""
    nodes = list(own_nodes(function))
    returned = [node.value for node in nodes if isinstance(node, ast.Return) and node.value is not None]
    if not returned or any(isinstance(node, ast.Yield | ast.YieldFrom) for node in nodes):
        return _MEASURED
    arguments = {a.arg: _leaves(v, scope) for a, v in zip(function.args.args, call.args, strict=False)}
    arguments |= {k.arg: _leaves(k.value, scope) for k in call.keywords if k.arg}
    for argument, default in zip(reversed(function.args.args), reversed(function.args.defaults), strict=False):
        arguments.setdefault(argument.arg, _leaves(default, scope))
    inside = Scope(
        names=assignments(function),
        given={name: leaves | _FORMULA for name, leaves in arguments.items()},
        outer=scope.outer,
        functions=scope.functions,
        depth=scope.depth + 1,
    )
    conditions = [node.test for node in nodes if isinstance(node, ast.If | ast.While)]
    return _FORMULA | _union([*returned, *conditions], inside)
