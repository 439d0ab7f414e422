"""Run the experiment again, seed by seed, and compare with what the paper rests on. Standard library only."""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def measure(seed: int) -> dict[str, float]:
    """Return one seed's final values: "metric/condition/dataset/seed" → value."""
    with tempfile.TemporaryDirectory() as out:
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": out,
            "SEED": str(seed),
            "OUT_DIR": out,
            "DATA_DIR": str(HERE / "data"),
            "PYTHONPATH": str(HERE),
            "PYTHONHASHSEED": "0",
            "MPLBACKEND": "Agg",
            **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")},
        }
        subprocess.run([sys.executable, "experiment.py"], cwd=HERE, env=environment, check=True)
        rows = [json.loads(line) for line in (Path(out) / "rows.jsonl").read_text().splitlines()]
    return {
        f"{row['metric']}/{row['condition']}/{row['dataset']}/{seed}": row["value"]
        for row in rows
        if row.get("step") is None
    }


def main() -> int:
    """Run the seeds, print what differs, return 0 if nothing does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, help="only so many of them")
    expected = json.loads((HERE / "expected.json").read_text())
    seeds = expected["seeds"][: parser.parse_args().seeds]
    wrong = 0
    for seed in seeds:
        found = measure(seed)
        for name, value in expected["values"].items():
            if name.endswith(f"/{seed}") and not math.isclose(
                found.get(name, math.nan), value, rel_tol=expected["tolerance"], abs_tol=1e-12
            ):
                print(f"{name}: expected {value!r}, found {found.get(name)!r}")
                wrong += 1
        print(f"seed {seed}: done")
    print("All values agree." if not wrong else f"{wrong} values differ.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
