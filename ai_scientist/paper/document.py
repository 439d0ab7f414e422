r"""A paper as its writer hands it in: text in macro form, section by section, and what is shown beside it.

Text is LaTeX in which no result is typed. Numbers come from macros, which the compiler replaces:

    \val{metric/condition/dataset/split/mean}     a cell, rounded by its uncertainty, with its unit
    \valci{metric/condition/dataset/split}        mean with its interval
    \delta{test}                                  a test's difference (treatment minus baseline, signed), its interval
    \effect{test}                                 its effect size: "d = 1.20 (95% CI …)"; in a table the number alone
    \pval{test}                                   its corrected p-value: "p = 0.034"; in a table the number alone
    \claim{verb}{test}                            a verb if the test passes, else the honest alternative
    \cfg{key}                                     a setting of the configuration that ran
    \data{key}                                    a fact of the data that was loaded
    \count{key}                                   a count from the journal or the ledger: nodes, seeds, runs
    \plan{key}                                    a fact of the plan: alpha, level, hash, question, H1 (a hypothesis)
    \cond{name} \metric{name} \dataset{name}    a declared name, as the plan labels it
    \citep{record} \citet{record}                a citation of a stored record
    \citeq{record}{quote}                         a citation with the quote that supports the sentence
    \ref{fig:name} \ref{tab:name}                a display; also sec:NAME, app:runs, app:evidence, app:plan

Names, claim verbs and other words that begin a sentence are capitalized by the compiler. Claim verbs: paper/verbs.py.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ai_scientist.core.values import Value

SectionName = Literal["introduction", "related", "method", "experiments", "results", "limitations", "conclusion"]
SECTIONS: tuple[SectionName, ...] = (
    "introduction",
    "related",
    "method",
    "experiments",
    "results",
    "limitations",
    "conclusion",
)
"""In the order of the paper. The appendix and the box that says what wrote it are made by a program."""

MOST_WORDS: dict[SectionName, int] = {
    "introduction": 700,
    "related": 550,
    "method": 950,
    "experiments": 700,
    "results": 1200,
    "limitations": 550,
    "conclusion": 330,
}
"""The most that a section may hold, macros and formulas counted as one word each.

Half as much again as the longest that rules wrote in any of some forty finished studies; a section that needs more is
padded, or should be two.
"""


class Section(Value):
    """One section."""

    name: SectionName
    title: str
    body: str = Field(description="LaTeX in macro form.")


class Figure(Value):
    """A figure drawn from cells or rows.

    Attributes of note: `file` is relative to the run's folder; beside it lies a .json of the same name with the exact
    data that it shows and the cells or rows that they are.
    """

    name: str
    file: str
    caption: str = Field(description="In macro form.")
    section: SectionName = "results"
    wide: bool = False


class Table(Value):
    """A table whose entries are macros; `body` is the inside of a tabular, made by a program."""

    name: str
    columns: str = Field(description="The tabular's column letters: 'lrr'.")
    body: str
    caption: str
    section: SectionName = "results"
    wide: bool = False


class Draft(Value):
    """The whole paper in macro form."""

    schema_version: int = 1
    title: str
    abstract: str
    sections: tuple[Section, ...]
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    author_note: str = Field(description="What wrote it, for the box on the first page.")

    def section(self, name: SectionName) -> Section:
        """Return a section by name; StopIteration if it is missing."""
        return next(s for s in self.sections if s.name == name)
