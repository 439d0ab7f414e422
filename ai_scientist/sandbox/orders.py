"""What is said between us and the guards: an order to start a program, and a report of what became of it."""

from __future__ import annotations

import array
import json
import socket
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

FIRST_EXTRA_FD = 10
"""Extra descriptors of an order have this number and the following ones in the program."""

MESSAGE_BYTES = 1024 * 1024

ENTRY = "experiment.py"
"""The file that programs begin with."""

READY = b"ready"
"""What a guard server says when it has started."""


class EndedBy(StrEnum):
    """Who ended a program."""

    ITSELF = "itself"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    DISK = "disk"
    PROCESSES = "processes"
    CANCEL = "cancel"
    NOT_STARTED = "not started"


@dataclass(frozen=True, kw_only=True)
class Group:
    """A control group for one program. Its guard makes it, runs in it too, and removes it in the end.

    Attributes:
        folder: In which it is made.
        values: File in it → what to write there before the program starts.
        peak: File that says the highest memory use; empty if none does.
        kills: File with a line "oom_kill N"; empty if none has.
    """

    folder: str
    values: dict[str, str] = field(default_factory=dict[str, str])
    peak: str = ""
    kills: str = ""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to start, and what it may use.

    Attributes:
        rlimits: Name in `resource` → soft and hard limit.
        groups: Control groups to run in.
        timeout_seconds: Then everything is killed.
        folder: Watched; everything is killed when it holds more than `disk_bytes` or `disk_files`.
        memory_bytes: Of all processes together, watched if no group limits it; 0: not watched.
        processes: Processes and threads at once, likewise.
        no_new_privileges: Set before the program starts; bubblewrap sets it by itself.
        user_map: Written to uid_map and gid_map of a user namespace that is made for the program; empty: none is made.
        scratch: Folder that is removed afterwards, whatever became of the harness.
    """

    argv: list[str]
    environment: dict[str, str]
    cwd: str
    timeout_seconds: float
    rlimits: dict[str, int] = field(default_factory=dict[str, int])
    groups: list[Group] = field(default_factory=list[Group])
    folder: str = ""
    disk_bytes: int = 0
    disk_files: int = 0
    memory_bytes: int = 0
    processes: int = 0
    no_new_privileges: bool = False
    user_map: str = ""
    scratch: str = ""

    @classmethod
    def parse(cls, text: bytes) -> Order:
        """Return the order that a message says."""
        told: dict[str, Any] = json.loads(text)
        told["groups"] = [Group(**group) for group in told["groups"]]
        return cls(**told)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of an order.

    Attributes:
        exit_code: As the shell says it; None if the program did not end by itself.
        error: Why it could not be started.
        cpu_seconds: Of all processes; None if nobody counted.
        peak_memory_bytes: Of all processes together if a group counted, else of the largest.
        oom_kills: How often the kernel killed for want of memory.
    """

    ended_by: EndedBy
    exit_code: int | None = None
    error: str = ""
    wall_seconds: float = 0.0
    cpu_seconds: float | None = 0.0
    peak_memory_bytes: int = 0
    oom_kills: int = 0

    @classmethod
    def parse(cls, text: bytes) -> Report:
        """Return the report that a message says."""
        told: dict[str, Any] = json.loads(text)
        told["ended_by"] = EndedBy(told["ended_by"])
        return cls(**told)

    def dump(self) -> bytes:
        """Return the message that says this."""
        return json.dumps(asdict(self)).encode()


def receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    """Return the next message and the descriptors that came with it; an empty message when the other end closed."""
    fds = array.array("i")
    text, ancillary, _, _ = connection.recvmsg(
        MESSAGE_BYTES, socket.CMSG_SPACE(32 * fds.itemsize), socket.MSG_CMSG_CLOEXEC
    )
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return text, list(fds)
