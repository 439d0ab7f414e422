"""What every sandbox must do. Run it on a backend of your own:

from tests.sandbox.conformance import SandboxConformance

class TestMine(SandboxConformance):
    @pytest.fixture
    def sandbox(self) -> Sandbox:
        return MySandbox()
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ai_scientist.core.errors import SandboxError
from ai_scientist.sandbox.contract import Command, ExitKind, Limits, Sandbox

MEBIBYTE = 1024**2

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (0, 1, 2):
            os.close(number)
        while True:
            with open(os.environ["OUT_DIR"] + "/heartbeat", "a") as file:
                file.write("x")
            time.sleep(0.01)
    os._exit(0)
while not os.path.exists(os.environ["OUT_DIR"] + "/heartbeat"):
    time.sleep(0.01)
"""
"""Leaves a process behind that is in no session and no process group of ours, and whose parent is gone."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Folders for one program."""

    folder: Path

    def command(
        self,
        program: str,
        *,
        argv: tuple[str, ...] = ("python", "experiment.py"),
        inputs: dict[str, Path] | None = None,
        environment: dict[str, str] | None = None,
        **limits: Any,
    ) -> Command:
        """Return the command that runs a program, after writing it."""
        code, out = self.folder / "code", self.folder / "out"
        code.mkdir(exist_ok=True)
        out.mkdir(exist_ok=True)
        (code / "experiment.py").write_text(textwrap.dedent(program))
        settings: dict[str, Any] = {"timeout_seconds": 30, "memory_bytes": 512 * MEBIBYTE, **limits}
        return Command(
            argv=argv,
            code=code,
            out=out,
            stdout=self.folder / "stdout.txt",
            stderr=self.folder / "stderr.txt",
            limits=Limits(**settings),
            inputs=inputs or {},
            environment=environment or {},
        )

    def left(self, name: str) -> Path:
        """Return a file in the program's output."""
        return self.folder / "out" / name

    def assert_nothing_runs(self) -> None:
        """Fail if a process that can be seen from here has this workspace's folder in its command line."""
        mark = self.folder.name.encode()
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and int(entry.name) != os.getpid():
                    assert mark not in (entry / "cmdline").read_bytes(), "a process outlived its program"

    def assert_nothing_beats(self) -> None:
        """Fail if the process that writes the heartbeat is still there."""
        beats = self.left("heartbeat").stat().st_size
        assert beats > 0, "the daemon never ran, so this test would show nothing"
        time.sleep(0.1)
        assert self.left("heartbeat").stat().st_size == beats, "a process outlived its program"


class _OnSandbox:
    @pytest.fixture
    def sandbox(self) -> Sandbox:
        """Return the backend under test."""
        raise NotImplementedError

    @pytest.fixture
    def workspace(self, tmp_path: Path) -> Workspace:
        return Workspace(folder=tmp_path)


class EndingConformance(_OnSandbox):
    """How a program ends."""

    async def test_a_program_that_ends_well_is_ok(self, sandbox: Sandbox, workspace: Workspace) -> None:
        result = await sandbox.run(workspace.command("import sys; print('out'); print('err', file=sys.stderr)"))
        assert (result.kind, result.exit_code) == (ExitKind.OK, 0)
        assert (result.stdout, result.stderr) == ("out\n", "err\n")
        assert result.wall_seconds > 0

    async def test_an_exit_code_is_kept(self, sandbox: Sandbox, workspace: Workspace) -> None:
        result = await sandbox.run(workspace.command("raise SystemExit(7)"))
        assert (result.kind, result.exit_code) == (ExitKind.FAILED, 7)

    async def test_a_death_by_signal_is_a_failure_told_as_the_shell_tells_it(
        self, sandbox: Sandbox, workspace: Workspace
    ) -> None:
        result = await sandbox.run(workspace.command("import os; os.kill(os.getpid(), 11)"))
        assert (result.kind, result.exit_code) == (ExitKind.FAILED, 128 + 11)

    async def test_a_program_that_kills_itself_was_not_killed_by_us(
        self, sandbox: Sandbox, workspace: Workspace
    ) -> None:
        result = await sandbox.run(workspace.command("import os; os.kill(os.getpid(), 9)"))
        assert (result.kind, result.exit_code) == (ExitKind.FAILED, 128 + 9)

    async def test_an_exception_leaves_its_traceback(self, sandbox: Sandbox, workspace: Workspace) -> None:
        result = await sandbox.run(workspace.command("def f(): raise KeyError('the reason')\nf()"))
        assert result.kind is ExitKind.FAILED
        assert "KeyError: 'the reason'" in result.stderr
        assert "in f" in result.stderr

    async def test_a_program_that_does_not_exist_is_a_failure_and_no_exception(
        self, sandbox: Sandbox, workspace: Workspace
    ) -> None:
        result = await sandbox.run(workspace.command("", argv=("no-such-program",)))
        assert result.kind is ExitKind.FAILED
        assert "no-such-program" in result.stderr

    async def test_a_missing_code_folder_is_our_error(self, sandbox: Sandbox, workspace: Workspace) -> None:
        command = workspace.command("pass")
        (command.code / "experiment.py").unlink()
        command.code.rmdir()
        with pytest.raises(SandboxError):
            await sandbox.run(command)


class LimitsConformance(_OnSandbox):
    """What a program may use, and that it is measured."""

    async def test_a_program_that_hangs_is_killed_in_time(self, sandbox: Sandbox, workspace: Workspace) -> None:
        program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)"
        began = time.monotonic()
        result = await sandbox.run(workspace.command(program, timeout_seconds=1))
        assert (result.kind, result.exit_code) == (ExitKind.TIMED_OUT, None)
        assert result.stdout == "up\n"
        assert time.monotonic() - began < 10
        assert result.wall_seconds >= 1

    @pytest.mark.slow
    async def test_a_busy_harness_delays_no_timeout(self, sandbox: Sandbox, workspace: Workspace) -> None:
        task = asyncio.create_task(sandbox.run(workspace.command(DAEMON + "time.sleep(60)", timeout_seconds=2)))
        await asyncio.sleep(0.3)
        time.sleep(4)  # noqa: ASYNC251  # the harness thinks, and does not look
        workspace.assert_nothing_beats()
        assert (await task).kind is ExitKind.TIMED_OUT

    async def test_memory_is_limited(self, sandbox: Sandbox, workspace: Workspace) -> None:
        result = await sandbox.run(workspace.command("x = b'x' * (600 << 20)", memory_bytes=200 * MEBIBYTE))
        assert result.kind is ExitKind.OUT_OF_MEMORY

    async def test_memory_of_all_processes_together_is_limited(self, sandbox: Sandbox, workspace: Workspace) -> None:
        program = """
            import os, time
            for _ in range(5):
                if os.fork() == 0:
                    x = bytearray(os.urandom(1 << 20) * 100)
                    time.sleep(30)
                    os._exit(0)
            for _ in range(5):
                _, status = os.wait()
                if status: os.kill(os.getpid(), 9)
        """
        result = await sandbox.run(workspace.command(program, memory_bytes=250 * MEBIBYTE, timeout_seconds=20))
        assert result.kind is ExitKind.OUT_OF_MEMORY

    async def test_one_large_file_is_too_much(self, sandbox: Sandbox, workspace: Workspace) -> None:
        program = """
            import os
            with open(os.environ['OUT_DIR'] + '/large', 'wb') as file:
                while True: file.write(b'x' * 1000000)
        """
        result = await sandbox.run(workspace.command(program, disk_bytes=20 * MEBIBYTE))
        assert result.kind is ExitKind.OUT_OF_DISK
        assert workspace.left("large").stat().st_size <= 21 * MEBIBYTE

    async def test_many_files_are_too_much(self, sandbox: Sandbox, workspace: Workspace) -> None:
        program = """
            import os
            for number in range(100000):
                with open(os.environ['OUT_DIR'] + f'/{number}', 'wb') as file: file.write(b'x' * 1000000)
        """
        result = await sandbox.run(workspace.command(program, disk_bytes=20 * MEBIBYTE))
        assert result.kind is ExitKind.OUT_OF_DISK

    async def test_processes_are_limited(self, sandbox: Sandbox, workspace: Workspace) -> None:
        program = """
            import os, time
            for _ in range(400):
                if os.fork() == 0:
                    time.sleep(30)
                    os._exit(0)
        """
        result = await sandbox.run(workspace.command(program, processes=32, timeout_seconds=20))
        assert result.kind is ExitKind.FAILED

    async def test_time_and_memory_are_measured_or_said_to_be_unknown(
        self, sandbox: Sandbox, workspace: Workspace
    ) -> None:
        program = """
            import time
            x = bytearray(b'x') * (100 << 20)
            while time.process_time() < 0.4: pass
        """
        result = await sandbox.run(workspace.command(program))
        assert result.cpu_seconds is None or 0.3 < result.cpu_seconds < 5
        assert result.peak_memory_bytes is None or 90 * MEBIBYTE < result.peak_memory_bytes < 400 * MEBIBYTE

    @pytest.mark.slow
    async def test_time_of_a_killed_program_is_measured_too(self, sandbox: Sandbox, workspace: Workspace) -> None:
        result = await sandbox.run(workspace.command("while True: pass", timeout_seconds=4))
        assert result.cpu_seconds is None or 0.1 < result.cpu_seconds < 8


class OutputConformance(_OnSandbox):
    """What a program printed."""

    async def test_all_that_it_printed_is_on_disk_and_head_and_tail_are_kept(
        self, sandbox: Sandbox, workspace: Workspace
    ) -> None:
        program = "print('first'); print('x' * 5000000); print('last')"
        result = await sandbox.run(workspace.command(program, output_bytes=10000))
        assert result.kind is ExitKind.OK
        assert len(result.stdout) < 11000
        assert result.stdout.startswith("first\n")
        assert result.stdout.endswith("last\n")
        assert (workspace.folder / "stdout.txt").stat().st_size == len("first\n" + "x" * 5000000 + "\nlast\n")

    async def test_bytes_that_are_no_text_are_shown_somehow(self, sandbox: Sandbox, workspace: Workspace) -> None:
        result = await sandbox.run(workspace.command(r"import os; os.write(1, b'a\xff\x00b\n')"))
        assert result.kind is ExitKind.OK
        assert result.stdout.startswith("a")
        assert result.stdout.endswith("b\n")

    async def test_what_a_killed_program_printed_is_kept(self, sandbox: Sandbox, workspace: Workspace) -> None:
        program = "import time; print('before'); time.sleep(60)"
        result = await sandbox.run(workspace.command(program, timeout_seconds=1))
        assert result.stdout == "before\n"


class SightConformance(_OnSandbox):
    """What a program sees, and what of it we see."""

    async def test_it_sees_the_environment_that_it_was_given_and_none_of_ours(
        self, sandbox: Sandbox, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SECRET_KEY_OF_OURS", "hunter2")
        program = "import os; print(os.environ['SEED']); print(*sorted(os.environ), *os.environ.values())"
        result = await sandbox.run(workspace.command(program, environment={"SEED": "42"}))
        assert result.stdout.startswith("42\n")
        assert "SECRET_KEY_OF_OURS" not in result.stdout
        assert "hunter2" not in result.stdout

    async def test_it_starts_in_its_code_and_finds_its_inputs(
        self, sandbox: Sandbox, workspace: Workspace, tmp_path: Path
    ) -> None:
        (tmp_path / "table.csv").write_text("one")
        (tmp_path / "images").mkdir()
        (tmp_path / "images" / "a.txt").write_text("two")
        program = """
            import os, pathlib
            data = pathlib.Path(os.environ['DATA_DIR'])
            print(sorted(p.name for p in data.iterdir()))
            print((data / 'table').read_text(), (data / 'images' / 'a.txt').read_text())
            print(os.listdir('.'))
        """
        inputs = {"table": tmp_path / "table.csv", "images": tmp_path / "images"}
        result = await sandbox.run(workspace.command(program, inputs=inputs))
        assert result.stdout == "['images', 'table']\none two\n['experiment.py']\n"

    async def test_stdin_is_empty(self, sandbox: Sandbox, workspace: Workspace) -> None:
        result = await sandbox.run(workspace.command("import sys; print(repr(sys.stdin.read()))"))
        assert result.stdout == "''\n"

    async def test_lab_and_the_packages_are_there(self, sandbox: Sandbox, workspace: Workspace) -> None:
        program = """
            import lab, numpy, random
            print(lab.seed, random.random(), numpy.random.rand())
            lab.log('accuracy', 0.5, 'baseline', 'digits')
        """
        first = await sandbox.run(workspace.command(program, environment={"SEED": "3"}))
        workspace.left("rows.jsonl").unlink()
        second = await sandbox.run(workspace.command(program, environment={"SEED": "3"}))
        assert first.kind is ExitKind.OK, first.stderr
        assert first.stdout == second.stdout
        assert first.stdout.startswith("3 ")
        assert '"accuracy"' in workspace.left("rows.jsonl").read_text()

    async def test_the_order_of_sets_is_the_same_every_time(self, sandbox: Sandbox, workspace: Workspace) -> None:
        program = "print({str(n) for n in range(50)})"
        first = await sandbox.run(workspace.command(program))
        second = await sandbox.run(workspace.command(program))
        assert first.stdout == second.stdout

    async def test_what_it_leaves_in_its_output_folder_arrives(self, sandbox: Sandbox, workspace: Workspace) -> None:
        program = """
            import os
            os.makedirs(os.environ['OUT_DIR'] + '/a/b')
            open(os.environ['OUT_DIR'] + '/a/b/c.bin', 'wb').write(bytes(range(256)))
        """
        await sandbox.run(workspace.command(program))
        assert workspace.left("a/b/c.bin").read_bytes() == bytes(range(256))

    async def test_what_a_failed_program_left_arrives_too(self, sandbox: Sandbox, workspace: Workspace) -> None:
        program = "import os; open(os.environ['OUT_DIR'] + '/partial', 'w').write('so far'); 1 / 0"
        await sandbox.run(workspace.command(program))
        assert workspace.left("partial").read_text() == "so far"

    async def test_it_can_write_to_its_folder_for_temporary_files(self, sandbox: Sandbox, workspace: Workspace) -> None:
        program = "import tempfile; f = tempfile.NamedTemporaryFile(); f.write(b'x' * 1000); print('fine')"
        assert (await sandbox.run(workspace.command(program))).stdout == "fine\n"

    async def test_it_can_use_processes_of_its_own(self, sandbox: Sandbox, workspace: Workspace) -> None:
        program = """
            import multiprocessing as mp
            def square(x): return x * x
            if __name__ == '__main__':
                with mp.get_context('spawn').Pool(2) as pool: print(pool.map(square, [1, 2, 3]))
        """
        result = await sandbox.run(workspace.command(program))
        assert result.stdout == "[1, 4, 9]\n", result.stderr


class RemainsConformance(_OnSandbox):
    """What is left of a program: nothing that runs."""

    async def test_a_daemon_ends_with_its_program(self, sandbox: Sandbox, workspace: Workspace) -> None:
        result = await sandbox.run(workspace.command(DAEMON))
        assert result.kind is ExitKind.OK
        workspace.assert_nothing_beats()

    @pytest.mark.slow
    async def test_a_daemon_ends_with_a_timeout(self, sandbox: Sandbox, workspace: Workspace) -> None:
        result = await sandbox.run(workspace.command(DAEMON + "time.sleep(60)", timeout_seconds=3))
        assert result.kind is ExitKind.TIMED_OUT
        workspace.assert_nothing_beats()

    async def test_when_cancelled_everything_is_gone_first(self, sandbox: Sandbox, workspace: Workspace) -> None:
        deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        program = deaf + DAEMON + "print('it beats', flush=True)\ntime.sleep(60)"
        # Its command line names this workspace, so that it is found wherever it runs on this machine.
        command = workspace.command(program, argv=("python", "experiment.py", workspace.folder.name))
        task = asyncio.create_task(sandbox.run(command))
        while not command.stdout.exists() or not command.stdout.read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        workspace.assert_nothing_runs()


class CallsConformance(_OnSandbox):
    """Calls to the backend itself."""

    async def test_calls_overlap(self, sandbox: Sandbox, tmp_path: Path) -> None:
        """Each program waits for a word that is given when all of them run."""
        meeting = tmp_path / "meeting"
        meeting.mkdir()
        program = """
            import os, time
            print("here")
            while not os.path.exists(os.environ["DATA_DIR"] + "/meeting/all"): time.sleep(0.01)
        """
        commands: list[Command] = []
        for number in range(4):
            (tmp_path / str(number)).mkdir()
            workspace = Workspace(folder=tmp_path / str(number))
            commands.append(workspace.command(program, inputs={"meeting": meeting}, timeout_seconds=60))
        running = asyncio.gather(*(sandbox.run(command) for command in commands))
        while not all(command.stdout.exists() and command.stdout.read_text() for command in commands):
            assert not running.done(), "one ended before all of them ran"
            await asyncio.sleep(0.02)
        (meeting / "all").touch()
        assert [result.kind for result in await running] == [ExitKind.OK] * 4

    def test_it_says_what_it_is(self, sandbox: Sandbox) -> None:
        facts = sandbox.describe()
        assert facts["backend"] == sandbox.name
        assert "python" in facts
        assert "package:numpy" in facts


class BoundaryConformance(_OnSandbox):
    """What holds code that means harm, and what a plain process does not promise."""

    async def test_code_and_inputs_cannot_be_written(
        self, sandbox: Sandbox, workspace: Workspace, tmp_path: Path
    ) -> None:
        _needs_boundary(sandbox)
        (tmp_path / "table.csv").write_text("one")
        program = """
            import os
            for path in (os.environ['DATA_DIR'] + '/table', 'experiment.py', 'new.py'):
                try: open(path, 'a').write('x')
                except OSError: print('refused')
        """
        result = await sandbox.run(workspace.command(program, inputs={"table": tmp_path / "table.csv"}))
        assert result.stdout == "refused\n" * 3
        assert (tmp_path / "table.csv").read_text() == "one"

    async def test_there_is_no_network(self, sandbox: Sandbox, workspace: Workspace) -> None:
        _needs_boundary(sandbox)
        program = """
            import socket
            print([name for _, name in socket.if_nameindex() if name != 'lo'])
            try: socket.create_connection(('192.0.2.1', 80), timeout=2)
            except OSError: print('no way out')
        """
        assert (await sandbox.run(workspace.command(program))).stdout == "[]\nno way out\n"

    async def test_it_is_nobody_special(self, sandbox: Sandbox, workspace: Workspace) -> None:
        _needs_boundary(sandbox)
        program = """
            import os
            status = dict(line.split(':', 1) for line in open('/proc/self/status'))
            print(os.getuid() != 0, status['CapEff'].strip('\\t\\n0') == '', status['NoNewPrivs'].strip())
        """
        assert (await sandbox.run(workspace.command(program))).stdout == "True True 1\n"


class SandboxConformance(
    EndingConformance,
    LimitsConformance,
    OutputConformance,
    SightConformance,
    RemainsConformance,
    CallsConformance,
    BoundaryConformance,
):
    """The whole contract."""


def _needs_boundary(sandbox: Sandbox) -> None:
    if not sandbox.is_boundary:
        pytest.skip(f"{sandbox.name} is no security boundary and does not promise this")
