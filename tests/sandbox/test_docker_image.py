"""The standard image, built from its recipe on a real engine: on a root of Debian's, and where that fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ai_scientist.core.errors import SandboxError
from ai_scientist.sandbox.contract import ExitKind
from tests.sandbox.conformance import Workspace

if TYPE_CHECKING:
    import docker

pytestmark = pytest.mark.docker

CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"

PROGRAM = """
import lab, matplotlib, numpy, os, pandas, scipy, sklearn, statsmodels, sys
print(os.getuid() != 0, sys.prefix, numpy.__version__ != "")
"""


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    from ai_scientist.sandbox.docker import connect

    engine = connect()
    yield engine
    engine.close()


def test_an_image_that_cannot_be_built_says_how_the_build_ended(client: docker.DockerClient) -> None:
    from ai_scientist.sandbox.docker_image import build_image, find_image

    without_pip = find_image(client, None).id  # our own interpreter's: an empty root
    with pytest.raises(SandboxError, match=r"cannot be built: (?s:.)*The build ended with:\n(?s:.)*pip install"):
        build_image(client, base=without_pip)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("debootstrap") is None or os.geteuid() != 0, reason="needs debootstrap, as root")
async def test_the_recipe_gives_an_image_in_which_experiments_run(client: docker.DockerClient, tmp_path: Path) -> None:
    from ai_scientist.sandbox.docker import DockerSandbox
    from ai_scientist.sandbox.docker_image import build_image

    image = build_image(client, base=_debian(tmp_path / "root"))
    try:
        sandbox = DockerSandbox(client, image=image.name)
        folder = tmp_path / "work"
        folder.mkdir()
        result = await sandbox.run(Workspace(folder=folder).command(PROGRAM))
        sandbox.close()
        assert result.kind is ExitKind.OK, result.stderr
        assert result.stdout.split() == ["True", "/usr", "True"]
        assert sandbox.describe()["image_digest"] == image.id
    finally:
        client.images.remove(image.name, force=True)


def _debian(root: Path) -> str:
    """Import Debian's own Python as an image, since no machine of the tests may pull one."""
    packages = "python3,python3-pip,ca-certificates"
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(root)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (root / CERTIFICATES).write_bytes(Path("/", CERTIFICATES).read_bytes())  # a proxy's own authority may be among them
    (root / "usr/bin/python").symlink_to("python3")
    for mark in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        mark.unlink()
    with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as archive:
        done = subprocess.run(
            ["docker", "import", "--change", f"ENV PIP_CERT=/{CERTIFICATES}", "-", "ai-scientist-tests/debian:latest"],
            stdin=archive.stdout,
            check=True,
            capture_output=True,
            text=True,
        )
    return done.stdout.strip()
