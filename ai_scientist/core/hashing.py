"""Content hashes: of bytes, of files, of folders, of plain JSON values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from ai_scientist.core.ids import Sha256


def sha256_bytes(data: bytes) -> Sha256:
    """Return the hash of some bytes."""
    return Sha256(hashlib.sha256(data).hexdigest())


def sha256_file(path: Path) -> Sha256:
    """Return the hash of a file's bytes, read in pieces, so that memory stays flat."""
    with path.open("rb") as file:
        return Sha256(hashlib.file_digest(file, "sha256").hexdigest())


def canonical_json(value: object) -> str:
    """Return the one JSON text of a plain value: sorted keys, no spaces, no NaN.

    Raises:
        ValueError: If the value holds NaN or an infinity.
        TypeError: If the value is not plain JSON.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_json(value: object) -> Sha256:
    """Return the hash of a plain value's canonical JSON."""
    return sha256_bytes(canonical_json(value).encode())


def sha256_files(files: Mapping[str, bytes]) -> Sha256:
    """Return the hash of a set of files: names and contents, whatever their order."""
    return sha256_json({name: sha256_bytes(data) for name, data in files.items()})
