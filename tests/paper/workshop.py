"""A made-up but complete study for the paper's tests: plan, results, records, draft. Deterministic."""

from __future__ import annotations

from ai_scientist.analysis.cells import Cell, Results, Stat, TestResult, Verdict
from ai_scientist.analysis.rows import RunConfig
from ai_scientist.core.hashing import sha256_bytes
from ai_scientist.core.plan import Condition, Dataset, Hypothesis, Metric, Plan, StagePlan
from ai_scientist.literature.records import Quote, Record
from ai_scientist.paper.context import Attempt, Provenance, RenderContext
from ai_scientist.paper.document import Draft, Section

ECE = Metric(
    name="ece",
    label="expected calibration error",
    short="ECE",
    direction="lower",
    low=0,
    high=1,
    description="Mean gap between confidence and accuracy over bins.",
)
ACCURACY = Metric(
    name="accuracy",
    label="accuracy",
    short="Acc.",
    unit="%",
    direction="higher",
    low=0,
    high=100,
    description="Share of correct predictions.",
)


def condition(name: str, label: str, short: str, role: str) -> Condition:
    return Condition.model_validate(
        {"name": name, "label": label, "short": short, "role": role, "description": f"{label}."}
    )


CONDITIONS = (
    condition("clean", "training on clean labels", "clean", "baseline"),
    condition("noisy", "training on 20% noisy labels", "noisy", "control"),
    condition("proposed", "noise-aware training", "ours", "proposed"),
)
DATASETS = tuple(
    Dataset(name=name, label=label, description=f"{label} data.", origin="official", source="scikit-learn")
    for name, label in (("digits", "Digits"), ("wine", "Wine"))
)
HYPOTHESES = (
    Hypothesis(
        id="H1", statement="Noise raises ECE.", metric="ece", treatment="noisy", baseline="clean", expects="higher"
    ),
    Hypothesis(
        id="H2",
        statement="Noise-aware training lowers ECE under noise.",
        metric="ece",
        treatment="proposed",
        baseline="noisy",
        expects="lower",
    ),
    Hypothesis(
        id="H3",
        statement="Noise-aware training has the accuracy of clean training.",
        metric="accuracy",
        treatment="proposed",
        baseline="clean",
        expects="equivalent",
        margin=2.0,
    ),
    Hypothesis(
        id="H4",
        statement="Noise-aware training is more accurate than noisy training.",
        metric="accuracy",
        treatment="proposed",
        baseline="noisy",
        expects="higher",
    ),
)


def plan() -> Plan:
    return Plan(
        idea="noise-aware",
        title="Label noise and calibration",
        question="Does label noise hurt the calibration of classifiers?",
        hypotheses=HYPOTHESES,
        conditions=CONDITIONS,
        datasets=DATASETS,
        metrics=(ECE, ACCURACY),
        primary_metric="ece",
        search_seeds=(1, 2),
        confirm_seeds=(101, 102, 103, 104, 105),
        stages=(StagePlan(name="implement", goal="A program that runs.", nodes=3),),
        stopping_rule="When the nodes are spent.",
        method="Labels are flipped at random before training.",
    )


def rows(seed: str, count: int = 5) -> tuple[str, ...]:
    return tuple(sha256_bytes(f"{seed}{number}".encode()) for number in range(count))


def cells() -> dict[str, Cell]:
    made: dict[str, Cell] = {}
    values = {
        ("ece", "clean"): 0.0312,
        ("ece", "noisy"): 0.10241,
        ("ece", "proposed"): 0.0518,
        ("accuracy", "clean"): 96.31,
        ("accuracy", "noisy"): 91.2,
        ("accuracy", "proposed"): 95.87,
    }
    for (metric, name), mean in values.items():
        stderr = 0.0039 if metric == "ece" else 0.42
        for shift, dataset in enumerate(("all", "digits", "wine")):
            centre = mean * (1 + 0.1 * shift) if metric == "ece" else mean - shift
            stats: dict[Stat, float] = {
                "mean": centre,
                "ci_low": centre - 2.78 * stderr,
                "ci_high": centre + 2.78 * stderr,
                "sd": stderr * 2.24,
                "n": 5.0,
            }
            for stat, value in stats.items():
                address = f"{metric}/{name}/{dataset}/test/{stat}"
                made[address] = Cell(
                    id=address,
                    metric=metric,
                    condition=name,
                    dataset=dataset,
                    split="test",
                    stat=stat,
                    value=value,
                    unit="%" if metric == "accuracy" and stat != "n" else "",
                    uncertainty=stderr if stat != "n" else None,
                    nodes=("n0007",),
                    rows=rows(f"{metric}{name}{dataset}"),
                    producer="mean@3f2a",
                )
    return made


def result(
    hypothesis: Hypothesis,
    difference: float,
    half: float,
    p: float,
    verdict: Verdict,
    *,
    planned: bool = True,
    effect: float | None = 1.9,
) -> TestResult:
    return TestResult(
        id=hypothesis.id,
        hypothesis=hypothesis,
        planned=planned,
        method="paired t-test",
        n=5,
        difference=difference,
        ci_low=difference - half,
        ci_high=difference + half,
        p=p / 4,
        p_corrected=p,
        family=4,
        effect=effect,
        effect_low=None if effect is None else effect - 1.1,
        effect_high=None if effect is None else effect + 1.2,
        alpha=0.05,
        verdict=verdict,
        rows=rows(hypothesis.id, 10),
        producer="paired_t@9c1d",
    )


def tests() -> dict[str, TestResult]:
    h1, h2, h3, h4 = HYPOTHESES
    exploratory = Hypothesis(
        id="X1", statement="Noise lowers accuracy.", metric="accuracy", treatment="noisy", baseline="clean",
        expects="lower",
    )  # fmt: skip
    found = (
        result(h1, 0.0712, 0.021, 0.0004, "supported"),
        result(h2, -0.0506, 0.018, 0.0123, "supported", effect=-2.347),
        result(h3, -0.44, 0.8, 0.031, "supported"),
        result(h4, 0.9, 2.1, 0.41, "open"),
        result(exploratory, -5.1, 1.2, 0.02, "supported", planned=False),
    )
    return {test.id: test for test in found}


def results() -> Results:
    return Results(
        cells=cells(),
        tests=tests(),
        config=RunConfig(
            settings={"epochs": 40, "learning_rate": 0.0001, "optimizer": "adam", "proposed/label_smoothing": 0.1},
            data={"digits/n_train": 1257, "digits/n_test": 540, "wine/n_train": 124},
        ),
        seeds=(101, 102, 103, 104, 105),
        nodes=("n0007",),
    )


RECORD_TEXT = "Confidence calibration is important. We find that modern networks are poorly calibrated."


def record(number: int = 0, **changes: object) -> Record:
    base: dict[str, object] = {
        "id": "guo2017calibration" if number == 0 else f"author{2000 + number}title",
        "title": "On Calibration of Modern Neural Networks" if number == 0 else f"A Study of ECE & {number}% Noise",
        "authors": ("Guo, Chuan", "Pleiss, Geoff", "Sun, Yu", "Weinberger, Kilian Q."),
        "year": 2017 if number == 0 else 2000 + number,
        "venue": "International Conference on Machine Learning",
        "kind": "inproceedings",
        "pages": "1321-1330",
        "arxiv": "1706.04599",
        "text": RECORD_TEXT,
        "source": "shipped",
    }
    return Record.model_validate({**base, **changes})


QUOTE = Quote(
    id="guo2017calibration-q1",
    record="guo2017calibration",
    text="modern networks are poorly calibrated",
    start=RECORD_TEXT.index("modern"),
)


def context() -> RenderContext:
    records = [record(number) for number in range(21)]
    return RenderContext(
        results=results(),
        plan=plan(),
        records={r.id: r for r in records},
        quotes={QUOTE.id: QUOTE},
        counts={"nodes": 24, "runs": 73, "failed": 3},
        provenance=Provenance(
            run="2026-11-20-label-noise-7f3a",
            date="2026-11-20",
            command="ai-scientist audit runs/2026-11-20-label-noise-7f3a --rerun",
            attempts=tuple(
                Attempt(
                    node=f"n{number:04d}",
                    stage=("implement", "tune", "explore", "ablate")[number % 4],
                    operator=("draft", "improve", "debug", "ablate")[number % 4],
                    title=f"Raise weight_decay & smooth labels by a temperature fitted on held-out data, step {number}",
                    status=("ok", "ok", "crashed", "timed_out")[number % 4],
                    chosen=number in (1, 5, 7),
                )
                for number in range(1, 25)
            ),
            checkpoints={"n0007": "4f1c2d3e5a6b7c8d9e0f4f1c2d3e5a6b7c8d9e0f"},
        ),
    )


def minimal_draft(**changes: object) -> Draft:
    names = ("introduction", "related", "method", "experiments", "results", "limitations", "conclusion")
    sections = tuple(Section(name=name, title=name.capitalize(), body=f"Words about the {name}.") for name in names)
    base: dict[str, object] = {
        "title": "Label noise and calibration",
        "abstract": r"We ask whether \cond{noisy} raises \metric{ece}.",
        "sections": sections,
        "author_note": "Written by rules over measured results; no language model took part.",
    }
    return Draft.model_validate({**base, **changes})
