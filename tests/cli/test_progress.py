"""The live display: what a person reads at eighty columns, and what a file gets."""

from __future__ import annotations

import io

from rich.console import Console

from ai_scientist.cli.progress import Display

GOAL = "try edits of the studied condition that may lower the expected calibration error, one or two at a time"


def _told(*, terminal: bool) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=terminal, color_system=None, legacy_windows=False)
    display = Display(console)
    display("stage.started", name="explore", goal=GOAL, nodes=12)
    display("node.finished", node="n0004", title="Smooth", status="ok", measure="ece", value=0.0626, best=0.05)
    display("node.finished", node="n0005", title="Smooth more", status="crashed", value=None, best=None)
    display("stage.finished", name="explore", why="patience")
    return out.getvalue().splitlines()


def test_long_lines_stay_beside_the_time_in_a_terminal() -> None:
    lines = _told(terminal=True)
    assert max(map(len, lines)) <= 80
    first, second, *_ = lines
    assert first.split()[1:3] == ["stage", "explore:"]
    assert second.startswith(" " * 8) and second.split()[-1] == "time"


def test_a_file_gets_one_line_an_event() -> None:
    assert [line.split(maxsplit=1)[1] for line in _told(terminal=False)] == [
        f"stage explore: {GOAL}",
        "n0004 Smooth: ok, ece 0.0626",
        "n0005 Smooth more: crashed",
        "stage explore over: no gain for a while",
    ]
