"""Ideas from a template's studies: which suit the topic, and how good each is, by stated rules."""

from __future__ import annotations

from ai_scientist.agents.ideation import Abstract, IdeaList, ReflectionFacts, TopicFacts
from ai_scientist.core.errors import ModelError
from ai_scientist.core.idea import AtomicClaim, Idea
from ai_scientist.core.research_template import IdeaSeed, ResearchTemplate, load_template
from ai_scientist.rules.matching import best_match, fit
from ai_scientist.rules.words import telling, words

NEAR = 0.34
"""Share of an idea's telling words in one abstract from which the abstract counts as near."""

MANY_ARMS = 30
"""Arms times datasets from which a study counts as costly."""


def propose(facts: TopicFacts) -> IdeaList:
    """Return the studies of the template that the topic belongs to, those that the topic points to first.

    Raises:
        TopicRefused: If the topic says nothing, or no template covers it.
    """
    if facts.template is not None and words(facts.topic):
        template = load_template(facts.template)
        why = f"The template {template.id} was asked for by name."
    else:
        found = best_match(facts.topic)
        template = load_template(found.template)
        why = f"The topic belongs to {template.field} by the words {', '.join(found.matched)}."
        if found.unmatched:
            why += f" Its words {', '.join(found.unmatched)} are not what the template varies."
    ideas = [_idea(facts.topic, template, seed, why) for seed in template.ideas]
    ranked = sorted(ideas, key=lambda idea: (-_fitness(facts.topic, idea), -idea.score, idea.id))
    return IdeaList(ideas=tuple(ranked[: max(1, facts.count)]))


def reflect(facts: ReflectionFacts) -> IdeaList:
    """Return the ideas with their scores changed by rules that the reasons state."""
    suits = {idea.id: _fitness(facts.topic, idea) for idea in facts.ideas}
    best = max(suits.values())
    ideas = [_reflected(idea, suits[idea.id], best, facts.literature) for idea in facts.ideas]
    return IdeaList(ideas=tuple(sorted(ideas, key=lambda idea: (-idea.score, idea.id))))


def template_of(idea: Idea) -> ResearchTemplate:
    """Return the template that an idea starts from; found by its words if a person rewrote the idea without one.

    Raises:
        TopicRefused: If it names none and its words belong to none.
    """
    name = idea.template or best_match(f"{idea.title} {idea.question}").template
    return load_template(name)


def seed_of(idea: str, template: ResearchTemplate) -> IdeaSeed:
    """Return the study behind an idea's id.

    Raises:
        ModelError: If the template has no study at all.
    """
    for seed in template.ideas:
        if _slug(seed.id) == _slug(idea):
            return seed
    if not template.ideas:
        raise ModelError(f"The research template {template.id!r} offers no study.")
    return template.ideas[0]


def _idea(topic: str, template: ResearchTemplate, seed: IdeaSeed, why: str) -> Idea:
    _, hits = fit(topic, seed, template)
    hit = f"The topic points to this study by {', '.join(hits)}." if hits else "No word of the topic singles it out."
    return Idea(
        id=_slug(seed.id),
        title=seed.title,
        question=seed.question,
        rationale=seed.rationale,
        experiment=_experiment(template, seed),
        claims=_claims(template, seed),
        interestingness=seed.interestingness,
        feasibility=seed.feasibility,
        novelty=seed.novelty,
        reasons=f"{why} {hit} {seed.reasons}".strip(),
        risks=seed.risks,
        template=template.id,
    )


def _experiment(template: ResearchTemplate, seed: IdeaSeed) -> str:
    tested = [h for h in template.hypotheses if not seed.hypotheses or h.id in seed.hypotheses]
    arms = "; ".join(f"{condition.label} ({condition.role})" for condition in template.conditions)
    data = ", ".join(dataset.label for dataset in template.datasets)
    metric = next(m for m in template.metrics if m.name == template.primary_metric)
    return (
        f"Compare {arms} on {data} by {metric.label}, paired by seed, to test: "
        f"{' '.join(h.statement for h in tested)} "
        f"A search over {len(template.moves)} named changes then tries to better the proposed arm."
    )


def _claims(template: ResearchTemplate, seed: IdeaSeed) -> tuple[AtomicClaim, ...]:
    tested = [h for h in template.hypotheses if not seed.hypotheses or h.id in seed.hypotheses]
    arms = ", ".join(condition.label for condition in template.conditions)
    data = " and ".join(dataset.label for dataset in template.datasets)
    parts = list(dict.fromkeys(move.title for move in template.moves if move.stage == "explore"))
    return (
        AtomicClaim(kind="problem", text=seed.question),
        AtomicClaim(kind="setting", text=f"{arms}, compared by {template.primary_metric} on {data}"),
        *(AtomicClaim(kind="finding", text=h.statement) for h in tested[:3]),
        *((AtomicClaim(kind="combination", text=" together with ".join(parts[:3])),) if len(parts) > 1 else ()),
        AtomicClaim(kind="mechanism", text=seed.rationale),
    )


def _fitness(topic: str, idea: Idea) -> float:
    template = template_of(idea)
    return fit(topic, seed_of(idea.id, template), template)[0]


def _reflected(idea: Idea, suits: float, best: float, literature: tuple[Abstract, ...]) -> Idea:
    """Return an idea with its scores changed: what answers the question that was asked is the most interesting."""
    template = template_of(idea)
    interest = 3 if suits == best else -2 if suits < best / 2 else -1
    near = [paper for paper in literature if _overlap(idea, paper) >= NEAR]
    newness = -min(2, len(near))
    arms = len(template.conditions) * len(template.datasets)
    ease = -1 if arms > MANY_ARMS else 0
    reasons = [
        f"Interestingness {interest:+d}: the topic points to this study by {suits:.2f}, to the nearest by {best:.2f}.",
        f"Novelty {newness:+d}: {len(near)} of {len(literature)} abstracts share a third of its telling words"
        + (f", {', '.join(paper.id for paper in near[:3])} among them." if near else "."),
        f"Feasibility {ease:+d}: {arms} arms times datasets.",
    ]
    return idea.model_copy(
        update={
            "interestingness": _clamped(idea.interestingness + interest),
            "novelty": _clamped(idea.novelty + newness),
            "feasibility": _clamped(idea.feasibility + ease),
            "reasons": f"{idea.reasons} On reflection: {' '.join(reasons)}",
        }
    )


def _overlap(idea: Idea, paper: Abstract) -> float:
    own = set(telling(f"{idea.title} {idea.question}"))
    theirs = set(telling(f"{paper.title} {paper.text}"))
    return len(own & theirs) / len(own) if own else 0.0


def _clamped(score: int) -> int:
    return max(1, min(10, score))


def _slug(name: str) -> str:
    return name.lower().replace("_", "-")
