"""A finished run made by the real parts on a tiny but real experiment: programs that ran, ledger, tree, paper."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from ai_scientist.agents.authorship import author_note
from ai_scientist.analysis.cells import write_results
from ai_scientist.analysis.check import Origin, SeedLog, check_rows, parse_logged
from ai_scientist.analysis.family import count_family
from ai_scientist.analysis.figures import draw_figure
from ai_scientist.analysis.results import build_results
from ai_scientist.analysis.rows import Row, RunConfig, write_rows
from ai_scientist.analysis.tables import make_table
from ai_scientist.audit.brief import Brief
from ai_scientist.audit.displays import tree_points
from ai_scientist.core.clock import FixedClock
from ai_scientist.core.hashing import sha256_file, sha256_json
from ai_scientist.core.ids import NodeId
from ai_scientist.core.jsonl import write_json
from ai_scientist.core.ledger import Event, Ledger, read_events
from ai_scientist.core.machine import tell_machine
from ai_scientist.core.plan import Plan
from ai_scientist.core.research_template import Curve
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.core.settings import SearchSettings, Settings
from ai_scientist.literature.library import Library
from ai_scientist.literature.records import Quote
from ai_scientist.literature.shipped import shipped_records
from ai_scientist.paper.compile import compile_paper
from ai_scientist.paper.context import Attempt, Provenance, RenderContext
from ai_scientist.paper.document import SECTIONS, Draft, Figure, Section, Table
from ai_scientist.paper.latexmk import Latex
from ai_scientist.sandbox.contract import ExitKind, Limits
from ai_scientist.sandbox.harness import ProgramRun, run_program
from ai_scientist.sandbox.process import ProcessSandbox
from ai_scientist.search.checkpoints import Checkpoints, StoredCheckpoint
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Measurement, Node, Outcome, Score, Status
from ai_scientist.search.stages import default_stages
from ai_scientist.search.values import target_mean
from tests.analysis.study import make_plan

PROGRAM = '''"""Does shrinking a nearest-centroid classifier's confidence improve its calibration?"""
import math
import random

import lab

TRAIN, TEST = 30, 60
SHRINK = {shrink}
ABLATE = {ablate}


def draw(name, count, rng):
    spread = {{"digits": 0.9, "wine": 1.4}}[name]
    return [(rng.gauss(1 if label else -1, spread), label) for label in (rng.randrange(2) for _ in range(count))]


def confidence(x, centres, factor):
    margin = abs(x - centres[0]) - abs(x - centres[1])
    return 1 / (1 + math.exp(-3 * factor * margin))


def calibration_error(pairs):
    bins = [[] for _ in range(10)]
    for p, label in pairs:
        sure = max(p, 1 - p)
        bins[min(9, int(sure * 10))].append((sure, (p > 0.5) == bool(label)))
    return sum(abs(sum(s - c for s, c in b)) for b in bins) / len(pairs)


lab.config(train=TRAIN, bins=10)
lab.config(condition="proposed", shrink=SHRINK)
for name in ("digits", "wine"):
    rng = random.Random(f"{{name}}/{{lab.seed}}")
    train, test = draw(name, TRAIN, rng), draw(name, TEST, rng)
    lab.dataset(name, [list(pair) for pair in train + test], n_train=TRAIN, n_test=TEST)
    arms = {{"baseline": 1.0, "proposed": SHRINK}}
    if ABLATE:
        arms["without_shrink"] = 1.0 + 1e-3
    for condition, factor in arms.items():
        for step in (10, 20, TRAIN):
            seen = train[:step]
            centres = [sum(x for x, y in seen if y == k) / max(1, sum(y == k for _, y in seen)) for k in (0, 1)]
            pairs = [(confidence(x, centres, factor), label) for x, label in test]
            if step < TRAIN:
                lab.log("ece", calibration_error(pairs), condition, name, step=step)
        lab.log("ece", calibration_error(pairs), condition, name)
        lab.log("accuracy", sum((p > 0.5) == bool(y) for p, y in pairs) / TEST, condition, name)
        guesses, truth = [int(p > 0.5) for p, _ in pairs], [y for _, y in pairs]
        lab.predictions(range(TEST), guesses, name, condition=condition, y_true=truth)
print("done")
'''

LIMITS = Limits(timeout_seconds=120, memory_bytes=1024**3)


RECORDS = tuple(r for r in shipped_records() if r.id in ("guo2017calibration", "brier1950verification"))
GUO = next(record for record in RECORDS if record.id == "guo2017calibration")
QUOTE = Quote(id="guo2017calibration-q1", record=GUO.id, text=GUO.text[:40], start=0)

BODIES: Mapping[str, str] = {
    "introduction": r"A classifier must say how sure it is \citep{guo2017calibration}. We ask whether \cond{proposed} "
    r"helps, over \count{nodes} programs. The plan was locked before the first result. "
    "The question matters wherever a probability is read as a probability and acted upon by a person or a machine.",
    "related": r"Networks of recent years are overconfident \citeq{guo2017calibration}{guo2017calibration-q1}, and "
    r"probabilities have long been scored \citep{brier1950verification}. "
    "What is left open by this work is how far such a simple change carries when the data are few and noisy.",
    "method": r"All arms see \cfg{train} examples; \cond{proposed} shrinks the margin by \cfg{proposed/shrink}. "
    "A point is given to the nearer centroid, and the margin between the two distances becomes a probability "
    "through the logistic function.",
    "experiments": r"\dataset{digits} has \data{digits/n_train} rows to learn from and \data{digits/n_test} to "
    "test on. "
    r"Each condition is run on \plan{confirm_seeds} seeds that the search has never used.",
    "results": r"\cond{proposed} \claim{reduces}{H1} the \metric{ece} by \delta{H1}, \pval{H1}, \effect{H1}, from "
    r"\valci{ece/baseline/all/test} to \valci{ece/proposed/all/test}. Table~\ref{tab:main} has all conditions, and "
    r"Figure~\ref{fig:bars} shows them. Its accuracy \claim{matches}{H2} that of the baseline: \delta{H2}. "
    r"Figure~\ref{fig:tree} shows the search, Figure~\ref{fig:pairs} the seeds and Figure~\ref{fig:curve} the curve.",
    "limitations": "The data are drawn from a simple law, and one classifier was tried. "
    "What holds for real data, for other classifiers and for other ways to bin the confidence is not known from "
    "this work alone.",
    "conclusion": r"\cond{proposed} \claim{reduces}{H1} the \metric{ece} here. Elsewhere it may not. "
    "The program and the plan are there, so that anybody can try the same comparison on other data with other "
    "classifiers.",
}

NO_TEX = Latex(latexmk=None, missing=("latexmk",))


class Maker:
    """Makes one run, step by step, as the graph would."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.clock = FixedClock()
        self.plan = plan
        settings = Settings(output=folder, search=SearchSettings(nodes=4))
        self.run = RunFolder.create(
            "Does shrinkage help calibration?",
            settings,
            clock=self.clock,
            versions={"ai-scientist": version("ai-scientist")},
        )
        self.ledger = Ledger(self.run.path, self.clock)
        self.journal = Journal.open(self.run.journal, clock=self.clock)
        self.checkpoints = Checkpoints(self.run.checkpoints)
        facts = {"machine": tell_machine(self.run.record().machine)}
        self.ledger.record("run.created", actor="harness", files=[self.run.path / "run.json"], facts=facts)
        Library(self.run.literature / "library.sqlite").close()
        write_json(self.run.ideas / "plan.draft.json", plan.model_dump(mode="json"))
        write_json(self.run.plan, plan.model_dump(mode="json"))
        self.ledger.record("plan.locked", actor="harness", files=[self.run.plan], facts={"hash": plan.hash})

    def enter(self, name: str) -> None:
        stage = next(s for s in default_stages(self.plan, SearchSettings()) if s.name == name)
        self.journal.enter_stage(stage, {})

    def node(self, stage: str, program: str, *, parent: Node | None = None, components: Sequence[str] = ()) -> Node:
        """Run a program over the stage's seeds, and record everything."""
        number = len(self.journal) + 1
        parents = (parent.id,) if parent else ()
        commit = self.checkpoints.commit(
            {"experiment.py": program},
            parents=[parent.checkpoint] if parent else [],
            message=f"{stage} {number}",
            number=number,
        )
        node = Node(
            id=NodeId(f"n{number:04d}"),
            number=number,
            parents=parents,
            operator="draft" if parent is None else "improve",
            stage=stage,
            title=f"{stage} number {number}",
            components=tuple(components),
            checkpoint=commit.id,
            tree=commit.tree,
        )
        self.journal.propose(node)
        facts = {"node": node.id, "stage": stage, "operator": node.operator}
        key = f"proposed:{node.id}"
        self.ledger.record("node.proposed", actor="search", key=key, inputs=[node.checkpoint], facts=facts)
        seeds = self.plan.confirm_seeds if stage == "confirm" else self.plan.search_seeds
        outcome = self._outcome(node, commit, seeds)
        values = [m.value for m in outcome.measurements if m.metric == "ece" and m.condition == "proposed"]
        score = Score(value=-sum(values) / len(values)) if values else None
        self.clock.advance(1)
        return self.journal.finish(node.id, outcome, score)

    def _outcome(self, node: Node, commit: StoredCheckpoint, seeds: Sequence[int]) -> Outcome:
        folder = self.run.node(node.id)
        folder.mkdir(parents=True)
        made = asyncio.run(run_program(ProcessSandbox(), commit.files, seeds, folder=folder, limits=LIMITS, workers=2))
        rows = self._rows(node, made) if made.kind is ExitKind.OK else ()
        names = ["stdout.txt", "stderr.txt"]
        if rows:
            write_rows(folder / "rows.jsonl", rows)
            told = made.seeds[0].reports
            config = RunConfig(settings=told.config, data={k: v for k, v in told.data.items() if "sha" not in k})
            write_json(folder / "config.json", config.model_dump(mode="json"))
            names += ["rows.jsonl", "config.json"]
        status = Status.OK if rows else Status.CRASHED
        facts = {
            "node": node.id,
            "stage": node.stage,
            "status": status.value,
            "seeds": list(seeds),
            "checkpoint": node.checkpoint,
        }
        files = [folder / name for name in names]
        self.ledger.record(
            "node.finished",
            actor="harness",
            key=f"node:{node.id}",
            inputs=[self.plan.hash, node.checkpoint],
            files=files,
            facts=facts,
        )
        fields = set(Measurement.model_fields)
        return Outcome(
            status=status,
            diagnosis="" if rows else "It crashed.",
            measurements=tuple(Measurement(**r.model_dump(include=fields)) for r in rows if r.is_final),
            seeds=tuple(seeds),
            wall_seconds=1.0,
            artifacts={file.name: sha256_file(file) for file in files},
        )

    def _rows(self, node: Node, made: ProgramRun) -> tuple[Row, ...]:
        logs: list[SeedLog] = []
        for seed in made.seeds:
            parsed, _ = parse_logged(asdict(row) for row in seed.reports.rows)
            hashes = {key: value for key, value in seed.reports.data.items() if key.endswith("/sha256")}
            logs.append(SeedLog(seed=seed.seed, rows=parsed, data=sha256_json(hashes)))
        origin = Origin(node=node.id, code=node.checkpoint, time="2026-01-01T00:00:00.000Z")
        check = check_rows(logs, self.plan, origin=origin, components=node.components)
        assert not check.problems, check.problems
        return check.rows

    def analyse(self, confirmed: Node) -> RenderContext:
        """Build results, figures and tables, and return what the paper is rendered from."""
        rows = self._stored_rows(confirmed)
        config = RunConfig.model_validate_json((self.run.node(confirmed.id) / "config.json").read_bytes())
        family = count_family(self._events(), self.plan, rows)
        results = build_results(rows, self.plan, config, family=family)
        files = write_results(results, self.run.results)
        facts = {"node": confirmed.id}
        self.ledger.record("results.built", actor="harness", inputs=[self.plan.hash], files=files, facts=facts)
        points = tree_points({n.id: brief(n, self.plan) for n in self.journal.nodes}, [confirmed.id])
        for name, kind in (("bars", "bars"), ("curve", "steps"), ("pairs", "paired"), ("tree", "tree")):
            curve = Curve.model_validate({"name": name, "kind": kind, "metric": "ece", "caption": "."})
            drawn = draw_figure(curve, results, rows, self.plan, self.run.results / "figures", points=points)
            self.ledger.record("figure.drawn", actor="harness", files=drawn.files)
        text = make_table((), (), (), results, self.plan)
        table = Table(
            name="main", columns=text.columns, body=text.body, caption="All conditions on all datasets.", wide=text.wide
        )
        path = self.run.results / "tables" / "main.json"
        write_json(path, table.model_dump(mode="json"))
        self.ledger.record("table.made", actor="harness", files=[path])
        nodes = list(self.journal.nodes)
        return RenderContext(
            results=results,
            plan=self.plan,
            records={record.id: record for record in RECORDS},
            quotes={QUOTE.id: QUOTE},
            counts={"nodes": len(nodes)},
            provenance=Provenance(
                run=self.run.path.name,
                date="2026-01-01",
                command="python code/reproduce.py",
                attempts=tuple(
                    Attempt(
                        node=node.id,
                        stage=node.stage,
                        operator=node.operator,
                        title=node.title,
                        status=node.outcome.status.value if node.outcome else "running",
                        chosen=node.id in self.journal.lineage(confirmed.id),
                    )
                    for node in nodes
                ),
                checkpoints={confirmed.id: confirmed.checkpoint},
                ledger=self.ledger.head,
            ),
        )

    def write(self, context: RenderContext, latex: Latex | None) -> None:
        """Write and compile the paper."""
        table = Table.model_validate_json((self.run.results / "tables" / "main.json").read_bytes())
        captions = {
            "bars": "The calibration error by condition.",
            "tree": "The nodes of the search by value.",
            "pairs": "The differences between the arms by seed.",
            "curve": "The calibration error while learning.",
        }
        figures = tuple(
            Figure(name=name, file=f"results/figures/{name}.pdf", caption=caption) for name, caption in captions.items()
        )
        events = [event for event, _ in read_events(self.run.ledger)]
        draft = Draft(
            title="Shrinkage and calibration",
            abstract=r"We ask whether \cond{proposed} lowers the \metric{ece}; it "
            r"\claim{reduces}{H1} it by \delta{H1}. "
            "The data are drawn from a simple law, so that every run takes a moment and can be made again by anybody.",
            sections=tuple(Section(name=name, title=name.capitalize(), body=BODIES[name]) for name in SECTIONS),
            figures=figures,
            tables=(table,),
            author_note=author_note(events, self.run.record().settings, writer="rules"),
        )
        made = compile_paper(draft, context, self.run, latex=latex)
        errors = [str(problem) for problem in made.problems if problem.severity == "error"]
        assert not errors, errors
        self.ledger.record("paper.compiled", actor="harness", files=made.files)

    def export(self, confirmed: Node) -> None:
        """Write the code repository as the graph does."""
        code = self.run.code
        code.mkdir()
        (code / "experiment.py").write_text(self.checkpoints.load(confirmed.checkpoint).files["experiment.py"])
        (code / "README.md").write_text(f"Run me. The plan is `{self.plan.hash}`.\n")
        values = {
            f"{row.metric}/{row.condition}/{row.dataset}/{row.seed}": row.value
            for row in self._stored_rows(confirmed)
            if row.is_final
        }
        expected = {"seeds": list(self.plan.confirm_seeds), "tolerance": 1e-6, "values": values}
        write_json(code / "expected.json", expected)
        who = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main"]
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "The confirmed program"]):
            subprocess.run(["git", *who, *words], cwd=code, check=True, capture_output=True)
        facts = {"node": confirmed.id}
        self.ledger.record("code.exported", actor="harness", inputs=[confirmed.checkpoint], facts=facts)

    def _stored_rows(self, node: Node) -> tuple[Row, ...]:
        lines = (self.run.node(node.id) / "rows.jsonl").read_text().splitlines()
        return tuple(Row.model_validate_json(line) for line in lines)

    def _events(self) -> list[Event]:
        return [Event.model_validate_json(line) for line in self.run.ledger.read_text().splitlines()]


def brief(node: Node, plan: Plan) -> Brief:
    return Brief(
        id=node.id,
        number=node.number,
        stage=node.stage,
        operator=node.operator,
        title=node.title,
        parents=tuple(node.parents),
        checkpoint=node.checkpoint,
        move=node.move,
        components=node.components,
        is_copy=False,
        status=node.outcome.status.value if node.outcome else None,
        value=target_mean(node.outcome, plan) if node.outcome else None,
        seeds=node.outcome.seeds if node.outcome else (),
    )


def make_run(folder: Path, *, latex: Latex | None = NO_TEX, first_seed: int = 100) -> RunFolder:
    """Make a finished run under a folder; without TeX unless one is handed in."""
    maker = Maker(folder, make_plan(seeds=range(first_seed, first_seed + 12)))
    try:
        _carry_out(maker, latex)
    finally:
        maker.journal.close()
        maker.ledger.close()
    return maker.run


def _carry_out(maker: Maker, latex: Latex | None) -> None:
    maker.enter("implement")
    first = maker.node("implement", PROGRAM.format(shrink=1.0, ablate=False))
    maker.enter("explore")
    maker.node("explore", "import lab\nraise SystemExit(3)\n", parent=first, components=["broken"])
    better = maker.node("explore", PROGRAM.format(shrink=0.5, ablate=False), parent=first, components=["shrink"])
    maker.enter("ablate")
    ablated = maker.node("ablate", PROGRAM.format(shrink=0.5, ablate=True), parent=better, components=["shrink"])
    maker.enter("confirm")
    confirmed = maker.node("confirm", PROGRAM.format(shrink=0.5, ablate=True), parent=ablated, components=["shrink"])
    end = {"name": "confirm", "why": "complete", "nodes": 1, "best": confirmed.id}
    maker.ledger.record("stage.finished", actor="search", key="stage:confirm", facts=end)
    maker.export(confirmed)
    context = maker.analyse(confirmed)
    maker.write(context, latex)
