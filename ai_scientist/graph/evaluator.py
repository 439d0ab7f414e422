"""Measuring a checkpoint: the sandbox runs it, the harness checks its rows, the node's folder keeps everything."""

from __future__ import annotations

from collections.abc import Sequence

from ai_scientist.analysis.check import check_rows
from ai_scientist.analysis.rows import Row
from ai_scientist.core.clock import stamp
from ai_scientist.core.hashing import canonical_json, sha256_file, sha256_json
from ai_scientist.core.jsonl import write_atomic, write_json
from ai_scientist.core.plan import Plan
from ai_scientist.graph.parts import Parts
from ai_scientist.sandbox.contract import ExitKind, Limits
from ai_scientist.sandbox.harness import ProgramRun, run_program
from ai_scientist.search.contracts import Checkpoint
from ai_scientist.search.node import Measurement, Node, Outcome, Status
