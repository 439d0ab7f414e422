"""What follows from the findings: the template's implications, each said once in a paper."""

from __future__ import annotations

from collections.abc import Iterable

from ai_scientist.rules.writing.findings import Finding
from ai_scientist.rules.writing.study import Study

ORDER = {"contradicted": 0, "supported": 1, "open": 2}
"""What is told first: a surprise, then what holds, then what stays open."""


def meanings(study: Study) -> tuple[str, ...]:
    """Return what a reader may conclude from each finding, contradictions first."""
    template = study.template
    if template is None:
        return ()
    told = (template.implications.get(f.id, {}).get(f.verdict, "") for f in _in_order(study.findings))
    return tuple(meaning for meaning in told if meaning)


def takeaway(study: Study) -> str:
    """Return the abstract's last sentence: the head of the first implication that can stand without its rest."""
    if study.main is None:
        return ""
    return next((head for meaning in meanings(study) if (head := _head(meaning))), "")


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    # Beyond the margin is neither agreement nor the lack of an answer, and no test was registered for it.
    told = (f for f in findings if not (f.verdict == "open" and f.is_beyond_margin))
    return sorted(told, key=lambda f: ORDER[f.verdict])


def _head(meaning: str) -> str:
    """Return the part before a joint, if it says enough alone; the conclusion has the whole."""
    for joint in (":", ";", ", so that", ", because", ", and"):
        head = meaning.partition(joint)[0]
        if head != meaning and len(head.split()) >= 8:
            return f"{head}."
    return ""
