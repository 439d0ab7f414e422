"""The audit: every artifact of a run judged from its folder alone, without trusting the tool that made it."""

from __future__ import annotations

import time

from ai_scientist.audit.chain import Chain, check_anchors, check_expected, check_files, check_strays, read_chain
from ai_scientist.audit.citations import check_citations
from ai_scientist.audit.code import check_code
from ai_scientist.audit.displays import check_figures, check_tables
from ai_scientist.audit.manuscript import check_paper
from ai_scientist.audit.notebook import Notebook
from ai_scientist.audit.numbers import check_numbers
from ai_scientist.audit.plan_lock import check_plan
from ai_scientist.audit.prose import check_prose
from ai_scientist.audit.report import AuditReport
from ai_scientist.audit.rerun import Rerun, check_rerun
from ai_scientist.audit.reviews import check_reviews
from ai_scientist.audit.soundness import check_soundness
from ai_scientist.audit.tree import check_tree
from ai_scientist.audit.witness import check_dates, check_environment, check_numbering, check_plan_draft, check_template
from ai_scientist.core.run_folder import RunFolder


def audit(run: RunFolder, *, rerun: bool | Rerun = False, expect_head: str = "") -> AuditReport:
    """Return the verdict on a run. Nothing in the folder is changed.

    Args:
        run: The folder, which is all that is needed.
        rerun: Whether to run the confirmed program again, and how; else no code of the run is executed.
        expect_head: A hash that was written down where nobody of the run could change it (from a terminal, an earlier
            report, a PDF that was sent out): it must be the hash of one of the ledger's lines. Its first 16 digits do.
    """
    started = time.monotonic()
    book, chain = Notebook(), Chain()
    with book.naming_what_cannot_be_read(run.path):
        chain = read_chain(run, book)
    for check in (check_files, check_strays, check_anchors, check_dates, check_reviews):
        with book.naming_what_cannot_be_read(run.path):
            check(run, chain, book)
    check_expected(chain, expect_head, book)
    check_environment(chain, book)
    with book.naming_what_cannot_be_read(run.path):
        _check_study(run, chain, rerun, book)
    book.close()
    return AuditReport(
        verdict="fail" if book.findings else "pass",
        checked=dict(sorted(book.checked.items())),
        findings=tuple(book.findings),
        items=book.items(),
        notes=tuple(book.notes),
        ledger=chain.head,
        seconds=round(time.monotonic() - started, 3),
    )


def _check_study(run: RunFolder, chain: Chain, rerun: bool | Rerun, book: Notebook) -> None:
    """Each check rests on what the one before it could establish."""
    plan = check_plan(run, chain, book)
    if plan is None:
        return
    check_plan_draft(run, plan, book)
    check_template(run, plan, book)
    tree = check_tree(run, chain, plan, book)
    check_numbering(run, tree, book)
    evidence = check_numbers(run, chain, tree, plan, book)
    if evidence is None:
        return
    check_figures(run, chain, tree, evidence, plan, book)
    check_tables(run, chain, evidence, plan, book)
    check_code(run, chain, tree, evidence, plan, book)
    check_soundness(run, chain, book)
    paper = check_paper(run, chain, tree, evidence, plan, book)
    if paper is not None:
        check_citations(run, paper, book)
        check_prose(run, chain, evidence, paper, book)
    if rerun:
        check_rerun(run, tree, evidence, plan, rerun if isinstance(rerun, Rerun) else Rerun(), book)
