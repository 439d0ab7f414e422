from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ai_scientist.core.errors import MissingTool
from ai_scientist.literature import semantic
from ai_scientist.literature.library import Library
from ai_scientist.literature.search import MEANING, search_everywhere
from ai_scientist.literature.semantic import SemanticIndex, require, sentence_transformer
from ai_scientist.literature.wording import telling

VOCABULARY = sorted({word for record in Library(":memory:").records() for word in telling(record.title)})


def by_stems(texts: Sequence[str]) -> list[list[float]]:
    """Embed by counts of stems: poor, but real vectors that need no download."""
    out: list[list[float]] = []
    for text in texts:
        found = telling(text)
        vector = [float(found.count(word)) for word in VOCABULARY]
        size = sum(x * x for x in vector) ** 0.5 or 1.0
        out.append([x / size for x in vector])
    return out


def test_without_the_extra_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str, package: str | None = None) -> None:
        return None

    monkeypatch.setattr(semantic, "find_spec", absent)
    with pytest.raises(MissingTool, match=r"chromadb and sentence_transformers") as caught:
        require()
    assert caught.value.cure == 'pip install "ai-scientist[semantic]"'
    with pytest.raises(MissingTool, match="chromadb"):
        SemanticIndex(None, by_stems)
    with pytest.raises(MissingTool):
        sentence_transformer("all-MiniLM-L6-v2")


async def test_ranks_of_words_and_meaning_are_fused() -> None:
    class Fixed:
        def search(self, query: str, limit: int = 10) -> tuple[str, ...]:
            return ("winters1960forecasting", "lukasik2020does", "not-in-the-library")

    query = "label noise and label smoothing"
    plain = await search_everywhere([query], (), Library(":memory:"))
    both = await search_everywhere([query], (), Library(":memory:"), meaning=Fixed())
    assert both.records[0].id == "lukasik2020does"
    assert "winters1960forecasting" in {record.id for record in both.records} - {record.id for record in plain.records}
    assert [(line.source, line.records) for line in both.log if line.source == MEANING] == [
        (MEANING, ("winters1960forecasting", "lukasik2020does"))
    ]
    assert both.offline and both.answered == ()


@pytest.mark.semantic
@pytest.mark.filterwarnings("ignore")
def test_an_index_on_disk_finds_papers_by_their_vectors(tmp_path: Path) -> None:
    index = SemanticIndex(tmp_path / "index", by_stems)
    assert index.search("anything") == ()
    index.add(Library(":memory:").records())
    index.add(Library(":memory:").records()[:5])
    assert "li2019understanding" in index.search("disharmony between dropout and batch normalization", 3)
    again = SemanticIndex(tmp_path / "index", by_stems)
    assert again.search("conformalized quantile regression", 2) == index.search("conformalized quantile regression", 2)


@pytest.mark.semantic
@pytest.mark.filterwarnings("ignore")
def test_a_model_on_disk_gives_the_vectors(tmp_path: Path) -> None:
    library: Any = import_module("sentence_transformers")
    bag: Any = import_module("sentence_transformers.models").BoW(vocab=["label", "noise", "forecast"])
    library.SentenceTransformer(modules=[bag]).save(str(tmp_path / "model"))
    vectors = sentence_transformer(str(tmp_path / "model"))(["label noise", "forecast"])
    assert len(vectors) == 2 and vectors[0] != vectors[1]


@pytest.mark.skipif(importlib.util.find_spec("sentence_transformers") is None, reason="the extra is not installed")
@pytest.mark.semantic
def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingTool, match="cannot be loaded"):
        sentence_transformer(str(tmp_path / "nothing"))
