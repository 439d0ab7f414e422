"""`review`: reviews and a meta-review of anybody's draft."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from ai_scientist.agents.reviewing import Evidence, ReviewFacts, review_paper
from ai_scientist.core.budget import Budget
from ai_scientist.core.clock import SystemClock
from ai_scientist.core.settings import BudgetSettings, ModelSettings
from ai_scientist.graph.reviewing import LENSES
from ai_scientist.models.build import build_model
from ai_scientist.models.check import check_model
from ai_scientist.models.request import Model
from ai_scientist.paper.read import read_paper
from ai_scientist.review.forms import MetaReview, Review
from ai_scientist.review.meta import meta_review
from ai_scientist.rules.engine import RulesModel


def carry_out_review(
    draft: Path, *, model: str, base_url: str | None, reviewers: int
) -> tuple[MetaReview, tuple[Review, ...]]:
    """Return the meta-review of a draft and the reviews behind it.

    Raises:
        ConfigError: If the draft cannot be read.
    """
    paper = read_paper(draft)
    with tempfile.TemporaryDirectory(prefix="ai-scientist-review-") as calls:
        return asyncio.run(_review(paper.title, paper.text, _engine(model, base_url, Path(calls)), reviewers))


def _engine(model: str, base_url: str | None, calls: Path) -> Model:
    if model == "rules":
        return RulesModel()
    settings = ModelSettings(name=model, base_url=base_url)
    asyncio.run(check_model(settings))
    clock = SystemClock()
    budget = Budget(BudgetSettings(), clock)
    return build_model(settings, budget=budget, ledger=None, calls=calls, clock=clock, rules=RulesModel())


async def _review(title: str, text: str, engine: Model, count: int) -> tuple[MetaReview, tuple[Review, ...]]:
    facts = [
        ReviewFacts(title=title, text=text, lens=LENSES[k % len(LENSES)], evidence=Evidence()) for k in range(count)
    ]
    reviews = await asyncio.gather(*(review_paper(engine, fact, sample=k) for k, fact in enumerate(facts)))
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
