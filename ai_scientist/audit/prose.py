"""The words between the numbers: text that rules wrote is written again, a model's is looked for among its answers.

Rules are functions of a paper's facts, all of which lie in the folder, so that no word of theirs can be changed without
changing what it was written from. This is the one check that asks the makers of a run for a second copy of their work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from ai_scientist.agents.analysis import DisplayFacts
from ai_scientist.agents.authorship import author_note
from ai_scientist.agents.ideation import Abstract
from ai_scientist.agents.story import tell
from ai_scientist.agents.writing import (
    TRIES,
    FrontAnswer,
    FrontFacts,
    PaperFacts,
    SectionAnswer,
    SectionFacts,
    is_good_enough,
)
from ai_scientist.analysis.rows import Row
from ai_scientist.audit.chain import Chain
from ai_scientist.audit.manuscript import Manuscript, around_difference
from ai_scientist.audit.notebook import Notebook
from ai_scientist.audit.numbers import Evidence
from ai_scientist.core.errors import AIScientistError, RunCorrupted
from ai_scientist.core.idea import Idea, NoveltyReport
from ai_scientist.core.ids import NodeId
from ai_scientist.core.jsonl import read_json, read_lines
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.literature.records import Quote, Record
from ai_scientist.literature.search import SearchLine, most_found
from ai_scientist.models.answers import Malformed, parse
from ai_scientist.models.names import RULES, is_language_model
from ai_scientist.models.store import Call
from ai_scientist.paper.context import RenderContext
from ai_scientist.paper.document import SECTIONS, Draft, Section
from ai_scientist.paper.lint import lint_text
from ai_scientist.review.forms import Defect
from ai_scientist.rules.analysis import displays
from ai_scientist.rules.edition import edition
from ai_scientist.rules.writing.front import front
from ai_scientist.rules.writing.sections import section
from ai_scientist.search.journal import Journal

WHERE = "paper/draft.json"
EMPTY: Mapping[str, Section] = MappingProxyType({})


def check_prose(run: RunFolder, chain: Chain, evidence: Evidence, paper: Manuscript, book: Notebook) -> None:
    """Every sentence is one that whoever wrote the paper can be shown to have written."""
    _check_author(run, chain, paper, book)
    is_by_rules = not is_language_model(run.record().settings.model)
    if is_by_rules and paper.context.provenance.rules != edition():
        book.note("The text was written by another edition of the rules, so it was not written again.")
        return
    try:
        stood_in = any(event.facts.get("by") == RULES for event in chain.of_kind("agent.stood_in"))
        by_rules: Mapping[str, str] = {}
        if is_by_rules or stood_in:
            by_rules = _texts_of(write_again(run, paper.draft, paper.context, evidence.rows))
        if is_by_rules:
            _compare(by_rules, paper.draft, book)
        else:
            _check_answers(run, by_rules, paper.draft, book)
    except (AIScientistError, OSError, LookupError, TypeError, ValueError) as error:
        why = f"What the text was written from cannot be read: {str(error).splitlines()[0]}"
        book.find("paper", WHERE, why)


def _check_author(run: RunFolder, chain: Chain, paper: Manuscript, book: Notebook) -> None:
    """The box on the first page says of who wrote the paper what the ledger says."""
    compiled = chain.of_kind("paper.compiled")
    if not compiled:
        return
    book.look("disclosure")
    settings = run.record().settings
    before = [event for event in chain.events if event.seq < compiled[-1].seq]
    told = str(compiled[-1].facts.get("writer", settings.model.name))
    writer = told if is_language_model(settings.model) else RULES
    if paper.draft.author_note != author_note(before, settings, writer=writer):
        book.find("paper", f"{WHERE}, author note", "What it says of who wrote the paper is not what the ledger says.")


def write_again(run: RunFolder, draft: Draft, context: RenderContext, rows: Iterable[Row]) -> Draft:
    """Return a paper with its text as rules write it: once, and anew for each answered round of reviews.

    A figure or table that rules would not show has no caption.

    Args:
        run: Topic, idea, search, literature and reviews are read from its folder.
        draft: The paper; its text is not read, but its figures and tables are those that the text may speak of.
        context: Results and plan.
        rows: Those behind the results; they say what was logged over steps.
    """
    facts = _facts(run, draft, context)
    sections = _sections(facts, context)
    for folder in sorted(run.path.glob("reviews/round-*"), key=lambda path: int(path.name.rpartition("-")[2])):
        if (folder / "rebuttal.json").exists():
            told = read_json(folder / "rebuttal.json")["defects"]
            defects = tuple(Defect.model_validate(defect) for defect in told)
            sections = _sections(facts, context, defects=defects, before={s.name: s for s in sections})
    top = front(FrontFacts(paper=facts, written=sections))
    curves = tuple(sorted({row.metric for row in rows if not row.is_final}))
    shown = displays(DisplayFacts(plan=facts.plan, results=facts.results, curves=curves))
    captions = {f.name: f.caption for f in shown.figures} | {t.name: t.caption for t in shown.tables}
    return draft.model_copy(
        update={
            "title": top.title,
            "abstract": top.abstract,
            "sections": sections,
            "figures": tuple(f.model_copy(update={"caption": captions.get(f.name, "")}) for f in draft.figures),
            "tables": tuple(t.model_copy(update={"caption": captions.get(t.name, "")}) for t in draft.tables),
        }
    )


def _facts(run: RunFolder, draft: Draft, context: RenderContext) -> PaperFacts:
    """Return what the paper is written from."""
    record, plan, literature = run.record(), context.plan, run.literature
    lines = {name: read_lines(literature / f"{name}.jsonl") for name in ("records", "quotes", "searches")}
    records = [Record.model_validate(line.value) for line in lines["records"]]
    return PaperFacts(
        topic=record.topic,
        idea=Idea.model_validate(read_json(run.ideas / f"{plan.idea}.json")),
        plan=plan,
        novelty=NoveltyReport.model_validate(read_json(run.ideas / f"{plan.idea}.novelty.json")),
        results=context.results,
        story=tell(Journal.read(run.journal), plan, NodeId(context.results.nodes[0])),
        literature=tuple(Abstract(id=r.id, title=r.title, year=r.year, text=r.text) for r in records),
        nearest=most_found(SearchLine.model_validate(line.value) for line in lines["searches"]),
        quotes=tuple(Quote.model_validate(line.value) for line in lines["quotes"]),
        figures=draft.figures,
        tables=draft.tables,
        quick=record.settings.quick,
        writer=record.settings.model.name,
    )


def _sections(
    facts: PaperFacts, context: RenderContext, *, defects: Sequence[Defect] = (), before: Mapping[str, Section] = EMPTY
) -> tuple[Section, ...]:
    """Write every section in turn, as a run does: one that no reviewer named stays as it was."""
    written: list[Section] = []
    for name in SECTIONS:
        mine, old = tuple(defect for defect in defects if defect.concerns(name)), before.get(name)
        if old is not None and not mine:
            written.append(old)
        else:
            asked = SectionFacts(section=name, paper=facts, written=tuple(written), defects=mine)
            written.append(_section(asked, old, context))
    return tuple(written)


def _section(asked: SectionFacts, old: Section | None, context: RenderContext) -> Section:
    """Write one section, in as many tries as a run takes; with none that passes, the old one stays."""
    before, made = old.body if old else "", Section(name=asked.section, title="", body="")
    for attempt in range(1, TRIES + 1):
        answer = section(asked.model_copy(update={"before": before}))
        shown = asked.paper.figures, asked.paper.tables
        found = lint_text(answer.body, context, place=asked.section, figures=shown[0], tables=shown[1])
        made = Section(name=asked.section, title=answer.title, body=answer.body)
        if is_good_enough(found, answer.body, before, attempt=attempt):
            return made
        before = answer.body
    return old or made


def _texts_of(draft: Draft) -> dict[str, str]:
    """Return every text of a paper that an author chose, by place."""
    return {
        "title": draft.title,
        "abstract": draft.abstract,
        **{s.name: s.body for s in draft.sections},
        **{f"heading:{s.name}": s.title for s in draft.sections},
        **{f"figure:{figure.name}": figure.caption for figure in draft.figures},
        **{f"table:{table.name}": table.caption for table in draft.tables},
    }


def _compare(written: Mapping[str, str], draft: Draft, book: Notebook) -> None:
    for place, text in _texts_of(draft).items():
        book.judge("text", f"{WHERE}, {place}")
        if not written.get(place):
            book.find("paper", f"{WHERE}, {place}", "Rules write no such text from this run's facts.")
        elif written[place] != text:
            says, should = around_difference(text, written[place])
            why = f"It says “{says}”; from the run's facts, rules write “{should}”."
            book.find("paper", f"{WHERE}, {place}", why)


def _check_answers(run: RunFolder, by_rules: Mapping[str, str], draft: Draft, book: Notebook) -> None:
    """Each section, title and abstract is an answer that is kept among the run's calls, or what rules write instead."""
    kept: set[str] = set()
    for file in sorted(run.calls.glob("*.json")):
        kept.update(_answered(file))
    if not kept:
        book.note("No answer of a language model is kept, so the text was not compared with any.")
        return
    for place, text in _texts_of(draft).items():
        if ":" in place:
            continue  # headings and captions are short, and a harness may have chosen them
        book.judge("text", f"{WHERE}, {place}")
        if text not in kept and text != by_rules.get(place):
            why = "It is in no answer of the language model that the run keeps, nor would rules write it."
            book.find("paper", f"{WHERE}, {place}", why)


def _answered(file: Path) -> tuple[str, ...]:
    """Return the texts that a stored call holds for a paper."""
    try:
        call = Call.model_validate(read_json(file))
        if call.prompt == "writing_section":
            return (parse(call.answer.text, SectionAnswer).body,)
        if call.prompt == "writing_front":
            front_of = parse(call.answer.text, FrontAnswer)
            return (front_of.title, front_of.abstract)
    except (RunCorrupted, ValidationError, Malformed):
        pass  # no call, or one that was asked again
    return ()
