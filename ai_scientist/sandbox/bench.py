"""The bench of a run: its sandbox, and everything laid out in it that programs may use."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from ai_scientist.core.errors import ConfigError
from ai_scientist.core.hashing import sha256_json
from ai_scientist.core.machine import describe_machine, tell_machine
from ai_scientist.core.settings import SandboxSettings
from ai_scientist.sandbox.choose import Choice, choose, limits_of
from ai_scientist.sandbox.contract import Limits, Sandbox
from ai_scientist.sandbox.harness import ProgramRun, run_program
from ai_scientist.sandbox.supplies import INSTALL_LIMITS, Supply, install_requirements, prepare_data

PREPARED = "prepared"
"""Name under which programs find what the preparing step made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where programs run, and what they find there.

    Attributes:
        choice: The sandbox, and why it was taken.
        limits: Of each seed.
        inputs: Name → folder or file, read-only.
        gpus: Devices to lease from, one a seed.
        packages: What was installed besides the standard packages; None if nothing was asked for.
        prepared: What the preparing step made; likewise.
        facts: What an audit wants to know: the sandbox's own facts, the machine, and what the supplies were made from.
    """

    choice: Choice
    limits: Limits
    inputs: Mapping[str, Path]
    gpus: tuple[str, ...]
    packages: Supply | None
    prepared: Supply | None
    facts: Mapping[str, str]

    @property
    def environment(self) -> str:
        """What a node's record says about where it ran: the image's digest, or a hash of everything that was there."""
        where = self.facts.get("image_digest") or f"sha256:{sha256_json(dict(self.facts))}"
        extra = [f"packages {self.packages.key}"] if self.packages else []
        return " ".join([self.choice.sandbox.name, where, *extra])

    @property
    def extra_packages(self) -> dict[str, str]:
        """Package → version of what was installed besides the standard ones."""
        if self.packages is None:
            return {}
        found = metadata.distributions(path=[str(self.packages.folder)])
        return {name.lower(): package.version for package in found if (name := package.metadata["Name"])}

    async def run(
        self, files: Mapping[str, str], seeds: Sequence[int], *, folder: Path, workers: int = 1, probe: str = ""
    ) -> ProgramRun:
        """Run a program on this bench; see `run_program`."""
        return await run_program(
            self.choice.sandbox,
            files,
            seeds,
            folder=folder,
            limits=self.limits,
            inputs=self.inputs,
            workers=workers,
            probe=probe,
            gpus=self.gpus,
            packages=(self.packages.folder,) if self.packages else (),
        )

    def close(self) -> None:
        """End whatever waits in readiness."""
        self.choice.sandbox.close()


async def set_up(
    settings: SandboxSettings,
    *,
    trusted: bool,
    data: Sequence[Path] = (),
    run: str = "",
    store: Path | None = None,
    make: bool = True,
    sandbox: Sandbox | None = None,
) -> Bench:
    """Return the bench that the settings ask for; what has to be installed or prepared is, unless it was before.

    Args:
        settings: Which sandbox, its limits, and what to put into it.
        trusted: Whether only our own programs run there; see `choose`.
        data: The user's files and folders, seen under their own names.
        run: Name of the run.
        store: Where supplies are kept over runs; None: in the user's cache.
        sandbox: Taken whatever the settings name; the caller closes it.
        make: Whether supplies may be made; an auditor of somebody else's run takes those that are there.

    Raises:
        ConfigError: If data are missing or share a name, or a supply cannot be made.
        MissingTool: If no sandbox that holds works here.
        SandboxError: If the sandbox itself cannot work.
    """
    inputs = named(data)
    if sandbox is not None:
        choice = Choice(sandbox=sandbox, why="it was handed in")
    else:
        choice = await asyncio.to_thread(choose, settings, trusted=trusted, run=run)
    try:
        return await _supplied(settings, choice, inputs, store or cache_folder(), make=make)
    except BaseException:
        if sandbox is None:
            choice.sandbox.close()
        raise


async def _supplied(
    settings: SandboxSettings, choice: Choice, inputs: dict[str, Path], store: Path, *, make: bool
) -> Bench:
    sandbox, roomy = choice.sandbox, replace(INSTALL_LIMITS, processes=settings.processes + INSTALL_LIMITS.processes)
    facts = dict(await asyncio.to_thread(sandbox.describe)) | {"why": choice.why}
    facts["machine"] = tell_machine(describe_machine())
    packages = prepared = None
    if settings.requirements is not None:
        packages = await install_requirements(sandbox, settings.requirements, store=store, limits=roomy, make=make)
        facts |= _facts("packages", packages)
    if settings.prepare is not None:
        prepared = await prepare_data(
            sandbox,
            settings.prepare,
            store=store,
            limits=replace(roomy, memory_bytes=max(roomy.memory_bytes, settings.memory_bytes)),
            inputs=inputs,
            network=settings.prepare_network,
            packages=(packages.folder,) if packages else (),
            make=make,
        )
        facts |= _facts(PREPARED, prepared)
        inputs = {**inputs, PREPARED: prepared.folder}
    return Bench(
        choice=choice,
        limits=limits_of(settings),
        inputs=inputs,
        gpus=settings.gpus,
        packages=packages,
        prepared=prepared,
        facts=facts,
    )


def named(data: Sequence[Path]) -> dict[str, Path]:
    """Return the user's data by the names that programs see.

    Raises:
        ConfigError: If something is not there, or two have the same name.
    """
    found: dict[str, Path] = {}
    for path in data:
        whole = path.resolve()
        if not whole.exists():
            raise ConfigError(f"The data {path} are not there.")
        if not whole.name:
            raise ConfigError("The whole file system cannot be given as data; name the folder that is meant.")
        if whole.name in found or whole.name == PREPARED:
            raise ConfigError(f"Two parts of the data would be called {whole.name!r}; rename one.")
        found[whole.name] = whole
    return found


def cache_folder() -> Path:
    """Return the folder in which supplies are kept over runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "ai-scientist", "supplies")


def _facts(name: str, supply: Supply) -> dict[str, str]:
    made_from = {f"{name} from {what}": value for what, value in supply.made_from.items()}
    return {f"{name} sha256": supply.sha256, f"{name} files": str(len(supply.files)), **made_from}
