"""Fabrications in plan, ledger and journal."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

from ai_scientist.core.hashing import sha256_json
from ai_scientist.core.ids import NodeId
from ai_scientist.core.jsonl import read_json, write_atomic
from ai_scientist.core.machine import tell_machine
from ai_scientist.core.plan import Plan
from ai_scientist.paper.compile import read_context
from benchmarks.fabrications.kinds import kind
from benchmarks.forger import Forger, NotApplicable


def _replan(f: Forger, change: Callable[[dict[str, Any]], None]) -> None:
    old = f.plan.hash
    f.change_json("plan.json", change)
    new = Plan.model_validate(read_json(f.run.plan)).hash
    text = f.run.ledger.read_text().replace(old, new)
    write_atomic(f.run.ledger, text.encode())
    f.rebuild()


@kind("primary metric chosen after the results")
def posthoc_metric(f: Forger) -> None:
    others = [m.name for m in f.plan.metrics if m.name != f.plan.primary_metric]
    if not others:
        raise NotApplicable("there is one metric")

    def change(plan: dict[str, Any]) -> None:
        plan["primary_metric"] = others[0]

    _replan(f, change)


@kind("hypothesis turned round after the results")
def turned_hypothesis(f: Forger) -> None:
    turn = {"higher": "lower", "lower": "higher", "different": "higher", "equivalent": "different"}

    def change(plan: dict[str, Any]) -> None:
        plan["hypotheses"][0]["expects"] = turn[plan["hypotheses"][0]["expects"]]

    _replan(f, change)


@kind("alpha raised after the results")
def raised_alpha(f: Forger) -> None:
    def change(plan: dict[str, Any]) -> None:
        plan["alpha"] = 0.2

    _replan(f, change)


@kind("hypothesis turned round in every file that holds the plan")
def turned_hypothesis_everywhere(f: Forger) -> None:
    before = f.plan.hash
    turned_hypothesis(f)
    after = f.plan.hash
    shutil.copy(f.run.plan, f.run.ideas / "plan.draft.json")
    f.change_code("README.md", lambda text: text.replace(before, after))


def _events(f: Forger, keep: Callable[[dict[str, Any]], bool]) -> None:
    lines = f.run.ledger.read_text().splitlines(keepends=True)
    write_atomic(f.run.ledger, "".join(line for line in lines if keep(json.loads(line))).encode())


def _other_node(f: Forger) -> NodeId:
    """A node in the middle of the search that is not the confirmed one."""
    names = [
        json.loads(line)["facts"]["node"] for line in f.run.ledger.read_text().splitlines() if '"node.finished"' in line
    ]
    others = [name for name in names if name != f.node]
    if len(others) < 2:
        raise NotApplicable("the search has too few nodes")
    return NodeId(others[len(others) // 2])


@kind("a node struck from the ledger")
def struck_from_ledger(f: Forger) -> None:
    name = _other_node(f)
    _events(f, lambda event: event["facts"].get("node") != name)


@kind("a node struck from ledger, journal, folders and paper")
def struck_everywhere(f: Forger) -> None:
    _strike(f, _other_node(f))


def _strike(f: Forger, name: NodeId) -> None:
    _events(f, lambda event: event["facts"].get("node") != name)
    lines = f.run.journal.read_text().splitlines(keepends=True)
    kept = [line for line in lines if f'"node":"{name}"' not in line and f'"id":"{name}"' not in line]
    write_atomic(f.run.journal, "".join(kept).encode())
    shutil.rmtree(f.run.node(name), ignore_errors=True)
    (f.run.checkpoints / "refs" / "nodes" / name).unlink(missing_ok=True)
    told = read_context(f.run).provenance
    attempts = tuple(a for a in told.attempts if a.node != name)
    f.write_paper(f.draft, context_changes={"provenance": told.model_copy(update={"attempts": attempts})})


@kind("plan locked after the first node ran")
def late_plan(f: Forger) -> None:
    lines = f.run.ledger.read_text().splitlines(keepends=True)
    lock = next(line for line in lines if '"kind":"plan.locked"' in line)
    rest = [line for line in lines if line != lock]
    place = next(i for i, line in enumerate(rest) if '"kind":"node.finished"' in line) + 1
    write_atomic(f.run.ledger, "".join([*rest[:place], lock, *rest[place:]]).encode())


@kind("failed node recorded as a good one")
def failure_as_success(f: Forger) -> None:
    text = f.run.ledger.read_text()
    bad = [json.loads(line) for line in text.splitlines() if '"node.finished"' in line]
    bad = [event for event in bad if event["facts"]["status"] != "ok"]
    if not bad:
        raise NotApplicable("no node failed")
    name, status = bad[0]["facts"]["node"], bad[0]["facts"]["status"]

    def in_ledger(event: dict[str, Any]) -> dict[str, Any]:
        if event["facts"].get("node") == name and event["kind"] == "node.finished":
            event["facts"]["status"] = "ok"
        return event

    def in_journal(line: dict[str, Any]) -> dict[str, Any]:
        if line["event"].get("node") == name and line["event"].get("status") == status:
            line["event"]["status"] = line["outcome"]["status"] = "ok"
        return line

    f.change_lines("ledger.jsonl", in_ledger)
    f.change_lines("search/journal.jsonl", in_journal)


@kind("failed attempts left out of the appendix")
def hidden_attempts(f: Forger) -> None:
    told = read_context(f.run).provenance
    attempts = tuple(a for a in told.attempts if a.chosen)
    if len(attempts) == len(told.attempts):
        raise NotApplicable("every attempt led to the result")
    f.write_paper(f.draft, context_changes={"provenance": told.model_copy(update={"attempts": attempts})})


@kind("number of programs tried understated")
def understated_count(f: Forger) -> None:
    counts = dict(read_context(f.run).counts)
    if counts.get("nodes", 0) < 2:
        raise NotApplicable("there is no count of nodes")
    f.write_paper(f.draft, context_changes={"counts": {**counts, "nodes": counts["nodes"] // 2}})


@kind("run dated otherwise")
def wrong_date(f: Forger) -> None:
    f.change_json("run.json", lambda value: value.update(created="2025-01-01" + value["created"][10:]))
    told = read_context(f.run).provenance
    f.write_paper(f.draft, context_changes={"provenance": told.model_copy(update={"date": "2025-01-01"})})


@kind("an attempt that led nowhere struck, and all later ones renumbered")
def struck_and_renumbered(f: Forger) -> None:
    nodes = [json.loads(line)["event"] for line in f.run.journal.read_text().splitlines() if '"node_proposed"' in line]
    parents = {parent for event in nodes for parent in event["node"]["parents"]}
    names = [event["node"]["id"] for event in nodes]
    idle = [name for name in names if name not in parents and name != f.node]
    if not idle:
        raise NotApplicable("every attempt led to another one")
    _strike(f, NodeId(idle[-1]))
    for name in names[names.index(idle[-1]) + 1 :]:
        _renumber(f, NodeId(name))
    f.rebuild()
    f.write_paper(f.draft, context_changes={"counts": f.recount()})


def _renumber(f: Forger, old: NodeId) -> None:
    """Give a node the name and number before its own, wherever they stand."""
    number = int(old[1:]) - 1
    new = NodeId(f"n{number:04d}")
    f.run.node(old).rename(f.run.node(new))
    refs = f.run.checkpoints / "refs" / "nodes"
    (refs / old).rename(refs / new)
    rows = f.run.node(new) / "rows.jsonl"
    files = [f.run.ledger, f.run.journal, *f.run.results.rglob("*.json*"), f.run.paper / "context.json"]
    for file in [*files, *([rows] if rows.exists() else [])]:
        text = file.read_text().replace(f'"{old}"', f'"{new}"').replace(f"/{old}/", f"/{new}/")
        text = text.replace(f'"node:{old}"', f'"node:{new}"').replace(f'"proposed:{old}"', f'"proposed:{new}"')
        if file == f.run.journal:
            text = text.replace(f'"number":{number + 1},', f'"number":{number},')
        write_atomic(file, text.encode())
    if f.node == old:
        f.node = new


@kind("checks of the experiment removed")
def dropped_checks(f: Forger) -> None:
    file = f.run.results / "checks.json"
    if not file.exists():
        raise NotApplicable("the run has none")
    file.unlink()
    _events(f, lambda event: event["kind"] != "checks.made")


@kind("decision of the review turned round")
def turned_review(f: Forger) -> None:
    metas = sorted(f.run.path.glob("reviews/round-*/meta.json"))
    if not metas:
        raise NotApplicable("the run has no review")
    turn = {"accept": "reject", "reject": "accept"}
    f.change_json(
        metas[-1].relative_to(f.run.path).as_posix(), lambda value: value.update(decision=turn[value["decision"]])
    )


@kind("scores of the review raised above its reviewers'")
def raised_scores(f: Forger) -> None:
    metas = sorted(f.run.path.glob("reviews/round-*/meta.json"))
    if not metas:
        raise NotApplicable("the run has no review")
    f.change_json(
        metas[-1].relative_to(f.run.path).as_posix(), lambda value: value.update(overall=value["overall"] + 1.5)
    )


@kind("run said to be of another machine")
def other_machine(f: Forger) -> None:
    _change_machine(f)


def _change_machine(f: Forger) -> None:
    """Name another machine in run.json, in the ledger and in the paper, though not in the nodes' environments."""
    f.change_json("run.json", lambda value: value["machine"].update(processor="8 x H100", memory_gib="2048"))
    told = tell_machine(f.run.record().machine)

    def change(event: dict[str, Any]) -> dict[str, Any]:
        if "machine" in event["facts"]:
            event["facts"]["machine"] = told
        return event

    f.change_lines("ledger.jsonl", change)
    before = read_context(f.run).provenance
    if before.machine:
        f.write_paper(f.draft, context_changes={"provenance": before.model_copy(update={"machine": told})})


@kind("run said to be of another machine, in each node too")
def other_machine_everywhere(f: Forger) -> None:
    if '"sandbox.chosen"' not in f.run.ledger.read_text():
        raise NotApplicable("the ledger names no sandbox")
    old = [_environment(event) for event in _chosen(f)]
    _change_machine(f)
    new = [_environment(event) for event in _chosen(f)]
    for file in (f.run.ledger, f.run.journal):
        text = file.read_text()
        for was, now in zip(old, new, strict=True):
            text = text.replace(was, now)
        write_atomic(file, text.encode())


def _chosen(f: Forger) -> list[dict[str, Any]]:
    lines = (json.loads(line) for line in f.run.ledger.read_text().splitlines())
    return [event["facts"] for event in lines if event["kind"] == "sandbox.chosen"]


def _environment(facts: dict[str, Any]) -> str:
    """Return what a node's record says of where it ran."""
    return f"sha256:{sha256_json(facts)}"


@kind("run said to be sandboxed better than it was")
def better_sandbox(f: Forger) -> None:
    if '"sandbox.chosen"' not in f.run.ledger.read_text():
        raise NotApplicable("the ledger names no sandbox")

    def change(event: dict[str, Any]) -> dict[str, Any]:
        if event["kind"] == "sandbox.chosen":
            event["facts"]["backend"] = "docker" if event["facts"].get("backend") != "docker" else "bubblewrap"
        return event

    f.change_lines("ledger.jsonl", change)
