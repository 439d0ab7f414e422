"""Sources by name, on wires that share one store of answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from ai_scientist.core.clock import Clock
from ai_scientist.core.registry import Registry
from ai_scientist.literature.sources.arxiv import ArxivSource
from ai_scientist.literature.sources.base import Source
from ai_scientist.literature.sources.crossref import CrossrefSource
from ai_scientist.literature.sources.openalex import OpenAlexSource
from ai_scientist.literature.sources.semanticscholar import SemanticScholarSource
from ai_scientist.literature.sources.wire import Answers, Manners, Wire

Maker = Callable[[Wire, str, str], Source]
"""Makes a source of a wire, an address ("" for the service's own) and a contact."""

SOURCES: Registry[Maker] = Registry("literature source")

PAUSES = {"arxiv": 3.0, "semanticscholar": 1.1, "openalex": 0.2, "crossref": 0.2}
"""Seconds between two questions, as the services' terms ask."""


def build_sources(
    names: Sequence[str],
    *,
    answers: Answers | None,
    addresses: Mapping[str, str] | None = None,
    contact: str = "",
    replay: bool = False,
    clock: Clock | None = None,
) -> tuple[Source, ...]:
    """Return the sources of those names, in that order.

    Args:
        names: See SOURCES; none means that the run is offline.
        answers: Where answers are kept for resume and replay.
        addresses: Base URLs that replace the services' own, by name.
        contact: An e-mail address for the polite pools of OpenAlex and Crossref.
        replay: Whether only stored answers may be used.
        clock: Tells the time; the machine's if None.

    Raises:
        ConfigError: If there is no source of a name.
    """
    made: list[Source] = []
    for name in dict.fromkeys(names):
        maker = SOURCES.get(name)
        manners = Manners(pause_seconds=PAUSES.get(name, 1.0), replay=replay)
        wire = Wire(name, answers=answers, manners=manners, clock=clock)
        made.append(maker(wire, (addresses or {}).get(name, ""), contact))
    return tuple(made)


def _arxiv(wire: Wire, address: str, contact: str) -> Source:
    return ArxivSource(wire, address=address) if address else ArxivSource(wire)


def _semanticscholar(wire: Wire, address: str, contact: str) -> Source:
    key = os.environ.get("SEMANTIC_SCHOLAR_API_KEY", "")
    return SemanticScholarSource(wire, address=address, key=key) if address else SemanticScholarSource(wire, key=key)


def _openalex(wire: Wire, address: str, contact: str) -> Source:
    return OpenAlexSource(wire, address=address, contact=contact) if address else OpenAlexSource(wire, contact=contact)


def _crossref(wire: Wire, address: str, contact: str) -> Source:
    return CrossrefSource(wire, address=address, contact=contact) if address else CrossrefSource(wire, contact=contact)


SOURCES.add("arxiv", _arxiv)
SOURCES.add("semanticscholar", _semanticscholar)
SOURCES.add("openalex", _openalex)
SOURCES.add("crossref", _crossref)
