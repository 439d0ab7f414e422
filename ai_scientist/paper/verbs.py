r"""Claim verbs: words that say which way a result points, printed only if the corrected test says so.

A verb is asked for by name in `\claim{verb}{test}`. If the test passes in the verb's direction, the verb is printed;
if it passes in the other direction, the opposite verb; if it does not pass, words that say so ("does not differ
detectably from"). "better" and "worse" are read by the metric's direction, "more" and "less" by the sign alone.

Four kinds, by what stands around the verb in the sentence: a comparison has the baseline as its object ("outperforms"),
a change has the metric ("reduces"), a statement follows a form of "to be" ("better than"), a noun stands for itself
("an improvement"). Each form (third person, plural, past) is a name of its own: outperforms, outperform, outperformed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from ai_scientist.analysis.cells import TestResult
from ai_scientist.core.plan import Metric

Sense = Literal["better", "worse", "more", "less", "different", "equivalent", "hypothesis"]
Standing = Literal["holds", "opposite", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """What one form of a claim verb prints.

    Attributes:
        sense: What must be shown for `holds`.
        open: The test did not pass.
        equivalent: The test was one for equivalence, and it passed.
        undetermined: The test was one for equivalence, and it did not pass.
    """

    sense: Sense
    holds: str
    opposite: str
    open: str
    equivalent: str
    undetermined: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A verb in a sentence: its text, and whether that is the claim that was asked for."""

    text: str
    standing: Standing


def speak(verb: Verb, test: TestResult, metric: Metric) -> Spoken:
    """Return what the verb may say, given a test and the metric that it is about."""
    if verb.sense == "hypothesis":
        if test.verdict == "open":
            return Spoken(text=verb.open, standing="open")
        holds = test.verdict == "supported"
        return Spoken(text=verb.holds if holds else verb.opposite, standing="holds" if holds else "opposite")
    if test.hypothesis.expects == "equivalent":
        text = verb.equivalent if test.verdict == "supported" else verb.undetermined
        holds = test.verdict == "supported" and verb.sense == "equivalent"
        return Spoken(text=text, standing="holds" if holds else "open")
    if not test.is_significant or test.difference == 0:
        return Spoken(text=verb.open, standing="open")
    holds = _points(verb.sense, test.difference > 0, metric)
    return Spoken(text=verb.holds if holds else verb.opposite, standing="holds" if holds else "opposite")


def _points(sense: Sense, is_more: bool, metric: Metric) -> bool:
    """Return whether a shown difference is what the sense means."""
    if sense in ("different", "equivalent"):
        return sense == "different"
    if sense in ("more", "less"):
        return is_more == (sense == "more")
    return (is_more == (metric.direction == "higher")) == (sense == "better")


def find_verb(name: str) -> Verb | None:
    """Return a verb by name; None if it is not registered. Spaces and hyphens count as underscores."""
    return VERBS.get(name.strip().replace(" ", "_").replace("-", "_"))


def nearest_verbs(name: str) -> list[str]:
    """Return registered names that look like an unknown one."""
    return get_close_matches(name, VERBS, n=3, cutoff=0.5) or ["outperforms", "improves", "differs_from"]


_Form = Literal["third", "plural", "past", "is", "noun"]

_OPEN: dict[_Form, dict[str, tuple[str, str, str]]] = {
    "third": {
        "comparison": ("does not differ detectably from", "is equivalent to", "is not shown to be equivalent to"),
        "change": ("does not detectably change", "does not relevantly change", "has an undetermined effect on"),
    },
    "plural": {
        "comparison": ("do not differ detectably from", "are equivalent to", "are not shown to be equivalent to"),
        "change": ("do not detectably change", "do not relevantly change", "have an undetermined effect on"),
    },
    "past": {
        "comparison": ("did not differ detectably from", "was equivalent to", "was not shown to be equivalent to"),
        "change": ("did not detectably change", "did not relevantly change", "had an undetermined effect on"),
    },
    "is": {
        "statement": ("not detectably different from", "equivalent to", "not shown to be equivalent to"),
        "attribute": ("not statistically significant", "statistically equivalent", "undetermined"),
    },
    "noun": {
        "statement": ("no detectable difference", "no relevant difference", "an undetermined difference"),
    },
}
"""For each form and kind: nothing shown; equivalence shown; equivalence asked and not shown."""

_VERBS: tuple[tuple[str, Sense, str, str], ...] = (
    ("comparison", "better", "outperforms outperform outperformed", "underperforms underperform underperformed"),
    ("comparison", "better", "beats beat beat", "underperforms underperform underperformed"),
    ("comparison", "worse", "underperforms underperform underperformed", "outperforms outperform outperformed"),
    ("comparison", "more", "exceeds exceed exceeded", "falls_below fall_below fell_below"),
    ("comparison", "less", "falls_below fall_below fell_below", "exceeds exceed exceeded"),
    ("comparison", "different", "differs_from differ_from differed_from", "- - -"),
    (
        "comparison",
        "equivalent",
        "is_equivalent_to are_equivalent_to was_equivalent_to",
        "differs_from differ_from differed_from",
    ),
    ("change", "better", "improves improve improved", "worsens worsen worsened"),
    ("change", "worse", "worsens worsen worsened", "improves improve improved"),
    ("change", "worse", "degrades degrade degraded", "improves improve improved"),
    ("change", "better", "helps help helped", "hurts hurt hurt"),
    ("change", "worse", "hurts hurt hurt", "helps help helped"),
    ("change", "less", "reduces reduce reduced", "increases increase increased"),
    ("change", "more", "increases increase increased", "reduces reduce reduced"),
    ("change", "less", "lowers lower_plural lowered", "raises raise raised"),
    ("change", "more", "raises raise raised", "lowers lower lowered"),
    ("change", "different", "changes change changed", "- - -"),
    ("change", "different", "affects affect affected", "- - -"),
)
_PHRASES: tuple[tuple[str, _Form, str, Sense, str, str], ...] = (
    ("better", "is", "statement", "better", "better than", "worse than"),
    ("worse", "is", "statement", "worse", "worse than", "better than"),
    ("higher", "is", "statement", "more", "higher than", "lower than"),
    ("lower", "is", "statement", "less", "lower than", "higher than"),
    ("different", "is", "statement", "different", "different from", "different from"),
    ("equivalent", "is", "statement", "equivalent", "equivalent to", "different from"),
    ("significant", "is", "attribute", "different", "statistically significant", "statistically significant"),
    ("improvement", "noun", "statement", "better", "an improvement", "a deterioration"),
    ("deterioration", "noun", "statement", "worse", "a deterioration", "an improvement"),
    ("rise", "noun", "statement", "more", "an increase", "a reduction"),
    ("reduction", "noun", "statement", "less", "a reduction", "an increase"),
    ("difference", "noun", "statement", "different", "a difference", "a difference"),
    ("equivalence", "noun", "statement", "equivalent", "equivalence", "a difference"),
)
_HYPOTHESIS = (
    ("supports", "supports", "contradicts", "neither supports nor contradicts"),
    ("support", "support", "contradict", "neither support nor contradict"),
    ("supported", "supported", "contradicted", "neither supported nor contradicted"),
)
_ALIASES = {
    "differs": "differs_from",
    "differ": "differ_from",
    "differed": "differed_from",
    "matches": "is_equivalent_to",
    "match": "are_equivalent_to",
    "matched": "was_equivalent_to",
    "an_improvement": "improvement",
    "a_deterioration": "deterioration",
    "an_increase": "rise",
    "a_reduction": "reduction",
    "a_difference": "difference",
    "better_than": "better",
    "worse_than": "worse",
    "higher_than": "higher",
    "lower_than": "lower",
    "different_from": "different",
    "equivalent_to": "equivalent",
}


def _conjugated() -> Iterator[tuple[str, Verb]]:
    forms: tuple[_Form, ...] = ("third", "plural", "past")
    for kind, sense, holds, opposite in _VERBS:
        for form, name, other in zip(forms, holds.split(), opposite.split(), strict=True):
            open_, equivalent, undetermined = _OPEN[form][kind]
            text = name.removesuffix("_plural").replace("_", " ")
            yield (
                name,
                Verb(
                    sense=sense,
                    holds=text,
                    opposite=text if other == "-" else other.replace("_", " "),
                    open=open_,
                    equivalent=equivalent,
                    undetermined=undetermined,
                ),
            )


def _registered() -> dict[str, Verb]:
    """Return all verbs by name; of two forms that are spelled alike ("beat", "hurt") the first holds."""
    verbs: dict[str, Verb] = {}
    for name, verb in _conjugated():
        verbs.setdefault(name, verb)
    for name, form, kind, sense, holds, opposite in _PHRASES:
        open_, equivalent, undetermined = _OPEN[form][kind]
        verbs[name] = Verb(
            sense=sense,
            holds=holds,
            opposite=opposite,
            open=open_,
            equivalent=equivalent,
            undetermined=undetermined,
        )
    for name, holds, opposite, open_ in _HYPOTHESIS:
        verbs[name] = Verb(
            sense="hypothesis", holds=holds, opposite=opposite, open=open_, equivalent=holds, undetermined=open_
        )
    verbs.update({alias: verbs[name] for alias, name in _ALIASES.items()})
    return verbs


VERBS: dict[str, Verb] = _registered()
"""Every claim verb, by the name that a draft asks for."""
