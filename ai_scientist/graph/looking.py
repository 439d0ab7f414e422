"""A look at the figures, as pictures, before anything is written: where a model that sees is set."""

from __future__ import annotations

import asyncio

from ai_scientist.agents.vision import FigureAnswer, FigureFacts, look_at_figure
from ai_scientist.analysis.figure_data import FigureData
from ai_scientist.core.errors import ModelError, TransientError
from ai_scientist.core.jsonl import read_json, write_json
from ai_scientist.core.values import Value
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.results import displays_of, show
from ai_scientist.graph.state import State, Update
from ai_scientist.graph.writing import render_context
from ai_scientist.models.names import RULES
from ai_scientist.paper.document import Figure
from ai_scientist.paper.read import caption_words

LOOKS = 2
"""How often figures are looked at: as they were drawn first, and once more after they were chosen again."""


class Look(Value):
    """What came of looking at one figure.

    Attributes of note: `failed` says why nobody could look; empty nearly always.
    """

    figure: str
    seen: str = ""
    problems: tuple[str, ...] = ()
    failed: str = ""


class Looks(Value):
    """What results/looks.json holds."""

    by: str
    looks: tuple[Look, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What meets the eye, figure by figure."""
        return tuple(f"{look.figure}: {problem}" for look in self.looks for problem in look.problems)


def looks_of(parts: Parts) -> Looks | None:
    """Return what was seen in the figures; None if nobody looked."""
    file = parts.folder.results / "looks.json"
    return Looks.model_validate(read_json(file)) if file.exists() else None


async def look(state: State, parts: Parts) -> Update:
    """Show each figure to the model that sees; what it stumbles over goes back, once, to whoever chose the figures."""
    if not parts.eyes:
        return {}
    looks = await _look_at_all(state, parts)
    for _ in range(LOOKS - 1):
        if not looks.problems or _rules_choose(parts):
            break
        await show(state, parts, problems=looks.problems)
        looks = await _look_at_all(state, parts)
    file = parts.folder.results / "looks.json"
    write_json(file, looks.model_dump(mode="json"))
    seen = [one for one in looks.looks if not one.failed]
    facts = {"by": parts.eyes if seen else "", "figures": len(seen), "problems": len(looks.problems)}
    parts.ledger.record("figures.seen", actor="agent:vision", files=[file], facts=facts)
    parts.progress("figures.seen", **facts)
    return {}


def _rules_choose(parts: Parts) -> bool:
    """Whether rules choose the figures: they leave out what a problem names, which is no answer to a small label."""
    model = parts.settings.model
    return parts.model.name == RULES or model.roles.get("analysis", model.name) == RULES


async def _look_at_all(state: State, parts: Parts) -> Looks:
    figures = displays_of(parts).figures
    return Looks(
        by=parts.eyes, looks=tuple(await asyncio.gather(*(_look_at(figure, state, parts) for figure in figures)))
    )


async def _look_at(figure: Figure, state: State, parts: Parts) -> Look:
    file = parts.folder.path / figure.file
    data = FigureData.model_validate(read_json(file.with_suffix(".json")))
    facts = FigureFacts(
        name=figure.name,
        caption=caption_words(figure.caption, render_context(state, parts), figure.name),
        shown=_shown(data),
        wide=figure.wide,
    )
    try:
        answer: FigureAnswer = await look_at_figure(parts.model, facts, file.with_suffix(".png"))
    except (ModelError, TransientError) as error:  # a look is worth having, but not worth a run
        return Look(figure=figure.name, failed=str(error))
    return Look(figure=figure.name, seen=answer.seen, problems=answer.problems)


def _shown(data: FigureData) -> tuple[str, ...]:
    """Return what legend and axes should say."""
    labels = [series.label for panel in data.panels for series in panel.series]
    return tuple(dict.fromkeys(part for part in (data.x_label, data.y_label, *labels) if part))


def facts_of_looking(parts: Parts) -> tuple[str, ...]:
    """Return what reviewers are told of the look at the figures."""
    looks = looks_of(parts)
    return tuple(f"figure {problem} (seen by {looks.by})" for problem in looks.problems) if looks else ()
