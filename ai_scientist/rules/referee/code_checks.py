"""Checks of the confirmed program's text, by its syntax tree: constants logged as results, fits that see test rows."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ai_scientist.rules.referee.notes import Note, strength, weakness


def code_checks(code: str) -> list[Note]:
    """Return what a program's text shows; nothing if there is none, or if it is not Python.

    The text may hold several files, each after a line "# name"; they are read as one module.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return []
    if not tree.body:
        return []
    notes = [*_typed_results(tree), *_fits_on_test(tree), *_own_seeds(tree)]
    return notes or [
        strength("evidence", "soundness", 0.15, "The program logs computed values only, and fits nothing on test rows.")
    ]


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == name:
                yield node


def _typed_results(tree: ast.AST) -> list[Note]:
    """A logged value that is a literal, or a formula of literals, was not measured."""
    for call in _calls(tree, "log"):
        value = next((k.value for k in call.keywords if k.arg == "value"), None)
        if value is not None and not any(isinstance(part, ast.Name | ast.Call) for part in ast.walk(value)):
            return [
                weakness(
                    "evidence",
                    "soundness",
                    2.0,
                    f"Line {call.lineno} of the program logs {ast.unparse(value)} as a result, which nothing measured.",
                    where="results",
                    remedy="Log what the experiment computes, or take the metric out.",
                    severity="major",
                    question=f"Where does the value {ast.unparse(value)} come from?",
                )
            ]
    return []


def _fits_on_test(tree: ast.AST) -> list[Note]:
    for name in ("fit", "fit_transform"):
        for call in _calls(tree, name):
            names = [part.id for a in call.args for part in ast.walk(a) if isinstance(part, ast.Name)]
            test = next((n for n in names if "test" in n.lower()), None)
            if test:
                return [
                    weakness(
                        "method",
                        "soundness",
                        1.2,
                        f"Line {call.lineno} of the program fits on {test}: test rows take part in what they are to"
                        " judge.",
                        where="experiments",
                        remedy="Fit on training rows alone and run the confirmation again.",
                        severity="major",
                        question=f"What do the results become when nothing is fitted on {test}?",
                    )
                ]
    return []


def _own_seeds(tree: ast.AST) -> list[Note]:
    """Seeds are the harness's; a program that sets one of its own makes repetitions alike."""
    for name in ("seed", "default_rng", "RandomState", "manual_seed"):
        for call in _calls(tree, name):
            if call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, int):
                return [
                    weakness(
                        "method",
                        "soundness",
                        0.5,
                        f"Line {call.lineno} of the program seeds a generator with {call.args[0].value}, whatever the"
                        " seed of the run; what it draws is the same in every repetition.",
                        where="experiments",
                        remedy="Derive every generator from the run's seed, or say why this draw is fixed.",
                        question="Which part of the experiment does not vary with the seed?",
                    )
                ]
    return []
