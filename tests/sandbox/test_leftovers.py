"""Tidying what a program left, whatever it is."""

from __future__ import annotations

import os
from pathlib import Path

from ai_scientist.sandbox.leftovers import make_plain


def test_make_plain_follows_no_link_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir(mode=0o700)
    (tmp_path / "outside" / "secret").symlink_to("/etc/passwd")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    assert make_plain(tmp_path / "inside") == ["link was no plain file and was removed."]
    assert (tmp_path / "outside" / "secret").is_symlink()
    assert (tmp_path / "outside").stat().st_mode & 0o777 == 0o700


def test_folders_nested_beyond_every_limit_are_removed_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("x")
    top = here = os.open(tmp_path, os.O_RDONLY)
    for level in range(3000):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        if level % 500 == 0:
            os.symlink("/etc/passwd", "link", dir_fd=below)
        if here != top:
            os.close(here)
        here = below
    os.close(here)
    os.close(top)
    (problem,) = [text for text in make_plain(tmp_path) if "deeply" in text]
    assert len(problem) < 150
    assert (tmp_path / "kept" / "file").read_text() == "x"
    levels = sum(1 for _ in tmp_path.rglob("*"))
    assert levels < 12


def test_what_a_program_closed_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_text("x")
    (tmp_path / "a" / "b" / "file").chmod(0)
    (tmp_path / "a" / "b").chmod(0)
    (tmp_path / "a").chmod(0)
    assert make_plain(tmp_path) == []
    assert (tmp_path / "a" / "b" / "file").stat().st_mode & 0o777 == 0o644


def test_control_characters_in_names_do_not_reach_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2Jb").symlink_to("/")
    assert make_plain(tmp_path) == ["a?[2Jb was no plain file and was removed."]
