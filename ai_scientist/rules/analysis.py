"""Which figures and tables show what was found: the template's own, and those that every paper here has."""

from __future__ import annotations

from ai_scientist.agents.analysis import DisplayAnswer, DisplayFacts, TableRequest
from ai_scientist.core.plan import ABLATION_PREFIX, Hypothesis, Plan
from ai_scientist.core.research_template import Curve, load_template, template_names

MOST_COLUMNS = 5
"""Columns of a table that fit a page's width with intervals."""


def displays(facts: DisplayFacts) -> DisplayAnswer:
    """Return figures and tables of which everything they name was measured; what a problem names is left out."""
    figures = [figure for figure in _figures(facts) if not _is_named(figure.name, facts.problems)]
    tables = [table for table in _tables(facts) if not _is_named(table.name, facts.problems)]
    return DisplayAnswer(figures=tuple(figures), tables=tuple(tables))


def _figures(facts: DisplayFacts) -> list[Curve]:
    plan, measured = facts.plan, _measured(facts)
    own: list[Curve] = []
    if plan.template in template_names():
        own = [figure for figure in load_template(plan.template).figures if _can_be_drawn(figure, facts)]
    names = {figure.name for figure in own}
    if not any(figure.kind == "bars" for figure in own):
        own.insert(0, _bars(plan, tuple(c.name for c in plan.conditions if c.name in measured)))
    if not any(figure.kind == "paired" for figure in own):
        own.append(_paired(plan, plan.hypotheses[0]))
    removed = tuple(name for name in measured if name.startswith(ABLATION_PREFIX))
    if removed and "ablation_bars" not in names:
        own.append(_ablation(plan, (plan.target, *removed)))
    if not any(figure.kind == "tree" for figure in own):
        own.append(_tree(plan))
    return own


def _can_be_drawn(figure: Curve, facts: DisplayFacts) -> bool:
    plan, measured = facts.plan, _measured(facts)
    if figure.metric and figure.metric not in {m.name for m in plan.metrics}:
        return False
    if figure.kind == "paired":
        return figure.hypothesis in facts.results.tests
    if figure.kind == "steps":
        return figure.metric in facts.curves
    if figure.kind == "bars":
        return all(condition in measured for condition in figure.conditions)
    return True


def _bars(plan: Plan, conditions: tuple[str, ...]) -> Curve:
    return Curve(
        name="main_bars",
        kind="bars",
        metric=plan.primary_metric,
        conditions=conditions,
        caption=(
            rf"Mean \metric{{{plan.primary_metric}}} of every condition on every data set, with intervals over the "
            r"confirming seeds. The bars of one data set share their seeds, so what separates them is judged by the "
            r"paired comparisons in the text, not by whether the intervals overlap."
        ),
    )


def _paired(plan: Plan, hypothesis: Hypothesis) -> Curve:
    return Curve(
        name="paired_main",
        kind="paired",
        metric=hypothesis.metric,
        hypothesis=hypothesis.id,
        caption=(
            rf"Differences in \metric{{{hypothesis.metric}}} between \cond{{{hypothesis.treatment}}} and "
            rf"\cond{{{hypothesis.baseline}}}, seed by seed. The main comparison rests on these points; the interval "
            r"is that of their mean."
        ),
    )


def _ablation(plan: Plan, conditions: tuple[str, ...]) -> Curve:
    return Curve(
        name="ablation_bars",
        kind="bars",
        metric=plan.primary_metric,
        conditions=conditions,
        caption=(
            rf"What each component carries: \metric{{{plan.primary_metric}}} of the whole proposed configuration and "
            r"of the same configuration with one of its parts left out."
        ),
    )


def _tree(plan: Plan) -> Curve:
    return Curve(
        name="search_tree",
        kind="tree",
        caption=(
            r"The search: every program that was tried, by stage and by the value it reached on the search seeds. "
            r"These values chose the program; none of them is a result of the paper."
        ),
    )


def _tables(facts: DisplayFacts) -> list[TableRequest]:
    plan, measured = facts.plan, _measured(facts)
    declared = tuple(c.name for c in plan.conditions if c.name in measured)
    metrics = (plan.primary_metric, *(m.name for m in plan.metrics if m.name != plan.primary_metric))
    datasets = tuple(d.name for d in plan.datasets)
    tables = [
        TableRequest(
            name="main",
            metrics=metrics[:MOST_COLUMNS],
            conditions=declared,
            datasets=("all",),
            caption=(
                r"All conditions on all declared metrics: means over data sets with their intervals over the "
                r"confirming seeds."
            ),
        )
    ]
    if len(datasets) > 1:
        tables.append(
            TableRequest(
                name="datasets",
                metrics=(plan.primary_metric,),
                conditions=declared,
                datasets=datasets[:MOST_COLUMNS],
                caption=rf"\metric{{{plan.primary_metric}}} by condition, for each data set by itself.",
            )
        )
    removed = tuple(name for name in measured if name.startswith(ABLATION_PREFIX))
    if removed:
        tables.append(
            TableRequest(
                name="ablation",
                metrics=metrics[:3],
                conditions=(plan.target, *removed),
                datasets=("all",),
                caption=(
                    r"Ablation: the proposed configuration, and the same with each of its components left out in turn."
                ),
            )
        )
    return tables


def _measured(facts: DisplayFacts) -> tuple[str, ...]:
    """Return the conditions that have a mean over data sets, planned ones in the plan's order, then ablations."""
    found = {cell.condition for cell in facts.results.cells.values() if cell.stat == "mean" and cell.dataset == "all"}
    planned = [c.name for c in facts.plan.conditions if c.name in found]
    return (*planned, *sorted(found - set(planned)))


def _is_named(name: str, problems: tuple[str, ...]) -> bool:
    return any(problem.startswith(f"{name}:") for problem in problems)
