"""A whole run from Python at the smallest setting: python examples/from_python/run.py [OUTPUT_DIR]."""

from __future__ import annotations

import sys

from ai_scientist import AIScientist

result = AIScientist(quick=True, seed=1).run(
    research_question="Does label noise hurt the calibration of classifiers?",
    output_dir=sys.argv[1] if len(sys.argv) > 1 else "runs",
)
print(result.summary)
print("status:", result.status)
print("code:", result.code_repo)
print("nodes:", len(result.experiment_logs))
print("audit:", result.audit.verdict if result.audit else "none")
