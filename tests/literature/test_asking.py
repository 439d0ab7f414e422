from __future__ import annotations

import os
from pathlib import Path

import pytest

from ai_scientist.core.clock import FixedClock
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.settings import LiteratureSettings
from ai_scientist.literature.asking import search_as_set, take_in_own_papers
from ai_scientist.literature.library import Library
from tests.literature.services import OPENALEX_PAGE, as_json, serve


async def test_by_default_nobody_outside_is_asked_and_no_store_is_made(tmp_path: Path) -> None:
    report = await search_as_set(
        ["label noise"], LiteratureSettings(), library=Library(":memory:"), folder=tmp_path, clock=FixedClock()
    )
    assert report.offline and report.records
    assert os.listdir(tmp_path) == []


async def test_a_search_is_repeated_from_the_folder_alone(tmp_path: Path) -> None:
    with serve(lambda asked: as_json(OPENALEX_PAGE)) as service:
        settings = LiteratureSettings(sources=("openalex",), addresses={"openalex": service.address})
        first = await search_as_set(
            ["calibration"], settings, library=Library(":memory:"), folder=tmp_path, clock=FixedClock()
        )
        asked = len(service.asked)
    replay = settings.model_copy(update={"replay": True})
    again = await search_as_set(
        ["calibration"], replay, library=Library(":memory:"), folder=tmp_path, clock=FixedClock()
    )
    assert asked == 1 and not first.offline
    assert again.records == first.records and again.failures == ()
    assert again.log[-1].cached and not first.log[-1].cached


async def test_an_unknown_service_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no literature source named 'scholar'"):
        await search_as_set(
            ["x"],
            LiteratureSettings(sources=("scholar",)),
            library=Library(":memory:"),
            folder=tmp_path,
            clock=FixedClock(),
        )


def test_own_papers_are_taken_in_and_can_be_found(tmp_path: Path) -> None:
    (tmp_path / "mine.bib").write_text(
        "@article{x, title={Gloves for Octopuses}, author={Example, Ada}, year={2022}, journal={J}, "
        "abstract={Eight gloves are needed for each octopus.}}\n@article{y, title={Only}, year={2022}}"
    )
    library = Library(":memory:")
    problems = take_in_own_papers(LiteratureSettings(papers=tmp_path), library)
    assert library.search("gloves for an octopus", 1)[0].id == "example2022gloves"
    assert library.quote("example2022gloves", "Eight gloves are needed") is not None
    assert len(problems) == 1 and "lacks" in problems[0]
    assert take_in_own_papers(LiteratureSettings(), library) == ()
    take_in_own_papers(LiteratureSettings(papers=tmp_path), library)
    assert len([r for r in library.records() if r.source == "own"]) == 1


def test_a_missing_folder_of_papers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder of papers"):
        take_in_own_papers(LiteratureSettings(papers=tmp_path / "x"), Library(":memory:"))
