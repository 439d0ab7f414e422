"""The experiment manager: one step is one stage of the tree search, driven to its end or to the budget's."""

from __future__ import annotations

from collections.abc import Mapping

from ai_scientist.agents.operators import AgentOperator
from ai_scientist.core.errors import BudgetExceeded
from ai_scientist.core.ids import NodeId
from ai_scientist.core.plan import Plan
from ai_scientist.graph.code_repository import write_code
from ai_scientist.graph.contract import program_contract
from ai_scientist.graph.curves import LiveCurves
from ai_scientist.graph.evaluator import ProgramEvaluator, Tidied, record_outcome
from ai_scientist.graph.ideas import PACKAGES
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.planning import locked_plan
from ai_scientist.graph.results import rows_of
from ai_scientist.graph.state import StageEnd, State, Update
from ai_scientist.graph.value import shipped_value
from ai_scientist.sandbox.bench import Bench
from ai_scientist.search.cascade import EarlyStop, Pilot
from ai_scientist.search.contracts import Evaluator, Operator, ValueFunction
from ai_scientist.search.journal import Journal
from ai_scientist.search.operators import Replicate
from ai_scientist.search.scheduler import Scheduler
from ai_scientist.search.stage import Stage
from ai_scientist.search.stage_run import Progress
from ai_scientist.search.stages import CONFIRM, default_stages, load_stages

ASKING = ("draft", "debug", "improve", "tune", "ablate", "recombine")
"""Operators that ask the coding agent."""

LOG_CHARACTERS = 2000
"""How much of what a program printed the coding agent is shown."""


def stages_of(plan: Plan, parts: Parts) -> tuple[Stage, ...]:
    """Return the run's stages: the plan's own, or the user's file."""
    settings = parts.settings.search
    return load_stages(settings.stages, plan, settings) if settings.stages else default_stages(plan, settings)


def next_stage(state: State, plan: Plan, parts: Parts) -> Stage | None:
    """Return the first stage that is not over; after a budget was reached, only the confirm stage is left."""
    over = {end["name"] for end in state["ends"] if _still_stands(end, parts.journal)}
    left = [stage for stage in stages_of(plan, parts) if stage.name not in over]
    if state["status"] == "budget":
        left = [stage for stage in left if stage.name == CONFIRM]
    return left[0] if left else None


def _still_stands(end: StageEnd, journal: Journal) -> bool:
    """Whether a stage that the graph saw ending has not been opened again by a rewind, which withdraws nodes."""
    return end["name"] in journal.stages and journal.stage(end["name"]).made == end["nodes"]


async def run_stage(state: State, parts: Parts) -> Update:
    """Run the next stage of the search; one that a crash or a budget broke off is taken up where it was."""
    plan = locked_plan(parts)
    stage = next_stage(state, plan, parts)
    if stage is None:
        return {}
    for node in parts.journal.newest(1):
        record_outcome(node, plan, parts)  # if a crash came between journal and ledger
    parts.progress("stage.started", name=stage.name, goal=stage.goal, nodes=stage.nodes)
    update: Update = {}
    try:
        result = await _scheduler(stage, plan, parts, await parts.bench()).run_stage(stage)
        why, best = result.reason, result.best
    except BudgetExceeded as exceeded:
        # The stage ends, not the run: what was found so far is confirmed and written about. Where the limit was the
        # stage's own, the next stage has its turn.
        why, best = f"budget: {exceeded.limit}", parts.journal.handed_on(stage.name)
        if not exceeded.stage:
            update["status"] = "budget"
        facts = {"limit": exceeded.limit, "step": stage.name}
        parts.ledger.record("budget.reached", actor="harness", key=f"budget:{stage.name}", facts=facts)
        parts.progress("budget.reached", limit=exceeded.limit)
    end = StageEnd(name=stage.name, why=why, nodes=parts.journal.stage(stage.name).made, best=best)
    parts.ledger.record("stage.finished", actor="search", key=f"stage:{stage.name}", facts=dict(end))
    parts.progress("stage.finished", name=stage.name, why=why)
    update["ends"] = [*(other for other in state["ends"] if other["name"] != stage.name), end]
    if stage.name == CONFIRM:
        update["confirmed"] = await _confirm(best, plan, parts)
    return update


def has_more(state: State, parts: Parts) -> bool:
    """Whether a stage is left that can be run."""
    ends = state["ends"]
    if ends and ends[-1]["best"] is None and not _anything_good(parts):
        return False
    return next_stage(state, locked_plan(parts), parts) is not None


def _anything_good(parts: Parts) -> bool:
    return any(parts.journal.best(name) for name in parts.journal.stages)


def _scheduler(stage: Stage, plan: Plan, parts: Parts, bench: Bench) -> Scheduler:
    search = parts.settings.search
    contract = program_contract(parts.settings, inputs=tuple(bench.inputs), packages=bench.extra_packages)
    parts.ledger.record("sandbox.chosen", actor="harness", facts=dict(bench.facts))
    operators: dict[str, Operator] = {
        name: AgentOperator(
            name,
            model=parts.model,
            plan=plan,
            checkpoints=parts.checkpoints,
            contract=contract,
            seed=parts.settings.seed,
            printed=lambda node: _printed(node, parts),
        )
        for name in ASKING
    }
    value = parts.value or shipped_value(search.value, plan)
    return Scheduler(
        journal=parts.journal,
        checkpoints=parts.checkpoints,
        operators={**operators, "replicate": Replicate(parts.checkpoints)},
        evaluator=_evaluator(stage, plan, parts, bench, value),
        value=value,
        slots=search.slots,
        calls=parts.settings.model.calls if parts.settings.model.name != "rules" else 1,
        seed=parts.settings.seed,
        check_budget=lambda: parts.budget.check(stage.name),
        progress=lambda told: _tell(told, plan, parts),
        clock=parts.clock,
    )


def _evaluator(stage: Stage, plan: Plan, parts: Parts, bench: Bench, value: ValueFunction) -> Evaluator:
    """What measures the stage's nodes: the sandbox, behind whatever spares it work on those that cannot win."""
    evaluator: Evaluator = ProgramEvaluator(parts, plan, bench)
    if stage.pilot_seeds:
        # A node's folder holds its last evaluation only, so that the pilot's seeds are run again with the others.
        evaluator = Pilot(evaluator, journal=parts.journal, value=value, seeds=stage.pilot_seeds, keeps_pilot=False)
    if stage.early_stop:
        curves = LiveCurves(plan, parts)
        evaluator = EarlyStop(evaluator, curves.of, earlier=curves.of_stage)
    return Tidied(evaluator, parts)


def _printed(node: NodeId, parts: Parts) -> str:
    file = parts.folder.node(node) / "stdout.txt"
    return file.read_text(errors="replace")[-LOG_CHARACTERS:] if file.exists() else ""


def _tell(told: Progress, plan: Plan, parts: Parts) -> None:
    """Pass on what the search says, and keep in the ledger what was proposed and what came of it."""
    node = told.node
    if node is None:
        return
    if told.event == "proposed":
        facts: Mapping[str, object] = {"node": node.id, "stage": node.stage, "operator": node.operator}
        parts.ledger.record(
            "node.proposed", actor="search", key=f"proposed:{node.id}", inputs=[node.checkpoint], facts=facts
        )
    if told.event == "finished" and node.outcome is not None:
        record_outcome(node, plan, parts)
        measure, sign = _measure(plan, parts)
        parts.progress(
            "node.finished",
            node=node.id,
            title=node.title,
            status=node.outcome.status.value,
            measure=measure,
            value=sign * node.score.value if node.score else None,
            best=sign * told.best_score.value if told.best_score else None,
        )


def _measure(plan: Plan, parts: Parts) -> tuple[str, float]:
    """Return what a person calls a node's value, and the sign that gives it back as it was measured."""
    if parts.value is not None:
        return "value", 1.0
    return plan.primary_metric, 1.0 if plan.metric(plan.primary_metric).direction == "higher" else -1.0


async def _confirm(best: NodeId | None, plan: Plan, parts: Parts) -> str | None:
    """Return the node that the paper rests on, with its program as a repository; None if it did not run."""
    if best is None or parts.journal.node(best).stage != CONFIRM:
        return None
    node = parts.journal.node(best)
    rows = rows_of(best, parts)
    expected = {
        f"{r.metric}/{r.condition}/{r.dataset}/{r.seed}": r.value for r in rows if r.is_final and r.split == plan.split
    }
    bench = await parts.bench()
    packages = {name: bench.facts[f"package:{name}"] for name in PACKAGES if f"package:{name}" in bench.facts}
    packages |= bench.extra_packages
    write_code(parts.folder.code, parts.checkpoints.load(node.checkpoint), plan, expected, packages)
    parts.ledger.record("code.exported", actor="harness", inputs=[node.checkpoint], facts={"node": best})
    return best
