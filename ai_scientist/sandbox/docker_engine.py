"""What we ask of the Docker engine about containers, with all its errors as ours."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_scientist.core.errors import SandboxError
from ai_scientist.sandbox.contract import Limits

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container as Handle

OWNER_LABEL = "ai-scientist.owner"
RUN_LABEL = "ai-scientist.run"
NO_NETWORK = "none"
STRANGER = 2_000_000_000
"""User inside and outside when we are root, so that nothing outside belongs to a program."""

_LAST_LINES = 15
"""Of the log of a build that failed."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What is fixed when a container is made; experiments of one shape can share a pool.

    Attributes:
        image: Its identifier.
        python: Command that is the interpreter in it.
        path: PATH of programs.
        python_path: Folders in which they find modules besides the interpreter's own.
        binds: Path outside → path inside, all read-only.
        network: Name of the engine's network that it is in.
    """

    image: str
    python: str
    path: str
    python_path: tuple[str, ...]
    binds: tuple[tuple[str, str], ...]
    network: str
    limits: Limits
    gpus: tuple[str, ...]


class translated:
    """Turns errors of the docker library, and of the connection under it, into ours."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None or isinstance(error, SandboxError):
            return
        import docker.errors
        import requests.exceptions

        known = (docker.errors.DockerException, requests.exceptions.RequestException, OSError)
        if isinstance(error, known):
            reason = str(getattr(error, "explanation", None) or error).rstrip(".")
            raise SandboxError(f"{self._what}: {reason}.{_last_words(error)}") from error


def _last_words(error: BaseException) -> str:
    """Return how the log of a build ended, which is where the reason stands; nothing for other errors."""
    log: Iterable[Mapping[str, object]] = getattr(error, "build_log", ())
    lines = "".join(str(part.get("stream", "")) for part in log).splitlines()
    said = [line.strip() for line in lines if line.strip()]
    return "\n".join([" The build ended with:", *(f"  {line}" for line in said[-_LAST_LINES:])]) if said else ""


def create(
    client: docker.DockerClient, shape: Shape, labels: Mapping[str, str], code: Path, out: Path, *, with_init: bool
) -> Handle:
    """Make a container that holds nothing open: what the design says of docker stands here."""
    import docker.types

    limits = shape.limits
    user = STRANGER if os.geteuid() == 0 else os.geteuid()
    memory_folder = str(max(1, min(limits.disk_bytes, limits.memory_bytes // 2)))
    binds = [(str(code.resolve()), "/code", True), (str(out.resolve()), "/out", False)]
    binds += [(source, target, True) for source, target in shape.binds]
    tmpfs = {"/tmp": f"size={memory_folder},mode=1777,nosuid,nodev"}
    if not any(target.startswith("/data/") for _, target in shape.binds):
        tmpfs["/data"] = "ro,size=4096,mode=0555,nosuid,nodev"  # an image need not have that folder
    ulimits = {"core": 0, "fsize": limits.disk_bytes, "nofile": 4096}
    if not shape.gpus:
        ulimits["data"] = limits.memory_bytes
    return client.containers.create(
        shape.image,
        [shape.python, "-I", "-S", "/lab/waiter.py"],
        labels=dict(labels),
        user=f"{user}:{user}",
        hostname="sandbox",
        working_dir="/",
        stdin_open=True,
        network_mode=shape.network,
        ipc_mode="private",
        read_only=True,
        init=with_init,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        mem_limit=limits.memory_bytes,
        memswap_limit=limits.memory_bytes,
        nano_cpus=int(limits.cpus * 1e9),
        pids_limit=limits.processes + 2,  # the first process, and the engine's own when it looks in
        shm_size=memory_folder,
        tmpfs=tmpfs,
        ulimits=[docker.types.Ulimit(name=name, soft=value, hard=value) for name, value in ulimits.items()],
        # "none": else the engine keeps everything that is printed, on the machine's own disk and without end.
        log_config=docker.types.LogConfig(type="none"),
        mounts=[
            docker.types.Mount(target=target, source=source, type="bind", read_only=read_only)
            for source, target, read_only in binds
        ],
        device_requests=(
            [docker.types.DeviceRequest(device_ids=list(shape.gpus), capabilities=[["gpu"]])] if shape.gpus else None
        ),
    )


def attach(client: Any, container: Handle) -> socket.socket:  # the library types no part of this
    """Return the connection to a container's stdin, stdout and stderr."""
    wrapped = client.api.attach_socket(container.id, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
    stream = getattr(wrapped, "_sock", wrapped)
    if not isinstance(stream, socket.socket):
        raise SandboxError("The Docker engine must be reached over a unix socket, or plain TCP, to run programs.")
    own = socket.socket(fileno=os.dup(stream.fileno()))
    own.setblocking(True)
    # The connection is ours now; what the library keeps of it would else be closed at some later time, with a warning.
    wrapped._response.close()
    wrapped.close()
    stream.close()
    return own


def discard(container: Handle) -> None:
    """Kill everything in a container, and remove it; one that is gone already is no problem.

    Raises:
        SandboxError: If the engine cannot do it.
    """
    import docker.errors

    with translated("A container cannot be removed"):
        try:
            container.remove(force=True, v=True)
        except docker.errors.NotFound:
            return
        except docker.errors.APIError as error:
            if error.status_code != 409:  # somebody else is removing it
                raise
