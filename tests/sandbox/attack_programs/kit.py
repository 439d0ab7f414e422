"""What attacks are made of: a program, what must be true afterwards, and who judges it."""

from __future__ import annotations

import dataclasses
import os
import platform
import socket
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ai_scientist.sandbox.contract import ExecResult, Limits
from ai_scientist.sandbox.harness import ProgramRun

MEBIBYTE = 1024**2

INPUT = "a,b\n1,2\n"

LIMITS = Limits(
    timeout_seconds=20,
    memory_bytes=256 * MEBIBYTE,
    processes=32,
    disk_bytes=24 * MEBIBYTE,
    output_bytes=64 * 1024,
)

TOOLS = '''
"""Imported by every attack: says how it went, and calls the kernel."""
import ctypes, errno, os, socket, sys, time

NUMBERS = {
    "x86_64": dict(mount=165, umount2=166, pivot_root=155, chroot=161, unshare=272, setns=308, ptrace=101, keyctl=250,
        add_key=248, bpf=321, userfaultfd=323, perf_event_open=298, io_uring_setup=425, init_module=175, reboot=169,
        swapon=167, settimeofday=164, sethostname=170, process_vm_readv=310, open_by_handle_at=304, kexec_load=246,
        syslog=103, fsopen=430, clone3=435, mknodat=259, acct=163),
    "aarch64": dict(mount=40, umount2=39, pivot_root=41, chroot=51, unshare=97, setns=268, ptrace=117, keyctl=219,
        add_key=217, bpf=280, userfaultfd=282, perf_event_open=241, io_uring_setup=425, init_module=105, reboot=142,
        swapon=224, settimeofday=170, sethostname=161, process_vm_readv=270, open_by_handle_at=265, kexec_load=104,
        syslog=116, fsopen=430, clone3=435, mknodat=33, acct=89),
}["{machine}"]
OUT = os.environ["OUT_DIR"]
TOKEN = "{token_head}" + "{token_tail}"   # in two halves, so that this file does not hold what is looked for
LIBC = ctypes.CDLL(None, use_errno=True)

def held(why="refused"):
    print("HELD:", why); sys.exit(0)

def broken(what):
    print("BROKEN:", what); sys.exit(0)

def call(name, *arguments):
    """Call the kernel; return (result, name of the error)."""
    result = LIBC.syscall(NUMBERS[name], *arguments)
    code = ctypes.get_errno() if result == -1 else 0
    return result, errno.errorcode.get(code, "")

def must_fail(name, *arguments):
    result, code = call(name, *arguments)
    held(code) if result == -1 else broken(name + " succeeded")

def must_raise(action, what):
    try:
        got = action()
    except (OSError, ValueError) as error:
        held(type(error).__name__ + ": " + str(error)[:80])
    broken(what + (": " + repr(got)[:80] if got is not None else ""))

def must_not_open(*paths, mode="r"):
    for path in paths:
        try:
            with open(path, mode):
                pass
        except OSError:
            continue
        broken("opened " + path)
    held("none can be opened")

def search(paths):
    """Look for the token in files and folders."""
    for path in paths:
        try:
            with open(path, "rb") as file:
                if TOKEN.encode() in file.read(1 << 20):
                    broken("found the secret in " + path)
        except OSError:
            continue
    held("the secret is nowhere")
'''


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What stands around a sandbox, for a program to go for.

    Attributes:
        token: A secret, in a file, in our environment and in our memory.
        facts: What the program is told, by the names that its text uses in braces.
    """

    token: str
    facts: dict[str, str]
    folder: Path
    inputs: dict[str, Path]
    visitors: list[str] = field(default_factory=list[str])

    def text(self, program: str) -> str:
        """Return a program with the facts filled in."""
        for name, value in self.facts.items():
            program = program.replace("{" + name + "}", value)
        return program


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What there is to judge by."""

    scene: Scene
    run: ProgramRun
    folder: Path

    @property
    def result(self) -> ExecResult:
        result = self.run.seeds[0].result
        assert result is not None
        return result

    @property
    def files(self) -> Path:
        return self.run.seeds[0].folder


Judge = Callable[[Aftermath], str]
"""Returns what is broken; empty if the sandbox held."""


def said_held(after: Aftermath) -> str:
    """Believe the program, which tried to break out and says how that went."""
    lines = after.result.stdout.strip().splitlines()
    if lines and lines[-1].startswith("HELD:"):
        return ""
    return lines[-1][:200] if lines else f"it said nothing: {after.result.kind}, {after.result.stderr[-200:]!r}"


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One attack.

    Attributes:
        name: A few words.
        must: What must be true afterwards, as a sentence.
        program: Its experiment.py.
        judge: Besides this one, the secret must be nowhere in what the program printed or left.
        limits: Other than LIMITS.
        spares_the_machine: False if it would harm this machine, or hang, where nothing holds it: it is not tried there.
    """

    name: str
    must: str
    program: str
    judge: Judge = said_held
    limits: dict[str, float] = field(default_factory=dict[str, float])
    spares_the_machine: bool = True

    def its_limits(self) -> Limits:
        whole = {"memory_bytes", "processes", "disk_bytes", "output_bytes"}
        changed = {name: int(value) if name in whole else value for name, value in self.limits.items()}
        return dataclasses.replace(LIMITS, **changed)  # type: ignore[arg-type]  # values by name


@contextmanager
def scene(folder: Path) -> Generator[Scene]:
    """Set the scene: a secret in a file, in the environment and in memory; servers of every kind; an input."""
    token = f"secret-{os.urandom(12).hex()}"
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "ai-scientist-secret.txt"
    secret.write_text(token)
    table = folder / "table.csv"
    table.write_text(INPUT)
    before = os.environ.get("SECRET_KEY_OF_OURS")
    os.environ["SECRET_KEY_OF_OURS"] = token
    visitors: list[str] = []
    with ExitStack() as stack:
        # A path of a unix socket may have 107 bytes only.
        short = stack.enter_context(tempfile.TemporaryDirectory(prefix="ais-"))
        ports = {
            "ipv4_port": _listen(stack, visitors, "IPv4", socket.AF_INET, ("127.0.0.1", 0)),
            "ipv6_port": _listen(stack, visitors, "IPv6", socket.AF_INET6, ("::1", 0)),
            "any_port": _listen(stack, visitors, "IPv4", socket.AF_INET, ("0.0.0.0", 0)),
            "unix_path": _listen(stack, visitors, "unix", socket.AF_UNIX, f"{short}/socket"),
            "abstract": _listen(stack, visitors, "abstract", socket.AF_UNIX, f"\0ai-scientist-{token[-12:]}"),
        }
        facts = {
            "secret": str(secret),
            "token_head": token[:12],
            "token_tail": token[12:],
            "harness": str(os.getpid()),
            "host_address": _address(),
            "harness_line": Path("/proc/self/cmdline").read_bytes().hex(),
            "machine": platform.machine(),
            "home": str(Path.home()),
            "table": str(table),
            "places": repr({str(path): [path.stat().st_dev, path.stat().st_ino] for path in _places()}),
            **ports,
        }
        try:
            yield Scene(token=token, facts=facts, folder=folder, inputs={"table": table}, visitors=visitors)
        finally:
            if before is None:
                del os.environ["SECRET_KEY_OF_OURS"]
            else:
                os.environ["SECRET_KEY_OF_OURS"] = before


def _places() -> list[Path]:
    """Return this machine's folders, and files beside them, to tell them from an image's own of the same names."""
    return [path for folder in ("/", "/etc", "/run", "/var/run") for path in Path(folder).glob("*") if path.exists()]


def _listen(stack: ExitStack, visitors: list[str], kind: str, family: int, address: tuple[str, int] | str) -> str:
    """Start a server that notes who came; return its port, or its path."""
    server = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
    try:
        server.bind(address)
    except OSError:
        return "9"  # this machine has no such network: nothing can come in
    server.listen()

    def serve() -> None:
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return
            visitors.append(kind)

    threading.Thread(target=serve, daemon=True).start()
    stack.callback(server.shutdown, socket.SHUT_RDWR)
    name: tuple[str, int] | str | bytes = server.getsockname()
    if isinstance(name, tuple):
        return str(name[1])
    return name.decode().lstrip("\0") if isinstance(name, bytes) else name


def _address() -> str:
    """Return an address of this machine other than loopback, if it has one; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
