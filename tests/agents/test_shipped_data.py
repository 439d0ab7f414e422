"""The data sets that prompts name are there, without a network, and as large as the prompts say."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from ai_scientist.agents.offers import SHIPPED

TEXT = Path("ai_scientist/agents/prompts/_means.md.j2").read_text()
NAMED = re.findall(r"`(\w+)` (\d+) × (\d+)", TEXT)


OFFERED = [re.search(r"(load_\w+|datasets\.(\w+)\.load_pandas).*?: (\d+) × (\d+)", offer.text) for offer in SHIPPED]


def test_a_planner_is_offered_what_other_prompts_name() -> None:
    offered = {((found[2] or found[1]), found[3], found[4]) for found in OFFERED if found}
    assert offered == set(NAMED)
    assert len(offered) == len(SHIPPED)


def _shape(name: str) -> tuple[int, int]:
    if name.startswith("load_"):
        loaded = getattr(import_module("sklearn.datasets"), name)()
    else:
        loaded = import_module(f"statsmodels.datasets.{name}").load_pandas()
    rows, columns = loaded.data.shape
    return rows, columns


def test_the_prompts_name_data_of_both_packages() -> None:
    assert len(NAMED) >= 15


@pytest.mark.parametrize(("name", "rows", "columns"), NAMED)
def test_a_named_data_set_loads_and_is_as_large_as_said(name: str, rows: str, columns: str) -> None:
    assert _shape(name) == (int(rows), int(columns))
