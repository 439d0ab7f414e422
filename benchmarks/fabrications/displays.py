"""Fabrications in figures and tables."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw

from ai_scientist.analysis.figure_data import FigureData
from ai_scientist.analysis.figures import render
from ai_scientist.core.jsonl import read_json, write_atomic, write_json
from benchmarks.fabrications.kinds import kind
from benchmarks.forger import Forger, NotApplicable


def _side(f: Forger) -> Any:
    sides = sorted((f.run.results / "figures").glob("*.json"))
    if not sides:
        raise NotApplicable("there is no figure")
    return sides[f.rng.randrange(len(sides))]


def _forged(data: FigureData, change: Callable[[dict[str, Any]], None]) -> FigureData:
    value = json.loads(data.model_dump_json())
    change(value)
    return FigureData.model_validate(value)


def _taller(value: dict[str, Any]) -> None:
    for point in value["panels"][0]["series"][-1]["points"]:
        for name in ("y", "low", "high"):
            if point[name] is not None:
                point[name] *= 0.8


@kind("number changed in a figure's picture")
def figure_picture(f: Forger) -> None:
    side = _side(f)
    pdf, png = render(_forged(FigureData.model_validate(read_json(side)), _taller))
    write_atomic(side.with_suffix(".pdf"), pdf)
    write_atomic(side.with_suffix(".png"), png)


@kind("number changed in a figure's data and picture")
def figure_data_and_picture(f: Forger) -> None:
    side = _side(f)
    data = _forged(FigureData.model_validate(read_json(side)), _taller)
    pdf, png = render(data)
    write_atomic(side.with_suffix(".pdf"), pdf)
    write_atomic(side.with_suffix(".png"), png)
    write_json(side, data.model_dump(mode="json"))


@kind("legend of a figure swapped")
def swapped_legend(f: Forger) -> None:
    for side in sorted((f.run.results / "figures").glob("*.json")):
        data = FigureData.model_validate(read_json(side))
        if data.request.kind in ("bars", "steps") and len(data.panels[0].series) > 1:

            def swap(value: dict[str, Any]) -> None:
                for panel in value["panels"]:
                    one, other = panel["series"][0], panel["series"][1]
                    one["label"], other["label"] = other["label"], one["label"]

            forged = _forged(data, swap)
            pdf, png = render(forged)
            write_atomic(side.with_suffix(".pdf"), pdf)
            write_atomic(side.with_suffix(".png"), png)
            write_json(side, forged.model_dump(mode="json"))
            return
    raise NotApplicable("no figure has a legend")


@kind("one figure shown twice under two names")
def copied_figure(f: Forger) -> None:
    sides = sorted((f.run.results / "figures").glob("*.json"))
    if len(sides) < 2:
        raise NotApplicable("there is one figure")
    for suffix in (".pdf", ".png"):
        shutil.copy(sides[0].with_suffix(suffix), sides[1].with_suffix(suffix))


def _with_table(f: Forger, change: Callable[[str], str]) -> None:
    table, *rest = f.draft.tables
    forged = table.model_copy(update={"body": change(table.body)})
    if forged.body == table.body:
        raise NotApplicable("the table has no such place")
    write_json(f.run.results / "tables" / f"{table.name}.json", forged.model_dump(mode="json"))
    f.write_paper(f.draft.model_copy(update={"tables": (forged, *rest)}))


@kind("labels of two table rows swapped")
def swapped_table_rows(f: Forger) -> None:
    one, other = rf"\cond{{{f.plan.target}}}", rf"\cond{{{f.plan.baseline.name}}}"
    _with_table(f, lambda body: body.replace(one, "@@").replace(other, one).replace("@@", other))


@kind("table entry typed")
def typed_table_entry(f: Forger) -> None:
    _with_table(f, lambda body: re.sub(r"\\valci\{[^}]*\}", "0.021 [0.018, 0.024]", body, count=1))


@kind("bold given to an entry without a test")
def undeserved_bold(f: Forger) -> None:
    def change(body: str) -> str:
        plain = re.sub(r"\\textbf\{(\\val(?:ci)?\{[^}]*\})\}", r"\1", body)
        last = list(re.finditer(r"\\val(?:ci)?\{[^}]*\}", plain))[-1]
        return plain[: last.start()] + rf"\textbf{{{last[0]}}}" + plain[last.end() :]

    _with_table(f, change)


@kind("number painted into a figure's bitmap, the vector picture made from it")
def number_in_bitmap(f: Forger) -> None:
    side = _side(f)
    with Image.open(side.with_suffix(".png")) as picture:
        painted = picture.convert("RGB")
    width, height = painted.size
    pen = ImageDraw.Draw(painted)
    pen.rectangle((width * 0.4, height * 0.4, width * 0.6, height * 0.5), fill="white")
    pen.text((width * 0.41, height * 0.41), "0.973", fill="black", font_size=max(10, height // 14))
    painted.save(side.with_suffix(".png"))
    painted.save(side.with_suffix(".pdf"))
