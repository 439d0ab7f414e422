"""Figures: drawn from their side file and from nothing else; the same data give the same bytes.

The pictures are made for print: the size they have in the paper, text of eight points, the colours of Okabe and Ito,
which people with any kind of colour vision can tell apart, and a marker or hatch beside each colour.
"""

# matplotlib's own types leave **kwargs unknown, which strict checking would report at every drawing call:
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ai_scientist.analysis.cells import Results
from ai_scientist.analysis.figure_data import FigureData, Kind, Panel, Point, Series, TreePoint, figure_data
from ai_scientist.analysis.rows import Row
from ai_scientist.core.hashing import sha256_file
from ai_scientist.core.jsonl import write_atomic, write_json
from ai_scientist.core.plan import Plan
from ai_scientist.core.research_template import Curve

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

NARROW_INCHES, WIDE_INCHES = 3.3, 6.9
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C00")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "++++", "oo", "--")
LINES = ("-", "--", "-.", ":", "-", "--", "-.", ":")

STYLE: Mapping[RcKeyType, object] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib, so every machine draws the same letters
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "hatch.linewidth": 0.4,
    "hatch.color": "#FFFFFF",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A figure as files.

    Attributes:
        pdf: For the paper.
        png: For browsers and for models that look at pictures.
        data: The side file with every drawn number and its origin.
        wide: Whether it spans both columns.
    """

    name: str
    pdf: Path
    png: Path
    data: Path
    wide: bool

    @property
    def files(self) -> tuple[Path, Path, Path]:
        """All three."""
        return self.pdf, self.png, self.data


def draw_figure(
    curve: Curve,
    results: Results,
    rows: Sequence[Row],
    plan: Plan,
    folder: Path,
    *,
    points: Sequence[TreePoint] = (),
) -> Drawn:
    """Draw a requested figure into a folder as NAME.pdf, NAME.png and NAME.json.

    Raises:
        NothingToDraw: If there is no value for what is asked.
    """
    data = figure_data(curve, results, rows, plan, points=points)
    pdf, png = render(data)
    drawn = Drawn(
        name=curve.name,
        pdf=folder / f"{curve.name}.pdf",
        png=folder / f"{curve.name}.png",
        data=folder / f"{curve.name}.json",
        wide=data.wide,
    )
    write_atomic(drawn.pdf, pdf)
    write_atomic(drawn.png, png)
    write_json(drawn.data, data.model_copy(update={"drawn_with": drawing_tool()}).model_dump(mode="json"))
    return drawn


@cache
def drawing_tool() -> str:
    """Return the version of the library and the hash of the code that draw: only the same ones give the same bytes."""
    return f"matplotlib {mpl.__version__}, figures {sha256_file(Path(__file__))[:12]}"


def render(data: FigureData) -> tuple[bytes, bytes]:
    """Return the PDF and the PNG of a figure; the same data and the same matplotlib give the same bytes."""
    return _render(data.model_dump_json())


@lru_cache(maxsize=32)
def _render(text: str) -> tuple[bytes, bytes]:
    """Draw from the side file's text. Kept, because a review, a revision and an audit draw the same figures again."""
    data = FigureData.model_validate_json(text)
    with mpl.rc_context():
        mpl.rcdefaults()
        for name, value in STYLE.items():
            mpl.rcParams[name] = value
        figure = _layout(data)
        pdf, png = io.BytesIO(), io.BytesIO()
        FigureCanvasPdf(figure)
        figure.savefig(pdf, format="pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None})
        FigureCanvasAgg(figure)
        figure.savefig(png, format="png", metadata={"Software": None})
    return pdf.getvalue(), png.getvalue()


def _layout(data: FigureData) -> Figure:
    legend_lines = 0 if len(data.panels[0].series) < 2 else 1
    height = {"bars": 2.2, "steps": 2.2, "paired": 2.1, "tree": 2.6}[data.request.kind] + 0.15 * legend_lines
    figure = Figure(figsize=(WIDE_INCHES if data.wide else NARROW_INCHES, height))
    columns = len(data.panels)
    draw = DRAWERS[data.request.kind]
    for number, panel in enumerate(data.panels):
        axes = figure.add_subplot(1, columns, number + 1)
        draw(axes, panel, data)
        axes.set_title(panel.title)
        axes.set_xlabel(data.x_label)
        if number == 0:
            axes.set_ylabel(data.y_label)
    _legend(figure, data)
    return figure


def _legend(figure: Figure, data: FigureData) -> None:
    """One legend above the axes, never on top of a mark."""
    seen: dict[str, Artist] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            seen.setdefault(label, handle)
    if len(seen) < 2:
        return
    letters = sum(len(label) + 6 for label in seen)
    per_line = 100 if data.wide else 46
    fit = max(1, min(len(seen), len(seen) * per_line // max(letters, 1)))
    lines = math.ceil(len(seen) / fit)
    figure.legend(
        handles=list(seen.values()),
        labels=list(seen),
        loc="outside upper center",
        ncols=math.ceil(len(seen) / lines),  # no line with one left over
        handlelength=1.6,
    )


def _draw_bars(axes: Axes, panel: Panel, data: FigureData) -> None:
    width = 0.8 / len(panel.series)
    for number, series in enumerate(panel.series):
        offset = (number - (len(panel.series) - 1) / 2) * width
        axes.bar(
            [point.x + offset for point in series.points],
            [point.y for point in series.points],
            width * 0.92,
            color=COLOURS[number % len(COLOURS)],
            hatch=HATCHES[number % len(HATCHES)] or None,
            label=series.label,
        )
        _intervals(axes, series.points, offset)
    axes.set_xticks(range(len(panel.ticks)), [_wrapped(tick, 16) for tick in panel.ticks])
    axes.grid(visible=False, axis="x")
    _bar_floor(axes, panel, data)


def _bar_floor(axes: Axes, panel: Panel, data: FigureData) -> None:
    """Bars start at zero: their length is read as the value."""
    ends = [end for series in panel.series for p in series.points for end in (p.y, p.low, p.high) if end is not None]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = 0.05 * (high - low or 1.0)
    axes.set_ylim(low - (room if low < 0 else 0), high + room)


def _intervals(axes: Axes, points: Sequence[Point], offset: float) -> None:
    marked = [p for p in points if p.low is not None and p.high is not None]
    if not marked:
        return
    below = [p.y - (p.low if p.low is not None else p.y) for p in marked]
    above = [(p.high if p.high is not None else p.y) - p.y for p in marked]
    axes.errorbar(
        [p.x + offset for p in marked],
        [p.y for p in marked],
        yerr=[below, above],
        fmt="none",
        ecolor="#222222",
        elinewidth=0.9,
        capsize=2,
    )


def _draw_steps(axes: Axes, panel: Panel, data: FigureData) -> None:
    for number, series in enumerate(panel.series):
        colour = COLOURS[number % len(COLOURS)]
        x = [point.x for point in series.points]
        axes.plot(
            x,
            [point.y for point in series.points],
            LINES[number % len(LINES)],
            color=colour,
            marker=MARKERS[number % len(MARKERS)] if len(x) <= 20 else None,
            label=series.label,
        )
        if all(point.low is not None for point in series.points):
            low = [point.low if point.low is not None else point.y for point in series.points]
            high = [point.high if point.high is not None else point.y for point in series.points]
            axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def _draw_paired(axes: Axes, panel: Panel, data: FigureData) -> None:
    by_name = {series.name: series for series in panel.series}
    axes.axhline(0, color="#444444", linewidth=0.8)
    for bound in by_name["margin"].points if "margin" in by_name else ():
        label = by_name["margin"].label if bound.y > 0 else None
        axes.axhline(bound.y, color=COLOURS[2], linewidth=0.9, linestyle="--", label=label)
    seeds, mean = by_name["seeds"], by_name["mean"]
    spread = _spread(len(seeds.points))
    axes.plot(
        [point.x + dx for point, dx in zip(seeds.points, spread, strict=True)],
        [point.y for point in seeds.points],
        "o",
        color=COLOURS[0],
        alpha=0.75,
        label=seeds.label,
    )
    axes.plot([p.x for p in mean.points], [p.y for p in mean.points], "D", color=COLOURS[1], label=mean.label)
    _intervals(axes, mean.points, 0.0)
    axes.set_xlim(-0.6, 1.6)
    axes.set_xticks([0, 1], list(panel.ticks))
    axes.grid(visible=False, axis="x")


def _spread(count: int) -> list[float]:
    """Return sideways shifts that keep marks apart, the same every time."""
    return [0.0] if count == 1 else [-0.3 + 0.6 * number / (count - 1) for number in range(count)]


def _draw_tree(axes: Axes, panel: Panel, data: FigureData) -> None:
    where = {p.x: p.y for series in panel.series if series.name != "failed" for p in series.points}
    _draw_edges(axes, panel, where)
    stages = [series for series in panel.series if series.name != "failed"]
    for number, series in enumerate(stages):
        _draw_stage(axes, series, number)
    for series in panel.series:
        if series.name == "failed":
            # They have no value: they stand on the lower edge, wherever that is.
            xs, edge = [point.x for point in series.points], [0.02] * len(series.points)
            axes.plot(
                xs, edge, "x", color="#999999", label=series.label, zorder=3, transform=axes.get_xaxis_transform()
            )
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))


def _draw_edges(axes: Axes, panel: Panel, where: Mapping[float, float]) -> None:
    """Draw the lines between nodes as one mark, the chosen ones on top: a mark each would take most of the time."""
    points = [p for series in panel.series for p in series.points]
    for strong in (False, True):
        edges = [
            [(p.parent, where[p.parent]), (p.x, p.y)]
            for p in points
            if p.parent is not None and p.parent in where and (p.label == "chosen") == strong
        ]
        colour, width = ("#555555", 1.0) if strong else ("#CCCCCC", 0.6)
        axes.add_collection(LineCollection(edges, colors=colour, linewidths=width, zorder=1))


def _draw_stage(axes: Axes, series: Series, number: int) -> None:
    chosen = [point for point in series.points if point.label == "chosen"]
    axes.plot(
        [point.x for point in series.points],
        [point.y for point in series.points],
        color=COLOURS[number % len(COLOURS)],
        marker=MARKERS[number % len(MARKERS)],
        linestyle="none",
        label=series.label,
        zorder=3,
    )
    if chosen:
        xs, ys = [point.x for point in chosen], [point.y for point in chosen]
        axes.plot(xs, ys, "o", markersize=8, markerfacecolor="none", markeredgecolor="#333333", zorder=2)


def _wrapped(text: str, width: int) -> str:
    """Return a label broken into lines at spaces."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


DRAWERS: Mapping[Kind, Callable[[Axes, Panel, FigureData], None]] = {
    "bars": _draw_bars,
    "steps": _draw_steps,
    "paired": _draw_paired,
    "tree": _draw_tree,
}
