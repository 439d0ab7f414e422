"""Policies: each choice is what its source says it is, found without scanning."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.ids import CheckpointId, NodeId
from ai_scientist.search.journal import Journal
from ai_scientist.search.members import node_id
from ai_scientist.search.node import Node, Outcome, Score, Status
from ai_scientist.search.policies import POLICIES
from ai_scientist.search.stage import Expansion, Stage

BASE = Stage(
    name="explore",
    goal="g",
    operators=("draft", "improve", "debug"),
    target="proposed",
    nodes=999,
    root="none",
    seeds=(0,),
    drafts=0,
    debug_probability=0.0,
)


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What these tests write need not survive a power cut."""

    def at_once(_: int) -> None:
        pass

    monkeypatch.setattr("ai_scientist.search.group_sync.os.fdatasync", at_once)


class Tree:
    """A journal that is grown by hand."""

    def __init__(self, path: Path, stage: Stage) -> None:
        self.journal = Journal.open(path)
        self.journal.enter_stage(stage, {})
        self.stage = stage

    def add(
        self,
        value: float | None,
        *parents: int,
        operator: str = "improve",
        runs: bool = False,
        stderr: float | None = 0.1,
    ) -> NodeId:
        number = len(self.journal) + 1
        node = Node(
            id=node_id(number),
            number=number,
            parents=tuple(map(node_id, parents)),
            operator=operator if parents else "draft",
            stage=self.stage.name,
            title="t",
            checkpoint=CheckpointId(f"{number:040x}"),
            tree=f"{number:040x}",
        )
        self.journal.propose(node)
        if not runs:
            status = Status.OK if value is not None else Status.CRASHED
            outcome = Outcome(status=status, seeds=(0,), wall_seconds=0)
            self.journal.finish(node.id, outcome, Score(value=value, stderr=stderr) if value is not None else None)
        return node.id

    def select(self, seed: int = 0) -> Expansion | None:
        return POLICIES.get(self.stage.policy).select(self.journal, self.stage, Random(seed))

    def selections(self, times: int = 400) -> Counter[tuple[str, tuple[str, ...]]]:
        found = [self.select(seed) for seed in range(times)]
        return Counter((e.operator, e.parents) for e in found if e)


Grow = Callable[..., Tree]


@pytest.fixture
def grow(tmp_path: Path) -> Iterator[Grow]:
    """Makes trees from the changes that they need in the stage."""
    trees: list[Tree] = []

    def make(**changes: object) -> Tree:
        trees.append(Tree(tmp_path / f"{len(trees)}.jsonl", BASE.model_copy(update=changes)))
        return trees[-1]

    yield make
    for tree in trees:
        tree.journal.close()


def expansion(operator: str, *parents: int) -> Expansion:
    return Expansion(parents=tuple(map(node_id, parents)), operator=operator)


# --- the common order of business ------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", list(POLICIES))
def test_drafts_come_first_and_running_ones_count(grow: Grow, policy: str) -> None:
    tree = grow(policy=policy, drafts=3)
    tree.add(1.0)
    tree.add(None, runs=True)
    assert tree.select() == expansion("draft")
    tree.journal.stage("explore").reserve(expansion("draft"))
    assert tree.select() != expansion("draft") or policy == "best_of_n"


def test_a_failed_leaf_is_debugged_as_often_as_the_stage_says(grow: Grow) -> None:
    tree = grow(debug_probability=0.3)
    tree.add(1.0)
    tree.add(None, 1)
    tree.add(None, 1)
    chosen = tree.selections()
    debugged = chosen["debug", ("n0002",)] + chosen["debug", ("n0003",)]
    assert debugged == pytest.approx(120, abs=3 * math.sqrt(400 * 0.3 * 0.7))
    assert chosen["debug", ("n0002",)] == pytest.approx(debugged / 2, abs=3 * math.sqrt(debugged / 4))
    assert chosen["improve", ("n0001",)] == 400 - debugged


def test_debugging_goes_only_so_deep_and_only_from_leaves(grow: Grow) -> None:
    tree = grow(debug_probability=1.0, debug_depth=2)
    tree.add(None)
    assert tree.select() == expansion("debug", 1)
    tree.add(None, 1, operator="debug")
    assert tree.select() == expansion("debug", 2)
    tree.add(None, 2, operator="debug")
    assert tree.select() == expansion("draft"), "two debug steps in a row are the most"


def test_a_leaf_that_is_being_debugged_is_no_leaf_until_the_operator_gives_it_back(grow: Grow) -> None:
    tree = grow(debug_probability=1.0)
    tree.add(None)
    view = tree.journal.stage("explore")
    view.reserve(expansion("debug", 1))
    assert tree.select() == expansion("draft")
    view.release(expansion("debug", 1))
    assert tree.select() == expansion("debug", 1)


def test_cancelled_nodes_are_neither_debugged_nor_grown(grow: Grow) -> None:
    tree = grow(debug_probability=1.0, operators=("improve", "debug"))
    tree.add(None, runs=True)
    tree.journal.finish(NodeId("n0001"), Outcome(status=Status.CANCELLED, seeds=(0,), wall_seconds=0), None)
    assert tree.select() is None


def test_without_a_good_node_another_draft_is_made(grow: Grow) -> None:
    tree = grow()
    tree.add(None)
    assert tree.select() == expansion("draft")


@pytest.mark.parametrize("policy", ["best_first", "puct", "ucb1", "random"])
def test_an_exhausted_operator_is_never_asked_again(grow: Grow, policy: str) -> None:
    tree = grow(policy=policy, operators=("improve", "tune"))
    tree.add(1.0)
    tree.add(0.5)
    tree.journal.exhaust("explore", expansion("improve", 1))
    assert tree.selections(60).keys() <= {("tune", ("n0001",)), ("improve", ("n0002",))}
    for operator, number in (("tune", 1), ("improve", 2), ("tune", 2)):
        tree.journal.exhaust("explore", expansion(operator, number))
    assert tree.select() is None


def test_expansions_that_were_given_up_three_times_count_as_exhausted(grow: Grow) -> None:
    tree = grow()
    tree.add(1.0)
    tree.add(0.0)
    for _ in range(3):
        assert tree.select() == expansion("improve", 1)
        tree.journal.give_up("explore", expansion("improve", 1), why="malformed")
    assert tree.select() == expansion("improve", 2)


@pytest.mark.parametrize("policy", ["best_first", "puct", "ucb1", "random"])
def test_width_and_depth_bound_the_frontier(grow: Grow, policy: str) -> None:
    tree = grow(policy=policy, width=2, depth=1)
    tree.add(1.0)
    tree.add(2.0, 1)
    tree.add(3.0, 1)
    tree.add(0.5)
    assert set(tree.selections(40)) == {("improve", ("n0004",))}, "1 is full, 2 and 3 are as deep as it gets"


def test_a_debug_child_takes_no_place_in_the_width(grow: Grow) -> None:
    tree = grow(width=1)
    tree.add(1.0)
    tree.add(0.0, 1, operator="debug")
    assert tree.select() == expansion("improve", 1)


def test_ablations_grow_from_the_root_only(grow: Grow) -> None:
    tree = grow(operators=("ablate", "debug"))
    tree.add(1.0)
    assert tree.select() is None, "a draft is no root"
    tree.journal.enter_stage(
        tree.stage.model_copy(update={"name": "ablate", "root": "best"}), {NodeId("n0001"): Score(value=1.0)}
    )
    stage = tree.journal.stage("ablate").stage
    for _ in range(9):
        assert POLICIES.get("best_first").select(tree.journal, stage, Random(0)) == expansion("ablate", 1)
        tree.stage = stage
        tree.add(5.0, 1, operator="ablate")


def test_recombination_takes_the_best_that_is_no_relative_and_each_pair_once(grow: Grow) -> None:
    tree = grow(operators=("improve", "recombine"), recombination=1.0)
    tree.add(1.0)
    assert tree.select() == expansion("improve", 1), "one cannot be recombined"
    tree.add(3.0, 1)
    assert tree.select() == expansion("improve", 2), "nor with its own parent"
    tree.add(2.0)
    tree.add(1.5)
    assert tree.select() == expansion("recombine", 2, 3)
    tree.journal.stage("explore").reserve(expansion("recombine", 2, 3))
    assert tree.select() == expansion("recombine", 2, 4)
    tree.journal.stage("explore").release(expansion("recombine", 2, 3))
    tree.add(0.0, 2, 3, operator="recombine")
    assert tree.select() == expansion("recombine", 2, 4)


def test_the_same_journal_and_generator_give_the_same_choice(grow: Grow) -> None:
    for policy in POLICIES:
        tree = grow(policy=policy, debug_probability=0.5, drafts=1)
        for number in range(1, 20):
            tree.add(None if number % 4 == 0 else number % 5, *([number - 1] if number > 1 else []))
        with Journal.read(tree.journal.path) as again:
            for seed in range(20):
                other = POLICIES.get(policy).select(again, tree.stage, Random(seed))
                assert tree.select(seed) == other


def test_an_unknown_policy_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ConfigError, match="best_first, best_of_n, puct, random, ucb1"):
        POLICIES.get("mcts")


def test_nodes_below_the_threshold_are_not_grown(grow: Grow) -> None:
    tree = grow(policy="random", prune_below=0.5, operators=("improve",))
    for value in (0.4, 0.5, 0.6):
        tree.add(value)
    assert set(tree.selections(40)) == {("improve", ("n0002",)), ("improve", ("n0003",))}


SPARE = {"operators": ("improve", "replicate"), "reevaluations": 2, "spare_seeds": (100, 101, 102)}


@pytest.mark.parametrize("policy", ["best_first", "puct", "ucb1"])
def test_a_best_node_that_is_not_clearly_best_is_run_again_first(grow: Grow, policy: str) -> None:
    tree = grow(policy=policy, **SPARE)
    tree.add(1.0)
    assert tree.select() == expansion("improve", 1), "alone it is not in doubt"
    tree.add(0.9)
    assert tree.select() == expansion("replicate", 1)
    view = tree.journal.stage("explore")
    view.reserve(expansion("replicate", 1))
    assert tree.select() == expansion("replicate", 1)
    view.reserve(expansion("replicate", 1))
    assert tree.select() != expansion("replicate", 1), "twice is what the stage allows"


def test_a_clear_lead_is_not_run_again(grow: Grow) -> None:
    tree = grow(**SPARE)
    tree.add(1.0, stderr=0.1)
    tree.add(0.7, stderr=0.1)
    assert tree.select() == expansion("improve", 1), "0.3 is more than two standard errors of the difference"
    tree.add(0.99, stderr=0.1)
    assert tree.select() == expansion("replicate", 1)


def test_without_spare_seeds_nothing_is_run_again(grow: Grow) -> None:
    tree = grow(**{**SPARE, "spare_seeds": ()}, root="none")
    tree.add(1.0)
    tree.add(0.99)
    assert tree.select() == expansion("improve", 1)


def seen_again(tree: Tree, number: int, value: float, stderr: float) -> None:
    """Let a node's score be taken over a re-evaluation too."""
    node, replica = NodeId(f"n{number:04d}"), tree.add(value, number, operator="replicate")
    tree.journal.rescore(node, stage="explore", score=Score(value=value, stderr=stderr), replicas=[replica])


def test_single_looks_borrow_the_noise_that_re_evaluations_show(grow: Grow) -> None:
    tree = grow(**SPARE)
    tree.add(1.0, stderr=None)
    tree.add(0.9, stderr=None)
    assert tree.select() == expansion("replicate", 1), "while nothing is known about the noise, one is run again"
    seen_again(tree, 1, 0.95, 0.01)
    assert tree.select() == expansion("improve", 1), "the noise is small, so the lead is clear"
    tree.add(0.96, stderr=None)
    assert tree.select() == expansion("replicate", 4), "0.01 above it is less than the noise of one look"


def test_the_luckiest_single_look_is_not_best_until_its_lead_is_clear(grow: Grow) -> None:
    tree = grow(**SPARE)
    tree.add(1.0, stderr=None)
    tree.add(0.9, stderr=None)
    seen_again(tree, 1, 0.8, 0.1)
    tree.add(0.95, stderr=None)
    assert tree.journal.best("explore") == "n0001", "n0004 leads by less than two standard errors"
    tree.add(2.0, stderr=None)
    assert tree.journal.best("explore") == "n0005"
    assert tree.journal.stage("explore").top(2) == ("n0005", "n0004")


# --- which good node -------------------------------------------------------------------------------------------------


def test_best_first_takes_the_best_and_does_not_waver(grow: Grow) -> None:
    tree = grow()
    for value in (1.0, 3.0, 2.0, 3.0):
        tree.add(value)
    assert set(tree.selections(50)) == {("improve", ("n0002",))}


def test_best_of_n_never_builds_on_its_own_finds(grow: Grow) -> None:
    tree = grow(operators=("improve",))
    tree.add(1.0)
    stage = tree.stage.model_copy(update={"name": "next", "policy": "best_of_n", "root": "best"})
    tree.journal.enter_stage(stage, {NodeId("n0001"): Score(value=1.0)})
    tree.stage = stage
    for number in range(5):
        assert tree.select() == expansion("improve", 1)
        tree.add(10.0 + number, 1)


def test_random_takes_every_node_of_the_frontier_equally_often(grow: Grow) -> None:
    tree = grow(policy="random")
    for value in (1.0, 3.0, 2.0, 0.0):
        tree.add(value)
    tree.add(None)
    counts = tree.selections(400)
    assert len(counts) == 4
    assert all(count == pytest.approx(100, abs=3 * math.sqrt(75)) for count in counts.values())


def puct_by_scanning(nodes: Sequence[tuple[float | None, int]], c: float) -> int:
    """The rule of ERA, over (value, first parent) of each node, ranks over valid nodes, ties sharing theirs."""
    visits = [1] * len(nodes)
    for _, parent in nodes:
        while parent:
            visits[parent - 1] += 1
            parent = nodes[parent - 1][1]
    valid = sorted(value for value, _ in nodes if value is not None)

    def rank(value: float) -> float:
        if len(valid) == 1:
            return 0.5
        places = [place for place, other in enumerate(valid) if other == value]
        return sum(places) / len(places) / (len(valid) - 1)

    scored = [
        (rank(value) + c * math.sqrt(sum(visits)) / len(nodes) / (1 + visits[at]), value, -at)
        for at, (value, _) in enumerate(nodes)
        if value is not None
    ]
    return 1 - max(scored)[2]


def ucb1_by_scanning(nodes: Sequence[tuple[float | None, int]], c: float) -> int:
    """Mean of the subtree's values, scaled, plus c √(2 ln N / n)."""
    visits, values = [0] * len(nodes), [list[float]() for _ in nodes]
    for number, (value, _) in enumerate(nodes, 1):
        at = number
        while at:
            visits[at - 1] += 1
            values[at - 1] += [value] if value is not None else []
            at = nodes[at - 1][1]
    valid = [value for value, _ in nodes if value is not None]
    low, span = min(valid), max(valid) - min(valid)
    scored = [
        (
            ((math.fsum(values[at]) / len(values[at]) - low) / span if span else 0.5)
            + c * math.sqrt(2 * math.log(len(nodes)) / visits[at]),
            -at,
        )
        for at, (value, _) in enumerate(nodes)
        if value is not None
    ]
    return 1 - max(scored)[1]


@pytest.mark.parametrize("policy", ["puct", "ucb1"])
@pytest.mark.parametrize("c", [0.0, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("failures", [0.1, 0.5, 0.8])
def test_the_rule_without_scanning_equals_the_rule_by_scanning(
    grow: Grow, policy: str, c: float, failures: float
) -> None:
    tree, rng = grow(policy=policy, exploration=c), Random(f"{c}{failures}")
    oracle = puct_by_scanning if policy == "puct" else ucb1_by_scanning
    nodes: list[tuple[float | None, int]] = [(0.5, 0)]
    tree.add(0.5)
    for _ in range(60):
        found = tree.select()
        assert found is not None
        (parent,) = (int(p[1:]) for p in found.parents)
        assert parent == oracle(nodes, c)
        # Multiples of 1/8 make many ties, and sums that are exact in any order.
        value = None if rng.random() < failures else rng.randrange(9) / 8
        nodes.append((value, parent))
        tree.add(value, parent)


@pytest.mark.parametrize("failures", [0.1, 0.5, 0.8])
def test_puct_never_spends_a_visit_on_a_failed_parent(grow: Grow, failures: float) -> None:
    tree, rng = grow(policy="puct", operators=("improve",)), Random(1)
    tree.add(0.5)
    for _ in range(150):
        found = tree.select()
        assert found is not None
        assert tree.journal.status(found.parents[0]) is Status.OK
        tree.add(None if rng.random() < failures else rng.random(), int(found.parents[0][1:]))


@pytest.mark.parametrize("policy", ["puct", "ucb1"])
def test_reserved_and_running_nodes_spread_the_choices(grow: Grow, policy: str) -> None:
    tree, twin = grow(policy=policy), grow(policy=policy)
    for value in range(20):
        tree.add(value / 20)
        twin.add(value / 20)
    chosen = set[int]()
    for _ in range(8):
        found = tree.select()
        assert found is not None
        assert found == twin.select(), "a reservation and a running node are the same to the next choice"
        chosen.add(int(found.parents[0][1:]))
        tree.journal.stage("explore").reserve(found)
        twin.add(None, int(found.parents[0][1:]), runs=True)
    assert len(chosen) > 1
