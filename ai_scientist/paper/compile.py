"""From a draft to the run's paper folder: linted, rendered, compiled, checked.

Nothing is written unless the draft passes the lint. A paper that does not compile leaves what was there as it was, if
there was a PDF; its source and log go to paper/failed/ instead. The PDF is written last.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import Field

from ai_scientist.analysis.cells import read_results
from ai_scientist.core.jsonl import read_json, write_atomic, write_json
from ai_scientist.core.plan import Plan
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.core.values import Value
from ai_scientist.literature.records import Quote, Record
from ai_scientist.paper.check_pdf import check_pdf
from ai_scientist.paper.context import Provenance, RenderContext
from ai_scientist.paper.document import Draft
from ai_scientist.paper.edition import edition
from ai_scientist.paper.latex import PaperSource, render_paper
from ai_scientist.paper.latexmk import CURE, Compiled, Latex, find_latex, run_latexmk
from ai_scientist.paper.lint import lint
from ai_scientist.paper.problems import Problem, has_errors


class Frame(Value):
    """paper/context.json: what the paper was rendered from beside draft, plan and results.

    An audit compares it with the journal and the library, and renders the paper again from it.
    """

    schema_version: int = 1
    counts: dict[str, int]
    provenance: Provenance
    records: dict[str, Record] = Field(description="The cited ones.")
    quotes: dict[str, Quote] = Field(description="Those that citations rest on.")
    edition: str = Field(default="", description="Of the renderer; the same one gives the same bytes again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFiles:
    """What was made.

    Attributes:
        files: All files of this paper, the PDF included; empty if the draft was refused.
        pdf: None if there is no PDF of this draft.
        pages: Of the PDF; None without one.
        problems: What was found; with errors among them this draft is not the run's paper.
    """

    files: tuple[Path, ...]
    pdf: Path | None
    pages: int | None
    problems: tuple[Problem, ...]


def compile_paper(
    draft: Draft,
    context: RenderContext,
    run: RunFolder,
    *,
    latex: Latex | None = None,
    timeout_seconds: float = 180,
) -> PaperFiles:
    """Make the paper of a run.

    Args:
        draft: In macro form.
        context: What it is rendered from.
        run: The run, whose paper folder is written and under which the figures lie.
        latex: The TeX to use; None: this machine's. Without one everything but the PDF is made.
        timeout_seconds: Most that TeX may take.
    """
    problems = lint(draft, context)
    figures, lost = _figures(draft, run.path)
    problems += lost
    if has_errors(problems):
        write_json(run.paper / "failed" / "draft.json", draft.model_dump(mode="json"))
        return PaperFiles(files=(), pdf=None, pages=None, problems=problems)
    source = render_paper(draft, context)
    latex = latex or find_latex()
    if latex.latexmk is None or not latex.is_ready:
        lacking = Problem(kind="latex", place="paper.tex", severity="warning", message=_lacking(latex))
        return PaperFiles(
            files=_write(draft, context, source, run, None), pdf=None, pages=None, problems=(*problems, lacking)
        )
    inputs = {"paper.tex": source.tex.encode(), "references.bib": source.bib.encode(), **figures}
    compiled = run_latexmk(inputs, latexmk=latex.latexmk, date=context.provenance.date, timeout_seconds=timeout_seconds)
    problems += compiled.problems
    if compiled.pdf is None or has_errors(problems):
        _keep_failure(source, compiled, run)
        files = () if (run.paper / "paper.pdf").exists() else _write(draft, context, source, run, None)
        return PaperFiles(files=files, pdf=None, pages=None, problems=problems)
    checked = check_pdf(compiled.pdf, source.claims.claims, [section.title for section in draft.sections])
    files = _write(draft, context, source, run, compiled.pdf)
    shutil.rmtree(run.paper / "failed", ignore_errors=True)
    return PaperFiles(files=files, pdf=files[-1], pages=len(checked.text.pages), problems=problems + checked.problems)


def read_context(run: RunFolder) -> RenderContext:
    """Return what a run's paper was rendered from, out of its folder alone.

    Raises:
        RunCorrupted: If a file is missing or unreadable.
    """
    frame = Frame.model_validate(read_json(run.paper / "context.json"))
    return RenderContext(
        results=read_results(run.results),
        plan=Plan.model_validate(read_json(run.plan)),
        records=frame.records,
        quotes=frame.quotes,
        counts=frame.counts,
        provenance=frame.provenance,
    )


def read_draft(run: RunFolder) -> Draft:
    """Return a run's paper in macro form.

    Raises:
        RunCorrupted: If it is missing or unreadable.
    """
    return Draft.model_validate(read_json(run.paper / "draft.json"))


def _write(
    draft: Draft, context: RenderContext, source: PaperSource, run: RunFolder, pdf: bytes | None
) -> tuple[Path, ...]:
    """Write all files of a paper and return their paths, the PDF last."""
    folder = run.paper
    quoted = {claim.address for claim in source.claims.claims if claim.macro == "citeq"}
    frame = Frame(
        counts=dict(context.counts),
        provenance=context.provenance,
        records={key: context.records[key] for key in sorted(source.cited)},
        quotes={key: context.quotes[key] for key in sorted(quoted)},
        edition=edition(),
    )
    texts: Mapping[Path, bytes] = {
        **{folder / "sections" / f"{section.name}.tex": section.body.encode() for section in draft.sections},
        folder / "paper.tex": source.tex.encode(),
        folder / "references.bib": source.bib.encode(),
    }
    for path, content in texts.items():
        write_atomic(path, content)
    values = {
        folder / "draft.json": draft,
        folder / "context.json": frame,
        folder / "claims.json": source.claims,
    }
    for path, value in values.items():
        write_json(path, value.model_dump(mode="json"))
    if pdf is None:
        return (*texts, *values)
    write_atomic(folder / "paper.pdf", pdf)
    return (*texts, *values, folder / "paper.pdf")


def _figures(draft: Draft, root: Path) -> tuple[dict[str, bytes], tuple[Problem, ...]]:
    """Return the figures' files by the name that paper.tex uses, and problems with them."""
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    for figure in draft.figures:
        path = root / figure.file
        name = f"figures/{PurePosixPath(figure.file).name}"
        reason = ""
        if not path.resolve().is_relative_to(root.resolve()):
            reason = "lies outside of the run's folder"
        elif path.suffix not in (".pdf", ".png"):
            reason = "is neither a PDF nor a PNG"
        elif name in files:
            reason = "has the same name as another figure's"
        elif not path.is_file():
            reason = "is not there"
        if reason:
            message = f"its file {figure.file!r} {reason}."
            problems.append(Problem(kind="display", place=f"figure:{figure.name}", message=message))
        else:
            files[name] = path.read_bytes()
    return files, tuple(problems)


def _keep_failure(source: PaperSource, compiled: Compiled, run: RunFolder) -> None:
    folder = run.paper / "failed"
    write_atomic(folder / "paper.tex", source.tex.encode())
    write_atomic(folder / "references.bib", source.bib.encode())
    write_atomic(folder / "paper.log", compiled.log.encode())


def _lacking(latex: Latex) -> str:
    return f"no PDF was made, because this machine's TeX is not complete ({latex.found}). To install it: {CURE}"
