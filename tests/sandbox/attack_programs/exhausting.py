"""Attacks that use up the machine."""

from __future__ import annotations

import os
from pathlib import Path

from ai_scientist.sandbox.contract import ExitKind
from tests.sandbox.attack_programs.kit import LIMITS, MEBIBYTE, Aftermath, Attack, Judge


def ends_as(*kinds: ExitKind, at_most: float = 40) -> Judge:
    """Return a judge who wants an end of these kinds, in time, and no process left."""

    def judge(after: Aftermath) -> str:
        if after.result.kind not in kinds:
            return f"it ended as {after.result.kind}: {after.result.stderr[-150:]!r}"
        if after.result.wall_seconds > at_most:
            return f"it took {after.result.wall_seconds:.0f} s"
        return ""

    return judge


def leaves_at_most(most_bytes: int, most_files: int = 25_000) -> Judge:
    """Return a judge who counts what is on our disk."""

    def judge(after: Aftermath) -> str:
        used = files = 0
        for parent, folders, names in os.walk(after.folder):
            files += len(folders) + len(names)
            used += sum(Path(parent, name).lstat().st_blocks * 512 for name in names)
        if used > most_bytes:
            return f"{used / MEBIBYTE:.0f} MiB on disk"
        return f"{files} files" if files > most_files else ""

    return judge


def both(first: Judge, second: Judge) -> Judge:
    """Return a judge who wants both."""
    return lambda after: first(after) or second(after)


def memory_stays_small(after: Aftermath) -> str:
    """Judge by what was counted; a little more than the limit may be what the kernel itself needs."""
    peak = after.result.peak_memory_bytes
    return f"{peak / MEBIBYTE:.0f} MiB were used" if peak and peak > LIMITS.memory_bytes * 1.3 else ""


NOT_OK = (ExitKind.FAILED, ExitKind.OUT_OF_MEMORY, ExitKind.TIMED_OUT, ExitKind.OUT_OF_DISK)


def output_is_bounded(after: Aftermath) -> str:
    """Judge the text that we hold in memory."""
    size = max(len(after.result.stdout), len(after.result.stderr))
    return f"{size} characters in memory" if size > LIMITS.output_bytes + 200 else ""


HIDING = """
import os
OUT = os.environ["OUT_DIR"]
def large(path):
    fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    for _ in range(4): os.write(fd, b"x" * (1 << 20))
    return fd
"""

ATTACKS = [
    Attack(
        name="fork bomb",
        must="It ends within its time, and none of its processes is left.",
        program="""
            import os
            while True:
                try: os.fork()
                except OSError: pass
        """,
        judge=ends_as(*NOT_OK),
        limits={"timeout_seconds": 2},
    ),
    Attack(
        name="fork bomb whose parents die",
        must="It ends within its time, though no process is there twice.",
        program="""
            import os, signal
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            for _ in range(4):
                if os.fork() == 0: break
            while True:
                try:
                    if os.fork(): os._exit(0)
                except OSError: pass
        """,
        judge=ends_as(ExitKind.OK, *NOT_OK),
        limits={"timeout_seconds": 2},
    ),
    Attack(
        name="thread bomb",
        must="Threads are counted as processes are.",
        program="""
            import threading, time
            count = 0
            try:
                while count < 2000:
                    threading.Thread(target=time.sleep, args=(30,), daemon=True).start(); count += 1
            except RuntimeError: pass
            import os, sys
            time.sleep(0.3)
            os._exit(0 if count >= 2000 else 1)
        """,
        judge=ends_as(*NOT_OK),
    ),
    Attack(
        name="memory bomb",
        must="It ends for want of memory.",
        program="x = []\nwhile True: x.append(bytearray(b'x') * (10 << 20))",
        judge=both(ends_as(ExitKind.OUT_OF_MEMORY), memory_stays_small),
    ),
    Attack(
        name="memory bomb over processes",
        must="All processes together stay within the limit.",
        program="""
            import os, time
            for _ in range(8):
                if os.fork() == 0:
                    x = bytearray(b"x") * (100 << 20)
                    time.sleep(6); os._exit(0)
            for _ in range(8): os.wait()
        """,
        judge=memory_stays_small,
        limits={"timeout_seconds": 5},
    ),
    Attack(
        name="memory bomb in shared mappings",
        must="Shared memory counts too.",
        program="""
            import mmap, time
            x = []
            for _ in range(200):
                x.append(mmap.mmap(-1, 10 << 20)); x[-1].write(b"x" * (10 << 20))
            print("had 2 GB")
        """,
        judge=both(ends_as(*NOT_OK), memory_stays_small),
    ),
    Attack(
        name="memory bomb in memfds",
        must="Files in memory count too.",
        program="""
            import os
            for n in range(200):
                fd = os.memfd_create("x"); [os.write(fd, b"x" * (1 << 20)) for _ in range(10)]
            print("had 2 GB")
        """,
        judge=both(ends_as(*NOT_OK), memory_stays_small),
    ),
    Attack(
        name="fill /tmp",
        must="Temporary folders are limited.",
        program="""
            import os, tempfile
            with open(tempfile.gettempdir() + "/x", "wb") as file:
                for _ in range(400): file.write(b"x" * (1 << 20))
        """,
        judge=ends_as(*NOT_OK),
    ),
    Attack(
        name="fill /dev/shm",
        must="Shared memory folders are limited.",
        program="""
            import os
            with open("/dev/shm/ai-scientist-x", "wb") as file:
                os.unlink("/dev/shm/ai-scientist-x")
                for _ in range(400): file.write(b"x" * (1 << 20))
        """,
        judge=ends_as(*NOT_OK),
    ),
    Attack(
        name="fill the disk with one file",
        must="No more than the limit is on our disk.",
        program="""
            import os
            with open(os.environ["OUT_DIR"] + "/x", "wb") as file:
                while True: file.write(b"x" * (1 << 20))
        """,
        judge=both(ends_as(ExitKind.OUT_OF_DISK), leaves_at_most(LIMITS.disk_bytes * 2)),
    ),
    Attack(
        name="fill the disk with many files",
        must="Not much more than the limit is on our disk, though it grew between two looks.",
        program="""
            import os
            for n in range(1000000):
                with open(os.environ["OUT_DIR"] + f"/{n}", "wb") as file: file.write(b"x" * 100000)
        """,
        judge=both(ends_as(ExitKind.OUT_OF_DISK), leaves_at_most(LIMITS.disk_bytes * 12)),
    ),
    Attack(
        name="fill the disk with reservations",
        must="Space cannot be reserved faster than it is watched.",
        program="""
            import os
            for n in range(100000):
                fd = os.open(os.environ["OUT_DIR"] + f"/{n}", os.O_CREAT | os.O_WRONLY)
                os.posix_fallocate(fd, 0, 20 << 20)
                os.close(fd)
        """,
        judge=both(ends_as(ExitKind.OUT_OF_DISK), leaves_at_most(LIMITS.disk_bytes * 12)),
    ),
    Attack(
        name="use up the inodes",
        must="Empty files are limited in number.",
        program="""
            import os
            for n in range(10000000): os.close(os.open(os.environ["OUT_DIR"] + f"/{n}", os.O_CREAT))
        """,
        judge=both(
            ends_as(ExitKind.OUT_OF_DISK, at_most=40), leaves_at_most(LIMITS.disk_bytes * 12, most_files=60_000)
        ),
        limits={"timeout_seconds": 30},
    ),
    Attack(
        name="a file with a huge hole",
        must="Nobody reads a terabyte of zeros.",
        program="""
            import os
            fd = os.open(os.environ["OUT_DIR"] + "/rows.jsonl", os.O_CREAT | os.O_WRONLY)
            os.ftruncate(fd, 1 << 40)
        """,
        judge=both(ends_as(*NOT_OK), leaves_at_most(LIMITS.disk_bytes)),
    ),
    Attack(
        name="fill the disk with files that have no name",
        must="What was removed but is still open counts too.",
        program=HIDING
        + """
held = []
for n in range(4000):
    held.append(large(f"{OUT}/{n}"))
    os.unlink(f"{OUT}/{n}")
""",
        judge=ends_as(ExitKind.OUT_OF_DISK),
    ),
    Attack(
        name="fill the disk with files that only mappings hold",
        must="What was removed and closed but is still mapped counts too.",
        program=HIDING
        + """
import mmap
held = []
for n in range(4000):
    fd = large(f"{OUT}/{n}")
    os.unlink(f"{OUT}/{n}")
    held.append(mmap.mmap(fd, 4096, prot=mmap.PROT_READ))
    os.close(fd)
""",
        judge=ends_as(ExitKind.OUT_OF_DISK),
    ),
    Attack(
        name="fill the disk in a folder that nobody may list",
        must="A place that cannot be looked into is no place to hide.",
        program=HIDING
        + """
os.mkdir(OUT + "/closed")
os.chmod(OUT + "/closed", 0o300)
for n in range(4000): os.close(large(f"{OUT}/closed/{n}"))
""",
        judge=both(ends_as(ExitKind.OUT_OF_DISK), leaves_at_most(LIMITS.disk_bytes * 12)),
    ),
    Attack(
        name="fill the disk below a path that is too long to name",
        must="A place that cannot be named is no place to hide.",
        program=HIDING
        + """
os.chdir(OUT)
for _ in range(100):
    os.mkdir("x" * 200); os.chdir("x" * 200)
for n in range(4000): os.close(large(str(n)))
""",
        judge=both(ends_as(ExitKind.OUT_OF_DISK), leaves_at_most(LIMITS.disk_bytes * 12)),
    ),
    Attack(
        name="memory bomb in segments of System V",
        must="Memory that belongs to no process counts too.",
        program="""
            import ctypes, os
            libc = ctypes.CDLL(None, use_errno=True)
            libc.shmat.restype = ctypes.c_void_p
            for n in range(200):
                number = libc.shmget(0, 10 << 20, 0o1600)
                place = libc.shmat(number, None, 0) if number >= 0 else -1
                if number < 0 or place in (None, 2**64 - 1): os._exit(1)
                ctypes.memset(place, 1, 10 << 20)
                libc.shmdt(ctypes.c_void_p(place))
            print("had 2 GB")
        """,
        judge=both(ends_as(*NOT_OK), memory_stays_small),
    ),
    Attack(
        name="giant stdout",
        must="What we hold of it is bounded, and so is the file.",
        program="""
            import sys
            while True: sys.stdout.write("x" * (1 << 20))
        """,
        judge=both(output_is_bounded, both(ends_as(*NOT_OK), leaves_at_most(LIMITS.disk_bytes * 3))),
    ),
    Attack(
        name="giant stderr without an end of line",
        must="What we hold of it is bounded.",
        program="import sys\nfor _ in range(15): sys.stderr.write('x' * (1 << 20))",
        judge=both(output_is_bounded, ends_as(ExitKind.OK)),
    ),
    Attack(
        name="all descriptors",
        must="The harness and the next program still have theirs.",
        program="""
            import os
            try:
                while True: os.open("/dev/null", os.O_RDONLY)
            except OSError as error: print("HELD:", error)
        """,
        judge=ends_as(ExitKind.OK),
    ),
    Attack(
        name="deep recursion",
        must="It ends as a failure of its own.",
        program="""
            import sys, threading
            sys.setrecursionlimit(10**9)
            def f(n): return f(n + 1) + 1
            f(0)
        """,
        judge=ends_as(*NOT_OK),
    ),
    Attack(
        name="more processors than it was given",
        must="Its CPU time is about its limit times its time, or it is at least counted.",
        program="""
            import os, time
            for _ in range(4):
                if os.fork() == 0: break
            end = time.time() + 2
            while time.time() < end: pass
        """,
        judge=lambda after: (
            f"{after.result.cpu_seconds:.1f} s of CPU in {after.result.wall_seconds:.1f} s"
            if after.result.cpu_seconds and after.result.cpu_seconds > 1.5 * after.result.wall_seconds + 0.5
            else ""
        ),
    ),
    Attack(
        name="a core dump",
        must="A crash leaves no image of its memory.",
        program="""
            import os, resource
            try: resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))
            except (OSError, ValueError): pass
            os.chdir(os.environ["OUT_DIR"])
            os.kill(os.getpid(), 11)
        """,
        judge=leaves_at_most(MEBIBYTE),
    ),
    Attack(
        name="sleep for ever, deaf to signals",
        must="It is killed when its time is over.",
        program="""
            import signal, time
            for number in range(1, 65):
                try: signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError): pass
            while True: time.sleep(1000)
        """,
        judge=ends_as(ExitKind.TIMED_OUT, at_most=15),
        limits={"timeout_seconds": 1},
    ),
    Attack(
        name="extend its own time",
        must="Raising its limits and stopping what may watch it changes nothing.",
        program="""
            import os, resource, signal, time
            for which in (resource.RLIMIT_CPU, resource.RLIMIT_DATA, resource.RLIMIT_FSIZE):
                try: resource.setrlimit(which, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                except (OSError, ValueError): pass
            parent = os.getppid()
            for pid in {1, parent} - {0}:
                try: os.kill(pid, signal.SIGSTOP)
                except OSError: pass
            time.sleep(60)
        """,
        judge=ends_as(ExitKind.TIMED_OUT, at_most=15),
        limits={"timeout_seconds": 1},
        spares_the_machine=False,
    ),
]
