"""The paper, rendered again from recomputed results and compared with what lies in the folder, number by number."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from pydantic import ValidationError

from ai_scientist.audit.brief import Tree
from ai_scientist.audit.chain import Chain
from ai_scientist.audit.editions import Edition, edition_of_paper
from ai_scientist.audit.notebook import Notebook
from ai_scientist.audit.numbers import Evidence
from ai_scientist.audit.pdf import check_pdf_file
from ai_scientist.audit.wording import compare_words
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.jsonl import read_json
from ai_scientist.core.machine import machines_of
from ai_scientist.core.plan import Plan
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.paper.claims import Claim, ClaimsFile
from ai_scientist.paper.compile import read_context, read_draft
from ai_scientist.paper.context import RenderContext
from ai_scientist.paper.document import Draft, Table
from ai_scientist.paper.latex import PaperSource, render_paper
from ai_scientist.paper.lint import lint


@dataclass(frozen=True, slots=True, kw_only=True)
class Manuscript:
    """The paper as it should be.

    Attributes:
        context: What it was rendered from, with the results recomputed.
        source: What that gives.
    """

    draft: Draft
    context: RenderContext
    source: PaperSource


def check_paper(
    run: RunFolder, chain: Chain, tree: Tree, evidence: Evidence, plan: Plan, book: Notebook
) -> Manuscript | None:
    """Return the paper as it should be; None if there is none."""
    if not (run.paper / "draft.json").exists():
        if chain.of_kind("paper.compiled"):
            book.find("paper", "paper/draft.json", "The paper's text in macro form is missing.")
        else:
            book.note("The run has no paper, so none was checked.")
        return None
    try:
        draft, told = read_draft(run), read_context(run)
    except (RunCorrupted, ValidationError) as error:
        book.find("paper", "paper", f"The paper's own files cannot be read: {str(error).splitlines()[0]}")
        return None
    book.look("paper")
    context = replace(told, results=evidence.again, plan=plan)
    _check_frame(told, context, tree, evidence, run, chain, book)
    _check_displays(draft, run, chain, book)
    made_by = edition_of_paper(run, book)
    _check_lint(draft, context, made_by, book)
    source = render_paper(draft, context)
    _compare_source(run, source, made_by, context, book)
    _compare_claims(run, source.claims, made_by, book)
    _compare_sections(run, draft, book)
    check_pdf_file(run, draft, source.tex, book, is_same_edition=made_by == "same")
    return Manuscript(draft=draft, context=context, source=source)


def _check_lint(draft: Draft, context: RenderContext, made_by: Edition, book: Notebook) -> None:
    kinds = {"number": "number", "word": "number", "claim": "claim", "sentence": "claim"}
    for problem in lint(draft, context):
        if problem.severity != "error":
            if problem.kind == "citation":
                book.note(f"A quote may not bear its sentence: {problem.message}")
            continue
        text = f"{problem.message} [{problem.excerpt}]" if problem.excerpt else problem.message
        if made_by == "same" or problem.kind in ("number", "word", "address"):
            book.find(kinds.get(problem.kind, "paper"), f"paper/draft.json, {problem.place}", text)
        else:
            book.note(f"By today's rules, {problem.place}: {text}")


def _check_frame(
    told: RenderContext,
    context: RenderContext,
    tree: Tree,
    evidence: Evidence,
    run: RunFolder,
    chain: Chain,
    book: Notebook,
) -> None:
    """Counts, and the list of everything tried, against the journal."""
    where = "paper/context.json"
    counts = counts_of(tree, context.plan, evidence.stored.nodes)
    for name, value in told.counts.items():
        book.look("count")
        if name in counts and counts[name] != value:
            book.find("number", where, f"The count '{name}' is {value}, but the journal gives {counts[name]}.")
    _check_attempts(told, tree, evidence, book)
    for name, checkpoint in told.provenance.checkpoints.items():
        if name not in tree or tree[name].checkpoint != checkpoint:
            book.find("code", where, f"The paper says that {name} is the program {checkpoint[:12]}; it is not.")
    record = run.record()
    if told.provenance.date[:10] not in ("", record.created[:10]):
        book.find("paper", where, f"The paper is dated {told.provenance.date}, the run {record.created[:10]}.")
    machine = " and ".join(machines_of(chain.of_kind("sandbox.chosen")))
    if told.provenance.machine not in ("", machine):
        book.find("paper", where, f"The paper says that it ran on {told.provenance.machine}; the ledger has {machine}.")
    if told.provenance.run not in ("", record.id):
        book.find("paper", where, f"The paper says that it is of the run {told.provenance.run}; this is {record.id}.")


def _check_attempts(told: RenderContext, tree: Tree, evidence: Evidence, book: Notebook) -> None:
    """The paper's list of everything that was tried: nothing left out, nothing added, nothing told otherwise."""
    where = "paper/context.json"
    listed = {attempt.node: attempt for attempt in told.provenance.attempts}
    chosen = lineage(tree, evidence.stored.nodes)
    for node in (node for node in tree.values() if node.status is not None):
        attempt = listed.pop(node.id, None)
        if attempt is None:
            book.find("node", where, f"{node.id} was tried, but the paper's list of attempts leaves it out.")
            continue
        said = (attempt.stage, attempt.operator, attempt.title, attempt.status)
        if said != (node.stage, node.operator, node.title, node.status):
            book.find("node", where, f"The paper's list of attempts tells {node.id} otherwise than the journal.")
        if attempt.chosen != (node.id in chosen):
            book.find("node", where, f"The paper's list of attempts is wrong on whether {node.id} led to the result.")
    for name in listed:
        book.find("node", where, f"The paper lists {name}, which the journal does not know.")


def lineage(tree: Tree, nodes: Sequence[str]) -> set[str]:
    """Return nodes and their lines of first parents."""
    found: set[str] = set()
    for name in nodes:
        node = tree.get(name)
        while node is not None and node.id not in found:
            found.add(node.id)
            node = tree.get(node.parents[0]) if node.parents else None
    return found


def counts_of(tree: Tree, plan: Plan, confirmed: Sequence[str]) -> dict[str, int]:
    """Return every count that the journal and the plan give, by the names that papers use."""
    finished = [node for node in tree.values() if node.status is not None]
    good = [node for node in finished if node.status == "ok" and node.value is not None]
    counts = {
        "nodes": len(finished),
        "failed_nodes": sum(node.status != "ok" for node in finished),
        "good_nodes": len(good),
        "runs": sum(len(node.seeds) for node in finished if not node.is_copy),
        "search_seeds": len(plan.search_seeds),
        "confirm_seeds": len(plan.confirm_seeds),
        "hypotheses": len(plan.hypotheses),
        "conditions": len(plan.conditions),
        "datasets": len(plan.datasets),
        "metrics": len(plan.metrics),
        "moves": len({node.move for node in finished if node.move}),
    }
    if confirmed and confirmed[0] in tree:
        counts["components"] = len(tree[confirmed[0]].components)
    for stage in plan.stages:
        counts[f"nodes_{stage.name}"] = sum(node.stage == stage.name for node in finished)
    return counts


def _check_displays(draft: Draft, run: RunFolder, chain: Chain, book: Notebook) -> None:
    """Every figure must be one that an event drew, every table one that an event made, and no two figures the same."""
    drawn = {output.path for event in chain.of_kind("figure.drawn") for output in event.outputs}
    seen: dict[str, str] = {}
    for figure in draft.figures:
        if figure.file not in drawn:
            book.find("figure", figure.file, f"The paper shows it as '{figure.name}', but no event drew it.")
        content = chain.files[figure.file].sha256 if figure.file in chain.files else figure.file
        if content in seen:
            book.find("figure", figure.file, f"It is the same picture as {seen[content]}.")
        seen[content] = figure.file
    made = {output.path for event in chain.of_kind("table.made") for output in event.outputs}
    for table in draft.tables:
        path = f"results/tables/{table.name}.json"
        if path not in made:
            book.find("table", path, f"The paper shows a table '{table.name}', but no event made it.")
            continue
        try:
            stored = Table.model_validate(read_json(run.path / path))
        except (RunCorrupted, ValidationError):
            continue  # said where tables are checked
        if (stored.body, stored.columns) != (table.body, table.columns):
            book.find("table", f"paper/draft.json, table:{table.name}", f"The table is not the one in {path}.")


def _compare_source(
    run: RunFolder, source: PaperSource, made_by: Edition, context: RenderContext, book: Notebook
) -> None:
    """paper.tex and references.bib against what is rendered now, line by line."""
    for name, made in (("paper.tex", source.tex), ("references.bib", source.bib)):
        where = f"paper/{name}"
        book.look("rendered file")
        try:
            stored = (run.paper / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            book.find("paper", where, "The file is missing or no text.")
            continue
        if stored == made:
            continue
        if made_by == "same":
            _tell_lines(stored.splitlines(), made.splitlines(), where, book)
            continue
        known = [] if name.endswith(".bib") else evidence_numbers(context)
        for mismatch in compare_words(stored, made, known=known):
            kind = "reference" if name.endswith(".bib") else "number"
            should = f"“{mismatch.made}”" if mismatch.made else "no such number"
            book.find(
                kind, f"{where}, line {mismatch.line}", f"It says “{mismatch.stored}”; the evidence gives {should}."
            )


def evidence_numbers(context: RenderContext) -> list[float]:
    """Return every number that a paper of this context may print."""
    results = context.results
    numbers = [cell.value for cell in results.cells.values()]
    for test in results.tests.values():
        values = (test.difference, test.ci_low, test.ci_high, test.p, test.p_corrected, test.effect, test.alpha)
        numbers += [v for v in (*values, test.effect_low, test.effect_high, test.hypothesis.margin) if v is not None]
    facts = [*results.config.settings.values(), *results.config.data.values(), *context.counts.values()]
    return numbers + [float(fact) for fact in facts if isinstance(fact, int | float)]


def _tell_lines(stored: Sequence[str], made: Sequence[str], where: str, book: Notebook) -> None:
    is_bibliography = where.endswith(".bib")
    for tag, a, b, c, d in SequenceMatcher(None, stored, made, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        for offset in range(max(b - a, d - c)):
            old = stored[a + offset] if a + offset < b else ""
            new = made[c + offset] if c + offset < d else ""
            line = min(a + offset, len(stored) - 1) + 1
            kind = "reference" if is_bibliography else ("number" if _digits(old) != _digits(new) else "paper")
            entry = _entry_at(made, c + offset) if is_bibliography else ""
            says, should = around_difference(old, new)
            book.find(kind, f"{where}, line {line}{entry}", f"It says “{says}”; the evidence gives “{should}”.")


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _entry_at(lines: Sequence[str], number: int) -> str:
    """Return the key of the bibliography entry around a line."""
    for line in reversed(lines[: number + 1]):
        if found := re.match(r"@\w+\{([^,]+),", line):
            return f", {found[1]}"
    return ""


def around_difference(old: str, new: str, *, around: int = 24) -> tuple[str, str]:
    """Return both texts near the first place where they differ."""
    start = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    begin = max(0, start - around)
    return old[begin : start + around], new[begin : start + around]


def _compare_claims(run: RunFolder, made: ClaimsFile, made_by: Edition, book: Notebook) -> None:
    where = "paper/claims.json"
    try:
        stored = ClaimsFile.model_validate(json.loads((run.paper / "claims.json").read_bytes()))
    except (OSError, ValueError, ValidationError) as error:
        book.find("claim", where, f"It cannot be read: {str(error).splitlines()[0]}")
        return
    if stored.plan != made.plan:
        book.find("plan", where, "The paper was rendered under another plan than plan.json.")
    old, new = _by_place(stored.claims), _by_place(made.claims)
    for key in sorted(old.keys() | new.keys()):
        one, other = old.get(key), new.get(key)
        place = f"{where}, {key[0]}, character {key[1]}"
        kind = "claim" if key[2] == "claim" else "citation" if key[2] == "citeq" else "number"
        told = one or other
        book.judge(kind, place, f"{told.text} ({told.address})" if told else "")
        if one is None or other is None:
            book.find(
                "claim", place, "The text holds no such claim." if other is None else "A claim of the text is missing."
            )
        elif _told(one, made_by) != _told(other, made_by):
            book.find(
                "claim" if kind == "claim" else "number",
                place,
                f"{one.address}: it says “{one.text}”; the evidence gives “{other.text}”.",
            )


def _by_place(claims: Sequence[Claim]) -> Mapping[tuple[str, int, str], Claim]:
    return {(claim.place, claim.offset, claim.macro): claim for claim in claims}


def _told(claim: Claim, made_by: Edition) -> tuple[object, ...]:
    """Return what two editions must agree on: not the wording, but what is said of what."""
    value = f"{claim.value:.9g}" if isinstance(claim.value, float) else claim.value
    text = claim.text if made_by == "same" else ""
    return (claim.address, text, claim.verb, claim.standing, value, claim.rows, claim.nodes)


def _compare_sections(run: RunFolder, draft: Draft, book: Notebook) -> None:
    for section in draft.sections:
        file = run.paper / "sections" / f"{section.name}.tex"
        if not file.is_file() or file.read_text(encoding="utf-8", errors="replace") != section.body:
            book.find("paper", f"paper/sections/{section.name}.tex", "It is not the section that draft.json holds.")
