r"""Words that claim a result, a rank or a merit. They may not be typed: \claim prints them, if a test bears them.

Boasts ("state of the art", "novel") are refused everywhere, unless the sentence cites whose claim it is. Words of
comparison ("improves", "better than", "no difference") are refused where results are stated, and where the sentence
speaks of this study's results; not in a question, a condition, a hypothesis or a purpose, and not in a sentence that
cites whose finding it is. One that is typed is let pass if its own sentence names a test (by \claim, \delta, \pval or
\effect) that bears the very same word: the lint then did what the macro would have done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ai_scientist.paper.flat import CITATION, NAME, RESULT, Sentence

NOT_SHOWN = "not shown"
"""In place of a claim verb: the words say that nothing was detected, which an open test bears."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimWord:
    """A typed claim, as a span of the sentence.

    Attributes:
        verb: The claim verb that means the same, NOT_SHOWN, or "" for a boast, which no test can bear.
    """

    start: int
    end: int
    text: str
    verb: str


_RESULT_PLACES = ("title", "abstract", "results", "conclusion", "figure", "caption", "heading")
_SET_UP = ("method", "experiments")
"""Where sentences about conditions say how they were made."""

_BOAST = re.compile(
    r"\b(?:state[\s-]of[\s-]the[\s-]art|sota|novel(?:ty)?(?!\s+check)|ground-?breaking|unprecedented|revolutionary|"
    r"breakthroughs?|remarkabl[ey]|dramatic(?:ally)?|superior(?:ity)?|best[\s-]performing|never\s+before|"
    r"(?:is|are|be)\s+the\s+first\b|first\s+(?:to|work|paper|study|ever)\b|(?:we|results)\s+(?:prove|proved)\b|"
    r"undoubtedly|clearly\s+shows?|surpass(?:es|ed|ing)?|substantial(?:ly)?|considerabl[ey]|drastic(?:ally)?|vastly|"
    r"impressive(?:ly)?|excellent|outstanding)\b",
    re.IGNORECASE,
)
_OBJECT = (
    rf"(?=\s+(?:the|its|their|an?|both|all|on|by|it|them|accuracy|performance|calibration|errors?|{NAME}|{RESULT}))"
)
_IS = r"(?:is|are|was|were)\s+"
_NOTHING = r"(?:difference|effect|improvement|change|gain|loss|benefit)s?"
_QUALIFIED = r"(?:detectabl[ey]|visibl[ey]|measurabl[ey]|discernibl[ey]|significant(?:ly)?)"
_COMPARISONS: tuple[tuple[str, str], ...] = (
    (NOT_SHOWN, rf"(?:no|little)\s+{_QUALIFIED}\s+(?:difference|effect|improvement|change|gain|loss|benefit)s?"),
    (
        NOT_SHOWN,
        rf"(?:do|does|did)\s+not\s+{_QUALIFIED}\s+\w+|(?:is|are|was|were)\s+not\s+(?:statistically\s+)?significant",
    ),
    (NOT_SHOWN, rf"(?:differ|change|improve|matter)s?\s+not\s+{_QUALIFIED}"),
    (
        "equivalent",
        r"(?:no|little)\s+(?:difference|effect|improvement|change|gain|loss|benefit)s?\b(?!\s+(?:can|could))",
    ),
    ("equivalent", r"(?:do|does|did)\s+not\s+(?:differ|change|improve|help|hurt|matter|affect)"),
    (
        "equivalent",
        r"(?:is|are|was|were|remains?|remained|stays?|stayed)\s+(?:equivalent|identical|comparable|unchanged|unaffected|"
        r"robust)",
    ),
    ("significant", r"(?:statistically\s+)?significant(?:ly)?"),
    ("outperforms", r"outperform(?:s|ed|ing)?"),
    ("outperforms", r"beats"),
    ("underperforms", r"underperform(?:s|ed|ing)?"),
    ("exceeds", rf"exceeds|exceeded{_OBJECT}"),
    ("improves", rf"improves|boosts|(?:improved|boosted){_OBJECT}|{_IS}improved"),
    ("worsens", rf"worsens|degrades|(?:worsened|degraded){_OBJECT}|{_IS}(?:worsened|degraded)"),
    ("hurts", r"hurts|harms(?=\s+(?:the|a|an|its|their|it|accuracy|calibration|performance|\ue001))"),
    ("helps", rf"helps|helped{_OBJECT}"),
    (
        "reduces",
        rf"reduces|decreases|lowers|(?:reduced|decreased|lowered){_OBJECT}|{_IS}(?:reduced|lowered)",
    ),
    ("increases", rf"increases|raises|(?:increased|raised){_OBJECT}|{_IS}(?:increased|raised)"),
    ("better", r"better\s+(?:\w+\s+)?than"),
    ("worse", r"worse\s+(?:\w+\s+)?than"),
    ("higher", r"(?:higher|larger|greater|more\s+(?!often)\w+)\s+than(?!\s+(?:the\s+|its\s+)?(?:margin|usual|often))"),
    ("lower", r"(?:lower|smaller|(?:less|fewer)\s+(?!often)\w+)\s+than(?!\s+(?:the\s+|its\s+)?(?:margin|usual|often))"),
    ("better", r"consistently\s+(?:better|worse|higher|lower|\w+s)\b"),
)
_COMPARISON = re.compile(
    "|".join(rf"(?P<n{i}>\b(?:{pattern}))" for i, (_, pattern) in enumerate(_COMPARISONS)), re.IGNORECASE
)
_HEDGE = re.compile(
    r"\?|\b(?:if|whether|would|could|might|may|can|cannot|should|must|expect\w*|hypothes\w+|predict\w*|conjectur\w+|ask|"
    r"asks|asked|questions?|suppose\w*|assum\w+|unless|until|when|whenever|wherever|in order to|so as to|aims?|plan|"
    r"planned|declare[sd]?|means|mean that|defined?|counts? as|arrows?|axis|axes|reads? as)\b",
    re.IGNORECASE,
)
_OWN = re.compile(rf"{NAME}|{RESULT}|\b(?:our|ours|proposed|results?)\b", re.IGNORECASE)
_FINDING = re.compile(
    rf"{RESULT}|\b(?:we|results?)\s+(?:\w+\s+)?(?:show|find|found|observe|observed|saw|see)\b", re.IGNORECASE
)


def claim_words(sentence: Sentence, place: str) -> Iterator[ClaimWord]:
    """Yield the words of a sentence that claim what only a test may say."""
    text = sentence.text
    if CITATION in text:
        return
    for found in _BOAST.finditer(text):
        yield ClaimWord(start=found.start(), end=found.end(), text=found.group(), verb="")
    if _HEDGE.search(text) or not _is_about_results(text, place):
        return
    for found in _COMPARISON.finditer(text):
        verb = _COMPARISONS[int(str(found.lastgroup)[1:])][0]
        yield ClaimWord(start=found.start(), end=found.end(), text=found.group(), verb=verb)


def _is_about_results(text: str, place: str) -> bool:
    kind = place.partition(":")[0]
    if kind in _RESULT_PLACES:
        return True
    return bool((_FINDING if kind in _SET_UP else _OWN).search(text))
