"""Attacks that go on after their program has ended."""

from __future__ import annotations

import time

from ai_scientist.sandbox.contract import ExitKind
from tests.sandbox.attack_programs.kit import Aftermath, Attack

DETACH = """
import os, sys, time
OUT = os.environ["OUT_DIR"]
def detach():
    if os.fork(): return False
    os.setsid()
    if os.fork(): os._exit(0)
    os.chdir("/")
    for number in (0, 1, 2): os.close(number)
    return True
def beat():
    with open(OUT + "/heartbeat", "a") as file: file.write("x")
def until_it_beats():
    while not os.path.exists(OUT + "/heartbeat"): time.sleep(0.01)
"""


def nothing_beats(after: Aftermath) -> str:
    """Watch the file that the process left behind writes to."""
    file = after.files / "heartbeat"
    if not file.exists() or not file.stat().st_size:
        return "the process never ran, so this shows nothing"
    before = file.stat().st_size
    time.sleep(0.15)
    return "a process is still there" if file.stat().st_size != before else ""


def rows_stay(after: Aftermath) -> str:
    """Compare what was read with what lies there a moment later."""
    time.sleep(0.3)
    rows = after.run.seeds[0].reports.rows
    if not rows:
        return f"it never logged: {after.result.kind}, {after.result.stderr[-200:]!r}"
    if rows[0].value != 0.5 or "0.99" in (after.files / "rows.jsonl").read_text():
        return "rows were changed after the end"
    return ""


ATTACKS = [
    Attack(
        name="leave a daemon behind",
        must="It ends with its program.",
        program=DETACH + "if detach():\n    while True: beat(); time.sleep(0.01)\nuntil_it_beats()",
        judge=nothing_beats,
    ),
    Attack(
        name="leave a deaf daemon behind",
        must="It ends though it ignores every signal that can be ignored.",
        program=DETACH
        + """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
if detach():
    while True: beat(); time.sleep(0.01)
until_it_beats()
""",
        judge=nothing_beats,
    ),
    Attack(
        name="leave a daemon behind when time is over",
        must="It ends with the timeout.",
        program=DETACH + "if detach():\n    while True: beat(); time.sleep(0.01)\ntime.sleep(60)",
        judge=lambda after: (
            nothing_beats(after) or ("" if after.result.kind is ExitKind.TIMED_OUT else str(after.result.kind))
        ),
        limits={"timeout_seconds": 3},
    ),
    Attack(
        name="leave a stopped process behind",
        must="A process that sleeps in a signal is killed too.",
        program=DETACH
        + """
import signal
if detach():
    beat()
    os.kill(os.getpid(), signal.SIGSTOP)
    while True: beat(); time.sleep(0.01)
until_it_beats()
""",
        judge=nothing_beats,
    ),
    Attack(
        name="leave a chain that is always new",
        must="A process that is replaced by its child all the time ends too.",
        program=DETACH
        + """
if detach():
    while True:
        beat()
        if os.fork(): os._exit(0)
until_it_beats()
""",
        judge=nothing_beats,
    ),
    Attack(
        name="change its rows after the end",
        must="Rows are what they were when the program ended.",
        program=DETACH
        + """
import lab
lab.log("accuracy", 0.5, "baseline", "digits")
if detach():
    time.sleep(0.2)
    with open(OUT + "/rows.jsonl", "w") as file: file.write('{"metric": "accuracy", "value": 0.99}')
""",
        judge=rows_stay,
    ),
    Attack(
        name="let a thread outlive the main one",
        must="The process ends as a whole, or in time.",
        program="""
            import ctypes, threading, time
            threading.Thread(target=time.sleep, args=(60,)).start()
            ctypes.CDLL(None).syscall(60, 0)
        """,
        judge=lambda after: "" if after.result.wall_seconds < 30 else f"{after.result.wall_seconds:.0f} s",
        limits={"timeout_seconds": 2},
    ),
]
