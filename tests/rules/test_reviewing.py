from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_scientist.agents.reviewing import Evidence, RebuttalFacts, ReviewFacts
from ai_scientist.agents.writing import FrontFacts, SectionFacts
from ai_scientist.analysis.soundness import Check, passed, warned
from ai_scientist.core.finding import Finding
from ai_scientist.paper.document import SECTIONS, Draft, Section
from ai_scientist.paper.read import PaperText, read_paper, read_run_paper
from ai_scientist.review.forms import Defect, Review
from ai_scientist.rules.referee.code_checks import code_checks
from ai_scientist.rules.referee.draft import section_kind, split_sentences
from ai_scientist.rules.reviewing import rebuttal, review
from ai_scientist.rules.writing.front import front
from ai_scientist.rules.writing.sections import section
from tests.rules.scenarios import SCENARIOS, context, paper

LENSES = ("evidence", "method", "presentation")
DRAFTS = Path(__file__).parent / "drafts"
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def stranger(name: str, lens: str = "evidence") -> Review:
    read = read_paper(DRAFTS / f"{name}.md")
    return review(ReviewFacts(title=read.title, text=read.text, lens=lens, evidence=Evidence()))


def reviewed(text: str, lens: str = "evidence", *, evidence: Evidence | None = None) -> Review:
    return review(ReviewFacts(title="A draft", text=text, lens=lens, evidence=evidence or Evidence()))


@cache
def own(scenario: str) -> PaperText:
    facts = paper("label_noise", BY_NAME[scenario])
    written = [
        Section(name=name, title=made.title, body=made.body)
        for name in SECTIONS
        for made in [section(SectionFacts(section=name, paper=facts, written=()))]
    ]
    top = front(FrontFacts(paper=facts, written=tuple(written)))
    draft = Draft(
        title=top.title,
        abstract=top.abstract,
        sections=tuple(written),
        figures=facts.figures,
        tables=facts.tables,
        author_note="",
    )
    return read_run_paper(draft, context(facts))


def evidence(scenario: str, *findings: Finding, soundness: tuple[Check, ...] = (), code: str = "") -> Evidence:
    facts = paper("label_noise", BY_NAME[scenario])
    return Evidence(
        plan=facts.plan,
        tests=tuple(facts.results.tests.values()),
        findings=findings,
        soundness=soundness,
        counts=facts.story.counts,
        code=code,
    )


def own_review(scenario: str, lens: str = "evidence", *findings: Finding, code: str = "") -> Review:
    read = own(scenario)
    facts = ReviewFacts(title=read.title, text=read.text, lens=lens, evidence=evidence(scenario, *findings, code=code))
    return review(facts)


@pytest.mark.parametrize("lens", LENSES)
def test_a_boastful_draft_is_rejected_and_a_careful_one_scores_far_higher(lens: str) -> None:
    bad, good = stranger("boastful", lens), stranger("careful", lens)
    assert bad.decision == "reject"
    assert bad.overall <= 2
    assert good.overall >= bad.overall + 3
    assert good.soundness > bad.soundness


@pytest.mark.parametrize(
    "said",
    [
        "best epoch on the test set",
        "above a hundred per cent",
        "from 80 to 90 is a change of 10 or 12.5, not 20",
        "no baseline",
        "Superiority is claimed without a figure",
        "how often the experiment was repeated",
    ],
)
def test_what_is_wrong_with_a_boastful_draft_is_named(said: str) -> None:
    found = [weakness for lens in LENSES for weakness in stranger("boastful", lens).weaknesses]
    assert any(said in weakness for weakness in found)


def test_a_careful_draft_is_not_accused_of_what_it_did_not_do() -> None:
    found = " ".join(weakness for lens in LENSES for weakness in stranger("careful", lens).weaknesses)
    for word in ("baseline", "repeated", "ablation", "limitation", "test data", "p-values", "abstract", "Figure"):
        assert word not in found


def test_defects_say_where_and_how_and_the_gravest_come_first() -> None:
    defects = stranger("boastful").defects
    assert defects
    assert all(defect.where and defect.remedy for defect in defects)
    severities = [defect.severity for defect in defects]
    assert severities == sorted(severities, key=["integrity", "major", "minor"].index)


def test_lenses_read_the_same_paper_differently() -> None:
    forms = [own_review("main contradicted", lens) for lens in LENSES]
    assert len({form.strengths for form in forms}) == 3
    assert len({form.questions for form in forms}) > 1


def test_an_integrity_finding_is_a_veto_whatever_else_is_good() -> None:
    finding = Finding(kind="number", where="paper/paper.tex:12", why="0.93 is in no cell")
    clean, broken = own_review("all supported"), own_review("all supported", "evidence", finding)
    assert clean.decision == "accept"
    assert broken.decision == "reject"
    assert (broken.overall, broken.soundness) == (1, 1)
    assert broken.defects[0].severity == "integrity"
    assert "0.93 is in no cell" in broken.defects[0].what


def test_too_few_seeds_for_any_test_to_pass_is_found_and_costs_the_acceptance() -> None:
    form = own_review("quick")
    assert any("cannot pass whatever the data say" in defect.what for defect in form.defects)
    assert form.overall < own_review("all supported").overall
    assert form.decision == "reject"


def test_a_null_result_with_narrow_intervals_is_not_punished_like_a_broken_one() -> None:
    assert own_review("everything open").overall >= stranger("boastful").overall + 3


def test_questions_on_open_comparisons_carry_their_own_intervals() -> None:
    facts = paper("label_noise", BY_NAME["everything open"])
    test = next(t for t in facts.results.tests.values() if t.verdict == "open" and t.planned)
    assert any(f"{test.ci_low:+.3g}" in question for question in own_review("everything open").questions)


def test_our_own_abstract_agrees_with_our_own_results() -> None:
    for scenario in ("all supported", "main contradicted", "quick"):
        assert not [d for d in own_review(scenario).defects if d.where == "abstract"]


def test_a_number_that_only_the_abstract_has_is_found() -> None:
    text = own("all supported").text.replace("# Abstract\n", "# Abstract\nThe gain is 0.7351. ", 1)
    form = reviewed(text, evidence=evidence("all supported"))
    assert any("0.7351" in defect.what and defect.where == "abstract" for defect in form.defects)


def test_a_warning_of_a_check_is_a_major_defect_and_a_passed_check_a_strength() -> None:
    text = own("all supported").text
    bad, good = (
        reviewed(text, "method", evidence=evidence("all supported", soundness=(check,)))
        for check in (warned("the baseline was tuned too", "Varied in 0 programs."), passed("arms differ", "All do."))
    )
    assert any("0 programs" in defect.what and defect.severity == "major" for defect in bad.defects)
    assert any("checks of the experiment" in line for line in good.strengths)
    assert bad.overall < good.overall


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import lab\nlab.log(metric='accuracy', value=0.97, condition='proposed')", "logs 0.97"),
        ("import lab\nlab.log(metric='accuracy', value=0.9 + 0.05, condition='proposed')", "logs 0.9 + 0.05"),
        ("scaler.fit(x_test)", "fits on x_test"),
        ("import numpy as np\nrng = np.random.default_rng(42)", "seeds a generator with 42"),
    ],
)
def test_the_program_itself_is_read(code: str, said: str) -> None:
    notes = code_checks(code)
    assert any(said in note.text and note.weight < 0 for note in notes)


def test_an_honest_program_is_not_accused() -> None:
    notes = code_checks(
        "import lab\nmodel.fit(x_train, y_train)\nlab.log(metric='a', value=score(model), condition='b')"
    )
    assert all(note.weight > 0 for note in notes)
    assert code_checks("def (") == []
    assert code_checks("") == []


def test_what_was_mended_since_the_last_round_is_acknowledged() -> None:
    read = own("all supported")
    gone = Defect(severity="major", where="results", what="The margin is not justified.", remedy="Justify it.")
    form = review(
        ReviewFacts(
            title=read.title,
            text=read.text,
            lens="evidence",
            evidence=evidence("all supported"),
            earlier=(gone,),
        )
    )
    assert any("1 are mended" in line or "mended" in line for line in form.strengths)


@pytest.mark.parametrize("text", ["", "x", "# Abstract\n", "No headings at all. Only text, and 3 numbers, 4.5 and 6%."])
def test_a_draft_of_almost_nothing_still_gets_a_whole_form(text: str) -> None:
    form = reviewed(text)
    assert form.decision == "reject"
    assert form.weaknesses


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_no_text_breaks_the_reviewer(text: str) -> None:
    assert 1 <= reviewed(text).overall <= 10


def test_the_same_draft_gets_the_same_review() -> None:
    assert stranger("careful") == stranger("careful")


def test_a_rebuttal_answers_every_defect_and_admits_what_text_cannot_mend() -> None:
    defects = (
        Defect(
            severity="major",
            where="results",
            what="The interval of H2 is not explained.",
            remedy="Say what it excludes.",
        ),
        Defect(severity="major", where="experiments", what="One machine only.", remedy="Run it elsewhere."),
        Defect(severity="integrity", where="paper.tex", what="number: typed", remedy="Render it."),
    )
    answer = rebuttal(RebuttalFacts(defects=defects, changes=("results: rewritten", "experiments: left as it was")))
    assert [point.defect for point in answer.points] == [defect.what for defect in defects]
    assert "We agree" in answer.points[0].answer
    assert "stays open: run it elsewhere" in answer.points[1].answer
    assert "outweighs" in answer.points[2].answer


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("3 Results and Discussion", "results"),
        ("Experimental Setup", "experiments"),
        ("II. Related Work", "related"),
        ("Acknowledgements", "other"),
    ],
)
def test_headings_are_understood(heading: str, kind: str) -> None:
    assert section_kind(heading) == kind


def test_abbreviations_end_no_sentence() -> None:
    assert split_sentences("See Fig. 3, e.g. the line. It rises (cf. Sec. 2).") == [
        "See Fig. 3, e.g. the line.",
        "It rises (cf. Sec. 2).",
    ]
