"""Checkpoints: what git itself says of the repository that is written without git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_scientist.core.errors import EditRejected, RunCorrupted, TransientError
from ai_scientist.core.ids import CheckpointId, NodeId
from ai_scientist.search.checkpoints import Checkpoints, tree_hash

PROGRAM = {"experiment.py": "import lab\n", "parts/model.py": "x = 1\n", "parts/deep/er.txt": "", "parts.txt": "é\n"}


def git(repository: Checkpoints, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "--git-dir", str(repository.path), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


def complaints(repository: Checkpoints) -> list[str]:
    lines = git(repository, "fsck", "--full", "--strict", "--no-dangling").splitlines()
    return [line for line in lines if not line.startswith("notice: HEAD points to an unborn branch")]


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints.git")


def test_git_finds_nothing_wrong_and_reads_every_file(checkpoints: Checkpoints, tmp_path: Path) -> None:
    first = checkpoints.commit(PROGRAM, parents=[], message="n0001 draft: start\n\nWhy not.", number=1)
    second = checkpoints.commit(PROGRAM | {"b.py": "y\n"}, parents=[first.id], message="n0002", number=2)
    both = checkpoints.commit({"c.py": "z\n"}, parents=[first.id, second.id], message="n0003", number=3)
    checkpoints.point("main", both.id)

    assert complaints(checkpoints) == []
    assert git(checkpoints, "rev-parse", f"{first.id}^{{tree}}").strip() == first.tree == tree_hash(PROGRAM)
    assert git(checkpoints, "log", "--format=%s", "main").split("\n")[0] == "n0003"
    assert git(checkpoints, "rev-parse", "main^2").strip() == second.id
    subprocess.run(["git", "clone", "--quiet", str(checkpoints.path), str(tmp_path / "copy")], check=True)
    assert (tmp_path / "copy" / "c.py").read_text() == "z\n"
    for name, text in PROGRAM.items():
        assert git(checkpoints, "show", f"refs/nodes/n0001:{name}") == text


def test_the_same_history_has_the_same_hashes(tmp_path: Path) -> None:
    ids = [
        Checkpoints(tmp_path / name).commit(PROGRAM, parents=[], message="m", number=7).id
        for name in ("a.git", "b.git")
    ]
    assert ids[0] == ids[1]


def test_a_fresh_reader_loads_what_was_stored(checkpoints: Checkpoints) -> None:
    first = checkpoints.commit(PROGRAM, parents=[], message="m", number=1)
    second = checkpoints.commit({"a": "1\r\n"}, parents=[first.id], message="m", number=2)
    fresh = Checkpoints(checkpoints.path)
    assert fresh.load(first.id) == first
    assert fresh.load(second.id) == second
    assert fresh.of_node(NodeId("n0002")) == second.id


def test_what_git_has_packed_is_still_read(checkpoints: Checkpoints) -> None:
    stored = [checkpoints.commit({"a": f"{n}\n" * 50}, parents=[], message="m", number=n) for n in range(1, 9)]
    git(checkpoints, "gc", "--quiet", "--prune=now")
    assert not list((checkpoints.path / "refs" / "nodes").iterdir())
    fresh = Checkpoints(checkpoints.path)
    assert [fresh.load(checkpoint.id).files for checkpoint in stored] == [checkpoint.files for checkpoint in stored]
    assert fresh.of_node(NodeId("n0003")) == stored[2].id
    for writer in (fresh, checkpoints):
        again = writer.commit({"a": "3\n" * 50}, parents=[], message="m", number=9)
    assert again.tree == stored[2].tree
    assert complaints(checkpoints) == []


def test_a_checkpoint_is_written_into_a_folder(checkpoints: Checkpoints, tmp_path: Path) -> None:
    stored = checkpoints.commit(PROGRAM, parents=[], message="m", number=1)
    checkpoints.materialise(stored.id, tmp_path / "out")
    written = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_text()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert written == PROGRAM


def test_a_diff_applies_with_git(checkpoints: Checkpoints, tmp_path: Path) -> None:
    before = checkpoints.commit({"a": "1\n2\n3\n", "gone": "x\n"}, parents=[], message="m", number=1)
    after = checkpoints.commit({"a": "1\n2b\n3\n", "new/b": "y\n"}, parents=[before.id], message="m", number=2)
    text = checkpoints.diff(before.id, after.id)
    assert "-2\n+2b\n" in text
    checkpoints.materialise(before.id, tmp_path / "work")
    subprocess.run(["git", "apply", "-"], cwd=tmp_path / "work", input=text.encode(), check=True)
    assert (tmp_path / "work" / "a").read_text() == "1\n2b\n3\n"
    assert not (tmp_path / "work" / "gone").exists()
    assert checkpoints.diff(after.id, after.id) == ""
    assert "+++ b/a" in checkpoints.diff(None, before.id)


@pytest.mark.parametrize("name", ["", "/a", "a//b", "../a", "a/../b", ".git/config", "a/.GIT/x", "a\0b", "a\\b", "a/"])
def test_a_path_that_leads_elsewhere_is_rejected(checkpoints: Checkpoints, name: str) -> None:
    with pytest.raises(EditRejected):
        checkpoints.commit({"experiment.py": "", name: "x"}, parents=[], message="m", number=1)
    assert not checkpoints.path.exists()


def test_a_file_cannot_be_a_folder_too_and_text_must_be_text() -> None:
    with pytest.raises(EditRejected, match="file and a folder"):
        tree_hash({"a": "x", "a/b": "y"})
    with pytest.raises(EditRejected, match="must be text"):
        tree_hash({"a": "\ud800"})


def test_damage_is_named(checkpoints: Checkpoints) -> None:
    stored = checkpoints.commit({"a": "1\n"}, parents=[], message="m", number=1)
    other = checkpoints.commit({"b": "2\n"}, parents=[], message="m", number=2)
    with pytest.raises(RunCorrupted, match="no commit"):
        Checkpoints(checkpoints.path).load(CheckpointId("0" * 40))
    victim = checkpoints.path / "objects" / stored.id[:2] / stored.id[2:]
    victim.chmod(0o644)
    victim.write_bytes((checkpoints.path / "objects" / other.id[:2] / other.id[2:]).read_bytes())
    with pytest.raises(RunCorrupted, match="not what it was"):
        Checkpoints(checkpoints.path).load(stored.id)
    victim.write_bytes(b"junk")
    with pytest.raises(RunCorrupted, match="cannot be read"):
        Checkpoints(checkpoints.path).load(stored.id)
    with pytest.raises(RunCorrupted, match="no checkpoint of n0009"):
        checkpoints.of_node(NodeId("n0009"))


def test_a_write_that_fails_half_way_leaves_no_checkpoint(
    checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = checkpoints.commit({"a": "1\n"}, parents=[], message="m", number=1)
    real, left = os.write, 2

    def fail_later(file: int, data: memoryview) -> int:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(28, "No space left on device")
        return real(file, data)

    with monkeypatch.context() as patch:
        patch.setattr("ai_scientist.search.checkpoints.os.write", fail_later)
        with pytest.raises(TransientError, match="No space"):
            checkpoints.commit({"a": "2\n", "b": "3\n"}, parents=[first.id], message="m", number=2)
    assert [path.name for path in (checkpoints.path / "refs" / "nodes").iterdir()] == ["n0001"]
    assert complaints(checkpoints) == []


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..") and not name.lower().startswith(".git")
)
FILES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map("/".join),
    st.text(st.characters(codec="utf-8"), max_size=40),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(files=FILES)
def test_any_text_files_come_back(tmp_path_factory: pytest.TempPathFactory, files: dict[str, str]) -> None:
    path = tmp_path_factory.mktemp("any") / "c.git"
    try:
        stored = Checkpoints(path).commit(files, parents=[], message="m", number=1)
    except EditRejected:
        folders = {name[: len(part)] for name in files for part in [name[:i] for i, c in enumerate(name) if c == "/"]}
        assert folders & files.keys()
        return
    assert Checkpoints(path).load(stored.id).files == files


def test_git_agrees_on_how_names_are_ordered(checkpoints: Checkpoints) -> None:
    files = {"a.b": "", "a/c": "", "a0": "", "a-": "", "a/b/c": "", "Z": "", "é": "", "a b": ""}
    stored = checkpoints.commit(files, parents=[], message="m", number=1)
    assert complaints(checkpoints) == []
    listed = git(checkpoints, "ls-tree", "-r", "-z", "--name-only", stored.id).split("\0")
    assert sorted(filter(None, listed)) == sorted(files)
