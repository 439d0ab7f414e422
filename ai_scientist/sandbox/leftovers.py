"""What a program left in its output folder, made fit to be read by us: plain files and folders, ours, of sane depth."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

_MOST_PATH_BYTES = 1500
"""Longest path below the folder: with our own part in front, the kernel still takes it (4096 at most)."""

_MOST_LEVELS = 64


def make_plain(folder: Path, *, executable: bool = False) -> list[str]:
    """Remove everything below a folder that is no plain file or folder, and return a sentence about each.

    What a program left is read by us and copied into papers: a link out of the folder, a pipe or a device there could
    make us read what the program could not. Every process of the program must have ended.

    Args:
        folder: What is made plain.
        executable: Whether files may stay programs, as some packages bring them.
    """
    problems: list[str] = []
    folder.chmod(0o755)  # the program may have closed it
    for path in _entries(folder):
        status = path.lstat()
        relative = str(path.relative_to(folder))
        if stat.S_ISDIR(status.st_mode):
            if _is_too_deep(relative):
                _remove_deep(path, folder)
                problems.append(f"{shown(relative)} was nested too deeply and was removed.")
            else:
                path.chmod(0o755)
        elif stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
            path.chmod(0o755 if executable and status.st_mode & 0o100 else 0o644)
        else:
            path.unlink()
            problems.append(f"{shown(relative)} was no plain file and was removed.")
    return problems


def hand_over(folder: Path, user: int) -> None:
    """Give a folder and what lies in it to a user; only root can.

    Raises:
        OSError: If the folder itself cannot be given away. What lies too deep in it stays as it is.
    """
    os.chown(folder, user, user)
    for path in _entries(folder):
        if not _is_too_deep(str(path.relative_to(folder))):
            with contextlib.suppress(OSError):
                os.chown(path, user, user, follow_symlinks=False)


def _entries(folder: Path) -> Iterator[Path]:
    """Yield what lies below a folder, a folder before its contents; what is removed meanwhile is not entered."""
    queue = [folder]
    while queue:
        try:
            names = sorted(os.listdir(queue[-1]))
        except OSError:
            queue.pop()
            continue
        parent = queue.pop()
        for name in names:
            path = parent / name
            yield path
            with contextlib.suppress(OSError):
                is_folder = stat.S_ISDIR(path.lstat().st_mode)
                if is_folder and not _is_too_deep(str(path.relative_to(folder))):
                    queue.append(path)


def _is_too_deep(relative: str) -> bool:
    return relative.count("/") >= _MOST_LEVELS or len(os.fsencode(relative)) > _MOST_PATH_BYTES


def _remove_deep(path: Path, folder: Path) -> None:
    """Remove a folder of any depth: what is too deep in it is moved up, until everything is within reach."""
    place = folder / f".deep-{os.urandom(4).hex()}"
    place.mkdir(mode=0o700)
    path.rename(place / "0")
    count = 1
    while names := os.listdir(place):
        top = place / names[0]
        for entry in _entries(top):
            if entry.is_symlink() or not entry.is_dir():
                continue
            if _is_too_deep(str(entry.relative_to(top))):
                entry.rename(place / str(count))
                count += 1
            else:
                entry.chmod(0o700)
        top.chmod(0o700)
        shutil.rmtree(top)
    place.rmdir()


def shown(relative: str) -> str:
    """Return a path as a person may see it: short, and without signs that steer a terminal."""
    short = relative if len(relative) <= 80 else f"{relative[:60]}…"
    return "".join(letter if letter.isprintable() else "?" for letter in short)
