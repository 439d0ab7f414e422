"""How a program ended, judged from what its guard reports and what it printed."""

from __future__ import annotations

import os
from pathlib import Path

from ai_scientist.sandbox.contract import Command, ExecResult, ExitKind, Limits
from ai_scientist.sandbox.orders import EndedBy, Report

_SIGKILL, _SIGXCPU, _SIGXFSZ = 128 + 9, 128 + 24, 128 + 25
_MEMORY_WORDS = ("MemoryError", "std::bad_alloc", "Cannot allocate memory", "CUDA out of memory", "OutOfMemoryError")
_DISK_WORDS = ("No space left on device", "File too large", "Disk quota exceeded")

_KINDS = {
    EndedBy.TIMEOUT: ExitKind.TIMED_OUT,
    EndedBy.MEMORY: ExitKind.OUT_OF_MEMORY,
    EndedBy.DISK: ExitKind.OUT_OF_DISK,
    EndedBy.PROCESSES: ExitKind.FAILED,
    EndedBy.CANCEL: ExitKind.CANCELLED,
}


def judge(report: Report, stderr: str) -> ExitKind:
    """Return how a program ended.

    That a limit was hit shows, where no signal tells, only in the program's own last words. A program that lies there
    is believed: it only changes what its own failure is called.
    """
    if report.ended_by is not EndedBy.ITSELF:
        return _KINDS.get(report.ended_by, ExitKind.FAILED)
    if report.exit_code == 0:
        return ExitKind.OK
    last_words = "\n".join(stderr.rstrip().splitlines()[-3:])
    if (report.oom_kills and report.exit_code == _SIGKILL) or any(word in last_words for word in _MEMORY_WORDS):
        return ExitKind.OUT_OF_MEMORY
    if report.exit_code == _SIGXFSZ or any(word in last_words for word in _DISK_WORDS):
        return ExitKind.OUT_OF_DISK
    return ExitKind.TIMED_OUT if report.exit_code == _SIGXCPU else ExitKind.FAILED


def reason(report: Report, limits: Limits) -> str:
    """Return why we ended a program, as a line for its stderr; empty if it ended by itself."""
    said = {
        EndedBy.TIMEOUT: f"it ran longer than {limits.timeout_seconds:g} s",
        EndedBy.MEMORY: f"it used more than {limits.memory_bytes / 1024**2:.0f} MiB of memory",
        EndedBy.DISK: f"it left more than {limits.disk_bytes / 1024**2:.0f} MiB, or too many files, on disk",
        EndedBy.PROCESSES: f"it had more than {limits.processes} processes and threads",
    }.get(report.ended_by)
    return f"[sandbox] The program was killed: {said}.\n" if said else ""


def result(report: Report, command: Command) -> ExecResult:
    """Return the result of a program whose guard has reported, with our own reason at the end of its stderr."""
    limits = command.limits
    note = reason(report, limits)
    if note:
        with command.stderr.open("a") as file:
            file.write(note)
    errors = head_and_tail(command.stderr, limits.output_bytes)
    return ExecResult(
        kind=judge(report, errors),
        exit_code=report.exit_code,
        stdout=head_and_tail(command.stdout, limits.output_bytes),
        stderr=errors,
        wall_seconds=report.wall_seconds,
        cpu_seconds=report.cpu_seconds,
        peak_memory_bytes=report.peak_memory_bytes or None,
    )


def head_and_tail(path: Path, limit: int) -> str:
    """Return a text file; of a longer one the first fifth and the last four fifths of `limit` bytes.

    The tail is the larger part, because errors stand there.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= limit:
            return file.read(limit).decode(errors="replace")
        head = file.read(limit // 5)
        rest = limit - len(head)
        file.seek(size - rest)
        tail = file.read(rest)
    left_out = f"\n[… {size - limit} bytes left out …]\n"
    return head.decode(errors="replace") + left_out + tail.decode(errors="replace")
