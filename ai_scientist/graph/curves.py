"""Curves of nodes while they run: what the programs have logged so far, step by step."""

from __future__ import annotations

import json
import os
import stat
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ai_scientist.core.plan import Plan
from ai_scientist.graph.parts import Parts
from ai_scientist.search.cascade import Curve
from ai_scientist.search.members import node_id
from ai_scientist.search.node import Node, Status

MOST_BYTES = 8 * 1024**2
"""Of a file that is still being written; a longer one is looked at so far."""


class LiveCurves:
    """The primary metric of the plan's target, step by step: means over the seeds and datasets that came so far."""

    def __init__(self, plan: Plan, parts: Parts) -> None:
        self._plan, self._parts = plan, parts
        self._sign = 1.0 if plan.metric(plan.primary_metric).direction == "higher" else -1.0

    def of(self, node: Node) -> Curve:
        """Return a node's curve as far as it has come, higher is better; empty if it logs no steps."""
        values: dict[int, list[float]] = defaultdict(list)
        for file in sorted((self._parts.folder.node(node.id) / "files").glob("seed-*/rows.jsonl")):
            for row in _rows(file):
                if self._counts(row):
                    values[row["step"]].append(self._sign * row["value"])
        return {step: sum(found) / len(found) for step, found in values.items()}

    def of_stage(self, stage: str) -> Iterator[Curve]:
        """Yield the curves of a stage's nodes that have ended well."""
        journal = self._parts.journal
        for member in journal.stage(stage).members():
            node = journal.node(node_id(member.number))
            if node.stage == stage and node.outcome and node.outcome.status is Status.OK:
                yield self.of(node)

    def _counts(self, row: dict[str, Any]) -> bool:
        wanted = {"metric": self._plan.primary_metric, "condition": self._plan.target, "split": self._plan.split}
        is_number = isinstance(row.get("step"), int) and isinstance(row.get("value"), int | float)
        return is_number and all(row.get(key) == value for key, value in wanted.items())


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    """Yield what stands in whole lines. The program may still run, and put anything in the file's place."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        text = os.read(descriptor, MOST_BYTES) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    finally:
        os.close(descriptor)
    for line in text.split(b"\n")[:-1]:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            yield row
