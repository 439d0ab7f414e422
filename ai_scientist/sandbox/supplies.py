"""What experiments need but may not fetch: packages beyond the standard ones, and prepared data.

Both are made once, in a step of their own, kept under the hash of what they were made from, and shown to experiments
read-only. A supply is either whole or not there: it is made aside and moved to its place. It is made in the same
sandbox as experiments are, so that what runs at a package's installation sees no key either.
"""

from __future__ import annotations

import os
import platform
import secrets
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from ai_scientist.core.errors import ConfigError, MissingTool, RunCorrupted, SandboxError
from ai_scientist.core.hashing import sha256_file, sha256_json
from ai_scientist.core.jsonl import read_json, write_json
from ai_scientist.core.values import Value
from ai_scientist.sandbox.contract import Command, ExitKind, Limits, Sandbox
from ai_scientist.sandbox.leftovers import make_plain

INSTALL_LIMITS = Limits(timeout_seconds=1800, memory_bytes=4 * 1024**3, cpus=2, processes=256, disk_bytes=16 * 1024**3)


class SupplyRecord(Value):
    """What supply.json says beside a supply."""

    schema_version: int = 1
    kind: str
    key: str
    made_from: dict[str, str]
    files: dict[str, str]
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """Something made for experiments, on this machine.

    Attributes:
        key: Hash of what it was made from: its name in the store.
        folder: What experiments see.
        made_from: Name → hash or version of everything that decides what it is.
        files: Path → SHA-256, as they were when it was made.
        sha256: Of all files together.
        was_there: Whether it had been made before.
    """

    key: str
    folder: Path
    made_from: Mapping[str, str]
    files: Mapping[str, str] = field(repr=False)
    sha256: str
    was_there: bool

    def verify(self) -> None:
        """Compare every file with what it was.

        Raises:
            RunCorrupted: If a file was changed, added or removed.
        """
        found = _hashes(self.folder)
        for name in sorted(found.keys() | self.files.keys()):
            if found.get(name) != self.files.get(name):
                raise RunCorrupted(f"{self.folder / name} is not what it was when it was prepared.")


async def install_requirements(
    sandbox: Sandbox, file: Path, *, store: Path, limits: Limits = INSTALL_LIMITS, make: bool = True
) -> Supply:
    """Return the packages that a requirements file names, installed for this interpreter.

    The step has network, and sees the requirements file and where packages come from (an index, a proxy, certificates,
    as your environment and pip.conf name them). Wheels only: a source package would run its own program while it is
    built, and could read those.

    Args:
        sandbox: Where pip runs.
        file: As pip reads it.
        store: Folder under which supplies are kept, by key.
        limits: Of the step.
        make: Whether to install them, if they are not in the store.

    Raises:
        ConfigError: If the file cannot be read, or its packages are not there and cannot be installed; says what the
            installer said.
        MissingTool: If the interpreter has no pip.
        SandboxError: If the sandbox itself cannot work.
    """
    made_from = {
        "requirements": _hash_of(file),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "sandbox": sandbox.describe().get("image_digest", sys.prefix),
    }
    files, told = _sources()
    recipe = _Recipe(
        kind="packages",
        made_from=made_from,
        files={"install.py": _INSTALL},
        argv=("python", "install.py"),
        inputs={"requirements.txt": file, **files},
        network=True,
        limits=limits,
        environment=told,
    )
    return await _make(recipe, sandbox, store, make=make)


async def prepare_data(
    sandbox: Sandbox,
    script: Path,
    *,
    store: Path,
    limits: Limits,
    inputs: Mapping[str, Path] | None = None,
    network: bool = False,
    packages: tuple[Path, ...] = (),
    make: bool = True,
) -> Supply:
    """Return the data that a script of the user's makes, once.

    The script is a Python program that writes to OUT_DIR; what it leaves there is hashed, and shown to experiments.

    Args:
        sandbox: Where it runs.
        script: The program.
        store: Folder under which supplies are kept, by key.
        limits: Of the step.
        inputs: Name → folder or file that it may read at DATA_DIR/NAME.
        network: Only if the user said so.
        packages: Folders of packages that it may import besides the interpreter's own.
        make: Whether to run it, if its data are not in the store.

    Raises:
        ConfigError: If the script cannot be read, fails, or leaves nothing; says what it printed last.
        SandboxError: If the sandbox itself cannot work.
    """
    inputs = dict(inputs or {})
    made_from = {"script": _hash_of(script), "network": str(network)}
    made_from |= {f"packages {number}": path.parent.name for number, path in enumerate(packages)}
    made_from |= {f"input {name}": sha256_json(_hashes(path)) for name, path in inputs.items()}
    recipe = _Recipe(
        kind="data",
        made_from=made_from,
        files={"prepare.py": _text_of(script)},
        argv=("python", "prepare.py"),
        inputs=inputs,
        network=network,
        limits=limits,
        packages=packages,
    )
    return await _make(recipe, sandbox, store, make=make)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipe:
    kind: str
    made_from: dict[str, str]
    files: Mapping[str, str]
    argv: tuple[str, ...]
    inputs: Mapping[str, Path]
    network: bool
    limits: Limits
    packages: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


async def _make(recipe: _Recipe, sandbox: Sandbox, store: Path, *, make: bool) -> Supply:
    key = sha256_json({"kind": recipe.kind, **recipe.made_from})[:24]
    place = store / recipe.kind / key
    record = place / "supply.json"
    if record.exists():  # a moment, once a run
        return _open(place, was_there=True)
    if not make:
        raise ConfigError(f"The {recipe.kind} that this needs were not made on this machine.")
    aside = store / recipe.kind / f".{key}-{os.getpid()}-{secrets.token_hex(3)}"
    try:
        await _fill(recipe, key, sandbox, aside)
        _move(aside, place)
    except OSError as error:
        raise SandboxError(f"{place} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return _open(place, was_there=False)


def _move(aside: Path, place: Path) -> None:
    try:
        aside.rename(place)
    except OSError:
        if not (place / "supply.json").exists():  # else another run was quicker, with the same
            raise


async def _fill(recipe: _Recipe, key: str, sandbox: Sandbox, folder: Path) -> None:
    """Run the step, and write down what came of it."""
    content, code = folder / "content", folder / "code"
    content.mkdir(parents=True)
    code.mkdir()
    for name, text in recipe.files.items():
        (code / name).write_text(text)
    command = Command(
        argv=recipe.argv,
        code=code,
        out=content,
        stdout=folder / "stdout.txt",
        stderr=folder / "stderr.txt",
        limits=recipe.limits,
        inputs=recipe.inputs,
        environment=recipe.environment,
        packages=recipe.packages,
        network=recipe.network,
    )
    result = await sandbox.run(command)
    if result.kind is not ExitKind.OK:
        words = (result.stderr.strip() or result.stdout.strip() or "it printed nothing")[-1500:]
        if "No module named pip" in words:
            raise MissingTool(
                "The interpreter of experiments has no pip.", cure="python -m ensurepip, or pip install pip"
            )
        raise ConfigError(f"The {recipe.kind} could not be prepared ({result.kind.value}): {words}")
    make_plain(content, executable=recipe.kind == "packages")
    files = _hashes(content)
    if not files:
        raise ConfigError(f"The step that prepares the {recipe.kind} left nothing in OUT_DIR.")
    record = SupplyRecord(kind=recipe.kind, key=key, made_from=recipe.made_from, files=files, sha256=sha256_json(files))
    write_json(folder / "supply.json", record.model_dump(mode="json"))


def _open(place: Path, *, was_there: bool) -> Supply:
    try:
        record = SupplyRecord.model_validate(read_json(place / "supply.json"))
    except ValidationError as error:
        raise RunCorrupted(f"{place / 'supply.json'} is not what was written there: {error}") from error
    supply = Supply(
        key=record.key,
        folder=place / "content",
        made_from=record.made_from,
        files=record.files,
        sha256=record.sha256,
        was_there=was_there,
    )
    if was_there:
        supply.verify()
    return supply


def _sources() -> tuple[dict[str, Path], dict[str, str]]:
    """Return files and variables that say where packages come from, and whom to trust: as your own pip has them."""
    names = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
    kinds = ("PIP_INDEX", "PIP_EXTRA_INDEX", "PIP_TRUSTED", "PIP_DEFAULT_TIMEOUT")
    told = {name: value for name, value in os.environ.items() if name.upper() in names or name.startswith(kinds)}
    files: dict[str, Path] = {}
    for settings in (Path.home() / ".config/pip/pip.conf", Path.home() / ".pip/pip.conf", Path("/etc/pip.conf")):
        if settings.is_file():
            files["pip.conf"] = settings
            break
    for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        if (certificates := Path(os.environ.get(name, ""))).is_file():
            files["certificates.pem"] = certificates.resolve()
            break
    return files, told


def _hash_of(file: Path) -> str:
    try:
        return sha256_file(file)
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}.") from error


def _hashes(path: Path) -> dict[str, str]:
    """Return the hash of each file below a folder, by path; of a file, its own."""
    if path.is_file():
        return {path.name: sha256_file(path)}
    return {str(f.relative_to(path)): sha256_file(f) for f in sorted(path.rglob("*")) if f.is_file()}


_INSTALL = """
import os, shutil, subprocess, sys

data, out = os.environ["DATA_DIR"], os.environ["OUT_DIR"]
aside = out + "/.aside"   # pip unpacks there first; folders in memory are too small for large packages
os.mkdir(aside)
os.environ["TMPDIR"] = aside
for name, file in (("PIP_CONFIG_FILE", "pip.conf"), ("PIP_CERT", "certificates.pem")):
    if os.path.exists(data + "/" + file):
        os.environ[name] = data + "/" + file
common = ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--no-warn-script-location"]
argv = [sys.executable, "-m", "pip", "install", *common, "--only-binary", ":all:", "--target", out]
code = subprocess.run([*argv, "--requirement", data + "/requirements.txt"]).returncode
shutil.rmtree(aside)
sys.exit(code)
"""
