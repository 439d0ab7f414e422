"""What operators that ask an agent for a program share: what it is shown, and an answer that is made to apply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from ai_scientist.core.edits import Edit, apply_edits
from ai_scientist.core.errors import EditRejected
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Node
from ai_scientist.search.stage import Proposal, Stage

TRIES = 3
"""How often an answer that does not apply is asked again."""

SHOWN = 8
"""How many earlier attempts of each sort (best, newest, failed) a prompt carries, so that prompts stay flat."""

CHILDREN = 32
"""How many children of each parent it carries."""


class Change(Protocol):
    """An answer: whole files, or edits of a parent's; or neither, if there is nothing more to try."""

    @property
    def files(self) -> dict[str, str]:
        """Path → whole text."""
        ...

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Of the files as they are then."""
        ...

    @property
    def nothing_left(self) -> bool:
        """Whether there is nothing sensible left to try."""
        ...


A = TypeVar("A", bound=Change)


async def ask_until_it_applies(ask: Callable[[str], Awaitable[A]], use: Callable[[A], Proposal]) -> Proposal | None:
    """Return what an agent proposes, or None if it has nothing left to try.

    Args:
        ask: Asks it; given why its last answer could not be used, or nothing at first.
        use: Makes a proposal of an answer, or refuses it with `EditRejected`.

    Raises:
        EditRejected: If no answer could be used.
    """
    problem = ""
    for attempt in range(1, TRIES + 1):
        answer = await ask(problem)
        if answer.nothing_left:
            return None
        try:
            return use(answer)
        except EditRejected as rejected:
            problem = f"Try {attempt}: {rejected}"  # told apart, or the call store would answer again
    raise EditRejected(f"No answer in {TRIES} could be applied. The last: {problem}")


def changed_files(answer: Change, base: Mapping[str, str]) -> dict[str, str]:
    """Return a program's files after an answer.

    Raises:
        EditRejected: If its edits do not apply, or it changes nothing.
    """
    files = {**base, **answer.files}
    if answer.edits:
        files = apply_edits(files, answer.edits)
    if files == base:
        raise EditRejected("The answer holds neither files nor edits that change anything.")
    return files


def attempts_to_show(journal: Journal, stage: Stage, parents: Sequence[Node], *, with_best: bool = True) -> list[Node]:
    """Return the attempts that a prompt carries, oldest first: children of the parents, best, newest, last failures."""
    children = [child for parent in parents for child in journal.children(parent.id, newest=CHILDREN)]
    is_shown = with_best and stage.name in journal.stages
    good = map(journal.node, journal.stage(stage.name).top(SHOWN) if is_shown else ())
    chosen = {n.number: n for n in [*children, *good, *journal.newest(SHOWN), *journal.newest_failed(SHOWN)]}
    return [chosen[number] for number in sorted(chosen)]
