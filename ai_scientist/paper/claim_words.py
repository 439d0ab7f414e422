r"""Words that claim a result, a rank or a merit. They may not be typed: \claim prints them, if a test bears them.

Boasts ("state of the art", "novel") and words of significance are refused everywhere, unless the sentence cites whose
claim it is or speaks of a rule ("counts as significant if …"). Words of comparison ("improves", "better than", "no
difference") are refused where results are stated, and where the sentence speaks of this study's conditions; not in a
question, a condition, a hypothesis or a purpose, and not in a sentence that cites whose finding it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ai_scientist.paper.flat import CITATION, NAME, RESULT, Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimWord:
    """A typed claim, as a span of the sentence."""

    start: int
    end: int
    text: str
    is_boast: bool


RESULT_PLACES = ("title", "abstract", "results", "conclusion")

_BOAST = re.compile(
    r"\b(?:state[\s-]of[\s-]the[\s-]art|sota|novel(?:ty)?(?!\s+check)|groundbreaking|ground-breaking|unprecedented|"
    r"revolutionary|breakthroughs?|remarkabl[ey]|dramatic(?:ally)?|superior(?:ity)?|best[\s-]performing|"
    r"first\s+(?:to|study|work|paper|ever)|never\s+before|proves?\s+that|proved|proven|undoubtedly|clearly\s+shows?|"
    r"outperform(?:s|ed|ing)?|surpass(?:es|ed|ing)?|statistically\s+significant(?:ly)?|significant(?:ly)?|"
    r"substantial(?:ly)?|considerabl[ey]|drastic(?:ally)?|vast(?:ly)?|impressive(?:ly)?|excellent)\b",
    re.IGNORECASE,
)
_COMPARISON = re.compile(
    r"\b(?:improve[sd]|worsen(?:s|ed)|degrade[sd]|beats?|exceed(?:s|ed)|reduce[sd]|increase[sd]|decrease[sd]|"
    r"lower(?:s|ed)|raise[sd]|hurts|harm(?:s|ed)|helps|helped|boost(?:s|ed)?|"
    r"(?:better|worse|higher|lower|larger|smaller|greater|less|more)\s+(?:(?!often)\w+\s+)?than|"
    r"(?:is|are|was|were|remains?|stays?|stayed)\s+(?:equivalent|identical|comparable|unchanged|unaffected|robust)|"
    r"(?:no|little)\s+(?:\w+\s+)?(?:difference|effect|improvement|change|gain|loss|benefit)s?|"
    r"consistent(?:ly)?\s+(?:better|worse|higher|lower|improve\w*|across)|"
    r"(?:do|does|did)\s+not\s+(?:\w+\s+)?(?:differ|change|improve|help|hurt|matter|affect))\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\?|\b(?:if|whether|would|could|might|may|can|cannot|should|must|expect\w*|hypothes\w+|predict\w*|conjectur\w+|ask|asks|"
    r"asked|question\w*|suppose\w*|assum\w+|unless|until|when|whenever|once|where|in order to|so as to|aims?|"
    r"plan|planned|declared?|means|mean that|defined?|count\w*|arrow\w*|axis|direction)\b",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"\b(?:if|when|whether|only|level|threshold|alpha|test|tests|correct\w*|count\w*|call\w*|would|could|might|must|may|"
    r"not\s+claimed?|nor)\b",
    re.IGNORECASE,
)
_OWN = re.compile(
    rf"{NAME}|{RESULT}|\b(?:our|ours|we\s+(?:show|find|found|observe|observed)|proposed|results?)\b", re.IGNORECASE
)
_SIGNIFICANCE = re.compile(r"significan", re.IGNORECASE)


def claim_words(sentence: Sentence, place: str) -> Iterator[ClaimWord]:
    """Yield the words of a sentence that claim what only a test may say."""
    text = sentence.text
    if CITATION in text:
        return
    for found in _BOAST.finditer(text):
        is_rule = _SIGNIFICANCE.search(found.group()) and _RULE.search(text)
        if not is_rule:
            yield ClaimWord(start=found.start(), end=found.end(), text=found.group(), is_boast=True)
    if _HEDGE.search(text):
        return
    if place.partition(":")[0] in (*RESULT_PLACES, "figure", "caption") or _OWN.search(text):
        for found in _COMPARISON.finditer(text):
            yield ClaimWord(start=found.start(), end=found.end(), text=found.group(), is_boast=False)
