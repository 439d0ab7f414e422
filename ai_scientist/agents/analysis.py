"""Analysis: which figures and tables show what was found. The numbers in them come from cells, not from here."""

from __future__ import annotations

from pydantic import Field

from ai_scientist.analysis.cells import Results
from ai_scientist.core.plan import Plan
from ai_scientist.core.research_template import Curve
from ai_scientist.core.values import Value
from ai_scientist.models.request import Model, Request


class TableRequest(Value):
    """A table: conditions as rows, metrics (and datasets) as columns."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    metrics: tuple[str, ...]
    conditions: tuple[str, ...]
    datasets: tuple[str, ...] = Field(description="'all' is the mean over datasets.")
    caption: str = Field(description="In macro form.")


class DisplayFacts(Value):
    """What can be shown."""

    plan: Plan
    results: Results
    curves: tuple[str, ...] = Field(description="Metrics that were logged over steps.")
    problems: tuple[str, ...] = ()


class DisplayAnswer(Value):
    """What shall be shown."""

    figures: tuple[Curve, ...] = Field(min_length=2)
    tables: tuple[TableRequest, ...] = Field(min_length=1)


async def choose_displays(model: Model, facts: DisplayFacts) -> DisplayAnswer:
    """Return which figures and tables to make."""
    return await model.ask(
        Request(role="analysis", prompt="analysis_displays", facts=facts, answer=DisplayAnswer, stage="analyse")
    )
