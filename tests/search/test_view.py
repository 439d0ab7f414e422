"""Looking at a tree: in a terminal, and as one page that needs nothing else and trusts nobody."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ai_scientist.core.ids import NodeId, Sha256
from ai_scientist.search import page
from ai_scientist.search.checkpoints import Checkpoints
from ai_scientist.search.journal import Journal
from ai_scientist.search.node import Node
from ai_scientist.search.page import Sources, tree_page
from ai_scientist.search.rehearsal import Step, rehearsal_scheduler, rehearsal_stages, rehearse
from ai_scientist.search.stage import Proposal, Stage
from ai_scientist.search.view import tree_text

HOSTILE = "</script><img src=x onerror=alert(1)>[bold]&amp;"


class HostileStep(Step):
    """A step whose every word would like to be markup."""

    async def expand(self, parents: Sequence[Node], stage: Stage, journal: Journal) -> Proposal | None:
        made = await super().expand(parents, stage, journal)
        assert made is not None
        files = {**made.files, "note.py": HOSTILE + "\n"}
        return Proposal(files=files, title=HOSTILE, rationale=HOSTILE, calls=(Sha256("k"),))


@pytest.fixture
async def journal(tmp_path: Path) -> Journal:
    checkpoints = Checkpoints(tmp_path / "c.git")
    with Journal.open(tmp_path / "journal.jsonl") as opened:
        scheduler = rehearsal_scheduler(opened, checkpoints, step=HostileStep(checkpoints))
        await rehearse(scheduler, rehearsal_stages(14, policy="puct"))
    return Journal.read(tmp_path / "journal.jsonl")


def data_of(html: str) -> dict[str, list[Any]]:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    return dict(json.loads(found))


def printed(journal: Journal, most: int) -> str:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # closed with the console
    with console.file:
        console.print(tree_text(journal, most=most))
    return console.export_text()


def test_the_terminal_shows_every_node_under_its_parent(journal: Journal) -> None:
    text = printed(journal, 400)
    assert all(text.count(f" {node.id} {node.stage}/") == 1 for node in journal.nodes)
    assert HOSTILE in text, "brackets are no markup"
    assert f"best {journal.best('explore')}" in text
    lines = text.splitlines()
    where = {
        node.id: next(i for i, line in enumerate(lines) if f"{node.id} {node.stage}/" in line) for node in journal.nodes
    }
    for node in journal.nodes:
        assert all(where[parent] < where[node.id] for parent in node.parents[:1])
    journal.close()


def test_a_long_tree_is_cut_and_says_so_but_keeps_the_best(journal: Journal) -> None:
    text = printed(journal, 8)
    best = journal.best("confirm")
    assert f"{best} confirm/replicate" in text
    assert f"and {len(journal) - len(re.findall(r'n[0-9]{4} [a-z]+/', text))} more" in text
    journal.close()


def test_the_page_holds_the_whole_tree_and_loads_nothing(journal: Journal, tmp_path: Path) -> None:
    folder = tmp_path / "nodes" / "n0001"
    (folder / "files" / "seed-0").mkdir(parents=True)
    (folder / "stdout.txt").write_text("epoch 1\n" + "x" * 100_000 + "\nlast line\n")
    (folder / "files" / "seed-0" / "curve.png").write_bytes(b"\x89PNG")
    sources = Sources(
        folder=lambda node: tmp_path / "nodes" / node, talk=lambda key: ("What next?", HOSTILE) if key == "k" else None
    )
    html = tree_page(journal, Checkpoints(tmp_path / "c.git"), title=HOSTILE, sources=sources)
    data = data_of(html)
    assert [node["id"] for node in data["nodes"]] == [node.id for node in journal.nodes]
    first = data["nodes"][0]
    assert (first["title"], first["rationale"]) == (HOSTILE, HOSTILE)
    assert "+" + HOSTILE in str(first["diff"])
    assert first["talks"] == [["What next?", HOSTILE]]
    assert str(first["stdout"]).startswith("epoch 1")
    assert str(first["stdout"]).endswith("last line\n")
    assert len(str(first["stdout"])) < 21_000
    assert first["figures"] == [["files/seed-0/curve.png", "data:image/png;base64,iVBORw=="]]
    assert [event for event in data["events"] if event == ["n0001", "finished"]]
    assert len(data["events"]) == 2 * len(journal)
    outside = html.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|<link|src=\"", outside), "nothing comes from elsewhere"
    assert "<img src=x" not in html, "nobody's words are markup"
    journal.close()


def test_a_page_that_grows_too_large_keeps_the_best_nodes_details(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PAGE_BYTES", 4000)
    nodes = data_of(tree_page(journal, Checkpoints(tmp_path / "c.git"), title="t"))["nodes"]
    detailed = {str(node["id"]) for node in nodes if node["has_details"]}
    assert 0 < len(detailed) < len(nodes)
    best = journal.best("implement")
    assert best in detailed
    assert [node["id"] for node in nodes] == [node.id for node in journal.nodes]
    journal.close()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium")
def test_a_browser_draws_it(journal: Journal, tmp_path: Path) -> None:
    file = tmp_path / "tree.html"
    file.write_text(tree_page(journal, Checkpoints(tmp_path / "c.git"), title=HOSTILE))
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom"]
    drawn = subprocess.run(
        ["chromium", *options, file.as_uri()], capture_output=True, text=True, timeout=60, check=True
    )
    assert drawn.stdout.count("<circle") == len(journal)
    assert f"{journal.best('confirm')} ·" in drawn.stdout
    assert "<img" not in re.sub(r"<script.*?</script>", "", drawn.stdout, flags=re.DOTALL)
    assert "★ best of confirm" in drawn.stdout
    assert NodeId("n0001") in drawn.stdout
    journal.close()
