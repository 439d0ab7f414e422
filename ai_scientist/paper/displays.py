"""Figures and tables as LaTeX floats, and where in their section they belong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ai_scientist.paper.document import Draft, Figure, Section, SectionName, Table
from ai_scientist.paper.source import Call, SourceError, Text, parse, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Float:
    """A display, rendered.

    Attributes:
        label: "fig:NAME" or "tab:NAME".
        section: Where it belongs.
        tex: The whole float.
    """

    label: str
    section: SectionName
    wide: bool
    tex: str


def figure_float(figure: Figure, caption: str) -> Float:
    """Return a figure's float; its file is found by name, on the graphics path."""
    environment = "figure*" if figure.wide else "figure"
    file = PurePosixPath(figure.file).name
    tex = "\n".join(
        (
            rf"\begin{{{environment}}}[tbp]",
            r"\centering",
            rf"\includegraphics[width=\linewidth,height=0.4\textheight,keepaspectratio]{{{file}}}",
            rf"\caption[]{{{caption}}}",
            rf"\label{{fig:{figure.name}}}",
            rf"\end{{{environment}}}",
        )
    )
    return Float(label=f"fig:{figure.name}", section=figure.section, wide=figure.wide, tex=tex)


def table_float(table: Table, body: str, caption: str) -> Float:
    """Return a table's float; one that is too wide is set smaller by the template's macro."""
    environment = "table*" if table.wide else "table"
    tex = "\n".join(
        (
            rf"\begin{{{environment}}}[tbp]",
            r"\centering",
            rf"\caption[]{{{caption}}}",
            rf"\label{{tab:{table.name}}}",
            rf"\fittable{{\begin{{tabular}}{{@{{}}{table.columns}@{{}}}}",
            body,
            r"\end{tabular}}",
            rf"\end{{{environment}}}",
        )
    )
    return Float(label=f"tab:{table.name}", section=table.section, wide=table.wide, tex=tex)


def placements(draft: Draft, floats: Sequence[Float]) -> Mapping[SectionName, list[tuple[int, str]]]:
    """Return for each section what is to be put in at which offset: a float behind the paragraph that first names it.

    A float that no paragraph of its section names stands at the section's end. A wide one can come no earlier than the
    page after the one where it is put in, so it is put in at the start of the section before its own.
    """
    placed: dict[SectionName, list[tuple[int, str]]] = {section.name: [] for section in draft.sections}
    for number, section in enumerate(draft.sections):
        for item in floats:
            if item.section != section.name:
                continue
            if item.wide:
                earlier = draft.sections[max(number - 1, 0)].name
                placed[earlier].append((0, f"{item.tex}\n\n"))
            else:
                placed[section.name].append((_after_mention(section, item.label), f"\n\n{item.tex}\n\n"))
    for inserts in placed.values():
        inserts.sort(key=lambda insert: insert[0])
    return placed


def _after_mention(section: Section, label: str) -> int:
    try:
        parts = parse(section.body)
    except SourceError:
        return len(section.body)
    mentions = [
        part.start
        for part in walk(parts)
        if isinstance(part, Call) and part.name == "ref" and part.argument(0) == label
    ]
    breaks = [
        part.start + found.end()
        for part in parts
        if isinstance(part, Text)
        for found in re.finditer(r"\n[ \t]*\n\s*", part.text)
    ]
    if not mentions:
        return len(section.body)
    return next((offset for offset in breaks if offset > mentions[0]), len(section.body))


def graphics_paths(figures: Sequence[Figure]) -> list[str]:
    """Return the folders of the figures' files, seen from the run's paper folder, each once and sorted."""
    return sorted({f"../{PurePosixPath(figure.file).parent.as_posix()}/" for figure in figures})
