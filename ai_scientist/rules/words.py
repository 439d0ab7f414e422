"""Words of a text, made comparable: lower case, stems, everyday synonyms folded into the field's own terms."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+")

STOP = frozenset(
    """
    a about above after again against all also always am among an and any are as at be because been being
    between both but by can cannot compare compared comparison could did do does doing done down during each
    effect effects either else even ever every few for from further get gets give given gives had has have
    having he her here his how however i if impact in influence into investigate is it its itself just know let
    like make makes many matter matters may me might more most much must my need no nor not now of off often on
    once one only or other our out over own paper per please question really research same several shall she
    should so some still study such than that the their them then there these they this those through to
    together too under until up upon us use used uses using very was way we well were what whatever when where
    whether which while who why will with within without would yes yet you your better best worse worst good bad
    help helps helped hurt hurts harm harms affect affects change changes whats thing things role roles work
    works working
    """.split()
)
"""Words that say nothing about a topic."""

GENERIC = frozenset(
    """
    accuracy algorithm algorithms approach artificial classification classifier classifiers classify data
    dataset datasets deep error errors experiment experiments intelligence learn learned learning machine method
    methods model models network networks neural new performance quality real result results set sets simple
    small large systems system task tasks technique techniques test tests train trained training
    """.split()
)
"""Words that stand in topics of the whole field, so that they neither speak for a template nor against it."""

_SYNONYMS = (
    (r"\bannotations?\b|\bannotated\b|\bannotators?\b|\btags?\b|\btagged\b|\btagging\b", "label"),
    (r"\bmis-?label(?:l?ed|l?ing|s)?\b|\bmislabel\b", "label noise"),
    (
        r"\bwrong(?:ly)? label(?:l?ed|s)?\b|\bcorrupt(?:ed)? labels?\b|\blabel (?:errors?|corruption|flips?)\b",
        "label noise",
    ),
    (r"\bnoisy labels?\b|\blabels? (?:are|is) (?:noisy|wrong|corrupted)\b", "label noise"),
    (r"\b(?:over|under)-?confiden(?:t|ce)\b|\bconfidences?\b|\bconfident\b", "confidence calibration"),
    (r"\buncertaint(?:y|ies)\b", "uncertainty confidence"),
    (r"\bforecasts?\b|\bforecasters?\b|\bpredict(?:ing|ion)? the future\b", "forecasting"),
    (r"\blearning[- ]rates?\b|\bstep[- ]sizes?\b", "learning rate"),
    (r"\bsgd\b", "stochastic gradient descent optimiser"),
    (r"\badamw?\b|\brmsprop\b|\badagrad\b|\bnesterov\b", "adam optimiser"),
    (r"\bl2\b|\bridge\b", "weight decay"),
    (r"\bl1\b|\blasso\b", "sparsity penalty"),
    (r"\bneural nets?\b|\bnets?\b|\bmlps?\b|\bperceptrons?\b", "neural network"),
    (r"\bregulari[sz](?:er|ers|ation|ing|e|es|ed)\b", "regularisation"),
    (r"\boptimi[sz](?:er|ers)\b", "optimiser"),
    (r"\btime[- ]series\b", "time series"),
)
"""What people write instead of the field's own terms. Applied once, in this order, to the lower-case text."""

_ENDINGS = (
    ("isations", "is"), ("izations", "is"), ("isation", "is"), ("ization", "is"), ("ising", "is"), ("izing", "is"),
    ("ised", "is"), ("ized", "is"), ("isers", "is"), ("izers", "is"), ("iser", "is"), ("izer", "is"),
    ("ises", "is"), ("izes", "is"), ("ise", "is"), ("ize", "is"),
    ("ational", "at"), ("ations", "at"), ("ation", "at"), ("ators", "at"), ("ator", "at"), ("ating", "at"),
    ("ated", "at"), ("ates", "at"), ("ate", "at"),
    ("fulness", "ful"), ("ousness", "ous"), ("iveness", "iv"), ("nesses", ""), ("ness", ""),
    ("ments", ""), ("ment", ""), ("ities", ""), ("ity", ""), ("ively", "iv"), ("ives", "iv"), ("ive", "iv"),
    ("ically", "ic"), ("ical", "ic"), ("ics", "ic"),
    ("iers", "y"), ("ier", "y"), ("ies", "y"), ("ied", "y"),
    ("ings", ""), ("ing", ""), ("edly", ""), ("ed", ""), ("ers", ""), ("er", ""), ("ors", ""), ("or", ""),
    ("ously", ""), ("ous", ""), ("ly", ""), ("es", ""), ("s", ""), ("e", ""),
)  # fmt: skip


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return a word without its ending, so that forms of one word meet; British and American spelling too.

    >>> stem("regularisers") == stem("regularization")
    True
    >>> stem("schedules") == stem("scheduling")
    True
    """
    for ending, rest in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) + len(rest) >= 3:
            word = word[: len(word) - len(ending)] + rest
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "aeiou":
        word = word[:-1]
    return word


def normalise(text: str) -> str:
    """Return the text in lower case, with synonyms put into the field's own terms."""
    text = text.lower().replace("’", "'")
    for pattern, term in _SYNONYMS:
        text = re.sub(pattern, term, text)
    return text


def words(text: str) -> list[str]:
    """Return the words of a text as they stand, in lower case."""
    return _WORD.findall(text.lower().replace("’", "'"))


def stems(text: str) -> list[str]:
    """Return the stems of all words of a text, stop words left out.

    >>> stems("Does label noise hurt the calibration of classifiers?")
    ['label', 'nois', 'calibrat', 'classify']
    """
    return [stem(word) for word in words(normalise(text)) if word not in STOP]


def telling(text: str) -> list[str]:
    """Return the stems that say what a text is about: no stop words, no words of the whole field, each once."""
    found = [word for word in words(normalise(text)) if word not in STOP and word not in GENERIC and len(word) > 1]
    return list(dict.fromkeys(stem(word) for word in found))
