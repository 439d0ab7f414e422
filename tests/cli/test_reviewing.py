"""Reviews of drafts that this tool did not write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import call

MARKDOWN = """# Our method [bold] beats everything

## Abstract
We propose a method [1] and it is always better [/bold] than all others, by a large margin, which proves its worth.

## Experiments
We ran it once on our data. Accuracy was 0.93 for ours and 0.92 for the other.

## Conclusion
Our method is the best.
"""

LATEX = r"""\documentclass{article}
\title{A small study}
\begin{document}
\maketitle
\begin{abstract}We compare two schedules on one data set, and see no difference.\end{abstract}
\section{Experiments}We ran each schedule with ten seeds. The mean accuracy was $0.91$ for both.
\end{document}
"""


@pytest.mark.parametrize(("name", "text"), [("draft.md", MARKDOWN), ("draft.tex", LATEX)])
def test_a_draft_of_anybodys_gets_scores_and_defects_with_remedies(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    done = call("review", name, "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told.keys() >= {"decision", "probability", "overall", "scores", "defects"}
    assert len(told["reviews"]) == 3
    assert all(defect.keys() >= {"severity", "where", "what", "remedy"} for defect in told["defects"])
    if name == "draft.md":
        assert told["decision"] == "reject"
        assert told["defects"]


def test_what_looks_like_markup_in_a_draft_is_printed_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "draft.md").write_text(MARKDOWN)
    done = call("review", "draft.md", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "[/bold]" in done.stdout
