"""The appendix's tables: every node that was tried, every number's origin, the locked plan, the quotes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ai_scientist.analysis.cells import Cell, TestResult
from ai_scientist.core.hashing import sha256_json
from ai_scientist.core.plan import Hypothesis, Plan
from ai_scientist.paper.claims import Claim, anchor, is_title, use_anchor
from ai_scientist.paper.context import RenderContext
from ai_scientist.paper.escape import Tex, escape
from ai_scientist.paper.numbers import MINUS, format_setting, to_latex

HASH_SHOWN = 10
"""Hexadecimal digits of a hash that the appendix prints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A place of the text where an entry's number stands.

    Attributes:
        anchor: Empty in titles, which cannot be linked to.
        place: Names the part once, and then counts.
    """

    anchor: str
    place: Tex


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEntry:
    """One measured quantity: all statistics of one metric, condition, dataset and split."""

    anchors: tuple[str, ...]
    address: Tex
    mean: Tex
    interval: Tex
    sd: Tex
    n: str
    rows: str
    nodes: str
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestEntry:
    """One comparison."""

    __test__ = False

    anchor: str
    id: str
    kind: str
    comparison: Tex
    method: str
    n: int
    difference: Tex
    p: Tex
    p_corrected: Tex
    family: int
    verdict: str
    rows: str
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """A setting, a fact of the data, a count or a fact of the plan."""

    anchor: str
    source: str
    key: Tex
    value: Tex
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HypothesisEntry:
    """A registered comparison, in words."""

    id: str
    statement: str
    measure: Tex


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteEntry:
    """A citation's support."""

    record: str
    text: str
    uses: tuple[Use, ...]


def rows_digest(rows: Sequence[str]) -> str:
    """Return the printed digest of a set of rows: the hash of the list of their hashes, shortened."""
    return sha256_json(list(rows))[:HASH_SHOWN]


def code(text: str) -> Tex:
    r"""Return an address in typewriter letters that may break behind its separators.

    >>> code("ece/top_5")
    '\\texttt{ece/\\allowbreak{}top\\_\\allowbreak{}5}'
    """
    safe = escape(text)
    for mark in ("/", r"\_", "-"):
        safe = Tex(safe.replace(mark, mark + r"\allowbreak{}"))
    return Tex(rf"\texttt{{{safe}}}")


def cell_entries(context: RenderContext, claims: Sequence[Claim]) -> list[CellEntry]:
    """Return the measured quantities that the paper prints, in the order of their addresses."""
    used: dict[str, list[Claim]] = {}
    for claim in claims:
        if claim.macro in ("val", "valci"):
            used.setdefault(claim.address.rpartition("/")[0], []).append(claim)
    return [_cell_entry(group, context, used[group]) for group in sorted(used)]


def _cell_entry(group: str, context: RenderContext, claims: Sequence[Claim]) -> CellEntry:
    stats = {stat: context.results.cells.get(f"{group}/{stat}") for stat in ("mean", "ci_low", "ci_high", "sd", "n")}
    named = [context.results.cells[claim.address] for claim in claims]
    first = stats["mean"] or named[0]
    low, high = stats["ci_low"], stats["ci_high"]
    n = stats["n"]
    return CellEntry(
        anchors=tuple(sorted({anchor("cell", cell.id) for cell in named})),
        address=code(group),
        mean=_plain(stats["mean"]),
        interval=Tex(f"[{_plain(low)}, {_plain(high)}]") if low and high else Tex("---"),
        sd=_plain(stats["sd"]),
        n=f"{n.value:g}" if n else "---",
        rows=f"{len(first.rows)}: {rows_digest(first.rows)}",
        nodes=", ".join(first.nodes),
        uses=uses_of(claims),
    )


def _plain(cell: Cell | None) -> Tex:
    return precise(cell.value) if cell else Tex("---")


def precise(value: float, digits: int = 6) -> Tex:
    r"""Return a number as stored, to so many significant digits.

    >>> precise(-0.1024139), precise(1e-9)
    ('\\ensuremath{-}0.102414', '\\ensuremath{10^{-9}}')
    """
    mantissa, _, exponent = f"{value:.{digits}g}".replace("-", MINUS).partition("e")
    if not exponent:
        return to_latex(mantissa)
    power = exponent.replace("+", "").replace(MINUS + "0", MINUS).lstrip("0")
    return to_latex(f"{'' if mantissa == '1' else mantissa + '×'}10^{power}")


def test_entries(context: RenderContext, claims: Sequence[Claim]) -> list[TestEntry]:
    """Return all comparisons that were made, whether the text speaks of them or not."""
    tests = sorted(context.results.tests.values(), key=lambda test: (not test.planned, test.id))
    return [_test_entry(test, [c for c in claims if c.address == test.id and c.macro in _OF_TESTS]) for test in tests]


_OF_TESTS = ("delta", "effect", "pval", "claim")


def _test_entry(test: TestResult, claims: Sequence[Claim]) -> TestEntry:
    h = test.hypothesis
    return TestEntry(
        anchor=anchor("test", test.id),
        id=test.id,
        kind="planned" if test.planned else "exploratory",
        comparison=Tex(rf"{code(h.treatment)} against {code(h.baseline)} on {code(h.metric)}"),
        method=test.method,
        n=test.n,
        difference=Tex(f"{precise(test.difference, 4)} [{precise(test.ci_low, 4)}, {precise(test.ci_high, 4)}]"),
        p=precise(test.p, 5),
        p_corrected=precise(test.p_corrected, 5),
        family=test.family,
        verdict=test.verdict,
        rows=f"{len(test.rows)}: {rows_digest(test.rows)}",
        uses=uses_of(claims),
    )


_SOURCES = {"cfg": "configuration that ran", "data": "data as loaded", "count": "journal", "plan": "locked plan"}


def key_entries(claims: Sequence[Claim]) -> list[KeyEntry]:
    """Return the settings, facts, counts and plan entries that the paper prints."""
    used: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        if claim.macro in _SOURCES:
            used.setdefault((claim.macro, claim.address), []).append(claim)
    return [
        KeyEntry(
            anchor=anchor(macro, key),
            source=_SOURCES[macro],
            key=code(key),
            value=_key_value(found[0]),
            uses=uses_of(found),
        )
        for (macro, key), found in sorted(used.items())
    ]


def _key_value(claim: Claim) -> Tex:
    if claim.value is None or isinstance(claim.value, str):
        return escape(claim.text)
    return to_latex(format_setting(claim.value))


def uses_of(claims: Iterable[Claim]) -> tuple[Use, ...]:
    """Return where claims stand, in the order of the paper's parts."""
    found: list[Use] = []
    seen: dict[str, int] = {}
    for at, place in dict.fromkeys((use_anchor(c.place, c.offset), c.place) for c in claims):
        seen[place] = seen.get(place, 0) + 1
        label = _place_label(place) if seen[place] == 1 else Tex(str(seen[place]))
        found.append(Use(anchor="" if is_title(place) else at, place=label))
    return tuple(found)


def _place_label(place: str) -> Tex:
    kind, _, name = place.partition(":")
    if kind == "figure":
        return Tex(rf"Fig.~\ref*{{fig:{name}}}")
    if kind in ("table", "caption"):
        return Tex(rf"Table~\ref*{{tab:{name}}}")
    if kind == "heading":
        return Tex(rf"heading of Sec.~\ref*{{sec:{name}}}")
    return escape(place) if place in ("title", "abstract") else Tex(rf"Sec.~\ref*{{sec:{place}}}")


def hypothesis_entries(plan: Plan) -> list[HypothesisEntry]:
    """Return the plan's hypotheses with what was to be compared."""
    return [HypothesisEntry(id=h.id, statement=h.statement, measure=_measure(h)) for h in plan.hypotheses]


def _measure(h: Hypothesis) -> Tex:
    margin = Tex(f", margin {to_latex(format_setting(h.margin))}") if h.margin else Tex("")
    where = f" on {', '.join(h.datasets)}" if h.datasets else ""
    return Tex(
        rf"{code(h.metric)} of {code(h.treatment)} against {code(h.baseline)}{escape(where)}: {h.expects}{margin}"
    )


def quote_entries(context: RenderContext, claims: Sequence[Claim]) -> list[QuoteEntry]:
    """Return the quotes that citations rest on."""
    used: dict[str, list[Claim]] = {}
    for claim in claims:
        if claim.macro == "citeq":
            used.setdefault(claim.address, []).append(claim)
    return [
        QuoteEntry(record=context.quotes[name].record, text=context.quotes[name].text, uses=uses_of(found))
        for name, found in sorted(used.items())
    ]
