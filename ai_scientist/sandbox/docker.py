"""Docker: a container an experiment, with nothing in it that it does not need, and some in readiness."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ai_scientist.core.errors import MissingTool, SandboxError
from ai_scientist.sandbox import ending, owners
from ai_scientist.sandbox.contract import Command, ExecResult, ExitKind
from ai_scientist.sandbox.docker_container import Container
from ai_scientist.sandbox.docker_engine import NO_NETWORK, OWNER_LABEL, RUN_LABEL, Shape, discard, translated
from ai_scientist.sandbox.docker_image import find_image
from ai_scientist.sandbox.interpreter import describe_python
from ai_scientist.sandbox.process import trial

if TYPE_CHECKING:
    import docker

CURE = "apt-get install docker.io (Debian, Ubuntu), and see that you may use /var/run/docker.sock"
_RUNS_AT_ONCE = 64


_PACKAGES = """
import json, platform
from importlib import metadata
facts = {"python": platform.python_version()}
for package in metadata.distributions():
    if package.metadata["Name"]: facts["package:" + package.metadata["Name"].lower()] = package.version
print(json.dumps(facts))
"""


class DockerSandbox:
    """Runs each program in a container of its own.

    Args:
        client: The engine; by default that of the environment (DOCKER_HOST, or this machine's).
        image: Name of an image with Python; None: the standard image if it was built, else an empty one in which our
            own interpreter is bound.
        with_gpus: Whether programs use any, so that the standard image with PyTorch and CUDA is preferred.
        warm: Containers to keep in readiness, for experiments like the last one.
        run: Name of the run that containers are labelled with.
    """

    def __init__(
        self,
        client: docker.DockerClient | None = None,
        *,
        image: str | None = None,
        with_gpus: bool = False,
        warm: int = 1,
        run: str = "",
    ) -> None:
        self._client = client or connect()
        try:
            self._image = find_image(self._client, image, with_gpus=with_gpus)
            self._network = _network(self._client)
        except SandboxError:
            if client is None:
                self._client.close()
            raise
        self._labels = {OWNER_LABEL: owners.mark(), RUN_LABEL: run}
        self._threads = ThreadPoolExecutor(_RUNS_AT_ONCE, thread_name_prefix="docker")
        self._pool = _Pool(self._new, warm)
        self._end = weakref.finalize(self, _close, self._pool, self._threads, None if client else self._client)

    @property
    def name(self) -> str:
        """Always "docker"."""
        return "docker"

    @property
    def is_boundary(self) -> bool:
        """Always True."""
        return True

    async def run(self, command: Command) -> ExecResult:
        """Run a command to its end; see the contract.

        Raises:
            SandboxError: If the engine cannot make or hold the container.
        """
        stop = threading.Event()
        running = asyncio.get_running_loop().run_in_executor(self._threads, self._run, command, stop)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            stop.set()
            with contextlib.suppress(SandboxError):
                await running
            raise

    def describe(self) -> dict[str, str]:
        """Return backend, version, image with its digest, interpreter and packages."""
        with translated("The Docker engine does not answer"):
            version = str(self._client.version()["Version"])
        facts = {"backend": self.name, "version": version, "image": self._image.name, "image_digest": self._image.id}
        if self._image.python != "python":
            return {**facts, **describe_python()}
        return {**facts, **self._ask_packages()}

    def try_out(self) -> str:
        """Run a program that imports lab, and return why that is impossible here; empty if it is not."""
        with owners.temporary_folder() as folder:
            command = trial(folder)
            try:
                result = self._run(command, threading.Event())
            except SandboxError as error:
                return str(error)
        return "" if result.kind is ExitKind.OK else result.stderr.strip()[-500:] or f"it ends as {result.kind}"

    def close(self) -> None:
        """Remove the containers that wait."""
        self._end()

    def _run(self, command: Command, stop: threading.Event) -> ExecResult:
        for path in (command.code, *command.inputs.values(), *command.packages):
            if not path.exists():
                raise SandboxError(f"{path} does not exist.")
        command.stdout.parent.mkdir(parents=True, exist_ok=True)
        shape = self._shape(command)
        # What is in the output folder already is to be seen, so it is bound as it is.
        container = None if any(command.out.iterdir()) else self._pool.take(shape)
        if container is None:
            container = self._new(shape, command.code, command.out)
        try:
            report = container.run(command, stop)
        except BaseException:
            container.remove()
            raise
        self._pool.later(container.remove)
        self._pool.refill(shape)
        return ending.result(report, command)

    def _new(self, shape: Shape, code: Path | None = None, out: Path | None = None) -> Container:
        return Container(self._client, shape, labels=self._labels, code=code, out=out)

    def _shape(self, command: Command) -> Shape:
        inputs = [(str(path.resolve()), f"/data/{name}") for name, path in sorted(command.inputs.items())]
        packages = [(str(path.resolve()), f"/lab/packages-{n}") for n, path in enumerate(command.packages)]
        return Shape(
            image=self._image.id,
            python=self._image.python,
            path=self._image.path,
            python_path=(*self._image.python_path, *(inside for _, inside in packages)),
            binds=(*self._image.binds, *inputs, *packages),
            network=self._network if command.network else NO_NETWORK,
            limits=replace(command.limits, timeout_seconds=0, output_bytes=0),  # these are ours to hold
            gpus=command.gpus,
        )

    def _ask_packages(self) -> dict[str, str]:
        with owners.temporary_folder() as folder:
            command = trial(folder, program=_PACKAGES)
            result = self._run(command, threading.Event())
        if result.kind is not ExitKind.OK:
            raise SandboxError(f"The image {self._image.name} has no working Python: {result.stderr[-300:]}")
        return dict(json.loads(result.stdout))


class _Pool:
    """Containers that wait, for experiments of the shape that was asked for last."""

    def __init__(self, make: Callable[[Shape], Container], size: int) -> None:
        self._make = make
        self._size = size
        self._lock = threading.Lock()
        self._waiting: list[tuple[Shape, Container]] = []
        self._making = 0
        self._chores = ThreadPoolExecutor(4, thread_name_prefix="docker-chores")
        self._is_open = True

    def take(self, shape: Shape) -> Container | None:
        """Return a container that waits, or None if none of this shape does."""
        with self._lock:
            place = next((n for n, (made_for, _) in enumerate(self._waiting) if made_for == shape), None)
            if place is None:
                return None
            _, container = self._waiting.pop(place)
        if container.is_waiting:
            return container
        self.later(container.remove)
        return None

    def refill(self, shape: Shape) -> None:
        """See that as many as wanted wait, soon; those of other shapes are removed."""
        with self._lock:
            others = [container for made_for, container in self._waiting if made_for != shape]
            self._waiting = [(made_for, container) for made_for, container in self._waiting if made_for == shape]
            wanted = self._size - len(self._waiting) - self._making if self._is_open else 0
            self._making += max(0, wanted)
        for container in others:
            self.later(container.remove)
        for _ in range(wanted):
            self.later(lambda: self._add(shape))

    def later(self, chore: Callable[[], None]) -> None:
        """Do something that nobody waits for; that it fails shows in the next call to the engine."""
        try:
            self._chores.submit(_quietly, chore)
        except RuntimeError:  # closed meanwhile
            _quietly(chore)

    def close(self) -> None:
        """Remove what waits, and wait for what is being done."""
        with self._lock:
            self._is_open = False
        self._chores.shutdown(wait=True)
        for _, container in self._waiting:
            _quietly(container.remove)
        self._waiting.clear()

    def _add(self, shape: Shape) -> None:
        try:
            container = self._make(shape)
        finally:
            with self._lock:
                self._making -= 1
        with self._lock:
            if self._is_open:
                self._waiting.append((shape, container))
                return
        container.remove()


def connect() -> docker.DockerClient:
    """Return the engine that the environment names.

    Raises:
        MissingTool: If none answers within two seconds.
    """
    import docker
    import docker.errors
    import requests.exceptions

    try:
        _knock()
        client = docker.from_env(timeout=2)
        client.ping()
        client.close()
        return docker.from_env(timeout=120, max_pool_size=_RUNS_AT_ONCE)
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
        raise MissingTool(f"No Docker engine answers ({_short(error)}).", cure=CURE) from error


def is_there() -> bool:
    """Return whether there may be an engine at all; looks no further than for its address, which takes no time."""
    path = _socket_path()
    return path is None or path.exists()


def _socket_path() -> Path | None:
    """Return where a local engine listens; None for one that is reached otherwise."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    return Path(address.removeprefix("unix://")) if address.startswith("unix://") else None


def _knock() -> None:
    """See that somebody listens: the library, where nobody does, leaves a socket open."""
    path = _socket_path()
    if path is not None:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(2)
            link.connect(str(path))


def _network(client: docker.DockerClient) -> str:
    """Return the network of steps that may use one: the engine's own bridge, or without one the machine's."""
    with translated("The engine's networks cannot be listed"):
        names = {str(network.name) for network in client.networks.list()}  # pyright: ignore[reportUnknownMemberType]  # docker's stubs
    return "bridge" if "bridge" in names else "host"


def sweep(client: docker.DockerClient, *, run: str | None = None) -> list[str]:
    """Remove containers whose harness is dead, and return their names. Those of living harnesses stay.

    Args:
        client: The engine.
        run: Only those of this run; None: of all.

    Raises:
        SandboxError: If the engine does not answer.
    """
    removed: list[str] = []
    with translated("The leftovers of dead runs cannot be listed"):
        for container in client.containers.list(all=True, filters={"label": OWNER_LABEL}, ignore_removed=True):
            if run is not None and container.labels.get(RUN_LABEL) != run:
                continue
            if owners.is_dead(container.labels[OWNER_LABEL]) or _was_left(container.labels, container.status):
                discard(container)
                removed.append(str(container.name))
    return removed


def _was_left(labels: dict[str, str], status: str) -> bool:
    """Return whether a container is from before this machine was last started, and so is its harness."""
    return owners.is_of_another_boot(labels[OWNER_LABEL]) and status != "running"


def _close(pool: _Pool, threads: ThreadPoolExecutor, client: docker.DockerClient | None) -> None:
    threads.shutdown(wait=True)
    pool.close()
    if client is not None:
        client.close()


def _quietly(chore: Callable[[], None]) -> None:
    with contextlib.suppress(SandboxError):
        chore()


def _short(error: BaseException) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
