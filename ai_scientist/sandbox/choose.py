"""Which sandbox is taken, and why: the strongest that really works on this machine."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from ai_scientist.core.errors import ConfigError, MissingTool, SandboxError
from ai_scientist.core.settings import SandboxSettings
from ai_scientist.sandbox import bubblewrap
from ai_scientist.sandbox.bubblewrap import BubblewrapSandbox
from ai_scientist.sandbox.contract import Limits, Sandbox
from ai_scientist.sandbox.process import ProcessSandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One fact about this machine, as `doctor` prints it.

    Attributes:
        name: What was looked for.
        ok: Whether it is there and works.
        found: What was found.
        cure: What to do if it is not ok; empty otherwise.
    """

    name: str
    ok: bool
    found: str
    cure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A sandbox, and why it was taken: a sentence for people and for the ledger."""

    sandbox: Sandbox
    why: str


def choose(settings: SandboxSettings, *, trusted: bool, run: str = "") -> Choice:
    """Return the sandbox that the settings ask for, and why it is that one.

    Args:
        settings: "auto" takes docker if an engine answers, else bubblewrap, else a plain process if that is allowed.
        trusted: Whether the program is our own (a research template run by the rule engine), so that a plain process
            is allowed without being asked for by name.
        run: Name of the run, by which what it makes outside of our processes can be found again.

    Raises:
        ConfigError: If an image is wanted of a sandbox that has none.
        MissingTool: If what was asked for, or with "auto" anything that holds, does not work here; says the cure.
        SandboxError: If a Docker image was asked for that is not on this machine.
    """
    if settings.image and settings.name in ("bubblewrap", "process"):
        raise ConfigError(f"An image is for docker; {settings.name} runs programs with this Python.")
    asked = "it was asked for"
    if settings.name == "docker" or settings.image:
        return Choice(sandbox=_docker(settings, run), why=asked)
    if settings.name == "process":
        return Choice(sandbox=ProcessSandbox(), why=f"{asked}; it is no security boundary")
    engine = check_docker() if settings.name == "auto" else None
    if engine is not None and engine.ok:
        return Choice(sandbox=_docker(settings, run), why="a Docker engine answers")
    check = check_bubblewrap()
    if check.ok:
        why = asked if engine is None else f"{check.found}; docker does not: {engine.found}"
        return Choice(sandbox=BubblewrapSandbox(), why=why)
    if engine is not None and trusted:
        why = f"only programs of our own are run, and nothing that holds works here: {engine.found}; {check.found}"
        return Choice(sandbox=ProcessSandbox(), why=why)
    raise MissingTool(f"No sandbox that holds works here: {check.found}.", cure=check.cure)


def _docker(settings: SandboxSettings, run: str) -> Sandbox:
    from ai_scientist.sandbox.docker import DockerSandbox

    return DockerSandbox(image=settings.image, run=run, with_gpus=bool(settings.gpus))


def limits_of(settings: SandboxSettings) -> Limits:
    """Return the limits that the settings ask for, for each seed."""
    return Limits(
        timeout_seconds=settings.timeout_seconds,
        memory_bytes=settings.memory_bytes,
        cpus=settings.cpus,
        processes=settings.processes,
        disk_bytes=settings.disk_bytes,
        output_bytes=settings.output_bytes,
    )


def probe() -> tuple[Check, ...]:
    """Return what this machine offers, strongest sandbox first; runs a program in each, which takes a second or two."""
    docker, bubblewrapped = check_docker(thoroughly=True), check_bubblewrap()
    strong = [check for check in (docker, bubblewrapped) if check.ok]
    if strong:
        chosen = Check(name="sandbox", ok=True, found=f"auto takes {strong[0].name.removeprefix('sandbox ')}")
    else:
        found = "auto takes none for a model's programs; the rule engine's own run as plain processes"
        chosen = Check(name="sandbox", ok=False, found=found, cure=bubblewrapped.cure)
    # One that holds is enough: the other is told, but nothing needs to be done about it.
    told = [replace(check, ok=True) if strong and not check.ok else check for check in (docker, bubblewrapped)]
    return (chosen, *told, check_process())


def check_docker(*, thoroughly: bool = False) -> Check:
    """Return whether a Docker engine answers; thoroughly: whether a program runs in it."""
    from ai_scientist.sandbox import docker

    name = "sandbox docker"
    if not docker.is_there():
        return Check(name=name, ok=False, found="no Docker engine", cure=docker.CURE)
    try:
        client = docker.connect()
    except MissingTool as error:
        return Check(name=name, ok=False, found=str(error), cure=error.cure)
    try:
        if thoroughly:
            sandbox = docker.DockerSandbox(client, warm=0)
            problem = sandbox.try_out()
            sandbox.close()
            if problem:
                return Check(name=name, ok=False, found=problem, cure=docker.CURE)
            return Check(name=name, ok=True, found=f"works, with the image {sandbox.describe()['image']}")
    except SandboxError as error:
        return Check(name=name, ok=False, found=str(error), cure=docker.CURE)
    finally:
        client.close()
    return Check(name=name, ok=True, found="an engine answers")


def check_bubblewrap() -> Check:
    """Return whether bwrap is installed and can make a sandbox."""
    name, bwrap = "sandbox bubblewrap", shutil.which("bwrap")
    if bwrap is None:
        return Check(name=name, ok=False, found="bwrap is not installed", cure=bubblewrap.CURE)
    try:
        sandbox = BubblewrapSandbox(bwrap=bwrap)
    except MissingTool as error:
        return Check(name=name, ok=False, found=str(error), cure=error.cure)
    problem = sandbox.try_out()
    sandbox.close()
    if problem:
        return Check(name=name, ok=False, found=problem, cure=_userns_cure())
    return Check(name=name, ok=True, found=f"{bwrap} works")


def check_process() -> Check:
    """Return that plain processes work: they always do, but they hold nothing."""
    return Check(name="sandbox process", ok=True, found="works, but is no security boundary")


def _userns_cure() -> str:
    """Return how user namespaces are allowed here; distributions forbid them in different ways."""
    if Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").exists() and os.getuid() != 0:
        return "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (as root)"
    if Path("/proc/sys/kernel/unprivileged_userns_clone").exists():
        return "sysctl -w kernel.unprivileged_userns_clone=1 (as root)"
    return "allow user namespaces: sysctl -w user.max_user_namespaces=15000 (as root); in a container, --privileged"
