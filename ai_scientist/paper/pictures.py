"""A PDF's pages as pictures, for readers that are models."""

# pypdfium2's types are partly unknown to strict checking:
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import io
from pathlib import Path

import pypdfium2

from ai_scientist.core.jsonl import write_atomic

MOST_PAGES = 12
"""Pages that are shown: a paper's body; what follows is appendix."""

DOTS_PER_INCH = 110
"""Letters of eight points can be read, and a page stays below a million pixels."""


def page_pictures(pdf: Path, folder: Path, *, most: int = MOST_PAGES) -> tuple[Path, ...]:
    """Draw a PDF's first pages into a folder as page-1.png, page-2.png …; nothing if it is no PDF."""
    try:
        document = pypdfium2.PdfDocument(pdf)
    except (pypdfium2.PdfiumError, OSError):
        return ()
    try:
        files: list[Path] = []
        for number in range(min(len(document), most)):
            scale = DOTS_PER_INCH / 72
            drawn = document[number].render(scale=scale)  # pyright: ignore[reportArgumentType]  # a float is meant
            picture, data = drawn.to_pil(), io.BytesIO()
            picture.save(data, format="PNG")
            files.append(folder / f"page-{number + 1}.png")
            write_atomic(files[-1], data.getvalue())
        return tuple(files)
    finally:
        document.close()
