"""From a topic to a chosen idea: propose, reflect, look whether it is new, choose."""

from __future__ import annotations

from pathlib import Path

from ai_scientist.agents.ideation import (
    Abstract,
    IdeaList,
    ReflectionFacts,
    TopicFacts,
    propose_ideas,
    reflect_on_ideas,
)
from ai_scientist.agents.novelty import CloseFacts, QueryFacts, label_claims, make_queries
from ai_scientist.core.idea import ClaimEvidence, Idea, NoveltyReport
from ai_scientist.core.jsonl import read_json, write_json
from ai_scientist.graph.gates import ask
from ai_scientist.graph.parts import Parts
from ai_scientist.graph.state import State, Update
from ai_scientist.literature.asking import retractions_as_set, search_as_set, take_in_own_papers
from ai_scientist.literature.novelty import judge
from ai_scientist.literature.quotes import find_quote
from ai_scientist.literature.records import Record
from ai_scientist.literature.search import SearchReport

PACKAGES = ("numpy", "scipy", "scikit-learn", "statsmodels", "pandas", "matplotlib")
"""What an experiment may import beside the standard library and `lab`."""

READ = 12
"""Records that ideation and planning are shown."""

COMPARED = 8
"""Records with text that an idea's claims are compared with: more than the fewest that a verdict asks for."""


def abstract(record: Record) -> Abstract:
    """Return a record as agents see it."""
    return Abstract(id=record.id, title=record.title, year=record.year, text=record.text)


def asked(state: State) -> str:
    """Return the topic, with what a person added to it."""
    guidance = state["guidance"]
    return f"{state['topic']}\n{guidance}" if guidance else state["topic"]


def chosen_idea(state: State, parts: Parts) -> Idea:
    """Return the idea that the run is about."""
    return Idea.model_validate(read_json(parts.folder.ideas / f"{state['idea']}.json"))


async def ideate(state: State, parts: Parts) -> Update:
    """Put several ideas into the archive, best first, and choose the best."""
    topic = asked(state)
    take_in_papers(parts)
    queries = await make_queries(parts.model, QueryFacts(topic=topic))
    found = await search_literature(queries.queries, parts)
    literature = tuple(abstract(record) for record in found.records[:READ])
    facts = TopicFacts(
        topic=topic,
        count=parts.settings.ideas,
        literature=literature,
        data=tuple(path.name for path in parts.settings.data),
        packages=PACKAGES,
        timeout_seconds=parts.settings.sandbox.timeout_seconds,
        template=parts.settings.template,
    )
    proposed = await propose_ideas(parts.model, facts)
    again = ReflectionFacts(
        topic=topic,
        ideas=proposed.ideas,
        literature=literature,
        data=facts.data,
        packages=facts.packages,
        timeout_seconds=facts.timeout_seconds,
    )
    ideas = await reflect_on_ideas(parts.model, again)
    files = [_keep(idea, parts) for idea in ideas.ideas]
    archive = parts.folder.ideas / "archive.json"
    write_json(archive, [idea.model_dump(mode="json") for idea in ideas.ideas])
    parts.ledger.record("ideas.proposed", actor="agent:ideation", files=[*files, archive])
    return _choose(state, parts, ideas)


def _keep(idea: Idea, parts: Parts) -> Path:
    file = parts.folder.ideas / f"{idea.id}.json"
    write_json(file, idea.model_dump(mode="json"))
    return file


def _choose(state: State, parts: Parts, ideas: IdeaList) -> Update:
    refused = state["refused"]
    left = [idea for idea in ideas.ideas if idea.id not in refused] or [ideas.ideas[0]]
    parts.progress("idea.chosen", title=left[0].title)
    return {"idea": left[0].id}


async def check_novelty(state: State, parts: Parts) -> Update:
    """Compare each claim of the idea with the nearest records; turn the idea down if all of it is known."""
    idea = chosen_idea(state, parts)
    queries = await make_queries(parts.model, QueryFacts(topic=asked(state), idea=idea))
    report = await search_literature(queries.queries, parts)
    evidence: list[ClaimEvidence] = []
    for record in [record for record in report.records if record.text][:COMPARED]:
        for claim, label in await label_claims(parts.model, CloseFacts(claims=idea.claims, record=abstract(record))):
            quote = find_quote(record, label.quote) if label.quote else None
            evidence.append(
                ClaimEvidence(
                    claim=claim,
                    record=record.id,
                    closeness=label.closeness,
                    quote=quote.text if quote else label.quote,
                    verified=quote is not None,
                )
            )
    novelty = judge(idea.id, evidence, report)
    file = parts.folder.ideas / f"{idea.id}.novelty.json"
    write_json(file, novelty.model_dump(mode="json"))
    parts.ledger.record("novelty.checked", actor="agent:novelty", files=[file], facts={"verdict": novelty.verdict})
    parts.progress("novelty.checked", verdict=novelty.verdict)
    if novelty.verdict != "known":
        return {}
    refused = [*state["refused"], idea.id]
    ideas = IdeaList.model_validate({"ideas": read_json(parts.folder.ideas / "archive.json")})
    return {"refused": refused, **_choose({**state, "refused": refused}, parts, ideas)}


def novelty_of(state: State, parts: Parts) -> NoveltyReport:
    """Return what the literature said about the chosen idea."""
    return NoveltyReport.model_validate(read_json(parts.folder.ideas / f"{state['idea']}.novelty.json"))


def needs_another_look(state: State, parts: Parts) -> bool:
    """Whether the chosen idea has not been compared with the literature yet."""
    return not (parts.folder.ideas / f"{state['idea']}.novelty.json").exists()


async def search_literature(queries: tuple[str, ...], parts: Parts) -> SearchReport:
    """Ask the run's own library and the sources of the settings, and keep what the audit wants to read."""
    report = await search_as_set(
        queries,
        parts.settings.literature,
        library=parts.library,
        folder=parts.folder.literature,
        clock=parts.clock,
    )
    files = parts.library.write_evidence(parts.folder.literature)
    parts.ledger.record("literature.searched", actor="literature", files=files, facts={"offline": report.offline})
    return report


async def look_for_retractions(parts: Parts) -> None:
    """Ask about the library's papers whether they still stand, before any of them is cited."""
    report = await retractions_as_set(
        parts.settings.literature, library=parts.library, folder=parts.folder.literature, clock=parts.clock
    )
    file = parts.folder.literature / "retractions.json"
    write_json(file, report.model_dump(mode="json"))
    files = [file, *(parts.library.write_evidence(parts.folder.literature) if report.retracted else ())]
    facts = {"retracted": sorted(report.retracted), "asked": len(report.asked), "unasked": len(report.unasked)}
    parts.ledger.record("retractions.asked", actor="literature", files=files, facts=facts)


def take_in_papers(parts: Parts) -> None:
    """Put the user's own papers into the library."""
    if parts.settings.literature.papers is not None:
        problems = take_in_own_papers(parts.settings.literature, parts.library)
        parts.ledger.record("papers.read", actor="literature", facts={"problems": list(problems)})


async def gate_idea(state: State, parts: Parts) -> Update:
    """Let a person see the idea before anything is planned."""
    idea = chosen_idea(state, parts)
    reply = ask("idea", parts.settings, idea.model_dump(mode="json"))
    if reply.action == "edit" and reply.value is not None:
        edited = Idea.model_validate({**idea.model_dump(mode="json"), **reply.value})
        parts.ledger.record("idea.edited", actor="human", files=[_keep(edited, parts)])
        return {"idea": edited.id, "guidance": ""}
    if reply.action == "redirect":
        parts.ledger.record("idea.redirected", actor="human", key=f"redirect:{reply.text}", facts={"text": reply.text})
        return {"guidance": reply.text, "refused": [*state["refused"], idea.id], "status": "redirected"}
    parts.ledger.record(
        "idea.chosen", actor="human" if "idea" in parts.settings.approve else "graph", facts={"idea": idea.id}
    )
    return {"status": "stopped"} if reply.action == "stop" else {"status": "running"}
