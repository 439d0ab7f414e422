"""Images: the standard one, built from our recipe; or an empty one, in which our own interpreter is bound."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ai_scientist.core.errors import ConfigError, SandboxError
from ai_scientist.sandbox.docker_engine import translated
from ai_scientist.sandbox.interpreter import LAB, interpreter_links, library_links, user_packages, visible_paths

if TYPE_CHECKING:
    import docker

_RECIPE = Path(__file__).with_name("image")
VARIANTS = {"cpu": "Dockerfile", "cuda": "Dockerfile.cuda"}
"""Images that can be built: name → recipe."""

_REPOSITORY = "ai-scientist/sandbox"
_EMPTY = "ai-scientist/empty"
_WAITER = Path(__file__).resolve().with_name("waiter.py")


@dataclass(frozen=True, kw_only=True)
class Image:
    """What containers are made from.

    Attributes:
        id: The engine's identifier of the image: "sha256:…".
        name: As a person calls it.
        python: The interpreter in it.
        path: PATH in it.
        python_path: Where modules lie besides the interpreter's own.
        binds: Path outside → path inside, read-only.
    """

    id: str
    name: str
    python: str
    path: str
    python_path: tuple[str, ...]
    binds: tuple[tuple[str, str], ...]


def standard_name(variant: str = "cpu") -> str:
    """Return the standard image's name; it changes with the recipe, so that a name means one content.

    Raises:
        ConfigError: If there is no recipe of that name.
    """
    parts = [(_RECIPE / _recipe(variant)).read_bytes(), (_RECIPE / "requirements.txt").read_bytes()]
    return f"{_REPOSITORY}:{variant}-{hashlib.sha256(b''.join(parts)).hexdigest()[:12]}"


def _recipe(variant: str) -> str:
    if variant not in VARIANTS:
        raise ConfigError(f"There is no image recipe {variant!r}; there are {', '.join(VARIANTS)}.")
    return VARIANTS[variant]


def build_image(client: docker.DockerClient, variant: str = "cpu", *, base: str | None = None) -> Image:
    """Build the standard image, which needs network and some minutes, and return it.

    Args:
        client: The engine.
        variant: One of VARIANTS.
        base: Image to start from, if not the recipe's own; it must have Python with pip.

    Raises:
        ConfigError: If there is no such variant.
        SandboxError: If it cannot be built; the message says what the engine said last.
    """
    name, recipe = standard_name(variant), _recipe(variant)
    arguments = {"BASE": base} if base else {}
    with translated("The image cannot be built"):
        client.images.build(
            path=str(_RECIPE), dockerfile=recipe, tag=name, rm=True, buildargs=arguments, network_mode="host"
        )
    return find_image(client, name)


def find_image(client: docker.DockerClient, name: str | None, *, with_gpus: bool = False) -> Image:
    """Return the image to use: the named one; else the standard one if it was built; else our own interpreter.

    With GPUs, the standard one with CUDA comes before the one without.

    Raises:
        SandboxError: If a named image is not there; it is never fetched unasked.
    """
    import docker.errors

    variants = ("cuda", "cpu") if with_gpus else ("cpu",)
    for wanted in (name,) if name else map(standard_name, variants):
        try:
            with_id = client.images.get(wanted)
        except docker.errors.ImageNotFound:
            continue
        except docker.errors.DockerException as error:
            raise SandboxError(f"The Docker engine does not say what images it has: {error}.") from error
        path = "/usr/local/bin:/usr/bin:/bin"
        return Image(
            id=str(with_id.id), name=wanted, python="python", path=path, python_path=("/lab",), binds=_lab_binds()
        )
    if name:
        raise SandboxError(f"The Docker image {name!r} is not on this machine. To fetch it: docker pull {name}")
    return _own_interpreter(client)


def _own_interpreter(client: docker.DockerClient) -> Image:
    """Return an image of empty folders, in which our own interpreter is bound."""
    content = _empty_root()
    name = f"{_EMPTY}:{hashlib.sha256(content).hexdigest()[:12]}"
    import docker.errors

    with translated("An empty image cannot be made"):
        try:
            identifier = client.images.get(name).id
        except docker.errors.ImageNotFound:
            repository, _, tag = name.partition(":")
            _import(client, content, repository, tag)
            identifier = client.images.get(name).id
    return Image(
        id=str(identifier),
        name=f"{name} with {sys.executable}",
        python=sys.executable,
        path=str(Path(sys.executable).parent),
        python_path=("/lab", *user_packages()),
        binds=(*((str(path), str(path)) for path in visible_paths()), *_lab_binds()),
    )


def _import(client: Any, content: bytes, repository: str, tag: str) -> None:  # the library types no part of this
    client.api.import_image_from_data(content, repository=repository, tag=tag)


def _lab_binds() -> tuple[tuple[str, str], ...]:
    return (str(LAB), "/lab/lab.py"), (str(_WAITER), "/lab/waiter.py")


@cache
def _empty_root() -> bytes:
    """Return an archive of a root: folders to bind to, and links to libraries; the same bytes every time."""
    room = io.BytesIO()
    with tarfile.open(fileobj=room, mode="w") as archive:
        for name in ("code", "data", "lab", "out", "tmp", "proc", "sys", "dev", "etc", "usr"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            archive.addfile(folder)
        for name, target in (*interpreter_links().items(), *library_links().items()):
            if target is not None:
                link = tarfile.TarInfo(name.lstrip("/"))
                link.type, link.linkname = tarfile.SYMTYPE, target
                archive.addfile(link)
    return room.getvalue()
