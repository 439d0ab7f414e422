"""A program that is forked from a warm interpreter cannot tell that it was not started in one of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ai_scientist.sandbox.contract import ExecResult, ExitKind
from ai_scientist.sandbox.process import ProcessSandbox
from ai_scientist.sandbox.warm import LOADABLE, declared
from tests.sandbox.conformance import Workspace

LOOKING = """
import atexit, gc, json, os, resource, signal, sys, threading
main = sys.modules["__main__"]
atexit.register(lambda: print("at the end"))
limits = [name for name in dir(resource) if name.startswith("RLIMIT_")]
print(json.dumps({
    "forked": "-c" in open("/proc/self/cmdline").read().split("\\0"),
    "flags": repr(sys.flags),
    "arguments": [sys.argv, sys.orig_argv],
    "path": sys.path,
    "names": {name: repr(value) for name, value in vars(main).items() if name.startswith("__")},
    "main": main.__dict__ is globals(),
    "environment": dict(os.environ),
    "hash": hash("x"),
    "signals": [repr(signal.getsignal(number)) for number in range(1, 32)],
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "descriptors": sorted(os.listdir("/proc/self/fd")),
    "threads": [thread.name for thread in threading.enumerate()],
    "umask": os.umask(0o22),
    "here": os.getcwd(),
    "limits": {name: resource.getrlimit(getattr(resource, name)) for name in limits},
    "streams": [[s.name, s.mode, s.encoding, s.errors, s.isatty(), s.line_buffering, s.write_through]
                for s in (sys.stdin, sys.stdout, sys.stderr)],
    "input": sys.stdin.read(),
    "hooks": [sys.excepthook is sys.__excepthook__, repr(sys.meta_path), sys.gettrace(), sys.getprofile()],
    "ours": [name for name in sys.modules if "ai_scientist" in name],
    "recursion": sys.getrecursionlimit(),
    "collecting": [gc.isenabled(), gc.get_threshold()],
    "bytecode": sys.dont_write_bytecode,
    "session": os.getsid(0) == os.getpid(),
    "privileges": [line for line in open("/proc/self/status") if line.startswith(("NoNewPrivs", "Sig", "Cap"))],
}))
"""

ENDINGS: dict[str, str | bytes] = {
    "well": "print('done')",
    "by a code": "raise SystemExit(7)",
    "by a message": "raise SystemExit('enough')",
    "by sys.exit in a function": "import sys\ndef f(): sys.exit(3)\nf()",
    "by an error": "def f(): raise KeyError('the reason')\nf()",
    "by an error in an error": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError('then') from None",
    "by a chain of errors": "try:\n    1 / 0\nexcept Exception as error:\n    raise ValueError from error",
    "by several errors": "raise ExceptionGroup('two', [ValueError(1), TypeError(2)])",
    "as no Python": "x = = 1",
    "as no text": b"x = '\x80'",
    "as text with nothing in it": b"x = 1\0",
    "as text of another encoding": b"# -*- coding: latin-1 -*-\nprint('\xe4')",
    "with a warning of the parser": "print('\\d')",
    "by a hook of its own": "import sys\nsys.excepthook = lambda *told: print('mine', told[1])\nraise ValueError(1)",
    "in a thread": "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start(); t.join(); print('on')",
    "after a thread that lives on": (
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.1), print('last'))).start()"
    ),
    "at its exit": "import atexit\natexit.register(lambda: 1 / 0)",
    "at its exit, in turn": "import atexit\nfor i in range(3): atexit.register(print, i)\nraise ValueError(1)",
    "with a file that nobody closed": (
        "import os\nkept = open(os.environ['OUT_DIR'] + '/kept.txt', 'w')\nkept.write('all of it')"
    ),
    "with objects that want the last word": (
        "import os\nclass Last:\n    def __del__(self): print('last', os.sep, __name__)\n"
        "class Ring(Last): pass\nlast, ring = Last(), Ring()\nring.ring = ring"
    ),
    "with a generator that is not done": (
        "def g():\n    try: yield 1\n    finally: print('closed')\nheld = g()\nnext(held)"
    ),
    "with a folder that cleans up": (
        "import tempfile, weakref\nfolder = tempfile.TemporaryDirectory()\nclass X: pass\nx = X()\n"
        "weakref.finalize(x, print, 'finalised')"
    ),
    "with output of its own": (
        "import io, sys\nsys.stdout = io.TextIOWrapper(open(1, 'wb', closefd=False))\nprint('said')"
    ),
    "by too large a code": "raise SystemExit(256 + 3)",
    "by a negative code": "raise SystemExit(-1)",
    "by no code": "raise SystemExit",
    "by a child that ends too": (
        "import os\nif os.fork() == 0: raise SystemExit(5)\nprint(os.waitstatus_to_exitcode(os.wait()[1]))"
    ),
    "by an interrupt": "raise KeyboardInterrupt",
    "below Python": "import ctypes\nctypes.string_at(0)",
    "at once": "import os\nprint('said')\nos._exit(4)",
    "by a signal": "import os\nos.kill(os.getpid(), 15)",
    "by a pipe that nobody reads": "import os\nr, w = os.pipe(); os.close(r)\nos.write(w, b'x')",
    "with a warning": "import warnings\nwarnings.warn('odd')",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    made = ProcessSandbox()
    yield made
    made.close()


async def start(sandbox: ProcessSandbox, folder: Path, program: str | bytes, *, warm: bool) -> ExecResult:
    """Run a program; an environment of its own is what has it started cold."""
    workspace = Workspace(folder=folder)
    command = workspace.command("", environment={"SEED": "5"} if warm else {"SEED": "5", "COLD": "1"})
    content = program if isinstance(program, bytes) else program.encode()
    (command.code / "experiment.py").write_bytes(content)
    return await sandbox.run(command)


async def test_nothing_that_a_program_can_look_at_differs(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    seen: list[dict[str, object]] = []
    for warm in (True, False):
        result = await start(sandbox, tmp_path, LOOKING, warm=warm)
        line, _, rest = result.stdout.partition("\n")
        assert (result.kind, rest) == (ExitKind.OK, "at the end\n"), result.stderr
        told = json.loads(line)
        assert told.pop("forked") is warm, "or this compares nothing"
        environment = told.pop("environment")
        own = {environment[name] for name in ("HOME", "PYTHONPATH", "DATA_DIR")}
        told["names of the environment"] = sorted(set(environment) - {"COLD"})
        told["path"] = [entry for entry in told["path"] if entry not in own]
        told["environment"] = {
            name: value
            for name, value in environment.items()
            if name != "COLD" and not any(value.startswith(folder) for folder in own)
        }
        told["names"] = {name: value.partition(" object at ")[0] for name, value in told["names"].items()}
        told["hooks"] = [told["hooks"][0], *told["hooks"][2:]]
        seen.append(told)
    assert seen[0] == seen[1]


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_program_ends_in_the_same_words(sandbox: ProcessSandbox, tmp_path: Path, ending: str) -> None:
    warm = await start(sandbox, tmp_path, ENDINGS[ending], warm=True)
    files = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    cold = await start(sandbox, tmp_path, ENDINGS[ending], warm=False)
    assert files == {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    assert (warm.kind, warm.exit_code, warm.stdout) == (cold.kind, cold.exit_code, cold.stdout)
    told, expected = (re.sub(r"0x[0-9a-f]+", "0x…", text) for text in (warm.stderr, cold.stderr))
    # What is printed by a crash below Python shows the frame under the program, and libraries loaded ahead of time.
    told = re.sub(r'  File "<string>", line \d+ in <module>\n|Extension modules: .*\n', "", told)
    assert told == expected


async def test_random_generators_are_nobody_elses(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    program = (
        "import random\nimport numpy\nprint(random.random(), numpy.random.rand(), numpy.random.default_rng().random())"
    )
    drawn = [(await start(sandbox, tmp_path, program, warm=True)).stdout.split() for _ in range(3)]
    assert len({value for line in drawn for value in line}) == 9
    seeded = [
        (await start(sandbox, tmp_path, f"import lab\n{program}", warm=warm)).stdout for warm in (True, True, False)
    ]
    assert len({line.rsplit(" ", 1)[0] for line in seeded}) == 1


async def test_a_module_of_the_programs_own_is_not_mistaken_for_a_loaded_one(
    sandbox: ProcessSandbox, tmp_path: Path
) -> None:
    command = Workspace(folder=tmp_path).command("import statistics\nprint(statistics.mine)", environment={"SEED": "1"})
    assert (await sandbox.run(command)).kind is ExitKind.FAILED
    (command.code / "statistics.py").write_text("mine = 'my own'")
    assert (await sandbox.run(command)).stdout == "my own\n"


async def test_what_one_program_does_to_a_module_no_other_sees(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    meddling = "import json\njson.dumps = None\nimport numpy\nnumpy.mean = None\nprint('done')"
    assert (await start(sandbox, tmp_path, meddling, warm=True)).stdout == "done\n"
    asking = "import json\nimport numpy\nprint(json.dumps([float(numpy.mean([1, 3]))]))"
    assert (await start(sandbox, tmp_path, asking, warm=True)).stdout == "[2.0]\n"


async def test_processes_that_a_program_starts_work(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    program = """
import multiprocessing, os

def double(x):
    return 2 * x, os.getcwd()

if __name__ == "__main__":
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            values = pool.map(double, range(3))
            print([value for value, _ in values], {folder for _, folder in values} == {os.getcwd()})
"""
    warm = await start(sandbox, tmp_path, program, warm=True)
    assert warm.stdout == "[0, 2, 4] True\n[0, 2, 4] True\n", warm.stderr


async def test_libraries_are_loaded_once(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    program = "import sys\nwas = 'sklearn.svm' in sys.modules\nprint(was)\nfrom sklearn import svm\n"
    assert "from sklearn import svm" in program, "at its outermost level"
    assert (await start(sandbox, tmp_path, program, warm=True)).stdout == "True\n"
    assert (await start(sandbox, tmp_path, program, warm=False)).stdout == "False\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import numpy as np, os, pandas", ["numpy", "pandas"]),
        ("from scipy import stats as s, linalg  # both", ["scipy", "scipy.stats", "scipy.linalg"]),
        (
            "from scipy.stats import (\n    norm,  # one\n    t,\n)\n",
            ["scipy.stats", "scipy.stats.norm", "scipy.stats.t"],
        ),
        ("def f():\n    import numpy\n", []),
        ("import torch\nfrom . import numpy\nimportant = 1", []),
        ("from numpy import *", ["numpy"]),
    ],
)
def test_what_a_program_declares(tmp_path: Path, text: str, names: list[str]) -> None:
    (tmp_path / "experiment.py").write_text(text)
    assert list(declared(str(tmp_path))) == names
    assert {name.partition(".")[0] for name in names} <= LOADABLE
