"""The process that scores answers: `python -I scorer_worker.py score.py`, one JSON line in, one JSON line out.

It holds the truth that candidates must not see, and is started once. It imports nothing of ours, so that it starts fast
under any interpreter. `score.py` defines `score(answer: Path, truth: Path)`, which returns a number, or raises
ValueError (or any other exception) to say what is wrong with the answer.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType


def _load(file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(Path(file).resolve().parent))
    spec.loader.exec_module(module)
    return module


def _answer(score: Callable[[Path, Path], object], request: dict[str, str]) -> dict[str, object]:
    try:
        value = score(Path(request["answer"]), Path(request["truth"]))
    except Exception as error:  # whatever is wrong with an answer is said, not died of
        return {"problem": f"{type(error).__name__}: {error}"[:2000]}
    try:
        number = float(value)  # type: ignore[arg-type]  # anything that is a number will do, of numpy's too
    except (TypeError, ValueError):
        return {"problem": f"The scorer returned {value!r:.200}, which is no number."}
    if not math.isfinite(number):
        return {"problem": f"The score is {number}."}
    return {"score": number}


def main() -> None:
    """Serve until the other side hangs up."""
    # What the scorer prints must not be taken for an answer.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    score = _load(sys.argv[1]).score
    channel.write('{"ready": true}\n')
    channel.flush()
    for line in sys.stdin:
        channel.write(json.dumps(_answer(score, json.loads(line))) + "\n")
        channel.flush()


if __name__ == "__main__":
    main()
