"""Kinds of fabrication, each planted in a copy of a finished run. One that is not caught stays in the list."""

from benchmarks.fabrications import displays, history, numbers, programs, references, rows, text
from benchmarks.fabrications.kinds import KINDS, Kind

__all__ = ["KINDS", "Kind", "displays", "history", "numbers", "programs", "references", "rows", "text"]
