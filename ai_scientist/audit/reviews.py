"""The reviews: does the decision follow from the reviewers' forms, with every integrity finding a veto?"""

from __future__ import annotations

import math
from pathlib import Path

from pydantic import ValidationError

from ai_scientist.audit.chain import Chain
from ai_scientist.audit.notebook import Notebook
from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.jsonl import read_json
from ai_scientist.core.run_folder import RunFolder
from ai_scientist.review.forms import MetaReview, Review
from ai_scientist.review.meta import decide, hold_to_evidence, meta_review


def check_reviews(run: RunFolder, chain: Chain, book: Notebook) -> None:
    """Compute each round's decision again from its reviews; what a round may not do is better its score for nothing."""
    told = {event.facts.get("round"): event.facts for event in chain.of_kind("review.done")}
    before: MetaReview | None = None
    evidence = ""
    for number, folder in enumerate(_rounds(run), 1):
        where = f"reviews/{folder.name}/meta.json"
        book.judge("review", where)
        try:
            meta = MetaReview.model_validate(read_json(folder / "meta.json"))
            reviews = [Review.model_validate(read_json(file)) for file in sorted(folder.glob("review-*.json"))]
            now = str(read_json(folder / "evidence.json").get("results", ""))
            made = meta_review(reviews)
        except (RunCorrupted, OSError, ValidationError, ValueError) as error:
            book.find("review", where, f"The round cannot be read: {str(error).splitlines()[0]}")
            return
        if before is not None:
            made = hold_to_evidence(made, before, same_evidence=now == evidence)
        _compare(meta, made, where, book)
        facts = told.get(number, {})
        for name, value in (("decision", meta.decision), ("overall", meta.overall)):
            if name in facts and facts[name] != value:
                book.find("review", where, f"Its {name} is {value}; the ledger says {facts[name]}.")
        before, evidence = meta, now


def _rounds(run: RunFolder) -> list[Path]:
    """Return the folders of rounds that were held to the end, oldest first."""
    folders = [file.parent for file in run.path.glob("reviews/round-*/meta.json")]
    return sorted(folders, key=lambda folder: int(folder.name.rpartition("-")[2]))


def _compare(meta: MetaReview, made: MetaReview, where: str, book: Notebook) -> None:
    if not math.isclose(meta.overall, made.overall, rel_tol=1e-9):
        book.find("review", where, f"Its overall score is {meta.overall}; its reviews give {made.overall}.")
    for name, score in made.scores.items():
        if not math.isclose(meta.scores.get(name, math.nan), score, rel_tol=1e-9):
            book.find("review", where, f"Its {name} is {meta.scores.get(name)}; its reviews give {score}.")
    for veto in made.vetoes:
        if not any((veto.where, veto.what) == (other.where, other.what) for other in meta.vetoes):
            book.find("review", where, f"An integrity finding of a reviewer is no veto: {veto.what}")
    if meta.decision != decide(meta.overall, meta.vetoes):
        why = f"It decides to {meta.decision} with overall {meta.overall:g} and {len(meta.vetoes)} vetoes."
        book.find("review", where, why)
