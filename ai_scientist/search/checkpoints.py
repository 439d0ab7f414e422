"""Checkpoints: each node's program as a commit in a bare git repository, written without starting git.

Objects are git's own loose objects, each written beside its place and then renamed into it, the ref last; so after a
crash there is either a whole checkpoint with its ref, or objects that nothing names. Git reads the repository as any
other, and objects that git has packed are read through git.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import subprocess
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

from ai_scientist.core.errors import EditRejected, RunCorrupted, TransientError
from ai_scientist.core.ids import CheckpointId, NodeId
from ai_scientist.core.jsonl import write_atomic

EPOCH = 1_767_225_600
"""2026-01-01T00:00:00Z. Node n is dated n seconds later, so that equal histories have equal commits."""

AUTHOR = "AI Scientist <search@ai-scientist.invalid>"
RECENT = 256
"""Checkpoints kept in memory, because a parent is read again for each of its children."""

_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n[gc]\n\tauto = 0\n"
Kind = Literal["blob", "tree", "commit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """A node's program.

    Attributes:
        id: The commit.
        tree: Git's hash of the files: equal programs have equal hashes.
        parents: The parents' commits.
        files: Path → text.
    """

    id: CheckpointId
    tree: str
    parents: tuple[CheckpointId, ...]
    files: Mapping[str, str]


class Checkpoints:
    """A bare git repository; a node is a commit whose parents are its parents' commits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._objects = str(path / "objects")
        self._folders: set[str] = set()
        self._recent: OrderedDict[CheckpointId, StoredCheckpoint] = OrderedDict()
        self._temporary = count()
        self._is_there = False

    def commit(
        self, files: Mapping[str, str], *, parents: Sequence[CheckpointId], message: str, number: int
    ) -> StoredCheckpoint:
        """Store a node's program and return it; `refs/nodes/n…` points to it from then on.

        Args:
            files: Path → text.
            parents: The parents' checkpoints, in order.
            message: Subject, and after an empty line more.
            number: The node's number, which also dates the commit.

        Raises:
            EditRejected: If a path leads out of the folder, is a folder of another, or a text is no text.
            TransientError: If the repository cannot be written; nothing names what was.
        """
        objects: list[tuple[str, bytes]] = []
        tree = _build_tree(files, objects)
        moment = f"{AUTHOR} {EPOCH + number} +0000"
        lines = [f"tree {tree}", *(f"parent {p}" for p in parents), f"author {moment}", f"committer {moment}"]
        body = "\n".join([*lines, "", message.strip(), ""]).encode("utf-8", "replace")
        commit = CheckpointId(_add("commit", body, objects))
        try:
            self._create()
            for name, data in objects:
                self._write(name, data)
            self._point(f"refs/nodes/n{number:04d}", commit)
        except OSError as error:
            raise TransientError(f"{self.path} cannot be written: {error.strerror or error}.") from error
        stored = StoredCheckpoint(id=commit, tree=tree, parents=tuple(parents), files=dict(files))
        self._remember(stored)
        return stored

    def point(self, branch: str, checkpoint: CheckpointId) -> None:
        """Let a branch stand at a checkpoint: "main" is what `git clone` checks out."""
        self._create()
        self._point(f"refs/heads/{branch}", checkpoint)

    def load(self, checkpoint: CheckpointId) -> StoredCheckpoint:
        """Return a node's program.

        Raises:
            RunCorrupted: If the checkpoint or one of its files is missing or damaged.
        """
        if checkpoint in self._recent:
            self._recent.move_to_end(checkpoint)
            return self._recent[checkpoint]
        head = self._read(checkpoint, "commit").decode("utf-8", "replace").partition("\n\n")[0].splitlines()
        tree = next(line[5:] for line in head if line.startswith("tree "))
        parents = tuple(CheckpointId(line[7:]) for line in head if line.startswith("parent "))
        files = dict(self._walk(tree, ""))
        stored = StoredCheckpoint(id=checkpoint, tree=tree, parents=parents, files=files)
        self._remember(stored)
        return stored

    def of_node(self, node: NodeId) -> CheckpointId:
        """Return the checkpoint that a node's ref names.

        Raises:
            RunCorrupted: If there is no such ref.
        """
        name = f"refs/nodes/{node}"
        try:
            return CheckpointId((self.path / name).read_text().strip())
        except OSError as error:
            packed = self.path / "packed-refs"
            for line in packed.read_text().splitlines() if packed.exists() else []:
                if line.endswith(f" {name}"):
                    return CheckpointId(line.split(" ")[0])
            raise RunCorrupted(f"{self.path} has no checkpoint of {node}.") from error

    def materialise(self, checkpoint: CheckpointId, folder: Path) -> None:
        """Write a checkpoint's files into a folder, which is made if it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.load(checkpoint).files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())

    def diff(self, before: CheckpointId | None, after: CheckpointId) -> str:
        """Return what changed between two checkpoints as a unified diff; None stands for the empty program."""
        old = self.load(before).files if before else dict[str, str]()
        return diff_files(old, self.load(after).files)

    def _create(self) -> None:
        if self._is_there or (self.path / "HEAD").exists():
            self._is_there = True
            return
        for part in ("objects/info", "objects/pack", "refs/heads", "refs/nodes"):
            (self.path / part).mkdir(parents=True, exist_ok=True)
        write_atomic(self.path / "config", _CONFIG.encode())
        write_atomic(self.path / "HEAD", b"ref: refs/heads/main\n")

    def _remember(self, stored: StoredCheckpoint) -> None:
        self._recent[stored.id] = stored
        while len(self._recent) > RECENT:
            self._recent.popitem(last=False)

    def _write(self, name: str, data: bytes) -> None:
        """Store an object, unless it is there; readers see it whole or not at all."""
        folder = f"{self._objects}/{name[:2]}"
        place = f"{folder}/{name[2:]}"
        if os.path.exists(place):
            return
        self._make(folder)
        self._replace(place, f"{self._objects}/tmp_obj", zlib.compress(data, 1), 0o444)

    def _point(self, ref: str, checkpoint: CheckpointId) -> None:
        place = f"{self.path}/{ref}"
        self._make(os.path.dirname(place))
        self._replace(place, f"{self.path}/tmp_ref", f"{checkpoint}\n".encode(), 0o644)

    def _make(self, folder: str) -> None:
        """Make a folder, unless this object did so before."""
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)
            self._folders.add(folder)

    def _replace(self, place: str, temporary: str, data: bytes, mode: int) -> None:
        """Write a file beside its place and move it there."""
        name = f"{temporary}_{os.getpid()}_{next(self._temporary)}"
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(file, left) :]
        finally:
            os.close(file)
        try:
            os.replace(name, place)
        except FileNotFoundError:  # git removes folders that it has packed empty
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.replace(name, place)

    def _read(self, name: str, kind: Kind) -> bytes:
        try:
            data = zlib.decompress(Path(self._objects, name[:2], name[2:]).read_bytes())
        except FileNotFoundError:
            return self._read_packed(name, kind)
        except (OSError, zlib.error) as error:
            raise RunCorrupted(f"{self.path}: object {name} cannot be read: {error}") from error
        if hashlib.sha1(data, usedforsecurity=False).hexdigest() != name:
            raise RunCorrupted(f"{self.path}: object {name} is not what it was.")
        head, _, body = data.partition(b"\0")
        if not head.startswith(kind.encode()):
            raise RunCorrupted(f"{self.path}: {name} is no {kind}.")
        return body

    def _read_packed(self, name: str, kind: Kind) -> bytes:
        try:
            done = subprocess.run(
                ["git", "--git-dir", str(self.path), "cat-file", kind, name], capture_output=True, check=True
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise RunCorrupted(f"{self.path} has no {kind} {name}.") from error
        return done.stdout

    def _walk(self, tree: str, prefix: str) -> Iterator[tuple[str, str]]:
        data = self._read(tree, "tree")
        while data:
            head, _, rest = data.partition(b"\0")
            mode, _, name = head.partition(b" ")
            sha, data = rest[:20].hex(), rest[20:]
            path = prefix + name.decode()
            if mode == b"40000":
                yield from self._walk(sha, path + "/")
            else:
                yield path, self._read(sha, "blob").decode("utf-8", "replace")


def tree_hash(files: Mapping[str, str]) -> str:
    """Return git's hash of a set of files, without storing them.

    Raises:
        EditRejected: If a path leads out of the folder, is a folder of another, or a text is no text.
    """
    return _build_tree(files, [])


def diff_files(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """Return what changed between two sets of files as a unified diff."""
    parts: list[str] = []
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            before, after = (files[name].splitlines() if name in files else [] for files in (old, new))
            sides = (f"a/{name}" if name in old else "/dev/null", f"b/{name}" if name in new else "/dev/null")
            parts += difflib.unified_diff(before, after, *sides, lineterm="")
    return "\n".join(parts) + "\n" if parts else ""


def _add(kind: Kind, body: bytes, objects: list[tuple[str, bytes]]) -> str:
    data = b"%s %d\0" % (kind.encode(), len(body)) + body
    name = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    objects.append((name, data))
    return name


def _build_tree(files: Mapping[str, str], objects: list[tuple[str, bytes]]) -> str:
    """Add blobs and trees of the files, deepest first, and return the hash of the outermost tree."""
    here: dict[str, str] = {}
    folders: dict[str, dict[str, str]] = {}
    for path, text in files.items():
        name, slash, rest = path.partition("/")
        if not name or name in (".", "..") or name.lower() == ".git" or "\0" in path or "\\" in path:
            raise EditRejected(f"A program cannot hold a file named {path!r}.")
        if slash:
            folders.setdefault(name, {})[rest] = text
        else:
            here[name] = text
    if clash := here.keys() & folders.keys():
        raise EditRejected(f"{min(clash)!r} cannot be a file and a folder.")
    entries: list[tuple[bytes, bytes]] = []
    for name, text in here.items():
        key = _encode(name)
        entries.append((key, b"100644 %s\0" % key + bytes.fromhex(_add("blob", _encode(text), objects))))
    for name, inner in folders.items():
        key = _encode(name)
        entries.append((key + b"/", b"40000 %s\0" % key + bytes.fromhex(_build_tree(inner, objects))))
    return _add("tree", b"".join(entry for _, entry in sorted(entries)), objects)


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise EditRejected(f"A program's files and names must be text; {text[:40]!r} … is not: {error}") from error
