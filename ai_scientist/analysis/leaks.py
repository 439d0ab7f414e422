"""Rows that a program learns from and is judged on: the same ones, copies, and near copies.

A program hands its parts over through `lab.split`; the harness looks for itself. Some real data hold the same row
twice, so a few copies are told and not held against anybody.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from ai_scientist.analysis.soundness import Check, failed, not_checked, passed, warned

LEAKS = "no test row was learnt from"

TOLERATED = 0.01
"""Share of the test rows that may be copies of training rows before it is called a leak."""

NEAR = 1e-3
"""Nearer to a training row than this, in units of the usual distance between neighbours, is a near copy."""

MOST_ROWS, MOST_NUMBERS = 4000, 4_000_000
"""Rows, and rows times features, beyond which near copies are looked for in a part only."""

Rows = np.ndarray[tuple[int, ...], np.dtype[np.generic]]
Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Test rows of one dataset that are training rows, or nearly.

    Attributes:
        near: Besides the copies; None if the rows are no numbers.
    """

    dataset: str
    test_rows: int
    copies: int
    near: int | None


def read_splits(folder: Path) -> dict[str, dict[str, Rows]]:
    """Return the rows that `lab.split` kept under a program's output folder: dataset → part → rows.

    Raises:
        ValueError: If a file there is not what `lab` writes.
    """
    found: dict[str, dict[str, Rows]] = {}
    for file in sorted(folder.glob("split/*/*.rows")):
        head, _, body = file.read_bytes().partition(b"\n")
        try:
            told = json.loads(head)
            rows = np.frombuffer(body, dtype=np.dtype(str(told["dtype"]))).reshape([int(n) for n in told["shape"]])
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{file.name} is not what lab.split writes: {error}") from error
        if len(rows):
            found.setdefault(file.parent.name, {})[file.stem] = rows.reshape(len(rows), -1)
    return found


def check_leaks(splits: Mapping[str, Mapping[str, Rows]], *, test: str = "test") -> Check:
    """Return whether rows of the test part stand in another part."""
    overlaps = list(_overlaps(splits, test))
    if not overlaps:
        return not_checked(LEAKS, "The program does not hand over what it learns from and is judged on.")
    bad = [o for o in overlaps if o.copies + (o.near or 0) > max(1, TOLERATED * o.test_rows)]
    told = "; ".join(_told(o) for o in bad or overlaps)
    if bad:
        return failed(LEAKS, f"Test rows that stand in training data too: {told}.")
    few = [o for o in overlaps if o.copies or o.near]
    if few:
        return warned(LEAKS, f"A few test rows have a copy among the training rows: {'; '.join(map(_told, few))}.")
    return passed(LEAKS, f"No test row is a training row, or near one: {told}.")


def _told(overlap: Overlap) -> str:
    near = "" if overlap.near is None else f", {overlap.near} near copies"
    return f"{overlap.dataset}, {overlap.copies} copies{near} among {overlap.test_rows} rows"


def _overlaps(splits: Mapping[str, Mapping[str, Rows]], test: str) -> Iterator[Overlap]:
    for dataset, parts in splits.items():
        held = parts.get(test)
        learnt = [rows for name, rows in parts.items() if name != test]
        if held is None or not learnt or any(rows.shape[1] != held.shape[1] for rows in learnt):
            continue
        known = {row.tobytes() for rows in learnt for row in rows}
        is_copy = np.array([row.tobytes() in known for row in held])
        numbers = all(rows.dtype.kind in "fiub" for rows in (held, *learnt))
        near = _near(np.concatenate(learnt).astype(float), held[~is_copy].astype(float)) if numbers else None
        yield Overlap(dataset=dataset, test_rows=len(held), copies=int(is_copy.sum()), near=near)


def _near(learnt: Numbers, held: Numbers) -> int:
    """Return how many rows lie much nearer to a training row than training rows lie to each other."""
    most = max(1, min(MOST_ROWS, MOST_NUMBERS // max(learnt.shape[1], 1)))
    learnt, held = learnt[:most], held[:most]
    if len(learnt) < 3 or not len(held) or not (np.isfinite(learnt).all() and np.isfinite(held).all()):
        return 0
    spread = learnt.std(axis=0)
    kept = spread > 0
    tree = cKDTree(learnt[:, kept] / spread[kept])
    usual = np.median(np.asarray(tree.query(learnt[:, kept] / spread[kept], k=2)[0])[:, 1])
    distances = np.asarray(tree.query(held[:, kept] / spread[kept], k=1)[0])
    return int(np.count_nonzero(distances < NEAR * usual))
