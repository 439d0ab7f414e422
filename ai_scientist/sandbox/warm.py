"""Programs that begin in an interpreter that is up already, with their libraries loaded: forked, not started.

An interpreter is started once, in the environment that all programs of a sandbox share, and turns into a guard server.
The process of each program is forked from it, leaves our code as if it had never been there, and runs the program as
`__main__` in a new module. Under it stands one frame, that of `START`; else a program cannot tell.

What it must not notice is settled here: environment, arguments, paths and descriptors are its own; random generators
are seeded anew; what libraries noted about the process is noted again. Only modules of a list are loaded ahead of time,
and of packages only those that a program's own text imports first thing. Whatever the list or the fork could change (a
file of the program that shares a loaded module's name, a library that prints or starts threads when it is loaded) makes
the program start by exec, as ever.

Standard library only.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import importlib.util
import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any, NoReturn

from ai_scientist.sandbox.guard import ProgramBegins, execute, say_why_not
from ai_scientist.sandbox.guard_server import serve
from ai_scientist.sandbox.orders import ENTRY, Order

START = """\
import sys
sys.path[0] = sys.argv[1]
from ai_scientist.sandbox.warm import become_program, end, source, words_of
become_program()
try:
    exec(compile(*source()), vars(sys.modules["__main__"]))
except BaseException as error:
    _code = words_of(error)
else:
    _code = 0
end(_code)
"""
"""What the interpreter runs (-c), with two arguments: where our package lies, and the socket that orders come by."""

STANDARD = (
    "argparse array atexit bisect collections copy csv dataclasses functools hashlib heapq itertools json math "
    "operator os pathlib random re statistics string sys time typing warnings"
).split()
"""Of the standard library: what `lab` imports, and what experiments commonly do."""

LOADABLE = frozenset(("numpy", "scipy", "sklearn", "statsmodels", "pandas"))
"""Packages that are the same whenever they are loaded: they start no thread, print nothing, and note no folder."""

MOST_TEXT_BYTES = 1024 * 1024

_home = os.sep
"""The folder of the program, once there is one."""

_IMPORT = re.compile(r"^(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)|import[ \t]+([^\n]*))", re.MULTILINE)
_NAME = re.compile(r"^\s*([A-Za-z_][\w.]*)")


def become_program() -> None:
    """Serve orders; return in the processes of programs only, ready to run what `source` says in a new main module."""
    sys.path.remove(sys.argv[1])
    loaded = _Loaded()

    def begin(order: Order, tell: int) -> None:
        if loaded.fits(order):
            raise ProgramBegins(order, tell)
        execute(order, tell)

    try:
        serve(socket.socket(fileno=int(sys.argv[2])), begin, loaded.look_at)
    except ProgramBegins as begun:
        order, tell = begun.order, begun.tell
    else:
        raise SystemExit(0)  # the other end closed
    try:
        _be_new(order)
    except BaseException as error:
        say_why_not(tell, error)
        os._exit(127)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def source() -> tuple[bytes, str, str, int, bool]:
    """Return what to give to `compile`."""
    file = os.path.join(os.getcwd(), ENTRY)
    with open(file, "rb") as text:
        return text.read(), file, "exec", 0, True


def words_of(error: BaseException) -> int:
    """Say why a program ended, as the interpreter says it, without the frame of `START`; return its exit code."""
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xFF
        print(error.code, file=sys.stderr)
        return 1
    trace = error.__traceback__ and error.__traceback__.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)
    return 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1


def end(code: int) -> NoReturn:
    """End as the interpreter does, but leave what was loaded before the program to the kernel.

    Taking all modules apart touches every page of them, which costs more than all the rest of a small program.
    """
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]  # what the interpreter calls in the end
    is_flushed = _flush()
    for name in [name for name in sys.modules if name == "__main__" or _is_own(name)]:
        del sys.modules[name]
    gc.collect()  # closes files, and calls what objects want called in the end
    os._exit(code if _flush() and is_flushed else 120)


def _is_own(name: str) -> bool:
    return str(getattr(sys.modules[name], "__file__", "")).startswith(_home)


def _flush() -> bool:
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except Exception:
            return False
    return True


class _Loaded:
    """What this interpreter has loaded ahead of time."""

    def __init__(self) -> None:
        self._tried: set[str] = set()
        self._is_spoilt = False
        for name in STANDARD:
            self._load(name)

    def fits(self, order: Order) -> bool:
        """Return whether a program, in whose folder we are, finds here what a new interpreter would give it."""
        if self._is_spoilt or order.argv[:2] != [sys.executable, ENTRY]:
            return False
        if os.path.islink(ENTRY) or not os.path.isfile(ENTRY) or not _is_text(ENTRY):
            return False  # the interpreter has words of its own for each
        own = {name.partition(".")[0] for name in os.listdir(".")}
        return not own & {name.partition(".")[0] for name in sys.modules}

    def look_at(self, told: dict[str, Any]) -> bool:
        """Load what a program imports first thing; return whether anything was."""
        wanted = [name for name in declared(told["cwd"]) if name not in self._tried]
        for name in wanted:
            self._load(name)
        if wanted:
            gc.collect()
            gc.freeze()
        return bool(wanted)

    def _load(self, name: str) -> None:
        self._tried.add(name)
        if self._is_spoilt:
            return
        printed = os.fstat(1).st_size
        try:
            if importlib.util.find_spec(name) is not None:
                importlib.import_module(name)
        except ModuleNotFoundError:
            pass  # a program that asks for it is told so
        except BaseException:
            self._is_spoilt = True
        alone = len(os.listdir("/proc/self/task")) == 1
        self._is_spoilt = self._is_spoilt or not alone or os.fstat(1).st_size != printed


def _is_text(file: str) -> bool:
    with open(file, "rb") as source:
        content = source.read()
    try:
        importlib.util.decode_source(content)
    except (SyntaxError, UnicodeError):
        return False
    return b"\0" not in content


def declared(folder: str) -> Iterator[str]:
    """Yield the loadable modules that a program's files import at their outermost level."""
    try:
        names = [name for name in os.listdir(folder) if name.endswith(".py")]
    except OSError:
        return
    for name in names:
        try:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                text = file.read(MOST_TEXT_BYTES)
        except OSError:
            continue
        for package, members, modules in _IMPORT.findall(text):
            if package:
                said = [package, *(f"{package}.{member}" for member in _names(members.strip("()")))]
            else:
                said = _names(modules)
            yield from (module for module in said if module.partition(".")[0] in LOADABLE)


def _names(words: str) -> list[str]:
    """Return the names that an import lists."""
    lines = (line.partition("#")[0] for line in words.splitlines())
    return [found.group(1) for word in ",".join(lines).split(",") if (found := _NAME.match(word))]


def _be_new(order: Order) -> None:
    """Make this process what a new interpreter would be just before it runs the program."""
    global _home
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv[:] = order.argv[1:]
    sys.orig_argv[:] = order.argv
    sys.path[:0] = [os.getcwd(), order.environment["PYTHONPATH"].partition(os.pathsep)[0]]
    for name in [name for name in sys.modules if name.partition(".")[0] == "ai_scientist"]:
        del sys.modules[name]
    for number, handler in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        signal.signal(number, handler)
    for name, noted, anew in (
        ("multiprocessing.process", "ORIGINAL_DIR", os.getcwd()),
        ("tempfile", "tempdir", None),
    ):
        if name in sys.modules:
            setattr(sys.modules[name], noted, anew)
    if "numpy.random" in sys.modules:  # its own entropy, as it has where it is loaded; `lab` seeds it, or nobody does
        sys.modules["numpy.random"].seed()
    _home = os.getcwd() + os.sep
    file = _home + ENTRY
    main = ModuleType("__main__")
    main.__dict__.update(
        __loader__=SourceFileLoader("__main__", file),
        __annotations__={},
        __builtins__=sys.modules["builtins"],
        __file__=file,
        __cached__=None,
    )
    sys.modules["__main__"] = main
