"""Where the checks write down what they looked at, what they found, and what they could not check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ai_scientist.audit.report import Item
from ai_scientist.core.finding import Finding

MOST_OF_A_KIND = 200
"""More findings of one kind than this are only counted: a broken chain must not fill memory."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A thing that was looked at by itself, not yet judged: findings about it may come later."""

    kind: str
    where: str
    what: str


@dataclass(slots=True)
class Notebook:
    """The auditor's notes during one audit."""

    checked: Counter[str] = field(default_factory=Counter[str])
    findings: list[Finding] = field(default_factory=list[Finding])
    notes: list[str] = field(default_factory=list[str])
    _judged: list[Judged] = field(default_factory=list[Judged])
    _kinds: Counter[str] = field(default_factory=Counter[str])
    _told: set[Finding] = field(default_factory=set[Finding])

    def look(self, kind: str, count: int = 1) -> None:
        """Count things that were looked at."""
        self.checked[kind] += count

    def judge(self, kind: str, where: str, what: str = "") -> None:
        """Count one thing that gets a verdict of its own: it fails if a finding names its place, or one inside it."""
        self.look(kind)
        self._judged.append(Judged(kind, where, what))

    def items(self) -> tuple[Item, ...]:
        """Return each thing that was judged by itself, with its verdict."""
        failed = {place for finding in self.findings for place in finding.places}
        return tuple(
            Item(kind=one.kind, where=one.where, what=one.what, verdict="fail" if one.where in failed else "pass")
            for one in self._judged
        )

    def find(self, kind: str, where: str, why: str) -> None:
        """Write down a finding, once."""
        finding = Finding(kind=kind, where=where, why=why)
        if finding in self._told:
            return
        self._kinds[kind] += 1
        if self._kinds[kind] > MOST_OF_A_KIND:
            return
        self._told.add(finding)
        self.findings.append(finding)

    @contextmanager
    def naming_what_cannot_be_read(self, root: Path) -> Generator[None]:
        """Make a finding of a file that cannot be read; what was to come within is left, and rests on it anyway.

        Args:
            root: The run's folder, which is left out of the file's name.
        """
        try:
            yield
        except OSError as error:
            file = Path(str(error.filename)) if error.filename else root
            where = file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
            self.find("artifact", where, f"It cannot be read: {error.strerror or error}.")
            self.note(f"What rests on {where} was not judged.")

    def note(self, text: str) -> None:
        """Write down something that could not be checked, or that a reader should know."""
        if text not in self.notes:
            self.notes.append(text)

    def close(self) -> None:
        """Say what was only counted."""
        for kind, count in self._kinds.items():
            if count > MOST_OF_A_KIND:
                self.note(f"{count - MOST_OF_A_KIND} more findings of the kind '{kind}' are not listed.")
