"""The paper: section by section, linted, then compiled."""

from __future__ import annotations

from collections.abc import Sequence

from ai_scientist.agents.authorship import author_note
from ai_scientist.agents.writing import (
    TRIES,
    FrontFacts,
    PaperFacts,
    SectionFacts,
    is_good_enough,
    write_front,
    write_section,
)
from ai_scientist.core.errors import AIScientistError, AnswerInvalid
from ai_scientist.core.hashing import sha256_json
from ai_scientist.core.ledger import read_events
from ai_scientist.core.machine import machines_of
from ai_scientist.graph.ideas import abstract, chosen_idea, look_for_retractions, novelty_of
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.planning import locked_plan
from ai_scientist.graph.results import confirmed_node, displays_of, results_of, story_of
from ai_scientist.graph.state import State, Update
from ai_scientist.literature.search import SearchLine, most_found
from ai_scientist.paper.compile import compile_paper
from ai_scientist.paper.context import Attempt, Provenance, RenderContext
from ai_scientist.paper.document import SECTIONS, Draft, Section, SectionName
from ai_scientist.paper.lint import lint_text
from ai_scientist.paper.problems import has_errors
from ai_scientist.review.forms import Defect
from ai_scientist.rules.edition import edition


def paper_facts(state: State, parts: Parts) -> PaperFacts:
    """Return what every part of the paper may rest on."""
    displays, library = displays_of(parts), parts.library
    return PaperFacts(
        topic=parts.topic,
        idea=chosen_idea(state, parts),
        plan=locked_plan(parts),
        novelty=novelty_of(state, parts),
        results=results_of(parts),
        story=story_of(state, parts),
        literature=tuple(abstract(record) for record in library.records()),
        nearest=most_found(SearchLine.model_validate_json(line) for line in library.searches()),
        quotes=tuple(library.quotes()),
        figures=displays.figures,
        tables=displays.tables,
        quick=parts.settings.quick,
        writer=parts.model.name,
    )


def render_context(state: State, parts: Parts) -> RenderContext:
    """Return what macros are replaced from."""
    plan, journal = locked_plan(parts), parts.journal
    story = story_of(state, parts)
    attempts = tuple(
        Attempt(
            node=step.node,
            stage=step.stage,
            operator=step.operator,
            title=step.title,
            status=step.status,
            chosen=step.chosen,
        )
        for step in story.steps
    )
    node = journal.node(confirmed_node(state))
    events = [event for event, _ in read_events(parts.folder.ledger)]
    provenance = Provenance(
        run=parts.folder.path.name,
        date=parts.folder.record().created[:10],
        command="python code/reproduce.py",
        attempts=attempts,
        checkpoints={node.id: node.checkpoint},
        ledger=parts.ledger.head,
        machine=" and ".join(machines_of(events)),
        rules=edition(),
    )
    return RenderContext(
        results=results_of(parts),
        plan=plan,
        records={record.id: record for record in parts.library.records()},
        quotes={quote.id: quote for quote in parts.library.quotes()},
        counts=story.counts,
        provenance=provenance,
    )


async def write(state: State, parts: Parts) -> Update:
    """Write every section, then title and abstract, and compile the paper."""
    await look_for_retractions(parts)
    facts, context = paper_facts(state, parts), render_context(state, parts)
    written: list[Section] = []
    for name in SECTIONS:
        written.append(await section(name, facts, context, written, parts))
    return await finish(facts, context, written, parts)


async def section(
    name: SectionName,
    facts: PaperFacts,
    context: RenderContext,
    written: Sequence[Section],
    parts: Parts,
    *,
    defects: Sequence[Defect] = (),
    old: Section | None = None,
) -> Section:
    """Return one section that passes the lint: the model's; where it has none, the one before, or else rules'.

    Raises:
        AnswerInvalid: If rules' does not pass either.
    """
    problems: list[str] = []
    before = old.body if old else ""
    for attempt in range(1, TRIES + 1):
        asked = SectionFacts(
            section=name,
            paper=facts,
            written=tuple(written),
            problems=tuple(problems),
            defects=tuple(defects),
            before=before,
        )
        answer = await write_section(parts.model, asked)
        found = lint_text(answer.body, context, place=name, figures=facts.figures, tables=facts.tables)
        if is_good_enough(found, answer.body, before, attempt=attempt):
            return Section(name=name, title=answer.title, body=answer.body)
        # Told apart by the try, or the call store would answer again.
        problems = [f"Try {attempt}, {problem}" for problem in found]
        before = answer.body
    problem = f"The section {name!r} does not pass the lint: {problems[0]}"
    stood_in = old or await _section_instead(name, facts, context, written, parts, why=problem)
    if stood_in is None:
        raise AnswerInvalid(problem)
    return stood_in


async def _section_instead(
    name: SectionName, facts: PaperFacts, context: RenderContext, written: Sequence[Section], parts: Parts, *, why: str
) -> Section | None:
    """Return the section as rules write it, where a model's does not pass; None if theirs does not either."""
    if parts.fallback is None:
        return None
    try:
        answer = await write_section(parts.fallback, SectionFacts(section=name, paper=facts, written=tuple(written)))
    except AIScientistError:
        return None
    if has_errors(lint_text(answer.body, context, place=name, figures=facts.figures, tables=facts.tables)):
        return None
    _note_stand_in(parts, "writing_section", f"{name}:{sha256_json([answer.body])}", why)
    return Section(name=name, title=answer.title, body=answer.body)


def _note_stand_in(parts: Parts, prompt: str, key: str, why: str) -> None:
    facts = {"prompt": prompt, "stage": "write", "why": why, "by": "rules"}
    parts.ledger.record("agent.stood_in", actor="agent:writing", key=f"stood_in:{prompt}:{key}", facts=facts)


async def finish(
    facts: PaperFacts,
    context: RenderContext,
    written: Sequence[Section],
    parts: Parts,
    *,
    defects: Sequence[Defect] = (),
) -> Update:
    """Write title and abstract, and compile."""
    problems: list[str] = []
    for attempt in range(1, TRIES + 2):
        asked = FrontFacts(paper=facts, written=tuple(written), problems=tuple(problems), defects=tuple(defects))
        if attempt <= TRIES:
            front = await write_front(parts.model, asked)
        elif parts.fallback is None:
            raise AnswerInvalid(f"The paper does not compile: {problems[0]}")
        else:
            front = await write_front(parts.fallback, FrontFacts(paper=facts, written=tuple(written)))
            _note_stand_in(parts, "writing_front", sha256_json([front.title, front.abstract]), problems[0])
        draft = Draft(
            title=front.title,
            abstract=front.abstract,
            sections=tuple(written),
            figures=facts.figures,
            tables=facts.tables,
            author_note=author_note(
                [event for event, _ in read_events(parts.folder.ledger)], parts.settings, writer=facts.writer
            ),
        )
        made = compile_paper(draft, context, parts.folder)
        if not has_errors(made.problems):
            break
        problems = [f"Try {attempt}, {problem}" for problem in made.problems]
    else:
        raise AnswerInvalid(f"The paper does not compile: {problems[0]}")
    facts_of_it = {
        "pages": made.pages,
        "writer": facts.writer,
        "warnings": [str(problem) for problem in made.problems],
    }
    parts.ledger.record("paper.compiled", actor="harness", files=made.files, facts=facts_of_it)
    parts.progress("paper.compiled", pages=made.pages)
    return {"pdf": str(made.pdf.relative_to(parts.folder.path)) if made.pdf else None}
