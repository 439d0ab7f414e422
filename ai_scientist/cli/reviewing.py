"""`review`: reviews and a meta-review of anybody's draft."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from ai_scientist.agents.reviewing import Evidence, ReviewFacts
from ai_scientist.cli.options import roles
from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import SystemClock
from ai_scientist.core.settings import BudgetSettings, ModelSettings
from ai_scientist.graph.reviewing import LENSES, review_with
from ai_scientist.models.build import build_model
from ai_scientist.models.check import check_model
from ai_scientist.models.names import is_language_model, vision_model
from ai_scientist.models.request import Model
from ai_scientist.paper.pictures import page_pictures
from ai_scientist.paper.read import read_paper
from ai_scientist.review.forms import MetaReview, Review
from ai_scientist.review.meta import meta_review
from ai_scientist.rules.engine import RulesModel


def carry_out_review(
    draft: Path, *, model: str, base_url: str | None, role: Sequence[str] = (), reviewers: int
) -> tuple[MetaReview, tuple[Review, ...]]:
    """Return the meta-review of a draft and the reviews behind it.

    Raises:
        ConfigError: If the draft cannot be read.
    """
    paper, settings = read_paper(draft), ModelSettings(name=model, base_url=base_url, roles=roles(role))
    with tempfile.TemporaryDirectory(prefix="ai-scientist-review-") as folder:
        engine = _engine(settings, Path(folder) / "calls")
        pages = page_pictures(draft, Path(folder)) if vision_model(settings) and draft.is_file() else ()
        return asyncio.run(_review(paper.title, paper.text, engine, reviewers, pages))


def _engine(settings: ModelSettings, calls: Path) -> Model:
    if not is_language_model(settings):
        return RulesModel()
    asyncio.run(check_model(settings))
    clock = SystemClock()
    budget = Budget(BudgetSettings(), clock)
    return build_model(settings, budget=budget, ledger=None, calls=calls, clock=clock, rules=RulesModel())


async def _review(
    title: str, text: str, engine: Model, count: int, pages: tuple[Path, ...]
) -> tuple[MetaReview, tuple[Review, ...]]:
    facts = [
        ReviewFacts(title=title, text=text, lens=LENSES[k % len(LENSES)], evidence=Evidence()) for k in range(count)
    ]
    reviews = await asyncio.gather(*(review_with(engine, fact, k, pages) for k, fact in enumerate(facts)))
    return meta_review(reviews), tuple(reviews)


def print_review(result: tuple[MetaReview, tuple[Review, ...]], *, as_json: bool) -> None:
    """Print decision, scores and defects, and then each review."""
    meta, reviews = result
    if as_json:
        told = {
            "decision": meta.decision,
            "probability": meta.probability,
            "overall": meta.overall,
            "scores": meta.scores,
            "defects": [defect.model_dump(mode="json") for defect in meta.defects],
            "reviews": [review.model_dump(mode="json") for review in reviews],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    console = Console()
    scores = ", ".join(f"{name} {score:.1f}/4" for name, score in meta.scores.items())
    console.print(f"[bold]{meta.decision}[/]  overall {meta.overall:.1f}/10  ({scores})", highlight=False)
    console.print(meta.summary, markup=False, highlight=False)
    for defect in meta.defects:
        said = f"{defect.where}: {defect.what}"
        console.print(f"\n[bold]{defect.severity}[/] {escape(said)}", highlight=False)
        console.print(f"  remedy: {defect.remedy}", style="dim", markup=False, highlight=False)
    for review in reviews:
        console.print(f"\n[bold]Review: {review.reviewer}[/]  overall {review.overall}, confidence {review.confidence}")
        console.print(review.summary, markup=False, highlight=False)
        for head, items in (("+", review.strengths), ("-", review.weaknesses), ("?", review.questions)):
            for item in items:
                console.print(f"  {head} {item}", markup=False, highlight=False)
