"""The report's page: each number leads to its rows, program line and log, and nothing in it can act."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

from ai_scientist.audit.check import audit
from ai_scientist.audit.page import logging_lines
from ai_scientist.audit.write import write_report
from ai_scientist.core.jsonl import read_json
from ai_scientist.core.run_folder import RunFolder


class Links(HTMLParser):
    """Collects what links lead to, what they could lead to, and every tag."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[str] = []
        self.anchors: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.add(tag)
        if tag == "a":
            self.wanted.append(values.get("href") or "")
        if identifier := values.get("id"):
            self.anchors.add(identifier)
        assert not any(name.startswith("on") or name == "src" for name in values)


def read(page: Path) -> Links:
    links = Links()
    links.feed(page.read_text())
    return links


def test_every_link_of_the_page_leads_somewhere_in_it(honest: RunFolder, tmp_path: Path) -> None:
    report = audit(honest)
    data, page = write_report(report, honest, folder=tmp_path)
    links = read(page)
    assert all(link.startswith("#") and link[1:] in links.anchors for link in links.wanted)
    assert {"test-H1", "cell-ece.proposed.all.test", "line-1", "log", "code"} <= links.anchors
    assert "#test-H1" in links.wanted
    assert "#cell-ece.proposed.all.test" in links.wanted
    assert not links.tags & {"script", "iframe", "img", "link"}
    assert read_json(data)["verdict"] == "pass"


def test_everything_that_was_judged_has_a_verdict_that_can_be_picked_by_kind(run: RunFolder, tmp_path: Path) -> None:
    file = run.results / "cells.jsonl"
    first, *others = file.read_text().splitlines()
    file.write_text("\n".join([json.dumps({**json.loads(first), "unit": "ms"}), *others]) + "\n")
    address = "results/cells.jsonl, " + json.loads(first)["id"]
    report = audit(run)
    verdicts = {item.where: item.verdict for item in report.items}
    kinds = {item.kind for item in report.items}
    assert kinds >= {"artifact", "number", "table", "figure", "claim", "citation", "reference", "cell", "test", "plan"}
    failed = {where for where, verdict in verdicts.items() if verdict == "fail"}
    assert failed == {"results/cells.jsonl", address}
    _, page = write_report(report, run, folder=tmp_path)
    links, text = read(page), page.read_text()
    assert {"only-all", "only-fail", "only-number", "only-artifact"} <= links.anchors
    assert text.count("fail-row") == len(failed)
    assert text.index("fail-row") < text.index("pass-row", text.index('<div class="judged">'))


def test_a_value_that_a_variable_names_leads_to_the_line_that_logs_it(honest: RunFolder) -> None:
    code = ('lab.log("ece", 1)', "lab.log(metric=name, value=v)", 'lab.log(metric="nll", value=v)', "x = 1")
    assert logging_lines(code, "ece") == (1, 2)
    assert logging_lines(code, "nll") == (2, 3)


def test_the_page_names_the_findings_and_escapes_what_a_run_says(run: RunFolder, tmp_path: Path) -> None:
    (run.code / "experiment.py").write_text("print('<script>alert(1)</script>')\n")
    report = audit(run)
    _, page = write_report(report, run, folder=tmp_path)
    text = page.read_text()
    assert "code/experiment.py" in text
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_page_is_written_for_a_run_that_holds_nothing(run: RunFolder, tmp_path: Path) -> None:
    for name in ("results/cells.jsonl", "paper/claims.json", "code/experiment.py"):
        (run.path / name).unlink()
    _, page = write_report(audit(run), run, folder=tmp_path)
    assert "There is no paper" in page.read_text()


def test_writing_the_report_into_the_run_leaves_the_verdict_as_it_is(run: RunFolder) -> None:
    write_report(audit(run), run)
    assert audit(run).verdict == "pass"
