"""Model calls in the ledger: each stored call is entered once, also one that nobody came back for after a crash."""

from __future__ import annotations

from collections.abc import Mapping

from ai_scientist.core.ledger import Ledger
from ai_scientist.models.store import Call, CallStore


def enter_call(ledger: Ledger | None, store: CallStore, call: Call) -> None:
    """Enter a stored call in the ledger, once."""
    key = f"call:{call.key}"
    if ledger is None or ledger.latest(key) is not None:
        return
    facts: Mapping[str, object] = {
        "prompt": call.prompt,
        "prompt_version": call.prompt_version,
        "stage": call.stage,
        "model": call.address.model,
        "answered_by": call.answer.model,
        "tokens": call.cost.tokens,
        "cost_usd": call.cost_usd,
        "refused": bool(call.answer.refusal),
        "cuts": [cut.model_dump(mode="json") for cut in call.cuts],
    }
    files, inputs = [store.path(call.key)], [call.prompt_source]
    ledger.record("model.answered", actor=f"agent:{call.role}", key=key, inputs=inputs, files=files, facts=facts)


def enter_missing(ledger: Ledger | None, store: CallStore) -> None:
    """Enter the calls that were stored when a session was killed, before it could say so.

    Raises:
        RunCorrupted: If one of their files is damaged.
    """
    if ledger is None:
        return
    for key in store.keys():
        if ledger.latest(f"call:{key}") is None and (call := store.get(key)) is not None:
            enter_call(ledger, store, call)
