"""From an idea to a locked plan."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from ai_scientist.agents.offers import SHIPPED, Offer, own_data, used_of
from ai_scientist.agents.planning import PlanAnswer, PlanFacts, make_plan
from ai_scientist.core.errors import AnswerInvalid, BudgetExceeded, RunCorrupted
from ai_scientist.core.idea import Idea
from ai_scientist.core.jsonl import read_json, write_json
from ai_scientist.core.plan import Choice, Plan, StagePlan
from ai_scientist.core.settings import Settings
from ai_scientist.graph.gates import ask
from ai_scientist.graph.ideas import PACKAGES, READ, abstract, chosen_idea
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.state import State, Update
from ai_scientist.models.names import RULES

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


def build_plan(idea: Idea, answer: PlanAnswer, settings: Settings, choice: Choice | None = None) -> Plan:
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
        choice=choice,
        **{name: getattr(answer, name) for name in PlanAnswer.model_fields if name != "left_out"},
    )


async def plan(state: State, parts: Parts) -> Update:
    """Write a plan down; it is not locked yet."""
    idea = chosen_idea(state, parts)
    facts = plan_facts(idea, parts)
    made = await _planned(idea, facts, parts)
    if made.choice is not None and len(made.choice.offered) > 1 and _is_asked(parts.settings):
        made = await _asked_in_reverse(made, made.choice, facts, parts)
    write_json(parts.folder.ideas / "plan.draft.json", made.model_dump(mode="json"))
    return {}


def plan_facts(idea: Idea, parts: Parts) -> PlanFacts:
    """Return what a plan of an idea is made from. Rules choose no data: a template's are used, all of them."""
    settings = parts.settings
    data = tuple(path.name for path in settings.data)
    return PlanFacts(
        idea=idea,
        literature=tuple(abstract(record) for record in parts.library.search(idea.question, limit=READ)),
        packages=PACKAGES,
        data=data,
        offered=(*own_data(data), *(SHIPPED if _is_asked(settings) else ())),
        timeout_seconds=settings.sandbox.timeout_seconds,
        search_seeds=settings.search.search_seeds,
        confirm_seeds=settings.search.confirm_seeds,
    )


def _is_asked(settings: Settings) -> bool:
    """Whether a language model plans, rather than rules."""
    return settings.model.replay is not None or settings.model.roles.get("planning", settings.model.name) != RULES


async def _planned(idea: Idea, facts: PlanFacts, parts: Parts) -> Plan:
    """Return a plan whose names agree; asked once more if it does not say why data are left out.

    Raises:
        AnswerInvalid: If no answer makes a plan.
    """
    made: Plan | None = None
    problems: tuple[str, ...] = ()
    for attempt in range(1, TRIES + 1):
        try:
            answer = await make_plan(parts.model, facts.model_copy(update={"problems": problems}))
            made = build_plan(idea, answer, parts.settings, choice_of(answer, facts.offered))
        except ValidationError as error:
            problems = tuple(f"Try {attempt}, {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            continue
        except AnswerInvalid:
            if made is None:
                raise
            return made  # a plan without its reasons is better than none, and the paper says that they are missing
        unsaid = [name for name, reason in made.choice.reasons.items() if not reason] if made.choice else []
        if not unsaid or attempt > 1:
            return made
        names = ", ".join(unsaid)
        problems = (f"Try {attempt}, left_out: nothing says why these data sets are not used: {names}.",)
    if made is None:
        raise AnswerInvalid(f"No plan came of the idea {idea.id!r}: {'; '.join(problems)}")
    return made


def choice_of(answer: PlanAnswer, offered: Sequence[Offer]) -> Choice | None:
    """Return which of the offered data sets an answer uses, and why not the others; None if there was no choice."""
    if not offered:
        return None
    names = tuple(offer.name for offer in offered)
    return Choice(offered=names, used=used_of(offered, answer.datasets), left_out=answer.left_out)


async def _asked_in_reverse(made: Plan, choice: Choice, facts: PlanFacts, parts: Parts) -> Plan:
    """Return a plan with what the same question came to when its lists stood in the opposite order.

    The plan itself stays as it is: whether it was picked by its place in a list is for readers to know.
    """
    turned = {name: tuple(reversed(getattr(facts, name))) for name in ("offered", "packages", "data", "literature")}
    try:
        answer = await make_plan(parts.model, facts.model_copy(update=turned), sample=1)
    except (AnswerInvalid, BudgetExceeded) as error:
        return _with_second(made, choice, f"could not be asked: {str(error).splitlines()[0]}", is_different=False)
    told = different_choice(made, choice, answer, facts.offered)
    return _with_second(made, choice, told or "came to the same primary metric and data sets", is_different=bool(told))


def _with_second(made: Plan, choice: Choice, told: str, *, is_different: bool) -> Plan:
    update = {"second": told, "is_second_different": is_different}
    return made.model_copy(update={"choice": choice.model_copy(update=update)})


def different_choice(made: Plan, choice: Choice, answer: PlanAnswer, offered: Sequence[Offer]) -> str:
    """Return what another answer chose instead of a plan's primary metric and data sets; empty if nothing."""
    told: list[str] = []
    chosen = made.metric(made.primary_metric)
    instead = next((m for m in answer.metrics if m.name == answer.primary_metric), None)
    if instead is None or (chosen.name != instead.name and chosen.label.casefold() != instead.label.casefold()):
        told.append(f"chose {answer.primary_metric} as primary metric instead of {chosen.name}")
    used = used_of(offered, answer.datasets)
    if set(used) != set(choice.used):
        told.append(f"used {_listed(used)} of the offered data instead of {_listed(choice.used)}")
    return " and ".join(told)


def choice_checks(plan: Plan) -> tuple[str, ...]:
    """Return what reviewers are told of how data and metric were chosen."""
    choice = plan.choice
    if choice is None:
        return ()
    unsaid = sorted(name for name, reason in choice.reasons.items() if not reason)
    told = [f"Data that were offered and left out without a reason: {', '.join(unsaid)}."] if unsaid else []
    if choice.is_second_different:
        told.append(
            f"Asked again with every list in the opposite order, the planner {choice.second}: what was chosen may rest "
            "on its place in a list, or on chance. Are the reasons that the plan states good ones?"
        )
    return tuple(told)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(sorted(names)) or "none"


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
    facts: dict[str, object] = {"hash": made.hash}
    if made.choice is not None:
        facts |= {"offered": list(made.choice.offered), "used": list(made.choice.used)}
    if made.choice is not None and made.choice.second:
        facts |= {"second": made.choice.second}
    parts.ledger.record("plan.locked", actor="harness", files=[parts.folder.plan], facts=facts)
    parts.progress("plan.locked", title=made.title, hypotheses=len(made.hypotheses))
    return {"plan": made.hash}
