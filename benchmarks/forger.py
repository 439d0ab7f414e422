"""Forging a finished run: changing what it says and covering the traces, as somebody would who knows how it works.

The forger holds the same library as the auditor: results, figures, tables and paper are made anew from forged rows,
hashes are taken anew, the ledger is chained anew, and hashes that were written down elsewhere are replaced too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from ai_scientist.analysis.cells import Results, read_results, write_results
from ai_scientist.analysis.family import count_family
from ai_scientist.analysis.figure_data import FigureData
from ai_scientist.analysis.figures import draw_figure
from ai_scientist.analysis.results import build_results
from ai_scientist.analysis.rows import Row, RunConfig, read_rows, write_rows
from ai_scientist.analysis.tables import make_table
from ai_scientist.audit.chain import read_chain
from ai_scientist.audit.displays import tree_points
from ai_scientist.audit.manuscript import counts_of
from ai_scientist.audit.notebook import Notebook
from ai_scientist.audit.prose import write_again
from ai_scientist.audit.tree import check_tree
from ai_scientist.core.hashing import canonical_json, sha256_bytes, sha256_file
from ai_scientist.core.ids import CheckpointId, NodeId
from ai_scientist.core.jsonl import read_json, write_atomic, write_json
from ai_scientist.core.ledger import GENESIS
from ai_scientist.core.plan import Plan
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.paper.compile import Frame, read_context, read_draft
from ai_scientist.paper.document import Draft, Table
from ai_scientist.paper.latex import render_paper
from ai_scientist.paper.latexmk import find_latex, run_latexmk
from ai_scientist.rules.edition import edition
from ai_scientist.search.checkpoints import Checkpoints


class NotApplicable(Exception):
    """This run has nothing that the fabrication could be planted in."""


class Forger:
    """Changes one copy of a finished run.

    Attributes:
        node: The confirmed node.
    """

    def __init__(self, run: RunFolder, rng: Random) -> None:
        self.run, self.rng = run, rng
        self.node = NodeId(self.results.nodes[0])
        self._in_pdf: Callable[[str], str] = lambda tex: tex

    # What is there

    @property
    def plan(self) -> Plan:
        """The plan as it lies there."""
        return Plan.model_validate(read_json(self.run.plan))

    @property
    def results(self) -> Results:
        """The result store as it lies there."""
        return read_results(self.run.results)

    @property
    def draft(self) -> Draft:
        """The paper in macro form."""
        return read_draft(self.run)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The confirmed rows."""
        return read_rows(self.rows_file)

    @property
    def rows_file(self) -> Path:
        """Where they lie."""
        return self.run.node(self.node) / "rows.jsonl"

    @property
    def tex(self) -> str:
        """The rendered paper."""
        return (self.run.paper / "paper.tex").read_text()

    # Changing single files

    def change_text(self, path: str, old: str, new: str) -> None:
        """Replace the first occurrence of a text."""
        file = self.run.path / path
        text = file.read_text()
        if old not in text:
            raise NotApplicable(f"{old!r} is not in {path}")
        write_atomic(file, text.replace(old, new, 1).encode())

    def change_json(self, path: str, change: Callable[[Any], None]) -> None:
        """Change what a JSON file holds, in place."""
        file = self.run.path / path
        value = read_json(file)
        change(value)
        write_json(file, value)

    def change_lines(self, path: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
        """Change each JSON line of a file; None drops it."""
        file = self.run.path / path
        lines = (change(json.loads(line)) for line in file.read_text().splitlines())
        write_atomic(file, "".join(canonical_json(line) + "\n" for line in lines if line is not None).encode())

    # Changing rows and everything that follows from them

    def change_rows(self, change: Callable[[Row], Row | None], *, also_raw: bool) -> None:
        """Change the confirmed rows and what follows; with `also_raw` also what the program itself left."""
        before = self.rows
        after = [changed for row in before if (changed := change(row)) is not None]
        if also_raw:
            # Predictions are gone with what the program left, so no row may say that it was computed from them.
            after = [row.model_copy(update={"recomputed": False}) for row in after]
        write_rows(self.rows_file, after)
        if also_raw:
            self._change_raw(after)
        self.sync_journal(after)
        self.rebuild()

    def _change_raw(self, rows: list[Row]) -> None:
        folder = self.run.node(self.node) / "files"
        for seed in sorted(folder.glob("seed-*")):
            mine = [row for row in rows if f"seed-{row.seed}" == seed.name]
            if not mine:
                shutil.rmtree(seed)
                continue
            names = ("metric", "value", "condition", "dataset", "split", "step")
            said = [{name: getattr(row, name) for name in names} for row in mine]
            write_atomic(seed / "rows.jsonl", "".join(json.dumps(row) + "\n" for row in said).encode())
            shutil.rmtree(seed / "predictions", ignore_errors=True)

    def sync_journal(self, rows: list[Row]) -> None:
        """Make the journal's measurements those of the rows."""
        names = ("metric", "condition", "dataset", "split", "seed", "value")
        measured = [{name: getattr(row, name) for name in names} for row in rows if row.is_final]

        def change(line: dict[str, Any]) -> dict[str, Any]:
            if line["event"].get("kind") == "node_finished" and line["event"]["node"] == self.node:
                line["outcome"]["measurements"] = measured
            return line

        self.change_lines("search/journal.jsonl", change)

    def rebuild(self, *, results: Results | None = None) -> None:
        """Make results, figures, tables, code repository and paper anew from the rows as they are now."""
        plan, rows = self.plan, self.rows
        chain = read_chain(self.run, Notebook())
        config = RunConfig.model_validate(read_json(self.run.node(self.node) / "config.json"))
        family = count_family(chain.of_kind("node.finished"), plan, rows)
        made = results or build_results(rows, plan, config, family=family)
        write_results(made, self.run.results)
        tree = check_tree(self.run, chain, plan, Notebook())
        points = tree_points(tree, [self.node])
        for side in sorted((self.run.results / "figures").glob("*.json")):
            request = FigureData.model_validate(read_json(side)).request
            draw_figure(request, made, rows, plan, side.parent, points=points)
        tables = {table.name: table for table in self.draft.tables}
        for file in sorted((self.run.results / "tables").glob("*.json")):
            tables[file.stem] = self._table(Table.model_validate(read_json(file)), made, plan)
            write_json(file, tables[file.stem].model_dump(mode="json"))
        values = {
            f"{r.metric}/{r.condition}/{r.dataset}/{r.seed}": r.value
            for r in rows
            if r.is_final and r.split == plan.split
        }
        self.change_code("expected.json", lambda text: json.dumps({**json.loads(text), "values": values}))
        draft = self.draft
        draft = draft.model_copy(update={"tables": tuple(tables[t.name] for t in draft.tables)})
        self.write_paper(self._rewritten(draft, made))

    def _rewritten(self, draft: Draft, results: Results) -> Draft:
        """Return the paper with the text that rules write about the forged results, if it was theirs."""
        context = replace(read_context(self.run), results=results, plan=self.plan)
        if context.provenance.rules != edition():
            return draft
        return write_again(self.run, draft, context, self.rows)

    @staticmethod
    def _table(table: Table, results: Results, plan: Plan) -> Table:
        shown = [part.split("}")[0].split("/") for part in table.body.replace(r"\valci{", r"\val{").split(r"\val{")[1:]]
        metrics, conditions, datasets = (list(dict.fromkeys(cell[i] for cell in shown)) for i in range(3))
        made = make_table(metrics, conditions, datasets, results, plan)
        return table.model_copy(update={"body": made.body, "columns": made.columns})

    def change_code(self, name: str, change: Callable[[str], str]) -> None:
        """Change a file of the code repository and commit it as if it had always been so."""
        file = self.run.code / name
        if not file.is_file():
            return
        file.write_text(change(file.read_text()))
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        who = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
        words = ["commit", "-q", "-a", "--amend", "--no-edit", "--allow-empty"]
        subprocess.run(["git", *who, *words], cwd=self.run.code, env=environment, check=True, capture_output=True)

    def change_program(self, change: Callable[[str], str]) -> None:
        """Put another program in the place of the confirmed one, everywhere."""
        repository = Checkpoints(self.run.checkpoints)
        old = repository.of_node(self.node)
        stored = repository.load(CheckpointId(old))
        files = {**stored.files, "experiment.py": change(stored.files["experiment.py"])}
        if files == dict(stored.files):
            raise NotApplicable("the program has no such place")
        number = int(self.node[1:])
        new = repository.commit(files, parents=stored.parents, message="confirm", number=number)
        for file in (self.run.ledger, self.run.journal, self.rows_file, self.run.paper / "context.json"):
            text = file.read_text()
            if file == self.run.journal:
                lines = [
                    line.replace(stored.tree, new.tree) if f'"{self.node}"' in line else line
                    for line in text.splitlines(keepends=True)
                ]
                text = "".join(lines)
            write_atomic(file, text.replace(old, new.id).encode())
        self.change_code("experiment.py", lambda _: files["experiment.py"])
        self.rebuild()

    # The paper

    def write_paper(self, draft: Draft, *, context_changes: Mapping[str, Any] | None = None) -> None:
        """Render the paper anew, whatever it says; there is no PDF of it."""
        context = replace(read_context(self.run), results=self.results, plan=self.plan, **(context_changes or {}))
        source = render_paper(draft, context)
        folder = self.run.paper
        frame = Frame.model_validate(read_json(folder / "context.json")).model_copy(
            update={
                "counts": dict(context.counts),
                "provenance": context.provenance,
                "records": dict(context.records),
                "quotes": dict(context.quotes),
            }
        )
        (folder / "paper.pdf").unlink(missing_ok=True)
        for section in draft.sections:
            write_atomic(folder / "sections" / f"{section.name}.tex", section.body.encode())
        write_atomic(folder / "paper.tex", source.tex.encode())
        write_atomic(folder / "references.bib", source.bib.encode())
        for name, value in (("draft", draft), ("context", frame), ("claims", source.claims)):
            write_json(folder / f"{name}.json", value.model_dump(mode="json"))

    def compile_pdf(self, change: Callable[[str], str]) -> None:
        """Compile the paper again, with a change that its source does not get; without TeX the PDF is removed."""
        self._in_pdf = change
        file, latex = self.run.paper / "paper.pdf", find_latex()
        file.unlink(missing_ok=True)
        if latex.latexmk is None or not latex.is_ready:
            return
        figures = {f"figures/{p.name}": p.read_bytes() for p in (self.run.results / "figures").glob("*.pdf")}
        bibliography = (self.run.paper / "references.bib").read_bytes()
        inputs = {"paper.tex": change(self.tex).encode(), "references.bib": bibliography, **figures}
        date = read_context(self.run).provenance.date
        made = run_latexmk(inputs, latexmk=latex.latexmk, date=date, timeout_seconds=180)
        if made.pdf is not None:
            write_atomic(file, made.pdf)

    def recount(self) -> dict[str, int]:
        """Return the counts that the journal gives as it is now, by the names that the paper uses."""
        tree = check_tree(self.run, read_chain(self.run, Notebook()), self.plan, Notebook())
        counts = counts_of(tree, self.plan, [self.node])
        return {name: counts.get(name, value) for name, value in read_context(self.run).counts.items()}

    # The traces

    def cover(self) -> None:
        """Take every hash anew, chain the ledger anew, and replace the hashes of its lines that stand elsewhere."""
        shutil.rmtree(self.run.audit, ignore_errors=True)
        events = [json.loads(line) for line in self.run.ledger.read_text().splitlines()]
        events = [event for event in events if event["kind"] not in ("audit.done", "session.ended")]
        for event in events:  # a forger without TeX makes a run that never had a PDF
            event["outputs"] = [output for output in event["outputs"] if (self.run.path / output["path"]).is_file()]
        latest = {output["path"]: number for number, event in enumerate(events) for output in event["outputs"]}
        # The paper names the hash of the line before it, which changes with it: a second time makes both fit.
        for _ in range(2):
            if not self._name_ledger(self._chain(events, latest)):
                break
            if (self.run.paper / "paper.pdf").is_file():
                self.compile_pdf(self._in_pdf)

    def _chain(self, events: list[dict[str, Any]], latest: Mapping[str, int]) -> str:
        """Write the events with fresh hashes; return the hash of the line before the last paper."""
        head, before_paper, lines = str(GENESIS), "", list[bytes]()
        papers = [number for number, event in enumerate(events) if event["kind"] == "paper.compiled"]
        for number, event in enumerate(events):
            if papers and number == papers[-1]:
                before_paper = head
            # A file that a later event made again keeps its old hash here: the paper, which names the hash of the line
            # before it, would else change that very line.
            outputs = [self._fresh(o) if latest[o["path"]] == number else o for o in event["outputs"]]
            event["outputs"] = [output for output in outputs if output]
            line = canonical_json({**event, "seq": number, "previous": head}).encode()
            lines.append(line + b"\n")
            head = sha256_bytes(line)
        write_atomic(self.run.ledger, b"".join(lines))
        return before_paper

    def _fresh(self, output: dict[str, str]) -> dict[str, str] | None:
        file = self.run.path / output["path"]
        return {"path": output["path"], "sha256": sha256_file(file)} if file.is_file() else None

    def _name_ledger(self, head: str) -> bool:
        """Put another ledger hash into the paper, wherever it stood; whether there was one."""
        context = self.run.paper / "context.json"
        if not context.is_file():
            return False
        old = read_json(context)["provenance"].get("ledger", "")
        if not old or old == head:
            return False
        for name in ("context.json", "paper.tex"):
            file = self.run.paper / name
            text = file.read_text()
            pieces = [(old[i : i + 8], head[i : i + 8]) for i in range(0, 64, 8)]
            before = r"\allowbreak{}".join(piece for piece, _ in pieces)
            after = r"\allowbreak{}".join(piece for _, piece in pieces)
            write_atomic(file, text.replace(old, head).replace(before, after).encode())
        return True
