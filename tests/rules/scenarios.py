"""Whole sets of facts for a paper, from a template and a scenario: rows are made up, everything else is computed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Literal

from ai_scientist.agents.analysis import DisplayFacts
from ai_scientist.agents.ideation import Abstract, TopicFacts
from ai_scientist.agents.planning import PlanFacts
from ai_scientist.agents.writing import PaperFacts, Step, Story
from ai_scientist.analysis.results import build_results
from ai_scientist.analysis.rows import Row, RunConfig
from ai_scientist.core.idea import AtomicClaim, ClaimEvidence, Idea, NoveltyReport
from ai_scientist.core.plan import Hypothesis, Metric, Plan, StagePlan
from ai_scientist.core.research_template import Move, ResearchTemplate, load_template
from ai_scientist.core.values import Scalar
from ai_scientist.literature.records import Quote, Record
from ai_scientist.paper.context import RenderContext
from ai_scientist.paper.document import Figure, Table
from ai_scientist.rules import analysis, ideation, planning

Outcome = Literal["supported", "contradicted", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What the made-up world looks like.

    Attributes:
        main: What the first hypothesis shall come out as.
        rest: What the others shall.
        divided: Whether the last data set goes the other way.
        kept: How many components the search keeps.
        helps: Whether they help on fresh seeds.
        weak: Whether effects are small beside the spread.
    """

    name: str
    main: Outcome = "supported"
    rest: Outcome = "supported"
    divided: bool = False
    kept: int = 3
    helps: bool = True
    quick: bool = False
    weak: bool = False


SCENARIOS = (
    Scenario(name="all supported"),
    Scenario(name="main contradicted", main="contradicted"),
    Scenario(name="all contradicted", main="contradicted", rest="contradicted", kept=2),
    Scenario(name="everything open", main="open", rest="open", kept=2, helps=False),
    Scenario(name="divided over data", divided=True),
    Scenario(name="nothing helped", kept=0, helps=False),
    Scenario(name="one component", kept=1),
    Scenario(name="did not hold up", rest="open", kept=2, helps=False),
    Scenario(name="main open", main="open", kept=2),
    Scenario(name="quick", quick=True, kept=1, weak=True),
)


def plan_for(template: ResearchTemplate, idea: Idea, *, quick: bool = False) -> Plan:
    facts = PlanFacts(
        idea=idea, literature=(), packages=("numpy",), timeout_seconds=60, search_seeds=4, confirm_seeds=12
    )
    answer = planning.plan(facts)
    names = ("implement", "tune", "explore", "ablate", "confirm")
    return Plan(
        idea=idea.id,
        template=template.id,
        search_seeds=tuple(range(4)),
        confirm_seeds=tuple(range(5000, 5005 if quick else 5012)),
        stages=tuple(StagePlan(name=name, goal=name, nodes=4) for name in names),
        **{name: getattr(answer, name) for name in type(answer).model_fields if name != "left_out"},
    )


def idea_for(template: ResearchTemplate, topic: str | None = None) -> Idea:
    facts = TopicFacts(
        topic=topic or template.examples[0], count=3, literature=(), packages=("numpy",), template=template.id
    )
    return ideation.propose(facts).ideas[0]


@cache
def paper(template_id: str, scenario: Scenario, topic: str | None = None) -> PaperFacts:
    """Return everything that a paper of this scenario may rest on."""
    template = load_template(template_id)
    idea = idea_for(template, topic)
    plan = plan_for(template, idea, quick=scenario.quick)
    moves = _kept(template, scenario.kept)
    components = tuple(move.component for move in moves)
    config = _config(template, components)
    results = build_results(_rows(plan, scenario, components), plan, config)
    records = tuple(_records(template).values())
    displays = analysis.displays(DisplayFacts(plan=plan, results=results, curves=tuple(m.name for m in plan.metrics)))
    return PaperFacts(
        topic=topic or template.examples[0],
        idea=idea,
        plan=plan,
        novelty=_novelty(idea, records),
        results=results,
        story=_story(template, plan, moves, scenario),
        literature=tuple(Abstract(id=r.id, title=r.title, year=r.year, text=r.text) for r in records),
        quotes=tuple(_quotes(template).values()),
        figures=tuple(
            Figure(name=figure.name, file=f"results/figures/{figure.name}.pdf", caption=figure.caption)
            for figure in displays.figures
        ),
        tables=tuple(Table(name=table.name, columns="l", body="", caption=table.caption) for table in displays.tables),
        quick=scenario.quick,
        writer="rules",
    )


def context(facts: PaperFacts) -> RenderContext:
    """Return what the paper's macros are rendered from."""
    assert facts.plan.template is not None
    template = load_template(facts.plan.template)
    return RenderContext(
        results=facts.results,
        plan=facts.plan,
        records=_records(template),
        quotes=_quotes(template),
        counts=facts.story.counts,
    )


def _kept(template: ResearchTemplate, count: int) -> list[Move]:
    """Return the first exploring moves that go together."""
    kept: list[Move] = []
    for move in template.moves:
        excluded = any(move.name in other.excludes or other.name in move.excludes for other in kept)
        if move.stage == "explore" and not excluded and len(kept) < count:
            kept.append(move)
    return kept


def _config(template: ResearchTemplate, components: Sequence[str]) -> RunConfig:
    texts = [template.method, *template.limitations, *(figure.caption for figure in template.figures)]
    settings: dict[str, Scalar] = dict.fromkeys(re.findall(r"\\cfg\{([^}]+)\}", " ".join(texts)), 0.3)
    data: dict[str, Scalar] = dict.fromkeys(re.findall(r"\\data\{([^}]+)\}", " ".join(texts)), 128)
    for dataset in template.datasets:
        for key in ("n_train", "n_test", "n_features", "n_classes"):
            data[f"{dataset.name}/{key}"] = 24
    settings["proposed/components"] = " + ".join(components) or "none"
    for move in template.moves:
        if move.component in components:
            for given in re.findall(r"@component\(([^)]*)\)", "".join(edit.replace for edit in move.edits)):
                for key in re.findall(r"(\w+)=", given):
                    settings[f"proposed/{key}"] = 0.25
    return RunConfig(settings=settings, data=data)


def _level(metric: Metric) -> float:
    low = metric.low if metric.low is not None else 0.0
    high = metric.high if metric.high is not None else low + 1.0
    return 0.0 if low < 0 else low + 0.3 * (high - low) if metric.direction == "lower" else low + 0.7 * (high - low)


def _means(plan: Plan, scenario: Scenario) -> dict[tuple[str, str], float]:
    """Return (metric, condition) → level, so that hypotheses come out as the scenario wants, as far as they can."""
    means: dict[tuple[str, str], float] = {}
    for number, h in enumerate(plan.hypotheses):
        effect = _effect(h, plan, scenario.main if number == 0 else scenario.rest, scenario)
        treatment, baseline = (h.metric, h.treatment), (h.metric, h.baseline)
        if baseline not in means and treatment in means:
            means[baseline] = means[treatment] - effect
        else:
            means.setdefault(baseline, _level(plan.metric(h.metric)))
            means.setdefault(treatment, means[baseline] + effect)
    for metric in plan.metrics:
        for condition in plan.conditions:
            means.setdefault((metric.name, condition.name), _level(metric))
    return means


def _effect(h: Hypothesis, plan: Plan, outcome: Outcome, scenario: Scenario) -> float:
    metric = plan.metric(h.metric)
    unit = 0.12 * ((metric.high - metric.low) if metric.high is not None and metric.low is not None else 1.0)
    unit *= 0.12 if scenario.weak else 1.0
    if h.expects == "equivalent":
        return 0.0 if outcome == "supported" else 3.0 * (h.margin or 1.0)
    if outcome == "open" or (h.treatment == plan.target and not scenario.helps):
        return 0.0
    up = (h.expects != "lower") == (outcome == "supported")
    return unit if up else -unit


def _rows(plan: Plan, scenario: Scenario, components: Sequence[str]) -> list[Row]:
    means = _means(plan, scenario)
    rows: list[Row] = []
    names = [c.name for c in plan.conditions] + [f"without_{part}" for part in components]
    for metric in plan.metrics:
        spread = 0.01 * ((metric.high - metric.low) if metric.high is not None and metric.low is not None else 1.0)
        for name in names:
            for place, dataset in enumerate(plan.datasets):
                for seed in plan.confirm_seeds:
                    centre = _centre(means, metric, name, plan, components, scenario)
                    level = _level(metric)
                    if scenario.divided and place == len(plan.datasets) - 1:
                        centre = level - 0.8 * (centre - level)
                    rng = Random(f"{metric.name}/{name}/{dataset.name}/{seed}")
                    value = centre + rng.gauss(0, spread) + Random(f"{dataset.name}/{seed}").gauss(0, spread)
                    low = metric.low if metric.low is not None else value
                    high = metric.high if metric.high is not None else value
                    rows.append(_row(metric.name, name, dataset.name, seed, max(low, min(high, value))))
    return rows


def _centre(
    means: dict[tuple[str, str], float],
    metric: Metric,
    name: str,
    plan: Plan,
    components: Sequence[str],
    scenario: Scenario,
) -> float:
    if not name.startswith("without_"):
        return means[metric.name, name]
    whole = means[metric.name, plan.target]
    start = next((h.baseline for h in plan.hypotheses if h.treatment == plan.target), plan.baseline.name)
    part = name.removeprefix("without_")
    share = (0.6, 0.0, -0.25)[components.index(part) % 3] if scenario.helps else 0.0
    return whole + share * (means[metric.name, start] - whole)


def _row(metric: str, condition: str, dataset: str, seed: int, value: float) -> Row:
    return Row(
        metric=metric,
        value=value,
        condition=condition,
        dataset=dataset,
        node="n0042",
        seed=seed,
        code="c" * 40,
        data="d" * 64,
        time="2026-01-01T00:00:00.000Z",
    )


def _story(template: ResearchTemplate, plan: Plan, kept: Sequence[Move], scenario: Scenario) -> Story:
    steps = [_step("implement", "draft", template.id, "first program", chosen=True)]
    tune = [move for move in template.moves if move.stage == "tune"][:3]
    steps += [
        _step("tune", "tune", move.name, move.title, improved=number == 1, chosen=number == 1)
        for number, move in enumerate(tune)
    ]
    tried = [move for move in template.moves if move.stage == "explore"][: 6 if not scenario.quick else 3]
    for number, move in enumerate(tried):
        steps.append(
            _step(
                "explore",
                "improve",
                move.name,
                move.title,
                component=move.component,
                improved=move in kept,
                chosen=move in kept,
                status="timed_out" if number == 5 and move not in kept else "ok",
            )
        )
    steps += [
        _step("ablate", "ablate", f"without_{move.component}", f"ablation of {move.title}", chosen=True)
        for move in kept
    ]
    counts = {"nodes": len(steps), "good_nodes": len(steps) - 1, "failed_nodes": sum(s.status != "ok" for s in steps)}
    counts |= {"runs": 4 * len(steps), "search_seeds": 4, "confirm_seeds": len(plan.confirm_seeds)}
    counts |= {"hypotheses": len(plan.hypotheses), "conditions": len(plan.conditions)}
    counts |= {"datasets": len(plan.datasets), "moves": len(steps), "components": len(kept)}
    for stage in plan.stages:
        counts[f"nodes_{stage.name}"] = sum(step.stage == stage.name for step in steps)
    return Story(steps=tuple(steps), components=tuple(move.component for move in kept), counts=counts)


def _step(
    stage: str,
    operator: str,
    move: str,
    title: str,
    *,
    component: str = "",
    improved: bool | None = None,
    chosen: bool = False,
    status: str = "ok",
) -> Step:
    return Step(
        node=f"n{int(hashlib.sha256(f'{stage}{move}'.encode()).hexdigest()[:4], 16):05d}",
        stage=stage,
        operator=operator,
        title=title,
        move=move,
        component=component,
        rationale="",
        status=status,
        improved=improved if status == "ok" else None,
        chosen=chosen,
    )


def _records(template: ResearchTemplate) -> dict[str, Record]:
    texts: dict[str, list[str]] = {}
    for citation in template.citations:
        texts.setdefault(citation.record, []).append(citation.quote.strip())
    for move in template.moves:
        for record in move.records:
            texts.setdefault(record, [])
    texts["neighbour2021"] = [template.question, *(seed.question for seed in template.ideas)]
    return {
        name: Record(
            id=name,
            title=f"A paper on {template.field}",
            authors=("Doe, Jane",),
            year=2020,
            text=" ".join([*quotes, f"A study of {template.field} in another setting."]),
            source="shipped",
        )
        for name, quotes in texts.items()
    }


def _quotes(template: ResearchTemplate) -> dict[str, Quote]:
    quotes: dict[str, Quote] = {}
    for number, citation in enumerate(template.citations, 1):
        text = _records(template)[citation.record].text
        name = f"{citation.record}-q{number}"
        quotes[name] = Quote(
            id=name, record=citation.record, text=citation.quote.strip(), start=text.index(citation.quote.strip())
        )
    return quotes


def _novelty(idea: Idea, records: Sequence[Record]) -> NoveltyReport:
    evidence = tuple(
        ClaimEvidence(
            claim=AtomicClaim(kind="problem", text=idea.question),
            record=record.id,
            closeness="other method, same goal",
            quote=record.text[:40],
            verified=True,
        )
        for record in records[:2]
    )
    verdict = "partly known" if evidence else "not established"
    return NoveltyReport(
        idea=idea.id, verdict=verdict, evidence=evidence, queries=("a query",), failures=(), summary=""
    )
