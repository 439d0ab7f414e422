"""Which machine a run's programs ran on: looked up, put into words, and found in a ledger again."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping

from ai_scientist.core.ledger import Event


def describe_machine() -> dict[str, str]:
    """Return what hardware and system this is, as an audit wants to know it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    facts: dict[str, object] = {
        "system": platform.platform(),
        "python": platform.python_version(),
        "processor": platform.machine(),
        "cores": os.cpu_count() or 1,
        "memory_gib": round(memory / 1024**3, 1),
    }
    return {name: str(value) for name, value in facts.items()}


def tell_machine(machine: Mapping[str, str]) -> str:
    """Return hardware and system in words, as ledger and paper have them.

    >>> tell_machine({"cores": "2", "processor": "x86_64", "memory_gib": "23.5", "system": "Linux-6.1-x86_64"})
    '2 cores (x86_64), 24 GiB of memory, Linux'
    """
    cores, processor = machine.get("cores", "?"), machine.get("processor", "?")
    memory = f"{float(machine['memory_gib']):.0f}" if machine.get("memory_gib", "").replace(".", "").isdigit() else "?"
    system = machine.get("system", "?").partition("-")[0]
    return f"{cores} cores ({processor}), {memory} GiB of memory, {system}"


def machines_of(events: Iterable[Event]) -> tuple[str, ...]:
    """Return the machines whose sandboxes ran programs, in words, each once, oldest first."""
    told = (str(event.facts.get("machine", "")) for event in events if event.kind == "sandbox.chosen")
    return tuple(dict.fromkeys(machine for machine in told if machine))
