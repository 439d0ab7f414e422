"""Spending less: what is known is not measured again, and what cannot win is not measured in full."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.ids import CheckpointId, NodeId
from ai_scientist.search.cascade import Cascade, Curve, EarlyStop, Pilot
from ai_scientist.search.checkpoints import StoredCheckpoint
from ai_scientist.search.contracts import Checkpoint
from ai_scientist.search.journal import Journal
from ai_scientist.search.members import node_id
from ai_scientist.search.memo import Memo
from ai_scientist.search.node import Measurement, Node, Outcome, Status
from ai_scientist.search.stage import Stage
from ai_scientist.search.values import MetricValue

STAGE = Stage(
    name="s", goal="g", operators=("draft", "improve"), target="proposed", nodes=9, root="none", seeds=(0, 1, 2)
)
VALUE = MetricValue(metric="m", direction="higher")
NOTHING = StoredCheckpoint(id=CheckpointId("0" * 40), tree="0" * 40, parents=(), files={})


def make_node(number: int, *, operator: str = "improve", tree: str = "") -> Node:
    return Node(
        id=node_id(number),
        number=number,
        parents=(),
        operator=operator,
        stage="s",
        title="t",
        checkpoint=CheckpointId(f"{number:040x}"),
        tree=tree or f"{number:040x}",
    )


def measured(values: dict[int, float], *, status: Status = Status.OK) -> Outcome:
    rows = tuple(
        Measurement(metric="m", condition="proposed", dataset="d", split="test", seed=seed, value=value)
        for seed, value in values.items()
    )
    return Outcome(
        status=status, seeds=tuple(values), wall_seconds=1.0, measurements=rows, artifacts={"rows.jsonl": "x"}
    )


class Gives:
    """An evaluator with a fixed value for each seed, which remembers what it was asked."""

    def __init__(self, values: dict[int, float], *, status: Status = Status.OK) -> None:
        self.values, self.status = values, status
        self.asked: list[tuple[int, ...]] = []

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        self.asked.append(tuple(seeds))
        return measured({seed: self.values[seed] for seed in seeds}, status=self.status)


async def test_what_was_measured_is_remembered_across_sessions(tmp_path: Path) -> None:
    inner = Gives({0: 1.0, 1: 2.0})
    memo = Memo(inner, tmp_path / "memo.jsonl", data="d", environment="e")
    first = await memo.evaluate(make_node(1, tree="a"), NOTHING, (0, 1))
    memo.close()
    again = Memo(inner, tmp_path / "memo.jsonl", data="d", environment="e")
    second = await again.evaluate(make_node(2, tree="a"), NOTHING, (1, 0))
    assert inner.asked == [(0, 1)]
    assert second.measurements == first.measurements
    assert second.artifacts == {}, "the files are the first node's"
    assert second.warnings == ("Remembered from n0001, not run again.",)
    again.close()


async def test_other_code_data_seeds_or_environment_are_other_evaluations(tmp_path: Path) -> None:
    inner = Gives({0: 1.0, 1: 2.0})
    for data, environment, tree, seeds in (
        ("d", "e", "a", (0,)),
        ("d", "e", "a", (1,)),
        ("d", "e", "b", (0,)),
        ("D", "e", "a", (0,)),
        ("d", "E", "a", (0,)),
    ):
        memo = Memo(inner, tmp_path / "memo.jsonl", data=data, environment=environment)
        await memo.evaluate(make_node(1, tree=tree), NOTHING, seeds)
        memo.close()
    assert len(inner.asked) == 5


@pytest.mark.parametrize(
    ("status", "times"), [(Status.CRASHED, 1), (Status.REFUSED, 1), (Status.TIMED_OUT, 2), (Status.CANCELLED, 2)]
)
async def test_only_what_would_come_again_is_remembered(tmp_path: Path, status: Status, times: int) -> None:
    inner = Gives({0: 1.0}, status=status)
    memo = Memo(inner, tmp_path / "memo.jsonl", data="d", environment="e")
    for number in (1, 2):
        assert (await memo.evaluate(make_node(number, tree="a"), NOTHING, (0,))).status is status
    assert len(inner.asked) == times
    memo.close()


def test_a_damaged_memo_is_named(tmp_path: Path) -> None:
    (tmp_path / "memo.jsonl").write_text('{"key":"x"}\n')
    with pytest.raises(RunCorrupted, match="line 1"):
        Memo(Gives({}), tmp_path / "memo.jsonl", data="d", environment="e")


# --- pilots ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A search whose best node scored 10, 12 and 14 on its three seeds: their standard deviation is 2."""
    with Journal.open(tmp_path / "journal.jsonl") as opened:
        opened.enter_stage(STAGE, {})
        opened.propose(make_node(1))
        best = measured({0: 10.0, 1: 12.0, 2: 14.0})
        opened.finish(NodeId("n0001"), best, VALUE.score(best, STAGE))
        yield opened


@pytest.mark.parametrize(("value", "runs_on"), [(9.9, False), (10.1, True)])
async def test_a_pilot_decides_on_the_same_seeds(journal: Journal, value: float, runs_on: bool) -> None:
    inner = Gives({0: value - 4, 1: 99.0, 2: 99.0})  # the bar on seed 0 is 10 - 2 · 2 = 6
    outcome = await Pilot(inner, journal=journal, value=VALUE).evaluate(make_node(2), NOTHING, (0, 1, 2))
    if runs_on:
        assert inner.asked == [(0,), (1, 2)]
        assert outcome.status is Status.OK
        assert [row.seed for row in outcome.measurements] == [0, 1, 2]
        assert (outcome.seeds, outcome.wall_seconds) == ((0, 1, 2), 2.0)
    else:
        assert inner.asked == [(0,)]
        assert outcome.status is Status.CANCELLED
        assert outcome.measurements == ()
        assert "6" in outcome.diagnosis


async def test_an_evaluator_that_keeps_only_its_last_files_runs_all_seeds_again(journal: Journal) -> None:
    inner = Gives({0: 20.0, 1: 20.0, 2: 20.0})
    pilot = Pilot(inner, journal=journal, value=VALUE, keeps_pilot=False)
    assert (await pilot.evaluate(make_node(2), NOTHING, (0, 1, 2))).seeds == (0, 1, 2)
    assert inner.asked == [(0,), (0, 1, 2)]


@pytest.mark.parametrize("operator", ["draft", "debug", "replicate"])
async def test_what_must_yield_numbers_runs_in_full(journal: Journal, operator: str) -> None:
    inner = Gives({0: -99.0, 1: -99.0, 2: -99.0})
    pilot = Pilot(inner, journal=journal, value=VALUE)
    assert (await pilot.evaluate(make_node(2, operator=operator), NOTHING, (0, 1, 2))).status is Status.OK
    assert inner.asked == [(0, 1, 2)]


async def test_a_pilot_that_crashes_is_that_crash(journal: Journal) -> None:
    inner = Gives({0: 1.0, 1: 1.0, 2: 1.0}, status=Status.CRASHED)
    outcome = await Pilot(inner, journal=journal, value=VALUE).evaluate(make_node(2), NOTHING, (0, 1, 2))
    assert (outcome.status, outcome.seeds) == (Status.CRASHED, (0,))


async def test_a_cascade_stops_at_the_first_gate_that_is_shut() -> None:
    cheap, dear = Gives({0: 1.0}), Gives({0: 5.0})
    shut = Cascade([(cheap, lambda node, outcome: "too slow")], dear)
    assert (await shut.evaluate(make_node(1), NOTHING, (0,))).diagnosis == "too slow"
    assert dear.asked == []
    open_gate = Cascade([(cheap, lambda node, outcome: "")], dear)
    outcome = await open_gate.evaluate(make_node(1), NOTHING, (0,))
    assert (outcome.measurements[0].value, outcome.wall_seconds) == (5.0, 2.0)
    broken = Cascade([(Gives({0: 1.0}, status=Status.TIMED_OUT), lambda node, outcome: "")], dear)
    assert (await broken.evaluate(make_node(1), NOTHING, (0,))).status is Status.TIMED_OUT


# --- early stop ------------------------------------------------------------------------------------------------------


class Trains:
    """An evaluator that trains in steps, which anybody may watch."""

    def __init__(self) -> None:
        self.curves: dict[NodeId, dict[int, float]] = {}
        self.cancelled: list[NodeId] = []

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        rate = {7: -1.0}.get(node.number, 1.0)
        curve = self.curves.setdefault(node.id, {})
        try:
            for step in range(10):
                curve[step] = rate * step
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.cancelled.append(node.id)
            raise
        return measured({0: rate})

    def watch(self, node: Node) -> Curve:
        return dict(self.curves.get(node.id, {}))


async def test_a_curve_that_cannot_win_is_stopped_and_the_others_are_not() -> None:
    trains = Trains()
    stopper = EarlyStop(trains, trains.watch, every_seconds=0.005)
    for number in range(1, 9):
        outcome = await stopper.evaluate(make_node(number), NOTHING, (0,))
        assert outcome.status is (Status.CANCELLED if number == 7 else Status.OK)
    assert trains.cancelled == ["n0007"], "and what it ran was ended"
    assert len(trains.curves[NodeId("n0007")]) < 10


async def test_cancelling_the_search_cancels_what_is_watched() -> None:
    trains = Trains()
    stopper = EarlyStop(trains, trains.watch, every_seconds=0.005)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stopper.evaluate(make_node(1), NOTHING, (0,)), 0.03)
    assert trains.cancelled == ["n0001"]


async def test_curves_of_an_earlier_session_count_too() -> None:
    trains = Trains()
    good = [dict(enumerate(range(10)))] * 5
    asked: list[str] = []

    def earlier(stage: str) -> list[Curve]:
        asked.append(stage)
        return list(good)

    stopper = EarlyStop(trains, trains.watch, earlier=earlier, every_seconds=0.005)
    assert (await stopper.evaluate(make_node(7), NOTHING, (0,))).status is Status.CANCELLED
    assert (await stopper.evaluate(make_node(8), NOTHING, (0,))).status is Status.OK
    assert asked == [make_node(7).stage], "they are read once"


async def test_a_replication_is_never_stopped() -> None:
    trains = Trains()
    stopper = EarlyStop(
        trains, trains.watch, earlier=lambda stage: [dict(enumerate(range(10)))] * 5, every_seconds=0.005
    )
    assert (await stopper.evaluate(make_node(7, operator="replicate"), NOTHING, (0,))).status is Status.OK
