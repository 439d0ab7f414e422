"""The pictures of anybody's paper: missing ones, and ones that are shown twice.

Pictures are compared in two steps. A perceptual hash (imagehash) finds candidates among pictures that were scaled or
saved anew; then both are laid over each other, because two honest charts with the same axes have nearly one hash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
from PIL import Image, ImageOps
from pypdfium2 import PdfDocument, PdfiumError
from pypdfium2.raw import FPDF_PAGEOBJ_FORM, FPDF_PAGEOBJ_IMAGE

from ai_scientist.audit.notebook import Notebook
from ai_scientist.paper.read import draft_source

BITMAPS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif")
SMALLEST_POINTS = 48
"""What a PDF shows with a shorter side is an icon or a logo."""

NEAR = 30
"""Of 256 bits of a hash: more differ between pictures that are not candidates."""
COARSE = (48, 48)
LEAST_CORRELATION = 0.97
"""Between the grey levels of one picture and of itself scaled or compressed, both made coarse; two charts with one
set of axes stay below 0.9."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture and where it is shown."""

    name: str
    image: Image.Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """What two pictures are compared by."""

    bits: imagehash.ImageHash
    coarse: Image.Image


def check_pictures(draft: Path, book: Notebook) -> None:
    """Find pictures that are shown twice, also when one was scaled, mirrored or saved anew."""
    seen: list[tuple[str, Print]] = []
    for picture in _pictures(draft, book):
        book.look("picture")
        made = print_of(picture.image)
        if made is None:
            continue
        turned = print_of(ImageOps.mirror(picture.image))
        for name, other in seen:
            if is_same(made, other):
                book.find("figure", picture.name, f"It shows the same as {name}.")
                break
            if turned is not None and is_same(turned, other):
                book.find("figure", picture.name, f"It shows the same as {name}, mirrored.")
                break
        else:
            seen.append((picture.name, made))


def print_of(image: Image.Image) -> Print | None:
    """Return what a picture is compared by; None for one that shows nothing."""
    flat = Image.new("RGB", image.size, "white")
    converted = image.convert("RGBA")
    flat.paste(converted, mask=converted.getchannel("A"))
    grey = flat.convert("L")
    # What is around the drawing is no part of it: two papers crop one picture differently.
    box = ImageOps.invert(grey).point([0] * 48 + [255] * 208).getbbox()
    low, high = grey.getextrema()
    if box is None or not isinstance(low, int | float) or not isinstance(high, int | float) or high - low < 8:
        return None
    inner = grey.crop(box)
    if min(inner.size) < 8:
        return None
    return Print(bits=imagehash.phash(inner, hash_size=16), coarse=inner.resize(COARSE, Image.Resampling.BOX))


def is_same(one: Print, other: Print) -> bool:
    """Return whether two prints are of one picture."""
    if one.bits - other.bits > NEAR:
        return False
    first, second = (np.asarray(side.coarse, dtype=float).ravel() for side in (one, other))  # (48 * 48,)
    return float(np.corrcoef(first, second)[0, 1]) >= LEAST_CORRELATION


def _pictures(draft: Path, book: Notebook) -> Iterator[Picture]:
    if draft.suffix.lower() == ".pdf":
        yield from _shown_in(draft, book)
        return
    folder = draft if draft.is_dir() else draft.parent
    text = draft_source(draft)
    named = re.findall(r"\\includegraphics\s*(?:\[[^\]]*\])?\s*\{([^{}]+)\}|!\[[^\]]*\]\(([^)\s]+)", text)
    for name in dict.fromkeys(one or other for one, other in named):
        if name.startswith(("http://", "https://")):
            book.note(f"The picture {name} was not fetched.")
            continue
        file = _find(folder, name)
        if file is None:
            book.find("figure", name, "The paper shows a picture that is not there.")
            continue
        image = _open(file)
        if image is not None:
            yield Picture(name=name, image=image)
        else:
            book.note(f"The picture {name} is of a kind that cannot be read here.")


def _find(folder: Path, name: str) -> Path | None:
    for candidate in (folder / name, *(folder / f"{name}{suffix}" for suffix in (".pdf", ".eps", ".svg", *BITMAPS))):
        if candidate.resolve().is_relative_to(folder.resolve()) and candidate.is_file():
            return candidate
    found = sorted(folder.rglob(Path(name).name + ("" if Path(name).suffix else ".*")))
    return next((file for file in found if file.is_file()), None)


def _open(file: Path) -> Image.Image | None:
    """Return a file's picture, a PDF's first page drawn; None if it is of another kind, or damaged."""
    try:
        if file.suffix.lower() == ".pdf":
            with PdfDocument(file) as document:
                return _drawn(document[0], scale=2)
        if file.suffix.lower() in BITMAPS:
            with Image.open(file) as image:
                image.load()
                return image.copy()
    except (OSError, ValueError, PdfiumError):
        return None
    return None


def _drawn(page: Any, **how: Any) -> Image.Image:
    """Return a page drawn as a picture. The border of an untyped library."""
    image: Image.Image = page.render(**how).to_pil()
    return image


def _shown_in(draft: Path, book: Notebook) -> Iterator[Picture]:
    """Yield the bitmaps and the drawings (TeX's included PDFs) of a PDF, as they look on the page."""
    try:
        with PdfDocument(draft) as document:
            for number in range(len(document)):
                yield from _on_page(document[number], f"{draft.name}, page {number + 1}")
    except (PdfiumError, OSError, ValueError) as error:
        book.note(f"The PDF's pictures could not all be read: {error}")


def _on_page(page: Any, where: str) -> Iterator[Picture]:
    width, height = page.get_size()
    shown = page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE, FPDF_PAGEOBJ_FORM], max_depth=1)
    for number, one in enumerate(shown, 1):
        left, bottom, right, top = one.get_bounds()
        left, bottom, right, top = max(left, 0), max(bottom, 0), min(right, width), min(top, height)
        if min(right - left, top - bottom) >= SMALLEST_POINTS:
            crop = (left, bottom, width - right, height - top)
            yield Picture(name=f"{where}, picture {number}", image=_drawn(page, scale=2, crop=crop))
