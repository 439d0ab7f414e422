"""The plan: was it fixed before the first result, and is it still the same?"""

from __future__ import annotations

import json

from pydantic import ValidationError

from ai_scientist.audit.chain import Chain
from ai_scientist.audit.notebook import Notebook
from ai_scientist.core.plan import Plan
from ai_scientist.core.run_folder import RunFolder


def check_plan(run: RunFolder, chain: Chain, book: Notebook) -> Plan | None:
    """Return the locked plan; None if it cannot be read, and then nothing that rests on it can be checked."""
    book.judge("plan", "plan.json")
    try:
        plan = Plan.model_validate(json.loads(run.plan.read_bytes()))
    except OSError:
        book.find("plan", "plan.json", "The run has no plan.")
        return None
    except (ValueError, ValidationError) as error:
        book.find("plan", "plan.json", f"It is no plan: {str(error).splitlines()[0]}")
        return None
    locks = chain.of_kind("plan.locked")
    if not locks:
        book.find("plan", "ledger.jsonl", "No event locked the plan.")
        return plan
    started = [event.seq for event in chain.events if event.kind in ("node.proposed", "node.finished")]
    hashes, mine = {str(event.facts.get("hash")) for event in locks}, plan.hash
    if len(hashes) > 1:
        book.find(
            "plan", f"ledger.jsonl, line {locks[-1].seq + 1}", "The plan was locked twice, with different hashes."
        )
    if mine not in hashes:
        book.find("plan", "plan.json", "The plan is not the one that was locked: its hash differs from the ledger's.")
    if started and locks[0].seq > min(started):
        book.find("plan", f"ledger.jsonl, line {locks[0].seq + 1}", "The plan was locked after a node had been made.")
    for event in (*chain.of_kind("node.finished"), *chain.of_kind("results.built")):
        if event.inputs and mine not in event.inputs:
            where = f"ledger.jsonl, line {event.seq + 1}"
            book.find("plan", where, f"'{event.key}' was made under another plan than plan.json.")
    return plan
