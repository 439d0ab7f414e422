"""The run as an RO-Crate: every file and what made it, in terms that other tools read.

Follows RO-Crate 1.1 and the profile Process Run Crate 0.5 (https://w3id.org/ro/wfrun/process/0.5): each event of the
ledger that made files is a CreateAction, its instrument the program of a node or this package.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, unquote

from pydantic import ValidationError

from ai_scientist.core.errors import RunCorrupted
from ai_scientist.core.jsonl import write_json
from ai_scientist.core.ledger import Event, read_events
from ai_scientist.core.plan import Plan
from ai_scientist.core.run_folder import RunFolder

NAME = "ro-crate-metadata.json"
CRATE = "https://w3id.org/ro/crate/1.1"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
CONTEXT = [f"{CRATE}/context", "https://w3id.org/ro/terms/workflow-run/context"]
SELF = "https://pypi.org/project/ai-scientist/"

STATUSES = {"ok": "http://schema.org/CompletedActionStatus"}
FAILED = "http://schema.org/FailedActionStatus"
TOOLS = frozenset({"SoftwareApplication", "SoftwareSourceCode", "ComputationalWorkflow"})

Entity = dict[str, Any]
"""One entity of the graph: JSON-LD has no narrower type."""


def write_crate(run: RunFolder) -> Path:
    """Write the run's metadata file into the run's folder, which is thereby an RO-Crate, and return its path.

    Raises:
        RunCorrupted: If the ledger cannot be read, or the metadata would not be valid.
    """
    crate = build_crate(run)
    problems = validate_crate(crate, run.path)
    if problems:
        raise RunCorrupted(f"The run cannot be described as an RO-Crate: {problems[0]}")
    write_json(run.path / NAME, crate)
    return run.path / NAME


def build_crate(run: RunFolder) -> Entity:
    """Return the metadata of a run as JSON-LD.

    Raises:
        RunCorrupted: If the ledger cannot be read.
    """
    record = run.record()
    events = [event for event, _ in read_events(run.ledger)]
    # What an audit writes changes with each audit; the crate describes the run.
    files = {o.path: o.sha256 for e in events for o in e.outputs if not o.path.startswith("audit/")}
    there = {path: digest for path, digest in files.items() if (run.path / path).is_file()}
    actions = [action for event in events if (action := _action(event, there))]
    programs = {node: e.facts for e in events if (node := _program_of(e))}
    root: Entity = {
        "@id": "./",
        "@type": "Dataset",
        "name": _title(run) or record.topic,
        "description": f"A run of AI Scientist on the topic “{record.topic}”: plan, programs, rows, results and paper.",
        "datePublished": record.created,
        "identifier": record.id,
        "license": {"@id": "#licence"},
        "conformsTo": {"@id": PROFILE},
        "hasPart": _single([{"@id": quote(path)} for path in sorted(there)]),
        "mentions": _single([{"@id": action["@id"]} for action in actions]),
    }
    graph: list[Entity] = [
        {"@id": NAME, "@type": "CreativeWork", "conformsTo": {"@id": CRATE}, "about": {"@id": "./"}},
        root,
        {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        {
            "@id": "#licence",
            "@type": "CreativeWork",
            "name": "Not stated",
            "description": "The run's owner has not stated a licence for its contents.",
        },
        {
            "@id": SELF,
            "@type": "SoftwareApplication",
            "name": "AI Scientist",
            "softwareVersion": record.versions.get("ai-scientist", "unknown"),
            "url": SELF,
        },
        *(_program(commit, facts) for commit, facts in sorted(programs.items())),
        *(_file(run, path, digest) for path, digest in sorted(there.items())),
        *actions,
    ]
    return {"@context": CONTEXT, "@graph": graph}


def _title(run: RunFolder) -> str:
    try:
        return Plan.model_validate_json(run.plan.read_bytes()).title
    except (OSError, ValidationError):
        return ""


def _program_of(event: Event) -> str:
    return str(event.facts.get("checkpoint", "")) if event.kind == "node.finished" else ""


def _revision(commit: str) -> str:
    """Return a git commit's persistent identifier, as Software Heritage writes it."""
    return f"swh:1:rev:{commit}"


def _program(commit: str, facts: Mapping[str, Any]) -> Entity:
    return {
        "@id": _revision(commit),
        "@type": "SoftwareApplication",
        "name": f"Program of node {facts.get('node')}",
        "softwareVersion": commit,
        "description": "A git commit in search/checkpoints.git.",
    }


def _file(run: RunFolder, path: str, digest: str) -> Entity:
    kind = mimetypes.guess_type(path)[0] or ("application/jsonl" if path.endswith(".jsonl") else "text/plain")
    return {
        "@id": quote(path),
        "@type": "File",
        "name": path,
        "contentSize": str((run.path / path).stat().st_size),
        "encodingFormat": kind,
        "sha256": digest,
    }


def _action(event: Event, there: Mapping[str, str]) -> Entity | None:
    """Return what an event did, if it made files that are still there."""
    made = [output.path for output in event.outputs if output.path in there]
    if not made:
        return None
    commit = _program_of(event)
    action: Entity = {
        "@id": f"#event-{event.seq}",
        "@type": "CreateAction",
        "name": event.kind,
        "description": f"Event {event.seq} of the ledger, by {event.actor}.",
        # Whole seconds: validators of the profile take no fractions, and the ledger has them.
        "endTime": datetime.fromisoformat(event.time).isoformat(timespec="seconds"),
        "instrument": {"@id": _revision(commit) if commit else SELF},
        "result": _single([{"@id": quote(path)} for path in made]),
    }
    if event.kind not in ("run.created", "plan.locked") and "plan.json" in there:
        action["object"] = {"@id": "plan.json"}
    if commit:
        action["actionStatus"] = STATUSES.get(str(event.facts.get("status")), FAILED)
        action["description"] += f" Seeds {', '.join(map(str, event.facts.get('seeds', ())))}."
    return action


def _single(values: Sequence[Entity]) -> object:
    """Return a list, or its only member: JSON-LD of RO-Crate 1.1 recommends so."""
    return values[0] if len(values) == 1 else values


def _listed(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list) else [value]


def validate_crate(crate: Mapping[str, Any], root: Path) -> list[str]:
    """Return what breaks RO-Crate 1.1 or the profile: shape, references, files and their hashes' presence."""
    graph = cast("Sequence[Entity]", crate.get("@graph", ()))
    entities = {str(entity.get("@id")): entity for entity in graph}
    problems = [] if len(entities) == len(graph) else ["two entities have one @id"]
    problems += [f"{name} has no @type" for name, entity in entities.items() if not entity.get("@type")]
    problems += _shape(crate, entities)
    for name, entity in entities.items():
        problems += [f"{name} refers to {target}, which is not described" for target in _lost(entity, entities)]
        if "File" in _types(entity):
            problems += _file_problems(name, root, entities)
        if "CreateAction" in _types(entity):
            problems += _action_problems(name, entity, entities)
    return problems


def _types(entity: Entity) -> list[str]:
    kind = entity.get("@type", [])
    return [kind] if isinstance(kind, str) else list(kind)


def _shape(crate: Mapping[str, Any], entities: Mapping[str, Entity]) -> Iterator[str]:
    if crate.get("@context") != CONTEXT:
        yield "the context is not the profile's"
    descriptor, root = entities.get(NAME, {}), entities.get("./", {})
    if descriptor.get("about") != {"@id": "./"} or descriptor.get("conformsTo") != {"@id": CRATE}:
        yield "the metadata file does not describe the root by RO-Crate 1.1"
    if "Dataset" not in _types(root) or root.get("conformsTo") != {"@id": PROFILE}:
        yield "the root is no dataset of the profile"
    for field in ("name", "description", "datePublished", "license"):
        if not root.get(field):
            yield f"the root has no {field}"
    if not _is_date(str(root.get("datePublished", ""))):
        yield "the root's datePublished is no ISO 8601 date"


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _lost(entity: Entity, entities: Mapping[str, Entity]) -> Iterator[str]:
    for value in entity.values():
        for target in _listed(value):
            name = cast("Entity", target).get("@id") if isinstance(target, dict) else None
            if isinstance(name, str) and name not in entities and not name.startswith(("http://", "https://")):
                yield name


def _file_problems(name: str, root: Path, entities: Mapping[str, Entity]) -> Iterator[str]:
    if {"@id": name} not in _listed(entities.get("./", {}).get("hasPart")):
        yield f"{name} is no part of the root"
    if not (root / unquote(name)).is_file():
        yield f"{name} is not in the folder"


def _action_problems(name: str, action: Entity, entities: Mapping[str, Entity]) -> Iterator[str]:
    instrument = entities.get(action.get("instrument", {}).get("@id", ""), {})
    if not TOOLS & set(_types(instrument)):
        yield f"{name} has no instrument that is software"
    if {"@id": name} not in _listed(entities.get("./", {}).get("mentions")):
        yield f"{name} is not mentioned by the root"
    if not action.get("result"):
        yield f"{name} has no result"
    if not _is_date(str(action.get("endTime", ""))):
        yield f"{name} has no endTime"


def read_crate(run: RunFolder) -> Entity:
    """Return the metadata that lies in a run's folder.

    Raises:
        RunCorrupted: If there is none, or it is not JSON.
    """
    try:
        return cast("Entity", json.loads((run.path / NAME).read_bytes()))
    except (OSError, ValueError) as error:
        raise RunCorrupted(f"{NAME} cannot be read: {error}") from error
