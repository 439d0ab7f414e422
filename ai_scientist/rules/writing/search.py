"""How the search went, in sentences: what was tried, what seemed to help, and what came of it on fresh seeds."""

from __future__ import annotations

from dataclasses import dataclass

from ai_scientist.agents.writing import Step
from ai_scientist.rules.writing.phrases import Paragraph, cond, joined, listed, metric, plain, small
from ai_scientist.rules.writing.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Moves of the explore stage by what came of them, each move in one group, as sentences name them.

    Attributes:
        taken: Those of which nobody can say whether they helped (a root has no value to compare with), but which the
            search built on.
        left: Likewise, but it did not build on them.
    """

    helped: tuple[str, ...]
    hurt: tuple[str, ...]
    mixed: tuple[str, ...]
    failed: tuple[str, ...]
    taken: tuple[str, ...]
    left: tuple[str, ...]


def outcomes(study: Study) -> Outcomes:
    """Return what came of the moves that the explore stage tried."""
    seen: dict[str, list[Step]] = {}
    for step in study.stage("explore"):
        if step.operator in ("improve", "draft") and step.move:
            seen.setdefault(step.move, []).append(step)
    groups: dict[str, list[str]] = {"helped": [], "hurt": [], "mixed": [], "failed": [], "taken": [], "left": []}
    for steps in seen.values():
        groups[_outcome(steps)].append(title_of(study, steps[0]))
    return Outcomes(**{name: tuple(dict.fromkeys(titles)) for name, titles in groups.items()})


def _outcome(steps: list[Step]) -> str:
    told = {step.improved for step in steps if step.status == "ok"}
    if not told:
        return "failed"
    told.discard(None)
    if not told:
        return "taken" if any(step.chosen for step in steps) else "left"
    if told == {True}:
        return "helped"
    return "mixed" if True in told else "hurt"


def explored(study: Study) -> Paragraph:
    """Return what the search over components tried, and what it kept."""
    if not study.stage("explore"):
        return ""
    name, tree = metric(study.plan.primary_metric), study.figure("tree")
    programs = study.count("nodes_explore")
    lead = (
        rf"\paragraph{{The search.}} In search of components for {cond(study.plan.target)}, "
        f"{f'{programs} programs' if programs else 'programs'} were tried{f' ({tree})' if tree else ''} and judged by "
        f"{name} on the search seeds; these values chose a program and are no results."
    )
    return joined(lead, _told(study), kept(study))


def _told(study: Study) -> str:
    """Which moves carried a program forward on the search seeds, and which did not."""
    found = outcomes(study)
    good, bad, mixed = listed(found.helped), listed(found.hurt, last="or"), listed(found.mixed)
    parts: list[str] = []
    if found.taken and found.left:
        parts.append(
            f"{_capital(listed((*found.taken, *found.left)))} were tried side by side, and the search built on "
            f"{listed(found.taken)}."
        )
    elif found.taken:
        parts.append(f"The search began with {listed(found.taken)}.")
    elif found.left:
        parts.append(f"From the starting point it tried {listed(found.left)}, on which nothing was built.")
    if good and bad:
        told = study.voice.pick(
            "told",
            f"There, {good} carried the program forward to which {_they(found.helped)} added; {listed(found.hurt)} did"
            " not.",
            f"There, the value rose with {good}, but not with {bad}.",
        )
        parts.append(told)
    elif good:
        if len(found.helped) == 1:
            parts.append(f"{_capital(good)} carried the program forward there to which it was added.")
        else:
            parts.append(
                f"All that was added {'after that ' if parts else ''}carried its program forward there: {good}."
            )
    elif bad:
        parts.append(
            f"Nothing carried its program forward there, neither {listed(found.hurt, last='nor')}."
            if len(found.hurt) > 1
            else f"The single attempt, {bad}, did not carry its program forward."
        )
    if mixed:
        parts.append(f"With {mixed} it depended on the company.")
    if found.failed:
        parts.append(
            f"{_capital(listed(found.failed))} gave no valid rows, which says nothing about {_their(found.failed)}"
            " merit."
        )
    return joined(*parts)


def kept(study: Study) -> str:
    """Return what the confirmed program's proposed condition consists of."""
    parts = [study.title_of(part) for part in study.components]
    if not parts:
        return (
            f"The confirmed program therefore holds no component, and {cond(study.plan.target)} is its own starting "
            "point on other random draws."
        )
    if len(parts) == 1:
        return f"The confirmed program keeps a single addition, {parts[0]}."
    return joined(f"The confirmed program keeps {listed(parts)}, added in this order.", _carried_along(study, parts))


def _carried_along(study: Study, parts: list[str]) -> str:
    """Say which kept components brought no gain when they were added: the search had built on them all the same."""
    along = [part for part in parts if part in outcomes(study).hurt]
    if not along:
        return ""
    they = _they(tuple(along))
    return f"Of these, {listed(along)} did not carry the program forward to which {they} added; the search built on it."


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
            "What the search had selected survives the change to fresh seeds; its advantage is no product of having "
            "searched.",
        )
    if repair.verdict != "open":
        return (
            "The choice did not hold up: what looked like an advantage on the search seeds turns into its opposite on "
            "fresh ones, which is the optimism of selection made visible."
        )
    if repair.certainty == "could not pass":
        return (
            "Whether the choice holds up on fresh seeds is beyond the reach of so few of them; the confirming runs "
            "repeat the measurement without deciding it."
        )
    if repair.lean == "none":
        return (
            "On fresh seeds the advantage that the configuration was chosen for has vanished into the spread, as is to "
            "be expected when the best of several noisy values is picked."
        )
    return (
        "On fresh seeds the advantage that the configuration was chosen for is not established; it may be owed to the "
        "selection as well as to the components."
    )


def tuned(study: Study) -> str:
    """Return what the tuning of the shared settings changed."""
    steps = [step for step in study.stage("tune") if step.operator == "tune"]
    if not steps:
        return ""
    taken = list(dict.fromkeys(title_of(study, step) for step in steps if step.chosen))
    tried = [title_of(study, step) for step in steps if not step.chosen and step.status == "ok"]
    tried = [title for title in dict.fromkeys(tried) if title not in taken]
    aim = (
        f"The settings that all arms share were tuned first, by the value of {cond(study.plan.baseline.name)}, so that "
        "nothing is compared with a neglected rival."
    )
    if taken:
        result = f"Of the changes that were tried, the search kept {listed(taken)}"
        result += f"; it did not keep {listed(tried, last='or')}." if tried else "."
    elif tried:
        result = (
            f"None of the changes that were tried ({listed(tried)}) did more than the settings that the program began"
            " with."
        )
    else:
        result = ""
    return joined(aim, result)


def title_of(study: Study, step: Step) -> str:
    """Return what a step did, as a sentence names it."""
    moves = {move.name: move for move in (study.template.moves if study.template else ())}
    return plain(moves[step.move].title if step.move in moves else small(step.title))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _they(parts: tuple[str, ...]) -> str:
    return "it was" if len(parts) == 1 else "they were"


def _their(parts: tuple[str, ...]) -> str:
    return "its" if len(parts) == 1 else "their"
