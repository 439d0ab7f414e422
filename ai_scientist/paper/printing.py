r"""What each macro prints: one function a macro, from its arguments and the place it stands at to text with its origin.

In a table (`place` begins with "table:") names are short, and units stand in the head.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from ai_scientist.analysis.cells import Cell, TestResult
from ai_scientist.core.values import Scalar
from ai_scientist.paper.claims import PLAN_ENTRY, Claim, ClaimMacro, anchor
from ai_scientist.paper.context import ALL_DATASETS, RenderContext
from ai_scientist.paper.escape import escape
from ai_scientist.paper.numbers import (
    decimals_for,
    format_number,
    format_p,
    format_setting,
    format_value,
    to_latex,
    with_unit,
)
from ai_scientist.paper.problems import ProblemKind
from ai_scientist.paper.source import Call
from ai_scientist.paper.verbs import Standing, find_verb, nearest_verbs, speak
from ai_scientist.paper.vocabulary import CITE_MACROS, NAME_MACROS, RESULT_MACROS


class UnknownName(Exception):
    """A macro names what does not exist."""

    def __init__(self, message: str, kind: ProblemKind = "address") -> None:
        super().__init__(message)
        self.kind: ProblemKind = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a macro stands: what decides how it is printed."""

    name: str
    offset: int
    is_math: bool
    starts_sentence: bool

    @property
    def is_table(self) -> bool:
        """Whether names are short here and numbers stand alone."""
        return self.name.startswith("table:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What one macro became: LaTeX without its link, the appendix entry, and the line for claims.json."""

    tex: str
    target: str = ""
    claim: Claim | None = None


def cited_keys(call: Call) -> list[str]:
    """Return the record keys that a citation names; none for other macros."""
    if call.name not in CITE_MACROS:
        return []
    return [key.strip() for key in call.argument(0).split(",") if key.strip()]


def _cell(address: str, context: RenderContext) -> Cell:
    cell = context.results.cells.get(address)
    if cell is None:
        raise UnknownName(f"there is no cell {address!r}{_near(address, context.results.cells)}.")
    return cell


def _test(name: str, context: RenderContext) -> TestResult:
    test = context.results.tests.get(name)
    if test is None:
        known = ", ".join(sorted(context.results.tests)) or "none"
        raise UnknownName(f"there is no test {name!r}; there are: {known}.")
    return test


def _near(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, list(known), n=3, cutoff=0.4)
    return f"; near it are {', '.join(near)}" if near else ""


def _unit(cell: Cell, spot: Spot) -> str:
    return "" if spot.is_table or cell.stat == "n" else cell.unit


def _val(call: Call, context: RenderContext, spot: Spot) -> Printed:
    cell = _cell(call.argument(0), context)
    uncertainty = None if cell.stat == "n" else cell.uncertainty
    text = format_value(cell.value, uncertainty, _unit(cell, spot))
    return _number(text, "val", cell.id, cell.value, spot, cell)


def _valci(call: Call, context: RenderContext, spot: Spot) -> Printed:
    group = call.argument(0)
    mean, low, high = (_cell(f"{group}/{stat}", context) for stat in ("mean", "ci_low", "ci_high"))
    decimals = decimals_for(mean.value, mean.uncertainty or (high.value - low.value) / 2)
    centre, ends = format_number(mean.value, decimals), [format_number(c.value, decimals) for c in (low, high)]
    if spot.is_table:
        text = f"{centre} [{ends[0]}, {ends[1]}]"
    else:
        text = f"{with_unit(centre, mean.unit)} (95% CI {ends[0]} to {ends[1]})"
    return _number(text, "valci", mean.id, mean.value, spot, mean)


def _delta(call: Call, context: RenderContext, spot: Spot) -> Printed:
    test = _test(call.argument(0), context)
    metric = context.metric(test.hypothesis.metric)
    unit = "" if spot.is_table or metric is None else metric.unit
    unit = "percentage points" if unit == "%" else unit
    decimals = decimals_for(test.difference, (test.ci_high - test.ci_low) / 2)
    centre, low, high = (format_number(v, decimals) for v in (test.difference, test.ci_low, test.ci_high))
    signed = f"+{centre}" if test.difference > 0 and centre.strip("0.,") else centre
    text = f"{signed} [{low}, {high}]" if spot.is_table else f"{with_unit(signed, unit)} (95% CI {low} to {high})"
    return _number(text, "delta", test.id, test.difference, spot, test)


def _effect(call: Call, context: RenderContext, spot: Spot) -> Printed:
    test = _test(call.argument(0), context)
    if test.effect is None:
        raise UnknownName(f"test {test.id} has no effect size.")
    text = format_number(test.effect, 2)
    if not spot.is_table:
        text = f"d = {text}"
        if test.effect_low is not None and test.effect_high is not None:
            text += f" (95% CI {format_number(test.effect_low, 2)} to {format_number(test.effect_high, 2)})"
    return _number(text, "effect", test.id, test.effect, spot, test)


def _pval(call: Call, context: RenderContext, spot: Spot) -> Printed:
    test = _test(call.argument(0), context)
    text = format_p(test.p_corrected, test.alpha)
    text = text.replace("= ", "").replace(" ", "") if spot.is_table else f"p {text}"
    return _number(text, "pval", test.id, test.p_corrected, spot, test)


def _claim(call: Call, context: RenderContext, spot: Spot) -> Printed:
    name, test = call.argument(0), _test(call.argument(1), context)
    verb = find_verb(name)
    if verb is None:
        raise UnknownName(f"there is no claim verb {name!r}; near it are {', '.join(nearest_verbs(name))}.", "claim")
    metric = context.metric(test.hypothesis.metric)
    if metric is None:
        raise UnknownName(f"test {test.id} is about {test.hypothesis.metric!r}, which the plan does not declare.")
    spoken = speak(verb, test, metric)
    text = _capitalized(spoken.text) if spot.starts_sentence else spoken.text
    claim = _claim_line("claim", test.id, None, text, spot, test, verb=name, standing=spoken.standing)
    return Printed(tex=_as_text(text, spot), target=anchor("test", test.id), claim=claim)


def _cfg(call: Call, context: RenderContext, spot: Spot) -> Printed:
    return _setting("cfg", call.argument(0), context.results.config.settings, "setting", spot)


def _data(call: Call, context: RenderContext, spot: Spot) -> Printed:
    return _setting("data", call.argument(0), context.results.config.data, "fact of the data", spot)


def _count(call: Call, context: RenderContext, spot: Spot) -> Printed:
    key = call.argument(0)
    value = context.count(key)
    if value is None:
        raise UnknownName(f"there is no count {key!r}{_near(key, context.counts)}.")
    return _key("count", key, value, spot)


def _plan(call: Call, context: RenderContext, spot: Spot) -> Printed:
    key = call.argument(0)
    value = context.plan_fact(key)
    if value is None:
        raise UnknownName(f"there is no fact of the plan named {key!r}.")
    return _key("plan", key, value, spot)


def _setting(macro: ClaimMacro, key: str, known: Mapping[str, Scalar], noun: str, spot: Spot) -> Printed:
    if key not in known:
        raise UnknownName(f"there is no {noun} {key!r}{_near(key, known)}.")
    return _key(macro, key, known[key], spot)


def _key(macro: ClaimMacro, key: str, value: Scalar, spot: Spot) -> Printed:
    text = format_setting(value)
    tex = _as_text(text, spot) if isinstance(value, str) else to_latex(text)
    claim = Claim(place=spot.name, offset=spot.offset, macro=macro, address=key, value=value, text=text)
    return Printed(tex=tex, target=anchor(macro, key), claim=claim)


def _number(text: str, macro: ClaimMacro, address: str, value: float, spot: Spot, source: Cell | TestResult) -> Printed:
    tex = _unbroken(text)
    if spot.is_math and re.search(r"[A-Za-z]{2}", text):
        tex = rf"\mbox{{{tex}}}"
    kind = "cell" if isinstance(source, Cell) else "test"
    claim = _claim_line(macro, address, value, text, spot, source)
    return Printed(tex=tex, target=anchor(kind, address), claim=claim)


def _unbroken(text: str) -> str:
    """Return a number's LaTeX; "p = 0.03" and "d = 1.2" are set as formulas that no line's end breaks."""
    if not text.startswith(("p ", "d ")):
        return to_latex(text)
    head, paren, rest = text.partition(" (")
    letter, relation, number = head.split(" ", 2)
    formula = rf"\mbox{{\ensuremath{{{letter} {relation} {to_latex(number)}}}}}"
    return formula + (to_latex(paren + rest) if paren else "")


def _claim_line(
    macro: ClaimMacro,
    address: str,
    value: float | None,
    text: str,
    spot: Spot,
    source: Cell | TestResult,
    *,
    verb: str = "",
    standing: Standing | None = None,
) -> Claim:
    return Claim(
        place=spot.name,
        offset=spot.offset,
        macro=macro,
        address=address,
        value=value,
        text=text,
        verb=verb,
        standing=standing,
        rows=source.rows,
        nodes=source.nodes if isinstance(source, Cell) else (),
        producer=source.producer,
    )


def _cond(call: Call, context: RenderContext, spot: Spot) -> Printed:
    name = call.argument(0)
    condition = context.condition(name)
    if condition is None:
        raise UnknownName(f"the plan declares no condition {name!r}.")
    return _name("cond", name, condition.short if spot.is_table else condition.label, spot)


def _metric(call: Call, context: RenderContext, spot: Spot) -> Printed:
    name = call.argument(0)
    metric = context.metric(name)
    if metric is None:
        raise UnknownName(f"the plan declares no metric {name!r}.")
    if not spot.is_table:
        return _name("metric", name, metric.label, spot)
    return _name("metric", name, f"{metric.short} ({metric.unit})" if metric.unit else metric.short, spot)


def _dataset(call: Call, context: RenderContext, spot: Spot) -> Printed:
    name = call.argument(0)
    dataset = context.dataset(name)
    if dataset is not None:
        return _name("dataset", name, dataset.label, spot)
    if name == ALL_DATASETS:
        return _name("dataset", name, "all" if spot.is_table else "all datasets", spot)
    raise UnknownName(f"the plan declares no dataset {name!r}.")


def _name(macro: ClaimMacro, name: str, label: str, spot: Spot) -> Printed:
    text = _capitalized(label) if spot.starts_sentence and not spot.is_table else label
    if not any(character.isdigit() for character in text):
        return Printed(tex=_as_text(text, spot))
    claim = Claim(place=spot.name, offset=spot.offset, macro=macro, address=name, value=None, text=text)
    return Printed(tex=_as_text(text, spot), target=PLAN_ENTRY, claim=claim)


def _as_text(text: str, spot: Spot) -> str:
    return rf"\mbox{{{escape(text)}}}" if spot.is_math else escape(text)


def _capitalized(text: str) -> str:
    """Return the text with a capital first letter, unless its first word is written in its own way ("kNN")."""
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first[1:] == first[1:].lower() else text


def _cite(call: Call, context: RenderContext, spot: Spot) -> Printed:
    keys = cited_keys(call)
    if not keys:
        raise UnknownName(f"\\{call.name} names no record.", "citation")
    for key in keys:
        if key not in context.records:
            raise UnknownName(f"there is no record {key!r}{_near(key, context.records)}.", "citation")
    if call.name != "citeq":
        options = "".join(f"[{a.inner}]" for a in call.arguments if a.delimiter == "[")
        return Printed(tex=rf"\{call.name}{options}{{{','.join(keys)}}}")
    return _quote(keys, call.argument(1), context, spot)


def _quote(keys: list[str], name: str, context: RenderContext, spot: Spot) -> Printed:
    quote = context.quotes.get(name)
    if quote is None or len(keys) != 1 or quote.record != keys[0]:
        of_record = [q.id for q in context.quotes.values() if q.record in keys]
        raise UnknownName(
            f"{', '.join(keys)} has no quote {name!r}; it has: {', '.join(of_record) or 'none'}.", "citation"
        )
    stored = context.records[quote.record].text
    if stored[quote.start : quote.start + len(quote.text)] != quote.text:
        raise UnknownName(f"quote {name!r} does not stand in the stored text of {quote.record}.", "citation")
    claim = Claim(
        place=spot.name, offset=spot.offset, macro="citeq", address=name, value=None, text=quote.text, verb=keys[0]
    )
    return Printed(tex=rf"\citep{{{keys[0]}}}", claim=claim)


Printer = Callable[[Call, RenderContext, Spot], Printed]
PRINTERS: dict[str, Printer] = {
    "val": _val,
    "valci": _valci,
    "delta": _delta,
    "effect": _effect,
    "pval": _pval,
    "claim": _claim,
    "cfg": _cfg,
    "data": _data,
    "count": _count,
    "plan": _plan,
    "cond": _cond,
    "metric": _metric,
    "dataset": _dataset,
    **{name: _cite for name in CITE_MACROS},
}
assert set(PRINTERS) == {*RESULT_MACROS, *NAME_MACROS, *CITE_MACROS}
