"""Tree operators that ask the coding agent: draft, debug, improve, tune, ablate, recombine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ai_scientist.agents.changes import ask_until_it_applies, attempts_to_show, changed_files
from ai_scientist.agents.coding import Attempt, Program, ProgramAnswer, ProgramFacts, write_program
from ai_scientist.core.ids import NodeId
from ai_scientist.core.plan import Plan
from ai_scientist.models.request import Model
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Node
from ai_scientist.search.stage import Proposal, Stage

BLIND = frozenset({"debug"})
"""Operators that must not see scores: a repair may not depend on which way an effect points."""


class StageValues:
    """Values of nodes as one stage sees them: for its own target, its roots included.

    A node's score is that of the stage which made it, about another condition perhaps; beside this stage's values it
    would look like a better or a worse program where only the question differs.
    """

    def __init__(self, journal: Journal, stage: str) -> None:
        self._view = journal.stage(stage) if stage in journal.stages else None

    def of(self, node: Node) -> float | None:
        """Return the node's value; None if it has none in this stage."""
        if self._view is None or not self._view.has(node.id):
            return None
        key = self._view.member(node.id).key
        return None if key is None else key[0]


class AgentOperator:
    """One operator, by name; the prompt is coding_<name>."""

    def __init__(
        self,
        name: str,
        *,
        model: Model,
        plan: Plan,
        checkpoints: Checkpoints,
        contract: str,
        seed: int,
        printed: Callable[[NodeId], str],
    ) -> None:
        self.name = name
        self._model = model
        self._plan = plan
        self._checkpoints = checkpoints
        self._contract = contract
        self._seed = seed
        self._printed = printed

    async def expand(self, parents: Sequence[Node], stage: Stage, journal: Journal) -> Proposal | None:
        """Return a child's program, or None if the agent has nothing left to try here."""
        programs = [dict(self._checkpoints.load(parent.checkpoint).files) for parent in parents]
        values = StageValues(journal, stage.name)

        async def ask(problem: str) -> ProgramAnswer:
            facts = ProgramFacts(
                operator=self.name,
                plan=self._plan,
                stage=stage.name,
                goal=stage.goal,
                target=stage.target,
                parents=tuple(
                    Program(files=files, attempt=self._tell(parent, values), stdout=self._shown(parent))
                    for parent, files in zip(parents, programs, strict=True)
                ),
                tried=self._tried(journal, stage, parents),
                running=tuple(node.move or node.title for node in journal.running),
                contract=self._contract,
                seed=self._seed + len(journal),
                problem=problem,
            )
            return await write_program(self._model, facts)

        return await ask_until_it_applies(ask, lambda answer: self._proposal(answer, parents, programs))

    @property
    def _is_blind(self) -> bool:
        return self.name in BLIND

    def _shown(self, node: Node) -> str:
        """What a program printed may hold its results, so that a repair works from its errors alone."""
        return "" if self._is_blind else self._printed(node.id)

    def _tell(self, node: Node, values: StageValues) -> Attempt:
        return Attempt(
            title=node.title,
            operator=node.operator,
            move=node.move,
            components=node.components,
            status=node.outcome.status.value if node.outcome else "running",
            value=None if self._is_blind else values.of(node),
            diagnosis=node.outcome.diagnosis if node.outcome else "",
        )

    def _tried(self, journal: Journal, stage: Stage, parents: Sequence[Node]) -> tuple[Attempt, ...]:
        """The attempts that a prompt carries; which ones a repair is shown may tell how they did, too."""
        values = StageValues(journal, stage.name)
        shown = attempts_to_show(journal, stage, parents, with_best=not self._is_blind)
        return tuple(self._tell(node, values) for node in shown)

    def _proposal(
        self, answer: ProgramAnswer, parents: Sequence[Node], programs: Sequence[Mapping[str, str]]
    ) -> Proposal:
        files = changed_files(answer, programs[0] if programs else {})
        inherited = tuple(dict.fromkeys(part for parent in parents for part in parent.components))
        components = tuple(part for part in inherited if part != answer.removes)
        if answer.component and answer.component not in components:
            components = (*components, answer.component)
        return Proposal(
            files=files,
            title=answer.title,
            rationale=answer.rationale,
            move=answer.move,
            components=components,
        )
