"""Checks of a draft's design as its text tells it: baselines, ablations, test data, limitations, cost, code."""

from __future__ import annotations

import re

from ai_scientist.rules.referee.draft import Draft, place, short
from ai_scientist.rules.referee.notes import Note, strength, weakness


def design_checks(draft: Draft) -> list[Note]:
    """Return what can be said of a draft's design: baselines, ablations, test data, limits, cost, code."""
    return [
        *_baselines(draft),
        *_ablations(draft),
        *_test_data(draft),
        *_limits(draft),
        *_effort(draft),
        *_reproduction(draft),
    ]


def _baselines(draft: Draft) -> list[Note]:
    if not draft.has("baseline", "control", "compared with", "compared to", "comparison arm", "relative to"):
        return [
            weakness(
                "method",
                "soundness",
                0.7,
                "There is no baseline: nothing tells what a simpler or an established approach would reach.",
                where="experiments",
                remedy="Compare with the plainest reasonable alternative and with the best known one.",
                severity="major",
                question="What does the simplest reasonable alternative reach on the same data?",
            )
        ]
    if not draft.has("tuned", "tuning", "same budget", "same hyperparameters", "hyperparameter", "grid search"):
        return [
            weakness(
                "method",
                "soundness",
                0.3,
                "Whether the baseline was tuned with the same care as the proposed condition is not said.",
                where="experiments",
                remedy="Say what budget of tuning each arm had.",
                question=(
                    "How much tuning did the baseline receive, counted in runs, and how much the proposed condition?"
                ),
            )
        ]
    return [strength("method", "soundness", 0.3, "There is a baseline, and the draft says how it was tuned.")]


def _ablations(draft: Draft) -> list[Note]:
    if draft.has("ablation", "ablat", "left out in turn", "leaving out"):
        return [strength("method", "soundness", 0.2, "Ablations take the proposed configuration apart.")]
    if draft.has("component", "module", "combination of", "our framework", "consists of"):
        return [
            weakness(
                "method",
                "soundness",
                0.35,
                "The approach has several parts, and no ablation tells which of them matters.",
                where="results",
                remedy="Leave out each part in turn, all else equal.",
                question="Which part of the approach carries the result?",
            )
        ]
    return []


def _test_data(draft: Draft) -> list[Note]:
    """Signs that the test set took part in choosing."""
    used = draft.find(
        r"(?:tun|select|chos|pick|optimi[sz]|early stop|best epoch|best checkpoint)\w*[^.]{0,60}\b(?:on|using|by|with)"
        r" (?:the )?test(?:ing)? (?:set|data|split)"
        r"|best (?:test|testing) (?:accuracy|score|epoch|result)"
    )
    used = [s for s in used if not re.search(r"\bnever\b|\bnot\b|\bno\b|\bunseen\b", s.low)]
    if used:
        return [
            weakness(
                "method",
                "soundness",
                0.9,
                f"The test data appear to have taken part in the choice of the model: “{short(used[0].text)}”",
                where=place(used[0]),
                remedy="Choose on validation data alone and report the untouched test set.",
                severity="major",
                question="Was any decision taken after looking at test data?",
            )
        ]
    if draft.has("fresh seeds", "held-out", "validation set", "validation data", "never seen", "never used"):
        return [
            strength("method", "soundness", 0.3, "What was used to choose and what was used to report are kept apart.")
        ]
    if draft.has("test set", "test data", "test accuracy", "test rows"):
        return [
            weakness(
                "method",
                "soundness",
                0.3,
                "The draft reports test values and does not say on which data its choices were made.",
                where="experiments",
                remedy="Describe the split into training, validation and test data.",
                question="On which data were hyperparameters and stopping chosen?",
            )
        ]
    return []


def _limits(draft: Draft) -> list[Note]:
    text = draft.sections.get("limitations", "")
    if not text and not draft.has("limitation", "threats to validity", "we caution", "does not generalise"):
        return [
            weakness(
                "method",
                "soundness",
                0.4,
                "The draft names no limitation of its own.",
                where="limitations",
                remedy="Say what the data, the scale and the design cannot show.",
                severity="major",
                limitation="The authors discuss no limitations; data, scale and design each deserve a sentence.",
            )
        ]
    if text and len(text.split()) >= 60:
        return [strength("method", "soundness", 0.3, "The limitations are specific to what was done.")]
    return []


def _effort(draft: Draft) -> list[Note]:
    if draft.has("wall time", "cpu", "gpu", "hardware", "seconds", "minutes", "hours", "runs", "compute"):
        return []
    return [
        weakness(
            "method",
            "presentation",
            0.15,
            "Nothing is said about what the experiments cost in time or machines.",
            where="experiments",
            remedy="Give the number of runs and their time on which hardware.",
            question="How many runs, including those not shown, went into the results, and how long did they take?",
        )
    ]


def _reproduction(draft: Draft) -> list[Note]:
    if draft.has(
        "code is",
        "code and data",
        "source code",
        "repository",
        "github",
        "appendix lists",
        "publicly available",
        "reproduc",
    ):
        return [strength("method", "contribution", 0.2, "The draft says where code and data are to be found.")]
    return [
        weakness(
            "method",
            "contribution",
            0.25,
            "It is not said where code and data can be had.",
            where="experiments",
            remedy="Publish both, or say why not.",
            question="Will code and data be published?",
        )
    ]
