"""A scholar behind the tests' server: the answers of one small, real study, so that a whole run can speak to a model.

The study: which estimator of a mean errs least under heavy tails. Its program simulates, so it needs no data, and runs
in a fraction of a second.
"""

from __future__ import annotations

import re
from typing import Any

from tests.models.server import Body

Answer = dict[str, Any]

PROGRAM = '''"""Estimators of a mean under heavy tails: one process is one seed; all conditions see the same samples."""

import random
import statistics

import lab

SAMPLES = 40
REPEATS = 60
TRIM = 0.1
COMPONENTS = ()
ABLATIONS = ()

dice = random.Random(lab.seed)


def student(degrees):
    return dice.gauss(0, 1) / (sum(dice.gauss(0, 1) ** 2 for _ in range(degrees)) / degrees) ** 0.5


def mixture():
    return dice.gauss(0, 8 if dice.random() < 0.1 else 1)


SOURCES = {"student": lambda: student(2), "mixture": mixture}


def trimmed(values, share):
    kept = sorted(values)
    cut = int(len(kept) * share)
    return statistics.fmean(kept[cut : len(kept) - cut])


def proposed(values, components):
    estimate = statistics.fmean(values)
    if "trimming" in components:
        estimate = trimmed(values, TRIM)
    if "shrinking" in components:
        estimate *= 0.97
    return estimate


lab.config(samples=SAMPLES, repeats=REPEATS)
lab.config(condition="proposed", trim=TRIM, components=", ".join(COMPONENTS) or "none")
for name, draw in SOURCES.items():
    batches = [[draw() for _ in range(SAMPLES)] for _ in range(REPEATS)]
    lab.dataset(name, batches, n_samples=SAMPLES, n_repeats=REPEATS)
    arms = {
        "plain": lambda values: statistics.fmean(values),
        "median": lambda values: statistics.median(values),
        "proposed": lambda values: proposed(values, COMPONENTS),
    }
    for part in ABLATIONS:
        rest = tuple(component for component in COMPONENTS if component != part)
        arms[f"without_{part}"] = lambda values, rest=rest: proposed(values, rest)
    for condition, estimate in arms.items():
        error = statistics.fmean(abs(estimate(batch)) for batch in batches)
        lab.log(metric="error", value=error, condition=condition, dataset=name)
'''

IDEA: Answer = {
    "id": "trimmed-means",
    "title": "Trimmed means under heavy tails",
    "question": "Does trimming reduce the error of an estimated mean when the data have heavy tails?",
    "rationale": "Means are used everywhere, and data with heavy tails are common.",
    "experiment": "Samples are simulated from two laws with heavy tails; estimators are compared on the same samples.",
    "claims": [
        {"kind": "problem", "text": "The sample mean errs much under heavy tails."},
        {"kind": "finding", "text": "Trimming lowers the error of a mean under heavy tails."},
    ],
    "interestingness": 5,
    "feasibility": 10,
    "novelty": 2,
    "reasons": "Cheap and clear; much is known.",
    "risks": "Two laws are few.",
    "template": None,
}
PLAN: Answer = {
    "title": "Trimmed means under heavy tails",
    "question": IDEA["question"],
    "hypotheses": [
        {
            "id": "H1",
            "statement": "The proposed estimator has a lower error than the sample mean.",
            "metric": "error",
            "treatment": "proposed",
            "baseline": "plain",
            "datasets": [],
            "expects": "lower",
            "margin": None,
        },
        {
            "id": "H2",
            "statement": "The median has another error than the sample mean.",
            "metric": "error",
            "treatment": "median",
            "baseline": "plain",
            "datasets": [],
            "expects": "different",
            "margin": None,
        },
    ],
    "conditions": [
        {"name": "plain", "label": "the sample mean", "short": "mean", "role": "baseline", "description": "The mean."},
        {
            "name": "proposed",
            "label": "the proposed estimator",
            "short": "proposed",
            "role": "proposed",
            "description": "A mean to which components are added.",
        },
        {"name": "median", "label": "the median", "short": "median", "role": "control", "description": "The median."},
    ],
    "datasets": [
        {
            "name": "student",
            "label": "Student's law",
            "description": "Simulated samples of Student's law with few degrees of freedom.",
            "origin": "synthetic",
            "source": "the program",
            "record": None,
        },
        {
            "name": "mixture",
            "label": "a contaminated normal law",
            "description": "Simulated samples of a normal law, some of which come from a wider one.",
            "origin": "synthetic",
            "source": "the program",
            "record": None,
        },
    ],
    "metrics": [
        {
            "name": "error",
            "label": "mean absolute error",
            "short": "error",
            "unit": "",
            "direction": "lower",
            "low": 0,
            "high": None,
            "description": "Mean distance of the estimate from the true mean.",
        }
    ],
    "primary_metric": "error",
    "stopping_rule": "When the declared seeds are used up.",
    "method": "Estimators of a mean are compared on the same simulated samples.",
    "left_out": [{"datasets": ["others"], "reason": "The true mean of real data is not known."}],
}
SECTIONS: dict[str, tuple[str, str]] = {
    "introduction": (
        "Introduction",
        r"""A mean is what most people compute before anything else, and it is fragile where tails are heavy. We ask
whether trimming mends this, on simulated samples whose true mean is known.

Over \count{confirm_seeds} seeds, \cond{proposed} \claim{outperforms}{H1} \cond{plain} in \metric{error}
(\delta{H1}, \pval{H1}).""",
    ),
    "related": (
        "Related work",
        """The literature at hand does not treat this question directly. The search for earlier work is described in
the appendix, and what it did not find is no proof of newness.""",
    ),
    "method": (
        "Method",
        r"""All estimators see the same samples, so that their errors can be compared in pairs. \cond{proposed} starts
as \cond{plain}; trimming leaves out the share \cfg{proposed/trim} of the values at either end before averaging.""",
    ),
    "experiments": (
        "Experiments",
        r"""Each seed draws \data{student/n_repeats} batches of \data{student/n_samples} values from \dataset{student}
and from \dataset{mixture}. The search used \count{search_seeds} seeds; what follows comes from
\count{confirm_seeds} others. Tests are paired over seeds and corrected by Holm at the level \plan{alpha}.""",
    ),
    "results": (
        "Results",
        r"""The comparison of \cond{proposed} with \cond{plain} gave a difference in \metric{error} of \delta{H1}
(\pval{H1}), see \ref{fig:main} and \ref{tab:all}; the effect size was \effect{H1}. The data
\claim{support}{H1} the hypothesis.

The median \claim{differs_from}{H2} \cond{plain} (\delta{H2}, \pval{H2}); \ref{fig:pairs} shows the seeds singly. On
\dataset{student} the error of \cond{plain} was \valci{error/plain/student/test}.""",
    ),
    "limitations": (
        "Limitations",
        """Both laws are simulated, and real data may have tails of another kind. The size of the samples was not
varied. The amount of trimming was chosen before the confirming runs and not studied.""",
    ),
    "conclusion": (
        "Conclusion",
        r"""Whoever estimates a mean under heavy tails may want to look at \ref{tab:all} first. The comparison with
\cond{plain} rests on \count{confirm_seeds} seeds and holds for the simulated laws only.""",
    ),
}


def answer(body: Body) -> Answer:
    """Return the scholar's answer to a request in JSON-schema mode."""
    name = body["response_format"]["json_schema"]["name"]
    asked = str(body["messages"][1]["content"])  # with pictures it is a list of parts, which reads as well
    fixed: dict[str, Answer] = {
        "idea_list": {"ideas": [IDEA]},
        "queries": {"queries": ["robust estimation mean heavy tails", "trimmed mean efficiency"]},
        "close_answer": {"labels": [{"claim": 1, "closeness": "unrelated", "quote": ""}]},
        "plan_answer": PLAN,
        "display_answer": _displays(),
        "front_answer": {
            "title": "Trimmed means under heavy tails",
            "abstract": r"We ask whether trimming lowers the error of an estimated mean under heavy tails. Estimators "
            r"were compared on the same simulated samples over \count{confirm_seeds} seeds. \cond{proposed} "
            r"\claim{outperforms}{H1} \cond{plain} in \metric{error} (\delta{H1}, \pval{H1}). Both laws are simulated, "
            "so the answer holds for them only.",
        },
        "review": _review(asked),
        "rebuttal": {"points": []},
        "figure_answer": {"seen": "Bars with intervals.", "problems": []},
    }
    if name == "section_answer":
        found = re.search(r"Write the section `(\w+)`", asked)
        title, text = SECTIONS[found[1] if found else "introduction"]
        return {"title": title, "body": text}
    return _program(asked) if name == "program_answer" else fixed[name]


def _displays() -> Answer:
    def figure(name: str, kind: str, metric: str, hypothesis: str, caption: str) -> Answer:
        return {
            "name": name,
            "kind": kind,
            "metric": metric,
            "conditions": [],
            "datasets": [],
            "hypothesis": hypothesis,
            "caption": caption,
        }

    return {
        "figures": [
            figure("main", "bars", "error", "", r"The \metric{error} by condition, with intervals over seeds."),
            figure("pairs", "paired", "", "H1", r"Differences between \cond{proposed} and \cond{plain}, seed by seed."),
        ],
        "tables": [
            {
                "name": "all",
                "metrics": ["error"],
                "conditions": [],
                "datasets": [],
                "caption": "All conditions, with intervals.",
            }
        ],
    }


def _review(asked: str) -> Answer:
    lens = re.search(r"from the point of view `(\w+)`", asked)
    return {
        "schema_version": 1,
        "reviewer": lens[1] if lens else "evidence",
        "summary": "The paper compares estimators of a mean under heavy tails on simulated samples.",
        "strengths": ["The comparison is paired and the plan was locked."],
        "weaknesses": ["Two simulated laws are few."],
        "questions": ["How does the result depend on the size of the samples?"],
        "limitations": ["Simulated data only."],
        "originality": 1,
        "soundness": 3,
        "presentation": 3,
        "contribution": 2,
        "overall": 5,
        "confidence": 4,
        "decision": "reject",
        "defects": [],
    }


def _program(asked: str) -> Answer:
    """Return a child's program, by the task that the prompt names; each step is made once."""
    base: Answer = {
        "title": "",
        "rationale": "",
        "move": "",
        "component": "",
        "removes": "",
        "files": {},
        "edits": [],
        "nothing_left": False,
    }
    task = re.search(r"## Your task: (\w+)", asked)
    kind = task[1] if task else ""
    if kind == "draft":
        return {
            **base,
            "title": "first program",
            "rationale": "It carries out the plan.",
            "files": {"experiment.py": PROGRAM},
        }
    if kind == "tune" and "SAMPLES = 40" in asked:
        edit = {"search": "SAMPLES = 40", "replace": "SAMPLES = 60", "file": "experiment.py"}
        return {
            **base,
            "title": "more values",
            "rationale": "Means of more values err less.",
            "move": "more_values",
            "edits": [edit],
        }
    if kind == "improve" and "COMPONENTS = ()" in asked:
        edit = {"search": "COMPONENTS = ()", "replace": 'COMPONENTS = ("trimming",)', "file": "experiment.py"}
        return {
            **base,
            "title": "trimming",
            "rationale": "Extreme values carry most of the error.",
            "move": "trimming",
            "component": "trimming",
            "edits": [edit],
        }
    if kind == "improve" and 'COMPONENTS = ("trimming",)' in asked:
        edit = {"search": '("trimming",)', "replace": '("trimming", "shrinking")', "file": "experiment.py"}
        return {
            **base,
            "title": "shrinking",
            "rationale": "A little bias can be worth a smaller variance.",
            "move": "shrinking",
            "component": "shrinking",
            "edits": [edit],
        }
    if kind == "ablate" and "ABLATIONS = ()" in asked and "COMPONENTS = ()" not in asked:
        edit = {"search": "ABLATIONS = ()", "replace": "ABLATIONS = COMPONENTS", "file": "experiment.py"}
        return {
            **base,
            "title": "ablations",
            "rationale": "Each component is left out once.",
            "move": "without_all",
            "edits": [edit],
        }
    return {**base, "title": "nothing", "rationale": "Nothing sensible is left.", "nothing_left": True}
