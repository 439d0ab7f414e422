"""Search by meaning: an index of records in Chroma, with embeddings of a local sentence-transformers model.

An extra. Without it everything works by words; asking for it says how to install it. The model is loaded from disk or
from the hub that sentence-transformers uses; nothing is downloaded unless somebody asks for this index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ai_scientist.core.errors import MissingTool
from ai_scientist.literature.records import Record

CURE = 'pip install "ai-scientist[semantic]"'

Embed = Callable[[Sequence[str]], list[list[float]]]
"""Gives each text its vector."""


def require() -> None:
    """Fail if the extra is not installed.

    Raises:
        MissingTool: Naming the command that installs it.
    """
    missing = [package for package in ("chromadb", "sentence_transformers") if find_spec(package) is None]
    if missing:
        raise MissingTool(f"Search by meaning needs {' and '.join(missing)}.", cure=CURE)


@cache
def sentence_transformer(model: str) -> Embed:
    """Return the embedding of a sentence-transformers model, given by name or folder.

    Raises:
        MissingTool: If the extra is not installed, or the model is neither on disk nor to be had.
    """
    require()
    try:
        loaded: Any = import_module("sentence_transformers").SentenceTransformer(model)
    except (OSError, ValueError) as error:
        raise MissingTool(
            f"The model {model} cannot be loaded: {error}.", cure=f"download {model} and give its folder"
        ) from error

    def embed(texts: Sequence[str]) -> list[list[float]]:
        vectors: Any = loaded.encode(list(texts), normalize_embeddings=True)
        return [[float(x) for x in vector] for vector in vectors]

    return embed


class SemanticIndex:
    """Records by meaning. Built from a library at any time; what is on disk may be thrown away.

    Args:
        folder: Where Chroma keeps it; None keeps it in memory.
        embed: See `sentence_transformer`.

    Raises:
        MissingTool: If Chroma is not installed.
    """

    def __init__(self, folder: Path | None, embed: Embed) -> None:
        if find_spec("chromadb") is None:
            raise MissingTool("Search by meaning needs chromadb.", cure=CURE)
        chromadb: Any = import_module("chromadb")
        quiet: Any = import_module("chromadb.config").Settings(anonymized_telemetry=False)
        client: Any = (
            chromadb.PersistentClient(path=str(folder), settings=quiet)
            if folder
            else chromadb.EphemeralClient(settings=quiet)
        )
        self._embed = embed
        self._kept: Any = client.get_or_create_collection("records", metadata={"hnsw:space": "cosine"})

    def add(self, records: Iterable[Record]) -> None:
        """Take in records; one that is there already is replaced."""
        new = list(records)
        if not new:
            return
        texts = [f"{record.title}. {record.text or record.summary}" for record in new]
        self._kept.upsert(ids=[record.id for record in new], embeddings=self._embed(texts), documents=texts)

    def search(self, query: str, limit: int = 10) -> tuple[str, ...]:
        """Return the ids of the records nearest in meaning, best first."""
        if not self._kept.count():
            return ()
        found: Any = self._kept.query(
            query_embeddings=self._embed([query]), n_results=min(limit, self._kept.count()), include=["distances"]
        )
        ranked = sorted(zip(found["distances"][0], found["ids"][0], strict=True), key=lambda p: (round(p[0], 6), p[1]))
        return tuple(str(key) for _, key in ranked)
