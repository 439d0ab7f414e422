"""Settings: one nested frozen value, loaded once, written whole into the run's folder. It never holds a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ai_scientist.core.values import Value

Absolute = Annotated[Path, AfterValidator(Path.absolute)]
"""A path that means the same when a run is resumed from another folder."""

Gate = Literal["idea", "plan", "results", "paper"]
SandboxName = Literal["auto", "docker", "bubblewrap", "process"]


class ModelSettings(Value):
    """Which model answers, and how it is asked."""

    name: str = Field(default="rules", description="'rules', or 'provider:model'.")
    roles: dict[str, str] = Field(
        default_factory=dict, description="Another model for a role: {'reviewing': 'openai:x'}."
    )
    fallbacks: tuple[str, ...] = Field(default=(), description="Asked in order when the model is down.")
    base_url: str | None = Field(default=None, description="An OpenAI-compatible endpoint.")
    temperature: float | None = Field(default=None, description="None: the provider's own.")
    max_output_tokens: int = Field(default=8192, gt=0)
    timeout_seconds: float = Field(default=300, gt=0)
    calls: int = Field(default=4, gt=0, description="Model calls at once.")
    tokens_per_minute: int | None = Field(default=None, gt=0)
    record: Path | None = Field(default=None, description="Write a tape of all answers here.")
    replay: Path | None = Field(default=None, description="Answer from this tape alone.")
    prices: Path | None = Field(default=None, description="A price table that overrides the shipped one.")


class SearchSettings(Value):
    """How the tree grows."""

    slots: int = Field(default=1, gt=0, description="Nodes evaluated at once; one slot gives the same tree every time.")
    nodes: int = Field(default=24, gt=0, description="Nodes over all stages but confirm.")
    policy: str = "best_first"
    value: str = Field(default="metric", description="What it goes by: metric, lower_bound, or FILE.py:NAME.")
    depth: int = Field(default=8, gt=0, description="Longest path from a root.")
    width: int = Field(default=4, gt=0, description="Most children of a node that still counts as a frontier.")
    debug_depth: int = Field(default=3, gt=0, description="Most debug steps in a row.")
    search_seeds: int = Field(default=4, gt=0)
    confirm_seeds: int = Field(default=12, gt=1)
    seed_workers: int | None = Field(default=None, gt=0, description="Seeds of a node run at once; None: one a core.")
    stages: Path | None = Field(default=None, description="A file that replaces the stages.")


class SandboxSettings(Value):
    """What a generated program may use. Limits hold per seed."""

    name: SandboxName = "auto"
    timeout_seconds: float = Field(default=300, gt=0)
    memory_bytes: int = Field(default=4 * 1024**3, gt=0)
    cpus: float = Field(default=1.0, gt=0)
    processes: int = Field(default=64, gt=0)
    disk_bytes: int = Field(default=512 * 1024**2, gt=0)
    output_bytes: int = Field(
        default=1024**2, gt=0, description="Most of stdout, and of stderr, that is kept in memory."
    )
    image: str | None = Field(default=None, description="A Docker image with Python. None: the standard one.")
    gpus: tuple[str, ...] = Field(default=(), description="Leased one a seed; named twice, two may share it.")
    requirements: Absolute | None = Field(default=None, description="Packages beyond the standard ones, as pip reads.")
    prepare: Absolute | None = Field(default=None, description="A script that makes data, once.")
    prepare_network: bool = Field(default=False, description="Whether that script may use the network.")


class StageBudget(Value):
    """Hard limits of one stage of the search, or of one node of the graph. None: no limit of its own."""

    usd: float | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    hours: float | None = Field(default=None, gt=0)


class BudgetSettings(Value):
    """Hard limits of a run. None: no limit."""

    usd: float | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    hours: float | None = Field(default=None, gt=0)
    stages: dict[str, StageBudget] = Field(default_factory=dict, description="More limits, by stage.")
    paper_share: float = Field(
        default=0.25, ge=0, lt=1, description="Share of each limit that is kept for analysing, writing and reviewing."
    )


class ReviewSettings(Value):
    """How many reviewers, and how many times the paper is revised."""

    reviewers: int = Field(default=3, gt=0)
    rounds: int = Field(default=1, ge=0)


class LiteratureSettings(Value):
    """Whom a search of the literature asks, beside the shipped bibliography."""

    sources: tuple[str, ...] = Field(
        default=(), description="Of arxiv, semanticscholar, openalex, crossref. Empty: nobody outside is asked."
    )
    addresses: dict[str, str] = Field(default_factory=dict, description="Base URLs that replace a service's own.")
    contact: str = Field(default="", description="An e-mail address for the polite pools of OpenAlex and Crossref.")
    replay: bool = Field(default=False, description="Only stored answers are used.")
    papers: Path | None = Field(default=None, description="A folder of the user's own papers: PDF and .bib files.")
    semantic: str | None = Field(
        default=None,
        description="A sentence-transformers model, by name or folder: the library is asked by meaning too.",
    )
    limit: int = Field(default=20, gt=0, le=100, description="Most records wanted per query and source.")


class Settings(Value):
    """Everything a run was asked to do, but its topic."""

    schema_version: int = 1
    output: Path = Path("runs")
    seed: int = Field(default=0, ge=0)
    quick: bool = Field(default=False, description="The smallest honest setting; the paper says so.")
    template: str | None = None
    ideas: int = Field(default=3, gt=0)
    data: tuple[Absolute, ...] = Field(default=(), description="The user's own data, mounted read-only.")
    approve: tuple[Gate, ...] = ()
    model: ModelSettings = ModelSettings()
    search: SearchSettings = SearchSettings()
    sandbox: SandboxSettings = SandboxSettings()
    budget: BudgetSettings = BudgetSettings()
    review: ReviewSettings = ReviewSettings()
    literature: LiteratureSettings = LiteratureSettings()


QUICK = SearchSettings(nodes=8, search_seeds=2, confirm_seeds=10)
"""What `quick` puts in place of the search settings: enough to enter every stage and for a paired test to exist."""
