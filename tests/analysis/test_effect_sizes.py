from __future__ import annotations

import math

import pytest

from ai_scientist.analysis import statistics


@pytest.mark.parametrize(
    "differences", [[0.1, 0.9, -0.4, 0.3, 0.2], [-0.02, -0.03, 0.01, -0.05, -0.01], [5.0, 5.1, 4.9]]
)
@pytest.mark.parametrize("scale", [1e-6, 1.0, -1.0, -37.5])
def test_an_effect_size_has_a_finite_interval_around_it_at_every_scale(differences: list[float], scale: float) -> None:
    effect = statistics.cohens_d([scale * difference for difference in differences])
    assert effect is not None
    assert effect.low < effect.value < effect.high
    assert math.isfinite(effect.low) and math.isfinite(effect.high)
