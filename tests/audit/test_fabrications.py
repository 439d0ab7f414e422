"""Every kind of fabrication, planted by a forger who covers the traces, in a small run; and honest runs left alone."""

from __future__ import annotations

from random import Random

import pytest

from ai_scientist.audit.check import audit
from ai_scientist.audit.rerun import Rerun
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.sandbox.process import ProcessSandbox
from benchmarks.fabrications import KINDS, Kind
from benchmarks.forger import Forger, NotApplicable

KNOWN_TO_PASS = {
    "turned_hypothesis_everywhere": "a plan that is rewritten in every file, outside of any template, has no witness",
    "struck_and_renumbered": "a search told again without one of its attempts is a search; a kept hash tells",
    "negated_claim": "words around a claim are not read for what they do to it, unless rules wrote them",
    "false_sentence": "a sentence without number or comparison is held against nothing, unless rules wrote the paper",
    "false_caption": "the same, below a figure",
    "other_machine": "no node of this run names its environment; see tests/graph/test_prose.py",
}
"""What the auditor cannot see in this run; the full benchmark prints it."""


def test_there_are_enough_kinds_and_no_name_twice() -> None:
    assert len(KINDS) >= 30
    assert len({kind.name for kind in KINDS}) == len(KINDS)


# The fast lane plants every eighth kind; all of them are planted with the slow tests.
PLANTED = [pytest.param(k, id=k.name, marks=[pytest.mark.slow] if n % 8 else []) for n, k in enumerate(KINDS)]


@pytest.mark.parametrize("kind", PLANTED)
def test_a_fabrication_is_caught_though_its_traces_are_covered(run: RunFolder, kind: Kind) -> None:
    forger, head = Forger(run, Random(kind.name)), audit(run).ledger
    try:
        kind.plant(forger)
        forger.cover()
    except NotApplicable as why:
        pytest.skip(str(why))
    report = audit(run, rerun=Rerun(seeds=1, sandbox=ProcessSandbox()) if kind.rerun else False)
    if kind.name in KNOWN_TO_PASS:
        assert report.verdict == "pass", "it is caught now: take it off the list"
        assert audit(run, expect_head=head).verdict == "fail", "a hash that was kept elsewhere tells"
    else:
        assert report.verdict == "fail"


def test_covering_the_traces_of_nothing_raises_no_alarm(run: RunFolder) -> None:
    """The forger's own tools leave no trace that the auditor could live on."""
    forger = Forger(run, Random(1))
    forger.rebuild()
    forger.cover()
    assert audit(run).findings == ()


def test_the_forger_s_first_edit_alone_is_caught_by_its_hash(run: RunFolder) -> None:
    Forger(run, Random(2)).change_text("plan.json", '"title": "Smoothing"', '"title": "Smoother"')
    report = audit(run)
    assert {"plan"} <= {finding.kind for finding in report.findings}
