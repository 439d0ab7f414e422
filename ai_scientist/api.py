"""The way in from Python: one class, one call, typed results.

from ai_scientist import AIScientist

result = AIScientist().run(research_question="Does label noise hurt calibration?", output_dir="runs")
print(result.pdf, result.summary)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ai_scientist.audit.report import AuditReport
from ai_scientist.core.errors import ConfigError
from ai_scientist.core.jsonl import read_json
from ai_scientist.core.settings import QUICK, Settings
from ai_scientist.graph.gates import GateReply
from ai_scientist.graph.parts import Progress
from ai_scientist.graph.run import resume, silent, start
from ai_scientist.graph.run_result import RunResult, RunStatus
from ai_scientist.search.contracts import ValueFunction
from ai_scientist.search.node import Outcome
from ai_scientist.search.values import as_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Research:
    """What came of one piece of research.

    Attributes:
        run: The run's folder.
        status: "done", "budget" (a limit ended it, with a paper from what was there), "waiting", "stopped", "failed".
        pdf: The paper; None without TeX.
        code_repo: The confirmed program as a git repository.
        summary: Title, abstract and the verdict on each hypothesis, as plain text.
        experiment_logs: Each node's folder: rows, what the program printed, what it left.
        audit: The report; None if the run ended before it.
        seconds: Wall time over all sessions.
        cost_usd: What model calls cost; None if a price is unknown.
        problem: Why it failed, in one sentence.
    """

    run: Path
    status: RunStatus
    pdf: Path | None
    code_repo: Path | None
    summary: str
    experiment_logs: tuple[Path, ...]
    audit: AuditReport | None
    seconds: float
    cost_usd: float | None
    problem: str


class AIScientist:
    """Carries out research. Every keyword is a field of `Settings`; groups are given as dictionaries or values."""

    def __init__(
        self,
        model: str = "rules",
        *,
        base_url: str | None = None,
        quick: bool = False,
        value_function: ValueFunction | Callable[[Outcome], float | None] | None = None,
        **settings: Any,
    ) -> None:
        """Take the settings.

        Args:
            model: "rules", or "provider:name".
            base_url: An OpenAI-compatible endpoint.
            quick: The smallest honest setting.
            value_function: What the search goes by instead of the plan's primary metric: a function from a valid
                outcome to a number, higher is better, None if it has none; or a class of `search.values`. What the
                paper claims is measured and tested as ever.
            settings: Any other field of `Settings`, such as seed=1, search={"nodes": 40}, sandbox={"name": "docker"}.

        Raises:
            ConfigError: If a setting cannot be used.
        """
        self._value = as_value(value_function) if value_function is not None else None
        search: dict[str, Any] | None = settings.pop("search", None)
        if quick:
            search = {**QUICK.model_dump(exclude_defaults=True), **(search or {})}
        try:
            self.settings = Settings.model_validate(
                {
                    **settings,
                    "model": {"name": model, "base_url": base_url, **settings.pop("model_settings", {})},
                    "quick": quick,
                    **({"search": search} if search else {}),
                }
            )
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error

    def run(self, research_question: str, output_dir: str | Path = "runs", *, progress: Progress = silent) -> Research:
        """Do one piece of research and return what came of it.

        Raises:
            ConfigError: If the question or a setting cannot be used; nothing was made.
            AIScientistError: If the model cannot be reached; nothing was made.
        """
        settings = self.settings.model_copy(update={"output": Path(output_dir)})
        return _research(asyncio.run(start(research_question, settings, progress=progress, value=self._value)))

    def resume(self, run: str | Path, *, reply: GateReply | None = None, progress: Progress = silent) -> Research:
        """Go on with a run where it stopped, was killed, or waits at a gate."""
        return _research(asyncio.run(resume(Path(run), reply=reply, progress=progress, value=self._value)))


def _research(result: RunResult) -> Research:
    nodes = result.run / "search" / "nodes"
    return Research(
        run=result.run,
        status=result.status,
        pdf=result.pdf,
        code_repo=result.code,
        summary=_summary(result.run),
        experiment_logs=tuple(sorted(nodes.iterdir())) if nodes.exists() else (),
        audit=AuditReport.model_validate(read_json(result.audit)) if result.audit else None,
        seconds=result.seconds,
        cost_usd=result.cost_usd,
        problem=result.problem,
    )


def _summary(run: Path) -> str:
    """Return title, abstract and verdicts; what the run did not reach is left out."""
    from ai_scientist.paper.read import read_paper

    lines: list[str] = []
    if (run / "paper" / "draft.json").exists():
        paper = read_paper(run)
        abstract = paper.text.partition("# Abstract")[2].partition("\n# ")[0].strip()
        lines += [paper.title, "", abstract, ""]
    if (run / "results" / "tests.json").exists():
        tests = read_json(run / "results" / "tests.json")
        lines += [f"{name}: {test['verdict']}. {test['hypothesis']['statement']}" for name, test in tests.items()]
    return "\n".join(lines)
