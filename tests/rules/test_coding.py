from __future__ import annotations

import ast
from collections.abc import Sequence

import pytest

from ai_scientist.agents.coding import Attempt, Program, ProgramAnswer, ProgramFacts
from ai_scientist.core.edits import apply_edits
from ai_scientist.core.errors import ModelError
from ai_scientist.core.research_template import load_template, template_names
from ai_scientist.rules import constants
from ai_scientist.rules.coding import ENTRY, program
from tests.rules.scenarios import idea_for, plan_for


class Tree:
    """A search in miniature: every answer becomes a node whose outcome the test decides."""

    def __init__(self, name: str) -> None:
        self.template = load_template(name)
        self.plan = plan_for(self.template, idea_for(self.template))
        self.tried: list[Attempt] = []

    def facts(
        self, operator: str, parents: Sequence[Program] = (), *, running: tuple[str, ...] = (), seed: int = 0
    ) -> ProgramFacts:
        return ProgramFacts(
            operator=operator,
            plan=self.plan,
            stage=operator,
            goal="",
            target=self.plan.target,
            parents=tuple(parents),
            tried=tuple(self.tried),
            running=running,
            contract="",
            seed=seed,
        )

    def ask(self, operator: str, *parents: Program, seed: int = 0) -> ProgramAnswer:
        return program(self.facts(operator, parents, seed=seed))

    def grow(
        self, operator: str, *parents: Program, value: float | None = 0.5, status: str = "ok", seed: int = 0
    ) -> Program | None:
        """Return the child, with its outcome; None if nothing is left."""
        answer = self.ask(operator, *parents, seed=seed)
        if answer.nothing_left:
            return None
        base = dict(parents[0].files) if parents else {}
        files = apply_edits(base, answer.edits) if answer.edits else base | answer.files
        assert files != base
        ast.parse(files[ENTRY])
        inherited = tuple(dict.fromkeys(part for parent in parents for part in parent.attempt.components))
        components = tuple(part for part in inherited if part != answer.removes)
        if answer.component and answer.component not in components:
            components = (*components, answer.component)
        attempt = Attempt(
            title=answer.title,
            operator=operator,
            move=answer.move,
            components=components,
            status=status,
            value=value if status == "ok" else None,
        )
        self.tried.append(attempt)
        return Program(files=files, attempt=attempt)

    def root(self) -> Program:
        made = self.grow("draft")
        assert made is not None
        return made

    def chain(self, length: int) -> Program:
        """Return a program with so many components."""
        at = self.root()
        for step in range(length):
            grown = self.grow("improve", at, value=0.5 + step / 100)
            assert grown is not None
            at = grown
        return at


@pytest.fixture(params=template_names())
def tree(request: pytest.FixtureRequest) -> Tree:
    return Tree(str(request.param))


def test_the_first_draft_is_the_template_with_the_constants_of_the_study(tree: Tree) -> None:
    root = tree.root()
    seed = next(s for s in tree.template.ideas if s.id == tree.plan.idea)
    wanted = {ENTRY: tree.template.program}
    assert root.files == (apply_edits(wanted, seed.edits) if seed.edits else wanted)


def test_a_further_draft_starts_from_another_component(tree: Tree) -> None:
    first, second = tree.root(), tree.grow("draft")
    assert second is not None
    assert second.files != first.files
    assert second.attempt.components


def test_tuning_tries_every_named_move_once_and_then_constants(tree: Tree) -> None:
    root = tree.root()
    named = {move.name for move in tree.template.moves if move.stage == "tune"}
    for seed in range(len(named)):
        assert tree.grow("tune", root, seed=seed) is not None
    tuned = [attempt.move for attempt in tree.tried if attempt.operator == "tune"]
    assert set(tuned) == named
    perturbed = tree.ask("tune", root, seed=7)
    assert perturbed.move not in named
    assert len(perturbed.edits) == 1
    assert perturbed == tree.ask("tune", root, seed=7)


def test_tuning_ends_when_every_move_and_every_step_was_tried(tree: Tree) -> None:
    root = tree.root()
    for seed in range(200):
        if tree.grow("tune", root, seed=seed) is None:
            break
    moves = [attempt.move for attempt in tree.tried]
    assert len(moves) == len(set(moves)) < 200
    assert tree.ask("tune", root).nothing_left


def test_improving_a_root_tries_each_explore_move_once_in_the_templates_order(tree: Tree) -> None:
    root = tree.root()
    explore = [move.name for move in tree.template.moves if move.stage == "explore"]
    for _ in explore:
        assert tree.grow("improve", root) is not None
    assert [attempt.move for attempt in tree.tried if attempt.operator == "improve"] == explore
    assert tree.ask("improve", root).nothing_left


def test_a_child_never_holds_moves_that_exclude_each_other(tree: Tree) -> None:
    moves = {move.component: move for move in tree.template.moves if move.stage == "explore"}
    at = tree.chain(4)
    held = [moves[part] for part in at.attempt.components]
    assert len(held) == 4
    assert not any(a.name in b.excludes for a in held for b in held if a is not b)


def test_no_set_of_components_is_tried_twice(tree: Tree) -> None:
    root = tree.root()
    nodes = [root]
    for step in range(14):
        child = tree.grow("improve", nodes[step % len(nodes)], value=step / 20)
        if child is not None:
            nodes.append(child)
    sets = [frozenset(attempt.components) for attempt in tree.tried if attempt.operator == "improve" and attempt.move]
    perturbed = [
        a for a in tree.tried if a.operator == "improve" and not any(m.name == a.move for m in tree.template.moves)
    ]
    assert len(set(sets)) >= len(sets) - len(perturbed)


def test_combinations_of_what_did_best_come_before_the_others(tree: Tree) -> None:
    root = tree.root()
    explore = [move for move in tree.template.moves if move.stage == "explore"]
    values = {move.name: number for number, move in enumerate(explore)}
    first: Program | None = None
    for move in explore:
        child = tree.grow("improve", root, value=float(values[move.name]))
        first = first or child
    assert first is not None
    following = tree.ask("improve", first)
    start = explore[0]
    free = [m for m in explore[1:] if m.name not in start.excludes and start.name not in m.excludes]
    assert following.move == max(free, key=lambda m: values[m.name]).name


def test_a_move_that_is_being_tried_is_not_proposed_again(tree: Tree) -> None:
    root = tree.root()
    first = tree.ask("improve", root)
    other = program(tree.facts("improve", [root], running=(first.move,)))
    assert other.move != first.move


def test_ablation_gives_every_component_an_arm(tree: Tree) -> None:
    whole = tree.chain(3)
    ablated = tree.grow("ablate", whole)
    assert ablated is not None
    assert set(constants.ablations(ablated.files[ENTRY])) == set(whole.attempt.components)
    assert ablated.attempt.components == whole.attempt.components
    assert tree.ask("ablate", ablated).nothing_left
    assert tree.ask("ablate", whole).nothing_left


def test_ablation_goes_one_by_one_where_all_at_once_did_not_run(tree: Tree) -> None:
    whole = tree.chain(2)
    assert tree.grow("ablate", whole, status="timed_out") is not None
    child = tree.grow("ablate", whole)
    assert child is not None
    assert len(constants.ablations(child.files[ENTRY])) == 1
    assert tree.tried[-1].move == f"without_{whole.attempt.components[0]}"


def test_nothing_is_ablated_where_there_is_no_component(tree: Tree) -> None:
    assert tree.ask("ablate", tree.root()).nothing_left


def test_debugging_takes_the_move_back_and_tries_another_in_its_place(tree: Tree) -> None:
    root = tree.root()
    broken = tree.grow("improve", root, status="crashed")
    assert broken is not None
    answer = tree.ask("debug", broken)
    assert answer.removes == broken.attempt.components[0]
    assert answer.component not in ("", answer.removes)
    move = tree.template.move(answer.move)
    assert answer.files == apply_edits(root.files, move.edits)


def test_debugging_reads_no_score(tree: Tree) -> None:
    root = tree.root()
    broken = tree.grow("improve", root, status="crashed")
    assert broken is not None
    answers = set[str]()
    for value in (None, 0.0, 1.0):
        attempts = tuple(a.model_copy(update={"value": value}) for a in tree.tried)
        facts = tree.facts("debug", [broken]).model_copy(update={"tried": attempts})
        answers.add(program(facts).model_dump_json())
    assert len(answers) == 1


def test_a_program_that_ran_out_of_time_is_made_cheaper(tree: Tree) -> None:
    root = tree.root()
    slow = root.model_copy(update={"attempt": root.attempt.model_copy(update={"status": "timed_out"})})
    step = constants.cheaper(slow.files[ENTRY])
    answer = tree.ask("debug", slow)
    if step is None:
        assert answer.nothing_left
    else:
        assert answer.edits == (step.edit,)


def test_recombining_unites_the_components_of_both_parents(tree: Tree) -> None:
    root = tree.root()
    explore = [move for move in tree.template.moves if move.stage == "explore"]
    children = [tree.grow("improve", root) for _ in explore]
    first = children[0]
    pair = next(
        second
        for second, move in zip(children[1:], explore[1:], strict=True)
        if second is not None and move.name not in explore[0].excludes and explore[0].name not in move.excludes
    )
    assert first is not None
    assert pair is not None
    answer = tree.ask("recombine", first, pair)
    assert not answer.nothing_left
    joined = tree.grow("recombine", first, pair)
    assert joined is not None
    assert set(joined.attempt.components) == {*first.attempt.components, *pair.attempt.components}
    assert tree.ask("recombine", first, pair).nothing_left


def test_titles_and_reasons_hold_no_digit_because_papers_print_them(tree: Tree) -> None:
    root = tree.root()
    for seed in range(30):
        tree.grow("tune", root, seed=seed)
    tree.grow("ablate", tree.chain(2))
    assert not [a.title for a in tree.tried if any(letter.isdigit() for letter in a.title)]


def test_an_unknown_operator_is_an_error_of_the_caller() -> None:
    tree = Tree("label_noise")
    with pytest.raises(ModelError, match="no rule for the operator 'mutate'"):
        tree.ask("mutate", tree.root())


@pytest.mark.parametrize("value", [0.1, 0.8, 0.97, 3.0, 12, 1])
def test_a_perturbed_share_stays_a_share(value: float) -> None:
    made = constants.steps(f"SHARE = {value!r}\n", ["SHARE"])
    assert made
    for step in made:
        new = float(step.edit.replace.partition("=")[2])
        assert new > 0
        assert new != value
        if value < 1:
            assert new < 1


def test_constants_that_are_no_plain_numbers_are_left_alone() -> None:
    text = "FLAG = True\nNAME = 'x'\nPAIR = 0.5, 0.2\nTWICE = 1\nTWICE = 2\nZERO = 0\n"
    assert constants.steps(text, ["FLAG", "NAME", "PAIR", "TWICE", "ZERO", "ABSENT"]) == []


def test_a_program_that_is_no_python_has_no_constants() -> None:
    assert constants.steps("def (", ["EPOCHS"]) == []
    assert constants.ablations("def (") == ()
