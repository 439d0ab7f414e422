"""The data sets that prompts name are there, without a network, and as large as the prompts say."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

TEXT = Path("ai_scientist/agents/prompts/_means.md.j2").read_text()
NAMED = re.findall(r"`(\w+)` (\d+) × (\d+)", TEXT)


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
