"""Vision: a look at a figure as it is printed, for what meets the eye; its numbers are checked elsewhere."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ai_scientist.core.values import Value
from ai_scientist.models.request import Model, Request


class FigureFacts(Value):
    """What a figure is meant to show.

    Attributes of note: `shown` are the names of what it plots, as its legend and axes should say them.
    """

    name: str
    caption: str = Field(description="As a reader sees it, with the macros printed.")
    shown: tuple[str, ...]
    wide: bool = Field(description="Whether it spans both columns.")


class FigureAnswer(Value):
    """What a reader would stumble over.

    Attributes of note: `problems` is empty if there is nothing; each names what, and where in the picture.
    """

    seen: str = Field(description="What the picture shows, in one or two sentences.")
    problems: tuple[str, ...] = ()


async def look_at_figure(model: Model, facts: FigureFacts, picture: Path) -> FigureAnswer:
    """Return what is hard to read in a figure, or does not fit its caption."""
    return await model.ask(
        Request(
            role="vision",
            prompt="vision_figure",
            facts=facts,
            answer=FigureAnswer,
            images=(picture,),
            stage="analyse",
            place=("name",),
        )
    )
