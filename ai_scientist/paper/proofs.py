"""Words that claim a proof. No paper of ours holds one: nobody checks it, so what is not measured is a conjecture."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ai_scientist.paper.flat import CITATION, REFERENCE, Sentence

_STATED = (
    rf"(?:Theorem|Lemma|Corollary|Proposition)s?(?=\s*(?:[.:(\d{REFERENCE}]|~))|"
    r"\b(?:our|following|this|next|main|an?|these|two)\s+(?:\w+\s+)?(?:theorem|lemma|corollary|lemmas|theorems)\b|"
    r"\bQ\.?\s?E\.?\s?D\b"
)
_PROVED = (
    r"\b(?:we|i|it|can|is|are|was|were|be|been|formally|rigorously|thus|hence|therefore|this|section|appendix)\s+"
    r"(?:\w+ly\s+)?(?:proves?|proved|proven)\b(?!\s+(?:to\s+be|useful|hard|difficult|helpful|necessary|enough|too|as)\b)|"
    r"\b(?:prove|proves|proved|proven|proving)\s+(?:that|the|this|by|in|here|below|above)\b|"
    r"\bprovabl[ey]\b|(?:^|[.:;])\s*Proof\b(?!\s+of\s+concept)|\b(?:the|a|our|formal|following|full|short)\s+proofs?\b(?!\s+of\s+concept)"
)
_CLAIMED = re.compile(f"{_STATED}|(?i:{_PROVED})")
_NO_CLAIM = re.compile(
    r"\b(?:no|not|nor|neither|never|without|cannot|nothing|nobody|lacks?|lacking|far from|instead of|rather than|"
    r"if|whether|would|could|might|unless|until|remains? to be)\b",
    re.IGNORECASE,
)
_CONJECTURE = re.compile(r"\bconjectur", re.IGNORECASE)


def proof_claims(sentence: Sentence) -> Iterator[tuple[int, int]]:
    """Yield where a sentence claims a theorem or a proof; not if it cites whose, denies it or calls it a conjecture."""
    text = sentence.text
    if CITATION in text or _CONJECTURE.search(text):
        return
    for found in _CLAIMED.finditer(text):
        clause = re.split(r"[;:—–]", text[: found.start()])[-1]
        if not _NO_CLAIM.search(clause):
            yield found.start(), found.end()
