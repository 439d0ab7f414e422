from __future__ import annotations

import pytest

from ai_scientist.agents.offers import SHIPPED, own_data, used_of
from ai_scientist.core.plan import Choice, Dataset, LeftOut


def dataset(name: str, label: str = "data") -> Dataset:
    return Dataset.model_validate(
        {
            "name": name,
            "label": label,
            "description": "Nile, iris and wine.",
            "origin": "official",
            "source": "a package",
        }
    )


@pytest.mark.parametrize(
    ("name", "label", "used"),
    [
        ("iris", "data", ("iris",)),
        ("digits_small", "data", ("digits",)),
        ("tumours", "the breast cancer data", ("breast_cancer",)),  # and not `cancer`, which is another
        ("my_table_2", "data", ("my_table_2",)),
        ("simulated", "a simulated law", ()),
        ("fairness", "data", ()),
    ],
)
def test_a_data_set_is_known_by_the_longest_offered_name_that_it_holds(
    name: str, label: str, used: tuple[str, ...]
) -> None:
    assert used_of((*SHIPPED, *own_data(("My table (2).csv",))), (dataset(name, label),)) == used


def test_every_data_set_that_is_not_used_has_the_reason_that_names_it_or_that_of_all_others() -> None:
    left_out = (LeftOut(datasets=("b",), reason="too small"), LeftOut(datasets=("others",), reason="no classes"))
    choice = Choice(offered=("a", "b", "c"), used=("a",), left_out=left_out)
    assert choice.reasons == {"b": "too small", "c": "no classes"}
    assert Choice(offered=("a", "b"), used=("a",)).reasons == {"b": ""}
