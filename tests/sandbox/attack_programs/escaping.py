"""Attacks on the files of others: inputs, the program's own copy, the interpreter, what we read afterwards."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ai_scientist.sandbox.contract import ExitKind
from tests.sandbox.attack_programs.kit import INPUT, LIMITS, MEBIBYTE, Aftermath, Attack, said_held


def input_is_whole(after: Aftermath) -> str:
    """Look at our file."""
    return "our input was changed" if after.scene.inputs["table"].read_text() != INPUT else said_held(after)


def only_plain_files(after: Aftermath) -> str:
    """Look at what lies in the program's folder now."""
    for parent, folders, names in os.walk(after.files):
        for name in (*folders, *names):
            status = Path(parent, name).lstat()
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                return f"{name!r} is neither file nor folder"
            if status.st_mode & 0o6000:
                return f"{name!r} runs as somebody else"
            if status.st_uid != os.geteuid():
                return f"{name!r} belongs to {status.st_uid}"
    return ""


def no_rows_from_elsewhere(after: Aftermath) -> str:
    """See that what was read as reports is not what a link showed."""
    reports = after.run.seeds[0].reports
    if reports.rows or reports.config:
        return f"rows were read through a link: {reports.rows}"
    return only_plain_files(after)


def reports_can_be_stored(after: Aftermath, *, problems: int) -> str:
    """See that problems were noticed, and that what was read can be encoded."""
    reports = after.run.seeds[0].reports
    if len(reports.problems) < problems:
        return f"{len(reports.problems)} problems were seen: {reports.problems}"[:200]
    try:
        str([*reports.rows, reports.config, reports.data, reports.problems, after.run.problems]).encode()
        for told in reports.predictions:
            f"{told.dataset}{told.split}{told.condition}".encode()
    except UnicodeEncodeError as error:
        return f"{error}"
    return ""


ATTACKS = [
    Attack(
        name="write to an input",
        must="Our input is as it was.",
        program="""
            from tools import *
            must_raise(lambda: open(os.environ["DATA_DIR"] + "/table", "r+").write("x,y"), "wrote to an input")
        """,
        judge=input_is_whole,
    ),
    Attack(
        name="replace an input",
        must="An input can be neither renamed nor removed.",
        program="""
            from tools import *
            folder = os.environ["DATA_DIR"]
            def go():
                os.rename(folder + "/table", folder + "/old")
                os.rename(folder + "/old", folder + "/table")
            must_raise(go, "renamed an input")
        """,
        judge=input_is_whole,
    ),
    Attack(
        name="change its own program",
        must="The copy that runs cannot be written.",
        program="from tools import *; must_raise(lambda: open('experiment.py', 'a').close(), 'opened for writing')",
    ),
    Attack(
        name="replace lab",
        must="The module that reports go through cannot be written.",
        program="""
            from tools import *
            import lab
            must_raise(lambda: open(lab.__file__, "r+").close(), "opened lab for writing")
        """,
    ),
    Attack(
        name="plant code in the interpreter",
        must="The packages that the next program imports cannot be written.",
        program="""
            from tools import *
            import sysconfig, numpy
            for path in (sysconfig.get_path("stdlib") + "/os.py", numpy.__file__, sysconfig.get_path("purelib")):
                if os.access(path, os.W_OK): broken(path + " can be written")
            held("nothing of it can be written")
        """,
    ),
    Attack(
        name="write through /proc/self/mem",
        must="A file that is only mapped for reading is not changed by it.",
        program="""
            from tools import *
            import mmap, lab
            with open(lab.__file__, "rb") as file:
                view = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)   # shared
                before = view[:64]
                lines = [line for line in open("/proc/self/maps") if line.rstrip().endswith("/lab.py")]
                place = int(lines[0].split("-")[0], 16)
                try:
                    with open("/proc/self/mem", "r+b", buffering=0) as memory:
                        memory.seek(place); memory.write(b"#" * 64)
                except OSError as error: held(error.strerror)
                with open(lab.__file__, "rb") as again: now = again.read(64)
            broken("lab.py was changed") if now != before else held("only its own memory changed")
        """,
    ),
    Attack(
        name="a link where its rows should be",
        must="Nothing is read through it, and it is gone.",
        program="""
            import os
            os.chdir(os.environ["OUT_DIR"])
            os.symlink("{secret}", "rows.jsonl"); os.symlink("{secret}", "config.json"); os.symlink("/", "predictions")
        """,
        judge=no_rows_from_elsewhere,
    ),
    Attack(
        name="a link in place of its output folder's folder",
        must="Nothing outside is changed when the output is tidied.",
        program="""
            import os
            os.chdir(os.environ["OUT_DIR"])
            os.mkdir("a"); os.symlink("{home}", "a/b"); os.symlink("..", "a/c"); os.symlink("a/c/a/c", "loop")
        """,
        judge=only_plain_files,
    ),
    Attack(
        name="a hard link to a file of ours",
        must="No file outside the output gets a second name in it.",
        program="""
            from tools import *
            import lab
            for source in (lab.__file__, "experiment.py", os.environ["DATA_DIR"] + "/table"):
                try: os.link(source, OUT + "/linked", follow_symlinks=False)
                except OSError: continue
                broken("linked " + source)
            held("none")
        """,
        judge=lambda after: said_held(after) or only_plain_files(after),
    ),
    Attack(
        name="a pipe where its rows should be",
        must="The harness does not wait for it.",
        program="import os; os.mkfifo(os.environ['OUT_DIR'] + '/rows.jsonl')",
        judge=only_plain_files,
    ),
    Attack(
        name="a folder where its rows should be",
        must="The harness takes it for a problem and goes on.",
        program="""
            import os
            for name in ("rows.jsonl", "config.json", "data.json"): os.mkdir(os.environ["OUT_DIR"] + "/" + name)
            os.makedirs(os.environ["OUT_DIR"] + "/predictions/d/s/c.jsonl")
        """,
        judge=lambda after: "" if after.run.problems else "nobody noticed",
    ),
    Attack(
        name="names that are tricks",
        must="Files are listed and kept whatever they are called.",
        program=r"""
            import os
            os.chdir(os.environ["OUT_DIR"])
            names = [b"a\nb", b"-rf", b"\xff\xfe", b"\x1b[2J", b"..a", b" ", b"x" * 255, b"$(id)", "\u202e".encode()]
            for name in names: open(name, "w").close()
        """,
        judge=lambda after: "" if len(list(after.files.iterdir())) == 9 else "files were lost",
    ),
    Attack(
        name="folders without end",
        must="Even a path longer than the kernel takes is tidied away.",
        program="""
            import os
            os.chdir(os.environ["OUT_DIR"])
            for _ in range(600):
                os.mkdir("x" * 50); os.chdir("x" * 50)
            os.symlink("/etc/passwd", "link")
        """,
        judge=lambda after: "" if after.result.kind in (ExitKind.OK, ExitKind.OUT_OF_DISK) else f"{after.result.kind}",
    ),
    Attack(
        name="close its whole output folder",
        must="What it left is read all the same, and the harness goes on.",
        program="""
            import lab, os
            lab.log("accuracy", 0.5, "baseline", "digits")
            os.chmod(os.environ["OUT_DIR"], 0)
        """,
        judge=lambda after: (
            "" if after.run.seeds[0].reports.rows else f"rows were lost: {after.result.stderr[-200:]!r}"
        ),
    ),
    Attack(
        name="folders that nobody may enter",
        must="What lies in them is found and tidied all the same.",
        program="""
            import os
            os.chdir(os.environ["OUT_DIR"])
            os.mkdir("closed"); os.symlink("/etc/passwd", "closed/link"); os.chmod("closed", 0)
        """,
        judge=only_plain_files,
    ),
    Attack(
        name="a program that runs as its owner",
        must="Nothing that it left has the set-user bit.",
        program="""
            import os
            path = os.environ["OUT_DIR"] + "/shell"
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o4755))
            try: os.chmod(path, 0o6755)
            except OSError: pass
        """,
        judge=only_plain_files,
    ),
    Attack(
        name="make a device",
        must="No device can be made, not even one of its own.",
        program="""
            from tools import *
            must_fail("mknodat", -100, (OUT + "/null").encode(), 0o20666, (1 << 8) | 3)
        """,
        judge=lambda after: said_held(after) or only_plain_files(after),
    ),
    Attack(
        name="rows that are no rows",
        must="Nonsense is counted as problems, and nothing breaks.",
        program=r"""
            import os
            with open(os.environ["OUT_DIR"] + "/rows.jsonl", "wb") as file:
                file.write(b"\x00\xff\n" + b"[" * 50000 + b"\n" + b'{"metric": 1}\n' + b"1e999\n")
                file.write(b'{"metric":"a","value":' + b"9" * 5000 + b',"condition":"b","dataset":"c","split":"d"}\n')
        """,
        judge=lambda after: "" if len(after.run.problems) == 5 else f"{after.run.problems}",
    ),
    Attack(
        name="rows that break who stores them",
        must="Text that cannot be encoded, and numbers that fit nowhere, are refused where they are read.",
        program=r"""
            import os
            good = '"metric":"accuracy","value":1,"condition":"a","dataset":"d","split":"test"'
            with open(os.environ["OUT_DIR"] + "/rows.jsonl", "w") as file:
                file.write('{' + good.replace("accuracy", r"\ud800") + '}\n')
                file.write('{' + good.replace("accuracy", r"\u001b[2J") + '}\n')
                file.write('{' + good.replace('"a"', '"../../../x"') + '}\n')
                file.write('{' + good + ',"step":' + "9" * 400 + '}\n')
                file.write('{' + good + ',"step":1,"pad":"' + "x" * 400000 + '"}\n')
                file.write('{' + good + '}\n')
            with open(os.environ["OUT_DIR"] + "/config.json", "w") as file:
                file.write(r'{"a": "\udfff", "b": 1}')
            with open(os.environ["OUT_DIR"] + "/data.json", "w") as file:
                file.write('{"d/n": ' + "9" * 400 + '}')
        """,
        judge=lambda after: reports_can_be_stored(after, problems=7),
    ),
    Attack(
        name="rows of another seed",
        must="Whose rows they are is not the program's to say.",
        program="""
            import json, os
            row = {"metric": "accuracy", "value": 1, "condition": "a", "dataset": "d", "split": "test", "step": None}
            with open(os.environ["OUT_DIR"] + "/rows.jsonl", "w") as file:
                file.write(json.dumps({**row, "seed": 99, "node": "other", "recomputed": True, "code": "x"}))
        """,
        judge=lambda after: (
            "" if [len(seed.reports.rows) for seed in after.run.seeds] == [1] else "rows went elsewhere"
        ),
    ),
    Attack(
        name="predictions in folders whose names are tricks",
        must="Names that are none are problems; nothing that cannot be encoded comes through.",
        program=r"""
            import os
            out = os.environb[b"OUT_DIR"] + b"/predictions"
            for name in (b"\xff\xfe", b"a\nb", b"..x", b"\x1b[2J", "\u202e".encode()):
                os.makedirs(out + b"/" + name + b"/test")
                with open(out + b"/" + name + b"/test/a.jsonl", "w") as file: file.write('{"id": 1, "y_pred": 1}')
        """,
        judge=lambda after: reports_can_be_stored(after, problems=5),
    ),
    Attack(
        name="more predictions than memory holds",
        must="We read no more of them than is bounded.",
        limits={"disk_bytes": 200 * MEBIBYTE},
        program="""
            import os
            out = os.environ["OUT_DIR"] + "/predictions"
            for n in range(12):
                os.makedirs(f"{out}/d{n}/test")
                with open(f"{out}/d{n}/test/a.jsonl", "w") as file:
                    file.write('{"id":1,"y_pred":[' + "0," * 5000000 + '0]}')
        """,
        judge=lambda after: (
            "too much was read"
            if sum(len(told.items) for told in after.run.seeds[0].reports.predictions)
            else reports_can_be_stored(after, problems=1)
        ),
    ),
    Attack(
        name="write to what it printed",
        must="Its own output cannot be cut, grown without end, or made to be somebody else's.",
        program="""
            import os
            print("first", flush=True)
            for how in (os.O_RDWR | os.O_TRUNC, os.O_RDWR):
                try: fd = os.open("/proc/self/fd/1", how)
                except OSError: continue
                try: os.ftruncate(fd, 1 << 40)
                except OSError: pass
            try: os.ftruncate(1, 1 << 40)
            except OSError: pass
        """,
        judge=lambda after: (
            ""
            if sum(f.stat().st_size for f in (after.run.stdout, after.run.stderr)) < 4 * LIMITS.disk_bytes
            else "it grew"
        ),
    ),
]
