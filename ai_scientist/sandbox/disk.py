"""What a program keeps on disk, looked at while it runs, also where it hides it. Standard library only, for guards."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator

_MOST_FLOOR_BYTES = 2 * 1024**3


class Disk:
    """Watches an output folder, and the file system that it lies on.

    Three things are looked at: what lies in the folder; files that have no name any more but are open or mapped, which
    no listing shows; and how much room the whole file system has left. What can hide from the first two, such as a file
    in flight between two sockets, is held by the third: it does not fill the disk.

    Args:
        folder: The only place on disk that the program may write to.
        most_bytes: What it may keep there.
        most_files: How many files and folders.
    """

    def __init__(self, folder: str, most_bytes: int, most_files: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._most_files = most_files
        self._device = os.stat(folder).st_dev
        whole = os.statvfs(folder)
        self._floor = min(
            _MOST_FLOOR_BYTES, whole.f_blocks * whole.f_frsize // 20, whole.f_bavail * whole.f_frsize // 2
        )

    def is_overfull(self, pids: Iterable[int] = ()) -> bool:
        """Return whether the program keeps more than it may; looks no further than needed to know.

        Args:
            pids: Its processes, as far as they can be seen.
        """
        try:
            whole = os.statvfs(self._folder)
        except OSError:
            return False  # nothing can be known, and nothing can be kept there
        if whole.f_bavail * whole.f_frsize < self._floor:
            return True
        used = self._listed()
        return used is None or used + sum(self._nameless(pids).values()) > self._most_bytes

    def _listed(self) -> int | None:
        """Return the bytes of what lies in the folder; None for too much, or a place where nobody can look."""
        used = files = 0
        queue = [self._folder]
        while queue:
            try:
                with os.scandir(queue.pop()) as entries:
                    for entry in entries:
                        files += 1
                        used += entry.stat(follow_symlinks=False).st_blocks * 512
                        if used > self._most_bytes or files > self._most_files:
                            return None
                        if entry.is_dir(follow_symlinks=False):
                            queue.append(entry.path)
            except OSError as error:
                # Else a path that is too long, or a folder that is closed to us, would be a place to hide things.
                if error.errno in (errno.ENAMETOOLONG, errno.EACCES, errno.EPERM):
                    return None
        return used

    def _nameless(self, pids: Iterable[int]) -> dict[int, int]:
        """Return inode → bytes of files that are held but were removed."""
        found: dict[int, int] = {}
        for pid in pids:
            for fd in _listing(f"/proc/{pid}/fd"):
                status = _status(f"/proc/{pid}/fd/{fd}")
                if status is not None and status.st_nlink == 0 and status.st_dev == self._device:
                    found[status.st_ino] = status.st_blocks * 512
            for place, inode in self._mapped(pid):
                if inode not in found:
                    status = _status(f"/proc/{pid}/map_files/{place}")  # only root may look
                    found[inode] = self._most_bytes if status is None else status.st_blocks * 512
        return found

    def _mapped(self, pid: int) -> Iterator[tuple[str, int]]:
        try:
            with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    if line.endswith(" (deleted)\n"):
                        place, _, _, device, inode = line.split()[:5]
                        major, minor = (int(part, 16) for part in device.split(":"))
                        if os.makedev(major, minor) == self._device:
                            yield place, int(inode)
        except OSError:
            return  # it has ended


def _listing(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None
