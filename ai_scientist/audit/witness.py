"""Other witnesses of the same events, whom a rewritten ledger must fool too: programs' output, git, folders, dates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version

from ai_scientist.audit.brief import Tree
from ai_scientist.audit.chain import Chain
from ai_scientist.audit.notebook import Notebook
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.hashing import sha256_json
from ai_scientist.core.ledger import Event
from ai_scientist.core.machine import tell_machine
from ai_scientist.core.plan import Plan
from ai_scientist.core.research_template import load_template
from ai_scientist.core.run_folder import RunFolder, RunRecord

PACKAGE = "ai-scientist"
ASKED = ("statement", "metric", "treatment", "baseline", "expects", "margin")
"""What a hypothesis says."""

CLOSE_SECONDS = 120
"""run.json is written moments before the ledger's first line."""


def check_numbering(run: RunFolder, tree: Tree, book: Notebook) -> None:
    """Nodes are numbered without gaps, and journal, git and folders know the same ones."""
    for number, node in enumerate(tree.values(), 1):
        if node.number != number:
            why = f"Node number {number} is missing: the next one is {node.id}."
            book.find("node", "search/journal.jsonl", why)
            break
    refs = {file.name for file in (run.checkpoints / "refs" / "nodes").glob("n*")}
    packed = run.checkpoints / "packed-refs"
    if packed.is_file():
        names = (line.rpartition("refs/nodes/")[2] for line in packed.read_text(errors="replace").splitlines())
        refs |= {name for name in names if name.startswith("n")}
    folders = {path.name for path in (run.path / "search" / "nodes").glob("n*") if path.is_dir()}
    for name in sorted((refs | folders) - tree.keys()):
        where = "search/checkpoints.git" if name in refs else f"search/nodes/{name}"
        book.find("node", where, f"There is a program or folder of {name}, which the journal does not know.")


def check_dates(run: RunFolder, chain: Chain, book: Notebook) -> None:
    """The run's own record must be as old as its ledger, and of the same machine."""
    created = chain.of_kind("run.created")
    record = run.record()
    book.look("date")
    if created:
        apart = abs((datetime.fromisoformat(created[0].time) - datetime.fromisoformat(record.created)).total_seconds())
        if apart > CLOSE_SECONDS:
            why = f"It says that the run was made {record.created}; the ledger begins {created[0].time}."
            book.find("artifact", "run.json", why)
        topic = created[0].facts.get("topic")
        if topic is not None and topic != record.topic:
            book.find("artifact", "run.json", "Its topic is not the one that the ledger begins with.")
    _check_machine(record, created, book)
    if not record.id.startswith(record.created[:10]):
        book.find("artifact", "run.json", f"The run's name {record.id} has another date than its record.")


def _check_machine(record: RunRecord, created: Sequence[Event], book: Notebook) -> None:
    """The machine that run.json names is the one that the ledger begins with."""
    told = str(created[0].facts.get("machine", "")) if created else ""
    if told:
        book.look("machine")
        if told != tell_machine(record.machine):
            why = f"It says that the run was made on {tell_machine(record.machine)}; the ledger begins with {told}."
            book.find("artifact", "run.json", why)


def check_environment(chain: Chain, book: Notebook) -> None:
    """Each node names where it ran by a hash of all that was there, sandbox and packages, which the ledger lists."""
    chosen = [event.facts for event in chain.of_kind("sandbox.chosen")]
    if not chosen:
        return
    known = {str(facts.get("image_digest") or f"sha256:{sha256_json(facts)}") for facts in chosen}
    for event in chain.of_kind("node.finished"):
        named = str(event.facts.get("environment", ""))
        if not named:
            continue
        book.look("environment")
        if not known & set(named.split()):
            where = f"ledger.jsonl, line {event.seq + 1}"
            why = f"{event.facts.get('node')} ran in {named[:40]}…, which is none of those that the ledger describes."
            book.find("node", where, why)


def check_plan_draft(run: RunFolder, plan: Plan, book: Notebook) -> None:
    """The plan was written down before it was locked; both must say the same."""
    file = run.ideas / "plan.draft.json"
    if not file.is_file():
        return
    try:
        draft = json.loads(file.read_bytes())
    except ValueError:
        book.find("plan", "ideas/plan.draft.json", "It cannot be read.")
        return
    if draft != plan.model_dump(mode="json"):
        told = plan.model_dump(mode="json")
        changed = sorted(k for k in told if not isinstance(draft, dict) or draft.get(k) != told[k])  # pyright: ignore[reportUnknownMemberType]  # JSON
        book.find("plan", "plan.json", f"It differs from the draft that was locked in: {', '.join(changed)}.")


def check_template(run: RunFolder, plan: Plan, book: Notebook) -> None:
    """A plan that rules took from a research template holds the template's own hypotheses, of which we have a copy."""
    record = run.record()
    if plan.template is None or record.settings.model.name != "rules":
        return
    if record.versions.get(PACKAGE) != version(PACKAGE):
        book.note("The plan's template is of another version, so its hypotheses were not compared.")
        return
    try:
        known = {h.id: h for h in load_template(plan.template).hypotheses}
    except ConfigError:
        book.find("plan", "plan.json", f"It names a research template that does not exist: {plan.template}.")
        return
    for hypothesis in plan.hypotheses:
        ours = known.get(hypothesis.id)
        if ours is None or any(getattr(ours, name) != getattr(hypothesis, name) for name in ASKED):
            why = f"{hypothesis.id} is not as the research template {plan.template} has it."
            book.find("plan", "plan.json", why)
