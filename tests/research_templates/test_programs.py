"""A template's program: what it logs, that arms share what they should, that seeds and nothing else decide."""

from __future__ import annotations

import math
import re
from functools import cache

import pytest

from ai_scientist.analysis.check import SAME
from ai_scientist.analysis.recompute import recompute
from ai_scientist.core.research_template import load_template
from tests.research_templates.programs import TEMPLATES, Log, edited, namespace, part, run


@cache
def base(name: str, seed: int = 0) -> Log:
    return run(load_template(name).program, seed)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_declared_condition_and_metric_is_logged_and_no_other(name: str) -> None:
    template, log = load_template(name), base(name)
    assert sorted(log.conditions) == sorted(c.name for c in template.conditions)
    final = {(m, c) for m, c, _, step in log.rows if step is None}
    assert final == {(m.name, c.name) for m in template.metrics for c in template.conditions}


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_whole_program_knows_every_declared_data_set(name: str) -> None:
    names, _ = namespace(load_template(name).program)
    known = list(part(names, "DATASETS" if "DATASETS" in names else "PERIODS"))
    assert known == [d.name for d in load_template(name).datasets]


@pytest.mark.parametrize("name", TEMPLATES)
def test_values_lie_in_their_declared_ranges(name: str) -> None:
    template = load_template(name)
    for (metric, *_), value in base(name).rows.items():
        declared = next(m for m in template.metrics if m.name == metric)
        low = -math.inf if declared.low is None else declared.low
        high = math.inf if declared.high is None else declared.high
        assert low <= value <= high, metric


CLASSIFIERS = {"label_noise": {"accuracy"}, "regularisers": {"accuracy"}, "schedules": {"accuracy", "brier"}}
"""Templates whose programs hand over predictions, and the metrics that these give."""


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_predictions_of_every_arm_give_the_metrics_that_were_logged(name: str) -> None:
    log = base(name)
    found = {
        (metric.name, told.condition, told.dataset, None): value
        for told in log.predictions
        for metric in load_template(name).metrics
        if (value := recompute(told, metric.name, {})) is not None
    }
    assert {place[0] for place in found} == CLASSIFIERS[name]
    assert {place[1] for place in found} == set(log.conditions)
    assert {place: log.rows[place] for place in found} == pytest.approx(found, rel=SAME, abs=SAME)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(name: str) -> None:
    program = load_template(name).program
    assert run(program, 1).rows == base(name, 1).rows
    assert all(base(name, 1).of(c) != base(name, 2).of(c) for c in base(name).conditions)


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_two_arms_are_one_arm_under_two_names(name: str) -> None:
    log = base(name)
    arms = [tuple(sorted(log.of(c).items(), key=str)) for c in log.conditions]
    assert len(set(arms)) == len(arms)


@pytest.mark.parametrize("name", TEMPLATES)
def test_rows_of_an_arm_do_not_depend_on_which_other_arms_there_are(name: str) -> None:
    names, lab = namespace(load_template(name).program)
    arms = part(names, "ARMS")
    target = next(c.name for c in load_template(name).conditions if c.role == "control")
    alone = run(load_template(name).program, ARMS={target: arms[target]})
    assert alone.of(target) == base(name).of(target)
    assert lab.told.rows == {}, "importing the program must not run it"


@pytest.mark.parametrize("name", TEMPLATES)
def test_arms_differ_in_a_table_and_the_proposed_arm_starts_empty(name: str) -> None:
    names, _ = namespace(load_template(name).program)
    arms = part(names, "ARMS")
    assert arms["proposed"]["components"] == []
    assert names["ABLATIONS"] == ()
    assert "proposed" in arms and load_template(name).target == "proposed"


@pytest.mark.parametrize("name", TEMPLATES)
def test_without_components_the_proposed_arm_repeats_another_arm_on_its_own_draws(name: str) -> None:
    names, _ = namespace(load_template(name).program)
    arms = part(names, "ARMS")
    twins = [arm for arm, made in arms.items() if made == arms["proposed"] and arm != "proposed"]
    assert len(twins) == 1
    assert base(name).of(twins[0]) != base(name).of("proposed")


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_the_texts_quote_of_settings_and_data_is_reported(name: str) -> None:
    template = load_template(name)
    text = " ".join((template.method, *template.limitations, *(f.caption for f in template.figures)))
    # The data sets' facts come from the whole program; only the last one is loaded by the shrunken run.
    keys = {key.split("/")[1] for key in base(name).data}
    assert set(re.findall(r"\\cfg\{([^}]*)\}", text)) <= set(base(name).settings)
    assert {key.split("/")[1] for key in re.findall(r"\\data\{([^}]*)\}", text)} <= keys


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_study_runs(name: str) -> None:
    template = load_template(name)
    for idea in template.ideas:
        if idea.edits:
            assert run(edited(template, idea.edits)).rows != base(name).rows, idea.id
