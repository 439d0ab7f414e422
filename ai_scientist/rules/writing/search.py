"""How the search went, in sentences: what was tried, what seemed to help, and what came of it on fresh seeds."""

from __future__ import annotations

from dataclasses import dataclass

from ai_scientist.agents.writing import Step
from ai_scientist.rules.writing.phrases import Paragraph, cond, joined, listed, metric, plain, small
from ai_scientist.rules.writing.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Moves of the explore stage by what came of them, each move in one group, as sentences name them."""

    helped: tuple[str, ...]
    hurt: tuple[str, ...]
    mixed: tuple[str, ...]
    failed: tuple[str, ...]


def outcomes(study: Study) -> Outcomes:
    """Return what came of the moves that the explore stage tried."""
    seen: dict[str, list[Step]] = {}
    for step in study.stage("explore"):
        if step.operator in ("improve", "draft") and step.move:
            seen.setdefault(step.move, []).append(step)
    groups: dict[str, list[str]] = {"helped": [], "hurt": [], "mixed": [], "failed": []}
    for steps in seen.values():
        groups[_outcome(steps)].append(_title(study, steps[0]))
    return Outcomes(**{name: tuple(dict.fromkeys(titles)) for name, titles in groups.items()})


def _outcome(steps: list[Step]) -> str:
    told = {step.improved for step in steps if step.status == "ok"}
    if not told:
        return "failed"
    told.discard(None)
    if told == {True}:
        return "helped"
    return "mixed" if True in told else "hurt"


def explored(study: Study) -> Paragraph:
    """Return what the search over components tried, and what it kept."""
    if not study.stage("explore"):
        return ""
    target, name, found = cond(study.plan.target), metric(study.plan.primary_metric), outcomes(study)
    tried = study.count("nodes_explore")
    lead = (
        f"The search for a better {target} evaluated {tried or 'its'} programs on the search seeds, judged by {name}; "
        "its values chose a program and are no results."
    )
    parts: list[str] = []
    if found.helped:
        parts.append(
            f"{_capital_list(found.helped)} brought the value of the program that {_they(found.helped)} added to"
            " forward"
        )
    if found.mixed:
        parts.append(f"{listed(found.mixed)} did so in some company and not in other")
    if found.hurt:
        parts.append(
            f"{listed(found.hurt)} did not" if parts else f"{_capital_list(found.hurt)} brought nothing forward"
        )
    told = "; ".join(parts)
    failed = ""
    if found.failed:
        failed = (
            f"{_capital_list(found.failed)} gave no valid rows, which says nothing about {_their(found.failed)} merit."
        )
    return joined(lead, f"{told}." if told else "", failed, kept(study))


def kept(study: Study) -> str:
    """Return what the confirmed program's proposed condition consists of."""
    parts = [study.title_of(part) for part in study.components]
    if not parts:
        return (
            "None of the additions survived the search, so that the confirmed program holds no component and "
            f"{cond(study.plan.target)} differs from its starting point by chance alone."
        )
    if len(parts) == 1:
        return f"The confirmed program keeps a single addition, {parts[0]}."
    return f"The confirmed program keeps {listed(parts)}, added in this order."


def held_up(study: Study) -> str:
    """Return whether what the search chose survived on fresh seeds; empty if no planned comparison asks."""
    repair = study.repair
    if repair is None or not study.components:
        return ""
    if repair.verdict != "open" and repair.is_gain:
        return study.voice.pick(
            "held",
            "The choice held up: on seeds that the search had never seen, the advantage that it was chosen for is"
            " there.",
            "What the search had selected survives the change to fresh seeds, so that its advantage is no product of "
            "having searched.",
        )
    if repair.verdict != "open":
        return (
            "The choice did not hold up: what looked like an advantage on the search seeds turns into its opposite on "
            "fresh ones, which is the optimism of selection made visible."
        )
    if repair.lean == "none":
        return (
            "On fresh seeds nothing certain is left of the advantage that the configuration was chosen for, as is to "
            "be expected when the best of several noisy values is picked."
        )
    return (
        "On fresh seeds the advantage that the configuration was chosen for is not established, so that it may be owed "
        "to the selection as well as to the components."
    )


def tuned(study: Study) -> str:
    """Return what the tuning of the shared settings changed."""
    steps = [step for step in study.stage("tune") if step.operator == "tune"]
    if not steps:
        return ""
    taken = [_title(study, step) for step in steps if step.chosen]
    tried = [_title(study, step) for step in steps if not step.chosen and step.status == "ok"]
    aim = (
        f"Settings that all arms share were tuned first, and for {cond(study.plan.baseline.name)}, so that no arm is"
        " compared with a neglected rival."
    )
    if taken:
        result = f"Of the changes that were tried, {listed(taken)} {'was' if len(taken) == 1 else 'were'} kept"
        result += f" and {listed(tried)} {'was' if len(tried) == 1 else 'were'} not." if tried else "."
    elif tried:
        result = (
            f"None of the changes tried ({listed(tried)}) did better than the settings that the program began with."
        )
    else:
        result = ""
    return joined(aim, result)


def _title(study: Study, step: Step) -> str:
    moves = {move.name: move for move in (study.template.moves if study.template else ())}
    return plain(moves[step.move].title if step.move in moves else small(step.title))


def _capital_list(parts: tuple[str, ...]) -> str:
    text = listed(parts)
    return text[:1].upper() + text[1:]


def _they(parts: tuple[str, ...]) -> str:
    return "it was" if len(parts) == 1 else "they were"


def _their(parts: tuple[str, ...]) -> str:
    return "its" if len(parts) == 1 else "their"
