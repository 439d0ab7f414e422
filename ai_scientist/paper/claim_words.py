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
    r"\b(?:state[\s-]of[\s-]the[\s-]art|sota|novel(?!ty)|novelty\s+(?:of|lies)|ground-?breaking|unprecedented|revolutionary|"
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
        rf"(?:no|little)\s+{_NOTHING}\b(?!\s+(?:over\s+[\w\s]+\s)?(?:that\s+)?(?:can|could)\b)",
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
    ("exceeds", rf"exceeds|exceed{_OBJECT}|exceeded{_OBJECT}"),
    ("improves", rf"improves|boosts|improve{_OBJECT}|(?:improved|boosted){_OBJECT}|{_IS}improved"),
    (
        "worsens",
        rf"worsens|degrades|(?:worsen|degrade){_OBJECT}|(?:worsened|degraded){_OBJECT}|{_IS}(?:worsened|degraded)",
    ),
    ("hurts", rf"hurts|hurt{_OBJECT}|harms(?=\s+(?:the|a|an|its|their|it|accuracy|calibration|performance|\ue001))"),
    ("helps", rf"helps|helped{_OBJECT}"),
    (
        "reduces",
        rf"reduces|decreases|lowers|(?:reduce|decrease){_OBJECT}|(?:reduced|decreased|lowered){_OBJECT}|{_IS}(?:reduced|lowered)",
    ),
    (
        "increases",
        rf"increases|raises|(?:increase|raise){_OBJECT}|(?:increased|raised){_OBJECT}|{_IS}(?:increased|raised)",
    ),
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
    r"\b(?:if|whether|would|could|might|may|can|cannot|should|must|expect\w*|hypothes\w+|predict\w*|conjectur\w+|ask|asks|"
    r"asked|questions?|suppose\w*|assum\w+|unless|until|in order to|so as to|aims? to|counts? as|reads? as|mean that|"
    r"arrows?|axis|axes)\b",
    re.IGNORECASE,
)
_NEGATION = re.compile(r"\b(?:no|none|neither|nothing|not|never)\b", re.IGNORECASE)
_BEYOND_CHANCE = re.compile(
    r"\b(?:beyond chance|told from chance|(?:that|which) c(?:an|ould) be|established|detectabl\w+|visibl\w+)\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[;:—–]|,\s+(?=(?:but|yet|while|whereas|though|although|instead)\b)", re.IGNORECASE)
_BASE_FORM = re.compile(
    r"(?:improve|worsen|degrade|reduce|decrease|increase|raise|hurt|outperform|underperform|exceed)$"
)
_NO_SUBJECT = re.compile(
    r"\b(?:to|not|an?|the|this|that|no|any|of|we|i|you|let|and|or)\s+(?:\w+ly\s+)?$", re.IGNORECASE
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
    if text.rstrip(")”’'\" ").endswith("?") or not _is_about_results(text, place):
        return
    for found in _COMPARISON.finditer(text):
        verb = _COMPARISONS[int(str(found.lastgroup)[1:])][0]
        if not _is_hedged(text, found):
            yield ClaimWord(start=found.start(), end=found.end(), text=found.group(), verb=verb)


def _is_hedged(text: str, found: re.Match[str]) -> bool:
    """Whether the clause asks, supposes or intends what the word says; or the word has no subject, as an infinitive."""
    before = _CLAUSE_END.split(text[: found.start()])[-1]
    after = _CLAUSE_END.split(text[found.end() :])[0]
    is_null = _NEGATION.search(before + found.group()) and _BEYOND_CHANCE.search(after)
    if is_null:
        return True
    if _BASE_FORM.search(found.group()) and _NO_SUBJECT.search(before):
        return True
    return bool(_HEDGE.search(before))


def _is_about_results(text: str, place: str) -> bool:
    kind = place.partition(":")[0]
    if kind in _RESULT_PLACES:
        return True
    return bool((_FINDING if kind in _SET_UP else _OWN).search(text))
