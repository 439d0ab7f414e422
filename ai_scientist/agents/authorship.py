"""What wrote a paper, for the box on its first page: computed from the ledger, so that no stand-in stays unsaid."""

from __future__ import annotations

from collections.abc import Sequence

from ai_scientist.core.ledger import Event
from ai_scientist.core.settings import Settings
from ai_scientist.models.names import RULES, is_language_model

PIECES = {
    "novelty_queries": "queries for the literature",
    "novelty_label": "comparisons with earlier papers",
    "analysis_displays": "the choice of figures and tables",
    "writing_section": "sections",
    "writing_front": "title and abstract",
    "reviewing_review": "reviews",
    "reviewing_rebuttal": "answers to reviewers",
}
"""What rules can stand in for, by the prompt that a model did not answer usably."""


def author_note(events: Sequence[Event], settings: Settings, *, writer: str) -> str:
    """Return what wrote the paper.

    Args:
        events: Of the ledger, oldest first.
        settings: Of the run.
        writer: Name of the model that wrote it; "rules" if the money for another was gone.
    """
    said = ["This paper was written " + _who(events, settings, writer)]
    if not (is_language_model(settings.model) and writer == RULES):
        said += _stand_ins(events)
    said.append("Every result in it is rendered from stored measurements by address.")
    said.append(_eyes(events))
    if settings.quick:
        said.append("It was made at the smallest setting, meant for a first look.")
    return " ".join(said)


def _who(events: Sequence[Event], settings: Settings, writer: str) -> str:
    if writer != RULES:
        return f"by the language model {writer} through AI Scientist; no person edited its text."
    by_rules = "by a program that follows rules; "
    if not is_language_model(settings.model):
        return by_rules + "no language model and no person wrote or edited its text."
    # The money ran out: what came before is the model's, what is written now is not.
    names = sorted({str(event.facts["model"]) for event in events if event.kind == "model.answered"})
    model = " and ".join(names) or settings.model.name
    return (
        f"{by_rules}the language model {model} did the work before it through AI Scientist, until the budget was used "
        "up. No person edited its text."
    )


def _stand_ins(events: Sequence[Event]) -> list[str]:
    """Say what rules wrote in the model's place."""
    prompts = {str(event.facts["prompt"]) for event in events if event.kind == "agent.stood_in"}
    pieces = [words for prompt, words in PIECES.items() if prompt in prompts]
    if not pieces:
        return []
    listed = " and ".join([", ".join(pieces[:-1]), pieces[-1]] if len(pieces) > 1 else pieces)
    return [f"Where the model gave no usable answer, a program that follows rules stood in, for some of: {listed}."]


def _eyes(events: Sequence[Event]) -> str:
    """Say who looked at the figures."""
    seen = [event for event in events if event.kind == "figures.seen"]
    if seen and (by := str(seen[-1].facts["by"])):
        return f"The model {by} looked at its figures as pictures, beside the mechanical checks."
    return "Its figures passed mechanical checks only; nobody looked at them as pictures."
