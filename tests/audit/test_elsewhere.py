"""A run copied to another place and to another user, read-only, its first folder gone: the verdict is the same."""

from __future__ import annotations

import os
import shutil
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from ai_scientist.audit.check import audit
from ai_scientist.audit.report import AuditReport
from ai_scientist.core.run_folder import RunFolder
from tests.audit.finished import make_run

NOBODY = 65534


def same(one: AuditReport, other: AuditReport) -> bool:
    """Whether two reports agree in everything but how long they took."""
    return one.model_copy(update={"seconds": 0}) == other.model_copy(update={"seconds": 0})


def lock(folder: Path, *, writable: bool) -> None:
    """Take away, or give back, the right to write anything in a folder."""
    for place in (folder, *folder.rglob("*")):
        if not place.is_symlink():
            is_folder = place.is_dir()
            place.chmod((0o755 if writable else 0o555) if is_folder else (0o644 if writable else 0o444))


def test_a_copy_that_nobody_may_write_to_is_judged_as_the_run_was(tmp_path: Path) -> None:
    first = make_run(tmp_path / "first").path
    before = audit(RunFolder(first))
    copy = tmp_path / "elsewhere" / first.name
    shutil.copytree(first, copy, symlinks=True)
    shutil.rmtree(tmp_path / "first")
    lock(copy, writable=False)
    try:
        after = audit(RunFolder(copy))
    finally:
        lock(copy, writable=True)
    assert before.verdict == "pass"
    assert same(before, after)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_another_user_comes_to_the_same_verdict(honest: RunFolder) -> None:
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders are closed to others
        Path(place).chmod(0o755)
        _judge_as_nobody(honest, Path(place) / honest.path.name)


def _judge_as_nobody(honest: RunFolder, copy: Path) -> None:
    shutil.copytree(honest.path, copy, symlinks=True)
    (copy / "plan.json").write_text((copy / "plan.json").read_text().replace("Smoothing", "Smoother"))
    lock(copy, writable=False)
    try:
        mine = audit(RunFolder(copy))
        said = as_nobody(lambda: audit(RunFolder(copy)).model_dump_json())
    finally:
        lock(copy, writable=True)
    assert said.startswith("{"), said
    theirs = AuditReport.model_validate_json(said)
    assert mine.verdict == "fail"
    assert same(mine, theirs)


def as_nobody(task: Callable[[], str]) -> str:
    """Return what a task says in a child process that has become another user, without root's rights."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            with os.fdopen(writing, "w") as pipe:
                try:
                    pipe.write(task())
                except Exception:
                    pipe.write(traceback.format_exc())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said
