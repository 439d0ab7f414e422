"""An evaluator that remembers: the same code on the same data, seeds and environment is not measured twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.hashing import sha256_json
from ai_scientist.core.ids import Sha256
from ai_scientist.core.jsonl import Appender, read_lines
from ai_scientist.core.values import Value
from ai_scientist.search.contracts import Checkpoint, Evaluator
from ai_scientist.search.node import Node, Outcome, Status

REPEATABLE = frozenset({Status.OK, Status.CRASHED, Status.REFUSED})
"""Outcomes that would come again. A timeout may be the machine's fault, and a cancelled node has none."""


class Remembered(Value):
    """One line of the memo."""

    schema_version: int = 1
    key: Sha256
    node: str
    outcome: Outcome


class Memo:
    """Wraps an evaluator. What it remembers outlives the run, and may be shared by runs one after the other.

    Files that an evaluation left stay with the node that was really run: a remembered outcome names none, and says in
    a warning whose it is. A search whose paper needs those files must not remember.
    """

    def __init__(self, evaluator: Evaluator, path: Path, *, data: str, environment: str) -> None:
        """Open the memo.

        Args:
            evaluator: Measures what is not remembered.
            path: The file, made if it is missing.
            data: Hash of all data that programs can read.
            environment: Hash of interpreter, packages, limits and the evaluator's own code.

        Raises:
            RunCorrupted: If the file is not what a memo left there.
        """
        self._evaluator, self._data, self._environment = evaluator, data, environment
        self._known: dict[Sha256, Remembered] = {}
        for number, line in enumerate(read_lines(path), 1):
            try:
                remembered = Remembered.model_validate(line.value)
            except ValidationError as error:
                raise RunCorrupted(f"{path}, line {number}, is no line of a memo: {error}") from error
            self._known[remembered.key] = remembered
        self._appender = Appender(path)

    def __len__(self) -> int:
        return len(self._known)

    def key(self, node: Node, seeds: Sequence[int]) -> Sha256:
        """Return what an evaluation is remembered by."""
        return sha256_json(
            {"code": node.tree, "seeds": sorted(seeds), "data": self._data, "environment": self._environment}
        )

    async def evaluate(self, node: Node, checkpoint: Checkpoint, seeds: Sequence[int]) -> Outcome:
        """Return what is remembered, or what the evaluator says now."""
        key = self.key(node, seeds)
        if known := self._known.get(key):
            note = f"Remembered from {known.node}, not run again."
            return known.outcome.model_copy(
                update={"artifacts": {}, "warnings": (*known.outcome.warnings, note), "wall_seconds": 0.0}
            )
        outcome = await self._evaluator.evaluate(node, checkpoint, seeds)
        if outcome.status in REPEATABLE:
            remembered = Remembered(key=key, node=node.id, outcome=outcome)
            self._appender.append(remembered.model_dump(mode="json"), sync=False)
            self._known[key] = remembered
        return outcome

    def close(self) -> None:
        """Let the file go."""
        self._appender.close()
