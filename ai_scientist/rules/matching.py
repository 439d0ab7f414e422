"""Which research template a topic belongs to, by its words, and why; or why it belongs to none.

Each telling word of the topic is weighed by where a template has it: in a keyword or phrase, in a study's keywords, in
its field, in its examples, or only in the names of its conditions and moves. A topic is accepted if enough of it is
covered (how much depends on how many strong words there are), so that a word that two fields share does not do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ai_scientist.core.errors import TopicRefused
from ai_scientist.core.research_template import IdeaSeed, ResearchTemplate, load_template, template_names
from ai_scientist.rules.words import GENERIC, normalise, stem, stems, telling, words

PART_OF_PHRASE = 0.3
"""Weight of a word that stands in a keyword phrase whose other words are not in the topic."""

CUES = frozenset(
    {"network", "neural", "classifier", "classifiers", "learning", "training", "model", "models", "trained"}
)
"""Words that show that a topic with a single strong word is about machine learning or statistics at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """A template's words.

    Attributes:
        weights: Stem → how strongly it speaks for the template by itself, 0 to 1.
        phrases: Keyword phrases, as the sets of their stems; all of them present count in full.
    """

    weights: dict[str, float]
    phrases: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How far a topic belongs to a template.

    Attributes:
        strength: Sum of the weights of the topic's words.
        coverage: Share of the topic's telling words that the template knows, weighted; 0 to 1.
        matched: The topic's own words that were found, as they stand in the topic.
        unmatched: Those that were not.
    """

    template: str
    strength: float
    coverage: float
    matched: tuple[str, ...]
    unmatched: tuple[str, ...]
    has_cue: bool

    @property
    def score(self) -> float:
        """What templates are ranked by."""
        return self.strength * (0.5 + 0.5 * self.coverage)

    @property
    def is_enough(self) -> bool:
        """Whether the template may study the topic."""
        if self.coverage >= 0.34 and self.strength >= 1.4:
            return True
        if self.coverage >= 0.5 and self.strength >= 0.9 and self.has_cue:
            return True
        return self.coverage >= 0.9 and self.strength >= 0.9


COMMON = 0.25
"""Weight of a word that all of a template's topics share, where its studies are told apart."""


def best_match(topic: str) -> Match:
    """Return the template that a topic belongs to.

    Raises:
        TopicRefused: If it says nothing, or belongs to none; names the nearest, and how a model could do it.
    """
    if not words(topic):
        raise TopicRefused(f"The topic is empty: say in a sentence what you want to know. {_offers(template_names())}")
    matches = rank(topic)
    if matches and matches[0].is_enough:
        return matches[0]
    nearest = [match.template for match in matches[:3] if match.strength > 0] or template_names()
    if not telling(topic):
        reason = "names no question that could be put to an experiment"
    elif matches and matches[0].matched:
        reason = (
            f"belongs to no research template: only {_listed(matches[0].matched)} is known to one, "
            f"not {_listed(matches[0].unmatched)}"
        )
    else:
        reason = "belongs to no research template"
    raise TopicRefused(f"The topic {topic.strip()!r} {reason}. {_offers(nearest)}")


def rank(topic: str) -> list[Match]:
    """Return all templates, best match first; ties in the order of their names."""
    found = [match(topic, load_template(name)) for name in template_names()]
    return sorted(found, key=lambda m: (-m.score, m.template))


def match(topic: str, template: ResearchTemplate) -> Match:
    """Return how far a topic belongs to a template."""
    vocabulary = _vocabulary(template.id)
    present = set(stems(topic))
    whole = {part for phrase in vocabulary.phrases if phrase <= present for part in phrase}
    weights = {part: 1.0 if part in whole else vocabulary.weights.get(part, 0.0) for part in telling(topic)}
    # A word of the whole field counts only as part of a phrase: "learning" in "learning rate".
    weights |= {part: 1.0 for part in whole if part not in weights}
    strength = sum(weights.values())
    named = _as_written(topic)
    return Match(
        template=template.id,
        strength=strength,
        coverage=strength / len(weights) if weights else 0.0,
        matched=tuple(dict.fromkeys(named.get(part, part) for part, w in weights.items() if w >= PART_OF_PHRASE)),
        unmatched=tuple(dict.fromkeys(named.get(part, part) for part, w in weights.items() if w < PART_OF_PHRASE)),
        has_cue=bool(CUES & set(words(normalise(topic)))),
    )


def fit(topic: str, seed: IdeaSeed, template: ResearchTemplate) -> tuple[float, tuple[str, ...]]:
    """Return how far a topic points to one study of its template (0 to 1), and the keywords that it hit.

    Words that stand for the whole template say little about which of its studies is meant; those of a study's question
    say half as much as its keywords.
    """
    present = set(stems(topic))
    hits = tuple(word for word in seed.keywords if (parts := set(stems(word))) and parts <= present)
    own = {part for word in seed.keywords for part in stems(word)}
    asked = set(telling(f"{seed.title} {seed.question}"))
    common = {part for word in template.keywords for part in stems(word)}
    weights = {word: COMMON if word in common else 1.0 for word in telling(topic)}
    reached = sum(weight * (1.0 if word in own else 0.5 if word in asked else 0.0) for word, weight in weights.items())
    return reached / max(sum(weights.values()), COMMON), hits


@lru_cache(maxsize=64)
def _vocabulary(name: str) -> Vocabulary:
    template = load_template(name)
    weights: dict[str, float] = {}

    def add(texts: Iterable[str], weight: float) -> None:
        for text in texts:
            for part in telling(text):
                weights[part] = max(weight, weights.get(part, 0.0))

    keywords = (*template.keywords, *(word for seed in template.ideas for word in seed.keywords))
    phrases = tuple(frozenset(stems(keyword)) for keyword in keywords)
    single = [keyword for keyword in template.keywords if len(stems(keyword)) == 1]
    add((d.label for d in template.datasets), 0.5)
    add((condition.label for condition in template.conditions), 0.3)
    add((move.title for move in template.moves), 0.5)
    add(keywords, PART_OF_PHRASE)
    add((keyword for seed in template.ideas for keyword in seed.keywords if len(stems(keyword)) == 1), 0.45)
    add((metric.label for metric in template.metrics), 0.5)
    add(template.examples, 0.5)
    add((template.field, template.title), 0.7)
    add(single, 1.0)
    return Vocabulary(weights=weights, phrases=tuple(phrase for phrase in phrases if len(phrase) > 1))


def _as_written(topic: str) -> dict[str, str]:
    """Return stem → the topic's own word, as far as the word itself has that stem."""
    return {stem(word): word for word in reversed(words(topic)) if word not in GENERIC}


def _listed(found: tuple[str, ...]) -> str:
    return ", ".join(f"“{word}”" for word in found[:6])


def _offers(names: list[str]) -> str:
    lines = [f"{load_template(name).field} (for example: “{load_template(name).examples[0]}”)" for name in names]
    return (
        f"Without a language model, it can study: {'; '.join(lines)}. "
        "For any other topic, use a model: --model openai:NAME, with --base-url URL for an endpoint of your own."
    )
