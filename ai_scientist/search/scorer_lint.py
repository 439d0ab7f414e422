"""A look at a scorer before the first program is paid for: says it the same twice, the right way round, no to junk?

Each check is there because a published scorer failed it: one rewarded the worst packing, one gave a crashed program
half the points, one believed sums that no packing can have.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.finding import Finding
from ai_scientist.search.scored_task import ScoredTask
from ai_scientist.search.scorer import ScorerProcess, Verdict

REPEATS = 3


async def lint_scorer(task: ScoredTask, answer: Path) -> list[Finding]:
    """Return what is wrong with a task's scorer.

    Args:
        task: The task.
        answer: What the task's own program left: a valid answer.

    Raises:
        SandboxError: If the scorer cannot be started.
    """
    where = str(task.folder / "score.py")
    script, truth = task.folder / "score.py", task.folder / "truth"
    found: list[Finding] = []
    verdicts: list[Verdict] = []
    for _ in range(REPEATS):
        # A process each, so that what it remembers of an earlier answer does not hide that it draws at random.
        scorer = ScorerProcess(script)
        try:
            verdicts += [await scorer.score(answer, truth) for _ in range(2)]
        finally:
            await scorer.close()
    own = verdicts[0].score
    if own is None:
        why = f"It gives the task's own program no score: {verdicts[0].problem}"
        return [Finding(kind="scorer.valid", where=where, why=why)]
    if len({verdict.score for verdict in verdicts}) > 1:
        why = f"The same answer scored {sorted({str(verdict.score) for verdict in verdicts})}."
        found.append(Finding(kind="scorer.determinism", where=where, why=why))
    scorer = ScorerProcess(script)
    try:
        found += await _lint_order(task, scorer, where)
        found += await _lint_junk(answer, truth, scorer, where)
    finally:
        await scorer.close()
    return found


async def check_scorer(task: ScoredTask, answer: Path) -> None:
    """Refuse a task whose scorer is wrong.

    Raises:
        ConfigError: If anything is found; says all of it.
    """
    if found := await lint_scorer(task, answer):
        raise ConfigError("The scorer cannot be used. " + " ".join(finding.why for finding in found))


async def _lint_order(task: ScoredTask, scorer: ScorerProcess, where: str) -> list[Finding]:
    """Known answers must score in their known order: that alone shows which way is better."""
    if len(task.file.order) < 2:
        why = "The task names no two known answers in order, so nothing shows which way of the score is better."
        return [Finding(kind="scorer.direction", where=where, why=why)]
    found: list[Finding] = []
    before: tuple[str, float] | None = None
    for name in task.file.order:
        verdict = await scorer.score(task.folder / "answers" / name, task.folder / "truth")
        if verdict.score is None:
            why = f"The known answer {name!r} has no score: {verdict.problem}"
            found.append(Finding(kind="scorer.direction", where=where, why=why))
            continue
        value = task.sign * verdict.score
        if before and value <= before[1]:
            why = f"{name!r} should be better than {before[0]!r}, and is not: the direction may be the wrong way round."
            found.append(Finding(kind="scorer.direction", where=where, why=why))
        before = (name, value)
    return found


async def _lint_junk(answer: Path, truth: Path, scorer: ScorerProcess, where: str) -> list[Finding]:
    """What a program leaves that crashed, wrote half, or wrote nonsense must have no score at all."""
    found: list[Finding] = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, damage in DAMAGES.items():
            folder = Path(scratch) / name.replace(" ", "-")
            _write_damaged(answer, folder, damage)
            verdict = await scorer.score(folder, truth)
            if verdict.score is not None:
                why = f"An answer of {name} scored {verdict.score}; a failing program must have no score."
                found.append(Finding(kind="scorer.junk", where=where, why=why))
    return found


def _write_damaged(answer: Path, folder: Path, damage: Damage) -> None:
    folder.mkdir()
    for file in sorted(path for path in answer.rglob("*") if path.is_file()):
        data = damage(file.read_bytes())
        if data is not None:
            target = folder / file.relative_to(answer)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def _nothing(data: bytes) -> None:
    """No file at all."""


def _empty(data: bytes) -> bytes:
    return b""


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _noise(data: bytes) -> bytes:
    return bytes((byte * 7 + 13) % 256 for byte in data) + b"\xff"


def _nan(data: bytes) -> bytes:
    return re.sub(rb"-?\d+(\.\d+)?([eE][-+]?\d+)?", b"NaN", data)


Damage = Callable[[bytes], bytes | None]

DAMAGES: dict[str, Damage] = {
    "nothing": _nothing,
    "empty files": _empty,
    "half of each file": _half,
    "noise in each file": _noise,
    "NaN for each number": _nan,
}
