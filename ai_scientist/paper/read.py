"""Drafts read as a reviewer reads them: title and text, headings on lines of their own that begin with "# ".

Ours are read from their macro form; strangers' from Markdown, LaTeX or PDF.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ai_scientist.core.errors import AIScientistError, ConfigError
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.paper.check_pdf import PdfUnreadable
from ai_scientist.paper.compile import read_context, read_draft
from ai_scientist.paper.context import RenderContext
from ai_scientist.paper.document import Draft
from ai_scientist.paper.macros import render_text
from ai_scientist.paper.pdf_text import read_pdf_paper
from ai_scientist.paper.words import find_title, latex_to_words, markdown_to_words, tidy

Form = Literal["run", "markdown", "latex", "pdf"]
_MARKDOWN = (".md", ".markdown", ".txt", ".rst")
_LARGEST_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperText:
    """A paper as it is read.

    Attributes:
        title: Empty if none was found.
        text: Abstract, sections and captions; headings begin with "# ".
        hidden: Text that a PDF holds but does not show (white, tiny, invisible, off the page), left out of `text`.
        notes: What could not be read.
    """

    form: Form
    title: str
    text: str
    hidden: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sections(self) -> dict[str, str]:
        """Heading → text, in order; text before the first heading stands under "". Equal headings are joined."""
        found: dict[str, str] = {}
        for block in re.split(r"^(?=# )", self.text, flags=re.MULTILINE):
            heading, _, body = block.removeprefix("# ").partition("\n") if block.startswith("# ") else ("", "", block)
            if heading or body.strip():
                found[heading.strip()] = (found.get(heading.strip(), "") + "\n\n" + body.strip()).strip()
        return found

    def heading_at(self, offset: int) -> str:
        """Return where an offset of the text stands, in words."""
        headings = re.findall(r"^# (.*)$", self.text[:offset], flags=re.MULTILINE)
        return f"section “{headings[-1]}”" if headings else "before the first section"


def read_paper(path: Path) -> PaperText:
    """Return anybody's draft: a PDF, LaTeX, Markdown or plain text file, a folder with a LaTeX paper, or a run.

    Raises:
        ConfigError: If there is no such draft, or it cannot be read, or it holds no text.
    """
    if not path.exists():
        raise ConfigError(f"There is no draft at {path}.")
    paper = _read_folder(path) if path.is_dir() else _read_file(path)
    if len(paper.text.split()) < 20:
        raise ConfigError(f"{path} holds no text that can be reviewed ({len(paper.text.split())} words).")
    return paper


def caption_words(caption: str, context: RenderContext, name: str) -> str:
    """Return a figure's caption as a reader sees it, its macros rendered."""
    text = render_text(caption, context, place=f"figure:{name}", linked=False).text
    return latex_to_words(text, context.records).strip()


def read_run_paper(draft: Draft, context: RenderContext) -> PaperText:
    """Return a run's own paper, its macros rendered; displays stand at the end of their sections."""

    def words(text: str, place: str) -> str:
        return latex_to_words(render_text(text, context, place=place, linked=False).text, context.records)

    blocks = ["# Abstract", words(draft.abstract, "abstract")]
    for section in draft.sections:
        blocks += [f"# {words(section.title, section.name)}", words(section.body, section.name)]
        for figure in draft.figures:
            if figure.section == section.name:
                blocks.append(f"Figure {figure.name}: {words(figure.caption, f'figure:{figure.name}')}")
        for table in draft.tables:
            if table.section == section.name:
                blocks.append(f"Table {table.name}: {words(table.caption, f'caption:{table.name}')}")
                blocks.append(words(table.body, f"table:{table.name}"))
    return PaperText(form="run", title=words(draft.title, "title").strip(), text=tidy("\n\n".join(blocks)))


def _read_folder(folder: Path) -> PaperText:
    if (folder / "run.json").exists():
        run = RunFolder.open(folder)
        try:
            return read_run_paper(read_draft(run), read_context(run))
        except AIScientistError as error:
            raise ConfigError(f"The run {folder} has no paper that can be read: {error}") from error
    mains = [file for file in sorted(folder.glob("*.tex")) if "\\documentclass" in _text_of(file)]
    if len(mains) != 1:
        there = ", ".join(file.name for file in mains) or "none"
        raise ConfigError(f"{folder} is no run and has not exactly one LaTeX paper (found: {there}).")
    return _read_file(mains[0])


def _read_file(path: Path) -> PaperText:
    if path.stat().st_size > _LARGEST_BYTES:
        raise ConfigError(f"{path} is too large for a draft (more than {_LARGEST_BYTES // 1024**2} MiB).")
    suffix = path.suffix.lower()
    if suffix == ".pdf" or path.read_bytes().startswith(b"%PDF-"):
        return _read_pdf(path)
    if suffix in (".tex", ".latex", ".ltx"):
        source, notes = gather_inputs(path)
        references = path.with_suffix(".bbl")
        if references.is_file():
            source = source.replace("\\end{document}", _text_of(references) + "\n\\end{document}")
        return PaperText(form="latex", title=find_title(source), text=latex_to_words(source, {}), notes=tuple(notes))
    if suffix in _MARKDOWN:
        title, text = markdown_to_words(_text_of(path))
        return PaperText(form="markdown", title=title, text=text)
    raise ConfigError(f"{path} is none of PDF, LaTeX (.tex), Markdown (.md) and plain text (.txt).")


def _read_pdf(path: Path) -> PaperText:
    try:
        found = read_pdf_paper(path.read_bytes())
    except PdfUnreadable as error:
        raise ConfigError(f"{path}: {error}.") from error
    return PaperText(form="pdf", title=found.title, text=found.text, hidden=found.hidden)


_INPUT = re.compile(r"\\(?:input|include|subfile)\s*\{([^{}]+)\}")
_DEEPEST = 8


def gather_inputs(path: Path, *, depth: int = 0) -> tuple[str, list[str]]:
    r"""Return a LaTeX file's text with its comments left out and its \input files put in, and what was not found.

    Files outside of the paper's folder are not read.
    """
    notes: list[str] = []
    root = path.parent.resolve()

    def put_in(found: re.Match[str]) -> str:
        target = root / found[1].strip()
        target = target if target.suffix else target.with_suffix(".tex")
        if depth >= _DEEPEST or not target.resolve().is_relative_to(root) or not target.is_file():
            notes.append(f"{found[0]} was not read.")
            return ""
        text, more = gather_inputs(target, depth=depth + 1)
        notes.extend(more)
        return text

    text = re.sub(r"(?<!\\)%.*", "", _text_of(path))
    return _INPUT.sub(put_in, text), notes


def draft_source(draft: Path) -> str:
    """Return a draft's source as its author wrote it, inputs put in; empty for a PDF."""
    if draft.suffix.lower() == ".pdf":
        return ""
    files = sorted(draft.glob("*.tex")) if draft.is_dir() else [draft]
    return "\n".join(gather_inputs(file)[0] if file.suffix == ".tex" else _text_of(file) for file in files)


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return path.read_bytes().decode("latin-1")
