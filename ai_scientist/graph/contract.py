"""What a program must do, as the coding agent is told it: the words of `lab` itself, and this run's limits."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from importlib import resources

from ai_scientist.core.settings import Settings
from ai_scientist.graph.ideas import PACKAGES


def program_contract(settings: Settings, *, inputs: Iterable[str] = (), packages: Iterable[str] = ()) -> str:
    """Return the contract: how `lab` is used, what may be imported, what one seed may use.

    Args:
        settings: With the limits.
        inputs: Names of what lies in the folder of data.
        packages: What may be imported besides the standard packages.
    """
    source = resources.files("ai_scientist.sandbox").joinpath("lab.py").read_text()
    module = ast.parse(source)
    parts = [ast.get_docstring(module) or ""]
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            parts.append(f"lab.{node.name}({ast.unparse(node.args)})\n    {_first_paragraph(node)}")
    sandbox = settings.sandbox
    limits = (
        f"{sandbox.timeout_seconds:g} seconds on {sandbox.cpus:g} core, {sandbox.memory_bytes / 2**30:.1f} GiB of "
        f"memory and {sandbox.disk_bytes / 2**20:.0f} MiB of disk"
    )
    parts.append(
        "The program is `experiment.py`; it is run once for each seed, in a fresh copy, without network, and may "
        f"import the standard library, {', '.join((*PACKAGES, *packages))}, and `lab`. One run may take {limits}."
    )
    if names := ", ".join(inputs):
        parts.append(f"Data lie read-only in `lab.data_dir`: {names}.")
    if sandbox.gpus:
        parts.append("One GPU is there, as the first device.")
    return "\n\n".join(parts)


def _first_paragraph(node: ast.FunctionDef) -> str:
    return " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
