"""A verdict on novelty, computed from labels that quotes prove; nobody votes.

The scale: a claim is *met* if a record has the label "same method and setting" with a quote that stands in its text.
Absence of hits is not novelty: without an outside source that answered, or with too little read, nothing is
established.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ai_scientist.core.idea import ClaimEvidence, NoveltyReport, NoveltyVerdict
from ai_scientist.literature.quotes import match
from ai_scientist.literature.records import Record
from ai_scientist.literature.search import SearchReport

DECISIVE = ("finding", "combination")
"""Kinds of claims that make a study new. A known problem, mechanism or setting is what research starts from."""

READ_ENOUGH = 5
"""Distinct records with text that must have been compared before "novel" can be said."""


def judge(idea: str, evidence: Iterable[ClaimEvidence], search: SearchReport) -> NoveltyReport:
    """Return what a search says about an idea.

    known: a claim of a decisive kind is met, or every claim is. partly known: some claim is met, or the same method is
    found in another setting. novel: neither, and enough was read from sources that answered. Else not established.
    """
    seen = tuple(evidence)
    verdict, reason = _verdict(seen, search)
    return NoveltyReport(
        idea=idea,
        verdict=verdict,
        evidence=seen,
        queries=tuple(str(line) for line in search.log),
        failures=search.failures,
        summary=" ".join([reason, *_caveats(search)]),
    )


def verify(evidence: ClaimEvidence, records: Mapping[str, Record]) -> ClaimEvidence:
    """Return the evidence with its quote looked up: the record's own words if found there, else unverified."""
    record = records.get(evidence.record)
    found = match(record.text, evidence.quote) if record and evidence.quote else None
    return evidence.model_copy(update={"verified": found is not None, "quote": found.text if found else evidence.quote})


def _verdict(evidence: Sequence[ClaimEvidence], search: SearchReport) -> tuple[NoveltyVerdict, str]:
    met = [e for e in evidence if e.verified and e.closeness == "same method and setting"]
    near = [e for e in evidence if e.verified and e.closeness == "same method, other setting"]
    decisive = [e for e in met if e.claim.kind in DECISIVE]
    claims = {e.claim.text for e in evidence}
    if decisive:
        return "known", f"{_names(decisive)} already reports what the idea claims: {decisive[0].claim.text}"
    if claims and claims == {e.claim.text for e in met}:
        return "known", f"Every claim of the idea is met by {_names(met)}."
    if met:
        return "partly known", f"{_names(met)} meets part of the idea: {met[0].claim.text}"
    read = {e.record for e in evidence if e.closeness == "unrelated" or e.verified}
    short = _too_little(search, len(read))
    if short:
        return "not established", short
    if near:
        return "partly known", f"{_names(near)} uses the same method in another setting."
    return "novel", "No record that was compared, from sources that answered, does what the idea claims."


def _too_little(search: SearchReport, read: int) -> str:
    if search.offline:
        return "No source outside the run's own library was asked, so nothing can be said about what is not in it."
    if not search.answered:
        return "No outside source could be asked, so nothing can be said about what is new."
    if read < READ_ENOUGH:
        return f"Only {read} records could be compared, which is too little to call anything new."
    return ""


def _caveats(search: SearchReport) -> list[str]:
    if search.offline or not search.failures:
        return []
    silent = sorted({line.source for line in search.log if line.hits is None})
    return [f"Not asked, or not in full: {', '.join(silent)}."]


def _names(evidence: Sequence[ClaimEvidence]) -> str:
    return ", ".join(dict.fromkeys(e.record for e in evidence))
