r"""The lint's precision and recall on sentences: those that must be refused, and those that must pass.

Each sentence is linted as part of a section, with the macros of a real context, so that what is measured is what a
writer meets.
"""

from __future__ import annotations

import pytest

from ai_scientist.paper.lint import lint_text
from ai_scientist.paper.problems import Problem
from tests.paper import workshop

CONTEXT = workshop.context()
FILLER = (
    "Enough plain words stand around it so that the section is not too short to be a section at all, whatever it says."
)


def problems(sentence: str, place: str = "results") -> list[Problem]:
    found = lint_text(f"{sentence} {FILLER}\n\n{FILLER}", CONTEXT, place=place)
    return [problem for problem in found if problem.kind != "empty"]


TYPED_NUMBERS = [
    "The accuracy is 91.2.",
    "It rose to 0.93 on Digits.",
    r"A 37 percent drop was seen.",
    r"It fell by 12.5--14.5 points.",
    r"The share was 50\%.",
    "An odds ratio of 0.05 was found.",
    "We trained on 10000 samples.",
    "There were 64 patients.",
    "The value/3.25 was used.",
    "n:254 cases were seen.",
    "About ~0.73 units were lost.",
    r"The interval is (95\% CI: 0.52-0.61).",
    "The error was halved.",
    "Nearly half of the seeds failed.",
    "It is twice as fast.",
    "A three-fold increase was seen.",
    "A threefold increase was seen.",
    "The gain is an order of magnitude.",
    "It is two orders of magnitude faster.",
    "The majority of seeds agree.",
    "A majority of runs agree.",
    "It wins on most datasets.",
    "It holds on most of the seeds.",
    "It wins on two of the datasets.",
    "It wins on two datasets.",
    "Three conditions differ.",
    "It was run on five seeds.",
    "There were twelve nodes.",
    "Twenty-one runs failed.",
    "It takes one hundred steps.",
    "Hundreds of runs were made.",
    "Thousands of models were trained.",
    "A dozen seeds were used.",
    "A quarter of the runs failed.",
    "Two-thirds of the runs failed.",
    "A third of the labels are wrong.",
    "It gains one percentage point.",
    "It gains one point.",
    "It is one standard deviation away.",
    "It doubled the error.",
    "The error doubles under noise.",
    "It was tripled by noise.",
    "The error is zero.",
    "There were zero failures.",
    "It gains ½ a point.",
    "It gains ٣ points.",
    "It gains 三 points.",
    "It gains \uff13 points.",
    "It gains x² points.",
    "Chapter Ⅷ has it.",
    "It was rerun XII times.",
    "Study IV agrees.",
    r"It gains 9{}1 points.",
    r"It is tw{}ice as good.",
    r"It is tw\textbf{ice} as good.",
    r"It is twi\-ce as good.",
    r"\textbf{0.93} was reached.",
    r"A note\footnote{It was 0.93.} says so.",
    r"It is $0.93$ there.",
    r"It is $93\%$ there.",
    r"It gains $5$ points.",
    r"We have $n = 40$ seeds.",
    r"It reached $\mathrm{ECE} = 0$.",
    r"It reached $x = 1$ there.",
    r"The gain was $\approx 2$.",
    r"The gain was $2$.",
    r"It has $10^{-3}$ loss.",
    r"It is $\frac{3}{4}$ of it.",
    r"It is $\frac{1}{2}$ of it.",
    r"The ratio $r > 2$ was seen.",
    r"It was run in 2019.",
    "The 90% confidence interval excludes it.".replace("%", r"\%"),
    "It runs in four-fold cross-validation.",
    "It is several-fold larger.",
    r"The level is 0.05 here.",
    "It needs 3 of the 5 seeds.",
    "It is 2x faster.",
    "It came 1st.",
    "Two times the noise was added.",
    "Two percent of the labels are wrong.",
]

STRUCTURAL_WORDS = [
    "One would expect the opposite.",
    "It is one of the reasons for doubt.",
    "No one knows why.",
    "One can ask what this means.",
    "The first question is what noise does; the second is what repairs it.",
    "A two-sided test was used.",
    "The test is two-tailed and paired.",
    "The two conditions share their seeds.",
    "These two are compared within a seed.",
    "There are two ways to read this.",
    "Two questions remain open.",
    "It fails in two different ways.",
    "The interval includes zero.",
    "The difference is close to zero.",
    "Noise has zero mean.",
    "A non-zero rate is needed.",
    "The zero line is drawn.",
    "The second half of the training is noisier.",
    "The half-width of the interval is given.",
    "It was computed in half-precision.",
    "A double-blind study was not possible.",
    "Double descent is another matter.",
    "The majority class is easy to predict.",
    "A majority vote decides.",
    "The majority baseline ignores the features.",
    "The minority class suffers.",
    "Most experiments flip labels uniformly.",
    "Both conditions are shown.",
    "A single program made both.",
    "A pair of seeds is compared.",
    "The manifold unfolds.",
    "Folds are drawn at random.",
    "The scaffold is kept.",
    "It is done once for each seed.",
    "The F1 score is not used here.",
    "An L2 penalty is common.",
    "The L1 norm bears outliers better.",
    "Top-1 and top-5 are not reported, but top-1 would agree.",
    r"A 95\% confidence interval is given.",
    r"The 95\% interval is wide.",
    r"Each 95\,\% CI comes from a t distribution.",
    "Hypothesis H1 asks for it.",
    "A Type I error is held at the level.",
    "A type II error remains possible.",
    "A phase I trial is another matter.",
    "As for the reasons: (i) noise, (ii) size, (iii) chance.",
    "Vitamin V and I agree.",
    "MIX and CV and MC and CI are abbreviations.",
    "The program is in Python.",
    r"Let $x_1$ and $x_2$ be inputs.",
    r"The loss is $1 - \epsilon$ at most.",
    r"It is $\frac{1}{n} \sum_{i=1}^n x_i$.",
    r"Labels are $y \in \{0, 1\}$.",
    r"Values lie in $[0, 1]$.",
    r"The rate is $\epsilon > 0$.",
    r"Its norm is $\lVert x \rVert_2^2$.",
    r"Its norm obeys $\lVert x \rVert = 1$.",
    r"Weights obey $\sum_k p_k = 1$.",
    r"The update is $\theta_{t+1} = \theta_t - \eta \nabla L$.",
    r"It is $\mathbb{E}[x^2]$.",
    r"It is $\log_2 K$.",
    r"Its variance is $\sigma^2 / (n - 1)$.",
    r"With $K$ classes the rate is $\epsilon / (K - 1)$.",
    r"There is $\mathcal{O}(n^2)$ work.",
    r"The $\delta_i$ are drawn.",
    r"\cond{noisy} has \val{ece/noisy/all/test/mean}.",
    r"We ran \count{runs} runs on \plan{confirm_seeds} seeds.",
    r"It trains for \cfg{epochs} epochs.",
    r"\dataset{digits} has \data{digits/n_train} rows.",
    r"See Figure~\ref{fig:bars} and Table~\ref{tab:main}.",
    r"\citet{guo2017calibration} saw it.",
    "The label says who annotated it.",
    "Point estimates are given with intervals.",
    "It is a matter of degree.",
    "Only the test set is left; none of it was seen.",
    r"\paragraph{Novelty.} The check of it came out as not established.",
]

TYPED_CLAIMS = [
    r"\cond{proposed} outperforms \cond{noisy}.",
    r"\cond{proposed} significantly improves the error.",
    "This is state of the art.",
    "We reach state-of-the-art calibration.",
    "Our SOTA result stands.",
    "We propose a novel method.",
    "The novelty of the method is plain.",
    "The gain is unprecedented.",
    "The gain is substantial.",
    "Remarkably, the error vanishes.",
    "It dramatically lowers the error.",
    "We are the first to show this.",
    r"\cond{proposed} is superior.",
    r"\cond{proposed} improves the \metric{ece}.",
    r"\cond{noisy} worsens the \metric{ece}.",
    "Noise reduces accuracy.",
    "Noise increases the error.",
    "Noise hurts calibration.",
    "Smoothing helps.",
    r"\cond{proposed} is better than \cond{noisy}.",
    r"\cond{proposed} has lower error than \cond{noisy}; it is lower than before.",
    r"The error is smaller than that of \cond{noisy}.",
    "There is no difference between them.",
    "There was no effect.",
    "Accuracy does not change.",
    "Accuracy is unchanged.",
    "Both are equivalent.",
    "The result is robust.",
    "As planned, smoothing improves accuracy.",
    "When trained on noise, it improves accuracy.",
    "Smoothing improves accuracy if the noise is high.",
    "Both methods reduce the error.",
    "Noise and ambiguity hurt calibration.",
    "We expected little; instead, it improves the error.",
    r"\cond{proposed} beats \cond{noisy}.",
    r"\cond{noisy} exceeds \cond{clean}.",
    r"The difference is statistically significant.",
    r"Calibration is improved.",
    r"\cond{noisy} reduces the \metric{ece}, \pval{H1}.",
    r"\cond{proposed} improves \metric{accuracy}, \pval{H4}.",
    r"There is no difference in \metric{accuracy}, \pval{H4}.",
    r"The rise is not significant, \pval{H1}.",
]

HONEST_SENTENCES = [
    r"\cond{proposed} \claim{outperforms}{H2} \cond{noisy}.",
    r"We ask whether \cond{proposed} improves the \metric{ece}.",
    "Does noise hurt calibration?",
    "If noise increases the error, smoothing could reduce it.",
    r"\citet{guo2017calibration} show that temperature scaling improves calibration.",
    r"Temperature scaling outperforms histogram binning \citep{guo2017calibration}.",
    "We hypothesise that noise increases the error.",
    "Smoothing might help.",
    r"\cond{noisy} increases the \metric{ece} by \delta{H1}.",
    r"\cond{proposed} reduces the \metric{ece}, \pval{H2}.",
    r"\cond{proposed} is better than \cond{noisy} (\delta{H2}).",
    r"There is no detectable difference in \metric{accuracy}, \pval{H4}.",
    r"Accuracy does not detectably change (\delta{H4}).",
    r"Their accuracies are equivalent (\delta{H3}).",
    r"The rise is statistically significant, \pval{H1}.",
    "To reduce the error, labels are smoothed.",
    "Lower is better.",
    "A reduced dose is given to the improved network.",
    r"The plan declares how large a difference counts as relevant.",
    "We test for a difference in calibration.",
    "The effect of noise is measured within a seed.",
    "We train longer to reduce the error.",
    "We increase the rate and reduce the batch.",
    "The aim is to find out whether to raise the rate.",
    "The hypothesis says that noise increases the error.",
    "An increase in the error was looked for.",
]


@pytest.mark.parametrize("sentence", TYPED_NUMBERS)
def test_a_typed_number_is_refused(sentence: str) -> None:
    assert {problem.kind for problem in problems(sentence)} & {"number", "word"}


@pytest.mark.parametrize("sentence", TYPED_CLAIMS)
def test_a_typed_claim_is_refused(sentence: str) -> None:
    assert "claim" in {problem.kind for problem in problems(sentence)}


FIGURES = workshop.rich_draft().figures
TABLES = workshop.rich_draft().tables


@pytest.mark.parametrize("sentence", STRUCTURAL_WORDS + HONEST_SENTENCES)
def test_an_honest_sentence_passes(sentence: str) -> None:
    found = lint_text(f"{sentence} {FILLER}\n\n{FILLER}", CONTEXT, place="results", figures=FIGURES, tables=TABLES)
    assert [str(problem) for problem in found] == []


@pytest.mark.parametrize("place", ["abstract", "introduction", "method", "conclusion", "figure:bars", "caption:main"])
def test_numbers_are_refused_in_every_part(place: str) -> None:
    assert "number" in {problem.kind for problem in problems("It gains 3.2 points.", place)}


def test_the_place_of_a_typed_number_is_its_offset_in_the_source() -> None:
    text = r"\cond{noisy} gains \emph{3.2} points."
    problem = next(p for p in lint_text(text, CONTEXT, place="abstract") if p.kind == "number")
    assert problem.offset == text.index("3.2")
    assert "3.2" in problem.excerpt


def test_a_setting_up_sentence_may_say_what_a_condition_does_but_not_what_came_out() -> None:
    assert problems(r"\cond{proposed} lowers the rate in a straight line.", "method") == []
    assert problems(r"\cond{proposed} lowers the rate in a straight line.", "results") != []
    assert problems(r"We find that \cond{proposed} lowers the error.", "method") != []
