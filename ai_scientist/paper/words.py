r"""Marked-up text as plain words: LaTeX (anybody's, well-formed or not) and Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from pylatexenc.latex2text import EnvironmentTextSpec, LatexNodes2Text, MacroTextSpec, get_default_latex_context_db
from pylatexenc.latexwalker import LatexWalker
from pylatexenc.latexwalker import get_default_latex_context_db as get_default_walker_db
from pylatexenc.macrospec import MacroSpec, MacroStandardArgsParser

from ai_scientist.literature.records import Record

_HEADINGS = ("part", "chapter", "section", "subsection", "subsubsection")
_CITES = ("cite", "citep", "citet", "citealp", "citealt", "citeauthor", "citeyear", "parencite", "textcite", "autocite")
_DROPPED = (
    "label vspace hspace centering bibliography bibliographystyle includegraphics input maketitle tableofcontents "
    "usepackage documentclass graphicspath clearpage newpage hypertarget place"
).split()
_LAST_IS_TEXT = (
    "href resizebox scalebox textcolor multicolumn multirow mbox ensuremath evidence hyperlink texorpdfstring"
).split()
_ARGUMENTS = {
    **dict.fromkeys(_HEADINGS, "*[{"),
    **dict.fromkeys(_CITES, "*[[{"),
    **{"paragraph": "*{", "caption": "*[{", "ref": "{", "eqref": "{", "autoref": "{", "cref": "{", "Cref": "{"},
    **{"href": "{{", "url": "{", "footnote": "[{", "title": "[{", "author": "[{", "resizebox": "{{{", "scalebox": "{{"},
    **{"textcolor": "{{", "multicolumn": "{{{", "multirow": "{{{", "cmidrule": "", "bibitem": "[{"},
    **{"evidence": "{{{", "place": "{", "hypertarget": "{{", "hyperlink": "{{"},
    **{"texorpdfstring": "{{", "mbox": "{", "ensuremath": "{", "textquotedbl": "", "textsuperscript": "{"},
}


def latex_to_words(source: str, records: Mapping[str, Record]) -> str:
    """Return LaTeX as words: headings as lines with "# ", formulas as source, citations by author and year if known.

    Never raises: what cannot be parsed is read as far as it goes.
    """
    body = _body(source)
    walker_language: Any = get_default_walker_db()
    walker_language.add_context_category(
        "paper",
        macros=[MacroSpec(name, MacroStandardArgsParser(spec)) for name, spec in _ARGUMENTS.items()],
        prepend=True,
    )
    language: Any = get_default_latex_context_db()
    language.add_context_category("paper", macros=_macros(records), environments=_environments(), prepend=True)
    reader: Any = LatexNodes2Text(
        latex_context=language, math_mode="verbatim", keep_comments=False, strict_latex_spaces=False
    )
    walker = cast("Any", LatexWalker)(body, latex_context=walker_language, tolerant_parsing=True)
    try:
        nodes = walker.get_latex_nodes()[0]
        text = str(reader.nodelist_to_text(nodes))
    except (RecursionError, IndexError, TypeError, ValueError, KeyError, AttributeError):
        text = re.sub(r"\\[A-Za-z]+\*?|[{}$]", " ", body)
    return tidy(text)


def find_title(source: str) -> str:
    r"""Return the argument of \title as words; empty if there is none."""
    found = re.search(r"\\title\s*(?:\[[^\]]*\])?\s*\{", source)
    if not found:
        return ""
    depth, end = 1, found.end()
    while end < len(source) and depth:
        depth += {"{": 1, "}": -1}.get(source[end], 0) if source[end - 1] != "\\" else 0
        end += 1
    return " ".join(latex_to_words(source[found.end() : end - 1].replace("\\\\", " "), {}).split())


def markdown_to_words(source: str) -> tuple[str, str]:
    """Return a Markdown text's title (front matter, first heading, or first line) and its words."""
    text = source.replace("\r\n", "\n")
    front = re.match(r"---\n(.*?)\n(?:---|\.\.\.)\n", text, re.DOTALL)
    title = ""
    if front:
        text = text[front.end() :]
        named = re.search(r"^title:\s*[\"']?(.+?)[\"']?\s*$", front[1], re.MULTILINE)
        title = named[1] if named else ""
    text = re.sub(r"^(?P<head>[^\n#>\-*|`\s][^\n]*)\n(?:={3,}|-{3,})\s*$", r"# \g<head>", text, flags=re.MULTILINE)
    text = re.sub(r"^#{1,6}\s+(.*?)\s*#*\s*$", r"# \1", text, flags=re.MULTILINE)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"Figure: \1", text)
    text = re.sub(r"(?<!!)\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    first = re.search(r"^# (.+)$", text, re.MULTILINE)
    if not title and first and not text[: first.start()].strip():
        title, text = first[1], text[first.end() :]
    if not title:
        title = next((line.strip() for line in text.splitlines() if line.strip()), "")[:200]
    return title.strip(), tidy(text)


def tidy(text: str) -> str:
    """Return text with headings on lines of their own between empty lines, and no needless space."""
    text = re.sub(r"[ \t\u00a0]+", " ", text)
    text = re.sub(r" *\n *", "\n", text)
    text = re.sub(r"\n*^(# [^\n]*)\n*", r"\n\n\1\n\n", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _body(source: str) -> str:
    begin, end = source.find("\\begin{document}"), source.find("\\end{document}")
    if begin < 0:
        return source
    body = source[begin + len("\\begin{document}") : end if end > begin else len(source)]
    abstract = re.search(r"\\begin\{abstract\}.*?\\end\{abstract\}", source[:begin], re.DOTALL)
    return (abstract[0] if abstract else "") + body


def _macros(records: Mapping[str, Record]) -> list[Any]:
    def cite(node: Any, l2tobj: Any = None) -> str:
        return _cited(node, records)

    specs = [MacroTextSpec(name, simplify_repl=_heading) for name in _HEADINGS]
    specs += [MacroTextSpec(name, simplify_repl=cite) for name in _CITES]
    specs += [MacroTextSpec(name, simplify_repl="", discard=True) for name in _DROPPED]
    specs += [
        MacroTextSpec("paragraph", simplify_repl=_last("\n\n{} ")),
        MacroTextSpec("caption", simplify_repl=_last("\n\nCaption: {}\n\n")),
        MacroTextSpec("footnote", simplify_repl=_last(" [{}]")),
        MacroTextSpec("title", simplify_repl=_last("")),
        MacroTextSpec("author", simplify_repl=_last("")),
        MacroTextSpec("bibitem", simplify_repl=_last("\n\n")),
        MacroTextSpec("textquotedbl", simplify_repl='"'),
        MacroTextSpec("textless", simplify_repl="<"),
        MacroTextSpec("textgreater", simplify_repl=">"),
        *[MacroTextSpec(name, simplify_repl=_last("{}")) for name in _LAST_IS_TEXT],
        *[MacroTextSpec(name, simplify_repl=_reference) for name in ("ref", "eqref", "autoref", "cref", "Cref")],
        *[MacroTextSpec(name, simplify_repl="") for name in ("toprule", "midrule", "bottomrule", "cmidrule")],
        MacroTextSpec("textsuperscript", simplify_repl=_last("^{}")),
    ]
    return specs


def _environments() -> list[Any]:
    def abstract(node: Any, l2tobj: Any = None) -> str:
        return f"\n\n# Abstract\n\n{l2tobj.nodelist_to_text(node.nodelist)}\n\n"

    def table(node: Any, l2tobj: Any = None) -> str:
        return str(l2tobj.nodelist_to_text(node.nodelist))

    def references(node: Any, l2tobj: Any = None) -> str:
        return f"\n\n# References\n\n{l2tobj.nodelist_to_text(node.nodelist)}\n\n"

    return [
        EnvironmentTextSpec("abstract", simplify_repl=abstract),
        EnvironmentTextSpec("thebibliography", simplify_repl=references),
        *[EnvironmentTextSpec(name, simplify_repl=table) for name in ("tabular", "tabular*", "longtable", "tabularx")],
    ]


def _braced(node: Any) -> list[Any]:
    return [a for a in node.nodeargd.argnlist if a is not None and a.latex_verbatim().startswith("{")]


def _heading(node: Any, l2tobj: Any = None) -> str:
    words = " ".join(str(l2tobj.nodelist_to_text(_braced(node)[-1:])).split())
    return f"\n\n# {words}\n\n"


def _last(pattern: str) -> Callable[..., str]:
    def text(node: Any, l2tobj: Any = None) -> str:
        return pattern.format(str(l2tobj.nodelist_to_text(_braced(node)[-1:])).strip())

    return text


def _reference(node: Any, l2tobj: Any = None) -> str:
    braced = _braced(node)
    return str(braced[-1].latex_verbatim()[1:-1]).partition(":")[2] or "…" if braced else ""


def _cited(node: Any, records: Mapping[str, Record]) -> str:
    braced = _braced(node)
    keys = [key.strip() for key in str(braced[-1].latex_verbatim()[1:-1]).split(",")] if braced else []
    names = [_author_year(records[key]) if key in records else (key, "") for key in keys]
    if node.macroname in ("citet", "textcite"):
        return ", ".join(f"{author} ({year})" if year else author for author, year in names)
    return f"({'; '.join(', '.join(part for part in name if part) for name in names)})"


def _author_year(record: Record) -> tuple[str, str]:
    families = [name.partition(",")[0].strip() for name in record.authors]
    if len(families) > 2:
        return f"{families[0]} et al.", str(record.year)
    return " and ".join(families) or record.title, str(record.year)
