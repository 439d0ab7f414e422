"""Which sandbox is taken, and why: the strongest that really works on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ai_scientist.core.errors import ConfigError, MissingTool
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


def choose(settings: SandboxSettings, *, trusted: bool) -> Sandbox:
    """Return the sandbox that the settings ask for.

    Args:
        settings: "auto" takes docker if an engine answers, else bubblewrap, else a plain process if that is allowed.
        trusted: Whether the program is our own (a research template run by the rule engine), so that a plain process
            is allowed without being asked for by name.

    Raises:
        MissingTool: If what was asked for, or with "auto" anything that holds, does not work here; says the cure.
    """
    if settings.name == "process":
        return ProcessSandbox()
    if settings.name == "auto":
        checks = [(strong.check(), strong.make) for strong in _STRONG.values()]
        for check, make in checks:
            if check.ok:
                return make()
        if trusted:
            return ProcessSandbox()
        raise MissingTool("No sandbox that holds works here.", cure=checks[-1][0].cure)
    if settings.name not in _STRONG:
        raise ConfigError(f"There is no sandbox {settings.name!r} yet; there are {', '.join(_STRONG)} and process.")
    check = _STRONG[settings.name].check()
    if not check.ok:
        raise MissingTool(f"The sandbox {settings.name} does not work here: {check.found}.", cure=check.cure)
    return _STRONG[settings.name].make()


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
    """Return what this machine offers, strongest sandbox first; tries each for real, which takes under a second."""
    checks = (*(strong.check() for strong in _STRONG.values()), check_process())
    taken = next((check.name.partition(" ")[2] for check in checks if check.ok), "none")
    return (Check(name="sandbox", ok=taken != "process", found=f"auto takes {taken}", cure=_cure(checks)), *checks)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Strong:
    check: Callable[[], Check]
    make: Callable[[], Sandbox]


_STRONG = {"bubblewrap": _Strong(check=check_bubblewrap, make=BubblewrapSandbox)}
"""Sandboxes that hold code that means harm, in the order in which "auto" tries them."""


def _cure(checks: tuple[Check, ...]) -> str:
    return next((check.cure for check in checks if check.cure), "")


def _userns_cure() -> str:
    """Return how user namespaces are allowed here; distributions forbid them in different ways."""
    if Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").exists() and os.getuid() != 0:
        return "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (as root)"
    if Path("/proc/sys/kernel/unprivileged_userns_clone").exists():
        return "sysctl -w kernel.unprivileged_userns_clone=1 (as root)"
    return "allow user namespaces: sysctl -w user.max_user_namespaces=15000 (as root); in a container, --privileged"
