"""Before a run goes on: what can be known to fail is made to fail, and the parts are built."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.metadata import version

from ai_scientist.agents.ideation import TopicFacts, propose_ideas
from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import Clock
from ai_scientist.core.errors import ConfigError, RunCorrupted
from ai_scientist.core.ledger import Ledger
from ai_scientist.core.machine import tell_machine
from ai_scientist.core.run_folder import RunFolder, RunRecord
from ai_scientist.core.settings import Settings
from ai_scientist.graph.ideas import PACKAGES
from ai_scientist.graph.parts import LazyBench, Parts, Progress
from ai_scientist.graph.planning import GOALS
from ai_scientist.graph.spending import SESSION, ReportingModel, seconds_so_far
from ai_scientist.graph.value import own_value
from ai_scientist.literature.asking import check_literature
from ai_scientist.literature.library import Library
from ai_scientist.models.build import build_model
from ai_scientist.models.check import check_model
from ai_scientist.models.names import is_language_model, vision_model
from ai_scientist.rules.engine import RulesModel
from ai_scientist.sandbox.bench import set_up
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.contracts import ValueFunction
from ai_scientist.search.journal import Journal
from ai_scientist.search.policies import POLICIES
from ai_scientist.search.values import describe_value

NAMED = ("ai-scientist", "langgraph", "langchain-core", "numpy", "scipy", "pydantic", "matplotlib")


@cache
def versions() -> dict[str, str]:
    """Return the versions that a run is made with."""
    return {name: version(name) for name in NAMED}


async def look_before(topic: str, settings: Settings) -> None:
    """Fail before anything is made.

    Raises:
        ConfigError: For an unknown policy, value, model or template, a sandbox that does not work here, data that are
            not there, or packages and data that cannot be made for experiments.
        TopicRefused: For a topic that the rule engine cannot study.
        ModelError: For a wrong key.
        TransientError: For an endpoint that does not answer.
    """
    POLICIES.get(settings.search.policy)
    own_value(settings.search.value)
    check_literature(settings.literature)
    _check_stage_limits(settings)
    if not is_language_model(settings.model):
        facts = TopicFacts(topic=topic, count=1, literature=(), packages=PACKAGES, template=settings.template)
        await propose_ideas(RulesModel(), facts)
    else:
        await check_model(settings.model, settings.budget)
    bench = await set_up(settings.sandbox, trusted=not is_language_model(settings.model), data=settings.data)
    bench.close()


ASKING_STEPS = ("ideate", "novelty", "plan", "analyse", "write", "review", "revise")
"""Steps of the pipeline that ask a model, beside the stages of the search; each may have limits of its own."""


def _check_stage_limits(settings: Settings) -> None:
    """Refuse limits of a stage that does not exist: they would limit nothing. A file of stages names its own."""
    known = (*ASKING_STEPS[:3], *GOALS, *ASKING_STEPS[3:])
    unknown = [name for name in settings.budget.stages if name not in known]
    if unknown and settings.search.stages is None:
        raise ConfigError(f"There is no stage named {unknown[0]!r} to limit; there are {', '.join(known)}.")


@contextmanager
def open_parts(
    folder: RunFolder, progress: Progress, clock: Clock, *, value: ValueFunction | None = None
) -> Generator[Parts]:
    """Open everything that the nodes of the graph work with, and close it again.

    Raises:
        RunCorrupted: If a file of the run is damaged.
        ConfigError: If the run was begun with another value function, or with one and goes on without.
    """
    record = folder.record()
    settings, began = record.settings, clock.monotonic()
    if folder.state.exists():
        _check_state(folder)
    ledger = _begin_ledger(folder, record, clock)
    try:
        value = value or own_value(settings.search.value)
        _record_value(ledger, value)
    except ConfigError:
        ledger.close()
        raise
    spent = _begin_session(ledger)
    budget = Budget(settings.budget, clock, seconds=spent)
    rules = RulesModel()
    closing = ExitStack()
    model = build_model(
        settings.model, budget=budget, ledger=ledger, calls=folder.calls, clock=clock, rules=rules, closing=closing
    )
    is_rules = not is_language_model(settings.model)
    journal = Journal.open(folder.journal)
    library = Library(folder.literature / "library.sqlite")
    bench = LazyBench(
        lambda: set_up(settings.sandbox, trusted=is_rules, data=settings.data, run=folder.path.name), progress
    )
    try:
        yield Parts(
            folder=folder,
            topic=record.topic,
            settings=settings,
            clock=clock,
            ledger=ledger,
            budget=budget,
            model=ReportingModel(model, budget, progress),
            fallback=None if is_rules else rules,
            eyes=vision_model(settings.model) or "",
            library=library,
            journal=journal,
            checkpoints=Checkpoints(folder.checkpoints),
            bench=bench,
            progress=progress,
            value=value,
        )
    finally:
        seconds = round(spent + clock.monotonic() - began, 3)
        ledger.record("session.ended", actor="harness", facts={"seconds": seconds})
        closing.close()
        bench.close()
        journal.close()
        library.close()
        ledger.close()


def _begin_ledger(folder: RunFolder, record: RunRecord, clock: Clock) -> Ledger:
    """Return the run's ledger, which begins with what was asked, and on which machine."""
    ledger = Ledger(folder.path, clock)
    facts = {"topic": record.topic, "machine": tell_machine(record.machine)}
    ledger.record("run.created", actor="harness", files=[folder.path / "run.json"], facts=facts)
    return ledger


def _record_value(ledger: Ledger, value: ValueFunction | None) -> None:
    """Let the ledger say what the search goes by; a search that changed its mind half way could not be compared."""
    name, before = describe_value(value) if value else "", ledger.latest("value")
    begun = str(before.facts["value"]) if before else ""
    if before is None and name:
        ledger.record("value.chosen", actor="human", key="value", facts={"value": name})
    elif begun != name:
        raise ConfigError(
            f"The search of this run goes by {begun or 'the primary metric'}. Go on from Python, with"
            f" AIScientist(value_function={begun or None}).resume(…)."
        )


def _begin_session(ledger: Ledger) -> float:
    """Note that a session begins, and return the seconds that earlier ones took."""
    before = ledger.latest(SESSION)
    seconds = round(seconds_so_far(before, ledger.last), 3)
    number = int(before.facts["number"]) + 1 if before else 1
    ledger.record(SESSION, actor="harness", key=SESSION, facts={"number": number, "seconds": seconds})
    return seconds


def _check_state(folder: RunFolder) -> None:
    try:
        with sqlite3.connect(f"file:{folder.state}?mode=ro", uri=True) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise RunCorrupted(f"{folder.state} is no database: {error}.") from error
    if found != ("ok",):
        raise RunCorrupted(f"{folder.state} is damaged: {json.dumps(found)}.")
