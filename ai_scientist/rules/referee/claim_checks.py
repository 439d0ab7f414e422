"""Checks of what a draft claims and shows for it: superiority, repetition, tests, numbers that must agree."""

from __future__ import annotations

import re

from ai_scientist.rules.referee.draft import Draft, Sentence, place, short
from ai_scientist.rules.referee.notes import Note, strength, weakness

_NUMBER = r"(?<![\w.])[−+-]?\d+(?:[.,]\d+)*\s*%?"
_SUPERIOR = (
    r"\b(?:outperform\w*|surpass\w*|superior|state[- ]of[- ]the[- ]art|better than|significant(?:ly)? (?:improv|better|"
    r"higher|lower|reduc|increas)\w*|substantial(?:ly)? (?:improv|better)\w*|consistently (?:better|improv)\w*)"
)
_HONEST = r"not (?:detectably|significantly|shown)|no (?:detectable|significant)|neither|not established|open\b"
_P_VALUE = r"\bp\s*(?:[<>=≤≥]|~=~)\s*0?\.\d+"
_NAMED_TEST = (
    r"t[- ]test|wilcoxon|mann[- ]whitney|anova|sign[- ]flip|permutation test|bootstrap|chi[- ]square|mcnemar|friedman|"
    r"kruskal|fisher'?s exact|equivalence test|one-sided tests|paired test|sign test"
)
_UNCERTAIN = (
    r"±|\\pm|\+/-|confidence interval|\bci\b|standard (?:error|deviation)|\bs\.?d\.?\b|\bstd\b|error bars?|interval"
)
_REPEATS = (
    r"\bseeds?\b|\brepeated\b|\breplicat|\bindependent runs\b|\btrials\b|\bcross-validation\b|\bfolds?\b|random"
    r" (?:splits|restarts)"
)
_CORRECTED = r"holm|bonferroni|benjamini|hochberg|family-?wise|false discovery|multiple comparisons?|corrected"
_FROM_TO = re.compile(
    r"from (\d+(?:\.\d+)?)\s?(%?) to (\d+(?:\.\d+)?)\s?%?[^.;]{0,60}?(?:by|of|a|an)"
    r" (\d+(?:\.\d+)?)\s?(%|percent|percentage points|points)",
    re.IGNORECASE,
)


def claim_checks(draft: Draft) -> list[Note]:
    """Return what can be said of a draft's claims: superiority, repetition, tests, agreement of numbers."""
    return [*_claims(draft), *_statistics(draft), *_planned(draft), *_abstract(draft), *_arithmetic(draft)]


def _claims(draft: Draft) -> list[Note]:
    """Superiority without a number, a test or an interval beside it."""
    bare = [s for s in draft.find(_SUPERIOR) if not re.search(_HONEST, s.low) and s.section != "related"]
    unsupported = [s for s in bare if not re.search(_NUMBER, s.text) and not _next_has_number(draft, s)]
    if unsupported:
        first = unsupported[0]
        more = f" ({len(unsupported)} such sentences)" if len(unsupported) > 1 else ""
        return [
            weakness(
                "evidence",
                "soundness",
                min(0.9, 0.35 + 0.15 * len(unsupported)),
                f"Superiority is claimed without a figure beside it{more}: “{short(first.text)}”",
                where=place(first),
                remedy="Give the difference, its interval and the test in the same sentence, or take the claim back.",
                severity="major",
                question=(
                    f"What is the difference, and over how many repetitions, behind “{short(first.text, words=12)}”?"
                ),
            )
        ]
    if bare:
        return [
            strength(
                "evidence", "soundness", 0.2, "Where the draft claims an advantage, the figure stands beside the claim."
            )
        ]
    return []


def _next_has_number(draft: Draft, sentence: Sentence) -> bool:
    """Whether the sentence that follows gives the figure; a claim and its figure may take two sentences."""
    place = draft.sentences.index(sentence)
    following = draft.sentences[place + 1 : place + 2]
    return any(re.search(_NUMBER, s.text) and s.section == sentence.section for s in following)


def _statistics(draft: Draft) -> list[Note]:
    notes: list[Note] = []
    repeats, spread = re.search(_REPEATS, draft.body), re.search(_UNCERTAIN, draft.body)
    numbers = len(re.findall(_NUMBER, draft.sections.get("results", "") + draft.sections.get("experiments", "")))
    if not repeats:
        notes.append(
            weakness(
                "evidence",
                "soundness",
                0.7,
                "Nothing says how often the experiment was repeated; a difference of single runs may be chance.",
                where="experiments",
                remedy="Repeat every condition over several seeds or splits and say how many.",
                severity="major",
                question="Over how many seeds or splits was each reported value obtained?",
            )
        )
    if not spread and numbers:
        notes.append(
            weakness(
                "evidence",
                "soundness",
                0.5,
                f"The {numbers} numbers of the results carry no interval, deviation or error bar.",
                where="results",
                remedy="Give an interval with each mean, and say what it is an interval of.",
                severity="major",
                question="How wide are the intervals of the main results?",
            )
        )
    if repeats and spread:
        notes.append(strength("evidence", "soundness", 0.3, "Results are repeated and shown with their uncertainty."))
    significant = draft.find(r"\bsignifican(?:t|ce|tly)\b(?! (?:role|part|work|attention|effort|interest))")
    if significant and not re.search(_P_VALUE, draft.body) and not re.search(_NAMED_TEST, draft.body):
        notes.append(
            weakness(
                "evidence",
                "soundness",
                0.5,
                f"The word “significant” is used, but no test is named: “{short(significant[0].text)}”",
                where=place(significant[0]),
                remedy="Name the test, its sample size and its p-value, or use another word.",
                severity="major",
                question="Which test stands behind “significant”, and what is its n?",
            )
        )
    return [*notes, *_p_values(draft)]


def _p_values(draft: Draft) -> list[Note]:
    notes: list[Note] = []
    values = re.findall(_P_VALUE, draft.body)
    if len(values) > 3 and not re.search(_CORRECTED, draft.body):
        notes.append(
            weakness(
                "evidence",
                "soundness",
                0.5,
                f"{len(values)} p-values are reported and nothing is said about multiple comparisons.",
                where="results",
                remedy="Correct for the number of comparisons that were made, those not shown included.",
                severity="major",
                question=f"Which of the {len(values)} p-values survive a correction by Holm's method?",
            )
        )
    elif values and re.search(_CORRECTED, draft.body):
        notes.append(
            strength("evidence", "soundness", 0.3, "The p-values are corrected for the number of comparisons.")
        )
    if values and not re.search(
        r"\bn\s*=\s*\d|\bdf\b|degrees of freedom|\d+ (?:\w+"
        r" )?(?:seeds|pairs|runs|folds|splits|samples|participants|subjects|trials)",
        draft.body,
    ):
        notes.append(
            weakness(
                "evidence",
                "soundness",
                0.3,
                "The tests are reported without their sample size.",
                where="results",
                remedy="Give n, or degrees of freedom, with each test.",
                question="What is n in the tests?",
            )
        )
    return notes


def _planned(draft: Draft) -> list[Note]:
    """Whether the tests were planned, asked of the first that is reported."""
    tested = draft.find(_P_VALUE, "results", "experiments", "abstract")
    if not tested:
        return []
    if draft.has(
        "registered", "pre-?registered", "planned", "written down before", "fixed before", "locked", "in advance"
    ):
        return [
            strength("evidence", "soundness", 0.2, "The draft says which comparisons were planned before the results.")
        ]
    return [
        weakness(
            "evidence",
            "soundness",
            0.2,
            "It is not said which comparisons were planned and which were found in the data.",
            where="experiments",
            remedy="Separate planned from exploratory comparisons.",
            question=f"Was the comparison in “{short(tested[0].text, words=14)}” planned before the data were seen?",
        )
    ]


def _abstract(draft: Draft) -> list[Note]:
    """Numbers of the abstract that the body does not have."""
    text = draft.abstract
    if not text:
        return []
    numbers = {n.strip() for n in re.findall(r"\d+\.\d+|\d+\s?%", text)}
    rest = " ".join(t for kind, t in draft.sections.items() if kind not in ("abstract", "front", "references"))
    if draft.abstract == draft.sections.get("front"):
        rest = draft.text.replace(text, "", 1)
    lost = sorted(n for n in numbers if n.replace(" ", "") not in rest.replace(" ", ""))
    if lost:
        return [
            weakness(
                "evidence",
                "soundness",
                0.5,
                f"The abstract states {', '.join(lost[:4])}, which the body of the paper does not contain.",
                where="abstract",
                remedy="Let the abstract repeat what the results say, to the digit.",
                severity="major",
                question=f"Where in the results does {lost[0]} come from?",
            )
        ]
    if numbers:
        return [strength("evidence", "presentation", 0.2, "Every number of the abstract is found again in the body.")]
    return []


def _arithmetic(draft: Draft) -> list[Note]:
    """Changes that do not follow from their ends, and shares beyond a hundred per cent."""
    notes: list[Note] = []
    for s in draft.sentences:
        for old, _, new, change, unit in _FROM_TO.findall(s.text):
            a, b, c = float(old), float(new), float(change)
            options = [abs(b - a)] + ([100 * abs(b - a) / a] if a and unit in ("%", "percent") else [])
            if all(abs(c - option) > max(0.06, 0.02 * option) for option in options):
                notes.append(
                    weakness(
                        "evidence",
                        "soundness",
                        0.6,
                        f"The arithmetic does not hold: “{short(s.text, words=24)}”; from {old} to {new} is a change of"
                        f" {' or '.join(f'{option:.3g}' for option in options)}, not {change}.",
                        where=place(s),
                        remedy="Recompute the change from the values themselves.",
                        severity="major",
                    )
                )
    for s in draft.find(
        r"\b(?:accuracy|precision|recall|f1|auc)\b[^.]{0,40}?\b(?:1[0-9]{2}|[2-9][0-9]{2})(?:\.\d+)?\s?%"
    ):
        notes.append(
            weakness(
                "evidence",
                "soundness",
                0.8,
                f"A share above a hundred per cent is reported: “{short(s.text)}”",
                where=place(s),
                remedy="Correct the value.",
                severity="major",
            )
        )
    return notes[:3]
