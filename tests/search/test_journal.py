"""The journal: nothing lost, nothing twice, and views that always equal what a scan would find."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_scientist.core.clock import FixedClock
from ai_scientist.core.errors import ConfigError, RunCorrupted, TransientError
from ai_scientist.core.ids import CheckpointId, NodeId
from ai_scientist.search.journal import Journal
from ai_scientist.search.members import node_id
from ai_scientist.search.node import Node, Outcome, Score, Status
from ai_scientist.search.stage import Expansion, Stage
from ai_scientist.search.views import StageView

STAGE = Stage(
    name="explore",
    goal="g",
    operators=("draft", "improve", "recombine", "debug"),
    target="proposed",
    nodes=99,
    root="none",
    seeds=(0,),
    width=3,
    depth=5,
    debug_depth=2,
)
DRAFT = Expansion(parents=(), operator="draft")


def make_node(
    number: int, *, parents: tuple[NodeId, ...] = (), operator: str = "draft", stage: str = "explore"
) -> Node:
    return Node(
        id=node_id(number),
        number=number,
        parents=parents,
        operator=operator,
        stage=stage,
        title=f"attempt {number}",
        checkpoint=CheckpointId(f"{number:040x}"),
        tree=f"{number % 7:040x}",
    )


def make_outcome(status: Status = Status.OK) -> Outcome:
    return Outcome(status=status, seeds=(0,), wall_seconds=1.5, diagnosis="" if status is Status.OK else "broke")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.jsonl", clock=FixedClock()) as opened:
        opened.enter_stage(STAGE, {})
        yield opened


def test_a_node_reads_back_as_it_was_written(journal: Journal) -> None:
    journal.propose(make_node(1))
    assert [node.id for node in journal.running] == ["n0001"]
    finished = journal.finish(NodeId("n0001"), make_outcome(), Score(value=2.5, stderr=0.5, parts={"outcome": 1.0}))

    with Journal.read(journal.path) as again:
        assert again.node(NodeId("n0001")) == finished
        assert list(again.nodes) == [finished]
        assert again.running == ()
        assert again.best("explore") == "n0001"


def test_text_that_looks_like_the_file_s_own_marks_does_no_harm(journal: Journal) -> None:
    nasty = ',"outcome":{"a":1}}\n{"event":'
    node = make_node(1).model_copy(update={"title": nasty, "rationale": nasty})
    journal.propose(node)
    outcome = make_outcome(Status.CRASHED).model_copy(update={"diagnosis": nasty})
    journal.finish(node.id, outcome, None)

    with Journal.read(journal.path) as again:
        assert again.node(node.id).title == nasty
        assert again.node(node.id).outcome == outcome


def test_an_outcome_is_written_once(journal: Journal) -> None:
    journal.propose(make_node(1))
    journal.finish(NodeId("n0001"), make_outcome(), Score(value=1))
    with pytest.raises(AssertionError, match="once"):
        journal.finish(NodeId("n0001"), make_outcome(), Score(value=2))


def test_a_second_outcome_in_the_file_is_corruption(journal: Journal) -> None:
    journal.propose(make_node(1))
    journal.finish(NodeId("n0001"), make_outcome(), Score(value=1))
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(b"".join([*lines, lines[-1]]))
    with pytest.raises(RunCorrupted, match=r"line 5.*finished twice"):
        Journal.read(journal.path)


def test_a_node_out_of_turn_is_corruption(journal: Journal) -> None:
    journal.propose(make_node(1))
    journal.propose(make_node(2))
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(b"".join(lines[:2] + lines[3:]))
    with pytest.raises(RunCorrupted, match=r"line 3.*out of turn"):
        Journal.read(journal.path)


def test_a_line_of_a_newer_program_is_refused_by_its_number(journal: Journal) -> None:
    raw = journal.path.read_text().replace('"schema_version":1', '"schema_version":2')
    journal.path.write_text(raw)
    with pytest.raises(RunCorrupted, match="version is 2"):
        Journal.read(journal.path)


def test_an_outcome_that_contradicts_its_event_is_corruption(journal: Journal) -> None:
    journal.propose(make_node(1))
    journal.finish(NodeId("n0001"), make_outcome(Status.CRASHED), None)
    lines = journal.path.read_text().splitlines()
    record = json.loads(lines[-1])
    record["outcome"]["status"] = "ok"
    journal.path.write_text("\n".join([*lines[:-1], json.dumps(record, sort_keys=True, separators=(",", ":"))]) + "\n")
    with Journal.read(journal.path) as again, pytest.raises(RunCorrupted, match="contradict"):
        again.node(NodeId("n0001"))


def test_a_torn_last_line_is_dropped_and_said(journal: Journal) -> None:
    journal.propose(make_node(1))
    journal.close()
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + b'{"event":{"kind":"node_fin')

    with Journal.read(journal.path) as reader:
        assert reader.dropped == b'{"event":{"kind":"node_fin'
        assert len(reader) == 1
    with Journal.open(journal.path, clock=FixedClock()) as writer:
        assert writer.dropped == b'{"event":{"kind":"node_fin'
        opened = list(writer.events())[-1].event
        assert opened.kind == "opened"
        assert opened.dropped_bytes == len(writer.dropped)
        assert [node.id for node in writer.running] == ["n0001"]


def test_reading_changes_nothing_and_cannot_write(journal: Journal) -> None:
    journal.close()
    before = journal.path.read_bytes()
    with Journal.read(journal.path) as reader, pytest.raises(ConfigError, match="reading only"):
        reader.propose(make_node(1))
    assert journal.path.read_bytes() == before


def test_a_full_disk_is_one_clear_error_and_leaves_a_whole_journal(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.propose(make_node(1))
    journal.sync()

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ai_scientist.search.group_sync.os.fdatasync", refuse)
        journal.finish(NodeId("n0001"), make_outcome(), Score(value=1))
        with pytest.raises(TransientError, match="No space left"):
            journal.sync()
    with pytest.raises(TransientError, match="No space left"):
        journal.propose(make_node(2))
    with pytest.raises(ConfigError):
        journal.propose(make_node(2))
    with Journal.open(journal.path) as again:
        assert len(again) == 2


def test_lines_are_on_the_disk_when_sync_returns(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = os.fdatasync

    def watch(descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        real(descriptor)
        sizes.append(size)

    journal.sync()
    monkeypatch.setattr("ai_scientist.search.group_sync.os.fdatasync", watch)
    for number in range(1, 21):
        journal.propose(make_node(number))
    journal.sync()
    assert sizes[-1] == journal.path.stat().st_size
    assert len(sizes) <= 20, "lines share a wait"


def test_unknown_names_are_refused_with_those_that_exist(journal: Journal) -> None:
    with pytest.raises(ConfigError, match="n0009"):
        journal.node(NodeId("n0009"))
    with pytest.raises(ConfigError, match="explore"):
        journal.stage("confirm")
    assert "n0001" not in journal


def test_a_rescored_node_can_lose_its_place(journal: Journal) -> None:
    for number, value in ((1, 1.0), (2, 3.0), (3, 2.0)):
        journal.propose(make_node(number))
        journal.finish(node_id(number), make_outcome(), Score(value=value))
    assert journal.best("explore") == "n0002"
    journal.rescore(NodeId("n0002"), stage="explore", score=Score(value=1.5, stderr=0.1), replicas=[])
    assert journal.best("explore") == "n0003"
    with Journal.read(journal.path) as again:
        assert again.best("explore") == "n0003"


def test_ties_go_to_the_smaller_error_then_to_the_older_node(journal: Journal) -> None:
    scores = [
        Score(value=1.0),
        Score(value=1.0, stderr=0.3),
        Score(value=1.0, stderr=0.1),
        Score(value=1.0, stderr=0.1),
    ]
    for number, score in enumerate(scores, 1):
        journal.propose(make_node(number))
        journal.finish(node_id(number), make_outcome(), score)
    assert journal.best("explore") == "n0003"


# --- properties ------------------------------------------------------------------------------------------------------

Action = tuple[str, int, float]
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            "draft improve debug recombine good good bad cancel reject give_up exhaust rescore interrupt".split()
        ),
        st.integers(0, 10_000),
        st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
    ),
    max_size=60,
)


def play(journal: Journal, actions: list[Action]) -> None:
    """Do what can be done of the actions, as the scheduler would."""
    for kind, pick, value in actions:
        ids = [node_id(n + 1) for n in range(len(journal))]
        running = [node.id for node in journal.running]
        if kind == "draft" or (kind in ("improve", "debug", "recombine") and not ids):
            journal.propose(make_node(len(ids) + 1))
        elif kind in ("improve", "debug"):
            journal.propose(make_node(len(ids) + 1, parents=(ids[pick % len(ids)],), operator=kind))
        elif kind == "recombine" and len(ids) > 1:
            pair = (ids[pick % len(ids)], ids[(pick + 1) % len(ids)])
            journal.propose(make_node(len(ids) + 1, parents=pair, operator=kind))
        elif kind in ("good", "bad", "cancel") and running:
            status = {"good": Status.OK, "bad": Status.CRASHED, "cancel": Status.CANCELLED}[kind]
            score = Score(value=value, stderr=0.1 if pick % 2 else None) if kind == "good" else None
            journal.finish(running[pick % len(running)], make_outcome(status), score)
        elif kind == "interrupt" and running:
            journal.interrupt(running[pick % len(running)], "cancelled")
        elif kind in ("reject", "give_up", "exhaust") and ids:
            operator = ("improve", "debug")[pick % 2]
            expansion = Expansion(parents=(ids[pick % len(ids)],), operator=operator)
            if kind == "exhaust":
                journal.exhaust("explore", expansion)
            else:
                getattr(journal, kind)("explore", expansion, why="no")
        elif kind == "rescore" and ids:
            node = journal.node(ids[pick % len(ids)])
            if node.is_good:
                journal.rescore(node.id, stage="explore", score=Score(value=value), replicas=[])


def picture(journal: Journal) -> dict[str, object]:
    """Everything the views say, as plain values."""
    view = journal.stage("explore")
    return {
        "nodes": list(journal.nodes),
        "running": journal.running,
        "best": view.best,
        "ranking": list(view.ranking),
        "frontier": list(view.frontier),
        "leaves": view.buggy_leaves,
        "members": list(view.members()),
        "counts": (view.made, view.finished, view.good, view.drafts, view.without_gain, view.settled, view.asked),
        "visits": (view.visits, view.size),
        "tops": sorted(view.best_by_visits()),
        "means": sorted(view.best_mean_by_visits()),
    }


def check_by_scanning(journal: Journal, view: StageView) -> None:
    """Find the views again the slow way, from the nodes alone."""
    nodes = list(journal.nodes)
    scores = {m.number: m.key for m in view.members() if m.key}
    assert set(scores) == {node.number for node in nodes if node.is_good}
    assert view.best == (node_id(-max(scores.values())[2]) if scores else None)
    assert view.made == len(nodes)
    assert view.good == len(scores)
    assert [n.id for n in nodes if not n.is_finished] == list(view.running)
    first = {node.number: int(node.parents[0][1:]) if node.parents else 0 for node in nodes}
    visits = dict.fromkeys(first, 1)
    for node in nodes:
        for other in node.parents[1:]:
            visits[int(other[1:])] += 1
        above = first[node.number]
        while above:
            visits[above] += 1
            above = first[above]
    assert {m.number: m.visits for m in view.members()} == visits
    assert view.visits == sum(visits.values())
    for member in view.members():
        children = [n for n in nodes if node_id(member.number) in n.parents]
        assert member.children == sum(n.parents.count(node_id(member.number)) for n in children)
        in_frontier = member.key is not None and member.key in view.frontier
        can_grow = member.depth < 5 and member.grown < 3 and view.may("improve", node_id(member.number))
        assert in_frontier == (member.key is not None and can_grow)
        node = nodes[member.number - 1]
        is_leaf = node.is_buggy and not children and member.debug_depth < 2 and view.may("debug", node.id)
        assert (node.id in view.buggy_leaves) == is_leaf
    best_of: dict[int, tuple[float, float, int]] = {}
    for key in view.frontier:
        count = visits[-key[2]]
        best_of[count] = max(best_of.get(count, key), key)
    assert dict(view.best_by_visits()) == best_of


@pytest.fixture(scope="module", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """What these tests write need not survive a power cut."""

    def at_once(_: int) -> None:
        pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ai_scientist.search.group_sync.os.fdatasync", at_once)
        yield


@settings(max_examples=60, deadline=None)
@given(actions=ACTIONS)
def test_views_equal_a_scan_and_survive_reopening(
    tmp_path_factory: pytest.TempPathFactory, actions: list[Action]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    with Journal.open(path, clock=FixedClock()) as journal:
        journal.enter_stage(STAGE, {})
        # Asked early, so that the buckets live through the events rather than being built from the end.
        assert not list(journal.stage("explore").best_by_visits())
        assert not list(journal.stage("explore").best_mean_by_visits())
        play(journal, actions)
        check_by_scanning(journal, journal.stage("explore"))
        lived = picture(journal)
    with Journal.open(path, clock=FixedClock()) as again:
        assert picture(again) == lived
        assert sum(1 for _ in again.events()) == path.read_bytes().count(b"\n")


@settings(max_examples=40, deadline=None)
@given(actions=ACTIONS, cut=st.floats(0, 1))
def test_a_journal_cut_at_any_byte_is_the_journal_of_its_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, actions: list[Action], cut: float
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with Journal.open(folder / "a.jsonl", clock=FixedClock()) as journal:
        journal.enter_stage(STAGE, {})
        head = journal.path.stat().st_size
        play(journal, actions)
    whole = (folder / "a.jsonl").read_bytes()
    at = head + round(cut * (len(whole) - head))
    (folder / "a.jsonl").write_bytes(whole[:at])
    (folder / "b.jsonl").write_bytes(whole[: whole[:at].rfind(b"\n") + 1])
    with Journal.read(folder / "a.jsonl") as torn, Journal.read(folder / "b.jsonl") as clean:
        assert picture(torn) == picture(clean)
        assert len(torn.dropped) == at - (folder / "b.jsonl").stat().st_size


@settings(max_examples=40, deadline=None)
@given(actions=ACTIONS, picks=st.lists(st.integers(0, 10_000), max_size=8))
def test_reservations_leave_no_trace_when_released(
    tmp_path_factory: pytest.TempPathFactory, actions: list[Action], picks: list[int]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    with Journal.open(path, clock=FixedClock()) as journal:
        journal.enter_stage(STAGE, {})
        play(journal, actions)
        before, view = picture(journal), journal.stage("explore")
        reserved: list[Expansion] = [DRAFT]
        for pick in picks:
            if len(journal):
                parents = (node_id(pick % len(journal) + 1),)
                reserved.append(Expansion(parents=parents, operator=("improve", "debug")[pick % 2]))
        for expansion in reserved:
            view.reserve(expansion)
        assert view.pending == len(reserved)
        for expansion in reserved[::-1]:
            view.release(expansion)
        assert picture(journal) == before
