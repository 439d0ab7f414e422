"""Whether the baseline was tuned with a comparable budget, told from what the search's programs said of themselves."""

from __future__ import annotations

import pytest

from ai_scientist.analysis.effort import Tried, tuned_alike

START = {"rate": 0.1, "proposed/smooth": 0.0}


def varied(shared: int, own: int) -> list[Tried]:
    """Programs that each change one setting: one that all conditions share, or the proposed condition's own."""
    return [
        *(Tried(settings={**START, "rate": 0.2 + n}, before=[START]) for n in range(shared)),
        *(Tried(settings={**START, "proposed/smooth": 0.5 + n}, before=[START]) for n in range(own)),
    ]


@pytest.mark.parametrize(
    ("shared", "own", "verdict"), [(0, 3, "warned"), (1, 5, "warned"), (2, 5, "passed"), (5, 0, "passed")]
)
def test_the_baseline_has_a_fair_part_of_the_proposed_condition_s_budget(shared: int, own: int, verdict: str) -> None:
    found = tuned_alike(varied(shared, own), baseline="baseline", target="proposed")
    assert found.verdict == verdict
    assert f"varied in {shared} programs, the proposed condition's in {shared + own}" in found.why


def test_without_a_configuration_nothing_is_said() -> None:
    alone = [Tried(settings=START, before=[])]
    assert tuned_alike(alone, baseline="baseline", target="proposed").verdict == "not checked"
