"""Going back: working copies, differences, forks and rewinds, none of which loses what was tried."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.ids import NodeId
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.history import diff_nodes, export, fork
from ai_scientist.search.journal import Journal
from ai_scientist.search.rehearsal import rehearsal_scheduler, rehearsal_stages, rehearse

STAGES = rehearsal_stages(12, policy="puct")


@pytest.fixture
async def journal(tmp_path: Path) -> Journal:
    with Journal.open(tmp_path / "journal.jsonl") as opened:
        await rehearse(rehearsal_scheduler(opened, Checkpoints(tmp_path / "checkpoints.git")), STAGES)
    return Journal.open(tmp_path / "journal.jsonl")


@pytest.fixture
def checkpoints(tmp_path: Path, journal: Journal) -> Iterator[Checkpoints]:
    yield Checkpoints(tmp_path / "checkpoints.git")
    journal.close()


def tree(journal: Journal) -> list[tuple[object, ...]]:
    return [(n.parents, n.operator, n.title, n.tree, n.outcome, n.score) for n in journal.nodes]


def complaints(repository: Path) -> list[str]:
    checked = subprocess.run(["git", "--git-dir", repository, "fsck", "--full"], capture_output=True, check=True)
    lines = (checked.stdout + checked.stderr).decode().splitlines()
    return [line for line in lines if not line.startswith(("dangling ", "notice: HEAD"))]


def test_a_node_becomes_a_working_copy(journal: Journal, checkpoints: Checkpoints, tmp_path: Path) -> None:
    node = journal.node(NodeId("n0005"))
    (file,) = export(journal, checkpoints, node.id, tmp_path / "out")
    assert file.read_text() == checkpoints.load(node.checkpoint).files["point.json"]
    with pytest.raises(ConfigError, match="not an empty folder"):
        export(journal, checkpoints, node.id, tmp_path / "out")
    with pytest.raises(ConfigError, match="n0099"):
        export(journal, checkpoints, NodeId("n0099"), tmp_path / "other")


def test_two_nodes_are_compared(journal: Journal, checkpoints: Checkpoints) -> None:
    text = diff_nodes(journal, checkpoints, NodeId("n0004"), NodeId("n0006"))
    assert text.startswith("--- a/point.json\n+++ b/point.json\n")
    assert diff_nodes(journal, checkpoints, NodeId("n0004"), NodeId("n0004")) == ""


async def test_a_fork_has_the_past_and_regrows_the_same_future(
    journal: Journal, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    fork(journal, checkpoints, NodeId("n0007"), tmp_path / "second")
    repository = tmp_path / "second" / "checkpoints.git"
    assert complaints(repository) == []
    assert len(list((repository / "refs" / "nodes").iterdir())) == 7
    with Journal.open(tmp_path / "second" / "journal.jsonl") as second:
        assert len(second) == 7
        assert second.node(NodeId("n0007")) == journal.node(NodeId("n0007"))
        await rehearse(rehearsal_scheduler(second, Checkpoints(repository)), STAGES)
        assert tree(second) == tree(journal)
    assert len(journal) == len(tree(journal)), "the first search is as it was"


async def test_a_fork_may_go_another_way(journal: Journal, checkpoints: Checkpoints, tmp_path: Path) -> None:
    fork(journal, checkpoints, NodeId("n0007"), tmp_path / "second")
    with Journal.open(tmp_path / "second" / "journal.jsonl") as second:
        others = rehearsal_stages(20, policy="best_of_n")
        await rehearse(rehearsal_scheduler(second, Checkpoints(tmp_path / "second" / "checkpoints.git")), others)
        assert tree(second)[:7] == tree(journal)[:7]
        assert second.stage("explore").made == 20
        assert {n.parents[0] for n in second.nodes[7:23] if n.operator == "improve"} == {
            second.stage("explore").roots[0]
        }


async def test_a_rewind_forgets_without_deleting(journal: Journal, checkpoints: Checkpoints) -> None:
    whole, before = tree(journal), journal.path.read_bytes()
    journal.rewind(NodeId("n0007"))
    assert journal.path.read_bytes().startswith(before), "nothing is deleted"
    assert tree(journal) == whole, "what was tried stays known"
    assert [journal.is_withdrawn(node.id) for node in journal.nodes] == [n > 7 for n in range(1, len(whole) + 1)]
    assert journal.stages == ("implement", "explore"), "confirm was not entered yet"
    assert journal.stage("explore").made == 4
    assert journal.stage("explore").reason is None
    with pytest.raises(ConfigError, match="no part of the tree"):
        journal.rewind(NodeId("n0008"))

    await rehearse(rehearsal_scheduler(journal, checkpoints), STAGES)
    again = [node for node in journal.nodes if not journal.is_withdrawn(node.id)]
    assert len(again) == len(whole)
    assert again[7].number == len(whole) + 1, "names are never given twice"
    with Journal.read(journal.path) as fresh:
        assert tree(fresh) == tree(journal)
        assert fresh.best("confirm") == journal.best("confirm")
        assert list(fresh.stage("explore").members()) == list(journal.stage("explore").members())


def test_one_may_rewind_again_and_further(journal: Journal, checkpoints: Checkpoints) -> None:
    for node, made in (("n0010", 7), ("n0006", 3), ("n0003", 0)):
        journal.rewind(NodeId(node))
        assert journal.stage("explore").made == made if made else journal.stages == ("implement",)
        with Journal.read(journal.path) as fresh:
            assert fresh.stages == journal.stages
            assert len(fresh) == len(journal)


async def test_the_newest_nodes_are_found_without_reading_the_others(
    journal: Journal, checkpoints: Checkpoints
) -> None:
    ended = [r.event for r in journal.events() if r.event.kind == "node_finished"]
    assert [node.id for node in journal.newest(5)] == [event.node for event in ended][-5:]
    failed = [event.node for event in ended if event.status not in ("ok", "cancelled")]
    assert failed, "the rehearsal has failures"
    assert [node.id for node in journal.newest_failed(2)] == failed[-2:]
    parent = max(journal.nodes, key=lambda node: len(journal.children(node.id)))
    assert journal.children(parent.id, newest=1) == journal.children(parent.id)[-1:]
