"""What is changed in a finished run after the fact is found, and named with its file and place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ai_scientist.audit.check import audit
from ai_scientist.audit.report import AuditReport
from ai_scientist.core.hashing import canonical_json
from ai_scientist.core.run_folder import RunFolder

KINDS = {
    "artifact", "cell", "citation", "claim", "code", "figure", "ledger line", "node", "number", "paper", "plan",
    "quote", "reference", "row", "table", "test",
}  # fmt: skip


def kinds(report: AuditReport) -> set[str]:
    return {finding.kind for finding in report.findings}


def told(report: AuditReport) -> str:
    return "\n".join(f"{f.kind} | {f.where} | {f.why}" for f in report.findings)


def edit(file: Path, old: str, new: str, *, count: int = 1) -> None:
    text = file.read_text()
    assert old in text, f"{old!r} is not in {file.name}"
    file.write_text(text.replace(old, new, count))


def test_an_honest_run_passes_and_everything_was_looked_at(honest: RunFolder) -> None:
    report = audit(honest)
    assert report.findings == ()
    assert report.verdict == "pass"
    assert report.checked.keys() >= KINDS
    assert all(report.checked[kind] > 0 for kind in KINDS)


def test_nothing_in_the_folder_is_changed(run: RunFolder) -> None:
    def contents() -> dict[str, str]:
        files = (file for file in run.path.rglob("*") if file.is_file())
        return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    before = contents()
    audit(run)
    assert contents() == before


def test_one_digit_of_paper_tex(run: RunFolder) -> None:
    file = run.paper / "paper.tex"
    text = file.read_text()
    found = re.search(r"\\evidence\{[^}]*\}\{cell[^}]*\}\{[^}]*0\.\d\d", text)
    assert found
    place = found.end() - 1
    file.write_text(text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :])
    report = audit(run)
    line = text[:place].count("\n") + 1
    assert any(f.kind == "number" and f.where == f"paper/paper.tex, line {line}" for f in report.findings), told(report)


def test_one_byte_of_a_row_file(run: RunFolder) -> None:
    file = run.path / "search" / "nodes" / "n0005" / "rows.jsonl"
    data = bytearray(file.read_bytes())
    final = data.index(b'"step":null')
    place = data.index(b'"value":0.', final) + len(b'"value":0.') + 2
    data[place] = ord("7") if data[place] != ord("7") else ord("8")
    file.write_bytes(bytes(data))
    report = audit(run)
    assert any(f.kind == "rows" and f.where == "search/nodes/n0005/rows.jsonl" for f in report.findings), told(report)
    assert {"cell", "rows"} <= kinds(report)


@pytest.mark.parametrize("line", [1, 5, 12])
def test_one_ledger_line(run: RunFolder, line: int) -> None:
    lines = run.ledger.read_bytes().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace(b'"actor":"', b'"actor":"x', 1)
    run.ledger.write_bytes(b"".join(lines))
    report = audit(run)
    assert any(f.kind == "ledger" and f"line {line + 1}" in f.where for f in report.findings), told(report)


def test_a_dropped_ledger_line(run: RunFolder) -> None:
    lines = run.ledger.read_bytes().splitlines(keepends=True)
    run.ledger.write_bytes(b"".join(lines[:6] + lines[7:]))
    assert any(f.kind == "ledger" and "line 7" in f.where for f in audit(run).findings)


def test_one_figure(run: RunFolder) -> None:
    for suffix in ("pdf", "png"):
        file = run.results / "figures" / f"bars.{suffix}"
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(bytes(data))
    report = audit(run)
    where = {f.where for f in report.findings if f.kind == "figure"}
    assert {"results/figures/bars.pdf", "results/figures/bars.png"} <= where, told(report)
    assert kinds(report) == {"figure"}


def test_one_bibliography_entry(run: RunFolder) -> None:
    edit(run.paper / "references.bib", "{2017}", "{2018}")
    report = audit(run)
    assert any(f.kind == "reference" and "guo2017calibration" in f.where for f in report.findings), told(report)


def test_the_plan_after_the_fact(run: RunFolder) -> None:
    edit(run.plan, '"alpha": 0.05', '"alpha": 0.1')
    report = audit(run)
    assert any(f.kind == "plan" and "not the one that was locked" in f.why for f in report.findings)
    assert "test" in kinds(report)


def change_cell(run: RunFolder) -> None:
    file = run.results / "cells.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        if line["id"] == "ece/proposed/all/test/mean":
            line["value"] *= 0.9
    file.write_text("".join(canonical_json(line) + "\n" for line in lines))


def change_test(run: RunFolder) -> None:
    file = run.results / "tests.json"
    tests = json.loads(file.read_text())
    tests["H1"]["p_corrected"] /= 10
    file.write_text(json.dumps(tests))


def drop_test(run: RunFolder) -> None:
    file = run.results / "tests.json"
    tests = json.loads(file.read_text())
    del tests["X1"]
    file.write_text(json.dumps(tests))


def drop_seed(run: RunFolder) -> None:
    file = run.path / "search" / "nodes" / "n0005" / "rows.jsonl"
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if '"seed":103' not in line))


def drop_journal_line(run: RunFolder) -> None:
    lines = run.journal.read_text().splitlines(keepends=True)
    kept = [line for line in lines if '"node":"n0002"' not in line]
    assert len(kept) == len(lines) - 1
    run.journal.write_text("".join(kept))


def change_program(run: RunFolder) -> None:
    edit(run.code / "experiment.py", "SHRINK = 0.5", "SHRINK = 0.6")


def change_expected(run: RunFolder) -> None:
    edit(run.code / "expected.json", '"ece/proposed/wine/100": 0.', '"ece/proposed/wine/100": 0.9')


def change_quote(run: RunFolder) -> None:
    edit(run.paper / "context.json", '"start": 0', '"start": 3')


def change_claim(run: RunFolder) -> None:
    file = run.paper / "claims.json"
    value = json.loads(file.read_text())
    next(c for c in value["claims"] if c["macro"] == "delta")["text"] = "0.5"
    file.write_text(json.dumps(value))


def add_stray(run: RunFolder) -> None:
    (run.results / "figures" / "extra.png").write_bytes(b"\x89PNG")


def change_side_file(run: RunFolder) -> None:
    file = run.results / "figures" / "bars.json"
    value = json.loads(file.read_text())
    value["panels"][0]["series"][1]["points"][0]["y"] *= 0.5
    file.write_text(json.dumps(value))


def type_into_table(run: RunFolder) -> None:
    file = run.results / "tables" / "main.json"
    value = json.loads(file.read_text())
    value["body"] = value["body"].replace(r"\valci{ece/proposed/all/test}", "0.05", 1)
    file.write_text(json.dumps(value))


def type_into_abstract(run: RunFolder) -> None:
    file = run.paper / "draft.json"
    value = json.loads(file.read_text())
    value["abstract"] += " The error falls by thirty per cent."
    file.write_text(json.dumps(value))


def hide_attempt(run: RunFolder) -> None:
    file = run.paper / "context.json"
    value = json.loads(file.read_text())
    value["provenance"]["attempts"] = [a for a in value["provenance"]["attempts"] if a["status"] == "ok"]
    file.write_text(json.dumps(value))


def remove_pages(run: RunFolder) -> None:
    (run.paper / "paper.tex").unlink()


SPOILED: list[tuple[Callable[[RunFolder], None], str, str]] = [
    (change_cell, "cell", "ece/proposed/all/test/mean"),
    (change_test, "test", "H1"),
    (drop_test, "test", "X1"),
    (drop_seed, "rows", "n0005"),
    (drop_journal_line, "node", "journal"),
    (change_program, "code", "code/experiment.py"),
    (change_expected, "code", "code/expected.json"),
    (change_quote, "citation", "guo2017calibration-q1"),
    (change_claim, "number", "claims.json"),
    (add_stray, "figure", "extra.png"),
    (change_side_file, "figure", "bars.json"),
    (type_into_table, "table", "main.json"),
    (type_into_abstract, "number", "abstract"),
    (hide_attempt, "node", "context.json"),
    (remove_pages, "paper", "paper/paper.tex"),
]


@pytest.mark.parametrize(("spoil", "kind", "place"), SPOILED, ids=lambda value: getattr(value, "__name__", None))
def test_what_is_changed_is_named(run: RunFolder, spoil: Callable[[RunFolder], None], kind: str, place: str) -> None:
    spoil(run)
    report = audit(run)
    assert report.verdict == "fail"
    assert any(f.kind == kind and place in f.where for f in report.findings), told(report)


def test_a_run_without_results_is_judged_as_far_as_it_goes(run: RunFolder) -> None:
    for name in ("results", "paper", "code"):
        for file in sorted((run.path / name).rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
    report = audit(run)
    assert report.verdict == "fail"
    assert any("is missing" in f.why for f in report.findings)


def test_garbage_in_every_file_is_a_finding_and_no_crash(run: RunFolder) -> None:
    for file in run.path.rglob("*.json*"):
        if file.name != "run.json":
            file.write_bytes(b"\xff\x00{")
    report = audit(run)
    assert report.verdict == "fail"
    assert "ledger" in kinds(report)
