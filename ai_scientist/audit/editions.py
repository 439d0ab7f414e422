"""Whether a paper was rendered by this auditor's own edition of the package: only the same one gives the same bytes."""

from __future__ import annotations

from typing import Literal

from pydantic import ValidationError

from ai_scientist.audit.notebook import Notebook
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.jsonl import read_json
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.paper.compile import Frame
from ai_scientist.paper.edition import edition

Edition = Literal["same", "other"]


def edition_of_paper(run: RunFolder, book: Notebook) -> Edition:
    """Return whose renderer made paper and figures; "same" where nothing says otherwise."""
    try:
        told = Frame.model_validate(read_json(run.paper / "context.json")).edition
    except (RunCorrupted, ValidationError):
        return "same"
    if told == edition():
        return "same"
    book.note("The paper was rendered by another edition of this package: compared by words and numbers, not by bytes.")
    return "other"
