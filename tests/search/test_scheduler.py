"""The scheduler: busy slots, true journals, and nobody disturbed by anybody."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

import pytest

from ai_scientist.core.errors import (
    AnswerInvalid,
    BudgetExceeded,
    ConfigError,
    EditRejected,
    ModelError,
    SandboxError,
    TransientError,
)
from ai_scientist.core.ids import NodeId
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.contracts import Checkpoint, Evaluator, Operator
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Measurement, Node, Outcome, Status
from ai_scientist.search.operators import Replicate
from ai_scientist.search.rehearsal import TOP, Height, Step, rehearsal_scheduler, rehearsal_stages, rehearse
from ai_scientist.search.scheduler import Scheduler
from ai_scientist.search.stage import Proposal, Stage
from ai_scientist.search.stage_run import Progress
from ai_scientist.search.values import MetricValue

CLIMB = Stage(
    name="climb",
    goal="g",
    operators=("draft", "improve"),
    target="proposed",
    nodes=10,
    root="none",
    seeds=(0,),
    drafts=1,
)


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these tests write need not survive a power cut; a process that dies loses nothing by it."""

    def at_once(_: int) -> None:
        pass

    monkeypatch.setattr("ai_scientist.search.group_sync.os.fdatasync", at_once)


def ok(value: float, seeds: Sequence[int] = (0,)) -> Outcome:
    rows = tuple(
        Measurement(metric="height", condition="proposed", dataset="d", split="test", seed=seed, value=value)
        for seed in seeds
    )
    return Outcome(status=Status.OK, seeds=tuple(seeds), wall_seconds=0, measurements=rows)


class Proposes:
    """An operator that does what a function says; a program is one number."""

    def __init__(self, function: Callable[[int], Proposal | Awaitable[Proposal | None] | None]) -> None:
        self._function = function
        self.asked = 0

    async def expand(self, parents: Sequence[Node], stage: Stage, journal: Journal) -> Proposal | None:
        self.asked += 1
        made = self._function(self.asked)
        return await made if isinstance(made, Awaitable) else made


class Measures:
    """An evaluator that does what a function says of the program's number."""

    def __init__(self, function: Callable[[int], Outcome | Awaitable[Outcome]]) -> None:
        self._function = function
        self.ran: list[int] = []

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        self.ran.append(int(checkpoint.files["n"]))
        made = self._function(int(checkpoint.files["n"]))
        return await made if isinstance(made, Awaitable) else made


def program(number: int) -> Proposal:
    return Proposal(files={"n": str(number)}, title=f"number {number}")


class Bench:
    """A search whose operator and evaluator are the test's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = Journal.open(folder / "journal.jsonl")
        self.checkpoints = Checkpoints(folder / "c.git")
        self.heard: list[Progress] = []

    def scheduler(
        self,
        operator: Operator,
        evaluator: Evaluator,
        *,
        slots: int = 1,
        calls: int = 4,
        check_budget: Callable[[], None] = lambda: None,
        seconds: float | None = None,
    ) -> Scheduler:
        operators: Mapping[str, Operator] = {name: operator for name in ("draft", "improve", "debug")}
        return Scheduler(
            journal=self.journal,
            checkpoints=self.checkpoints,
            operators={**operators, "replicate": Replicate(self.checkpoints)},
            evaluator=evaluator,
            value=MetricValue(metric="height", direction="higher"),
            slots=slots,
            calls=calls,
            check_budget=check_budget,
            evaluation_seconds=seconds,
            proposal_seconds=seconds,
            progress=self.heard.append,
        )

    def reopen(self) -> None:
        self.journal.close()
        self.journal = Journal.open(self.folder / "journal.jsonl")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.journal.close()


# --- a search that works ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["best_first", "puct", "ucb1"])
async def test_the_known_best_is_found(tmp_path: Path, policy: str) -> None:
    with Journal.open(tmp_path / "journal.jsonl") as journal:
        checkpoints = Checkpoints(tmp_path / "c.git")
        await rehearse(rehearsal_scheduler(journal, checkpoints, slots=4), rehearsal_stages(250, policy=policy))
        best = journal.best("confirm")
        assert best is not None
        assert journal.node(best).operator == "replicate"
        point = json.loads(checkpoints.load(journal.node(best).checkpoint).files["point.json"])
        assert math.dist(point, TOP) < 0.25
        assert journal.stage("explore").made == 250


async def test_the_controls_are_worse_than_the_searches(tmp_path: Path) -> None:
    heights: dict[str, float] = {}
    for policy in ("best_first", "puct", "best_of_n"):
        with Journal.open(tmp_path / f"{policy}.jsonl") as journal:
            checkpoints = Checkpoints(tmp_path / f"{policy}.git")
            scheduler = rehearsal_scheduler(journal, checkpoints, height=Height())
            await rehearse(scheduler, rehearsal_stages(60, policy=policy)[:2])
            best = journal.stage("explore").best_score
            assert best is not None
            heights[policy] = best.value
    assert heights["best_first"] > heights["best_of_n"]
    assert heights["puct"] > heights["best_of_n"]


def shape(journal: Journal) -> list[tuple[object, ...]]:
    return [(n.id, n.parents, n.operator, n.stage, n.title, n.checkpoint, n.outcome, n.score) for n in journal.nodes]


async def test_one_slot_gives_the_same_tree_every_time(tmp_path: Path) -> None:
    shapes: list[list[tuple[object, ...]]] = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        with Journal.open(tmp_path / name / "journal.jsonl") as journal:
            checkpoints = Checkpoints(tmp_path / name / "c.git")
            scheduler = rehearsal_scheduler(journal, checkpoints, seed=seed, calls=8)
            await rehearse(scheduler, rehearsal_stages(40, policy="random"))
            shapes.append(shape(journal))
    assert shapes[0] == shapes[1] != shapes[2]


async def test_with_one_slot_virtual_loss_is_the_serial_rule(bench: Bench) -> None:
    """The published rule, run in a plain loop with nothing in flight, grows the very same tree."""
    values = [Random(f"value {number}").randrange(64) / 64 for number in range(200)]
    stage = CLIMB.model_copy(update={"policy": "puct", "nodes": 80})
    scheduler = bench.scheduler(Proposes(program), Measures(lambda n: ok(values[n])))
    await scheduler.run_stage(stage)

    def puct(at: int, scores: list[float], visits: list[int]) -> float:
        places = [place for place, other in enumerate(sorted(scores)) if other == scores[at]]
        rank = sum(places) / len(places) / (len(scores) - 1) if len(scores) > 1 else 0.5
        return rank + math.sqrt(sum(visits)) / len(scores) / (1 + visits[at])

    parents, visits = [0], [1]
    for number in range(2, 81):
        scores = values[1:number]
        ranked = [(puct(at, scores, visits), scores[at], -at) for at in range(len(scores))]
        chosen = -max(ranked)[2]
        parents.append(chosen + 1)
        visits.append(1)
        at = chosen + 1
        while at:
            visits[at - 1] += 1
            at = parents[at - 1]
    assert [int(node.parents[0][1:]) if node.parents else 0 for node in bench.journal.nodes] == parents


# --- slots -----------------------------------------------------------------------------------------------------------


async def test_a_slot_is_refilled_the_moment_it_frees_and_never_overfilled(bench: Bench) -> None:
    running = most = 0
    ended: list[int] = []

    async def measure(number: int) -> Outcome:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.25 if number == 1 else 0.01)
        running -= 1
        ended.append(number)
        return ok(number)

    scheduler = bench.scheduler(Proposes(program), Measures(measure), slots=3)
    await scheduler.run_stage(CLIMB.model_copy(update={"drafts": 10, "nodes": 12}))
    assert most == 3
    assert ended[-1] == 1, "eleven short nodes did not wait for the long one"
    assert scheduler.busy_seconds >= 0.25 + 11 * 0.01


async def test_a_model_call_holds_no_slot(bench: Bench) -> None:
    """Calls take ten times as long as evaluations; with one slot's worth in flight this would take 1.2 s."""
    calling = most = 0

    async def propose(number: int) -> Proposal:
        nonlocal calling, most
        calling += 1
        most = max(most, calling)
        await asyncio.sleep(0.05)
        calling -= 1
        return program(number)

    scheduler = bench.scheduler(Proposes(propose), Measures(lambda n: ok(n)), slots=2, calls=6)
    await scheduler.run_stage(CLIMB.model_copy(update={"drafts": 24, "nodes": 24}))
    assert most == 6, "as many calls as are allowed, though there are but two slots"


async def test_every_ask_has_a_number_of_its_own(bench: Bench) -> None:
    numbers: list[int] = []

    class Counts:
        async def expand(self, parents: Sequence[Node], stage: Stage, journal: Journal) -> Proposal | None:
            numbers.append(journal.asked)
            own = numbers[-1]
            await asyncio.sleep(Random(own).random() / 100)
            if own % 5 == 0:
                raise EditRejected("no")
            return program(own)

    stage = CLIMB.model_copy(update={"drafts": 40, "nodes": 40})
    await bench.scheduler(Counts(), Measures(lambda n: ok(n)), slots=4, calls=6).run_stage(stage)
    assert len(set(numbers)) == len(numbers)


async def test_one_slot_waits_for_each_outcome_before_it_chooses(bench: Bench) -> None:
    async def measure(number: int) -> Outcome:
        assert bench.journal.stage("climb").pending == 0
        await asyncio.sleep(0.001)
        assert len(bench.journal.running) == 1
        return ok(number)

    result = await bench.scheduler(Proposes(program), Measures(measure), calls=8).run_stage(CLIMB)
    assert (result.made, result.good, result.reason, result.best) == (10, 10, "nodes", "n0010")


async def test_the_budget_of_nodes_is_never_passed(bench: Bench) -> None:
    scheduler = bench.scheduler(Proposes(program), Measures(lambda n: ok(n)), slots=8, calls=8)
    result = await scheduler.run_stage(CLIMB)
    assert (result.made, len(bench.journal)) == (10, 10)


# --- when a stage ends -----------------------------------------------------------------------------------------------


async def test_enough_good_nodes_end_a_stage(bench: Bench) -> None:
    failing = Outcome(status=Status.CRASHED, seeds=(0,), wall_seconds=0, diagnosis="no")
    scheduler = bench.scheduler(Proposes(program), Measures(lambda n: ok(n) if n > 3 else failing))
    result = await scheduler.run_stage(CLIMB.model_copy(update={"enough_good": 1}))
    assert (result.reason, result.made, result.best) == ("enough_good", 4, "n0004")


async def test_patience_ends_a_stage_that_finds_nothing_better(bench: Bench) -> None:
    scheduler = bench.scheduler(Proposes(program), Measures(lambda n: ok(-n)))
    result = await scheduler.run_stage(CLIMB.model_copy(update={"patience": 4}))
    assert (result.reason, result.made, result.best) == ("patience", 5, "n0001")


async def test_nothing_left_to_propose_ends_a_stage(bench: Bench) -> None:
    operator = Proposes(lambda n: program(n) if n < 4 else None)
    result = await bench.scheduler(operator, Measures(lambda n: ok(n))).run_stage(CLIMB)
    assert (result.reason, result.made) == ("exhausted", 3)
    assert operator.asked == 7, "each of the three nodes and the draft was asked for once, and never again"


async def test_a_stage_with_nothing_good_has_no_best(bench: Bench) -> None:
    failing = Outcome(status=Status.TIMED_OUT, seeds=(0,), wall_seconds=0, diagnosis="slow")
    result = await bench.scheduler(Proposes(program), Measures(lambda n: failing)).run_stage(CLIMB)
    assert (result.reason, result.best, result.good) == ("nodes", None, 0)


async def test_a_stage_that_is_complete_is_not_run_again(bench: Bench) -> None:
    operator = Proposes(program)
    first = await bench.scheduler(operator, Measures(lambda n: ok(n))).run_stage(CLIMB)
    bench.reopen()
    assert await bench.scheduler(operator, Measures(lambda n: ok(n))).run_stage(CLIMB) == first
    assert operator.asked == 10
    more = await bench.scheduler(operator, Measures(lambda n: ok(n))).run_stage(CLIMB.model_copy(update={"nodes": 12}))
    assert more.made == 12, "other limits take it up again"


async def test_missing_parts_are_refused_before_anything_starts(bench: Bench) -> None:
    scheduler = bench.scheduler(Proposes(program), Measures(lambda n: ok(n)))
    with pytest.raises(ConfigError, match="tune"):
        await scheduler.run_stage(CLIMB.model_copy(update={"operators": ("draft", "tune")}))
    with pytest.raises(ConfigError, match="puct"):
        await scheduler.run_stage(CLIMB.model_copy(update={"policy": "pcut"}))
    assert bench.journal.stages == ()


async def test_confirm_measures_the_chosen_program_on_its_own_seeds(bench: Bench) -> None:
    scheduler = bench.scheduler(Proposes(program), Measures(lambda n: ok(n, (7, 8))))
    await bench.scheduler(Proposes(program), Measures(lambda n: ok(n))).run_stage(CLIMB)
    confirm = CLIMB.model_copy(
        update={"name": "confirm", "operators": ("replicate",), "root": "best", "seeds": (7, 8), "nodes": 3}
    )
    result = await scheduler.run_stage(confirm)
    node = bench.journal.node(NodeId("n0011"))
    assert (result.best, result.made, result.reason) == ("n0011", 1, "exhausted")
    assert (node.same_as, node.parents, node.tree) == ("n0010", ("n0010",), bench.journal.node(NodeId("n0010")).tree)
    assert bench.checkpoints.of_node(node.id) == node.checkpoint


async def test_a_later_stage_grows_from_the_best_as_its_own_target_sees_it(bench: Bench) -> None:
    def measure(number: int) -> Outcome:
        rows = [("proposed", float(number)), ("baseline", -float(number))]
        measurements = tuple(
            Measurement(metric="height", condition=c, dataset="d", split="test", seed=0, value=v) for c, v in rows
        )
        return ok(0).model_copy(update={"measurements": measurements})

    scheduler = bench.scheduler(Proposes(program), Measures(measure))
    await scheduler.run_stage(CLIMB.model_copy(update={"target": "baseline"}))
    await scheduler.run_stage(
        CLIMB.model_copy(update={"name": "next", "operators": ("improve",), "root": "best", "nodes": 1})
    )
    view = bench.journal.stage("next")
    assert view.roots == ("n0001",)
    assert bench.journal.node(NodeId("n0011")).parents == ("n0001",)
    assert view.member(NodeId("n0001")).key == (1.0, float("-inf"), -1)


NOISY = CLIMB.model_copy(
    update={
        "operators": ("draft", "improve", "replicate"),
        "seeds": (0, 1),
        "spare_seeds": (10, 11, 12, 13),
        "reevaluations": 2,
        "nodes": 6,
        "drafts": 2,
    }
)


def noisy(ran: list[tuple[int, tuple[int, ...]]]) -> Evaluator:
    """Program 1 is lucky on the search's seeds and is worth 0; program 2 is worth 1 on any seed."""

    class Noisy:
        async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
            number = int(checkpoint.files["n"])
            ran.append((number, tuple(seeds)))
            worth = {1: 0.0, 2: 1.0}.get(number, -9.0)
            luck = 1.2 if number == 1 else 0.0
            rows = tuple(
                Measurement(
                    metric="height",
                    condition="proposed",
                    dataset="d",
                    split="test",
                    seed=seed,
                    value=worth + (luck * (1 + seed % 2 / 5) if seed < 10 else 0.0) + seed % 2 / 9,
                )
                for seed in seeds
            )
            return Outcome(status=Status.OK, seeds=tuple(seeds), wall_seconds=0, measurements=rows)

    return Noisy()


async def test_running_the_incumbent_again_unmasks_a_lucky_one(bench: Bench) -> None:
    ran: list[tuple[int, tuple[int, ...]]] = []
    scheduler = bench.scheduler(Proposes(program), noisy(ran))
    result = await scheduler.run_stage(NOISY.model_copy(update={"nodes": 2, "reevaluations": 0}))
    assert result.best == "n0001", "without it, luck wins"

    result = await scheduler.run_stage(NOISY)
    view = bench.journal.stage("climb")
    assert view.replicas(NodeId("n0001")) == ("n0003",)
    assert ran[2] == (1, (10, 11)), "the first spare seeds"
    assert result.best == "n0002"
    assert bench.journal.node(NodeId("n0003")).same_as == "n0001"
    repeats = [node for node in bench.journal.nodes if node.operator == "replicate"]
    assert view.good == result.made - len(repeats), "a re-evaluation is no new result"
    key = view.member(NodeId("n0001")).key
    bench.reopen()
    again = bench.journal.stage("climb")
    assert (again.best, again.member(NodeId("n0001")).key, again.unpooled) == ("n0002", key, ())


async def test_a_crash_between_a_re_evaluation_and_its_pooling_is_made_good(bench: Bench) -> None:
    await bench.scheduler(Proposes(program), noisy([])).run_stage(NOISY)
    whole, key = bench.journal.path.read_bytes(), bench.journal.stage("climb").member(NodeId("n0001")).key
    bench.journal.close()
    at = whole.index(b'"kind":"node_rescored"')
    bench.journal.path.write_bytes(whole[: whole.rindex(b"\n", 0, at) + 1])
    bench.journal = Journal.open(bench.journal.path)
    assert bench.journal.stage("climb").unpooled == ("n0001",)
    await bench.scheduler(Proposes(lambda n: program(n + 50)), noisy([])).run_stage(NOISY)
    assert bench.journal.stage("climb").member(NodeId("n0001")).key == key


# --- what goes wrong -------------------------------------------------------------------------------------------------


async def test_failing_nodes_and_evaluators_disturb_nobody(bench: Bench) -> None:
    async def measure(number: int) -> Outcome:
        if number % 3 == 0:
            raise RuntimeError(f"evaluator broke on {number}")
        if number % 3 == 1:
            await asyncio.sleep(60)
        return ok(number)

    scheduler = bench.scheduler(Proposes(program), Measures(measure), slots=4, seconds=0.1)
    result = await scheduler.run_stage(CLIMB.model_copy(update={"drafts": 12, "nodes": 12}))
    statuses = [node.outcome.status for node in bench.journal.nodes if node.outcome]
    assert (result.made, result.good) == (12, 4)
    assert (statuses.count(Status.CRASHED), statuses.count(Status.TIMED_OUT)) == (4, 4)
    broken = next(n for n in bench.journal.nodes if n.outcome and n.outcome.status is Status.CRASHED)
    assert broken.outcome is not None
    assert "RuntimeError: evaluator broke on" in broken.outcome.diagnosis


async def test_a_program_without_a_value_is_refused_so_that_it_can_be_debugged(bench: Bench) -> None:
    silent = ok(1).model_copy(update={"measurements": ()})
    stage = CLIMB.model_copy(update={"operators": ("draft", "debug"), "debug_probability": 1.0, "nodes": 2})
    await bench.scheduler(Proposes(program), Measures(lambda n: silent)).run_stage(stage)
    first, second = bench.journal.nodes
    assert first.outcome is not None
    assert first.outcome.status is Status.REFUSED
    assert "no value for 'proposed'" in first.outcome.diagnosis
    assert (second.operator, second.parents) == ("debug", (first.id,))


@pytest.mark.parametrize("error", [EditRejected("no such text"), AnswerInvalid("not JSON"), ValueError("bug")])
async def test_what_cannot_be_used_is_asked_again_then_given_up(bench: Bench, error: Exception) -> None:
    def propose(number: int) -> Proposal:
        if 2 <= number <= 4:
            raise error
        return program(number)

    operator = Proposes(propose)
    result = await bench.scheduler(operator, Measures(lambda n: ok(n))).run_stage(CLIMB)
    kinds = [record.event.kind for record in bench.journal.events()]
    assert (kinds.count("proposal_rejected"), kinds.count("expansion_given_up")) == (3, 1)
    assert (result.made, operator.asked) == (10, 13)
    assert {progress.event for progress in bench.heard} >= {"rejected", "given_up", "proposed", "finished"}


async def test_the_operator_hears_why_it_is_asked_again(bench: Bench) -> None:
    heard: list[str] = []

    class Listens:
        async def expand(self, parents: Sequence[Node], stage: Stage, journal: Journal) -> Proposal | None:
            heard.append(journal.problem(stage.name, "draft" if not parents else "improve", [p.id for p in parents]))
            if len(heard) == 1:
                raise EditRejected("its search text is not there")
            return program(len(heard))

    await bench.scheduler(Listens(), Measures(lambda n: ok(n))).run_stage(CLIMB.model_copy(update={"nodes": 2}))
    assert heard == ["", "its search text is not there", ""]


async def test_operators_that_only_babble_end_the_stage_not_the_run(bench: Bench) -> None:
    def babble(number: int) -> Proposal:
        raise EditRejected("babble")

    result = await bench.scheduler(Proposes(babble), Measures(lambda n: ok(n))).run_stage(
        CLIMB.model_copy(update={"nodes": 1000})
    )
    assert result.reason == "exhausted"
    assert result.best is None


async def test_an_identical_program_is_recognised_before_it_runs(bench: Bench) -> None:
    operator = Proposes(lambda n: program(1 if n == 2 else n))
    evaluator = Measures(lambda n: ok(n))
    await bench.scheduler(operator, evaluator).run_stage(CLIMB)
    assert len(evaluator.ran) == len(set(evaluator.ran)) == 10
    (rejected,) = (r.event for r in bench.journal.events() if r.event.kind == "proposal_rejected")
    assert rejected.same_as == "n0001"
    assert "very same" in rejected.why


async def test_identical_programs_that_are_proposed_at_once_run_once(bench: Bench) -> None:
    async def propose(number: int) -> Proposal:
        await asyncio.sleep(0.01)
        return program(min(number, 3))

    evaluator = Measures(lambda n: ok(n))
    stage = CLIMB.model_copy(update={"drafts": 8, "nodes": 8})
    await bench.scheduler(Proposes(propose), evaluator, slots=4, calls=8).run_stage(stage)
    assert sorted(evaluator.ran) == [1, 2, 3]


@pytest.mark.parametrize("files", [{}, {"../x": ""}, {"a": "\ud800"}])
async def test_a_program_that_is_none_is_rejected(bench: Bench, files: dict[str, str]) -> None:
    operator = Proposes(lambda n: Proposal(files=files, title="t") if n == 1 else program(n))
    await bench.scheduler(operator, Measures(lambda n: ok(n))).run_stage(CLIMB.model_copy(update={"nodes": 1}))
    assert [r.event.kind for r in bench.journal.events()].count("proposal_rejected") == 1


@pytest.mark.parametrize("error", [ModelError("wrong key"), TransientError("no answer"), SandboxError("no namespace")])
async def test_errors_that_no_other_node_escapes_end_the_run_and_lose_nothing(bench: Bench, error: Exception) -> None:
    async def measure(number: int) -> Outcome:
        if number == 3:
            raise error
        await asyncio.sleep(0.05 if number > 2 else 0)
        return ok(number)

    stage = CLIMB.model_copy(update={"drafts": 6, "nodes": 6})
    with pytest.raises(type(error), match=str(error)):
        await bench.scheduler(Proposes(program), Measures(measure), slots=4).run_stage(stage)
    kinds = [record.event.kind for record in bench.journal.events()]
    left = [node.id for node in bench.journal.running]
    assert "n0003" in left
    assert kinds.count("node_interrupted") >= 1
    bench.reopen()
    asked_before = bench.journal.stage("climb").settled
    operator, evaluator = Proposes(lambda n: program(n + 100)), Measures(lambda n: ok(n))
    result = await bench.scheduler(operator, evaluator, slots=4).run_stage(stage)
    assert (result.made, result.reason) == (6, "nodes")
    assert operator.asked == 6 - asked_before, "what was proposed is not paid for twice"
    assert evaluator.ran[: len(left)] == [int(node[1:]) for node in left]


async def test_a_budget_ends_the_search_after_what_runs(bench: Bench) -> None:
    spent = 0

    def check() -> None:
        nonlocal spent
        spent += 1
        if spent > 5:
            raise BudgetExceeded("The run may cost no more.", limit="usd")

    async def measure(number: int) -> Outcome:
        await asyncio.sleep(0.03)
        return ok(number)

    scheduler = bench.scheduler(Proposes(program), Measures(measure), slots=3, check_budget=check)
    with pytest.raises(BudgetExceeded):
        await scheduler.run_stage(CLIMB)
    assert len(bench.journal) == 5
    assert bench.journal.running == (), "what ran was let finish"
    assert bench.journal.best("climb") == "n0005"


async def test_when_time_itself_runs_out_what_runs_is_broken_off(bench: Bench) -> None:
    def check() -> None:
        if len(bench.journal):
            raise BudgetExceeded("Time is up.", limit="seconds")

    async def measure(number: int) -> Outcome:
        await asyncio.sleep(60)
        return ok(number)

    scheduler = bench.scheduler(Proposes(program), Measures(measure), slots=2, calls=1, check_budget=check)
    with pytest.raises(BudgetExceeded):
        await asyncio.wait_for(scheduler.run_stage(CLIMB), 5)
    assert [node.id for node in bench.journal.running] == ["n0001"]
    assert bench.journal.interruptions(NodeId("n0001")) == 1


async def test_cancelling_ends_cleanly_and_resuming_goes_on(bench: Bench) -> None:
    async def measure(number: int) -> Outcome:
        await asyncio.sleep(0.02)
        return ok(number)

    scheduler = bench.scheduler(Proposes(program), Measures(measure), slots=2)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(scheduler.run_stage(CLIMB), 0.07)
    assert 0 < len(bench.journal) < 10
    assert all(bench.journal.interruptions(node.id) == 1 for node in bench.journal.running)
    operator = Proposes(lambda n: program(n + 100))
    bench.reopen()
    result = await bench.scheduler(operator, Measures(measure), slots=2).run_stage(CLIMB)
    assert result.made == 10
    assert all(node.is_good for node in bench.journal.nodes)


async def test_a_search_that_was_cut_at_any_line_grows_the_same_tree(tmp_path: Path) -> None:
    """Every prefix of whole lines is a state that a crash may leave; each resumes to the unbroken search's tree."""
    stages = rehearsal_stages(12, policy="ucb1")
    with Journal.open(tmp_path / "whole.jsonl") as journal:
        checkpoints = Checkpoints(tmp_path / "c.git")
        await rehearse(rehearsal_scheduler(journal, checkpoints), stages)
        expected = shape(journal)
    lines = (tmp_path / "whole.jsonl").read_bytes().splitlines(keepends=True)
    for count in range(len(lines)):
        path = tmp_path / f"cut-{count}.jsonl"
        path.write_bytes(b"".join(lines[:count]))
        with Journal.open(path) as journal:
            checkpoints = Checkpoints(tmp_path / "c.git")
            step = Step(checkpoints)
            await rehearse(rehearsal_scheduler(journal, checkpoints, step=step), stages)
            assert shape(journal) == expected, f"cut after {count} lines"
