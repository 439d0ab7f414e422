"""The scheduler: runs stages of a search, or takes them up where a crash or a budget left them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ai_scientist.core.clock import Clock, SystemClock
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.ids import NodeId
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.contracts import Evaluator, Operator, Policy, ValueFunction
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Score
from ai_scientist.search.policies import POLICIES
from ai_scientist.search.stage import Stage
from ai_scientist.search.stage_run import Parts, Progress, StageRun, tell


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """How a stage ended.

    Attributes:
        best: Its best node, which may be the root it grew from; None if nothing good came of it.
        reason: "nodes" (all were made), "enough_good", "patience", "exhausted" (nothing is left to expand), or
            "given_up" (operators brought nothing usable many times in a row).
        made: Nodes of its own.
        good: Those with a score.
    """

    stage: str
    best: NodeId | None
    reason: str
    made: int
    good: int


def no_limit() -> None:
    """No budget."""


def no_audience(progress: Progress) -> None:
    """Nobody watches."""


class Scheduler:
    """Runs stages.

    Attributes:
        busy_seconds: Slot time that evaluations took, over all stages that this object ran.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        checkpoints: Checkpoints,
        operators: Mapping[str, Operator],
        evaluator: Evaluator,
        value: ValueFunction,
        policies: Callable[[str], Policy] = POLICIES.get,
        slots: int = 1,
        calls: int = 4,
        seed: int = 0,
        tries: int = 3,
        evaluation_seconds: float | None = None,
        proposal_seconds: float | None = None,
        check_budget: Callable[[], None] = no_limit,
        progress: Callable[[Progress], None] = no_audience,
        clock: Clock | None = None,
    ) -> None:
        """Take the parts of a search.

        Args:
            journal: Open for writing.
            checkpoints: Of the same run.
            operators: By name; those that a stage names must be there.
            evaluator: Measures nodes; holds a slot while it does.
            value: From outcomes to scores.
            policies: Finds a policy by name.
            slots: Evaluations at once. With one slot everything happens one after the other, and the same seed and the
                same answers give the same tree.
            calls: Operators at work at once.
            seed: Of every random draw.
            tries: How often an operator is asked before its expansion is given up.
            evaluation_seconds: An evaluator that takes longer is cancelled, and its node timed out. None: never.
            proposal_seconds: Likewise for an operator, whose proposal is then rejected.
            check_budget: Called before each choice; raises BudgetExceeded to end the search.
            progress: Told of everything that happens.
            clock: Measures busy time.
        """
        self._parts = Parts(
            journal=journal,
            checkpoints=checkpoints,
            operators=operators,
            evaluator=evaluator,
            value=value,
            slots=slots,
            calls=calls,
            seed=seed,
            tries=tries,
            evaluation_seconds=evaluation_seconds,
            proposal_seconds=proposal_seconds,
            check_budget=check_budget,
            progress=progress,
            clock=clock or SystemClock(),
        )
        self._policies = policies
        self.busy_seconds = 0.0

    async def run_stage(self, stage: Stage) -> StageResult:
        """Run a stage to its end, and say what came of it. One that is complete in the journal is not run again.

        Raises:
            BudgetExceeded: If a limit was reached; evaluations under way were let finish, unless time itself ran out.
            SandboxError: If the sandbox cannot work; nodes under way will be evaluated again.
            ModelError: If a model cannot answer at all.
            TransientError: If a model, or the disk, does not answer now.
            ConfigError: If the stage names an operator or a policy that is not there.
        """
        parts, journal = self._parts, self._parts.journal
        if missing := [name for name in stage.operators if name not in parts.operators]:
            raise ConfigError(f"The stage {stage.name!r} needs operators that are not there: {', '.join(missing)}.")
        policy = self._policies(stage.policy)
        journal.enter_stage(stage, {} if stage.name in journal.stages else self._roots(stage))
        view = journal.stage(stage.name)
        if view.reason is None:
            tell(parts, view, "stage_entered")
            run = StageRun(parts, view, policy)
            try:
                reason = await run.run()
            finally:
                self.busy_seconds += run.busy_seconds
            journal.leave_stage(stage.name, reason=reason, best=view.handed_on)
            if view.handed_on:
                parts.checkpoints.point("main", journal.node(view.handed_on).checkpoint)
            tell(parts, view, "stage_left")
        return StageResult(stage=stage.name, best=view.chosen, reason=view.reason or "", made=view.made, good=view.good)

    def _roots(self, stage: Stage) -> dict[NodeId, Score | None]:
        """The node that a stage grows from, with its score as this stage sees it.

        On other seeds than the stage's an outcome does not compare: a program that was chosen for its score there must
        not compete with its own confirmation.
        """
        kind, _, name = stage.root.partition(":")
        journal = self._parts.journal
        before = [earlier for earlier in journal.stages if not name or earlier == name]
        found = next((best for earlier in reversed(before) if (best := journal.handed_on(earlier))), None)
        if kind == "none" or found is None:
            return {}
        outcome = journal.node(found).outcome
        is_comparable = outcome is not None and set(outcome.seeds) >= set(stage.seeds)
        return {found: self._parts.value.score(outcome, stage) if outcome and is_comparable else None}
