"""Moves: each applies, they compose, and each does what its stage says and nothing else."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_scientist.core.edits import Edit
from ai_scientist.core.errors import EditRejected
from ai_scientist.core.plan import ABLATION_PREFIX
from ai_scientist.core.research_template import load_template
from tests.research_templates.programs import TEMPLATES, Log, compatible, edited, moves, namespace, part, run


@cache
def base(name: str) -> Log:
    return run(load_template(name).program)


@cache
def moved(name: str, move: str) -> Log:
    template = load_template(name)
    return run(edited(template, template.move(move).edits))


def ablation(*components: str) -> tuple[Edit, ...]:
    return (Edit(search="ABLATIONS = ()", replace=f"ABLATIONS = {components!r}"),)


@pytest.mark.parametrize("name", TEMPLATES)
def test_there_are_enough_moves_of_both_stages(name: str) -> None:
    found = [move.stage for move in load_template(name).moves]
    assert found.count("tune") >= 3
    assert found.count("explore") >= 7
    assert len({move.name for move in load_template(name).moves}) == len(found)


@pytest.mark.parametrize(("name", "move"), moves("explore"))
def test_an_exploring_move_changes_the_proposed_arm_alone(name: str, move: str) -> None:
    template = load_template(name)
    log = moved(name, move)
    others = [c for c in base(name).conditions if c != template.target]
    assert log.of(template.target) != base(name).of(template.target)
    assert all(log.of(c) == base(name).of(c) for c in others)


@pytest.mark.parametrize(("name", "move"), moves("tune"))
def test_a_tuning_move_changes_the_baseline_and_the_proposed_arm_alike(name: str, move: str) -> None:
    template = load_template(name)
    log = moved(name, move)
    changed = [c for c in base(name).conditions if log.of(c) != base(name).of(c)]
    baseline = next(c.name for c in template.conditions if c.role == "baseline")
    assert {template.target, baseline} <= set(changed), "tuning is judged by the baseline"
    assert log.conditions == base(name).conditions


@pytest.mark.parametrize(("name", "move"), moves("explore"))
def test_a_component_its_function_and_its_string_share_a_name(name: str, move: str) -> None:
    template = load_template(name)
    made = template.move(move)
    names, _ = namespace(edited(template, made.edits))
    assert made.component == made.name
    assert part(names, "ARMS")["proposed"]["components"] == [made.name]
    assert made.name in part(names, "COMPONENTS")


@pytest.mark.parametrize(("name", "move"), moves("explore"))
def test_settings_of_a_component_are_reported_under_the_proposed_arm(name: str, move: str) -> None:
    template = load_template(name)
    names, lab = namespace(edited(template, template.move(move).edits))
    assert {f"proposed/{key}" for key in part(names, "SETTINGS")[move]} <= set(moved(name, move).settings)
    assert lab.told.settings == {}


@pytest.mark.parametrize("name", TEMPLATES)
def test_exclusions_are_mutual_and_name_moves_that_exist(name: str) -> None:
    template = load_template(name)
    excluded = {move.name: set(move.excludes) for move in template.moves}
    for move, others in excluded.items():
        assert move not in others
        assert others <= set(excluded)
        assert all(move in excluded[other] for other in others), move


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_pair_of_moves_applies_in_either_order_unless_excluded(name: str) -> None:
    template = load_template(name)
    for one, other in combinations(template.moves, 2):
        if other.name in one.excludes:
            continue
        for first, second in ((one, other), (other, one)):
            assert edited(template, first.edits, second.edits) != edited(template, first.edits)


@pytest.mark.parametrize("name", TEMPLATES)
def test_tune_moves_of_the_same_constant_exclude_each_other(name: str) -> None:
    template = load_template(name)
    tune = [move for move in template.moves if move.stage == "tune"]
    for one, other in combinations(tune, 2):
        clash = {e.search for e in one.edits} & {e.search for e in other.edits}
        assert bool(clash) == (other.name in one.excludes), (one.name, other.name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_exploring_move_applies_to_every_study(name: str) -> None:
    template = load_template(name)
    for idea in template.ideas:
        applied = 0
        for move in template.moves:
            try:
                edited(template, idea.edits, move.edits)
                applied += 1
            except EditRejected:
                # A study may fix a constant that a tuning move would change.
                assert move.stage == "tune", (idea.id, move.name)
        assert applied >= len(template.moves) - 2


@pytest.mark.parametrize("name", TEMPLATES)
def test_as_many_moves_as_go_together_run_together_with_all_ablations(name: str) -> None:
    template = load_template(name)
    explore = compatible(move for move in template.moves if move.stage == "explore")
    tune = compatible(move for move in template.moves if move.stage == "tune")
    components = tuple(move.component for move in explore)
    log = run(edited(template, *(move.edits for move in (*explore, *tune)), ablation(*components)))
    assert {f"{ABLATION_PREFIX}{c}" for c in components} <= set(log.conditions)
    assert len(explore) >= 5


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_ablation_is_the_program_without_the_move(name: str) -> None:
    """The arm without a component gives, to the last bit, the rows that the proposed arm had before it was added."""
    template = load_template(name)
    first, second = compatible(move for move in template.moves if move.stage == "explore")[:2]
    both = run(edited(template, first.edits, second.edits, ablation(second.component, first.component)))
    before = moved(name, first.name)
    assert both.of(f"without_{second.component}") == before.of("proposed")
    assert both.of(f"without_{first.component}") == moved(name, second.name).of("proposed")
    assert both.of("proposed") != before.of("proposed")


@given(data=st.data(), name=st.sampled_from(TEMPLATES))
@settings(max_examples=12, deadline=None)
def test_any_compatible_set_of_moves_runs_and_leaves_the_baseline_alone(data: st.DataObject, name: str) -> None:
    template = load_template(name)
    explore = [move for move in template.moves if move.stage == "explore"]
    chosen = compatible(data.draw(st.lists(st.sampled_from(explore), min_size=2, max_size=5, unique=True)))
    log = run(edited(template, *(move.edits for move in chosen)))
    baseline = next(c.name for c in template.conditions if c.role == "baseline")
    assert log.of(baseline) == base(name).of(baseline)
    assert log.of("proposed") != base(name).of("proposed")
