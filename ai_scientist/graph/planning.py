"""From an idea to a locked plan."""

from __future__ import annotations

from pydantic import ValidationError

from ai_scientist.agents.planning import PlanAnswer, PlanFacts, make_plan
from ai_scientist.core.errors import AnswerInvalid, RunCorrupted
from ai_scientist.core.idea import Idea
from ai_scientist.core.jsonl import read_json, write_json
from ai_scientist.core.plan import Plan, StagePlan
from ai_scientist.core.settings import Settings
from ai_scientist.graph.gates import ask
from ai_scientist.graph.ideas import PACKAGES, READ, abstract, chosen_idea
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.state import State, Update

TRIES = 3
"""How often an answer that does not make a plan is asked again."""

SHARES = {"implement": 0.1, "tune": 0.2, "explore": 0.6, "ablate": 0.1}
"""How the nodes are shared among the stages before confirm; every stage gets at least one."""

GOALS = {
    "implement": "a program that runs and logs every declared condition, dataset and metric",
    "tune": "settings that all conditions share, chosen for the baseline, so that it is no straw man",
    "explore": "components that improve the proposed condition",
    "ablate": "what each component of the proposed condition contributes",
    "confirm": "the chosen conditions and the baseline on seeds that no earlier stage has used",
}

SEED_STRIDE = 10_000
"""Runs with different seeds share none: seed × stride is the first search seed, plus half of it the first confirm."""


def locked_plan(parts: Parts) -> Plan:
    """Return the locked plan.

    Raises:
        RunCorrupted: If plan.json is missing or is no plan.
    """
    try:
        return Plan.model_validate(read_json(parts.folder.plan))
    except ValidationError as error:
        raise RunCorrupted(f"{parts.folder.plan} is no plan: {error}") from error


def build_plan(idea: Idea, answer: PlanAnswer, settings: Settings) -> Plan:
    """Return the whole plan: the agent's science, the harness's seeds, stages and rules.

    Raises:
        ValidationError: If the names in it do not agree.
    """
    search = settings.search
    first = settings.seed * SEED_STRIDE
    nodes = {name: max(1, round(share * search.nodes)) for name, share in SHARES.items()}
    stages = [StagePlan(name=name, goal=GOALS[name], nodes=count) for name, count in nodes.items()]
    return Plan(
        idea=idea.id,
        template=idea.template,
        search_seeds=tuple(range(first, first + search.search_seeds)),
        confirm_seeds=tuple(range(first + SEED_STRIDE // 2, first + SEED_STRIDE // 2 + search.confirm_seeds)),
        stages=(*stages, StagePlan(name="confirm", goal=GOALS["confirm"], nodes=1)),
        **{name: getattr(answer, name) for name in PlanAnswer.model_fields},
    )


async def plan(state: State, parts: Parts) -> Update:
    """Write a plan down; it is not locked yet."""
    idea, settings = chosen_idea(state, parts), parts.settings
    literature = parts.library.search(idea.question, limit=READ)
    problems: tuple[str, ...] = ()
    for attempt in range(1, TRIES + 1):
        facts = PlanFacts(
            idea=idea,
            literature=tuple(abstract(record) for record in literature),
            packages=PACKAGES,
            data=tuple(path.name for path in settings.data),
            timeout_seconds=settings.sandbox.timeout_seconds,
            search_seeds=settings.search.search_seeds,
            confirm_seeds=settings.search.confirm_seeds,
            problems=problems,
        )
        try:
            made = build_plan(idea, await make_plan(parts.model, facts), settings)
        except ValidationError as error:
            problems = tuple(f"Try {attempt}, {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            continue
        write_json(parts.folder.ideas / "plan.draft.json", made.model_dump(mode="json"))
        return {}
    raise AnswerInvalid(f"No plan came of the idea {idea.id!r}: {'; '.join(problems)}")


async def gate_plan(state: State, parts: Parts) -> Update:
    """Let a person see the plan before it is locked."""
    file = parts.folder.ideas / "plan.draft.json"
    made = read_json(file)
    reply = ask("plan", parts.settings, made)
    if reply.action == "edit" and reply.value is not None:
        edited = Plan.model_validate({**made, **reply.value})
        write_json(file, edited.model_dump(mode="json"))
        parts.ledger.record("plan.edited", actor="human", key=f"plan.edited:{edited.hash}", facts={"hash": edited.hash})
    return {"status": "stopped"} if reply.action == "stop" else {}


async def lock(state: State, parts: Parts) -> Update:
    """Lock the plan: from here on its hash is in the ledger, and no result exists yet."""
    made = Plan.model_validate(read_json(parts.folder.ideas / "plan.draft.json"))
    if not parts.folder.plan.exists():
        write_json(parts.folder.plan, made.model_dump(mode="json"))
    parts.ledger.record("plan.locked", actor="harness", files=[parts.folder.plan], facts={"hash": made.hash})
    parts.progress("plan.locked", title=made.title, hypotheses=len(made.hypotheses))
    return {"plan": made.hash}
