"""The run as an RO-Crate: valid, whole, and refused where it would not be."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ai_scientist.audit.check import audit
from ai_scientist.audit.crate import NAME, build_crate, read_crate, validate_crate, write_crate
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.run_folder import RunFolder


def entities(crate: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entity["@id"]: entity for entity in crate["@graph"]}


def results(entity: dict[str, Any]) -> set[str]:
    made: Any = entity.get("result", [])
    return {one["@id"] for one in (made if isinstance(made, list) else [made])}  # pyright: ignore[reportUnknownVariableType]  # JSON


def test_a_run_becomes_a_valid_crate_and_stays_a_run_that_passes(run: RunFolder) -> None:
    assert write_crate(run) == run.path / NAME
    assert validate_crate(read_crate(run), run.path) == []
    assert audit(run).verdict == "pass"


def test_every_recorded_file_is_a_part_and_has_a_maker(honest: RunFolder) -> None:
    found = entities(build_crate(honest))
    parts = {part["@id"] for part in found["./"]["hasPart"]}
    assert {"plan.json", "results/cells.jsonl", "results/figures/bars.pdf", "paper/paper.tex"} <= parts
    made = {name for entity in found.values() for name in results(entity)}
    assert made == parts


def test_a_nodes_rows_were_made_by_its_program_on_its_seeds(honest: RunFolder) -> None:
    found = entities(build_crate(honest))
    rows = "search/nodes/n0005/rows.jsonl"
    (action,) = [e for e in found.values() if rows in results(e)]
    program = found[action["instrument"]["@id"]]
    assert program["@type"] == "SoftwareApplication"
    assert program["name"] == "Program of node n0005"
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
    assert "Seeds 100, 101" in action["description"]
    (failed,) = [e for e in found.values() if "search/nodes/n0002/stderr.txt" in results(e)]
    assert failed["actionStatus"] == "http://schema.org/FailedActionStatus"


def without_licence(crate: dict[str, Any]) -> None:
    del entities(crate)["./"]["license"]


def lost_instrument(crate: dict[str, Any]) -> None:
    next(e for e in crate["@graph"] if e["@type"] == "CreateAction")["instrument"] = {"@id": "#nobody"}


def lost_part(crate: dict[str, Any]) -> None:
    entities(crate)["./"]["hasPart"].pop()


def twice(crate: dict[str, Any]) -> None:
    crate["@graph"].append(dict(crate["@graph"][-1]))


def other_profile(crate: dict[str, Any]) -> None:
    entities(crate)["./"]["conformsTo"] = {"@id": "https://w3id.org/ro/wfrun/workflow/0.5"}


def no_time(crate: dict[str, Any]) -> None:
    next(e for e in crate["@graph"] if e["@type"] == "CreateAction")["endTime"] = "yesterday"


@pytest.mark.parametrize("spoil", [without_licence, lost_instrument, lost_part, twice, other_profile, no_time])
def test_a_crate_that_breaks_the_profile_is_not_valid(
    honest: RunFolder, spoil: Callable[[dict[str, Any]], None]
) -> None:
    crate = copy.deepcopy(build_crate(honest))
    spoil(crate)
    assert validate_crate(crate, honest.path)


def test_a_run_whose_ledger_cannot_be_read_has_no_crate(run: RunFolder) -> None:
    run.ledger.write_text("nonsense\n")
    with pytest.raises(RunCorrupted):
        write_crate(run)
    assert not (run.path / NAME).exists()
