"""Ideas: several are proposed from topic and literature, reflected on once, and scored."""

from __future__ import annotations

from pydantic import Field

from ai_scientist.core.idea import Idea
from ai_scientist.core.values import Value
from ai_scientist.models.request import Model, Request


class Abstract(Value):
    """A record as an agent sees it."""

    id: str
    title: str
    year: int
    text: str


class TopicFacts(Value):
    """What ideas are made from."""

    topic: str
    count: int = Field(description="How many ideas are wanted.")
    literature: tuple[Abstract, ...]
    data: tuple[str, ...] = Field(default=(), description="The user's own data, described.")
    packages: tuple[str, ...] = Field(description="What an experiment may import.")
    timeout_seconds: float = Field(default=300, description="For one seed.")
    template: str | None = Field(default=None, description="The research template that the user insists on.")


class ReflectionFacts(Value):
    """Ideas to look at again, hard."""

    topic: str
    ideas: tuple[Idea, ...]
    literature: tuple[Abstract, ...]
    data: tuple[str, ...] = Field(default=(), description="The user's own data, described.")
    packages: tuple[str, ...] = Field(default=(), description="What an experiment may import.")
    timeout_seconds: float = Field(default=300, description="For one seed.")


class IdeaList(Value):
    """Ideas, best first."""

    ideas: tuple[Idea, ...] = Field(min_length=1)


async def propose_ideas(model: Model, facts: TopicFacts) -> IdeaList:
    """Return ideas for a topic; raises TopicRefused if the engine cannot study it."""
    return await model.ask(
        Request(role="ideation", prompt="ideation_propose", facts=facts, answer=IdeaList, stage="ideate")
    )


async def reflect_on_ideas(model: Model, facts: ReflectionFacts) -> IdeaList:
    """Return the ideas, sharpened, re-scored and in order of their scores."""
    request = Request(role="ideation", prompt="ideation_reflect", facts=facts, answer=IdeaList, stage="ideate")
    answer = await model.ask(request)
    return IdeaList(ideas=tuple(sorted(answer.ideas, key=lambda idea: -idea.score)))
