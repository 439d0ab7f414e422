"""Clearing away what dead runs left outside of their folders: containers, control groups, temporary folders."""

from __future__ import annotations

import contextlib

from ai_scientist.core.errors import MissingTool, SandboxError
from ai_scientist.sandbox import cgroups, docker, owners


def sweep_leftovers() -> tuple[str, ...]:
    """Remove what harnesses that are dead left behind, and return a word about each; what the living use stays.

    Called when a run is resumed, and by `doctor`. An engine that does not answer is passed over.
    """
    removed = [f"control group {name}" for name in cgroups.sweep()]
    removed += [f"folder {name}" for name in owners.sweep_folders()]
    if docker.is_there():
        with contextlib.suppress(MissingTool, SandboxError):
            client = docker.connect()
            try:
                removed += [f"container {name}" for name in docker.sweep(client)]
            finally:
                client.close()
    return tuple(removed)
