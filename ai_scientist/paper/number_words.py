r"""Numbers in prose, in digits or in words, that a writer must not type; and those that are no numbers.

What may be typed: names that hold a digit (F1, L2, names in the plan's labels or in titles of cited papers), the level
of intervals ("95% confidence interval", if that is the plan's), "two-sided" and the like, "the two", ordinals, "one"
as a pronoun. All else is rendered by a macro: a result by \val and its kin, a setting by \cfg, a count by \count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ai_scientist.paper.context import RenderContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A number that was typed, as a span of the text."""

    start: int
    end: int
    text: str


_BOUND_NAMES = frozenset("F1 L1 L2 R2 C4 L0 T5 H0 top-1 top-5 float16 float32 float64 bfloat16 int8 UTF-8".split())
_NAME = re.compile(r"(?<![^\W_])[^\W\d_]+(?:-[^\W\d_]+)*-?\d+[^\W\d_]*(?![\w.,%]\d)")
_LEVEL = re.compile(
    r"(\d+)\s?(?:%|per ?cent)(?=[\s-]+(?:\w+[\s-]+)?(?:confidence|CIs?\b|interval|level|credible|coverage))"
)

_UNITS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
)
_TENS = "nineteen twenty thirty forty fifty sixty seventy eighty ninety"
_CARDINAL = "|".join(f"{_UNITS} {_TENS}".split())
_ABSTRACT = (
    "kinds?|types?|ways?|questions?|reasons?|aspects?|things|sorts|readings|sides|ends|parts|steps|stages|phases|"
    "contributions|points of view|views|roles|goals|purposes|extremes|words|families|directions|possibilities|"
    "explanations|main|complementary|possible|competing|distinct|separate|opposing|opposite"
)
_COMPOUND = "sided|tailed|samples?|stage|step|dimensional|way|column|part|phase|pass|level|party|shot"
_COUNTED = (
    "data\\s?sets|seeds|conditions|runs|metrics|hypotheses|nodes|tasks|classes|components|epochs|layers|models|settings|"
    "methods|programs|experiments|features|rows|samples|points|hours|minutes|seconds|days|steps|stages|comparisons|tests|"
    "baselines|networks|classifiers|programmes|failures|cases|standard|units|orders"
)
_FOREIGN = (
    "zwei|drei|vier|fünf|sechs|sieben|neun|zehn|zwölf|zwanzig|dreißig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig|"
    "hundert|tausend|drittel|viertel|hälfte|prozent|deux|trois|quatre|cinq|sept|huit|neuf|vingt|trente|quarante|"
    "cinquante|soixante|moitié|pour\\s?cent|dos|tres|cuatro|cinco|siete|ocho|nueve|diez|veinte|treinta|cuarenta|"
    "cincuenta|sesenta|setenta|ochenta|noventa|por\\s+ciento|mitad|quattro|cinque|sette|otto|dieci|venti|trenta|quaranta|"
    "novanta"
)
"""Numbers in other languages, as far as they are no English words; the paper is in English."""

_DETERMINER = re.compile(r"\b(?:the|these|those|any|no|between|other|its|our|their|of|last|first)\s+$", re.IGNORECASE)

_FORBIDDEN = re.compile(
    rf"""\b(?:
      (?P<cardinal>(?:{_CARDINAL}))(?P<tail>(?:[-\s](?:one|{_CARDINAL}|hundred|thousand|million|billion))*)\b
    | (?P<multiple>(?:{_CARDINAL}|hundred|thousand|many|several)-?fold)\b
    | (?P<big>hundreds?|thousands?|millions?|billions?|trillions?|dozens?)\b
    | (?P<times>twice|thrice|doubl(?:e[sd]?|ing)|(?:tre|tri|quadru|quintu|sextu|decu)[bp]l(?:e[sd]?|ing)
      |halv(?:e[sd]?|ing)|decades?\s+(?:smaller|larger|lower|higher|less|more|below|above))\b
    | (?P<half>half|halves)\b
    | (?P<part>(?:an?|one)[\s-](?:third|quarter|fifth|sixth|seventh|eighth|ninth|tenth)s?(?=\s+(?:of|more|less|
      fewer|higher|lower|as|smaller|larger|the)\b|[.,;]))
    | (?P<parts>(?:thirds|quarters|fifths|tenths|hundredths|(?:hundred|thousand|million|billion)ths?)
      |(?:an?|one|its|the)\s+\w+th\s+part(?=\s+of))\b
    | (?P<span>(?:twen|thir|for|fif|six|seven|eigh|nine)ties|(?:single|double|triple|two|three)[\s-]digits?)\b
    | (?P<point>(?:full|whole|(?:single\s+)?(?:percentage|per\s?cent))\s+(?:percentage\s+)?point(?!\s+(?:of|estimates?))
      |(?:gain|rose|rise|fell|fall|los|lost|drop|grew|up|down|by)\w*\s+(?:by\s+)?a\s+point(?!\s+(?:of|estimates?)))\b
    | (?P<group>(?:scores?|handfuls?|gross|brace)\s+of(?=\s+(?:\w+\s+)?(?:{_COUNTED}))|couple\s+of|umpteen)\b
    | (?P<magnitude>orders?\s+of\s+magnitude)\b
    | (?P<share>(?:an?|the)\s+(?:majority|minority)(?=\s+of)|majority\s+of
      |(?:vast|great|large|small|slim|clear|overwhelming)\s+(?:majority|minority))\b
    | (?P<most>(?:most|every\s+(?:second|other|third))
      (?:\s+of)?(?:\s+the)?\s+(?:data\s?sets?|seeds?|conditions?|runs?|settings?|metrics?|nodes?))\b
    | (?P<foreign>{_FOREIGN})\b
    | (?P<one>(?:one[\s-]+(?=(?:per\s?cent|percentage|points?\b|hundred|thousand|million|standard\s+(?:deviation|error)
      |sigma|in\s+(?:{_CARDINAL})|out\s+of))|by\s+one\b(?!\s*(?:of|or|by|another))|one\s+half))
    | (?P<zero>zero)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_HALF_IS_FINE = re.compile(
    r"^[\s-]*(?:width|precision|life|normal|cauchy|space|plane|open|way|sine|cosine|of\s+(?:the|a)\s+(?:story|truth|answer))\b",
    re.IGNORECASE,
)
_DOUBLE_IS_FINE = re.compile(
    r"^[\s-]*(?:blind|precision|descent|counting|check|headed|dip|dipping|robust|negative|negation|bind)\b",
    re.IGNORECASE,
)
_LITERATURE = re.compile(
    r"^(?:\s+of)?\s+(?:the\s+)?(?:published|prior|previous|earlier|related|papers|studies|works?|literature|authors|research)\b",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(r"\b(?:hypothes\w+|null|if|whether|suppos\w+|assum\w+|unless|contains?)\b", re.IGNORECASE)
_ZERO_BEFORE = re.compile(
    r"\b(?:to|at|from|near|around|above|below|than|non|towards?|or|includ\w+|exclud\w+|contain\w*|cover\w*|cross\w*)"
    r"[\s-]+$",
    re.IGNORECASE,
)
_ZERO_AFTER = re.compile(
    r"^[\s-]+(?:(?:is|lies|falls)\s+(?:in|inside|within|outside)\b|lines?|means?|shot|sum|one|inflated|vectors?|matrix|padd\w+|gradients?|initiali\w+|cent\w+|knowledge|day|order|lines?)\b",
    re.IGNORECASE,
)
_ROMAN = re.compile(r"(?<![\w-])(?:X{1,3}(?:IX|IV|V?I{0,3})|IX|IV|VI{0,3}|I{2,3})(?![\w-])")
_SMALL_ROMAN = re.compile(r"(?<![\w(-])(?:x{1,3}(?:ix|iv|v?i{0,3})|ix|iv|viii?|i{2,3})(?![\w)-])")
_LOOKALIKE = re.compile(r"(?<![\w.])[lIO0]+\.[lIO0]+(?![\w.])")
_ROMAN_IS_FINE = re.compile(
    r"\b(?:type|phase|part|class|level|stage|model)s?\s+(?:I\s+(?:and|or)\s+(?:\w+\s+)?)?$", re.IGNORECASE
)


def typed_numbers(text: str, names: frozenset[str], level: str) -> Iterator[Typed]:
    """Yield the numbers that were typed into a flat text.

    Args:
        text: What is read; marks stand for macros.
        names: Names with digits that may be typed; see `bound_names`.
        level: Per cent of the plan's intervals: "95".
    """
    yield from _digits(text, names, level)
    for found in _FORBIDDEN.finditer(text):
        if not _is_fine(found, text):
            yield Typed(start=found.start(), end=found.end(), text=found.group().strip())
    for found in _ROMAN.finditer(text):
        is_method = found.group() == "IV" and re.match(r"\s+(?:regression|estimat|method|analys)", text[found.end() :])
        if found.group() != "V" and not is_method and not _ROMAN_IS_FINE.search(text[: found.start()]):
            yield Typed(start=found.start(), end=found.end(), text=found.group())
    for pattern in (_SMALL_ROMAN, _LOOKALIKE):
        for found in pattern.finditer(text):
            if len(found.group()) > 1 and not found.group().replace(".", "").isdigit():
                yield Typed(start=found.start(), end=found.end(), text=found.group())


def bound_names(context: RenderContext) -> frozenset[str]:
    """Return the names with a digit in them that come from the plan, the configuration or a record's title."""
    plan = context.plan
    texts: list[str] = [label for c in plan.conditions for label in (c.label, c.short, c.description)]
    texts += [label for m in plan.metrics for label in (m.label, m.short, m.description)]
    texts += [label for d in plan.datasets for label in (d.label, d.description)]
    texts += [plan.title, plan.question, *(r.title for r in context.records.values())]
    texts += [value for value in context.results.config.settings.values() if isinstance(value, str)]
    return frozenset(_names(texts)) | _BOUND_NAMES | set(context.results.tests) | {h.id for h in plan.hypotheses}


def interval_level(context: RenderContext) -> str:
    """Return the per cent of the plan's intervals."""
    return f"{100 * (1 - context.plan.alpha):g}"


def is_numeric(character: str) -> bool:
    """Whether a character stands for a number in any script: ½, ², Ⅷ, ٣, 三."""
    return unicodedata.numeric(character, None) is not None


def _names(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for found in _NAME.finditer(text):
            yield found.group()


def _digits(text: str, names: frozenset[str], level: str) -> Iterator[Typed]:
    allowed: list[range] = [range(f.start(1), f.end(1)) for f in _LEVEL.finditer(text) if f.group(1) == level]
    named = (f for f in _NAME.finditer(text) if f.group() in names or f.group().lower() in names)
    allowed += [range(f.start(), f.end()) for f in named]
    position = 0
    while position < len(text):
        if not is_numeric(text[position]):
            position += 1
            continue
        end = position + 1
        while end < len(text) and (
            is_numeric(text[end]) or (text[end] in ".,:/" and is_numeric(text[end + 1 : end + 2] or "x"))
        ):
            end += 1
        if not any(position in span and end - 1 in span for span in allowed):
            yield Typed(start=position, end=end, text=text[position:end])
        position = end


def _is_fine(found: re.Match[str], text: str) -> bool:
    kind = str(found.lastgroup if found.lastgroup != "tail" else "cardinal")
    before, after = text[max(found.start() - 40, 0) : found.start()], text[found.end() : found.end() + 40]
    if kind == "cardinal":
        return _cardinal_is_fine(found, before, after)
    if kind == "half":
        is_named = re.search(r"\b(?:first|second|\w+ive|\w+al|left|right|upper|lower)\s+$", before)
        return bool(_HALF_IS_FINE.match(after) or is_named)
    if kind == "times":
        if found.group().lower() == "twice":
            return bool(re.match(r"[\s-]+(?:continuously[\s-]+)?differentiable", after))
        return found.group().lower() in ("double", "doubling") and bool(_DOUBLE_IS_FINE.match(after))
    if kind == "zero":
        sentence = text[: found.start()].rpartition(". ")[2]
        return bool(_ZERO_BEFORE.search(before) or _ZERO_AFTER.match(after) or _SUPPOSED.search(sentence))
    if kind in ("share", "big"):
        return bool(_LITERATURE.match(after))
    if kind == "magnitude":
        return bool(re.search(r"\b(?:the|their|its)\s+$", before, re.IGNORECASE) and re.match(r"\s+of\b", after))
    return False


def _cardinal_is_fine(found: re.Match[str], before: str, after: str) -> bool:
    if found.group("tail"):
        return False
    if re.match(rf"-(?:{_COMPOUND})\b", after):
        return True
    if re.match(rf"\s+(?:\w+ly\s+)?(?:{_ABSTRACT})\b", after, re.IGNORECASE):
        return True
    if found.group("cardinal").lower() != "two":
        return False
    if re.search(r"\bfactors?\s+of\s+$", before, re.IGNORECASE) or re.match(r"[\s-]to[\s-]\w+", after):
        return False
    if re.match(rf"\s+of\s+(?:the|these|those|our)\s+(?:{_ABSTRACT})\b", after, re.IGNORECASE):
        return True
    if re.match(r"\s+(?:of|out|times|in|per\s?cent|percentage|points?|orders?|thirds|fold)\b", after, re.IGNORECASE):
        return False
    is_counted = re.match(rf"\s+(?:\w+\s+)?(?:{_COUNTED})\b", after, re.IGNORECASE)
    return bool(_DETERMINER.search(before)) or not is_counted
