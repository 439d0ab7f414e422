"""Changes to a program: search/replace edits that either apply exactly or are rejected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import Field

from ai_scientist.core.errors import EditRejected
from ai_scientist.core.values import Value


class Edit(Value):
    """One change of one file."""

    search: str = Field(description="Text that stands exactly once in the file; empty to create the file.")
    replace: str = Field(description="What stands there afterwards.")
    file: str = Field(default="experiment.py", description="Path within the program's folder.")


def apply_edits(files: Mapping[str, str], edits: Iterable[Edit]) -> dict[str, str]:
    """Return the files after the edits, applied in order.

    Raises:
        EditRejected: If a search text is missing or ambiguous, a created file exists, or nothing changed.
    """
    changed = dict(files)
    for number, edit in enumerate(edits, 1):
        if not edit.search:
            if edit.file in changed:
                raise EditRejected(f"Edit {number} creates {edit.file}, which exists.")
            changed[edit.file] = edit.replace
            continue
        found = changed.get(edit.file, "").count(edit.search)
        if found != 1:
            raise EditRejected(
                f"Edit {number}: its search text stands {found} times in {edit.file}, not once: {edit.search[:120]!r}"
            )
        changed[edit.file] = changed[edit.file].replace(edit.search, edit.replace)
    if changed == dict(files):
        raise EditRejected("The edits change nothing.")
    return changed
