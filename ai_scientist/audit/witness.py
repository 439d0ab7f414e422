"""Other witnesses of the same events, whom a rewritten ledger must fool too: programs' output, git, folders, dates."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version

from ai_scientist.analysis.check import SAME
from ai_scientist.analysis.recompute import KNOWN, KNOWN_OF_PROBABILITIES, read_predictions, recompute
from ai_scientist.analysis.rows import Row, read_rows
from ai_scientist.audit.chain import Chain
from ai_scientist.audit.notebook import Notebook
from ai_scientist.audit.tree import Brief, Tree
from ai_scientist.core.errors import ConfigError, RunCorrupted
from ai_scientist.core.hashing import sha256_json
from ai_scientist.core.ids import NodeId
from ai_scientist.core.plan import Plan
from ai_scientist.core.research_template import load_template
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.sandbox.reports import read_reports

PACKAGE = "ai-scientist"
ASKED = ("statement", "metric", "treatment", "baseline", "expects", "margin")
"""What a hypothesis says."""

CLOSE_SECONDS = 120
"""run.json is written moments before the ledger's first line."""


def check_numbering(run: RunFolder, tree: Tree, book: Notebook) -> None:
    """Nodes are numbered without gaps, and journal, git and folders know the same ones."""
    for number, node in enumerate(tree.values(), 1):
        if node.number != number:
            why = f"Node number {number} is missing: the next one is {node.id}."
            book.find("node", "search/journal.jsonl", why)
            break
    refs = {file.name for file in (run.checkpoints / "refs" / "nodes").glob("n*")}
    packed = run.checkpoints / "packed-refs"
    if packed.is_file():
        names = (line.rpartition("refs/nodes/")[2] for line in packed.read_text(errors="replace").splitlines())
        refs |= {name for name in names if name.startswith("n")}
    folders = {path.name for path in (run.path / "search" / "nodes").glob("n*") if path.is_dir()}
    for name in sorted((refs | folders) - tree.keys()):
        where = "search/checkpoints.git" if name in refs else f"search/nodes/{name}"
        book.find("node", where, f"There is a program or folder of {name}, which the journal does not know.")


def check_dates(run: RunFolder, chain: Chain, book: Notebook) -> None:
    """The run's own record must be as old as its ledger."""
    created = chain.of_kind("run.created")
    record = run.record()
    book.look("date")
    if created:
        apart = abs((datetime.fromisoformat(created[0].time) - datetime.fromisoformat(record.created)).total_seconds())
        if apart > CLOSE_SECONDS:
            why = f"It says that the run was made {record.created}; the ledger begins {created[0].time}."
            book.find("artifact", "run.json", why)
        topic = created[0].facts.get("topic")
        if topic is not None and topic != record.topic:
            book.find("artifact", "run.json", "Its topic is not the one that the ledger begins with.")
    if not record.id.startswith(record.created[:10]):
        book.find("artifact", "run.json", f"The run's name {record.id} has another date than its record.")


def check_plan_draft(run: RunFolder, plan: Plan, book: Notebook) -> None:
    """The plan was written down before it was locked; both must say the same."""
    file = run.ideas / "plan.draft.json"
    if not file.is_file():
        return
    try:
        draft = json.loads(file.read_bytes())
    except ValueError:
        book.find("plan", "ideas/plan.draft.json", "It cannot be read.")
        return
    if draft != plan.model_dump(mode="json"):
        told = plan.model_dump(mode="json")
        changed = sorted(k for k in told if not isinstance(draft, dict) or draft.get(k) != told[k])  # pyright: ignore[reportUnknownMemberType]  # JSON
        book.find("plan", "plan.json", f"It differs from the draft that was locked in: {', '.join(changed)}.")


def check_template(run: RunFolder, plan: Plan, book: Notebook) -> None:
    """A plan that rules took from a research template holds the template's own hypotheses, of which we have a copy."""
    record = run.record()
    if plan.template is None or record.settings.model.name != "rules":
        return
    if record.versions.get(PACKAGE) != version(PACKAGE):
        book.note("The plan's template is of another version, so its hypotheses were not compared.")
        return
    try:
        known = {h.id: h for h in load_template(plan.template).hypotheses}
    except ConfigError:
        book.find("plan", "plan.json", f"It names a research template that does not exist: {plan.template}.")
        return
    for hypothesis in plan.hypotheses:
        ours = known.get(hypothesis.id)
        if ours is None or any(getattr(ours, name) != getattr(hypothesis, name) for name in ASKED):
            why = f"{hypothesis.id} is not as the research template {plan.template} has it."
            book.find("plan", "plan.json", why)


def check_left(run: RunFolder, tree: Tree, plan: Plan, book: Notebook) -> None:
    """Rows against what each program itself left behind, seed by seed."""
    bare: list[str] = []
    for node in tree.values():
        if node.status != "ok":
            continue
        if not (run.node(NodeId(node.id)) / "files").is_dir():
            bare.append(node.id)
            continue
        try:
            rows = read_rows(run.node(NodeId(node.id)) / "rows.jsonl")
        except (RunCorrupted, UnicodeDecodeError):
            continue  # said where rows are checked
        _check_node(run, node, rows, plan, book)
    if bare:
        some = ", ".join(bare[:5]) + (" …" if len(bare) > 5 else "")
        book.note(f"What the programs of {some} left was not kept, so their rows were not compared with it.")


def _check_node(run: RunFolder, node: Brief, rows: tuple[Row, ...], plan: Plan, book: Notebook) -> None:
    path = f"search/nodes/{node.id}/rows.jsonl"
    folder = run.node(NodeId(node.id)) / "files"
    for seed in sorted({row.seed for row in rows} | set(node.seeds)):
        out = folder / f"seed-{seed}"
        if not out.is_dir():
            book.find("rows", path, f"Seed {seed} has left nothing: there is no {out.relative_to(run.path)}.")
            continue
        reports = read_reports(out)
        mine = [row for row in rows if row.seed == seed]
        said = {(r.metric, r.condition, r.dataset, r.split, r.step): r.value for r in reports.rows}
        kept = {(r.metric, r.condition, r.dataset, r.split, r.step): r for r in mine}
        for place in sorted(said.keys() | kept.keys(), key=str):
            name = "/".join(str(part) for part in place if part is not None)
            if place not in kept:
                book.find("rows", path, f"{name}, seed {seed}: the program logged it, but the row is missing.")
            elif place not in said and not kept[place].recomputed:
                book.find("rows", path, f"{name}, seed {seed}: the program did not log it.")
            elif place in said and not kept[place].recomputed and said[place] != kept[place].value:
                why = f"{name}, seed {seed}: the row says {kept[place].value!r}, the program logged {said[place]!r}."
                book.find("rows", path, why)
        hashes = {key: value for key, value in reports.data.items() if key.endswith("/sha256")}
        data = sha256_json(hashes) if hashes else ""
        if mine and mine[0].data != data:
            book.find("rows", path, f"Seed {seed}: the rows name other data than the program loaded.")
        _check_predictions(run, node, seed, kept, plan, book)
    _check_config(run, node, book)


def _check_predictions(
    run: RunFolder,
    node: Brief,
    seed: int,
    kept: Mapping[tuple[str, str, str, str, int | None], Row],
    plan: Plan,
    book: Notebook,
) -> None:
    out = run.node(NodeId(node.id)) / "files" / f"seed-{seed}"
    path = f"search/nodes/{node.id}/rows.jsonl"
    try:
        predictions = read_predictions(out)
    except (ValueError, RunCorrupted) as error:
        book.find("rows", out.relative_to(run.path).as_posix(), str(error).splitlines()[0])
        return
    metrics = [m.name for m in plan.metrics if m.name in {*KNOWN, *KNOWN_OF_PROBABILITIES}]
    for told in predictions:
        for metric in metrics:
            row = kept.get((metric, told.condition, told.dataset, told.split, None))
            try:
                value = recompute(told, metric, {})
            except ValueError:
                continue
            if row is not None and value is not None:
                book.look("metric recomputed")
                if not math.isclose(row.value, value, rel_tol=SAME, abs_tol=SAME):
                    name = f"{metric}/{told.condition}/{told.dataset}, seed {seed}"
                    book.find("rows", path, f"{name}: the row says {row.value!r}, its predictions give {value!r}.")


def _check_config(run: RunFolder, node: Brief, book: Notebook) -> None:
    """config.json must say what all seeds said alike."""
    file = run.node(NodeId(node.id)) / "config.json"
    path = file.relative_to(run.path).as_posix()
    if not file.is_file():
        return
    try:
        kept: dict[str, dict[str, object]] = json.loads(file.read_bytes())
    except ValueError:
        book.find("cell", path, "It cannot be read.")
        return
    told = [read_reports(run.node(NodeId(node.id)) / "files" / f"seed-{seed}") for seed in node.seeds]
    parts = (("settings", "setting", [r.config for r in told]), ("data", "fact", [r.data for r in told]))
    for part, name, facts in parts:
        for key, value in kept.get(part, {}).items():
            book.look("setting")
            if any(fact.get(key) != value for fact in facts):
                book.find("number", path, f"The {name} '{key}' is {value!r}; the program said otherwise.")
