"""One request of each kind with everything filled in, over a made-up study. Deterministic."""

from __future__ import annotations

from ai_scientist.agents.analysis import DisplayAnswer, DisplayFacts
from ai_scientist.agents.coding import Attempt, Program, ProgramAnswer, ProgramFacts
from ai_scientist.agents.ideation import Abstract, IdeaList, ReflectionFacts, TopicFacts
from ai_scientist.agents.novelty import CloseAnswer, CloseFacts, Queries, QueryFacts
from ai_scientist.agents.offers import SHIPPED, own_data
from ai_scientist.agents.planning import PlanAnswer, PlanFacts
from ai_scientist.agents.reviewing import Evidence, Rebuttal, RebuttalFacts, ReviewFacts
from ai_scientist.agents.task_operator import TaskAnswer, TaskFacts
from ai_scientist.agents.vision import FigureAnswer, FigureFacts
from ai_scientist.agents.writing import (
    FrontAnswer,
    FrontFacts,
    PaperFacts,
    SectionAnswer,
    SectionFacts,
    Step,
    Story,
)
from ai_scientist.analysis.cells import Cell, Results, Stat, TestResult
from ai_scientist.analysis.rows import RunConfig
from ai_scientist.core.finding import Finding
from ai_scientist.core.idea import AtomicClaim, Idea, NoveltyReport
from ai_scientist.core.plan import Condition, Dataset, Hypothesis, Metric, Plan, StagePlan
from ai_scientist.core.values import Value
from ai_scientist.literature.records import Quote
from ai_scientist.models.request import Request, Role
from ai_scientist.paper.document import Figure, Section, Table
from ai_scientist.review.forms import Defect, Review

IDEA = Idea(
    id="early-stopping-noise",
    title="Early stopping under label noise",
    question="Does early stopping on a noisy validation part still help?",
    rationale="Early stopping is chosen on data whose labels are as noisy as the training labels.",
    experiment="A small network on digits, with and without early stopping, at one noise rate.",
    claims=(
        AtomicClaim(kind="problem", text="Early stopping is chosen on noisy validation labels."),
        AtomicClaim(kind="finding", text="Noise in the validation part delays stopping."),
    ),
    interestingness=6,
    feasibility=9,
    novelty=4,
    reasons="Cheap; the record smith2019stopping comes near.",
    risks="One kind of noise only.",
)
LITERATURE = (
    Abstract(
        id="smith2019stopping",
        title="Stopping early",
        year=2019,
        text="We study when to stop training. Validation loss on clean labels is a good guide.",
    ),
    Abstract(id="jones2020noise", title="Noisy labels", year=2020, text="Wrong labels are learned late."),
)
PLAN = Plan(
    idea=IDEA.id,
    title="Early stopping on noisy validation labels",
    question=IDEA.question,
    hypotheses=(
        Hypothesis(
            id="H1",
            statement="Early stopping raises the accuracy under label noise.",
            metric="accuracy",
            treatment="proposed",
            baseline="full",
            expects="higher",
        ),
        Hypothesis(
            id="H2",
            statement="Early stopping leaves the training time unchanged.",
            metric="seconds",
            treatment="proposed",
            baseline="full",
            datasets=("digits",),
            expects="equivalent",
            margin=0.5,
        ),
    ),
    conditions=(
        Condition(name="full", label="full training", short="full", role="baseline", description="All epochs."),
        Condition(name="proposed", label="early stopping", short="early", role="proposed", description="May stop."),
        Condition(
            name="oracle", label="stopping on clean labels", short="oracle", role="control", description="Ideal."
        ),
    ),
    datasets=(
        Dataset(name="digits", label="digits", description="Small pictures.", origin="official", source="scikit-learn"),
    ),
    metrics=(
        Metric(
            name="accuracy",
            label="accuracy",
            short="Acc.",
            unit="%",
            direction="higher",
            low=0,
            high=100,
            description="Share of correct test predictions.",
        ),
        Metric(
            name="seconds",
            label="training time",
            short="time",
            unit="s",
            direction="lower",
            low=0,
            description="Processor time of training.",
        ),
    ),
    primary_metric="accuracy",
    search_seeds=(0, 1),
    confirm_seeds=(5000, 5001, 5002, 5003),
    stages=(StagePlan(name="explore", goal="components that improve the proposed condition", nodes=8),),
    stopping_rule="When the declared seeds are used up.",
    method="A small network is trained with and without early stopping.",
)
CONTRACT = "One run may take 300 seconds on 1 core."
PROGRAM = "import lab\n\nEPOCHS = 30\n\nlab.config(epochs=EPOCHS)\n"
CHILD = Attempt(
    title="stop when the loss rises",
    operator="improve",
    move="patience",
    components=("patience",),
    status="ok",
    value=91.25,
)
FAILED = Attempt(
    title="average the weights",
    operator="improve",
    move="averaging",
    components=("patience", "averaging"),
    status="crashed",
    diagnosis="Traceback (most recent call last):\n  ValueError: shapes do not match",
)


def _cells() -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    values: dict[Stat, float] = {"mean": 91.25, "ci_low": 90.5, "ci_high": 92.0, "n": 4.0}
    for condition in ("full", "proposed"):
        for stat, value in values.items():
            key = f"accuracy/{condition}/digits/test/{stat}"
            cells[key] = Cell(
                id=key,
                metric="accuracy",
                condition=condition,
                dataset="digits",
                split="test",
                stat=stat,
                value=value,
                unit="%",
                nodes=("n0009",),
                rows=("ab" * 32,),
                producer="mean",
            )
    return cells


TEST = TestResult(
    id="H1",
    hypothesis=PLAN.hypotheses[0],
    planned=True,
    method="paired t-test",
    n=4,
    difference=0.8,
    ci_low=-0.3,
    ci_high=1.9,
    p=0.09,
    p_corrected=0.18,
    family=2,
    effect=0.9,
    alpha=0.05,
    verdict="open",
    rows=("ab" * 32,),
    producer="paired",
)
RESULTS = Results(
    cells=_cells(),
    tests={"H1": TEST},
    config=RunConfig(settings={"epochs": 30, "proposed/patience": 3}, data={"digits/n_train": 400}),
    seeds=PLAN.confirm_seeds,
    nodes=("n0009",),
)
DEFECT = Defect(
    severity="major", where="results", what="The interval is not discussed.", remedy="Say what it rules out."
)
PAPER = PaperFacts(
    topic="early stopping",
    idea=IDEA,
    plan=PLAN,
    novelty=NoveltyReport(
        idea=IDEA.id,
        verdict="partly known",
        evidence=(),
        queries=("early stopping noise: 2 hits",),
        failures=(),
        summary="One record comes near one claim.",
    ),
    results=RESULTS,
    story=Story(
        steps=(
            Step(
                node="n0001",
                stage="implement",
                operator="draft",
                title="first program",
                move="",
                rationale="Carries out the plan.",
                status="ok",
                improved=None,
                chosen=True,
            ),
            Step(
                node="n0002",
                stage="explore",
                operator="improve",
                title="stop when the loss rises",
                move="patience",
                component="patience",
                rationale="Wrong labels are learned late.",
                status="ok",
                improved=True,
                chosen=True,
            ),
            Step(
                node="n0003",
                stage="explore",
                operator="improve",
                title="average the weights",
                move="averaging",
                component="averaging",
                rationale="Averages are smoother.",
                status="crashed",
                improved=None,
                chosen=False,
            ),
        ),
        components=("patience",),
        counts={"nodes": 3, "confirm_seeds": 4},
        spread="The search's seeds and the confirm seeds agree.",
    ),
    literature=LITERATURE,
    nearest=tuple(record.id for record in LITERATURE),
    quotes=(
        Quote(
            id="smith2019stopping-q1",
            record="smith2019stopping",
            text="Validation loss on clean labels is a good guide.",
            start=35,
        ),
    ),
    figures=(Figure(name="main", file="results/figures/main.pdf", caption=r"The \metric{accuracy}."),),
    tables=(Table(name="all", columns="lr", body="", caption="All conditions."),),
    quick=True,
    writer="openai:some-model",
)
SECTION = Section(name="introduction", title="Introduction", body=r"Whether \cond{proposed} helps is not known.")


def coding(operator: str, *, tried: tuple[Attempt, ...] = (CHILD, FAILED), problem: str = "") -> ProgramFacts:
    """What an operator is asked, as the search asks it."""
    parent = FAILED if operator == "debug" else CHILD
    shown = tuple(a.model_copy(update={"value": None}) for a in tried) if operator == "debug" else tried
    count = {"draft": 0, "recombine": 2}.get(operator, 1)
    return ProgramFacts(
        operator=operator,
        plan=PLAN,
        stage="explore",
        goal="components that improve the proposed condition",
        target="proposed",
        parents=(Program(files={"experiment.py": PROGRAM}, attempt=parent, stdout="epoch 30 done\n"),) * count,
        tried=shown,
        running=("warmup",),
        contract=CONTRACT,
        seed=1,
        problem=problem,
    )


def _request(role: Role, prompt: str, facts: Value, answer: type[Value]) -> Request[Value]:
    return Request(role=role, prompt=prompt, facts=facts, answer=answer, stage=role)


def every_request() -> dict[str, Request[Value]]:
    """A request for every prompt that the agents name."""
    asked = [
        _request(
            "ideation",
            "ideation_propose",
            TopicFacts(
                topic="early stopping", count=3, literature=LITERATURE, packages=("numpy", "scipy"), timeout_seconds=300
            ),
            IdeaList,
        ),
        _request(
            "ideation",
            "ideation_reflect",
            ReflectionFacts(
                topic="early stopping", ideas=(IDEA,), literature=LITERATURE, packages=("numpy",), timeout_seconds=300
            ),
            IdeaList,
        ),
        _request("novelty", "novelty_queries", QueryFacts(topic="early stopping", idea=IDEA), Queries),
        _request("novelty", "novelty_label", CloseFacts(claims=IDEA.claims, record=LITERATURE[0]), CloseAnswer),
        _request(
            "planning",
            "planning_plan",
            PlanFacts(
                idea=IDEA,
                literature=LITERATURE,
                packages=("numpy", "scipy"),
                data=("measurements.csv",),
                offered=(*own_data(("measurements.csv",)), *SHIPPED),
                timeout_seconds=300,
                search_seeds=2,
                confirm_seeds=4,
                problems=("hypotheses.0.metric: 'acc' is not declared",),
            ),
            PlanAnswer,
        ),
        *(
            _request("coding", f"coding_{operator}", coding(operator), ProgramAnswer)
            for operator in ("draft", "improve", "tune", "ablate", "recombine")
        ),
        _request(
            "coding",
            "coding_debug",
            coding("debug", problem="Edit 1: its search text stands 0 times in experiment.py, not once: 'EPOCH = 30'"),
            ProgramAnswer,
        ),
        _request(
            "coding",
            "task_step",
            TaskFacts(
                task="Pack 26 circles into the unit square; the score is the sum of their radii.",
                direction="higher",
                files={"experiment.py": PROGRAM},
                attempt=FAILED,
                tried=(CHILD, FAILED),
                running=("bigger steps",),
                limits="A seed may take 60 s and 1024 MiB.",
                seed=3,
                problem="Try 1: The answer changes nothing.",
            ),
            TaskAnswer,
        ),
        _request(
            "analysis",
            "analysis_displays",
            DisplayFacts(plan=PLAN, results=RESULTS, curves=("accuracy",), problems=("main: no such metric",)),
            DisplayAnswer,
        ),
        _request(
            "writing",
            "writing_section",
            SectionFacts(
                section="results",
                paper=PAPER,
                written=(SECTION,),
                problems=("'three' is a typed number",),
                defects=(DEFECT,),
                before="Nothing yet.",
            ),
            SectionAnswer,
        ),
        _request("writing", "writing_front", FrontFacts(paper=PAPER, written=(SECTION,)), FrontAnswer),
        _request(
            "reviewing",
            "reviewing_review",
            ReviewFacts(
                title="Early stopping",
                text="# Introduction\nWhether early stopping helps is not known.",
                lens="evidence",
                pages=4,
                evidence=Evidence(
                    plan=PLAN,
                    tests=(TEST,),
                    findings=(Finding(kind="number", where="paper.tex:12", why="no cell"),),
                    checks=("figure main: redrawn, equal",),
                    counts={"nodes": 3},
                    code=PROGRAM,
                    log="done\n",
                ),
                earlier=(DEFECT,),
            ),
            Review,
        ),
        _request(
            "reviewing",
            "reviewing_rebuttal",
            RebuttalFacts(defects=(DEFECT,), changes=("results: rewritten",)),
            Rebuttal,
        ),
        _request(
            "vision",
            "vision_figure",
            FigureFacts(
                name="main",
                caption="Accuracy by condition.",
                shown=("accuracy", "full training", "early stopping"),
                wide=False,
            ),
            FigureAnswer,
        ),
    ]
    return {request.prompt: request for request in asked}
