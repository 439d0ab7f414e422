"""Review by an ensemble that sees paper and evidence, and the revision that follows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ai_scientist.agents.reviewing import (
    Evidence,
    RebuttalFacts,
    ReviewFacts,
    review_paper,
    write_rebuttal,
)
from ai_scientist.agents.writing import PaperFacts
from ai_scientist.audit.check import audit
from ai_scientist.core.errors import ModelError
from ai_scientist.core.jsonl import read_json, write_json
from ai_scientist.graph.gates import ask
from ai_scientist.graph.looking import facts_of_looking
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.planning import choice_checks, locked_plan
from ai_scientist.graph.results import confirmed_node, results_of, story_of
from ai_scientist.graph.soundness import soundness_of
from ai_scientist.graph.state import State, Update
from ai_scientist.graph.writing import finish, paper_facts, render_context, section
from ai_scientist.literature.coverage import coverage_checks
from ai_scientist.literature.search import SearchLine, most_found
from ai_scientist.models.names import is_language_model
from ai_scientist.models.request import Model
from ai_scientist.paper.compile import read_draft
from ai_scientist.paper.context import RenderContext
from ai_scientist.paper.document import SECTIONS, Draft, Section
from ai_scientist.paper.length import empty_growth
from ai_scientist.paper.read import read_run_paper
from ai_scientist.review.changes import told_change
from ai_scientist.review.forms import Defect, MetaReview, Review
from ai_scientist.review.meta import hold_to_evidence, meta_review

LENSES = ("evidence", "method", "presentation")
"""Points of view, given to reviewers in turn."""

LOG_CHARACTERS = 2000


def evidence_of(state: State, parts: Parts) -> Evidence:
    """Return what reviewers may look at beside the text."""
    node = confirmed_node(state)
    report, plan = audit(parts.folder), locked_plan(parts)
    outcome = parts.journal.node(node).outcome
    stdout = parts.folder.node(node) / "stdout.txt"
    program = parts.checkpoints.load(parts.journal.node(node).checkpoint)
    told = (*facts_of_looking(parts), *choice_checks(plan), *_coverage(parts))
    return Evidence(
        plan=plan,
        tests=tuple(results_of(parts).tests.values()),
        findings=report.findings,
        checks=(*report.notes, *(outcome.warnings if outcome else ()), *told),
        soundness=found.checks if (found := soundness_of(parts)) else (),
        counts=story_of(state, parts).counts,
        code="\n\n".join(f"# {name}\n{text}" for name, text in sorted(program.files.items())),
        log=stdout.read_text(errors="replace")[-LOG_CHARACTERS:] if stdout.exists() else "",
    )


def _coverage(parts: Parts) -> tuple[str, ...]:
    draft, library = read_draft(parts.folder), parts.library
    text = "\n\n".join((draft.abstract, *(part.body for part in draft.sections)))
    nearest = most_found(SearchLine.model_validate_json(line) for line in library.searches())
    return coverage_checks(text, {record.id: record for record in library.records()}, nearest)


async def review(state: State, parts: Parts) -> Update:
    """Hold one round of reviews and compute what they come to."""
    number = state["round"] + 1
    folder = parts.folder.review_round(number)
    draft = read_draft(parts.folder)
    paper = read_run_paper(draft, render_context(state, parts))
    evidence = evidence_of(state, parts)
    earlier = _meta(parts, number - 1).defects if number > 1 else ()
    count = parts.settings.review.reviewers
    pages = _pages(state, parts, folder)
    facts_of = [
        ReviewFacts(
            title=paper.title, text=paper.text, lens=LENSES[k % len(LENSES)], evidence=evidence, earlier=earlier
        )
        for k in range(count)
    ]
    reviews = await asyncio.gather(*(review_with(parts.model, facts, k, pages) for k, facts in enumerate(facts_of)))
    meta = meta_review(reviews, findings=evidence.findings)
    if number > 1:
        meta = hold_to_evidence(meta, _meta(parts, number - 1), same_evidence=_same_evidence(parts, number))
    files = [folder / f"review-{k + 1}.json" for k in range(count)]
    for file, form in zip(files, reviews, strict=True):
        write_json(file, form.model_dump(mode="json"))
    write_json(folder / "meta.json", meta.model_dump(mode="json"))
    write_json(folder / "evidence.json", {"results": _evidence_hash(parts)})
    facts = {"round": number, "overall": meta.overall, "decision": meta.decision}
    write_json(folder / "draft.json", draft.model_dump(mode="json"))
    files += [folder / name for name in ("meta.json", "evidence.json", "draft.json")]
    files += pages
    parts.ledger.record("review.done", actor="agent:reviewing", files=files, facts=facts)
    parts.progress("review.done", **facts)
    return {"round": number, "decision": meta.decision}


def _pages(state: State, parts: Parts, folder: Path) -> tuple[Path, ...]:
    """Return the paper's pages as pictures, where there is a PDF and a model that looks at pictures."""
    if not parts.eyes or not state["pdf"]:
        return ()
    from ai_scientist.paper.pictures import page_pictures  # needed by those alone who have a model that sees

    return page_pictures(parts.folder.path / state["pdf"], folder / "pages")


async def review_with(model: Model, facts: ReviewFacts, number: int, pages: tuple[Path, ...]) -> Review:
    """Return one review; the reviewer of the presentation is shown the pages as pictures, if there are any."""
    if pages and facts.lens == "presentation":
        try:
            seeing = facts.model_copy(update={"pages": len(pages)})
            return await review_paper(model, seeing, sample=number, images=pages)
        except ModelError:
            pass  # the model that sees has no review to give: the one that reads has
    return await review_paper(model, facts, sample=number)


def _meta(parts: Parts, number: int) -> MetaReview:
    return MetaReview.model_validate(read_json(parts.folder.review_round(number) / "meta.json"))


def _evidence_hash(parts: Parts) -> str:
    event = parts.ledger.latest("results.built:results/cells.jsonl:results/tests.json:results/config.json")
    return event.outputs[0].sha256 if event else ""


def _same_evidence(parts: Parts, number: int) -> bool:
    before = read_json(parts.folder.review_round(number - 1) / "evidence.json")["results"]
    return bool(before == _evidence_hash(parts))


def wants_revision(state: State, parts: Parts) -> bool:
    """Whether the newest round found something that a revision could mend, and rounds are left."""
    number = state["round"]
    return number <= parts.settings.review.rounds and bool(_meta(parts, number).defects)


async def revise(state: State, parts: Parts) -> Update:
    """Rewrite the sections that the reviewers named, compile again, and answer each defect."""
    number = state["round"]
    defects = (*_human_defects(state), *_meta(parts, number).defects)
    facts, context, before = paper_facts(state, parts), render_context(state, parts), _reviewed_draft(parts, number)
    written: list[Section] = []
    changes: list[str] = []
    refused: list[str] = []
    for name in SECTIONS:
        mine = [defect for defect in defects if defect.concerns(name)]
        old = before.section(name)
        if not mine:
            written.append(old)
            continue
        revised = await revised_section(old, facts, context, written, parts, defects=mine)
        written.append(revised.section)
        changes.append(f"{name}: {revised.told}")
        refused += [name] if revised.is_refused else []
    front = [defect for defect in defects if defect.concerns("abstract") or defect.concerns("title")]
    update = await finish(facts, context, written, parts, defects=front)
    rebuttal = await write_rebuttal(parts.model, RebuttalFacts(defects=defects, changes=tuple(changes)))
    file = parts.folder.review_round(number) / "rebuttal.json"
    answered = [defect.model_dump(mode="json") for defect in defects]
    write_json(file, {**rebuttal.model_dump(mode="json"), "changes": changes, "defects": answered})
    told_facts = {"round": number, **({"refused": refused} if refused else {})}
    parts.ledger.record("paper.revised", actor="agent:writing", files=[file], facts=told_facts)
    return update


class Revised(NamedTuple):
    """A section after a round of reviews, and what became of it in words."""

    section: Section
    told: str
    is_refused: bool


async def revised_section(
    old: Section,
    facts: PaperFacts,
    context: RenderContext,
    written: Sequence[Section],
    parts: Parts,
    *,
    defects: Sequence[Defect],
) -> Revised:
    """Return a section with its defects mended, and what changed; one that only grows is sent back once, then refused.

    Rules are not held to it: whatever they add answers a kind of objection, once, and is theirs word for word.

    Raises:
        AnswerInvalid: As of `section`.
    """
    asked = list(defects)
    grown = 0
    for _ in range(2):
        new = await section(old.name, facts, context, written, parts, defects=asked, old=old)
        grown = empty_growth(old.body, new.body) if is_language_model(parts.settings.model) else 0
        if not grown:
            return Revised(new, told_change(old.body, new.body), is_refused=False)
        what = f"The revision made it {grown} words longer, and tells nothing by them that it did not tell before."
        asked = [*defects, Defect(severity="major", where=old.name, what=what, remedy="Say it within the old length.")]
    why = f"was {grown} words longer and held no result, setting, citation, display or formula more"
    return Revised(old, f"left as it was, because what was to replace it {why}", is_refused=True)


def _reviewed_draft(parts: Parts, number: int) -> Draft:
    """Return the paper as the reviewers read it.

    A revision puts another in its place before the rebuttal is written; a run that is killed between the two would
    else revise what is revised already, and pay for it.
    """
    return Draft.model_validate(read_json(parts.folder.review_round(number) / "draft.json"))


def _human_defects(state: State) -> tuple[Defect, ...]:
    """A person's word at the paper's gate, as a defect of every section."""
    text = state["guidance"]
    return (Defect(severity="major", where="paper", what=text, remedy=text),) if text else ()


async def gate_paper(state: State, parts: Parts) -> Update:
    """Let a person see the reviewed paper before the last audit."""
    number = state["round"]
    meta = _meta(parts, number)
    reply = ask("paper", parts.settings, {"pdf": state["pdf"], "review": meta.model_dump(mode="json")})
    if reply.action == "redirect":
        return {"status": "redirected", "guidance": reply.text}
    return {"status": "stopped"} if reply.action == "stop" else {}
