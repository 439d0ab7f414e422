from __future__ import annotations

import pytest

from ai_scientist.core.edits import Edit, apply_edits
from ai_scientist.core.errors import EditRejected

FILES = {"experiment.py": "a = 1\nb = 2\n"}


def test_edits_apply_in_order() -> None:
    edits = [Edit(search="a = 1", replace="a = 3"), Edit(search="a = 3", replace="a = 4")]
    assert apply_edits(FILES, edits) == {"experiment.py": "a = 4\nb = 2\n"}


def test_an_empty_search_creates_a_file() -> None:
    assert apply_edits(FILES, [Edit(search="", replace="x", file="new.py")])["new.py"] == "x"


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (Edit(search="c = 3", replace=""), "stands 0 times"),
        (Edit(search=" = ", replace=""), "stands 2 times"),
        (Edit(search="a", replace="b", file="other.py"), "stands 0 times"),
        (Edit(search="", replace="x"), "exists"),
        (Edit(search="a = 1", replace="a = 1"), "change nothing"),
    ],
)
def test_an_edit_that_does_not_apply_is_rejected(edit: Edit, why: str) -> None:
    with pytest.raises(EditRejected, match=why):
        apply_edits(FILES, [edit])
