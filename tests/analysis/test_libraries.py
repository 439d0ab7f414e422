"""A library that the method names must be imported by the program that ran, or have lent its data."""

from __future__ import annotations

import pytest

from ai_scientist.analysis.probes import Probe, libraries_used

RAN = Probe(modules=frozenset({"numpy", "torch"}))


@pytest.mark.parametrize(
    ("method", "data", "verdict"),
    [
        ("A small network.", "", "passed"),
        ("A network in PyTorch.", "", "passed"),
        ("Gradient boosting by XGBoost.", "", "warned"),
        ("The digits of scikit-learn.", "digits sklearn scikit-learn", "passed"),
        ("A forest of scikit-learn.", "digits", "warned"),
    ],
)
def test_a_named_library_is_looked_for_among_what_was_imported(method: str, data: str, verdict: str) -> None:
    assert libraries_used(method, data, frozenset(), RAN).verdict == verdict


def test_what_only_the_text_imports_counts_too() -> None:
    assert libraries_used("A forest of scikit-learn.", "", {"sklearn"}, RAN).verdict == "passed"


def test_without_a_list_of_imports_nothing_is_said() -> None:
    assert (
        libraries_used("Boosting by LightGBM.", "", frozenset(), Probe(trouble="It crashed.")).verdict == "not checked"
    )
