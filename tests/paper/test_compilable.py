r"""What passes the lint compiles: known mistakes are named, and random texts that pass are given to TeX."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from ai_scientist.paper.compilable import uncompilable
from ai_scientist.paper.latex import render_paper
from ai_scientist.paper.lint import lint_text
from ai_scientist.paper.macros import render_text
from ai_scientist.paper.source import parse
from tests.paper import workshop

CONTEXT = workshop.context()

BROKEN = [
    r"\item alone",
    r"\begin{itemize}words \item x\end{itemize}",
    r"\begin{itemize}\end{itemize}",
    r"\begin{quote} \end{quote}",
    "\\emph{a\n\nb}",
    "$a\n\nb$",
    r"$a & b$",
    r"$a \\ b$",
    r"\begin{equation}a \\ b\end{equation}",
    r"$\left( a$",
    r"$a \right)$",
    r"$\left a \right b$",
    r"$x_1_2$",
    r"$x^2^3$",
    r"$x_$",
    r"$x_\hat{y}$",
    r"$\emph{x}$",
    r"$\'e$",
    r"$\citep{guo2017calibration}$",
    r"$\hat{\binom{n}}$",
    r"$\hat \frac{1}{2}$",
    r"$\in\limits_a$",
    r"$\overline{\label{eq:x}}$",
    r"\begin{cases}a\end{cases}",
    r"\(\)",
    r"words.\\[3pt] more",
    "First.\n\n\\\\ second",
    r"\textbf{\begin{itemize}\item x\end{itemize}}",
    r"\emph{words\footnote{more}}",
    r"\begin{equation}a\label{eq:a}\end{equation}\begin{equation}b\label{eq:a}\end{equation}",
    r"\begin{quote}\paragraph{Head.} words\end{quote}",
    r"\mbox{a \\ b}",
]

SOUND = [
    r"\begin{itemize}\item One. \item[(i)] Two.\end{itemize}",
    r"\begin{description}\item[Name] what it is\end{description}",
    r"words\\ more",
    r"\begin{align}a &= b \\ c &= d\end{align}",
    r"\begin{equation}f(x) = \begin{cases}x & \text{if } x > 0 \\ 0 & \text{otherwise}\end{cases}\end{equation}",
    r"$\left( \frac{a}{b} \right)^2$",
    r"$x_i^2$, $x'$, $x''_i$, ${x_1}_2$, $x_{y_z}$",
    r"$\sum\limits_{i} x_i$",
    r"$x_\alpha^\star$",
    r"$\mathbf x$ and $\hat\theta$",
    r"$\frac12$ and $\sqrt[n]{x}$",
    r"$\operatorname*{arg min}_\theta L$",
    "words\\footnote{First.\n\nSecond paragraph.} more",
    r"\begin{equation}a = b \label{eq:a}\end{equation}",
    r"\paragraph{Head.} words",
]


@pytest.mark.parametrize("text", BROKEN)
def test_what_tex_would_stumble_over_is_named(text: str) -> None:
    assert list(uncompilable(parse(text)))


@pytest.mark.parametrize("text", SOUND)
def test_what_tex_can_set_passes(text: str) -> None:
    assert [problem.message for problem in uncompilable(parse(text))] == []


WORDS: Sequence[str] = (
    r"words |\emph{|\textbf{|}|{|\item |\begin{itemize}|\end{itemize}|\begin{quote}|\end{quote}|\\ |~|--|\%|"
    r"\footnote{|'|"
    r"[|]|\paragraph{Head.}|\val{ece/noisy/all/test/mean}|\cond{noisy}|\delta{H1}|\pval{H1}|\citep{guo2017calibration}|"
    r"\citeq{guo2017calibration}{guo2017calibration-q1}|\ref{sec:results}|\'e|\ldots|\newline |\par |\LaTeX|\item["
).split("|")
SYMBOLS: Sequence[str] = (
    r"x|_|^|{|}|1|+|=|\alpha|\frac{|\frac12|\sum|\left(|\right)|\hat |\mathbb{E}|\text{|\sqrt{|\\|&|'|\big|\limits|\,|"
    r"\operatorname*{|\begin{cases}|\end{cases}|\val{ece/noisy/all/test/mean}|\delta|\binom{|\underbrace{|\cond{noisy}|"
    r"\log|\label{eq:a}"
).split("|")
FRAMES = (("$", "$"), (r"\[", r"\]"), (r"\begin{equation}", r"\end{equation}"), (r"\begin{align}", r"\end{align}"))


def balanced(rng: random.Random, fragments: Sequence[str], count: int) -> str:
    """Return random fragments whose braces and environments match."""
    out: list[str] = []
    open_ends: list[str] = []
    for fragment in (rng.choice(fragments) for _ in range(count)):
        if fragment == "}" or fragment.startswith("\\end"):
            if open_ends and open_ends[-1] == fragment:
                out.append(open_ends.pop())
            continue
        out.append(fragment)
        if fragment.startswith("\\begin"):
            open_ends.append(fragment.replace("begin", "end"))
        elif (fragment[-1] in "{[" and len(fragment) > 1) or fragment == "{":
            open_ends.append("}" if fragment[-1] == "{" else "]")
    return "".join(out + open_ends[::-1])


def random_text(rng: random.Random) -> str:
    text = ""
    for _ in range(rng.randint(1, 3)):
        opening, closing = rng.choice(FRAMES)
        words, formula = balanced(rng, WORDS, rng.randint(1, 7)), balanced(rng, SYMBOLS, rng.randint(1, 7))
        text += words if rng.random() < 0.5 else opening + formula + closing
        text += rng.choice([" ", "\n", "\n\n", ""])
    return text


@pytest.mark.latex
def test_random_texts_that_pass_the_lint_compile(tmp_path: Path) -> None:
    rng = random.Random(7)
    passed: list[str] = []
    while len(passed) < 150:
        text = random_text(rng)
        problems = lint_text(text, CONTEXT, place="method")
        if not any(problem.kind in ("syntax", "macro", "reference") for problem in problems):
            rendered = render_text(text, CONTEXT, place="method").text
            passed.append(rendered.replace(r"\label{eq:a}", rf"\label{{eq:a{len(passed)}}}"))
    head = render_paper(workshop.minimal_draft(), CONTEXT).tex.split(r"\begin{document}")[0]
    cases = "".join(f"\\typeout{{CASE {number}}}Case.\n\n{text}\n\n" for number, text in enumerate(passed))
    (tmp_path / "paper.tex").write_text(f"{head}\\begin{{document}}\n{cases}\\end{{document}}\n")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-file-line-error", "-no-shell-escape", "paper.tex"],
        cwd=tmp_path,
        capture_output=True,
        env={**os.environ, "max_print_line": "10000"},
        timeout=120,
        check=False,
    )
    output = done.stdout.decode(errors="replace")
    case, failed = -1, dict[int, str]()
    for line in output.splitlines():
        if found := re.match(r"CASE (\d+)", line):
            case = int(found[1])
        elif found := re.match(r"(?:\./paper\.tex:\d+:|!) (.*)", line):
            failed.setdefault(case, f"{found[1]} in {passed[case]!r}")
    assert failed == {}
