"""The tree operator of a task with a score: the coding agent changes a program so that its answer scores better."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from ai_scientist.agents.changes import ask_until_it_applies, attempts_to_show, changed_files
from ai_scientist.agents.coding import Attempt
from ai_scientist.core.edits import Edit
from ai_scientist.core.values import Value
from ai_scientist.models.request import Model, Request
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Node
from ai_scientist.search.scored_task import ScoredTask
from ai_scientist.search.stage import Proposal, Stage


class TaskFacts(Value):
    """What a child of a program is made from."""

    task: str
    direction: str
    files: dict[str, str]
    attempt: Attempt
    tried: tuple[Attempt, ...]
    running: tuple[str, ...]
    limits: str
    seed: int = Field(description="Tells like questions apart.")
    problem: str = Field(default="", description="Why the last answer could not be used.")


class TaskAnswer(Value):
    """A child: edits of the parent's program, or whole files; or neither, if there is nothing more to try."""

    title: str
    rationale: str
    move: str = Field(default="", description="Short name of the change: lower-case words joined by underscores.")
    files: dict[str, str] = Field(default_factory=dict, description="Path → whole text.")
    edits: tuple[Edit, ...] = ()
    nothing_left: bool = Field(default=False, description="True if there is nothing sensible left to try here.")


class StartingProgram:
    """The draft of a task: the program that it comes with, once."""

    def __init__(self, task: ScoredTask) -> None:
        self._task = task

    async def expand(self, parents: Sequence[Node], stage: Stage, journal: Journal) -> Proposal | None:
        """Return the task's program, or None if it is there already."""
        return None if len(journal) else Proposal(files=self._task.program, title="the task's own program")


class TaskOperator:
    """Improves a program that has a score, and repairs one that has none."""

    def __init__(self, task: ScoredTask, *, model: Model, checkpoints: Checkpoints, limits: str, seed: int) -> None:
        self._task, self._model, self._checkpoints = task, model, checkpoints
        self._limits, self._seed = limits, seed

    async def expand(self, parents: Sequence[Node], stage: Stage, journal: Journal) -> Proposal | None:
        """Return a child's program, or None if the agent has nothing left to try here.

        Raises:
            EditRejected: If no answer could be applied.
        """
        parent, asked = parents[0], journal.asked
        files = dict(self._checkpoints.load(parent.checkpoint).files)

        async def ask(problem: str) -> TaskAnswer:
            facts = TaskFacts(
                task=self._task.file.description,
                direction=self._task.file.direction,
                files=files,
                attempt=self._tell(parent),
                tried=tuple(map(self._tell, attempts_to_show(journal, stage, parents))),
                running=tuple(node.move or node.title for node in journal.running),
                limits=self._limits,
                seed=self._seed + asked,
                problem=problem,
            )
            request = Request(role="coding", prompt="task_step", facts=facts, answer=TaskAnswer, stage=stage.name)
            return await self._model.ask(request)

        def use(answer: TaskAnswer) -> Proposal:
            changed = changed_files(answer, files)
            return Proposal(files=changed, title=answer.title, rationale=answer.rationale, move=answer.move)

        return await ask_until_it_applies(ask, use)

    def _tell(self, node: Node) -> Attempt:
        return Attempt(
            title=node.title,
            operator=node.operator,
            move=node.move,
            components=(),
            status=node.outcome.status.value if node.outcome else "running",
            value=self._task.sign * node.score.value if node.score else None,
            diagnosis=node.outcome.diagnosis if node.outcome else "",
        )
