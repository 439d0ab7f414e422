"""The commands. Each parses, calls one function, prints: text for people on stderr, data on stdout."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ai_scientist.core.errors import AIScientistError

if TYPE_CHECKING:
    from ai_scientist.graph.run_result import RunResult

GATES = ("idea", "plan", "results", "paper")
VARIANTS = ("cpu", "cuda")
BACKENDS = ("auto", "docker", "bubblewrap", "process")
ROLES = ("ideation", "novelty", "planning", "coding", "analysis", "writing", "reviewing", "vision")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ai-scientist")
def cli() -> None:
    """From a broad topic to an audited paper: code, data, evidence and a PDF."""


def _json_option(command: Any) -> Any:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")(command)


@cli.command()
@click.argument("topic")
@click.option(
    "--settings", type=click.Path(exists=True, path_type=Path), help="A TOML file; what options say goes before it."
)
@click.option("--output", type=click.Path(path_type=Path), help="The runs folder.  [default: runs]")
@click.option("--seed", type=click.IntRange(min=0), help="Decides all randomness.  [default: 0]")
@click.option("--model", help="'rules', or provider:name such as openai:gpt-5.  [default: rules]")
@click.option("--base-url", help="An OpenAI-compatible endpoint.")
@click.option("--role", multiple=True, metavar="ROLE=MODEL", help=f"Another model for one of {', '.join(ROLES)}.")
@click.option("--fallback", multiple=True, metavar="MODEL", help="Asked, in order, while the model is down.")
@click.option("--template", help="The research template to start from.")
@click.option("--quick", is_flag=True, help="The smallest honest setting: seconds; the paper says so.")
@click.option("--nodes", type=click.IntRange(min=1), help="Nodes of the search.  [default: 24]")
@click.option("--slots", type=click.IntRange(min=1), help="Nodes evaluated at once; 1 gives the same tree every time.")
@click.option("--calls", type=click.IntRange(min=1), help="Model calls at once, per provider.  [default: 4]")
@click.option(
    "--model-timeout",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds that one model call may take; more for a slow local model.  [default: 300]",
)
@click.option("--tokens-per-minute", help="Most tokens a minute, per provider, such as 200K.")
@click.option("--policy", help="How the tree grows.  [default: best_first]")
@click.option("--value", help="What the search goes by: metric, lower_bound, or FILE.py:NAME.  [default: metric]")
@click.option("--depth", type=click.IntRange(min=1), help="Longest path from a stage's root.  [default: 8]")
@click.option("--width", type=click.IntRange(min=1), help="Most children of a node.  [default: 4]")
@click.option("--stages", type=click.Path(exists=True, path_type=Path), help="A file that replaces the stages.")
@click.option("--confirm-seeds", type=click.IntRange(min=2), help="Fresh seeds behind the paper's numbers.")
@click.option("--sandbox", type=click.Choice(BACKENDS), help="Where programs run.  [default: auto]")
@click.option("--timeout", type=float, help="Seconds that one seed of an experiment may take.  [default: 300]")
@click.option("--memory", help="Memory of one seed, such as 2G.  [default: 4G]")
@click.option("--disk", help="What one seed may write, such as 2G.  [default: 512M]")
@click.option("--cpus", type=click.FloatRange(min=0, min_open=True), help="Cores of one seed.  [default: 1]")
@click.option("--gpus", help="GPUs to lease, one a seed, such as 0,1; 0,0 lets two seeds share one.")
@click.option("--image", help="A Docker image with Python.  [default: the standard one, or this Python]")
@click.option(
    "--requirements",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Packages for experiments beyond the standard ones: a file as pip reads it.",
)
@click.option("--data", type=click.Path(exists=True, path_type=Path), multiple=True, help="Your own data, read-only.")
@click.option(
    "--prepare",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A Python script that writes data to OUT_DIR, once; experiments read them.",
)
@click.option("--prepare-network", is_flag=True, help="That script, and nothing else, may use the network.")
@click.option("--literature", help="Whom to ask: any of arxiv,semanticscholar,openalex,crossref.  [default: nobody]")
@click.option("--papers", type=click.Path(exists=True, path_type=Path), help="Your own papers: PDF and .bib files.")
@click.option(
    "--semantic", metavar="MODEL", help="Search by meaning too: a sentence-transformers model, name or folder."
)
@click.option("--budget-usd", help="Most that model calls may cost, such as 5; a stage's own too: 5,explore=2.")
@click.option("--budget-tokens", help="Most tokens, such as 2M, or 2M,write=300K.")
@click.option("--budget-hours", help="Longest the run may take, such as 6, 90m, or 6,explore=2.")
@click.option(
    "--prices", type=click.Path(exists=True, path_type=Path), help="A price table that overrides the shipped one."
)
@click.option("--approve", help=f"Stop there for a person: any of {','.join(GATES)}.")
@click.option("--record", type=click.Path(path_type=Path), help="Keep a tape of the model's answers.")
@click.option("--replay", type=click.Path(exists=True, path_type=Path), help="Answer from a tape.")
@_json_option
def run(**given: Any) -> None:
    """Do one piece of research on TOPIC and write the paper."""
    from ai_scientist.cli.options import settings_from
    from ai_scientist.cli.running import carry_out_run

    as_json = given.pop("as_json")
    topic = given.pop("topic")
    _finish(carry_out_run(topic, settings_from(**given), as_json=as_json), as_json)


@cli.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--reply", type=click.Choice(("approve", "edit", "redirect", "stop")), help="Your word at a gate.")
@click.option("--text", default="", help="Guidance, with --reply redirect.")
@click.option("--file", "edited", type=click.Path(exists=True, path_type=Path), help="The artifact, with --reply edit.")
@_json_option
def resume(run_folder: Path, reply: str | None, text: str, edited: Path | None, as_json: bool) -> None:
    """Go on with RUN where it stopped, was killed, or waits at a gate."""
    from ai_scientist.cli.running import carry_out_resume

    _finish(carry_out_resume(run_folder, reply=reply, text=text, edited=edited, as_json=as_json), as_json)


@cli.command()
@click.argument("draft", type=click.Path(path_type=Path))
@click.option("--model", default="rules", show_default=True)
@click.option("--base-url")
@click.option("--role", multiple=True, metavar="ROLE=MODEL", help="Another model for a role; 'vision' sees the pages.")
@click.option("--reviewers", type=click.IntRange(min=1), default=3, show_default=True)
@_json_option
def review(draft: Path, model: str, base_url: str | None, role: tuple[str, ...], reviewers: int, as_json: bool) -> None:
    """Review DRAFT (PDF, LaTeX or Markdown, anybody's), or the paper of a run."""
    from ai_scientist.cli.reviewing import carry_out_review, print_review

    result = carry_out_review(draft, model=model, base_url=base_url, role=role, reviewers=reviewers)
    print_review(result, as_json=as_json)


@cli.command()
@click.argument("run_folder", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@click.option("--rerun", is_flag=True, help="Also run the confirmed program again in a clean sandbox.")
@click.option("--sample", type=click.IntRange(min=1), help="With --rerun: on so many seeds, drawn by the plan's hash.")
@click.option("--expect-head", default="", metavar="HASH", help="The ledger must hold it: from a terminal or PDF.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page: number, cell, rows, code line, log.")
@click.option("--ro-crate", is_flag=True, help="Make RUN an RO-Crate (Process Run Crate): writes its metadata file.")
@click.option("--paper", type=click.Path(path_type=Path), help="Instead of RUN: anybody's PDF, LaTeX or Markdown.")
@click.option("--data", type=click.Path(exists=True, path_type=Path), help="With --paper: the data it speaks of.")
@click.option("--retractions", type=click.Path(path_type=Path), help="With --paper: a Retraction Watch table (CSV).")
@click.option("--ask", type=click.Choice(("crossref",)), help="With --paper: look references up there.")
@_json_option
def audit(run_folder: Path | None, as_json: bool, **given: Any) -> None:
    """Check every artifact of RUN from its folder alone, or a paper made elsewhere; exit 1 if anything is wrong."""
    from ai_scientist.cli.auditing import carry_out_audit, carry_out_paper_audit

    of_paper = {name: given.pop(name) for name in ("paper", "data", "retractions", "ask")}
    if (run_folder is None) == (of_paper["paper"] is None):
        raise click.UsageError("Name either RUN or --paper DRAFT.")
    if run_folder is None:
        if any(given.values()):
            raise click.UsageError("--rerun, --sample, --expect-head, --html and --ro-crate need a RUN.")
        sys.exit(carry_out_paper_audit(**of_paper, as_json=as_json))
    if any(of_paper.values()):
        raise click.UsageError("--data, --retractions and --ask go with --paper.")
    sys.exit(carry_out_audit(run_folder, **given, as_json=as_json))


@cli.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--tree", is_flag=True, help="The search tree.")
@click.option("--html", type=click.Path(path_type=Path), help="Write the search tree as a page to this file.")
@_json_option
def show(run_folder: Path, tree: bool, html: Path | None, as_json: bool) -> None:
    """Show what RUN did and found."""
    from ai_scientist.cli.showing import show_run, write_page

    if html is not None:
        write_page(run_folder, html)
    else:
        show_run(run_folder, tree=tree, as_json=as_json)


@cli.command()
@click.option("--output", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@_json_option
def runs(output: Path, as_json: bool) -> None:
    """List the runs in the runs folder."""
    from ai_scientist.cli.showing import list_runs

    list_runs(output, as_json=as_json)


@cli.group()
def search() -> None:
    """Look into the tree of a run, and take programs out of it."""


@search.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("node")
@click.argument("folder", type=click.Path(path_type=Path))
def export(run_folder: Path, node: str, folder: Path) -> None:
    """Write the program of NODE into FOLDER."""
    from ai_scientist.cli.searching import export_node

    export_node(run_folder, node, folder)


@search.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("before")
@click.argument("after")
def diff(run_folder: Path, before: str, after: str) -> None:
    """Show what changed from the program of node BEFORE to that of node AFTER."""
    from ai_scientist.cli.searching import show_diff

    show_diff(run_folder, before, after)


@search.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--at", "node", required=True, help="The node whose past the fork shares.")
@click.argument("folder", type=click.Path(path_type=Path))
def fork(run_folder: Path, node: str, folder: Path) -> None:
    """Copy journal and checkpoints up to a node into FOLDER, for a search with another future."""
    from ai_scientist.cli.searching import fork_at

    fork_at(run_folder, node, folder)


@search.command()
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--to", "node", required=True, help="The node after whose outcome the search goes on.")
def rewind(run_folder: Path, node: str) -> None:
    """Let the search of RUN forget what came after a node; nothing is deleted, and `resume` goes on from there."""
    from ai_scientist.cli.searching import rewind_to

    rewind_to(run_folder, node)


@search.command()
@click.argument("task_folder", metavar="TASK", type=click.Path(path_type=Path))
@click.option("--into", required=True, type=click.Path(path_type=Path), help="Where it is kept, and gone on with.")
@click.option("--model", required=True, help="provider:name, such as openai:gpt-5.")
@click.option("--base-url", help="An OpenAI-compatible endpoint.")
@click.option("--policy", "policies", multiple=True, default=("puct",), show_default=True, help="Once or more.")
@click.option("--controls/--no-controls", default=True, show_default=True, help="Search by random and best_of_n too.")
@click.option("--nodes", type=click.IntRange(min=1), help="Programs, for each policy.  [default: 24]")
@click.option("--slots", type=click.IntRange(min=1), help="Programs run at once.  [default: 1]")
@click.option("--calls", type=click.IntRange(min=1), help="Model calls at once.  [default: 4]")
@click.option("--depth", type=click.IntRange(min=1), help="Longest path from the first program.  [default: 8]")
@click.option("--width", type=click.IntRange(min=1), help="Most children of a program.  [default: 4]")
@click.option("--seeds", "search_seeds", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), help="Decides all randomness.  [default: 0]")
@click.option("--sandbox", type=click.Choice(BACKENDS), help="Where programs run.  [default: auto]")
@click.option("--timeout", type=float, help="Seconds that one seed may take.  [default: 300]")
@click.option("--memory", help="Memory of one seed, such as 2G.  [default: 4G]")
@click.option("--budget-usd", help="Most that model calls may cost.")
@_json_option
def task(task_folder: Path, into: Path, policies: tuple[str, ...], controls: bool, as_json: bool, **given: Any) -> None:
    """Search for the program that scores best at TASK, a folder with a scorer that programs cannot reach.

    The scorer is checked before anything is asked. At the end the best program of each policy is scored once on the
    held-out set, and the gap is shown.
    """
    from ai_scientist.cli.options import settings_from
    from ai_scientist.cli.searching import carry_out_task

    settings = settings_from(**given)
    carry_out_task(task_folder, into, settings, policies=policies, with_controls=controls, as_json=as_json)


@cli.command()
@click.option("--build-image", type=click.Choice(VARIANTS), help="Build the standard Docker image first.")
@click.option("--base", help="With --build-image: start from this image with Python and pip.")
@_json_option
def doctor(build_image: str | None, base: str | None, as_json: bool) -> None:
    """Say what this machine lacks, and how to get it; exit 1 if a run cannot work."""
    from ai_scientist.cli.doctor import build, examine

    if build_image:
        build(build_image, base)
    sys.exit(examine(as_json=as_json))


def _finish(result: RunResult, as_json: bool) -> None:
    from ai_scientist.cli.running import print_result

    print_result(result, as_json=as_json)
    sys.exit(result.exit_code)


def main() -> None:
    """Run the command line; every error of ours becomes one sentence and its exit code."""
    try:
        cli(standalone_mode=False)
    except AIScientistError as error:
        click.echo(f"ai-scientist: {error}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        click.echo("ai-scientist: interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except KeyboardInterrupt:
        click.echo("ai-scientist: interrupted; `ai-scientist resume RUN` goes on", err=True)
        sys.exit(130)
