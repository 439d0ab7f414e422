"""The whole paper as LaTeX: a pure function of the draft and what it was made from, so that an audit can repeat it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from ai_scientist.core.plan import Choice, Plan
from ai_scientist.paper.appendix import (
    cell_entries,
    code,
    hypothesis_entries,
    key_entries,
    quote_entries,
    test_entries,
    uses_of,
)
from ai_scientist.paper.bibliography import render_bibliography
from ai_scientist.paper.claims import Claim, ClaimsFile, is_title
from ai_scientist.paper.context import RenderContext
from ai_scientist.paper.displays import Float, figure_float, graphics_paths, placements, table_float
from ai_scientist.paper.document import Draft
from ai_scientist.paper.escape import Tex, escape
from ai_scientist.paper.flat import flatten
from ai_scientist.paper.macros import Rendered, render_text
from ai_scientist.paper.problems import Problem
from ai_scientist.paper.source import SourceError, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionSource:
    """A section, rendered."""

    label: str
    title: Tex
    body: Tex


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSource:
    """What the compiler writes.

    Attributes:
        cited: Record keys, in order of first citation.
        problems: What the macros could not render.
    """

    tex: str
    bib: str
    claims: ClaimsFile
    cited: tuple[str, ...]
    problems: tuple[Problem, ...]


class _Collector:
    """Renders texts and keeps what they brought along."""

    def __init__(self, context: RenderContext) -> None:
        self.context = context
        self.claims: list[Claim] = []
        self.problems: list[Problem] = []
        self.cited: list[str] = []

    def text(self, text: str, place: str, *, inserts: Sequence[tuple[int, str]] = ()) -> Tex:
        linked = not is_title(place)
        rendered: Rendered = render_text(text, self.context, place=place, linked=linked, inserts=inserts)
        self.claims += rendered.claims
        self.problems += rendered.problems
        self.cited += [key for key in rendered.cited if key not in self.cited]
        return Tex(rendered.text)


def render_paper(draft: Draft, context: RenderContext, *, style: str = "article") -> PaperSource:
    """Return the paper's LaTeX, its bibliography and its claims. The same arguments give the same bytes."""
    collector = _Collector(context)
    title = collector.text(draft.title, "title")
    abstract = collector.text(draft.abstract, "abstract")
    floats = _floats(draft, collector)
    placed = placements(draft, floats)
    sections = [
        SectionSource(
            label=f"sec:{section.name}",
            title=collector.text(section.title, f"heading:{section.name}"),
            body=collector.text(section.body, section.name, inserts=placed[section.name]),
        )
        for section in draft.sections
    ]
    known = [key for key in collector.cited if key in context.records]
    tex = _template(style).render(
        title=title,
        plain_title=plain_text(title),
        abstract=abstract,
        author_note=draft.author_note,
        sections=sections,
        has_references=bool(known),
        graphics=Tex("".join(f"{{{path}}}" for path in ["figures/", *graphics_paths(draft.figures)])),
        **_appendix(context, collector.claims),
    )
    return PaperSource(
        tex=tex,
        bib=render_bibliography(context.records, known),
        claims=ClaimsFile(plan=context.plan.hash, claims=tuple(collector.claims)),
        cited=tuple(known),
        problems=tuple(collector.problems),
    )


def _floats(draft: Draft, collector: _Collector) -> list[Float]:
    floats = [figure_float(f, collector.text(f.caption, f"figure:{f.name}")) for f in draft.figures]
    for table in draft.tables:
        place = f"table:{table.name}"
        caption = collector.text(table.caption, f"caption:{table.name}")
        floats.append(table_float(table, collector.text(table.body, place), caption))
    return floats


def _appendix(context: RenderContext, claims: Sequence[Claim]) -> dict[str, object]:
    plan = context.plan
    return {
        "provenance": context.provenance,
        "date": _written(context.provenance.date),
        "cells": cell_entries(context, claims),
        "tests": test_entries(context, claims),
        "keys": key_entries(claims),
        "quotes": quote_entries(context, claims),
        "hypotheses": hypothesis_entries(plan),
        "name_uses": uses_of([c for c in claims if c.macro in ("cond", "metric", "dataset")]),
        "plan_facts": _plan_facts(plan),
        "code": code,
    }


def _plan_facts(plan: Plan) -> list[tuple[str, Tex]]:
    """Return what the plan fixed beside the hypotheses."""
    seeds = ", ".join(str(seed) for seed in plan.confirm_seeds)
    hashed = r"\allowbreak{}".join(plan.hash[start : start + 8] for start in range(0, len(plan.hash), 8))
    return [
        ("Question", escape(plan.question)),
        ("Primary metric", code(plan.primary_metric)),
        (
            "Conditions",
            escape("; ".join(f"{c.name} ({c.role}): {c.description.rstrip('. ')}" for c in plan.conditions)),
        ),
        ("Datasets", escape("; ".join(f"{d.label} ({d.source}, {d.origin})" for d in plan.datasets))),
        *_choice_facts(plan.choice),
        ("Confirm seeds", escape(seeds)),
        ("Search seeds", escape(", ".join(str(seed) for seed in plan.search_seeds))),
        ("Level and correction", escape(f"alpha {plan.alpha:g}, {plan.correction.capitalize()}")),
        ("Stopping rule", escape(plan.stopping_rule)),
        ("SHA-256", Tex(rf"\texttt{{{hashed}}}")),
    ]


def _choice_facts(choice: Choice | None) -> list[tuple[str, Tex]]:
    """Return which offered data are not used and why, and what came of asking with the lists turned round."""
    if choice is None:
        return []
    by_reason: dict[str, list[str]] = {}
    for name, reason in choice.reasons.items():
        by_reason.setdefault(reason.strip().rstrip(".") or "no reason was stated", []).append(name)
    told = [(f"{', '.join(names)}: {reason}") for reason, names in by_reason.items()]
    facts = [("Data not used", escape("; ".join(told)))] if told else []
    if choice.second:
        asked = f"The same question, with every list in the opposite order, {choice.second}."
        facts.append(("Order of the lists", escape(asked)))
    return facts


def _written(iso: str) -> str:
    """Return an ISO date as a paper prints it; as it stands if it is none."""
    try:
        day = date.fromisoformat(iso[:10])
    except ValueError:
        return iso
    return f"{day.day} {day:%B %Y}"


def plain_text(tex: str) -> str:
    """Return rendered LaTeX as plain words on one line, for titles of files and bookmarks."""
    try:
        return " ".join(flatten(parse(tex)).text.split())
    except SourceError:
        return ""


@cache
def _template(style: str) -> Template:
    environment = Environment(
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,  # not HTML: `finalize` escapes for LaTeX
        finalize=_printed,
        loader=FunctionLoader(_load),
    )
    environment.filters["tex"] = Tex  # what a template's own macro made is LaTeX already
    return environment.get_template(f"{style}.tex.j2")


def _printed(value: object) -> Tex:
    return value if isinstance(value, Tex) else escape(str(value))


def _load(name: str) -> str:
    return resources.files("ai_scientist").joinpath("templates", "latex", name).read_text(encoding="utf-8")
