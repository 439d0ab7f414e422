"""Figures and tables, made again from the result store and compared byte by byte."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageChops
from pydantic import ValidationError

from ai_scientist.analysis.figure_data import FigureData, NothingToDraw, TreePoint, figure_data
from ai_scientist.analysis.figures import drawing_tool, render
from ai_scientist.analysis.tables import NothingToShow, make_table
from ai_scientist.audit.brief import Tree
from ai_scientist.audit.chain import Chain
from ai_scientist.audit.editions import edition_of_paper
from ai_scientist.audit.notebook import Notebook
from ai_scientist.audit.numbers import Evidence
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.jsonl import read_json
from ai_scientist.core.plan import Plan
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.paper.document import Table


def check_figures(run: RunFolder, chain: Chain, tree: Tree, evidence: Evidence, plan: Plan, book: Notebook) -> None:
    """Check each figure's side file against the results, and its pictures against the side file."""
    points = tree_points(tree, evidence.stored.nodes)
    for side in _files(chain, "figure.drawn", run):
        name = side.relative_to(run.path).as_posix()
        book.judge("figure", name)
        try:
            data = FigureData.model_validate(read_json(side))
        except (ValidationError, RunCorrupted) as error:
            book.find("figure", name, f"The side file cannot be read: {str(error).splitlines()[0]}")
            continue
        try:
            again = figure_data(data.request, evidence.again, evidence.rows, plan, points=points)
        except (NothingToDraw, KeyError) as error:
            book.find("figure", name, f"The results do not give this figure: {error}")
            continue
        if not _alike(data, again):
            book.find("figure", name, "The figure's data are not what the results give.")
        _check_pictures(side, again, data.drawn_with, run, book)


def _alike(old: FigureData, new: FigureData) -> bool:
    return old.model_copy(update={"drawn_with": ""}) == new.model_copy(update={"drawn_with": ""})


def _check_pictures(side: Path, data: FigureData, drawn_with: str, run: RunFolder, book: Notebook) -> None:
    """Draw the pictures again and compare bytes, with another tool the look; another edition may have another look."""
    pdf, png = render(data)
    same_tool = drawn_with in ("", drawing_tool())
    if not same_tool:
        book.note(f"Figures were drawn with {drawn_with}, here is {drawing_tool()}: compared by sight, not by bytes.")
    for suffix, made in ((".pdf", pdf), (".png", png)):
        picture = side.with_suffix(suffix)
        name = picture.relative_to(run.path).as_posix()
        if not picture.is_file():
            book.find("figure", name, "The picture is missing.")
        elif picture.read_bytes() == made or (not same_tool and (suffix == ".pdf" or looks_alike(picture, made))):
            continue
        elif not same_tool and edition_of_paper(run, book) == "other":
            book.note(f"{name} looks otherwise than this edition would draw it: its data were checked, its lines not.")
        else:
            book.find("figure", name, "The picture is not what its data give when it is drawn again.")


def looks_alike(picture: Path, made: bytes) -> bool:
    """Return whether two pictures show the same: equal size, and hardly a dark pixel where the other has none.

    Another version of the drawing library moves edges by a fraction of a pixel, so both are made coarser first.
    """
    try:
        with Image.open(picture) as one, Image.open(io.BytesIO(made)) as other:
            if max(abs(one.width - other.width), abs(one.height - other.height)) > 4:
                return False
            size = (max(1, one.width // 8), max(1, one.height // 8))
            first, second = (image.convert("L").resize(size, Image.Resampling.BOX) for image in (one, other))
            extremes = ImageChops.difference(first, second).getextrema()
    except (OSError, ValueError):
        return False
    return isinstance(extremes[1], int) and extremes[1] < 64


def tree_points(tree: Tree, confirmed: Iterable[str]) -> tuple[TreePoint, ...]:
    """Return the search's nodes as its figure shows them: the search seeds' values, confirm left out."""
    chosen: set[str] = set()
    for name in confirmed:
        node = tree.get(name)
        while node is not None:
            chosen.add(node.id)
            node = tree.get(node.parents[0]) if node.parents else None
    return tuple(
        TreePoint(
            number=node.number,
            stage=node.stage,
            value=node.value,
            parent=tree[node.parents[0]].number if node.parents and node.parents[0] in tree else None,
            chosen=node.id in chosen,
        )
        for node in tree.values()
        if node.status is not None and node.stage != "confirm"
    )


def check_tables(run: RunFolder, chain: Chain, evidence: Evidence, plan: Plan, book: Notebook) -> None:
    """Make each table again from the conditions, metrics and datasets that it shows, and compare."""
    for file in _files(chain, "table.made", run):
        name = file.relative_to(run.path).as_posix()
        book.judge("table", name)
        try:
            table = Table.model_validate(read_json(file))
        except (ValidationError, RunCorrupted) as error:
            book.find("table", name, f"The table cannot be read: {str(error).splitlines()[0]}")
            continue
        shown = [tuple(cell.split("/")) for cell in re.findall(r"\\val(?:ci)?\{([^}]*)\}", table.body)]
        metrics, conditions, datasets = (list(dict.fromkeys(c[i] for c in shown if len(c) > 3)) for i in range(3))
        try:
            again = make_table(metrics, conditions, datasets, evidence.again, plan)
        except (NothingToShow, KeyError, StopIteration):
            book.find("table", name, "The results do not give this table.")
            continue
        if (table.body, table.columns) != (again.body, again.columns):
            book.find(
                "table", name, "The table is not what the results give: an entry was typed, moved or set in bold."
            )


def _files(chain: Chain, kind: str, run: RunFolder) -> list[Path]:
    """Return the .json files that events of a kind recorded, each once."""
    paths = [output.path for event in chain.of_kind(kind) for output in event.outputs]
    return [run.path / path for path in dict.fromkeys(paths) if path.endswith(".json") and (run.path / path).is_file()]
