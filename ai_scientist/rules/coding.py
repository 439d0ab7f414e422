"""Programs for tree operators: a template's moves applied, combined, perturbed, taken back and ablated.

Every answer is tried on the parent's files before it is given, so that an edit that does not apply is never proposed.
The same facts give the same answer; what is drawn at random is drawn from the facts' seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random

from ai_scientist.agents.coding import Attempt, Program, ProgramAnswer, ProgramFacts
from ai_scientist.core.edits import Edit, apply_edits
from ai_scientist.core.errors import EditRejected, ModelError
from ai_scientist.core.plan import ABLATION_PREFIX
from ai_scientist.core.research_template import Move, ResearchTemplate, load_template
from ai_scientist.rules import constants
from ai_scientist.rules.ideation import seed_of
from ai_scientist.rules.matching import best_match

ENTRY = "experiment.py"

NOTHING = ProgramAnswer(title="nothing left", rationale="Every move that applies here was tried.", nothing_left=True)

ABLATIONS = "ablations"
"""The move that adds an arm for every component at once."""


def program(facts: ProgramFacts) -> ProgramAnswer:
    """Return a child's program, or the answer that nothing is left to try here.

    Raises:
        ModelError: If there is no rule for the operator.
    """
    operator = OPERATORS.get(facts.operator)
    if operator is None:
        raise ModelError(f"The rule engine has no rule for the operator {facts.operator!r}.")
    return operator(facts, _template(facts))


def _template(facts: ProgramFacts) -> ResearchTemplate:
    return load_template(facts.plan.template or best_match(facts.plan.question).template)


def _draft(facts: ProgramFacts, template: ResearchTemplate) -> ProgramAnswer:
    """The template's program with the study's constants; a later draft starts one exploring move further on."""
    seed = seed_of(facts.plan.idea, template)
    base = {ENTRY: template.program}
    files = apply_edits(base, seed.edits) if seed.edits else base
    names = {attempt.move for attempt in facts.tried if attempt.operator == "draft"} | set(facts.running)
    if template.id not in names:
        return ProgramAnswer(
            title=f"{seed.title}: first program", rationale=seed.rationale, move=template.id, files=files
        )
    for move in _exploring(template):
        started = _applied(files, move.edits)
        if started is not None and move.name not in names:
            return ProgramAnswer(
                title=f"{seed.title}: first program with {move.title}",
                rationale=move.reason,
                move=move.name,
                component=move.component,
                files=started,
            )
    return NOTHING


def _tune(facts: ProgramFacts, template: ResearchTemplate) -> ProgramAnswer:
    """The next move on what all arms share that was not tried; when they are used up, a perturbed constant."""
    parent = facts.parents[0]
    seen = {attempt.move for attempt in facts.tried} | set(facts.running)
    for move in template.moves:
        if move.stage == "tune" and move.name not in seen and _applied(parent.files, move.edits) is not None:
            return _answer(move)
    names = constants.named_by(move.edits for move in template.moves if move.stage == "tune")
    drawn = Random(facts.seed)
    steps = constants.steps(parent.files[ENTRY], names)
    drawn.shuffle(steps)
    for step in steps:
        if step.move not in seen and _applied(parent.files, (step.edit,)) is not None:
            return ProgramAnswer(title=step.title, rationale=step.reason, move=step.move, edits=(step.edit,))
    return NOTHING


def _improve(facts: ProgramFacts, template: ResearchTemplate) -> ProgramAnswer:
    """The next exploring move for this parent: never tried ones first, then new combinations by what they brought."""
    parent = facts.parents[0]
    present = frozenset(parent.attempt.components)
    tried_sets = {frozenset(attempt.components) for attempt in facts.tried}
    seen = {attempt.move for attempt in facts.tried}
    candidates = [
        move
        for move in _exploring(template)
        if _goes_with(move, present, template)
        and (present | {move.component}) not in tried_sets
        and move.name not in facts.running
        and _applied(parent.files, move.edits) is not None
    ]
    new = [move for move in candidates if move.name not in seen]
    if new:
        return _answer(new[0])
    worth = {move.name: _worth(move.name, facts.tried) for move in candidates}
    ranked = sorted(candidates, key=lambda move: -worth[move.name])
    return _answer(ranked[0]) if ranked else _perturbed_component(facts, template)


def _perturbed_component(facts: ProgramFacts, template: ResearchTemplate) -> ProgramAnswer:
    """A constant of a component that is in force, changed; for when every combination was tried."""
    parent = facts.parents[0]
    seen = {attempt.move for attempt in facts.tried} | set(facts.running)
    own = [m for m in _exploring(template) if m.component in parent.attempt.components]
    steps = constants.steps(parent.files[ENTRY], constants.named_by(move.edits for move in own))
    Random(facts.seed).shuffle(steps)
    for step in steps:
        if step.move not in seen and _applied(parent.files, (step.edit,)) is not None:
            return ProgramAnswer(title=step.title, rationale=step.reason, move=step.move, edits=(step.edit,))
    return NOTHING


def _ablate(facts: ProgramFacts, template: ResearchTemplate) -> ProgramAnswer:
    """An arm for each component, beside the proposed one: all at once, or one by one where that did not run."""
    parent = facts.parents[0]
    done = constants.ablations(parent.files[ENTRY])
    left = [component for component in parent.attempt.components if component not in done]
    same = [attempt for attempt in facts.tried if attempt.components == parent.attempt.components]
    if any(attempt.move == ABLATIONS and attempt.status == "ok" for attempt in same):
        return NOTHING
    tried = {attempt.move for attempt in facts.tried if attempt.status != "ok"} | set(facts.running)
    titles = {move.component: move.title for move in reversed(_exploring(template))}
    for move, parts in [(ABLATIONS, left), *((f"{ABLATION_PREFIX}{component}", [component]) for component in left)]:
        edit = constants.with_ablations(parent.files[ENTRY], parts) if parts and move not in tried else None
        if edit is None:
            continue
        names = [titles.get(part, part.replace("_", " ")) for part in parts]
        return ProgramAnswer(
            title=f"ablation of {_listed(names)}",
            rationale=f"Leaving out {_listed(names)}, one at a time and all else equal, shows what each carries.",
            move=move,
            edits=(edit,),
        )
    return NOTHING


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _debug(facts: ProgramFacts, template: ResearchTemplate) -> ProgramAnswer:
    """The last move taken back, and the next one that was not tried in its place; reads validity alone."""
    parent = facts.parents[0]
    failed = parent.attempt
    if failed.status in ("timed_out", "out_of_memory"):
        step = constants.cheaper(parent.files[ENTRY])
        if step is not None and step.move not in {attempt.move for attempt in facts.tried}:
            return ProgramAnswer(title=step.title, rationale=step.reason, move=step.move, edits=(step.edit,))
    undone = _undone(parent, template)
    if undone is None:
        return NOTHING
    last = next((move for move in template.moves if move.name == failed.move), None)
    component = last.component if last else ""
    present = frozenset(failed.components) - {component}
    seen = {attempt.move for attempt in facts.tried} | set(facts.running) | {failed.move}
    for move in template.moves:
        same_kind = last is None or move.stage == last.stage
        if move.name in seen or not same_kind or not _goes_with(move, present, template):
            continue
        files = _applied(undone, move.edits)
        if files is not None:
            return ProgramAnswer(
                title=f"{move.title} in place of a change that did not run",
                rationale=move.reason,
                move=move.name,
                component=move.component,
                removes=component,
                files=files,
            )
    return ProgramAnswer(
        title="the last change taken back",
        rationale="The program ran before the change and did not run after it.",
        move=f"undo_{failed.move}",
        removes=component,
        files=undone,
    )


def _recombine(facts: ProgramFacts, template: ResearchTemplate) -> ProgramAnswer:
    """The first parent's program with those of the second's components that go with its own."""
    first, second = facts.parents[0], facts.parents[-1]
    present = frozenset(first.attempt.components)
    wanted = [part for part in second.attempt.components if part not in present]
    files: dict[str, str] = dict(first.files)
    added: list[Move] = []
    for component in wanted:
        for move in (m for m in _exploring(template) if m.component == component):
            joined = _applied(files, move.edits)
            if joined is not None and _goes_with(move, present, template):
                files, present = joined, present | {component}
                added.append(move)
                break
    if len(added) != len(wanted) or not added or present in {frozenset(a.components) for a in facts.tried}:
        return NOTHING
    return ProgramAnswer(
        title=f"{' and '.join(move.title for move in added)}, from the other branch",
        rationale="Each parent gained by its own components; whether the gains add up is a question of its own.",
        move="recombine",
        files=files,
    )


def _replicate(facts: ProgramFacts, template: ResearchTemplate) -> ProgramAnswer:
    return NOTHING  # the harness replicates by seeds; there is no program to write


OPERATORS: dict[str, Callable[[ProgramFacts, ResearchTemplate], ProgramAnswer]] = {
    "draft": _draft,
    "debug": _debug,
    "improve": _improve,
    "tune": _tune,
    "ablate": _ablate,
    "recombine": _recombine,
    "replicate": _replicate,
}


def _exploring(template: ResearchTemplate) -> list[Move]:
    return [move for move in template.moves if move.stage == "explore"]


def _applied(files: Mapping[str, str], edits: tuple[Edit, ...]) -> dict[str, str] | None:
    try:
        return apply_edits(files, edits)
    except EditRejected:
        return None


def _goes_with(move: Move, present: frozenset[str], template: ResearchTemplate) -> bool:
    """Whether a move may be added to these components: not there yet, and excluded from neither side."""
    if move.component and move.component in present:
        return False
    theirs = [m for m in _exploring(template) if m.component in present]
    return not any(m.name in move.excludes or move.name in m.excludes for m in theirs)


def _answer(move: Move) -> ProgramAnswer:
    return ProgramAnswer(
        title=move.title, rationale=move.reason, move=move.name, component=move.component, edits=move.edits
    )


def _worth(name: str, tried: tuple[Attempt, ...]) -> float:
    values = [attempt.value for attempt in tried if attempt.move == name and attempt.value is not None]
    return max(values, default=float("-inf"))


def _undone(parent: Program, template: ResearchTemplate) -> dict[str, str] | None:
    """Return the program before its last move; None if it cannot be taken back."""
    failed = parent.attempt.move
    if failed == ABLATIONS:
        return None  # without its arms it is its parent; ablate tries them one by one instead
    if failed.startswith(ABLATION_PREFIX):
        edit = constants.without_ablation(parent.files[ENTRY], failed.removeprefix(ABLATION_PREFIX))
        return None if edit is None else _applied(parent.files, (edit,))
    last = next((move for move in template.moves if move.name == failed), None)
    return None if last is None else _applied(parent.files, tuple(_reversed(last.edits)))


def _reversed(edits: tuple[Edit, ...]) -> Iterator[Edit]:
    for edit in reversed(edits):
        yield Edit(search=edit.replace, replace=edit.search, file=edit.file)
