"""The audit as one HTML page without scripts: number → cell → rows → code line → log, each a link."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template
from pydantic import ValidationError

from ai_scientist.analysis.cells import Cell, Results, TestResult, read_results
from ai_scientist.analysis.rows import Row, read_rows, row_hash
from ai_scientist.audit.report import AuditReport, Item
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.ids import NodeId
from ai_scientist.core.jsonl import read_json
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.paper.claims import Claim, ClaimsFile

LOGGED = re.compile(r"""lab\.log\(\s*(?:metric\s*=\s*)?["']([^"']+)["']""")
"""A call of `lab.log` whose metric is written out."""

MOST_LOG = 200_000
"""Characters of a log that the page holds; the rest is in the run's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A place of the paper where a number stands."""

    place: str
    text: str
    macro: str
    address: str
    target: str
    """Anchor of what it leads to; empty if it is a setting or a count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One judged thing in the list of verdicts.

    Attributes:
        group: Its kind, as a style class.
        why: What was found about it.
        target: Anchor of what it leads to; empty if it has no place of its own on the page.
    """

    item: Item
    group: str
    why: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One metric, condition, dataset and split: its statistics and the rows behind them."""

    anchor: str
    address: str
    cells: tuple[Cell, ...]
    rows: tuple[Row, ...]
    lines: tuple[int, ...]
    """Lines of the program that log this metric."""
    printed: tuple[Used, ...] = ()
    """Where the paper prints one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The confirmed program and what it printed."""

    node: str
    code: tuple[str, ...]
    log: str


def render_page(report: AuditReport, run: RunFolder) -> str:
    """Return the page. What cannot be read in the run is left out: the findings say why."""
    results, claims = _results(run), _claims(run)
    program = _program(run, results)
    return _template().render(
        report=report,
        record=run.record(),
        lines=_verdicts(report, claims, results),
        kinds=Counter(item.kind for item in report.items),
        used=[_used(claim, results) for claim in claims],
        measured=_measured(run, results, program, claims) if results else [],
        logging=_logging(results, program),
        tests=_tests(results),
        program=program,
    )


def anchor(kind: str, address: str) -> str:
    """Return a page anchor.

    >>> anchor("cell", "ece/proposed/all/test")
    'cell-ece.proposed.all.test'
    """
    return f"{kind}-" + re.sub(r"[^A-Za-z0-9_.-]", ".", address)


def _results(run: RunFolder) -> Results | None:
    try:
        return read_results(run.results)
    except (RunCorrupted, ValidationError, KeyError):
        return None


def _claims(run: RunFolder) -> Sequence[Claim]:
    try:
        return ClaimsFile.model_validate(read_json(run.paper / "claims.json")).claims
    except (RunCorrupted, ValidationError):
        return ()


def _verdicts(report: AuditReport, claims: Sequence[Claim], results: Results | None) -> list[Line]:
    """Return everything that was judged, failures first."""
    about: dict[str, list[str]] = defaultdict(list)
    for finding in report.findings:
        for place in finding.places:
            about[place].append(finding.why)
    places = {f"paper/claims.json, {c.place}, character {c.offset}": _used(c, results).target for c in claims}
    lines = [
        Line(
            item=item,
            group=_group(item.kind),
            why=tuple(about.get(item.where, ())[:3]),
            target=places.get(item.where, "") or _place_of(item),
        )
        for item in report.items
    ]
    return sorted(lines, key=lambda line: line.item.verdict)


def _group(kind: str) -> str:
    return re.sub(r"[^a-z]", "-", kind.lower())


def _place_of(item: Item) -> str:
    """Return the anchor of a cell, a test or the code; empty for anything else."""
    if item.kind == "cell":
        return anchor("cell", item.what.rpartition("/")[0])
    return anchor("test", item.what) if item.kind == "test" else "code" if item.kind == "code" else ""


def _used(claim: Claim, results: Results | None) -> Used:
    target = ""
    if results and claim.address in results.tests:
        target = anchor("test", claim.address)
    elif results and claim.address in results.cells:
        target = anchor("cell", claim.address.rpartition("/")[0])
    return Used(place=claim.place, text=claim.text, macro=claim.macro, address=claim.address, target=target)


def _logging(results: Results | None, program: Program | None) -> dict[int, str]:
    """Return each line of the program that logs → the first cell that rests on it, so that one gets back."""
    found: dict[int, str] = {}
    if results and program:
        for cell in sorted(results.cells.values(), key=lambda cell: cell.id):
            for line in logging_lines(program.code, cell.metric):
                found.setdefault(line, anchor("cell", cell.id.rpartition("/")[0]))
    return found


def _measured(run: RunFolder, results: Results, program: Program | None, claims: Sequence[Claim]) -> list[Measured]:
    printed: dict[str, list[Used]] = defaultdict(list)
    for claim in claims:
        used = _used(claim, results)
        printed[used.target].append(used)
    rows: dict[str, Row] = {row_hash(row): row for node in results.nodes for row in _rows(run, node)}
    groups: dict[str, list[Cell]] = defaultdict(list)
    for cell in results.cells.values():
        groups[cell.id.rpartition("/")[0]].append(cell)
    found: list[Measured] = []
    for address, cells in sorted(groups.items()):
        behind = tuple(rows[name] for name in cells[0].rows if name in rows)
        found.append(
            Measured(
                anchor=anchor("cell", address),
                address=address,
                cells=tuple(sorted(cells, key=lambda cell: cell.stat)),
                rows=behind,
                lines=logging_lines(program.code, cells[0].metric) if program else (),
                printed=tuple(printed[anchor("cell", address)]),
            )
        )
    return found


def _rows(run: RunFolder, node: str) -> Sequence[Row]:
    try:
        return read_rows(run.node(NodeId(node)) / "rows.jsonl")
    except (RunCorrupted, UnicodeDecodeError):
        return ()


def logging_lines(code: Sequence[str], metric: str) -> tuple[int, ...]:
    """Return the lines that log a metric by its name, or whatever a variable names."""
    calls = [number for number, line in enumerate(code, 1) if "lab.log(" in line or "lab.predictions(" in line]
    said = {number: LOGGED.search(code[number - 1]) for number in calls}
    return tuple(number for number, literal in said.items() if literal is None or literal[1] == metric)


def _tests(results: Results | None) -> list[tuple[str, TestResult]]:
    return [(anchor("test", name), test) for name, test in sorted(results.tests.items())] if results else []


def _program(run: RunFolder, results: Results | None) -> Program | None:
    file = run.code / "experiment.py"
    node = results.nodes[0] if results and results.nodes else ""
    if not file.is_file():
        return None
    log = run.node(NodeId(node)) / "stdout.txt" if node else file.with_name("no-log")
    text = log.read_text(errors="replace") if log.is_file() else ""
    return Program(node=node, code=tuple(file.read_text(errors="replace").splitlines()), log=text[:MOST_LOG])


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["group"] = _group
    environment.filters["number"] = lambda value: f"{value:.6g}"
    return environment.from_string(resources.files("ai_scientist.audit").joinpath("report.html.j2").read_text())
