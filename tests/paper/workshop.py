"""A made-up but complete study for the paper's tests: plan, results, records, draft. Deterministic."""

from __future__ import annotations

from pathlib import Path

from ai_scientist.analysis.cells import Cell, Results, Stat, TestResult, Verdict
from ai_scientist.analysis.rows import RunConfig
from ai_scientist.core.hashing import sha256_bytes
from ai_scientist.core.plan import Condition, Dataset, Hypothesis, Metric, Plan, StagePlan
from ai_scientist.literature.records import Quote, Record
from ai_scientist.paper.context import Attempt, Provenance, RenderContext
from ai_scientist.paper.document import SECTIONS, Draft, Figure, Section, Table

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


_BODIES: dict[str, str] = {
    "introduction": r"""A classifier that is to be acted upon must say how sure it is, and mean it
\citep{guo2017calibration}. Its labels, however, come from people, from rules of thumb or from older systems, and a
part of them is wrong. We ask what this does to the \metric{ece}, and whether \cond{proposed} can repair it. The
question matters wherever a probability is read as a probability, and it has been asked in several ways
\citep{author2001title,author2002title,author2003title}.

Our answer rests on \count{runs} runs of \count{nodes} programs, of which \count{failed} failed; all of them are
listed in Appendix~\ref{app:runs}. The plan was locked before the first result (Appendix~\ref{app:plan}).""",
    "related": r"""\citet{guo2017calibration} report that networks of recent years are poorly calibrated, in that
they state more confidence than they have earned \citeq{guo2017calibration}{guo2017calibration-q1}. Noise in the
labels has been modelled by \citet{author2004title} and \citet{author2005title}; others clean the labels first
\citep{author2006title,author2007title,author2008title}. Forecasters have long judged probabilities by proper scores
\citep[see][]{author2009title,author2010title}, on which our second metric rests
\citep{author2011title,author2012title,author2013title,author2014title,author2015title,author2016title}. What is left
open is how the pieces act together \citep{author2017title,author2018title,author2019title}.""",
    "method": r"""Let $f_\theta$ be a network with softmax output, and let $\tilde y$ be the label that is seen. Noise
flips a label with rate $\epsilon$, so that the seen label follows
\begin{equation}
  p(\tilde y = k \mid x) = (1 - \epsilon)\, p(y = k \mid x) + \frac{\epsilon}{K - 1} \sum_{j \ne k} p(y = j \mid x).
  \label{eq:noise}
\end{equation}
\cond{proposed} fits the right side of \eqref{eq:noise} to the seen labels and reports $p(y \mid x)$. The
\metric{ece} is $\sum_{b=1}^{B} \frac{n_b}{n} \, |\mathrm{acc}_b - \mathrm{conf}_b|$ over bins of equal mass.

\paragraph{Settings.} All arms share \cfg{epochs} epochs of \cfg{optimizer} at a learning rate of
\cfg{learning_rate}; \cond{proposed} smooths labels by \cfg{proposed/label_smoothing}.""",
    "experiments": r"""\dataset{digits} has \data{digits/n_train} rows for training and \data{digits/n_test} to test
on, \dataset{wine} has \data{wine/n_train} for training. Each condition is run on \plan{confirm_seeds} seeds that the
search has never used, and differences are taken within a seed, because the seed fixes the split and the noise. The
family of comparisons is corrected together by the method of Holm at a level of \plan{alpha}. The comparison of
\cond{proposed} with \cond{clean} is one for equivalence, so that the absence of an effect can be a finding.""",
    "results": r"""\cond{noisy} \claim{increases}{H1} the \metric{ece} by \delta{H1}, \pval{H1}, from
\valci{ece/clean/all/test} to \valci{ece/noisy/all/test}. Table~\ref{tab:main} has all conditions, Figure~\ref{fig:bars}
shows them by dataset.

\cond{proposed} \claim{outperforms}{H2} \cond{noisy} on \metric{ece}: the difference is \delta{H2}, \pval{H2},
\effect{H2}. On \metric{accuracy} it \claim{outperforms}{H4} \cond{noisy}, with a difference of \delta{H4} and
\pval{H4}. Compared with \cond{clean}, its accuracy \claim{matches}{H3} that of clean training: the difference is
\delta{H3}.

How the search got there is shown in Figure~\ref{fig:tree}. In an exploratory comparison that was not planned,
\cond{noisy} \claim{worsens}{X1} \metric{accuracy} by \delta{X1}.""",
    "limitations": r"""The networks are small and the tables are too; what memorisation does in a large network with a
long training run may differ in size and even in sign. The wrong labels are simulated, because only then the right ones
are known. The binned \metric{ece} has a bias that grows as the test set shrinks, which
weighs most on \dataset{wine}.""",
    "conclusion": r"""Under the noise studied here, \cond{noisy} \claim{worsens}{H1} calibration, and \cond{proposed}
\claim{reduces}{H2} the \metric{ece} again. Whether this carries over to large networks and to the mistakes that people
make is open; the program and the plan are there to try it.""",
}


def rich_draft(**changes: object) -> Draft:
    """A whole paper that passes the lint; its figures are figures/bars.pdf and figures/tree.pdf under results."""
    titles = {"related": "Related work", "experiments": "Experiments"}
    sections = tuple(
        Section(name=name, title=titles.get(name, name.capitalize()), body=_BODIES[name]) for name in SECTIONS
    )
    row = r"\cond{%s} & \valci{ece/%s/all/test} & \valci{accuracy/%s/all/test} \\"
    body = "\n".join(
        [r"\toprule", r" & \metric{ece} $\downarrow$ & \metric{accuracy} $\uparrow$ \\", r"\midrule"]
        + [row % (c.name, c.name, c.name) for c in CONDITIONS]
        + [r"\bottomrule"]
    )
    bars_caption = r"\metric{ece} by condition and dataset, with intervals over seeds. Lower is better."
    tree_caption = (
        r"The search: one mark a node, by the order of creation. The path to the program that was confirmed is drawn."
    )
    base: dict[str, object] = {
        "title": "Label noise, calibration, and what a model of the noise repairs",
        "abstract": r"""Labels are wrong more often than we like, and classifiers learn from them how sure to be. We ask
whether \cond{noisy} raises the \metric{ece}, and whether \cond{proposed} repairs it. On \count{datasets} datasets,
\cond{noisy} \claim{increases}{H1} it by \delta{H1}, \pval{H1}. \cond{proposed} \claim{reduces}{H2} it again, by
\delta{H2}, while its accuracy \claim{matches}{H3} that of \cond{clean}.""",
        "sections": sections,
        "figures": (
            Figure(name="bars", file="results/figures/bars.pdf", caption=bars_caption),
            Figure(name="tree", file="results/figures/tree.pdf", caption=tree_caption, wide=True),
        ),
        "tables": (
            Table(
                name="main",
                columns="lrr",
                body=body,
                caption=r"Mean over datasets on test data, with intervals over seeds.",
                wide=False,
            ),
        ),
        "author_note": (
            "This paper was written by a program that follows rules; no language model and no person wrote or edited "
            "its text. Every result in it is rendered from stored measurements by address."
        ),
    }
    return Draft.model_validate({**base, **changes})


def draw_figures(folder: Path) -> None:
    """Draw the two figures of `rich_draft` into a run's folder."""
    target = folder / "results" / "figures"
    target.mkdir(parents=True, exist_ok=True)
    for name, width, height in (("bars", 238, 158), ("tree", 497, 187)):
        target.joinpath(f"{name}.pdf").write_bytes(_bars_pdf(width, height))


def _bars_pdf(width: int, height: int) -> bytes:
    """Return a one-page PDF with three bars and two axes."""
    bars = " ".join(f"{20 + k * width // 4} 15 {width // 6} {height * h // 10} re f" for k, h in enumerate((3, 8, 5)))
    drawing = f"0.2 0.4 0.7 rg {bars} 0 G 15 10 m 15 {height - 5} l S 15 15 m {width - 5} 15 l S".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents 4 0 R >>".encode(),
        b"<< /Length %d >> stream\n%s\nendstream" % (len(drawing), drawing),
    ]
    out, places = b"%PDF-1.4\n", list[int]()
    for number, value in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj %s endobj\n" % (number, value)
    table = "".join(f"{place:010d} 00000 n \n" for place in places).encode()
    end = b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 5\n0000000000 65535 f \n" + table + end
