"""The data sets that a planner may choose from, and which of them a plan uses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from ai_scientist.core.plan import Dataset
from ai_scientist.core.values import Value


class Offer(Value):
    """A data set that loads without a network."""

    name: str
    text: str


def _shipped() -> tuple[Offer, ...]:
    sklearn = {
        "iris": "150 × 4, classes",
        "wine": "178 × 13, classes",
        "breast_cancer": "569 × 30, classes",
        "digits": "1797 × 64, classes",
        "diabetes": "442 × 10, a number",
    }
    statsmodels = {
        "randhie": "20190 × 10, doctor visits",
        "fair": "6366 × 9, affairs",
        "anes96": "944 × 11, votes",
        "modechoice": "840 × 9, travel",
        "star98": "303 × 22, school maths",
        "cancer": "301 × 2",
        "engel": "235 × 2, food and income",
        "co2": "2284 × 1, weekly, with gaps",
        "sunspots": "309 × 2, over time",
        "elec_equip": "257 × 1, over time",
        "grunfeld": "220 × 5, a panel over time",
        "macrodata": "203 × 14, over time",
        "interest_inflation": "107 × 4, over time",
        "nile": "100 × 2, over time",
    }
    return (
        *(Offer(name=n, text=f"scikit-learn, `sklearn.datasets.load_{n}`: {text}") for n, text in sklearn.items()),
        *(
            Offer(name=n, text=f"statsmodels, `statsmodels.datasets.{n}.load_pandas().data`: {text}")
            for n, text in statsmodels.items()
        ),
    )


SHIPPED = _shipped()
"""What the packages bring, with rows × columns."""


def own_data(names: Sequence[str]) -> tuple[Offer, ...]:
    """Return a user's files as offers, named as a plan can name them."""
    return tuple(Offer(name=_slug(PurePath(name).stem), text=f"the user's own: `{name}`") for name in names)


def used_of(offered: Sequence[Offer], datasets: Sequence[Dataset]) -> tuple[str, ...]:
    """Return the names of the offered data sets that a plan's are, in the order of the offer.

    A plan may call a data set by a longer name ("digits_small"); the longest offered name that it holds is meant.
    """
    told = [" ".join(re.split(r"[\W_]+", f"{d.name} | {d.label}".casefold())) for d in datasets]
    found: set[str] = set()
    for name in sorted((offer.name for offer in offered), key=lambda name: -len(name)):
        words = re.compile(rf"\b{re.escape(name.replace('_', ' '))}\b")
        if any(words.search(text) for text in told):
            found.add(name)
            told = [words.sub("", text) for text in told]
    return tuple(offer.name for offer in offered if offer.name in found)


def _slug(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_") or "data"
