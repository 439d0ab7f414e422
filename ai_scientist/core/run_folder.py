"""A run's folder: where each thing lies, made once, opened again by resume and audit."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from ai_scientist.core.clock import Clock, stamp
from ai_scientist.core.errors import ConfigError, RunCorrupted
from ai_scientist.core.ids import NodeId, RunId, slug
from ai_scientist.core.jsonl import read_json, write_json
from ai_scientist.core.machine import describe_machine
from ai_scientist.core.settings import Settings
from ai_scientist.core.values import Value

LAYOUT = (
    "ideas",
    "literature",
    "calls",
    "search/nodes",
    "results/figures",
    "results/tables",
    "paper",
    "reviews",
    "audit",
)


class RunRecord(Value):
    """What run.json says: what was asked, by which versions, on which machine."""

    schema_version: int = 1
    id: str
    topic: str
    created: str
    settings: Settings
    versions: dict[str, str]
    machine: dict[str, str]


class RunFolder:
    """Paths of one run. Holds nothing else: every part reads and writes its own files."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    def __str__(self) -> str:
        return str(self.path)

    @classmethod
    def create(cls, topic: str, settings: Settings, *, clock: Clock, versions: dict[str, str]) -> RunFolder:
        """Make a new run's folder under the output folder.

        Raises:
            ConfigError: If the folder cannot be written.
        """
        run_id = RunId(f"{clock.now():%Y-%m-%d}-{slug(topic)}-{secrets.token_hex(2)}")
        folder = cls(settings.output / run_id)
        record = RunRecord(
            id=run_id,
            topic=topic,
            created=stamp(clock.now()),
            settings=settings,
            versions=versions,
            machine=describe_machine(),
        )
        try:
            for part in LAYOUT:
                (folder.path / part).mkdir(parents=True, exist_ok=True)
            write_json(folder.path / "run.json", record.model_dump(mode="json"))
        except OSError as error:
            raise ConfigError(f"The run's folder {folder} cannot be written: {error.strerror or error}.") from error
        return folder

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open a run that exists.

        Raises:
            ConfigError: If there is no run at that path.
            RunCorrupted: If run.json cannot be read.
        """
        folder = cls(path)
        if not (folder.path / "run.json").exists():
            raise ConfigError(f"{path} is no run: it has no run.json.")
        folder.record()
        return folder

    def record(self) -> RunRecord:
        """Return what run.json says."""
        file = self.path / "run.json"
        try:
            return RunRecord.model_validate(read_json(file))
        except ValidationError as error:
            raise RunCorrupted(f"{file} is not a run's record: {error}") from error

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.path / "ledger.jsonl"

    @property
    def state(self) -> Path:
        """Graph state, a SQLite file."""
        return self.path / "state.sqlite"

    @property
    def plan(self) -> Path:
        """The locked plan."""
        return self.path / "plan.json"

    @property
    def ideas(self) -> Path:
        """The archive of ideas."""
        return self.path / "ideas"

    @property
    def literature(self) -> Path:
        """Records, quotes and the search log of this run."""
        return self.path / "literature"

    @property
    def calls(self) -> Path:
        """Every model call."""
        return self.path / "calls"

    @property
    def journal(self) -> Path:
        """The tree's journal."""
        return self.path / "search" / "journal.jsonl"

    @property
    def checkpoints(self) -> Path:
        """The bare git repository of the tree's programs."""
        return self.path / "search" / "checkpoints.git"

    def node(self, node: NodeId) -> Path:
        """What one node left: rows.jsonl, stdout.txt, stderr.txt, files/."""
        return self.path / "search" / "nodes" / node

    @property
    def results(self) -> Path:
        """Cells, tests, figures and tables."""
        return self.path / "results"

    @property
    def paper(self) -> Path:
        """The paper's source, bibliography and PDF."""
        return self.path / "paper"

    def review_round(self, number: int) -> Path:
        """Reviews of one round; round 1 is the first."""
        return self.path / "reviews" / f"round-{number}"

    @property
    def audit(self) -> Path:
        """The audit's report."""
        return self.path / "audit"

    @property
    def code(self) -> Path:
        """The confirmed program as its own git repository."""
        return self.path / "code"

    @contextmanager
    def lock(self) -> Generator[None]:
        """Hold the run: nobody else may go on with it meanwhile. The lock dies with its process.

        Raises:
            ConfigError: If another process holds it.
        """
        file = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            raise ConfigError(f"{self.path.name} is being worked on by another process.") from error
        try:
            yield
        finally:
            os.close(file)


def find_runs(output: Path) -> list[RunFolder]:
    """Return the runs under a folder, oldest first."""
    return [RunFolder(file.parent) for file in sorted(output.glob("*/run.json"))]
