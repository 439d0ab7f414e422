from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from ai_scientist.paper.latex import render_paper
from ai_scientist.paper.macros import render_text
from tests.paper import workshop

GOLDEN = Path(__file__).parent / "golden"
CONTEXT = workshop.context()


def test_a_rendered_section_is_the_golden_one() -> None:
    rendered = render_text(workshop.rich_draft().section("results").body, CONTEXT, place="results")
    assert rendered.text + "\n" == (GOLDEN / "results.tex").read_text()


def test_the_same_draft_gives_the_same_bytes() -> None:
    first, second = (render_paper(workshop.rich_draft(), workshop.context()) for _ in range(2))
    assert first == second


def test_every_link_of_the_paper_leads_somewhere_and_back() -> None:
    source = render_paper(workshop.rich_draft(), CONTEXT)
    body, appendix = source.tex.split("\\begin{document}")[1].split("\\appendix")
    entries = set(re.findall(r"\\entry\{([^}]*)\}", appendix))
    places = set(re.findall(r"\\(?:evidence|place)\{([^}]*)\}", body))
    for here, target in re.findall(r"\\evidence\{([^}]*)\}\{([^}]*)\}", body):
        assert target in entries
        assert here in places
    back = set(re.findall(r"\\hyperlink\{(at:[^}]*)\}", appendix))
    assert back == places
    assert len(places) == len(source.claims.claims)


def test_every_claim_stands_in_the_source_with_its_text() -> None:
    source = render_paper(workshop.rich_draft(), CONTEXT)
    assert len(source.claims.claims) > 30
    for claim in source.claims.claims:
        assert claim.place in ("abstract", "table:main") or claim.place in {
            s.name for s in workshop.rich_draft().sections
        }


def test_all_comparisons_are_listed_whether_the_text_names_them_or_not() -> None:
    draft = workshop.minimal_draft()
    tex = render_paper(draft, CONTEXT).tex
    for test in CONTEXT.results.tests:
        assert rf"\entry{{test:{test}}}{test} &" in tex
    assert "exploratory" in tex


def test_every_node_that_was_tried_is_listed() -> None:
    tex = render_paper(workshop.rich_draft(), CONTEXT).tex
    for attempt in CONTEXT.provenance.attempts:
        assert re.search(rf"^{attempt.node}", tex, re.MULTILINE)
    assert tex.count(r"\ensuremath{\star}") == 3


def test_plain_strings_from_outside_cannot_become_latex() -> None:
    evil = r"\input{/etc/passwd} 50% & $x$ _"
    provenance = CONTEXT.provenance.model_copy(update={"command": evil, "run": evil})
    plan = CONTEXT.plan.model_copy(update={"question": evil, "stopping_rule": evil})
    context = dataclasses.replace(CONTEXT, provenance=provenance, plan=plan)
    tex = render_paper(workshop.rich_draft(author_note=evil), context).tex
    assert "\\input{/etc" not in tex
    assert tex.count(r"\textbackslash{}input\{/etc/passwd\} 50\% \& \$x\$ \_") == 5


def test_a_paper_without_citations_has_no_bibliography() -> None:
    source = render_paper(workshop.minimal_draft(), CONTEXT)
    assert source.bib == ""
    assert "\\bibliography{" not in source.tex


def test_a_float_follows_the_paragraph_that_names_it_and_a_wide_one_comes_earlier() -> None:
    tex = render_paper(workshop.rich_draft(), CONTEXT).tex
    assert tex.index("shows them by dataset.") < tex.index(r"\label{fig:bars}") < tex.index("How the search got there")
    assert tex.index(r"\label{sec:experiments}") < tex.index(r"\label{fig:tree}") < tex.index(r"\label{sec:results}")


def test_changing_one_cell_changes_the_paper() -> None:
    results = CONTEXT.results
    address = "ece/noisy/all/test/mean"
    cell = results.cells[address].model_copy(update={"value": results.cells[address].value + 0.01})
    changed = dataclasses.replace(
        CONTEXT, results=results.model_copy(update={"cells": {**results.cells, address: cell}})
    )
    assert render_paper(workshop.rich_draft(), changed).tex != render_paper(workshop.rich_draft(), CONTEXT).tex
