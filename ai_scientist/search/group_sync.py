"""Getting lines onto the disk without waiting for the disk: one thread, one wait for all lines written meanwhile.

A line survives the death of our process as soon as it is written, and a power cut once its group has been synced, which
follows within milliseconds. A search that waited for each line would stand still for a third of its time.
"""

from __future__ import annotations

import os
import threading


class GroupSync:
    """Syncs one open file whenever it has been asked to since the last time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._state = threading.Condition()
        self._asked = self._done = 0
        self._is_closed = False
        self._failure: OSError | None = None
        self._thread: threading.Thread | None = None

    def request(self) -> None:
        """Ask for what has been written so far to be synced soon.

        Raises:
            OSError: If an earlier sync failed, so that lines may not be on the disk.
        """
        with self._state:
            if self._failure:
                raise self._failure
            self._asked += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="journal-sync", daemon=True)
                self._thread.start()
            self._state.notify_all()

    def wait(self) -> None:
        """Return when all that was asked for is on the disk.

        Raises:
            OSError: If the disk refused.
        """
        with self._state:
            self._state.wait_for(lambda: self._done >= self._asked or self._failure is not None)
            if self._failure:
                raise self._failure

    def close(self) -> None:
        """Finish, and end the thread. The file stays open."""
        with self._state:
            self._is_closed = True
            self._state.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: self._asked > self._done or self._is_closed)
                if self._asked == self._done or self._failure:
                    return
                goal = self._asked
            try:
                os.fdatasync(self._descriptor)
            except OSError as error:
                with self._state:
                    self._failure = error
                    self._state.notify_all()
                return
            with self._state:
                self._done = goal
                self._state.notify_all()
