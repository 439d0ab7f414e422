"""What a test says to a reader: its direction, size, certainty and agreement, as words that sentences depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ai_scientist.analysis.cells import Results, TestResult, Verdict, address
from ai_scientist.core.ids import CellId
from ai_scientist.core.plan import ABLATION_PREFIX, Hypothesis, Metric, Plan

Size = Literal["minute", "small", "moderate", "large", "very large", "unknown"]
Steadiness = Literal["steady", "clear", "visible", "swamped", "unknown"]
Certainty = Literal["beyond doubt", "passes", "lost to correction", "fails", "could not pass"]
Agreement = Literal["all", "some level", "most", "split", "only", "alone"]
Lean = Literal["as predicted", "against", "none"]

LEAST_P_EXACT_BELOW = 10
"""Below this many pairs the harness uses the exact sign-flip test, whose p-value cannot fall under a known bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One test, read.

    Attributes:
        size: Of the difference, relative to the baseline's mean; "unknown" where zero is no natural origin.
        steadiness: Of the difference, relative to its spread between seeds.
        certainty: What the corrected test makes of it; "could not pass" if so few seeds can never pass.
        agreement: How many data sets point the way of the mean: "alone" if there is but one data set, "only" if a
            single one does and others do not, "some level" if none dissents but some show nothing.
        dissent: Data sets whose means are ordered the other way by more than their standard error.
        level: Data sets whose means lie within a standard error of each other.
        is_torn: Whether a data set dissents by more than twice its standard error, which chance seldom does.
        by_dataset: Treatment minus baseline on each data set, largest in size first.
        lean: Where the estimate of an open test points, if it points anywhere beyond its spread.
        excludes_large: Whether the interval leaves room for small effects only; speaks of open tests.
    """

    test: TestResult
    metric: Metric
    size: Size
    steadiness: Steadiness
    certainty: Certainty
    agreement: Agreement
    dissent: tuple[str, ...]
    level: tuple[str, ...]
    is_torn: bool
    by_dataset: dict[str, float]
    lean: Lean
    excludes_large: bool

    @property
    def id(self) -> str:
        """The test's id."""
        return self.test.id

    @property
    def hypothesis(self) -> Hypothesis:
        """What was registered."""
        return self.test.hypothesis

    @property
    def verdict(self) -> Verdict:
        """What the corrected test says of the hypothesis."""
        return self.test.verdict

    @property
    def is_equivalence(self) -> bool:
        """Whether it was registered as a claim of no relevant difference."""
        return self.hypothesis.expects == "equivalent"

    @property
    def is_beyond_margin(self) -> bool:
        """Whether the whole interval of a difference lies outside the margin of agreement."""
        margin = self.hypothesis.margin
        return margin is not None and (self.test.ci_low > margin or self.test.ci_high < -margin)

    @property
    def is_ablation(self) -> bool:
        """Whether the baseline is the treatment with a part left out."""
        return self.hypothesis.baseline.startswith(ABLATION_PREFIX)

    @property
    def is_more(self) -> bool:
        """Whether the treatment's mean is the higher one."""
        return self.test.difference > 0

    @property
    def is_gain(self) -> bool:
        """Whether the treatment's mean is the better one by the metric's direction."""
        return self.is_more == (self.metric.direction == "higher")


def read(test: TestResult, results: Results, plan: Plan) -> Finding:
    """Return a test as sentences need it."""
    metric = plan.metric(test.hypothesis.metric)
    by_dataset = _by_dataset(test, results, plan)
    agreement, dissent, level = _agreement(test, by_dataset, results, plan)
    return Finding(
        test=test,
        metric=metric,
        size=_size(test, metric, results, plan),
        steadiness=_steadiness(test.effect),
        certainty=_certainty(test),
        agreement=agreement,
        dissent=dissent,
        level=level,
        is_torn=any(abs(by_dataset[name]) > 2 * _noise(test, results, plan, name) for name in dissent),
        by_dataset=by_dataset,
        lean=_lean(test),
        excludes_large=_excludes_large(test, metric, results, plan),
    )


def mean_of(results: Results, plan: Plan, metric: str, condition: str, dataset: str = "all") -> float | None:
    """Return a condition's mean, or None if it was not measured."""
    cell = results.cells.get(address(metric, condition, dataset, plan.split, "mean"))
    return cell.value if cell else None


def base(plan: Plan, metric: str, condition: str, dataset: str = "all") -> CellId:
    r"""Return the address that \valci takes: a cell's without its stat."""
    return CellId(f"{metric}/{condition}/{dataset}/{plan.split}")


def _size(test: TestResult, metric: Metric, results: Results, plan: Plan) -> Size:
    share = _relative(abs(test.difference), test, metric, results, plan)
    if share is None:
        return "unknown"
    bounds: tuple[tuple[float, Size], ...] = ((0.02, "minute"), (0.08, "small"), (0.25, "moderate"), (0.75, "large"))
    for bound, name in bounds:
        if share < bound:
            return name
    return "very large"


def _relative(amount: float, test: TestResult, metric: Metric, results: Results, plan: Plan) -> float | None:
    """Return an amount relative to the baseline's mean, if the metric has zero as its natural origin."""
    if metric.low != 0:
        return None
    named = test.hypothesis.datasets or tuple(d.name for d in plan.datasets)
    names = ("all",) if len(named) == len(plan.datasets) else named
    means = [mean_of(results, plan, metric.name, test.hypothesis.baseline, name) for name in names]
    known = [value for value in means if value is not None]
    centre = sum(known) / len(known) if known else 0.0
    return amount / centre if centre > 0 else None


def _steadiness(effect: float | None) -> Steadiness:
    if effect is None:
        return "unknown"
    d = abs(effect)
    return "steady" if d >= 1.5 else "clear" if d >= 0.8 else "visible" if d >= 0.4 else "swamped"


def _certainty(test: TestResult) -> Certainty:
    if test.p_corrected < test.alpha:
        return "beyond doubt" if test.p_corrected < test.alpha / 20 else "passes"
    if "sign-flip" in test.method and 2.0 ** (1 - test.n) * test.family >= test.alpha:
        return "could not pass"
    return "lost to correction" if test.p < test.alpha else "fails"


def _by_dataset(test: TestResult, results: Results, plan: Plan) -> dict[str, float]:
    h = test.hypothesis
    found: dict[str, float] = {}
    for name in h.datasets or tuple(d.name for d in plan.datasets):
        treated = mean_of(results, plan, h.metric, h.treatment, name)
        untreated = mean_of(results, plan, h.metric, h.baseline, name)
        if treated is not None and untreated is not None:
            found[name] = treated - untreated
    return dict(sorted(found.items(), key=lambda item: -abs(item[1])))


def _agreement(
    test: TestResult, by_dataset: dict[str, float], results: Results, plan: Plan
) -> tuple[Agreement, tuple[str, ...], tuple[str, ...]]:
    """Return how far the data sets agree, those that dissent, and those that show nothing."""
    if len(by_dataset) < 2:
        return "alone", (), ()
    level = tuple(
        name for name, difference in by_dataset.items() if abs(difference) <= _noise(test, results, plan, name)
    )
    dissent = tuple(name for name, d in by_dataset.items() if name not in level and (d > 0) != (test.difference > 0))
    following = len(by_dataset) - len(level) - len(dissent)
    if not dissent:
        return ("some level" if level else "all"), (), level
    if following == 1 and len(dissent) > 1:
        return "only", dissent, level
    return ("most" if following > len(dissent) else "split"), dissent, level


def _noise(test: TestResult, results: Results, plan: Plan, dataset: str) -> float:
    """Return the larger standard error of the arms on a data set."""
    h = test.hypothesis
    return max(_stderr(results, plan, h.metric, arm, dataset) for arm in (h.treatment, h.baseline))


def _stderr(results: Results, plan: Plan, metric: str, condition: str, dataset: str) -> float:
    cell = results.cells.get(address(metric, condition, dataset, plan.split, "mean"))
    return (cell.uncertainty or 0.0) if cell else 0.0


def _lean(test: TestResult) -> Lean:
    """Return where an estimate points; nowhere if it is small beside its own spread."""
    if test.effect is None or abs(test.effect) < 0.4:
        return "none"
    if test.hypothesis.expects in ("higher", "lower"):
        up = test.difference > 0
        return "as predicted" if up == (test.hypothesis.expects == "higher") else "against"
    return "none"


def _excludes_large(test: TestResult, metric: Metric, results: Results, plan: Plan) -> bool:
    if test.hypothesis.margin:
        return (test.ci_high - test.ci_low) / 2 <= test.hypothesis.margin
    edge = max(abs(test.ci_low), abs(test.ci_high))
    share = _relative(edge, test, metric, results, plan)
    return share is not None and share < 0.15
