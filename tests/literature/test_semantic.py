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
from ai_scientist.literature.semantic import SemanticIndex, require, search_both, sentence_transformer
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
        sentence_transformer()


def test_without_an_index_words_alone_decide() -> None:
    library = Library(":memory:")
    query = "label noise and calibration"
    assert search_both(library, None, query, 5) == library.search(query, 15)[:5]


def test_ranks_of_words_and_meaning_are_fused() -> None:
    library = Library(":memory:")

    class Fixed(SemanticIndex):
        def __init__(self) -> None:
            pass

        def search(self, query: str, limit: int = 10) -> tuple[str, ...]:
            return ("winters1960forecasting", "lukasik2020does", "not-in-the-library")

    found = [record.id for record in search_both(library, Fixed(), "label noise and label smoothing", 5)]
    assert found[0] == "lukasik2020does" and "winters1960forecasting" in found


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
