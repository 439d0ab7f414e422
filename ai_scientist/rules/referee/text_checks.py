"""Checks of the text alone, which a stranger's draft must stand as well: structure, claims, statistics, references."""

from __future__ import annotations

import re
from collections import Counter

from ai_scientist.rules.referee.draft import Draft, Sentence, short
from ai_scientist.rules.referee.notes import Note, strength, weakness

_NUMBER = r"(?<![\w.])[−+-]?\d+(?:[.,]\d+)*\s*%?"
_SUPERIOR = (
    r"\b(?:outperform\w*|surpass\w*|superior|state[- ]of[- ]the[- ]art|better than|significant(?:ly)? (?:improv|better|"
    r"higher|lower|reduc|increas)\w*|substantial(?:ly)? (?:improv|better)\w*|consistently (?:better|improv)\w*)"
)
_HONEST = r"not (?:detectably|significantly|shown)|no (?:detectable|significant)|neither|not established|open\b"
_BOLD = (
    r"\b(?:prov(?:e|es|ed|en)"
    r" that|guarantee\w*|revolution\w*|groundbreaking|unprecedented|always|undoubtedly|obviously|"
    r"clearly superior|perfect(?:ly)?|solves the problem|for the first time|drastically|remarkabl[ey])\b"
)
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
_PLACEHOLDER = r"\bTODO\b|\bTBD\b|\bXXX\b|lorem ipsum|\[insert|\[citation needed\]|\?\?|\[\?\]|\[missing\]|\bFIXME\b"

MUST = ("abstract", "introduction", "method", "results", "conclusion")
"""Sections without which a draft is no paper."""


def text_checks(draft: Draft) -> list[Note]:
    """Return what can be said of a draft from its text."""
    return [
        *_structure(draft),
        *_claims(draft),
        *_statistics(draft),
        *_baselines(draft),
        *_ablations(draft),
        *_test_data(draft),
        *_limits(draft),
        *_displays(draft),
        *_references(draft),
        *_abstract(draft),
        *_arithmetic(draft),
        *_wording(draft),
        *_reproduction(draft),
        *_planned(draft),
        *_effort(draft),
        *_reading(draft),
    ]


def _structure(draft: Draft) -> list[Note]:
    notes: list[Note] = []
    there = {kind for kind, text in draft.sections.items() if text or kind != "front"}
    if draft.abstract:
        there.add("abstract")
    if "experiments" in there:
        there.add(
            "results" if "results" not in there and re.search(_NUMBER, draft.sections["experiments"]) else "experiments"
        )
    for kind in MUST:
        if kind not in there:
            notes.append(
                weakness(
                    "presentation",
                    "presentation",
                    0.5,
                    f"The draft has no section that serves as {'an' if kind[0] in 'aei' else 'a'} {kind}.",
                    where="structure",
                    remedy=f"Add a section for the {kind}.",
                    severity="major",
                )
            )
    for kind, text in draft.sections.items():
        size = len(text.split())
        if kind in ("introduction", "related", "method", "experiments", "results", "conclusion") and 0 < size < 40:
            notes.append(
                weakness(
                    "presentation",
                    "presentation",
                    0.3,
                    f"The section on {kind} has {size} words and cannot carry what a reader needs from it.",
                    where=kind,
                    remedy="Say what was done and why, so that the section stands by itself.",
                )
            )
    total = sum(len(text.split()) for kind, text in draft.sections.items() if kind not in ("references", "appendix"))
    if total < 700:
        notes.append(
            weakness(
                "presentation",
                "contribution",
                0.6,
                f"With {total} words the draft is an outline rather than a paper.",
                where="structure",
                remedy="Describe set-up, results and their limits so that somebody else could repeat the work.",
                severity="major",
            )
        )
    if not notes:
        notes.append(
            strength(
                "presentation",
                "presentation",
                0.4,
                "The paper is complete: every section that a reader looks for is there and carries text.",
            )
        )
    return notes


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
                where=_place(first),
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
                where=_place(significant[0]),
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
                where=_place(used[0]),
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


def _displays(draft: Draft) -> list[Note]:
    notes: list[Note] = []
    for word, kind in (("figure", r"fig(?:ure|\.)"), ("table", r"tab(?:le|\.)")):
        captions = set(re.findall(rf"^\s*{kind}\s*(\d+)\s*[:.|]", draft.text, re.IGNORECASE | re.MULTILINE))
        uses = Counter(re.findall(rf"{kind}s?[\s~]*(\d+)", draft.text, re.IGNORECASE))
        ranges = " ".join(re.findall(rf"{kind}s[\s~]*[\d, and–-]+", draft.text, re.IGNORECASE))
        lonely = sorted(n for n in captions if uses[n] < 2 and n not in re.findall(r"\d+", ranges))
        if lonely:
            notes.append(
                weakness(
                    "presentation",
                    "presentation",
                    0.25,
                    f"{word.capitalize()} {lonely[0]} is shown but never spoken of in the text.",
                    where=f"{word} {lonely[0]}",
                    remedy="Refer to it where its content matters, and say what to look at.",
                )
            )
    if not re.search(r"\b(?:fig(?:ure|s|\.)|table)", draft.text, re.IGNORECASE):
        notes.append(
            weakness(
                "presentation",
                "presentation",
                0.4,
                "No figure or table shows the results.",
                where="results",
                remedy="Show the main comparison in a table with intervals.",
            )
        )
    return notes


def _references(draft: Draft) -> list[Note]:
    entries = [
        line for line in draft.sections.get("references", "").splitlines() if re.search(r"\b(?:19|20)\d\d\b", line)
    ]
    cited = len(
        set(
            re.findall(
                r"\[\d+(?:,\s*\d+)*\]|\(?[A-Z][A-Za-z\-]+(?: et al\.?| and [A-Z][a-z]+)?,? \(?(?:19|20)\d\d", draft.text
            )
        )
    )
    known = len(entries) or cited
    if known == 0:
        return [
            weakness(
                "presentation",
                "originality",
                0.7,
                "The draft cites nothing, so that it cannot be told what is new in it.",
                where="related",
                remedy="Place the work among its neighbours, and say what each of them leaves open.",
                severity="major",
                question="Which published work comes nearest, and how does this differ from it?",
            )
        ]
    if known < 6:
        return [
            weakness(
                "presentation",
                "originality",
                0.3,
                f"Only {known} works are cited; the neighbourhood of the question is larger than that.",
                where="related",
                remedy="Cite the works whose methods are used and those that asked the same question.",
            )
        ]
    return [strength("presentation", "originality", 0.2, f"The work is placed among {known} cited sources.")]


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


_FROM_TO = re.compile(
    r"from (\d+(?:\.\d+)?)\s?(%?) to (\d+(?:\.\d+)?)\s?%?[^.;]{0,60}?(?:by|of|a|an)"
    r" (\d+(?:\.\d+)?)\s?(%|percent|percentage points|points)",
    re.IGNORECASE,
)


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
                        where=_place(s),
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
                where=_place(s),
                remedy="Correct the value.",
                severity="major",
            )
        )
    return notes[:3]


def _wording(draft: Draft) -> list[Note]:
    notes: list[Note] = []
    left = re.search(_PLACEHOLDER, draft.text)
    if left:
        notes.append(
            weakness(
                "presentation",
                "presentation",
                0.7,
                f"A placeholder was left in the text: “{left.group()}”.",
                where="text",
                remedy="Finish the sentence or remove it.",
                severity="major",
            )
        )
    bold = [s for s in draft.find(_BOLD) if s.section != "related" and not re.search(r"\bnot\b|\bno\b", s.low)]
    if len(bold) >= 2:
        notes.append(
            weakness(
                "presentation",
                "presentation",
                0.3,
                f"The wording goes further than evidence can: “{short(bold[0].text)}” ({len(bold)} such sentences).",
                where=_place(bold[0]),
                remedy="State what was measured, and leave the adjectives to the reader.",
            )
        )
    counted = Counter(s.text for s in draft.sentences if len(s.text.split()) > 8)
    twice = [text for text, n in counted.items() if n > 1]
    if twice:
        notes.append(
            weakness(
                "presentation",
                "presentation",
                0.2,
                f"A sentence stands more than once: “{short(twice[0])}”",
                where=_place([s for s in draft.sentences if s.text == twice[0]][-1]),
                remedy="Say it where it matters most.",
            )
        )
    return notes


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


def _reading(draft: Draft) -> list[Note]:
    """Sentences that nobody can hold in mind, by their length."""
    lengths = [len(s.text.split()) for s in draft.sentences]
    if not lengths:
        return []
    longest = draft.sentences[lengths.index(max(lengths))]
    mean = sum(lengths) / len(lengths)
    if mean > 32 or max(lengths) > 75:
        return [
            weakness(
                "presentation",
                "presentation",
                0.2,
                f"Sentences are long ({mean:.0f} words on average, {max(lengths)} at most): “{short(longest.text)}”",
                where=_place(longest),
                remedy="Let each sentence carry a single thought.",
            )
        ]
    return [strength("presentation", "presentation", 0.15, f"It reads easily, at {mean:.0f} words a sentence.")]


def _place(sentence: Sentence) -> str:
    return sentence.section if sentence.section not in ("front", "other") else "text"
