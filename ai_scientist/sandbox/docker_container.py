"""One container: made before there is an experiment, told what to become, watched to its end, removed."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ai_scientist.core.errors import SandboxError
from ai_scientist.sandbox import owners
from ai_scientist.sandbox.contract import Command
from ai_scientist.sandbox.disk import Disk
from ai_scientist.sandbox.docker_engine import STRANGER, Shape, attach, create, discard, translated
from ai_scientist.sandbox.interpreter import python_environment
from ai_scientist.sandbox.leftovers import hand_over, make_plain
from ai_scientist.sandbox.orders import EndedBy, Report
from ai_scientist.sandbox.process import MOST_FILES
from ai_scientist.sandbox.seccomp import seccomp_filter

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container as Handle

_TICK_SECONDS = 0.05
_LAST_WORDS_SECONDS = 5.0


class Container:
    """Holds one experiment. Every method blocks; all foreign errors leave as SandboxError.

    Args:
        client: The engine.
        shape: What it may use and see.
        labels: By which it is found again, should we die.
        code: Folder seen at /code; None for a folder of its own, filled when an experiment comes.
        out: Folder seen at /out; None likewise.
        with_init: Whether the engine has a first process that takes leave of orphans.
    """

    def __init__(
        self,
        client: docker.DockerClient,
        shape: Shape,
        *,
        labels: Mapping[str, str],
        code: Path | None = None,
        out: Path | None = None,
        with_init: bool = True,
    ) -> None:
        self._shape = shape
        self._slot: Path | None = None
        if code is None or out is None:
            self._slot = owners.new_folder()
            code, out = self._slot / "code", self._slot / "out"
            code.mkdir()
            out.mkdir()
        self._code, self._out = code, out
        self._give_away(out)
        self._container: Handle | None = None
        self._stream: socket.socket | None = None
        try:
            with translated("A container cannot be made"):
                self._container = create(client, shape, labels, code, out, with_init=with_init)
                self._stream = attach(client, self._container)
                self._container.start()
                self._meter = _Meter(self._container)
        except BaseException:
            self.remove()
            raise

    def run(self, command: Command, stop: threading.Event) -> Report:
        """Run an experiment to its end, or until told to stop, and report."""
        begin = time.monotonic()
        if self._slot is not None:
            _copy_code(command.code, self._code)
        before = self._meter.cpu_seconds()
        with translated("A container does not take its program"):
            self._open_stream.sendall(_word(command, self._shape))
        with command.stdout.open("wb") as stdout, command.stderr.open("wb") as stderr:
            ended_by = self._watch(_Streams(stdout, stderr, command.limits.disk_bytes), command, begin, stop)
        self._hang_up()
        exit_code, oom_kills = self._end()
        wall_seconds = time.monotonic() - begin
        self._collect(command)
        peak, after = self._meter.peak_bytes, self._meter.seen_cpu_seconds
        return Report(
            ended_by=ended_by,
            exit_code=exit_code if ended_by is EndedBy.ITSELF else None,
            wall_seconds=wall_seconds,
            cpu_seconds=None if before is None or after is None else after - before,
            peak_memory_bytes=peak,
            oom_kills=oom_kills,
        )

    @property
    def is_waiting(self) -> bool:
        """Whether it still waits for a program: nothing has come from it, and it has not ended."""
        return not select.select([self._open_stream], [], [], 0)[0]

    def remove(self) -> None:
        """Kill everything in it, and remove it and its folder."""
        self._hang_up()
        try:
            if self._container is not None:
                discard(self._container)
        finally:
            if self._slot is not None:
                shutil.rmtree(self._slot, ignore_errors=True)

    def _watch(self, streams: _Streams, command: Command, begin: float, stop: threading.Event) -> EndedBy:
        """Take what the program prints until it ends, or must be ended."""
        limits, look, stream = command.limits, 0.0, self._open_stream
        disk = Disk(str(self._out), limits.disk_bytes, MOST_FILES)
        while True:
            if select.select([stream], [], [], _TICK_SECONDS)[0] and not streams.take(stream):
                self._meter.read()
                return EndedBy.ITSELF
            now = time.monotonic()
            if now < look:
                continue
            self._meter.read()
            if stop.is_set():
                ended_by = EndedBy.CANCEL
            elif now - begin > limits.timeout_seconds:
                ended_by = EndedBy.TIMEOUT
            elif streams.overflows or disk.is_overfull(self._meter.pids()):
                ended_by = EndedBy.DISK
            else:
                look = now + max(_TICK_SECONDS, 3 * (time.monotonic() - now))
                continue
            self._end_it(streams)
            return ended_by

    def _end_it(self, streams: _Streams) -> None:
        """Kill the program, listening all the while: the engine kills nobody whose words it cannot get rid of."""
        killing = threading.Thread(target=self._kill, daemon=True)
        killing.start()
        end = time.monotonic() + _LAST_WORDS_SECONDS
        while time.monotonic() < end:
            if select.select([self._open_stream], [], [], _TICK_SECONDS)[0] and not streams.take(self._open_stream):
                break
        self._hang_up()
        killing.join()

    @property
    def _open_stream(self) -> socket.socket:
        assert self._stream is not None
        return self._stream

    def _hang_up(self) -> None:
        """Close the connection: an engine that still has something to tell ends no container before it was heard."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _kill(self) -> None:
        import docker.errors
        import requests.exceptions

        assert self._container is not None
        # It has ended meanwhile; or the engine does not answer, which shows when its end is waited for.
        with contextlib.suppress(docker.errors.APIError, requests.exceptions.RequestException):
            self._container.kill()

    def _end(self) -> tuple[int, int]:
        """Wait until nothing of it runs, and return its exit code and whether memory was wanting."""
        assert self._container is not None
        with translated("A container does not end"):
            code = int(self._container.wait(timeout=60)["StatusCode"])
            self._container.reload()
            return code, int(bool(self._container.attrs["State"].get("OOMKilled")))

    def _collect(self, command: Command) -> None:
        """Bring what the program left to where it is wanted, as ours."""
        try:
            if os.geteuid() == 0:
                hand_over(self._out, 0)
            if self._slot is None:
                return
            try:
                self._out.rename(command.out)
            except OSError:  # another file system: what is copied must not lead anywhere first
                make_plain(self._out)
                shutil.copytree(self._out, command.out, dirs_exist_ok=True, symlinks=True)
        except (OSError, shutil.Error) as error:
            raise SandboxError(f"{command.out} cannot be filled: {error}.") from error

    def _give_away(self, out: Path) -> None:
        if os.geteuid() == 0:
            try:
                hand_over(out, STRANGER)
            except OSError as error:
                raise SandboxError(f"{out} cannot be handed over: {error.strerror}.") from error


class _Streams:
    """Takes apart what comes from a container, and keeps it on disk."""

    def __init__(self, stdout: BinaryIO, stderr: BinaryIO, most_bytes: int) -> None:
        self._files = {1: stdout, 2: stderr}
        self._room = {1: most_bytes, 2: most_bytes}
        self._rest = b""
        self.overflows = False

    def take(self, stream: socket.socket) -> bool:
        """Read once; return False when the container has closed."""
        try:
            data = stream.recv(1024 * 1024)
        except ConnectionResetError:
            return False
        self._rest += data
        while len(self._rest) >= 8:
            # A frame: which stream, three zeros, length in four bytes, text.
            which, length = self._rest[0], int.from_bytes(self._rest[4:8], "big")
            if len(self._rest) < 8 + length:
                break
            text, self._rest = self._rest[8 : 8 + length], self._rest[8 + length :]
            if which in self._files:
                self._files[which].write(text[: self._room[which]])
                self._files[which].flush()
                self._room[which] -= len(text)
                if self._room[which] < 0:
                    self._room[which], self.overflows = 0, True
        return bool(data)


class _Meter:
    """Reads what a container has used, where its control groups are those of this machine; else knows nothing."""

    def __init__(self, container: Handle) -> None:
        self.peak_bytes = 0
        self.seen_cpu_seconds: float | None = None
        self._peak: Path | None = None
        self._members: Path | None = None
        self._cpu: Path | None = None
        container.reload()
        pid = int(container.attrs["State"]["Pid"])
        with contextlib.suppress(OSError, ValueError):
            for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
                _, names, path = line.split(":", 2)
                if container.id is None or container.id not in path:
                    continue
                if names == "memory":
                    self._peak = Path(f"/sys/fs/cgroup/memory{path}/memory.max_usage_in_bytes")
                    self._members = self._peak.with_name("cgroup.procs")
                elif "cpuacct" in names.split(","):
                    self._cpu = Path(f"/sys/fs/cgroup/{names}{path}/cpuacct.usage")
                elif names == "" and Path("/sys/fs/cgroup/cgroup.controllers").exists():
                    self._peak = Path(f"/sys/fs/cgroup{path}/memory.peak")
                    self._members = self._peak.with_name("cgroup.procs")
                    self._cpu = Path(f"/sys/fs/cgroup{path}/cpu.stat")

    def cpu_seconds(self) -> float | None:
        """Return CPU time so far; None if it cannot be known."""
        self.read()
        return self.seen_cpu_seconds

    def pids(self) -> list[int]:
        """Return the container's processes, by their numbers outside; none if they cannot be seen."""
        with contextlib.suppress(OSError, ValueError):
            if self._members is not None:
                return [int(word) for word in self._members.read_text().split()]
        return []

    def read(self) -> None:
        """Look; when the group is gone, what was seen last stays."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            if self._peak is not None:
                self.peak_bytes = int(self._peak.read_text())
        with contextlib.suppress(OSError, ValueError, IndexError):
            if self._cpu is not None:
                words = self._cpu.read_text().split()
                self.seen_cpu_seconds = int(words[0]) / 1e9 if len(words) == 1 else int(words[1]) / 1e6


def _word(command: Command, shape: Shape) -> bytes:
    program, *arguments = command.argv
    word = {
        "argv": [shape.python if program == "python" else program, *arguments],
        "environment": {
            **python_environment(
                command.limits, home="/tmp", path=shape.path, python_path=shape.python_path, gpus=command.gpus
            ),
            "OUT_DIR": "/out",
            "DATA_DIR": "/data",
            **command.environment,
        },
        "filter": base64.b64encode(seccomp_filter()).decode(),
    }
    return json.dumps(word).encode() + b"\n"


def _copy_code(source: Path, target: Path) -> None:
    try:
        shutil.copytree(source, target, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise SandboxError(f"{source} cannot be copied: {error}.") from error
