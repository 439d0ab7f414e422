"""Constants at the top of a program, read by its syntax tree: which can be perturbed, and the ablations asked for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError

from ai_scientist.core.edits import Edit

FACTORS = (
    (0.5, "halved", "smaller"),
    (0.7, "lowered", "smaller"),
    (1.4, "raised", "larger"),
    (2.0, "doubled", "larger"),
)
"""Steps of a perturbation: factor, its name in a move, its word in a title."""

COSTLY = ("EPOCHS", "STEPS", "ITERATIONS", "ROUNDS", "ESTIMATORS", "TREES", "HIDDEN", "WIDTH", "MEMBERS")
"""Names of constants that a program's time or memory grows with, dearest first."""

_ASSIGNED = re.compile(r"^([A-Z][A-Z0-9_]*)\s*(?::[^=\n]+)?=", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A constant changed: the edit, and the words about it. No number stands in the words: papers print them."""

    move: str
    title: str
    reason: str
    edit: Edit


def named_by(edits: Iterable[tuple[Edit, ...]]) -> list[str]:
    """Return the constants that some edits set, in order: what a template changes is what may be changed further."""
    found = [name for group in edits for edit in group for name in _ASSIGNED.findall(edit.replace)]
    return list(dict.fromkeys(found))


def steps(program: str, names: Iterable[str]) -> list[Step]:
    """Return the steps that numeric constants of these names can take, in order of name and factor."""
    found: list[Step] = []
    for name in names:
        line = _line(program, name)
        if line is None or not isinstance(line.value, int | float) or isinstance(line.value, bool) or not line.value:
            continue
        for factor, verb, word in FACTORS:
            changed = _scaled(line.value, factor)
            if changed != line.value:
                found.append(_step(line, changed, verb, word))
    return found


def cheaper(program: str) -> Step | None:
    """Return the step that halves the constant which costs most time or memory; None if there is none."""
    for part in COSTLY:
        for name in sorted(set(_ASSIGNED.findall(program))):
            line = _line(program, name) if part in name else None
            if line is not None and isinstance(line.value, int) and line.value >= 2:
                return _step(line, line.value // 2, "halved", "smaller")
    return None


def ablations(program: str) -> tuple[str, ...]:
    """Return the components that the program has an arm without."""
    line = _line(program, "ABLATIONS")
    try:
        return TypeAdapter(tuple[str, ...]).validate_python(line.value) if line is not None else ()
    except ValidationError:
        return ()


def with_ablations(program: str, components: Sequence[str]) -> Edit | None:
    """Return the edit that asks for an arm without each of these too; None if the program knows no ablations."""
    return _ablation_edit(program, tuple(dict.fromkeys((*ablations(program), *components))))


def without_ablation(program: str, component: str) -> Edit | None:
    """Return the edit that takes such an arm away again."""
    return _ablation_edit(program, tuple(part for part in ablations(program) if part != component))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    name: str
    value: object
    text: str
    source: str


def _line(program: str, name: str) -> _Line | None:
    """Return a constant's assignment at the top level, if its value is a literal and it stands there once."""
    return _lines(program).get(name)


@lru_cache(maxsize=32)
def _lines(program: str) -> dict[str, _Line]:
    """Return the literal constants at the top level of a program that are assigned once; none if it is no Python."""
    try:
        tree = ast.parse(program)
    except SyntaxError:
        return {}
    found: dict[str, list[_Line]] = {}
    for statement in tree.body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
        if not isinstance(target, ast.Name) or value is None:
            continue
        try:
            literal: object = ast.literal_eval(value)
        except ValueError:
            continue
        text, source = ast.get_source_segment(program, statement), ast.get_source_segment(program, value)
        if text is not None and source is not None:
            found.setdefault(target.id, []).append(_Line(name=target.id, value=literal, text=text, source=source))
    return {name: lines[0] for name, lines in found.items() if len(lines) == 1}


def _replaced(line: _Line, value: object) -> Edit:
    head = line.text[: len(line.text) - len(line.source)]
    return Edit(search=f"{line.text}", replace=f"{head}{value!r}")


def _step(line: _Line, changed: int | float, verb: str, word: str) -> Step:
    spoken = line.name.lower().replace("_", " ")
    return Step(
        move=f"{line.name.lower()}_{verb}",
        title=f"{word} {spoken}",
        reason=f"The template's value of {spoken} was chosen by hand; a step away from it shows whether it matters.",
        edit=_replaced(line, changed),
    )


def _scaled(value: int | float, factor: float) -> int | float:
    """Return a constant after a step; what lies between 0 and 1 stays there, because it may be a share."""
    if isinstance(value, int):
        return max(1, round(value * factor))
    scaled = value * factor
    if 0 < value < 1 <= scaled:
        scaled = (1 + value) / 2
    return float(f"{scaled:.2g}")


def _ablation_edit(program: str, parts: tuple[str, ...]) -> Edit | None:
    line = _line(program, "ABLATIONS")
    return None if line is None else _replaced(line, parts)
