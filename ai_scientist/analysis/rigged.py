"""Values that a program changes by the name of their arm, after they were measured.

An honest program may compute arms differently; it has no reason to multiply what was measured by a number that only
one arm gets. The value of `lab.log` is followed through arithmetic, names and the program's own small functions, never
into the arguments of a measurement.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ai_scientist.analysis.made_up import dotted, own_nodes

DEEPEST = 4
"""Names and functions that are followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where an expression stands.

    Attributes:
        scope: The function around it, or the module.
        arms: Names that hold the arm's name there.
        functions: The program's.
        tables: Names of dictionaries whose values are numbers written in the program.
    """

    scope: ast.AST
    arms: frozenset[str]
    functions: Mapping[str, ast.FunctionDef]
    tables: frozenset[str]


def rigged_line(call: ast.Call, value: ast.expr, scope: ast.AST, module: ast.Module) -> int | None:
    """Return the line at which a logged value is changed by its arm's name; None if it is not.

    Args:
        call: The call of `lab.log`.
        value: What it logs.
        scope: The function or module that it stands in.
        module: The whole program.
    """
    named = next((k.value for k in call.keywords if k.arg == "condition"), call.args[2] if len(call.args) > 2 else None)
    if not isinstance(named, ast.Name):
        return None
    functions = {f.name: f for f in ast.walk(module) if isinstance(f, ast.FunctionDef)}
    tables = frozenset(_tables(module))
    place = _Place(scope=scope, arms=frozenset({named.id}), functions=functions, tables=tables)
    return next(_changes(value, place, DEEPEST), None)


def replaced_lab(module: ast.Module) -> Iterator[int]:
    """Yield the lines at which a program puts something of its own in the place of a part of `lab`."""
    for node in ast.walk(module):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        elif isinstance(node, ast.Call) and dotted(node.func) == "setattr" and node.args:
            if dotted(node.args[0]) == "lab":
                yield node.lineno
        yield from (t.lineno for t in targets if isinstance(t, ast.Attribute) and dotted(t.value) == "lab")


def _changes(value: ast.expr, place: _Place, depth: int) -> Iterator[int]:
    """Yield the lines at which a value, followed through arithmetic, depends on a number chosen by the arm."""
    match value:
        case ast.BinOp():
            for side, other in ((value.left, value.right), (value.right, value.left)):
                if _chosen_by_arm(side, place) and not _is_number(other):
                    yield side.lineno
                yield from _changes(side, place, depth)
        case ast.UnaryOp():
            yield from _changes(value.operand, place, depth)
        case ast.IfExp():
            yield from _changes(value.body, place, depth)
            yield from _changes(value.orelse, place, depth)
            if _mentions(value.test, place.arms) and (_scaled(value.body) or _scaled(value.orelse)):
                yield value.lineno
        case ast.Name() if depth:
            yield from _of_name(value.id, place, depth - 1)
        case ast.Call() if depth:
            yield from _of_function(value, place, depth - 1)
        case _:
            pass


def _of_name(name: str, place: _Place, depth: int) -> Iterator[int]:
    """Yield where a name is set by arithmetic, or is changed under a condition on the arm."""
    for node in own_nodes(place.scope):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            if not _speaks_of(node.value, name):
                yield from _changes(node.value, place, depth)
        if isinstance(node, ast.If) and _mentions(node.test, place.arms):
            for inner in (*node.body, *node.orelse):
                if _rescales(inner, name):
                    yield inner.lineno


def _of_function(call: ast.Call, place: _Place, depth: int) -> Iterator[int]:
    """Follow one of the program's own functions that is told the arm."""
    function = place.functions.get(dotted(call.func))
    if function is None:
        return
    names = [argument.arg for argument in function.args.args]
    told = [*zip(names, call.args, strict=False), *((k.arg or "", k.value) for k in call.keywords)]
    arms = frozenset(name for name, given in told if isinstance(given, ast.Name) and given.id in place.arms)
    if not arms:
        return
    inside = replace(place, scope=function, arms=arms)
    for node in own_nodes(function):
        if isinstance(node, ast.Return) and node.value is not None:
            yield from _changes(node.value, inside, depth)


def _chosen_by_arm(value: ast.expr, place: _Place) -> bool:
    """Whether an operand is a number that the arm's name chooses: by a condition, or out of a table."""
    if isinstance(value, ast.BinOp):
        sides = (value.left, value.right)
        chosen = [_chosen_by_arm(side, place) for side in sides]
        return any(chosen) and all(yes or _is_number(side) for yes, side in zip(chosen, sides, strict=True))
    if isinstance(value, ast.IfExp):
        return _mentions(value.test, place.arms) and _is_number(value.body) and _is_number(value.orelse)
    if isinstance(value, ast.Compare):
        return _mentions(value, place.arms)
    if isinstance(value, ast.Subscript):
        is_told = isinstance(value.slice, ast.Name) and value.slice.id in place.arms
        return is_told and dotted(value.value) in place.tables
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "get":
        is_told = any(isinstance(given, ast.Name) and given.id in place.arms for given in value.args[:1])
        return is_told and dotted(value.func.value) in place.tables
    return False


def _tables(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Dict):
            continue
        if all(_is_number(number) for number in node.value.values):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _scaled(value: ast.expr) -> bool:
    """Whether an expression is something times, plus … a number written in the program."""
    return isinstance(value, ast.BinOp) and (_is_number(value.left) != _is_number(value.right))


def _rescales(statement: ast.stmt, name: str) -> bool:
    if isinstance(statement, ast.AugAssign):
        return isinstance(statement.target, ast.Name) and statement.target.id == name and _is_number(statement.value)
    if not isinstance(statement, ast.Assign):
        return False
    is_set = any(isinstance(t, ast.Name) and t.id == name for t in statement.targets)
    return is_set and _scaled(statement.value) and _speaks_of(statement.value, name)


def _speaks_of(value: ast.expr, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(value))


def _mentions(test: ast.expr, arms: frozenset[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in arms for part in ast.walk(test))


def _is_number(value: ast.expr) -> bool:
    """Whether an expression is arithmetic of numbers that stand in the program."""
    parts = [part for part in ast.walk(value) if isinstance(part, ast.expr)]
    return all(
        isinstance(part, ast.BinOp | ast.UnaryOp)
        or (isinstance(part, ast.Constant) and isinstance(part.value, int | float))
        for part in parts
    )
